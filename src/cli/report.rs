//! `spikewatt report`.

use super::{Common, Format, print, print_json};
use crate::digest::sha256_hex;
use crate::files;
use crate::report::{InputEntry, Manifest, OutputFolder, Report};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Folder of a result, or its summary.json.
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    /// Folder to write to; `paper` in the folder of the result unless given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier report in that folder.
    #[arg(long)]
    force: bool,
}

pub(super) fn execute(
    args: &ReportArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let file = if args.result.is_dir() {
        args.result.join("summary.json")
    } else {
        args.result.clone()
    };
    let shown = file.display();
    let bytes = files::read(&file).with_context(|| format!("{shown}: cannot be read"))?;
    let report: Report = serde_json::from_slice(&bytes).with_context(|| {
        format!("{shown}: not a result; give the summary.json that run, price or estimate wrote")
    })?;
    let folder = args.out.clone().unwrap_or_else(|| {
        let parent = file.parent().unwrap_or(std::path::Path::new(""));
        parent.join("paper")
    });
    let mut folder = OutputFolder::create(&folder, args.force)?;
    folder.export_paper(&report)?;
    let mut manifest = Manifest::new(Manifest::arguments(&command), report.seed);
    manifest.inputs.push(InputEntry {
        role: "result".to_owned(),
        path: shown.to_string(),
        sha256: sha256_hex(&bytes),
    });
    let written = folder.path().display().to_string();
    let manifest = folder.finish(manifest)?;
    let names: Vec<&str> = manifest
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    match common.format {
        Format::Json => print_json(&serde_json::json!({ "folder": written, "files": names })),
        Format::Text => print(&format!("{}\nin {written}\n", names.join("\n"))),
    }
}
