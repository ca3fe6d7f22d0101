//! NumPy's `.npz`: `x` (N, …) and, where there are labels, `y` (N), compressed or not.

use super::array::Array;
use super::content::inflate_exactly;
use super::{Content, Contents, Problem, Reader, npy};
use std::io::Cursor;
use zip::ZipArchive;
use zip::result::ZipError;

pub(super) const READER: Reader = Reader {
    name: "NumPy .npz",
    suffixes: &[".npz"],
    gzip: false,
    recognises: |head| head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06"),
    read,
};

fn malformed(error: ZipError) -> Problem {
    Problem::Malformed {
        format: "npz",
        reason: error.to_string(),
    }
}

/// Named arrays, decompressed one at a time.
pub(in crate::formats) struct Archive {
    zip: ZipArchive<Cursor<Vec<u8>>>,
    stored: u64,
}

impl Archive {
    /// Opens the bytes of an `.npz` file.
    pub(in crate::formats) fn new(bytes: Vec<u8>) -> Result<Self, Problem> {
        Ok(Archive {
            stored: bytes.len() as u64,
            zip: ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?,
        })
    }

    /// Names of all arrays, sorted.
    pub(in crate::formats) fn names(&self) -> String {
        let mut names: Vec<&str> = self.zip.file_names().collect();
        names.sort_unstable();
        names.join(", ")
    }

    /// Bytes that an array announces to have when decompressed, its header included.
    pub(in crate::formats) fn announced(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        match self.zip.by_name(&format!("{name}.npy")) {
            Ok(entry) => Ok(Some(entry.size())),
            Err(ZipError::FileNotFound) => Ok(None),
            Err(error) => Err(malformed(error)),
        }
    }

    /// One array, or `None` if there is none of this name.
    pub(in crate::formats) fn array(&mut self, name: &str) -> Result<Option<Array>, Problem> {
        let entry = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(malformed(error)),
        };
        let size = entry.size();
        let bytes = inflate_exactly(entry, size, self.stored, "npz")?;
        npy::parse(&bytes).map(Some)
    }
}

fn read(content: Content) -> Result<Contents, Problem> {
    let mut archive = Archive::new(content.into_raw())?;
    let (x, y) = (archive.array("x")?, archive.array("y")?);
    let Some(x) = x else {
        return Err(Problem::MissingArray {
            name: "x",
            found: archive.names(),
        });
    };
    Ok(Contents { x, y })
}
