//! Folders of event recordings: one sample a file.
//!
//! The recordings lie in the folder itself, with their classes in a `labels.csv` beside them where
//! they are known, or, as N-MNIST is distributed, in one folder per class that is named by its
//! number. Samples are numbered in the order of names, shorter numbers first.

use super::labels::{self, Labels};
use super::{Content, Parsed, Request, SpikesProblem, nmnist};
use crate::digest::sha256_hex;
use crate::files;
use crate::formats::dataset::{self, SourceFile};
use std::path::{Path, PathBuf};

pub(super) fn read(path: &Path, request: &Request) -> Result<(Parsed, SourceFile), SpikesProblem> {
    let mut files: Vec<(PathBuf, Option<u32>)> = Vec::new();
    let (recordings, folders) = entries(path)?;
    files.extend(recordings.into_iter().map(|file| (file, None)));
    if files.is_empty() {
        for folder in folders {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            // What is not named by a number is no class: notes, say, or other splits.
            if let Ok(class) = name.parse() {
                let recordings = entries(&folder)?.0;
                files.extend(recordings.into_iter().map(|file| (file, Some(class))));
            }
        }
    }
    if files.is_empty() {
        return Err(SpikesProblem::Content(String::from(
            "it is a folder without recordings; give one of .bin files, or of folders of them named by class: 0, 1, …",
        )));
    }
    files.truncate(request.samples.unwrap_or(usize::MAX));

    let mut samples = Vec::with_capacity(files.len());
    let mut notes = Vec::new();
    let mut digests = String::new();
    for (file, _) in &files {
        let shown = || file.strip_prefix(path).unwrap_or(file).display();
        let bytes = files::read(file).map_err(dataset::Problem::Io)?;
        digests += &format!("{} {}\n", sha256_hex(&bytes), shown());
        let parsed = nmnist::read(&bytes, request)
            .map_err(|problem| SpikesProblem::Content(format!("{}: {problem}", shown())))?;
        let Content::Events(events) = parsed.content else {
            continue;
        };
        samples.extend(events);
        notes = parsed.notes;
    }
    let classes: Option<Vec<u32>> = files.iter().map(|(_, class)| *class).collect();
    let labels = match classes {
        Some(values) => Some(Labels {
            values,
            source: None,
        }),
        None => labels::beside(path, files.iter().map(|(file, _)| file.as_path()))?,
    };
    Ok((
        Parsed {
            samples: samples.len(),
            content: Content::Events(samples),
            has_sample_axis: true,
            labels,
            notes,
            cautions: Vec::new(),
            step_s: None,
        },
        SourceFile {
            path: path.to_path_buf(),
            sha256: sha256_hex(digests.as_bytes()),
        },
    ))
}

/// Recordings and folders in a folder, by name.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), SpikesProblem> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(files::place(folder)).map_err(dataset::Problem::Io)? {
        let entry = entry.map_err(dataset::Problem::Io)?;
        paths.push(folder.join(entry.file_name()));
    }
    // "2" before "10".
    paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    let is_recording = |path: &PathBuf| {
        files::is_file(path)
            && path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("bin"))
    };
    let recordings = paths.iter().filter(|path| is_recording(path)).cloned();
    let folders = paths.iter().filter(|path| files::is_dir(path)).cloned();
    Ok((recordings.collect(), folders.collect()))
}
