//! Files that are read from another place than the one that is written: what a result was made
//! from may have moved since, and the result still quotes the former path.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

static PLACES: OnceLock<Places> = OnceLock::new();

/// Where files are now, by the path that is quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<(PathBuf, PathBuf)>);

impl Places {
    /// Places of some files: the quoted path of each, and where it is.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Self {
        let tidied = files.into_iter().map(|(quoted, now)| (tidy(&quoted), now));
        Places(tidied.collect())
    }

    /// Where a file or folder is. A file that is not listed and not at its own path is looked for
    /// beside those that are: what lay in one folder has moved together.
    #[must_use]
    pub fn of<'a>(&self, path: &'a Path) -> Cow<'a, Path> {
        if self.0.is_empty() {
            return Cow::Borrowed(path);
        }
        let quoted = tidy(path);
        let listed = |(from, now): &(PathBuf, PathBuf)| {
            let rest = quoted.strip_prefix(from).ok()?;
            let is_it = rest.as_os_str().is_empty();
            Some(if is_it { now.clone() } else { now.join(rest) })
        };
        if let Some(now) = self.0.iter().find_map(listed) {
            return Cow::Owned(now);
        }
        if path.exists() {
            return Cow::Borrowed(path);
        }
        let moved = self.0.iter().find_map(|(from, now)| {
            // Downward from the folder of a file, or upward to a folder that holds it.
            let beside = (quoted.strip_prefix(from.parent()?).ok())
                .and_then(|rest| Some(now.parent()?.join(rest)));
            let above = || {
                let rest = from.strip_prefix(&quoted).ok()?;
                let levels = rest.components().count();
                let held = now.ends_with(rest);
                held.then(|| now.ancestors().nth(levels)).flatten()
            };
            beside
                .filter(|place| place.exists())
                .or_else(|| above().map(Path::to_path_buf))
        });
        moved.map_or(Cow::Borrowed(path), Cow::Owned)
    }
}

/// Says once, for the whole process, where files are.
pub fn set_places(places: Places) {
    // Set before anything is read; a second time there is nothing left to tell.
    let _ = PLACES.set(places);
}

/// Where a file or folder that is written as `path` is read from.
#[must_use]
pub fn place(path: &Path) -> Cow<'_, Path> {
    match PLACES.get() {
        Some(places) => places.of(path),
        None => Cow::Borrowed(path),
    }
}

/// Whether there is a regular file, at its place.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    place(path).is_file()
}

/// Whether there is a folder, at its place.
#[must_use]
pub fn is_dir(path: &Path) -> bool {
    place(path).is_dir()
}

/// The path without `x/..`, which makes reports harder to read. To print and to compare, not to
/// open: a folder may be a link.
#[must_use]
pub fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match (part, tidied.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                tidied.pop();
            }
            (Component::CurDir, _) => {}
            _ => tidied.push(part),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn worked_places_of_moved_files() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        fs::create_dir_all(at("new/events")).unwrap();
        for name in ["new/model.onnx", "new/weights.bin", "new/events/0.bin"] {
            fs::write(at(name), "").unwrap();
        }
        let places = Places::new([
            ("old/model.onnx".into(), at("new/model.onnx")),
            ("old/events/0.bin".into(), at("new/events/0.bin")),
        ]);
        let is = |quoted: &str, now: &str| {
            assert_eq!(places.of(Path::new(quoted)), at(now), "{quoted}");
        };
        is("old/model.onnx", "new/model.onnx");
        is("old/../old/./model.onnx", "new/model.onnx");
        is("old/weights.bin", "new/weights.bin");
        is("old/events", "new/events");
        let folder = Places::new([("old".into(), at("new/events"))]);
        assert_eq!(folder.of(Path::new("old/0.bin")), at("new/events/0.bin"));
        let unknown = Path::new("other/model.onnx");
        assert_eq!(places.of(unknown), unknown);
        assert_eq!(Places::default().of(unknown), unknown);
    }

    #[test]
    fn worked_tidy_paths() {
        for (path, expected) in [
            ("examples/../data/x", "data/x"),
            ("../data/./x", "../data/x"),
            ("a/b/../../../c", "../c"),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(tidy(Path::new(path)), PathBuf::from(expected), "{path}");
        }
    }
}
