//! The range of values that spikes can express.

use super::EncodingError;

/// Refuses values outside 0..=1, of which a spike train of the encoding `encoding` can say nothing:
/// neither sign nor magnitude is bent to fit.
pub(super) fn checked(
    encoding: &'static str,
    values: &[f32],
    sample: usize,
) -> Result<(), EncodingError> {
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        Some(input) => Err(EncodingError::OutOfRange {
            encoding,
            sample,
            input,
            value: values[input],
        }),
        None => Ok(()),
    }
}
