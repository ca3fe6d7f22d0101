//! NumPy's `.npy`: one array; its labels are another file.

use super::array::{Array, SUPPORTED, Values, checked_bytes, widen};
use super::content::check_length;
use super::{Content, Contents, Problem, Reader};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use ndarray_npy::ReadableElement;
use ndarray_npy::npy::header::Header;

pub(super) const READER: Reader = Reader {
    name: "NumPy .npy",
    suffixes: &[".npy"],
    gzip: false,
    recognises: |head| head.starts_with(b"\x93NUMPY"),
    read: |content: Content| {
        Ok(Contents {
            x: parse(&content.into_raw())?,
            y: None,
        })
    },
};

/// As NumPy itself limits it. Source: `numpy.lib.format.read_array`, `max_header_size`.
const MAX_HEADER: usize = 10_000;

/// Brackets in a header of a plain array: one dictionary, one tuple.
const MAX_BRACKETS: usize = 2;

fn malformed(reason: impl ToString) -> Problem {
    Problem::Malformed {
        format: "npy",
        reason: reason.to_string(),
    }
}

/// Parses the bytes of an `.npy` file.
pub(in crate::formats) fn parse(bytes: &[u8]) -> Result<Array, Problem> {
    check_header(bytes)?;
    let mut rest = bytes;
    let header = Header::from_reader(&mut rest).map_err(malformed)?;
    let Some(kind) = header.type_descriptor.as_string() else {
        return Err(malformed("structured arrays are not supported"));
    };
    let size = match kind.trim_start_matches(['<', '>', '|', '=']) {
        "u1" | "i1" | "b1" => 1,
        "u2" | "i2" => 2,
        "u4" | "i4" | "f4" => 4,
        "u8" | "i8" | "f8" => 8,
        _ => {
            return Err(Problem::ElementType {
                found: kind.clone(),
                supported: SUPPORTED,
            });
        }
    };
    let expected = checked_bytes(&header.shape, size).ok_or(Problem::Implausible {
        declared: u64::MAX,
        stored: bytes.len() as u64,
    })?;
    check_length(rest.len() as u64, expected)?;
    let values = match kind.trim_start_matches(['<', '>', '|', '=']) {
        "u1" => Values::U8(elements(rest, &header)?),
        "b1" => Values::Bool(elements(rest, &header)?),
        "f4" => Values::F32(elements(rest, &header)?),
        "f8" => Values::F64(elements(rest, &header)?),
        "i1" => integers::<i8>("i8", rest, &header)?,
        "i2" => integers::<i16>("i16", rest, &header)?,
        "i4" => integers::<i32>("i32", rest, &header)?,
        "i8" => integers::<i64>("i64", rest, &header)?,
        "u2" => integers::<u16>("u16", rest, &header)?,
        "u4" => integers::<u32>("u32", rest, &header)?,
        _ => Values::Integer("u64", widen(elements(rest, &header)?)?),
    };
    Ok(Array {
        dims: header.shape,
        values,
    })
}

/// Refuses headers that would make the parser allocate or recurse without bound.
fn check_header(bytes: &[u8]) -> Result<(), Problem> {
    let (start, length) = match bytes {
        [_, _, _, _, _, _, 1, _, a, b, ..] => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        [_, _, _, _, _, _, 2 | 3, _, a, b, c, d, ..] => {
            (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        _ => return Err(malformed("its header is cut off or of an unknown version")),
    };
    if length > MAX_HEADER {
        return Err(malformed(format!("a header of {length} bytes")));
    }
    let header = bytes.get(start..start + length).ok_or(Problem::Truncated {
        expected: (start + length) as u64,
        found: bytes.len() as u64,
    })?;
    let brackets = header.iter().filter(|b| b"([{".contains(b)).count();
    if brackets > MAX_BRACKETS {
        return Err(malformed("structured arrays are not supported"));
    }
    Ok(())
}

/// Elements in row-major order, whatever the order in the file.
fn elements<T: ReadableElement + Clone>(data: &[u8], header: &Header) -> Result<Vec<T>, Problem> {
    let len = header.shape.iter().product();
    let values = T::read_to_end_exact_vec(data, &header.type_descriptor, len).map_err(malformed)?;
    if !header.layout.is_fortran() {
        return Ok(values);
    }
    let shape = IxDyn(&header.shape).f();
    let array = ArrayD::from_shape_vec(shape, values).map_err(malformed)?;
    Ok(array.iter().cloned().collect())
}

fn integers<T: ReadableElement + Copy + Into<i64>>(
    name: &'static str,
    data: &[u8],
    header: &Header,
) -> Result<Values, Problem> {
    let values = elements::<T>(data, header)?;
    Ok(Values::Integer(
        name,
        values.into_iter().map(Into::into).collect(),
    ))
}
