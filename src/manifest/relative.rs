//! A path as seen from a folder.

use std::path::{Component, Path};

/// The path of an existing file as seen from an existing folder, with `/` between its parts, so
/// that it holds on any system. `None` if one of both cannot be found or they share no root.
#[must_use]
pub fn relative(folder: &Path, file: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let file = file.canonicalize().ok()?;
    let (from, to): (Vec<Component>, Vec<Component>) =
        (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return None;
    }
    let up = std::iter::repeat_n("..", from.len() - shared);
    let down = to[shared..].iter();
    let down = down.map(|part| part.as_os_str().to_str());
    let parts = up.map(Some).chain(down).collect::<Option<Vec<_>>>()?;
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn worked_paths_from_a_folder() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        fs::create_dir_all(at("results/one")).unwrap();
        fs::create_dir_all(at("data")).unwrap();
        fs::write(at("data/x"), "").unwrap();
        fs::write(at("results/one/y"), "").unwrap();
        let seen = |file: &str| relative(&at("results/one"), &at(file));
        assert_eq!(seen("data/x").as_deref(), Some("../../data/x"));
        assert_eq!(seen("results/../data/x").as_deref(), Some("../../data/x"));
        assert_eq!(seen("results/one/y").as_deref(), Some("y"));
        assert_eq!(seen("absent"), None);
    }
}
