//! Where the files that a result was made from are now.

use super::Manifest;
use crate::digest;
use crate::result::InputEntry;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The flag that names folders to look in.
pub const LOOK_IN: &str = "--look-in";

/// Most files and folders that are looked at in all places that the user names.
const MOST_ENTRIES: usize = 100_000;

/// Most bytes that are read there \[B\].
const MOST_BYTES: u64 = 16 << 30;

/// Longest search there.
const LONGEST: Duration = Duration::from_secs(60);

/// Folders above a result in which paths as given are looked for.
const MOST_ABOVE: usize = 32;

/// Characters of a hash that tell files apart in a message.
const HASH_PREFIX: usize = 12;

/// A file that a result needs and that is not there, or not as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct MissingSource {
    /// What it was used for.
    pub role: String,
    /// Its path as given.
    pub path: String,
    /// What it held; empty if that is not known.
    pub sha256: String,
    /// A file of other contents at one of its places.
    pub other: Option<PathBuf>,
    /// Whether the search reached a limit.
    pub cut_short: bool,
}

impl MissingSource {
    fn sentence(&self) -> String {
        let hash: String = self.sha256.chars().take(HASH_PREFIX).collect();
        let what = match &hash[..] {
            "" => format!("{} {}", self.role, self.path),
            hash => format!("{} {} (SHA-256 {hash}…)", self.role, self.path),
        };
        let found = match &self.other {
            Some(other) => format!("{} has other contents", other.display()),
            None => "not found".to_owned(),
        };
        let searched = match self.cut_short {
            true => " (the search reached its limit; name a smaller folder)",
            false => "",
        };
        format!("{what}: {found}; give {LOOK_IN} DIR, a folder that holds the file{searched}")
    }
}

/// Looks for the files behind a result: at their path as seen from the result's folder, at their
/// path as given, in the folder itself, and by their contents in places that the user names.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    folder: PathBuf,
    from_folder: BTreeMap<String, String>,
    held: BTreeMap<String, String>,
    look_in: Vec<PathBuf>,
}

impl Sources {
    /// Of the result in `folder`, its manifest if it has one, and folders that the user names.
    #[must_use]
    pub fn new(folder: &Path, manifest: Option<&Manifest>, look_in: &[PathBuf]) -> Self {
        let files = manifest.iter().flat_map(|manifest| &manifest.files);
        let whole = files.filter(|file| file.hashed_with.is_none());
        Sources {
            folder: folder.to_path_buf(),
            from_folder: manifest.map_or_else(BTreeMap::new, |m| m.from_folder.clone()),
            held: whole
                .map(|file| (file.sha256.clone(), file.name.clone()))
                .collect(),
            look_in: look_in.to_vec(),
        }
    }

    /// Finds some files; the places that the user names are searched once for all of them. A file
    /// whose contents are not known is taken by its name.
    ///
    /// # Errors
    /// Of each file by itself.
    #[must_use]
    pub fn find(&self, wanted: &[InputEntry]) -> Vec<Result<PathBuf, MissingSource>> {
        let mut found: Vec<_> = wanted.iter().map(|entry| self.near(entry)).collect();
        if found.iter().all(Result::is_ok) {
            return found;
        }
        let mut walk = Walk::new();
        for folder in &self.look_in {
            walk.list(folder);
        }
        // Files of the right name first: most are found without reading the others.
        for same_name in [true, false] {
            for (entry, found) in wanted.iter().zip(&mut found) {
                if found.is_err()
                    && let Some(path) = walk.find(entry, same_name)
                {
                    *found = Ok(path);
                }
            }
        }
        for missing in found.iter_mut().filter_map(|found| found.as_mut().err()) {
            missing.cut_short = walk.cut_short;
        }
        found
    }

    /// A file at one of the places that the result itself names.
    fn near(&self, entry: &InputEntry) -> Result<PathBuf, MissingSource> {
        let given = Path::new(&entry.path);
        let seen = self.from_folder.get(&entry.path);
        let held = self.held.get(&entry.sha256);
        let above = self.above(given);
        let places = (held.into_iter().filter(|name| is_plain(name)).chain(seen))
            .map(|path| self.folder.join(path))
            .chain([given.to_path_buf()])
            .chain(above);
        let mut other = None;
        for place in places {
            match holds(&place, &entry.sha256) {
                Some(true) => return Ok(place),
                Some(false) => other = other.or(Some(place)),
                None => {}
            }
        }
        Err(MissingSource {
            role: entry.role.clone(),
            path: entry.path.clone(),
            sha256: entry.sha256.clone(),
            other,
            cut_short: false,
        })
    }

    /// A relative path seen from each folder above the result: a project that moved as a whole.
    fn above(&self, given: &Path) -> Vec<PathBuf> {
        let folder = self.folder.canonicalize();
        match folder {
            Ok(folder) if given.is_relative() => (folder.ancestors().take(MOST_ABOVE))
                .map(|above| above.join(given))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// Whether a name from a manifest, which a stranger may have written, stays in its folder.
fn is_plain(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|file| file == name)
}

/// Whether a place holds a file of this hash; `None` if there is nothing. A folder is taken as it
/// is: whoever reads it hashes what it reads of it.
fn holds(place: &Path, sha256: &str) -> Option<bool> {
    if place.is_dir() {
        return Some(true);
    }
    if !place.is_file() {
        return None;
    }
    if sha256.is_empty() {
        return Some(true);
    }
    digest::sha256_of_file(place).ok().map(|now| now == sha256)
}

/// What is in the places that the user names, within limits.
struct Walk {
    until: Instant,
    bytes: u64,
    entries: usize,
    files: Vec<(PathBuf, u64)>,
    folders: Vec<PathBuf>,
    hashes: BTreeMap<PathBuf, String>,
    cut_short: bool,
}

impl Walk {
    fn new() -> Self {
        Walk {
            until: Instant::now() + LONGEST,
            bytes: MOST_BYTES,
            entries: MOST_ENTRIES,
            files: Vec::new(),
            folders: Vec::new(),
            hashes: BTreeMap::new(),
            cut_short: false,
        }
    }

    /// Lists a folder and those below it; links to folders are not followed.
    fn list(&mut self, root: &Path) {
        self.folders.push(root.to_path_buf());
        let mut open = vec![root.to_path_buf()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            let mut paths: Vec<_> = entries.flatten().take(self.entries + 1).collect();
            paths.sort_by_key(std::fs::DirEntry::file_name);
            for entry in paths {
                if self.entries == 0 || Instant::now() > self.until {
                    self.cut_short = true;
                    return;
                }
                self.entries -= 1;
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() {
                    open.push(entry.path());
                    self.folders.push(entry.path());
                } else if let Ok(metadata) = std::fs::metadata(entry.path())
                    && metadata.is_file()
                {
                    self.files.push((entry.path(), metadata.len()));
                }
            }
        }
    }

    /// A file with the contents of an entry, among those of its name or among all others. A folder
    /// is known by its name alone.
    fn find(&mut self, entry: &InputEntry, same_name: bool) -> Option<PathBuf> {
        let name = Path::new(&entry.path).file_name();
        let is_named = |path: &Path| path.file_name() == name;
        let files: Vec<(PathBuf, u64)> = (self.files.iter())
            .filter(|(path, _)| is_named(path) == same_name)
            .cloned()
            .collect();
        for (path, size) in files {
            if entry.sha256.is_empty() {
                return same_name.then_some(path);
            }
            if self.hash(&path, size)? == entry.sha256 {
                return Some(path);
            }
        }
        let folders = self.folders.iter().filter(|_| same_name);
        folders.into_iter().find(|path| is_named(path)).cloned()
    }

    /// The hash of a file; `None` once a limit is reached.
    fn hash(&mut self, path: &Path, size: u64) -> Option<&str> {
        if !self.hashes.contains_key(path) {
            if size > self.bytes || Instant::now() > self.until {
                self.cut_short = true;
                return None;
            }
            self.bytes -= size;
            let hash = digest::sha256_of_file(path).unwrap_or_default();
            self.hashes.insert(path.to_path_buf(), hash);
        }
        self.hashes.get(path).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256_hex;
    use std::fs;

    fn entry(path: &str, contents: &str) -> InputEntry {
        InputEntry {
            role: "data".into(),
            path: path.into(),
            sha256: sha256_hex(contents.as_bytes()),
        }
    }

    fn put(path: &Path, contents: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    fn find(sources: &Sources, entry: &InputEntry) -> Result<PathBuf, MissingSource> {
        sources.find(std::slice::from_ref(entry)).remove(0)
    }

    /// A result in `results/one` of a folder, made from `data/x` there.
    fn manifest() -> Manifest {
        let mut manifest = Manifest::new(vec!["run".into()], 0);
        manifest
            .from_folder
            .insert("gone/x".into(), "../../data/x".into());
        manifest
    }

    #[test]
    fn files_are_found_in_the_order_that_is_stated() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("results/one");
        let shelf = temp.path().join("shelf");
        fs::create_dir_all(&folder).unwrap();
        let wanted = entry("gone/x", "right");
        let manifest = manifest();
        let places = [shelf.clone()];
        let sources = Sources::new(&folder, Some(&manifest), &places);
        let said = find(&sources, &wanted).unwrap_err().to_string();
        assert!(said.contains("data gone/x (SHA-256 "), "{said}");
        assert!(said.contains("not found; give --look-in DIR"), "{said}");
        // By contents, whatever its name; then by name and contents; then where it was.
        put(&shelf.join("deep/other"), "right");
        put(&shelf.join("deep/x"), "wrong");
        let is = |path: &Path| assert_eq!(find(&sources, &wanted).unwrap(), path);
        is(&shelf.join("deep/other"));
        put(&shelf.join("x"), "right");
        is(&shelf.join("x"));
        put(&temp.path().join("data/x"), "right");
        is(&folder.join("../../data/x"));
    }

    #[test]
    fn other_contents_at_the_place_are_told_and_not_taken() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("results/one");
        fs::create_dir_all(&folder).unwrap();
        put(&temp.path().join("data/x"), "wrong");
        let wanted = entry("gone/x", "right");
        let manifest = manifest();
        let sources = Sources::new(&folder, Some(&manifest), &[]);
        let missing = find(&sources, &wanted).unwrap_err();
        assert!(
            missing.to_string().contains("has other contents"),
            "{missing}"
        );
        let shelf = [temp.path().join("shelf")];
        put(&shelf[0].join("y"), "right");
        let sources = Sources::new(&folder, Some(&manifest), &shelf);
        assert_eq!(find(&sources, &wanted).unwrap(), shelf[0].join("y"));
    }

    #[test]
    fn a_project_that_moved_as_a_whole_needs_no_notes() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("project/results/one");
        fs::create_dir_all(&folder).unwrap();
        put(&temp.path().join("project/data/x"), "right");
        let found = find(&Sources::new(&folder, None, &[]), &entry("data/x", "right"));
        assert!(found.unwrap().ends_with("project/data/x"));
    }

    #[test]
    fn a_manifest_names_no_file_outside_its_folder_as_held() {
        let temp = tempfile::tempdir().unwrap();
        put(&temp.path().join("secret"), "right");
        let folder = temp.path().join("one");
        fs::create_dir_all(&folder).unwrap();
        let mut manifest = Manifest::new(vec!["run".into()], 0);
        let wanted = entry("elsewhere", "right");
        manifest.files.push(super::super::FileEntry {
            name: "../secret".into(),
            sha256: wanted.sha256.clone(),
            hashed_with: None,
        });
        assert!(find(&Sources::new(&folder, Some(&manifest), &[]), &wanted).is_err());
    }

    #[test]
    fn a_search_ends_at_its_limit_and_says_so() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            put(&temp.path().join(name), name);
        }
        let mut walk = Walk::new();
        walk.entries = 2;
        walk.list(temp.path());
        assert!(walk.cut_short);
        let mut walk = Walk::new();
        walk.bytes = 0;
        walk.list(temp.path());
        assert_eq!(walk.find(&entry("a", "a"), true), None);
        assert!(walk.cut_short);
    }
}
