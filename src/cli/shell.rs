//! `spikewatt completions` and `spikewatt man`: the command line as shells and `man` want it.

use super::{definition, print};
use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "spikewatt", &mut script);
    print(&String::from_utf8(script)?)
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder to write a page of each verb to; without it, the page of the program is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn man(args: &ManArgs) -> anyhow::Result<()> {
    let definition = definition();
    match &args.out {
        None => print(&String::from_utf8(page(&definition)?)?),
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{}: cannot be made", folder.display()))?;
            Ok(clap_mangen::generate_to(definition, folder)?)
        }
    }
}

fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
