//! The folder a verb writes into: only files we name, each one whole, and never someone else's.

use super::ExportError;
use super::file_names::file_names;
use crate::digest::sha256_hex;
use crate::files::{self, TEMPORARY, sync_folder};
use crate::manifest::{FileEntry, MANIFEST_FILE, Manifest, VERBS, place_of};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

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
    /// The folders that were made for this, the innermost first.
    made: Vec<PathBuf>,
}

impl Drop for OutputFolder {
    /// A verb that failed leaves no empty folder.
    fn drop(&mut self) {
        self.staged.clear();
        for folder in &self.made {
            // A folder with files stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

impl OutputFolder {
    /// Opens the [place](place_of) of a verb in a folder: the folder itself, or the subfolder of the
    /// verb's name where the folder holds the result of another verb, which stays as it is.
    ///
    /// # Errors
    /// As [`OutputFolder::create`].
    pub fn of_verb(path: &Path, verb: &str, force: bool) -> Result<Self, FolderError> {
        let place = place_of(path, verb);
        let folder = Self::create(&place, force)?;
        // Another process may have finished there before the folder was ours.
        let taken = |former: &Manifest| former.verb() != verb;
        if place == path && folder.former.as_ref().is_some_and(taken) {
            return Self::create(path.join(verb), force);
        }
        Ok(folder)
    }

    /// As [`OutputFolder::of_verb`], for the verb of a command as a manifest keeps it. A result that
    /// the same command wrote is replaced without being asked.
    ///
    /// # Errors
    /// As [`OutputFolder::create`].
    pub fn of_command(path: &Path, command: &[String], force: bool) -> Result<Self, FolderError> {
        let verb = command.first().map_or("", String::as_str);
        let former = Manifest::of_folder(&place_of(path, verb));
        let same = former.is_some_and(|former| former.command == command);
        Self::of_verb(path, verb, force || same)
    }

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
        let above = path
            .ancestors()
            .filter(|above| !above.as_os_str().is_empty());
        let made: Vec<PathBuf> = above
            .take_while(|above| !above.exists())
            .map(Path::to_path_buf)
            .collect();
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
                occupied |= !is_of_verb(&entry);
            } else if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                leftovers.push(entry.path());
            }
        }
        let former = Manifest::of_folder(&path);
        match (occupied, &former) {
            (true, None) => Err(FolderError::Foreign { path }),
            (_, Some(former)) if !force && !former.incomplete => Err(FolderError::Exists { path }),
            _ => {
                for leftover in leftovers {
                    fs::remove_file(leftover).map_err(io)?;
                }
                Ok(OutputFolder {
                    path,
                    _lock: lock,
                    former,
                    staged: Vec::new(),
                    made,
                })
            }
        }
    }

    /// Writes one file. `name` is one of the files that a verb may write.
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

    /// Puts the files in place, removes files of the former result that were not written again,
    /// and writes the manifest. A crash in here leaves whole files and an
    /// [incomplete](Manifest::incomplete) manifest, which the same command replaces.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn finish(mut self, mut manifest: Manifest) -> Result<Manifest, FolderError> {
        self.staged.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        manifest.note_places(&self.path);
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

    pub(super) fn stage(
        &mut self,
        name: &str,
        bytes: &[u8],
        sha256: String,
        hashed_with: Option<String>,
    ) -> Result<(), FolderError> {
        if !file_names().any(|known| known == name) {
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

/// Whether something in a folder is the result of a verb beside the folder's own.
fn is_of_verb(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    VERBS.iter().any(|verb| name == *verb) && Manifest::of_folder(&entry.path()).is_some()
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
    file_names()
        .filter(move |name| former.is_some_and(|former| has(former, name)) && !has(manifest, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ManifestError;

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
    fn no_verb_removes_the_result_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("result");
        let write = |verb: &str, text: &str, force| {
            let mut folder = OutputFolder::of_verb(&path, verb, force)?;
            folder.write("methods.md", text.as_bytes())?;
            folder.finish(Manifest::new(vec![verb.to_owned()], 0))
        };
        let read = |place: &str| fs::read_to_string(path.join(place).join("methods.md")).unwrap();
        for verb in VERBS {
            write(verb, verb, false).unwrap();
            let again = write(verb, "again", false).unwrap_err();
            assert!(matches!(again, FolderError::Exists { .. }), "{verb}");
        }
        for verb in VERBS {
            write(verb, &format!("{verb} again"), true).unwrap();
        }
        assert_eq!(
            read(""),
            "run again",
            "the first verb has the folder itself"
        );
        for verb in &VERBS[1..] {
            assert_eq!(read(verb), format!("{verb} again"));
        }
    }

    #[test]
    fn the_folder_of_a_verb_makes_the_folder_around_it_no_foreign_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder = OutputFolder::create(dir.path().join("doctor"), false).unwrap();
        folder
            .finish(Manifest::new(vec!["doctor".into()], 0))
            .unwrap();
        OutputFolder::of_verb(dir.path(), "run", false).unwrap();
        fs::create_dir(dir.path().join("photos")).unwrap();
        let error = OutputFolder::of_verb(dir.path(), "run", true).unwrap_err();
        assert!(matches!(error, FolderError::Foreign { .. }));
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
        assert!(matches!(error, ManifestError::Incomplete { .. }));
        let mut folder = OutputFolder::create(path, false).unwrap();
        folder.write("methods.md", b"new").unwrap();
        folder.finish(manifest()).unwrap();
        assert_eq!(folder_names(path), ["manifest.json", "methods.md"]);
        let text = fs::read_to_string(path.join(MANIFEST_FILE)).unwrap();
        assert!(!text.contains("incomplete"), "{text}");
    }
}
