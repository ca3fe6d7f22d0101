//! `spikewatt report`.

use super::inputs::{FoundReport, load_report};
use super::tables::{emit, no_table};
use super::{Common, talk};
use crate::digest::sha256_hex;
use crate::explore::open_recording;
use crate::files;
use crate::manifest::Manifest;
use crate::report::{OutputFolder, RasterPicture};
use crate::result::{InputEntry, Report};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// What a recording beside a result is called.
const RECORDING: &str = "spikes.npz";

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Folder of a result, its summary.json, or a recording (.npz) for its raster alone.
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    /// Spikes that `simulate --record` wrote, for the raster; spikes.npz in the folder of the
    /// result unless given.
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
    /// Sample of the recording.
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
    /// Folder to write to; `paper` in the folder of the result unless given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier report in that folder.
    #[arg(long)]
    force: bool,
}

/// What is reported on.
struct Sources {
    /// Path and report.
    result: Option<(PathBuf, Vec<u8>, Report)>,
    /// Path of the recording.
    recording: Option<PathBuf>,
    /// Where both are.
    folder: PathBuf,
}

pub(super) fn execute(
    args: &ReportArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let sources = Sources::find(args)?;
    let folder = args.out.clone();
    let folder = folder.unwrap_or_else(|| sources.folder.join("paper"));
    let picture = match &sources.recording {
        Some(file) => Some(RasterPicture::of(&open_recording(file, args.sample)?)),
        None => None,
    };
    let mut folder = OutputFolder::of_command(&folder, &command, args.force)?;
    let mut inputs = Vec::new();
    let mut seed = common.seed.unwrap_or_default();
    if let Some((file, bytes, report)) = &sources.result {
        folder.export_paper(report)?;
        inputs.push(input("result", file, bytes));
        seed = report.seed;
    }
    match (&sources.recording, &picture) {
        (Some(file), Some(picture)) => {
            folder.export_raster(picture)?;
            inputs.push(input("recording", file, &read(file)?));
        }
        _ if !common.quiet => talk(&format!(
            "no raster: a result holds no spikes; record them with `spikewatt simulate NETWORK \
             --input FILE --record {RECORDING}` and give --recording {RECORDING}"
        )),
        _ => {}
    }
    let mut manifest = Manifest::new(command, seed);
    manifest.inputs = inputs;
    let written = folder.path().display().to_string();
    let manifest = folder.finish(manifest)?;
    let names: Vec<&str> = manifest
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    let found = serde_json::json!({ "folder": written, "files": names });
    let text = || Ok(format!("{}\nin {written}\n", names.join("\n")));
    emit(common, &found, text, no_table)
}

impl Sources {
    fn find(args: &ReportArgs) -> anyhow::Result<Self> {
        let given = &args.result;
        let is_recording = given.extension().is_some_and(|ending| ending == "npz");
        let folder = match files::is_dir(given) {
            true => given.clone(),
            false => given.parent().unwrap_or(Path::new("")).to_path_buf(),
        };
        if is_recording {
            anyhow::ensure!(
                args.recording.is_none(),
                "{}: it is a recording itself; leave --recording out, or give the folder of a result",
                given.display()
            );
            return Ok(Sources {
                result: None,
                recording: Some(given.clone()),
                folder,
            });
        }
        let FoundReport {
            file,
            bytes,
            report,
        } = load_report(given)?;
        let beside = folder.join(RECORDING);
        let recording = args.recording.clone();
        Ok(Sources {
            result: Some((file, bytes, report)),
            recording: recording.or_else(|| files::is_file(&beside).then_some(beside)),
            folder,
        })
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    files::read(file).with_context(|| format!("{}: cannot be read", file.display()))
}

fn input(role: &str, file: &Path, bytes: &[u8]) -> InputEntry {
    InputEntry {
        role: role.to_owned(),
        path: file.display().to_string(),
        sha256: sha256_hex(bytes),
    }
}
