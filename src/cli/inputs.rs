//! Files that a verb read, for its manifest, and where to look for those of a result.

use crate::digest::sha256_of_file;
use crate::files;
use crate::manifest::result_file;
use crate::report::OutputFolder;
use crate::result::{InputEntry, Report};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// What an experiment file is called among the files that a verb read.
const EXPERIMENT: &str = "experiment";

/// Copy of the experiment file in the folder of its result.
const EXPERIMENT_FILE: &str = "experiment.toml";

/// The report of a finished result.
pub(super) struct FoundReport {
    /// Its summary.json.
    pub(super) file: PathBuf,
    /// Contents of that file.
    pub(super) bytes: Vec<u8>,
    pub(super) report: Report,
}

/// Reads the report of a folder or a summary.json.
pub(super) fn load_report(result: &Path) -> anyhow::Result<FoundReport> {
    let file = result_file(result, "summary.json");
    let bytes =
        files::read(&file).with_context(|| format!("{}: cannot be read", file.display()))?;
    let report = serde_json::from_slice(&bytes).with_context(|| {
        format!(
            "{}: not a result; give the summary.json that run, price or estimate wrote",
            file.display()
        )
    })?;
    Ok(FoundReport {
        file,
        bytes,
        report,
    })
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct LookIn {
    /// Folder with files that the result was made from and that have moved since; they are
    /// recognised by their contents (SHA-256). Can be given several times.
    #[arg(long, value_name = "DIR")]
    pub(super) look_in: Vec<PathBuf>,
}

/// A file that was read.
pub(super) fn input(role: &str, path: &Path) -> anyhow::Result<InputEntry> {
    let sha256 = sha256_of_file(&files::place(path))
        .with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok(InputEntry {
        role: role.to_owned(),
        path: files::tidy(path).display().to_string(),
        sha256,
    })
}

/// Adds an experiment file to the files that were read, and a copy of it to the folder, so that the
/// folder can be made again without it. Other files are listed by whoever reads them.
pub(super) fn keep_experiment(
    file: &Path,
    inputs: &mut Vec<InputEntry>,
    folder: &mut OutputFolder,
) -> anyhow::Result<()> {
    let is_toml = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if !is_toml || !files::is_file(file) {
        return Ok(());
    }
    let entry = input(EXPERIMENT, file)?;
    if inputs.iter().all(|known| known.path != entry.path) {
        folder.write(EXPERIMENT_FILE, &files::read(file)?)?;
        inputs.push(entry);
    }
    Ok(())
}

/// Adds the cost tables of files to the files that were read.
pub(super) fn hardware_files(paths: &[PathBuf]) -> anyhow::Result<Vec<InputEntry>> {
    paths.iter().map(|path| input("cost table", path)).collect()
}
