//! The stores of the shards in a folder, and what they know together.

use super::SweepError;
use super::database::{EXTENSION, statuses};
use super::status::PointStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Ids of the points with a result in any of some stores. Failed points are not among them: they
/// are tried again.
pub(super) fn done(stores: &[PathBuf]) -> Result<BTreeSet<String>, SweepError> {
    let known = read_stores(stores)?;
    Ok(known
        .into_iter()
        .filter(|(_, status)| status.outcome.is_ok())
        .map(|(id, _)| id)
        .collect())
}

/// The stores in a folder, sorted by name.
///
/// # Errors
/// If the folder cannot be read.
pub fn stores_in(folder: &Path) -> Result<Vec<PathBuf>, SweepError> {
    let fail = |source| SweepError::Read {
        path: folder.display().to_string(),
        source,
    };
    let mut stores = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let ours = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("shard-"));
        if ours && path.extension().is_some_and(|e| e == EXTENSION) {
            stores.push(path);
        }
    }
    stores.sort();
    Ok(stores)
}

/// Everything some stores know, by the id of the point. A result replaces a failure.
///
/// # Errors
/// The store that is damaged or cannot be read.
pub fn read_stores(stores: &[PathBuf]) -> Result<BTreeMap<String, PointStatus>, SweepError> {
    let mut known: BTreeMap<String, PointStatus> = BTreeMap::new();
    for path in stores {
        for (id, status) in statuses(path)? {
            match known.get(&id) {
                Some(former) if former.outcome.is_ok() => {}
                _ => {
                    known.insert(id, status);
                }
            }
        }
    }
    Ok(known)
}
