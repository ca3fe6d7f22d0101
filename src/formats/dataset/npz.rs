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

fn read(content: Content) -> Result<Contents, Problem> {
    let stored = content.stored();
    let mut archive = ZipArchive::new(Cursor::new(content.into_raw())).map_err(malformed)?;
    let mut array = |name: &str| -> Result<Option<Array>, Problem> {
        let entry = match archive.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(malformed(error)),
        };
        let size = entry.size();
        let bytes = inflate_exactly(entry, size, stored, "npz")?;
        npy::parse(&bytes).map(Some)
    };
    let (x, y) = (array("x")?, array("y")?);
    let Some(x) = x else {
        let mut names: Vec<&str> = archive.file_names().collect();
        names.sort_unstable();
        return Err(Problem::MissingArray {
            name: "x",
            found: names.join(", "),
        });
    };
    Ok(Contents { x, y })
}
