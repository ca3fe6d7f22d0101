//! IDX, the format of MNIST and its kin: big-endian dimensions, then the elements.
//!
//! Source: LeCun, Cortes, Burges, "The MNIST database", section "The IDX file format".

use super::array::{Array, ArrayValues, checked_bytes};
use super::content::check_plausible;
use super::{Content, Contents, Problem, Reader};
use crate::files;
use std::path::{Path, PathBuf};

pub(super) const READER: Reader = Reader {
    name: "IDX (gzip or not)",
    suffixes: &["-ubyte", ".idx"],
    gzip: true,
    recognises: |head| matches!(head, [0, 0, kind, 1..=MAX_DIMS, ..] if element_size(*kind).is_some()),
    read,
};

/// More dimensions than any data has.
const MAX_DIMS: u8 = 8;

fn element_size(kind: u8) -> Option<usize> {
    match kind {
        0x08 | 0x09 => Some(1),
        0x0B => Some(2),
        0x0C | 0x0D => Some(4),
        0x0E => Some(8),
        _ => None,
    }
}

fn read(content: Content) -> Result<Contents, Problem> {
    let stored = content.stored();
    let head = content.head();
    let truncated = |expected: usize| Problem::Truncated {
        expected: expected as u64,
        found: head.len() as u64,
    };
    let [0, 0, kind, ndim, dims @ ..] = head.as_slice() else {
        return Err(truncated(4));
    };
    let Some(size) = element_size(*kind).filter(|_| (1..=MAX_DIMS).contains(ndim)) else {
        return Err(Problem::Malformed {
            format: "IDX",
            reason: format!("element type {kind:#04x} with {ndim} dimensions"),
        });
    };
    let header = 4 + 4 * usize::from(*ndim);
    let dims = dims
        .get(..header - 4)
        .ok_or_else(|| truncated(header))?
        .chunks_exact(4)
        .map(|dim| {
            dim.iter()
                .fold(0, |dim, &byte| dim << 8 | usize::from(byte))
        })
        .collect::<Vec<_>>();
    let total = checked_bytes(&dims, size).and_then(|data| data.checked_add(header as u64));
    // A plain file that is too short is truncated, however much it announces.
    let plausible = match total {
        Some(total) if !content.is_gzip() => total,
        total => check_plausible(total, stored)?,
    };
    let bytes = content.into_exactly(plausible)?;
    let data = &bytes[header..];
    let integers = |name, from: fn(&[u8]) -> i64| {
        ArrayValues::Integer(name, data.chunks_exact(size).map(from).collect())
    };
    let values = match kind {
        0x08 => ArrayValues::U8(data.to_vec()),
        0x09 => integers("i8", |b| i64::from(b[0].cast_signed())),
        0x0B => integers("i16", |b| i64::from(i16::from_be_bytes([b[0], b[1]]))),
        0x0C => integers("i32", |b| {
            i64::from(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        }),
        0x0D => ArrayValues::F32(
            data.chunks_exact(4)
                .map(|b| f32::from_be_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
        ),
        _ => ArrayValues::F64(
            data.chunks_exact(8)
                .map(|b| f64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
                .collect(),
        ),
    };
    Ok(Contents {
        x: Array { dims, values },
        y: None,
    })
}

/// The file of labels beside `…images-idx3-ubyte…`, with or without `.gz`, if there is one.
pub(super) fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = ["images-idx", "images.idx"].iter().find_map(|mark| {
        let (stem, rest) = name.split_once(mark)?;
        let separator = &mark[6..];
        let dims_end = rest.find(|c: char| !c.is_ascii_digit())?;
        Some(format!("{stem}labels{separator}1{}", &rest[dims_end..]))
    })?;
    let other = match labels.strip_suffix(".gz") {
        Some(plain) => plain.to_string(),
        None => format!("{labels}.gz"),
    };
    [labels, other]
        .iter()
        .map(|name| images.with_file_name(name))
        .find(|path| files::is_file(path))
}
