//! An array as a file stores it, before preprocessing.

use super::Problem;

/// Elements in row-major order.
pub(in crate::formats) enum ArrayValues {
    U8(Vec<u8>),
    Bool(Vec<bool>),
    /// Any other integer type, by name.
    Integer(&'static str, Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Types of element that arrays may have.
pub(super) const SUPPORTED: &str = "u8, bool, f32 or f64 inputs and integer labels";

/// An array with its dimensions.
pub(in crate::formats) struct Array {
    pub(in crate::formats) dims: Vec<usize>,
    pub(in crate::formats) values: ArrayValues,
}

impl ArrayValues {
    fn len(&self) -> usize {
        match self {
            ArrayValues::U8(values) => values.len(),
            ArrayValues::Bool(values) => values.len(),
            ArrayValues::Integer(_, values) => values.len(),
            ArrayValues::F32(values) => values.len(),
            ArrayValues::F64(values) => values.len(),
        }
    }
}

impl Array {
    /// Number of samples along the first dimension.
    pub(super) fn samples(&self) -> Result<usize, Problem> {
        let (found, expected) = (self.values.len() as u64, checked_bytes(&self.dims, 1));
        if expected != Some(found) {
            return Err(Problem::Truncated {
                expected: expected.unwrap_or(u64::MAX),
                found,
            });
        }
        match self.dims.as_slice() {
            [_, rest @ ..] if rest.contains(&0) => Err(Problem::Empty),
            [samples, _, ..] => Ok(*samples),
            dims => Err(Problem::NoSamples {
                dims: dims.to_vec(),
            }),
        }
    }
}

/// Number of elements times bytes of each, or `None` where it overflows.
pub(super) fn checked_bytes(dims: &[usize], element_size: usize) -> Option<u64> {
    dims.iter()
        .try_fold(element_size, |bytes, &dim| bytes.checked_mul(dim))
        .and_then(|bytes| u64::try_from(bytes).ok())
}

/// Widens unsigned integers; those beyond `i64` are no label and no input.
pub(super) fn widen(values: Vec<u64>) -> Result<Vec<i64>, Problem> {
    values
        .into_iter()
        .map(|value| {
            i64::try_from(value).map_err(|_| Problem::ElementType {
                found: format!("u64 with the value {value}"),
                supported: SUPPORTED,
            })
        })
        .collect()
}
