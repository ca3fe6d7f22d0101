//! NumPy's `.npy`: one array; its labels are another file.

use super::array::{Array, ArrayValues, SUPPORTED, widen};
use super::{Content, Contents, Problem, Reader};
use crate::formats::npy::{Element, ElementKind, Header, MAGIC, NpyError};

pub(super) const READER: Reader = Reader {
    name: "NumPy .npy",
    suffixes: &[".npy"],
    gzip: false,
    recognises: |head| head.starts_with(MAGIC),
    read: |content: Content| {
        Ok(Contents {
            x: parse(&content.into_raw())?,
            y: None,
        })
    },
};

/// Parses the bytes of an `.npy` file.
pub(in crate::formats) fn parse(bytes: &[u8]) -> Result<Array, Problem> {
    let stored = bytes.len() as u64;
    let problem = |error| problem(error, stored);
    let (header, end) = Header::parse(bytes).map_err(problem)?;
    let data = &bytes[end..];
    let values = match header.kind {
        ElementKind::U8 => header.elements(data).map(ArrayValues::U8),
        ElementKind::Bool => header.elements(data).map(ArrayValues::Bool),
        ElementKind::F32 => header.elements(data).map(ArrayValues::F32),
        ElementKind::F64 => header.elements(data).map(ArrayValues::F64),
        ElementKind::I8 => integers::<i8>("i8", &header, data),
        ElementKind::I16 => integers::<i16>("i16", &header, data),
        ElementKind::I32 => integers::<i32>("i32", &header, data),
        ElementKind::I64 => integers::<i64>("i64", &header, data),
        ElementKind::U16 => integers::<u16>("u16", &header, data),
        ElementKind::U32 => integers::<u32>("u32", &header, data),
        ElementKind::U64 => {
            let values = header.elements(data).map_err(problem)?;
            Ok(ArrayValues::Integer("u64", widen(values)?))
        }
    };
    Ok(Array {
        values: values.map_err(problem)?,
        dims: header.dims,
    })
}

fn integers<T: Element + Into<i64>>(
    name: &'static str,
    header: &Header,
    data: &[u8],
) -> Result<ArrayValues, NpyError> {
    let values = header.elements::<T>(data)?;
    Ok(ArrayValues::Integer(
        name,
        values.into_iter().map(Into::into).collect(),
    ))
}

fn problem(error: NpyError, stored: u64) -> Problem {
    match error {
        NpyError::Io(error) => Problem::Io(error),
        NpyError::Truncated { expected, found } => Problem::Truncated { expected, found },
        NpyError::Excess { expected } => Problem::Excess { expected },
        NpyError::TooLarge(_) => Problem::Implausible {
            declared: u64::MAX,
            stored,
        },
        NpyError::ElementType(found) => Problem::ElementType {
            found,
            supported: SUPPORTED,
        },
        other => Problem::Malformed {
            format: "npy",
            reason: other.to_string(),
        },
    }
}
