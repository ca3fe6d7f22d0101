//! The saved counts of a result.

use super::{MANIFEST_FILE, Manifest, MissingSource, Sources, VERBS, result_file};
use crate::files;
use std::path::{Path, PathBuf};

/// Name of the saved counts in a result folder.
pub const COUNTS_FILE: &str = "counts.h5";

/// What counts are called among the files that a verb read.
pub const COUNTS_ROLE: &str = "counts";

/// Why a result has no counts.
#[derive(Debug, thiserror::Error)]
pub enum NoCounts {
    /// The folder holds none and names none.
    #[error(
        "{}: holds no {COUNTS_FILE}; give the folder of a run, or run it again",
        .0.display()
    )]
    None(PathBuf),
    /// The result of a verb that keeps none.
    #[error(
        "{}: the result of `spikewatt {}`, which keeps no counts; give the folder of a run",
        .folder.display(), .verb
    )]
    OfVerb {
        /// The folder.
        folder: PathBuf,
        /// The verb.
        verb: String,
    },
    /// The counts that the result was priced from are not there.
    #[error(transparent)]
    Missing(#[from] MissingSource),
}

/// The file of the saved counts behind a result: `path` itself, the one in the folder or in that of
/// a verb, or the one that the result was priced from, wherever it is now.
///
/// # Errors
/// If there is none.
pub fn counts_file(path: &Path, look_in: &[PathBuf]) -> Result<PathBuf, NoCounts> {
    let file = result_file(path, COUNTS_FILE);
    if !files::is_dir(path) || files::is_file(&file) {
        return Ok(file);
    }
    let of_manifest = result_file(path, MANIFEST_FILE);
    let folder = files::folder_of(&of_manifest);
    let Some(manifest) = Manifest::of_folder(folder) else {
        return Err(NoCounts::None(path.to_path_buf()));
    };
    let read = manifest.inputs.iter();
    let counts: Vec<_> = read.filter(|e| e.role == COUNTS_ROLE).cloned().collect();
    let sources = Sources::new(folder, Some(&manifest), look_in);
    match sources.find(&counts).pop() {
        Some(found) => Ok(found?),
        None if VERBS.contains(&manifest.verb()) => Err(NoCounts::OfVerb {
            folder: folder.to_path_buf(),
            verb: manifest.verb().to_owned(),
        }),
        None => Err(NoCounts::None(path.to_path_buf())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256_hex;
    use crate::result::InputEntry;
    use std::fs;

    #[test]
    fn counts_of_a_priced_result_are_found_where_they_are_now() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("priced");
        fs::create_dir(&folder).unwrap();
        let none = counts_file(&folder, &[]).unwrap_err();
        assert!(matches!(none, NoCounts::None(_)), "{none}");
        let mut manifest = Manifest::new(vec!["estimate".into()], 0);
        let put = |manifest: &Manifest| {
            let text = serde_json::to_string(manifest).unwrap();
            fs::write(folder.join(MANIFEST_FILE), text).unwrap();
        };
        put(&manifest);
        let none = counts_file(&folder, &[]).unwrap_err().to_string();
        assert!(
            none.contains("`spikewatt estimate`, which keeps no counts"),
            "{none}"
        );
        manifest.command = vec!["price".into()];
        manifest.inputs.push(InputEntry {
            role: COUNTS_ROLE.into(),
            path: "gone/counts.h5".into(),
            sha256: sha256_hex(b"counts"),
        });
        put(&manifest);
        let none = counts_file(&folder, &[]).unwrap_err().to_string();
        assert!(none.contains("counts gone/counts.h5"), "{none}");
        let shelf = temp.path().join("shelf");
        fs::create_dir(&shelf).unwrap();
        fs::write(shelf.join("x.h5"), "counts").unwrap();
        let found = counts_file(&folder, std::slice::from_ref(&shelf)).unwrap();
        assert_eq!(found, shelf.join("x.h5"));
        fs::write(folder.join(COUNTS_FILE), "own").unwrap();
        assert_eq!(counts_file(&folder, &[]).unwrap(), folder.join(COUNTS_FILE));
    }
}
