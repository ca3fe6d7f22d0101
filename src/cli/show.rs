//! `spikewatt show`.

use super::inputs::load_report;
use super::{Common, print_report};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Folder of a result, or its summary.json.
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    /// Print every table and verdict instead of the sixteen lines.
    #[arg(long)]
    details: bool,
}

pub(super) fn execute(args: &ShowArgs, common: &Common) -> anyhow::Result<()> {
    let found = load_report(&args.result)?;
    let folder = found.file.parent();
    print_report(&found.report, common, args.details, None, folder)
}
