//! Command line of spikewatt: parse, run, print the error.

use std::process::ExitCode;

fn main() -> ExitCode {
    spikewatt::run_cli()
}
