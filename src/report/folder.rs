//! The folder a run writes into: only files we name, each one whole, and never someone else's.

use super::image::{Drawable, file_name, images};
use super::{Collection, ExportError, Exporter, Json, RasterFigure, RasterPicture, outputs};
use crate::digest::sha256_hex;
use crate::files::{self, TEMPORARY, sync_folder};
use crate::result::{InputEntry, Report, Timing};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Name of the file that marks a folder as ours; written last.
pub const MANIFEST_FILE: &str = "manifest.json";

/// Value of [`Manifest::schema`].
pub const MANIFEST_SCHEMA: &str = "spikewatt.manifest/1";

/// Files of a run that no [`Exporter`] writes.
const OTHER_FILES: [&str; 12] = [
    "counts.h5",
    "compare.json",
    "compare.csv",
    "network.nir",
    "conversion.json",
    "conversion.csv",
    "conversion.txt",
    "doctor.json",
    "doctor.csv",
    "curve.csv",
    "accuracy_vs_timesteps.svg",
    "accuracy_vs_timesteps.png",
];

/// Largest manifest that is read [bytes].
const MANIFEST_LIMIT: u64 = 16 << 20;

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
    /// Arguments that determine the result; see [`Manifest::arguments`].
    pub command: Vec<String>,
    /// Seed of every random draw.
    pub seed: u64,
    /// Files that were read.
    pub inputs: Vec<InputEntry>,
    /// Cost tables in use.
    pub tables: Vec<TableEntry>,
    /// Files in the folder, filled in by [`OutputFolder::finish`].
    pub files: Vec<FileEntry>,
    /// Stands in the folder while files are put in place: whoever finds it there finds what an
    /// interrupted process left, which is no result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
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
            tables: Vec::new(),
            files: Vec::new(),
            incomplete: false,
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// If the file cannot be read or is none of ours.
    pub fn load(path: &Path) -> Result<Self, FolderError> {
        let text = files::read(path).map_err(|source| FolderError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        let manifest = serde_json::from_slice::<Manifest>(&text).ok();
        let ours = manifest.filter(|manifest| manifest.schema == MANIFEST_SCHEMA);
        let path = path.to_path_buf();
        match ours {
            Some(manifest) if manifest.incomplete => Err(FolderError::Incomplete { path }),
            Some(manifest) => Ok(manifest),
            None => Err(FolderError::NoManifest { path }),
        }
    }

    /// The arguments without those that cannot change a result (`--threads`, `--out`, `--format`,
    /// `--memory-limit`, `--quiet`, `--force`), so that the manifest is the same wherever and
    /// however fast it ran.
    #[must_use]
    pub fn arguments(command_line: &[String]) -> Vec<String> {
        const WITH_VALUE: [&str; 4] = ["--threads", "--out", "--format", "--memory-limit"];
        const ALONE: [&str; 2] = ["--quiet", "--force"];
        let mut kept = Vec::new();
        let mut rest = command_line.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                kept.push(argument.clone());
                kept.extend(rest.cloned());
                break;
            }
            if WITH_VALUE.contains(&argument.as_str()) {
                rest.next();
                continue;
            }
            let joined = argument
                .split_once('=')
                .is_some_and(|(flag, _)| WITH_VALUE.contains(&flag));
            if !joined && !ALONE.contains(&argument.as_str()) {
                kept.push(argument.clone());
            }
        }
        kept
    }
}

/// Why a folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder holds files and no manifest of ours.
    #[error(
        "{}: not empty and not written by spikewatt (no {MANIFEST_FILE} of ours); choose another folder",
        .path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds an earlier result.
    #[error("{}: holds an earlier result; give --force to replace it", .path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes into the folder.
    #[error("{}: another process writes into it; wait for it, or choose another folder", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
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
    /// A name that is not in the list of files.
    #[error("{name}: not a file of an output folder; add it to the list in the source")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The system refused.
    #[error("{}: {source}; check that the folder exists and can be written", .path.display())]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be produced.
    #[error(transparent)]
    Export(#[from] ExportError),
}

/// An output folder that is being filled.
///
/// Files are written under temporary names. Nothing that stood in the folder changes before
/// [`OutputFolder::finish`], which renames them and writes the manifest last; a folder dropped
/// before that is as it was. No other process can open it meanwhile.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    // Released by the system when the process ends, however it ends.
    _lock: Option<fs::File>,
    former: Option<Manifest>,
    staged: Vec<(NamedTempFile, FileEntry)>,
}

impl OutputFolder {
    /// Opens a folder for writing and creates it if there is none.
    ///
    /// # Errors
    /// [`FolderError::Busy`] if another process writes into it, [`FolderError::Foreign`] if it
    /// holds anything that spikewatt did not write, [`FolderError::Exists`] if it holds an earlier
    /// result and `force` is not given. What an interrupted process left is replaced.
    pub fn create(path: impl AsRef<Path>, force: bool) -> Result<Self, FolderError> {
        let path = path.as_ref().to_path_buf();
        let io = |source| FolderError::Io {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&path).map_err(io)?;
        let lock = match files::lock_folder(&path) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(FolderError::Busy { path });
            }
            lock => lock.map_err(io)?,
        };
        let mut occupied = false;
        let mut leftovers = Vec::new();
        for entry in fs::read_dir(&path).map_err(io)? {
            let entry = entry.map_err(io)?;
            if !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                occupied = true;
            } else if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                leftovers.push(entry.path());
            }
        }
        let former = if occupied { manifest_in(&path) } else { None };
        match (occupied, &former) {
            (true, None) => Err(FolderError::Foreign { path }),
            (true, Some(former)) if !force && !former.incomplete => {
                Err(FolderError::Exists { path })
            }
            _ => {
                for leftover in leftovers {
                    fs::remove_file(leftover).map_err(io)?;
                }
                Ok(OutputFolder {
                    path,
                    _lock: lock,
                    former,
                    staged: Vec::new(),
                })
            }
        }
    }

    /// Writes one file. `name` is one of the files that a run may write.
    ///
    /// # Errors
    /// If the name is not in the list or the system refuses.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        self.stage(name, bytes, sha256_hex(bytes), None)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes every file of a result.
    ///
    /// # Errors
    /// If a file cannot be produced or written.
    pub fn export(&mut self, report: &Report) -> Result<(), FolderError> {
        for output in outputs(Collection::Result) {
            let name = output.name();
            let bytes = output.bytes(report)?;
            if name == Json.file_name() {
                let timeless = Report {
                    timing: Timing::default(),
                    ..report.clone()
                };
                let hash = sha256_hex(&output.bytes(&timeless)?);
                self.stage(&name, &bytes, hash, Some("timing at zero".into()))?;
            } else {
                self.write(&name, &bytes)?;
            }
        }
        Ok(())
    }

    /// Writes what a paper needs of a report: figures as PDF, and the text and tables beside them.
    ///
    /// # Errors
    /// If a file cannot be produced or written.
    pub fn export_paper(&mut self, report: &Report) -> Result<(), FolderError> {
        for output in outputs(Collection::Paper) {
            self.write(&output.name(), &output.bytes(report)?)?;
        }
        Ok(())
    }

    /// Writes the spikes of a recording as a figure.
    ///
    /// # Errors
    /// If the figure cannot be drawn or written.
    pub fn export_raster(&mut self, picture: &RasterPicture) -> Result<(), FolderError> {
        for (width, format) in images() {
            let name = file_name(RasterFigure.name(), width, format);
            self.write(&name, &RasterFigure.render(picture, width, format)?)?;
        }
        Ok(())
    }

    /// Puts the files in place, removes files of the former result that were not written again,
    /// and writes the manifest. A crash in here leaves whole files and an
    /// [incomplete](Manifest::incomplete) manifest, which the same command replaces.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn finish(mut self, mut manifest: Manifest) -> Result<Manifest, FolderError> {
        self.staged.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        manifest.files = self.staged.iter().map(|(_, entry)| entry.clone()).collect();
        // Everything is on the disk before the first file takes its place.
        let last = self.manifest(&manifest)?;
        let first = self.manifest(&interim(self.former.as_ref(), &manifest))?;
        self.persist(first, MANIFEST_FILE)?;
        sync_folder(&self.path).map_err(|error| self.io("", error))?;
        for (file, entry) in std::mem::take(&mut self.staged) {
            self.persist(file, &entry.name)?;
        }
        for name in stale(self.former.as_ref(), &manifest) {
            match fs::remove_file(self.path.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.io(&name, error));
                }
                _ => {}
            }
        }
        sync_folder(&self.path).map_err(|error| self.io("", error))?;
        self.persist(last, MANIFEST_FILE)?;
        sync_folder(&self.path).map_err(|error| self.io("", error))?;
        Ok(manifest)
    }

    fn stage(
        &mut self,
        name: &str,
        bytes: &[u8],
        sha256: String,
        hashed_with: Option<String>,
    ) -> Result<(), FolderError> {
        if !names().any(|known| known == name) {
            return Err(FolderError::UnknownName { name: name.into() });
        }
        let file = self.temporary(name, bytes)?;
        self.staged.retain(|(_, entry)| entry.name != name);
        let entry = FileEntry {
            name: name.into(),
            sha256,
            hashed_with,
        };
        self.staged.push((file, entry));
        Ok(())
    }

    fn manifest(&self, manifest: &Manifest) -> Result<NamedTempFile, FolderError> {
        let text = serde_json::to_string_pretty(manifest)
            .map_err(|error| self.io(MANIFEST_FILE, error.into()))?
            + "\n";
        self.temporary(MANIFEST_FILE, text.as_bytes())
    }

    fn temporary(&self, name: &str, bytes: &[u8]) -> Result<NamedTempFile, FolderError> {
        files::temporary(&self.path, bytes)
            .and_then(|file| file.as_file().sync_all().map(|()| file))
            .map_err(|error| self.io(name, error))
    }

    fn persist(&self, file: NamedTempFile, name: &str) -> Result<(), FolderError> {
        file.persist(self.path.join(name))
            .map(drop)
            .map_err(|error| self.io(name, error.error))
    }

    fn io(&self, name: &str, source: io::Error) -> FolderError {
        FolderError::Io {
            path: self.path.join(name),
            source,
        }
    }
}

/// Every file that a run may write, without the manifest.
fn names() -> impl Iterator<Item = String> {
    [Collection::Result, Collection::Paper]
        .into_iter()
        .flat_map(outputs)
        .map(|output| output.name())
        .chain(OTHER_FILES.map(str::to_owned))
        .chain(images().map(|(width, format)| file_name(RasterFigure.name(), width, format)))
}

/// What stands in the folder while files are put in place: those of both results.
fn interim(former: Option<&Manifest>, manifest: &Manifest) -> Manifest {
    let mut interim = manifest.clone();
    interim.incomplete = true;
    for file in former.iter().flat_map(|former| &former.files) {
        if !interim.files.iter().any(|known| known.name == file.name) {
            interim.files.push(file.clone());
        }
    }
    interim
}

/// Files of the former result that the new one does not have.
fn stale<'a>(
    former: Option<&'a Manifest>,
    manifest: &'a Manifest,
) -> impl Iterator<Item = String> + 'a {
    let has = |manifest: &Manifest, name: &str| manifest.files.iter().any(|f| f.name == name);
    names()
        .filter(move |name| former.is_some_and(|former| has(former, name)) && !has(manifest, name))
}

/// The manifest of a folder if it is one of ours.
fn manifest_in(folder: &Path) -> Option<Manifest> {
    let path = folder.join(MANIFEST_FILE);
    if !fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MANIFEST_LIMIT)
    {
        return None;
    }
    let manifest: Manifest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (manifest.schema == MANIFEST_SCHEMA).then_some(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::new(vec!["run".into(), "a.onnx".into()], 7)
    }

    fn folder_names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_foreign_folder_is_refused_even_with_force() {
        let dir = tempfile::tempdir().unwrap();
        for content in ["{}", "{\"schema\": \"someone.else/1\"}", "not json"] {
            fs::write(dir.path().join(MANIFEST_FILE), content).unwrap();
            let error = OutputFolder::create(dir.path(), true).unwrap_err();
            assert!(matches!(error, FolderError::Foreign { .. }), "{content}");
        }
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = OutputFolder::create(&file, true).unwrap_err();
        assert!(matches!(error, FolderError::Io { .. }));
    }

    #[test]
    fn our_folder_needs_force_and_loses_stale_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/result");
        let mut folder = OutputFolder::create(&path, false).unwrap();
        folder.write("counts.h5", b"old").unwrap();
        folder.write("methods.md", b"old").unwrap();
        folder.finish(manifest()).unwrap();
        fs::write(path.join("my-notes.txt"), "mine").unwrap();

        let error = OutputFolder::create(&path, false).unwrap_err();
        assert!(matches!(error, FolderError::Exists { .. }));

        let mut folder = OutputFolder::create(&path, true).unwrap();
        folder.write("methods.md", b"new").unwrap();
        let written = folder.finish(manifest()).unwrap();
        assert_eq!(fs::read(path.join("methods.md")).unwrap(), b"new");
        assert_eq!(written.files.len(), 1);
        assert_eq!(written.files[0].sha256, sha256_hex(b"new"));
        assert_eq!(
            folder_names(&path),
            ["manifest.json", "methods.md", "my-notes.txt"]
        );
    }

    #[test]
    fn an_interrupted_run_leaves_the_former_result() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = OutputFolder::create(dir.path(), false).unwrap();
        folder.write("methods.md", b"old").unwrap();
        folder.finish(manifest()).unwrap();
        let before = fs::read(dir.path().join(MANIFEST_FILE)).unwrap();

        let mut folder = OutputFolder::create(dir.path(), true).unwrap();
        folder.write("methods.md", b"new").unwrap();
        assert_eq!(fs::read(dir.path().join("methods.md")).unwrap(), b"old");
        drop(folder);
        assert_eq!(fs::read(dir.path().join("methods.md")).unwrap(), b"old");
        assert_eq!(fs::read(dir.path().join(MANIFEST_FILE)).unwrap(), before);
        assert_eq!(folder_names(dir.path()), ["manifest.json", "methods.md"]);
    }

    #[test]
    fn leftovers_of_a_killed_run_are_no_reason_to_refuse() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".spikewatt-x1"), "half").unwrap();
        assert!(OutputFolder::create(dir.path(), false).is_ok());
    }

    #[test]
    fn names_come_from_the_list_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = OutputFolder::create(dir.path(), false).unwrap();
        for name in ["../x", "/etc/passwd", "conv1.csv", "manifest.json"] {
            let error = folder.write(name, b"").unwrap_err();
            assert!(matches!(error, FolderError::UnknownName { .. }));
        }
    }

    #[test]
    fn arguments_that_change_no_result_are_left_out() {
        let line = |text: &str| -> Vec<String> { text.split(' ').map(String::from).collect() };
        assert_eq!(
            Manifest::arguments(&line(
                "run a.onnx --threads 4 --seed 3 --out=x --quiet --force --format json -- --out"
            )),
            line("run a.onnx --seed 3 -- --out")
        );
    }

    #[test]
    fn closed_form_sha256_of_abc() {
        // Source: FIPS 180-4, example of SHA-256.
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_second_writer_is_refused_until_the_first_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = OutputFolder::create(dir.path(), false).unwrap();
        let error = OutputFolder::create(dir.path(), true).unwrap_err();
        assert!(matches!(error, FolderError::Busy { .. }));
        first.write("methods.md", b"one").unwrap();
        first.finish(manifest()).unwrap();
        OutputFolder::create(dir.path(), true).unwrap();
    }

    #[test]
    fn what_an_interrupted_process_left_is_replaced_without_force() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        let left = Manifest {
            incomplete: true,
            ..manifest()
        };
        fs::write(
            path.join(MANIFEST_FILE),
            serde_json::to_string(&left).unwrap(),
        )
        .unwrap();
        fs::write(path.join(".spikewatt-x1"), "half").unwrap();
        let error = Manifest::load(&path.join(MANIFEST_FILE)).unwrap_err();
        assert!(matches!(error, FolderError::Incomplete { .. }));
        let mut folder = OutputFolder::create(path, false).unwrap();
        folder.write("methods.md", b"new").unwrap();
        folder.finish(manifest()).unwrap();
        assert_eq!(folder_names(path), ["manifest.json", "methods.md"]);
        let text = fs::read_to_string(path.join(MANIFEST_FILE)).unwrap();
        assert!(!text.contains("incomplete"), "{text}");
    }
}
