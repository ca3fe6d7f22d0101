//! Files: read whole within a limit, written whole or not at all.

mod places;

pub use places::{Places, is_dir, is_file, place, set_places, tidy};

use crate::memory;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Largest file of text that people write: experiments, sweeps, budgets, descriptions \[B\].
pub const MAX_TEXT_BYTES: u64 = 16 << 20;

/// How temporary files begin. One that a killed program left behind may be deleted.
pub const TEMPORARY: &str = ".spikewatt-";

/// The bytes of a regular file, read from its [place], if they fit the
/// [memory limit](crate::memory::limit_bytes).
///
/// # Errors
/// If it is no file (a device may have no end), too large, or cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let path = &*place(path);
    let size = regular(path)?;
    memory::check("the file", size, "give a smaller one").map_err(io::Error::other)?;
    bounded(path, size)
}

/// The text of a regular file of at most [`MAX_TEXT_BYTES`], read from its [place].
///
/// # Errors
/// If it is no file, too large, no UTF-8, or cannot be read.
pub fn read_text(path: &Path) -> io::Result<String> {
    let path = &*place(path);
    let size = regular(path)?;
    if size > MAX_TEXT_BYTES {
        return Err(io::Error::other(format!(
            "it has {size} bytes, more than the {MAX_TEXT_BYTES} that such a file may have"
        )));
    }
    String::from_utf8(bounded(path, MAX_TEXT_BYTES)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// Writes a file whole or not at all: to a temporary one beside it, which reaches the disk and is
/// then renamed. Whatever stood there stays whole until then, also where the disk is full.
///
/// # Errors
/// If the system refuses.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A terminal, a pipe: nothing that could be torn.
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return fs::write(path, bytes);
    }
    put(temporary(folder_of(path), bytes)?, path)
}

/// The folder that a file lies in; the current one where only a name is given.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// An empty temporary file in `folder`, as readable as the umask allows.
pub(crate) fn empty_temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Temporary files are private by default; a result is not.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// A temporary file in `folder` with these bytes.
pub(crate) fn temporary(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = empty_temporary(folder)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Renames a temporary file to `path`, once its bytes are on the disk.
pub(crate) fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder_of(path))
}

/// Takes a folder for this process until the file is dropped, or the process ends, however it
/// ends. `None` where the file system knows no locks.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] if another process has it.
#[cfg(unix)]
pub(crate) fn lock_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = File::open(path)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Takes a folder for this process: folders of other systems cannot be locked.
#[cfg(not(unix))]
pub(crate) fn lock_folder(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Makes renames in a folder last.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes renames in a folder last: other systems do so themselves.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The size of a regular file \[B\].
fn regular(path: &Path) -> io::Result<u64> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        let what = "it is not a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok(metadata.len())
}

/// The bytes of a file that may meanwhile grow, up to a limit.
fn bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_no_file() {
        for path in ["/dev/zero", "/"] {
            if Path::new(path).exists() {
                let error = read(Path::new(path)).unwrap_err();
                assert_eq!(error.to_string(), "it is not a file", "{path}");
            }
        }
    }

    #[test]
    fn long_text_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.toml");
        File::create(&path)
            .and_then(|file| file.set_len(MAX_TEXT_BYTES + 1))
            .unwrap();
        let error = read_text(&path).unwrap_err().to_string();
        assert!(error.starts_with("it has 16777217 bytes"), "{error}");
        fs::write(&path, b"a = \"\xff\"").unwrap();
        assert!(read_text(&path).is_err());
    }

    #[test]
    fn a_write_that_fails_leaves_the_former_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        write(&path, b"former").unwrap();
        // A folder of that name cannot be replaced by a file.
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write(&folder.path().join("taken"), b"new").is_err());
        assert!(write(&folder.path().join("absent/result"), b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"former");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn regress_files_are_as_readable_as_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write(&ours, b"x").unwrap();
        fs::write(&plain, b"x").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
