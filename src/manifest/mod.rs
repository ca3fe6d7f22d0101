//! What a result folder says of itself: the command, the files it was made from and those it holds.
//!
//! One folder holds the result of one verb, and results of other verbs in subfolders named after
//! them ([`place_of`]), each with a manifest of its own.

mod counts;
mod relative;
mod sources;

pub use counts::{COUNTS_FILE, COUNTS_ROLE, NoCounts, counts_file};
pub use relative::relative;
pub use sources::{LOOK_IN, MissingSource, Sources};

use crate::files;
use crate::result::InputEntry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the file that marks a folder as ours; written last.
pub const MANIFEST_FILE: &str = "manifest.json";

/// Value of [`Manifest::schema`].
pub const MANIFEST_SCHEMA: &str = "spikewatt.manifest/1";

/// The verbs that write result folders, in the order in which a folder is searched for a file.
pub const VERBS: [&str; 7] = [
    "run", "price", "estimate", "doctor", "convert", "compare", "report",
];

/// Largest manifest that is read [bytes].
const MANIFEST_LIMIT: u64 = 16 << 20;

/// Flags before the verb that take a value, in commands that earlier versions recorded.
const LEADING_WITH_VALUE: [&str; 5] =
    ["--format", "--memory-limit", "--out", "--seed", "--threads"];

/// A cost table that a run priced with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Name of the device.
    pub device: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// A file in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Name.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// What was changed before hashing: wall-clock figures differ between runs, so
    /// `summary.json` is hashed with the fields under `timing` at zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashed_with: Option<String>,
}

/// What a folder holds and from what it was made. No times: two runs that give the same results
/// give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// Version of spikewatt.
    pub version: String,
    /// Arguments that determine the result, the verb first.
    pub command: Vec<String>,
    /// Seed of every random draw.
    pub seed: u64,
    /// Files that were read.
    pub inputs: Vec<InputEntry>,
    /// Files that saved counts were made from, where counts were read and not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<InputEntry>,
    /// Path of each file of [`Manifest::inputs`] and [`Manifest::origins`] as seen from the folder,
    /// by its path as given: where to look for it once folder and files have moved together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub from_folder: BTreeMap<String, String>,
    /// Cost tables in use.
    pub tables: Vec<TableEntry>,
    /// Files in the folder, filled in when they are put in place.
    pub files: Vec<FileEntry>,
    /// Stands in the folder while files are put in place: whoever finds it there finds what an
    /// interrupted process left, which is no result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// What an interrupted process left.
    #[error("{}: the process that wrote this result was interrupted; run its command again", .path.display())]
    Incomplete {
        /// The manifest.
        path: PathBuf,
    },
    /// A file that is not a manifest.
    #[error("{}: no manifest of spikewatt; give the {MANIFEST_FILE} of a result", .path.display())]
    NoManifest {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{}: {source}; give the {MANIFEST_FILE} of a result", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Manifest {
    /// A manifest without entries.
    #[must_use]
    pub fn new(command: Vec<String>, seed: u64) -> Self {
        Manifest {
            schema: MANIFEST_SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command,
            seed,
            inputs: Vec::new(),
            origins: Vec::new(),
            from_folder: BTreeMap::new(),
            tables: Vec::new(),
            files: Vec::new(),
            incomplete: false,
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// If the file cannot be read, is none of ours or is what an interrupted process left.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text = files::read(path).map_err(|source| ManifestError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        let manifest = serde_json::from_slice::<Manifest>(&text).ok();
        let ours = manifest.filter(|manifest| manifest.schema == MANIFEST_SCHEMA);
        let path = path.to_path_buf();
        match ours {
            Some(manifest) if manifest.incomplete => Err(ManifestError::Incomplete { path }),
            Some(manifest) => Ok(manifest),
            None => Err(ManifestError::NoManifest { path }),
        }
    }

    /// The manifest of a folder if it is one of ours, also one of what an interrupted process left.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Option<Self> {
        let path = folder.join(MANIFEST_FILE);
        let metadata = fs::symlink_metadata(&path).ok()?;
        if !metadata.is_file() || metadata.len() > MANIFEST_LIMIT {
            return None;
        }
        let manifest: Manifest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (manifest.schema == MANIFEST_SCHEMA).then_some(manifest)
    }

    /// The verb of the command; empty if there is none.
    #[must_use]
    pub fn verb(&self) -> &str {
        let mut arguments = self.command.iter();
        while let Some(argument) = arguments.next() {
            if LEADING_WITH_VALUE.contains(&argument.as_str()) {
                arguments.next();
            } else if !argument.starts_with('-') {
                return argument;
            }
        }
        ""
    }

    /// Notes where the files that were read lie, seen from the folder.
    pub fn note_places(&mut self, folder: &Path) {
        let read = self.inputs.iter().chain(&self.origins);
        let place = |entry: &InputEntry| {
            let path = files::place(Path::new(&entry.path));
            Some((entry.path.clone(), relative(folder, &path)?))
        };
        let found: BTreeMap<String, String> = read.filter_map(place).collect();
        for (path, seen) in found {
            self.from_folder.entry(path).or_insert(seen);
        }
    }

    /// Takes over the files behind the counts in the result folder `of`, for a result in `folder`
    /// that is made from the counts alone.
    pub fn take_origins(&mut self, of: &Path, folder: &Path) {
        let Some(source) = Self::of_folder(of) else {
            return;
        };
        let behind = source.inputs.iter().chain(&source.origins);
        for entry in behind.filter(|entry| entry.role != COUNTS_ROLE) {
            let seen = source.from_folder.get(&entry.path);
            if let Some(seen) = seen.and_then(|seen| relative(folder, &of.join(seen))) {
                self.from_folder.insert(entry.path.clone(), seen);
            }
            self.origins.push(entry.clone());
        }
    }
}

/// The folder that a verb writes to when it is given `folder`: that one, unless it holds the result
/// of another verb; then the subfolder of its name.
#[must_use]
pub fn place_of(folder: &Path, verb: &str) -> PathBuf {
    match Manifest::of_folder(folder) {
        Some(manifest) if manifest.verb() != verb && VERBS.contains(&verb) => folder.join(verb),
        _ => folder.to_path_buf(),
    }
}

/// A file of a result: `path` itself, or that file in the folder `path` or in the subfolder of a
/// verb. Where there is none, the place where it would be.
#[must_use]
pub fn result_file(path: &Path, name: &str) -> PathBuf {
    if !files::is_dir(path) {
        return path.to_path_buf();
    }
    let beside = path.join(name);
    if files::is_file(&beside) {
        return beside;
    }
    let of_verb = VERBS.iter().map(|verb| path.join(verb).join(name));
    of_verb
        .into_iter()
        .find(|file| files::is_file(file))
        .unwrap_or(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(command: &str) -> Manifest {
        Manifest::new(command.split(' ').map(String::from).collect(), 0)
    }

    fn put(folder: &Path, manifest: &Manifest) {
        fs::create_dir_all(folder).unwrap();
        let text = serde_json::to_string(manifest).unwrap();
        fs::write(folder.join(MANIFEST_FILE), text).unwrap();
    }

    #[test]
    fn the_verb_is_found_behind_flags_that_earlier_versions_recorded() {
        for (command, verb) in [
            ("run a.onnx --seed 3", "run"),
            ("--seed 3 run a.onnx", "run"),
            ("-q --seed=3 compare out", "compare"),
            ("--seed 3", ""),
        ] {
            assert_eq!(manifest(command).verb(), verb, "{command}");
        }
    }

    #[test]
    fn each_verb_has_a_place_of_its_own() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("result");
        assert_eq!(place_of(&folder, "price"), folder, "nothing is there yet");
        put(&folder, &manifest("run a.onnx"));
        assert_eq!(place_of(&folder, "run"), folder);
        for verb in ["price", "doctor", "convert", "compare", "report"] {
            assert_eq!(place_of(&folder, verb), folder.join(verb));
        }
    }

    #[test]
    fn a_file_of_a_result_is_found_in_the_folder_or_with_its_verb() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path();
        let wanted = folder.join("counts.h5");
        assert_eq!(result_file(folder, "counts.h5"), wanted);
        let inner = folder.join("run/counts.h5");
        fs::create_dir(folder.join("run")).unwrap();
        fs::write(&inner, "").unwrap();
        assert_eq!(result_file(folder, "counts.h5"), inner);
        fs::write(&wanted, "").unwrap();
        assert_eq!(result_file(folder, "counts.h5"), wanted);
        assert_eq!(result_file(&inner, "counts.h5"), inner);
    }

    #[test]
    fn manifests_of_earlier_versions_are_read() {
        let text = r#"{"schema": "spikewatt.manifest/1", "version": "0.1.0", "command": ["run"],
            "seed": 1, "inputs": [], "tables": [], "files": []}"#;
        let old: Manifest = serde_json::from_str(text).unwrap();
        assert!(old.from_folder.is_empty() && old.origins.is_empty());
    }
}
