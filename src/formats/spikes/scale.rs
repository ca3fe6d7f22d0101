//! Elements of an array as input: bytes of pixels are scaled as everywhere, and what looks like
//! pixels that are not scaled is told.

use super::{Caution, SpikesProblem};
use crate::formats::dataset::ArrayValues;

/// Largest value of a pixel that is stored in a byte.
const WHITE: f32 = 255.0;

/// Whole numbers above this are hardly counts of events in a timestep.
const MOST_EVENTS: f32 = 16.0;

/// The elements as input, and what a reader should know of them. Bytes above 1 are pixels and become
/// 0 to 1, as in labelled data of conventional networks; bytes of 0 and 1 are spikes.
///
/// # Errors
/// The first element that is not finite.
pub(super) fn numbers(values: ArrayValues) -> Result<(Vec<f32>, Vec<Caution>), SpikesProblem> {
    let mut cautions = Vec::new();
    let values: Vec<f32> = match values {
        ArrayValues::U8(values) if values.iter().any(|&value| value > 1) => {
            let most = values.iter().copied().max().unwrap_or(0);
            cautions.push(scaled(most));
            values.into_iter().map(|v| f32::from(v) / WHITE).collect()
        }
        ArrayValues::U8(values) => values.into_iter().map(f32::from).collect(),
        ArrayValues::Bool(values) => values.into_iter().map(|v| f32::from(u8::from(v))).collect(),
        ArrayValues::Integer(_, values) => values.into_iter().map(|v| v as f32).collect(),
        ArrayValues::F32(values) => values,
        ArrayValues::F64(values) => values.into_iter().map(|v| v as f32).collect(),
    };
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(SpikesProblem::NotFinite {
            index,
            value: f64::from(values[index]),
        });
    }
    cautions.extend(unscaled(&values));
    cautions.extend(empty(&values));
    Ok((values, cautions))
}

fn scaled(most: u8) -> Caution {
    Caution {
        code: "input-scaled",
        message: format!(
            "the input is bytes of 0 to {most}: they are taken for pixels and divided by 255, as \
             everywhere; store counts of events, or other values to be taken as they are, as \
             float32 or int16"
        ),
    }
}

/// Whole numbers of 0 to 255 in a type that nobody scales.
fn unscaled(values: &[f32]) -> Option<Caution> {
    let most = values.iter().copied().fold(0.0, f32::max);
    let is_pixel = |&value: &f32| (0.0..=WHITE).contains(&value) && value.fract() == 0.0;
    (most > MOST_EVENTS && values.iter().all(is_pixel)).then(|| Caution {
        code: "input-not-scaled",
        message: format!(
            "the input is whole numbers of 0 to {most}, which look like pixels that are not scaled; \
             they are taken as they are: divide them by 255 if the network was trained on 0 to 1"
        ),
    })
}

/// Nothing at all.
fn empty(values: &[f32]) -> Option<Caution> {
    let is_empty = !values.is_empty() && values.iter().all(|&value| value == 0.0);
    is_empty.then(|| Caution {
        code: "input-empty",
        message:
            "every value of the input is 0: nothing drives the network; compare the file with \
                  what was meant to be stored"
                .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(values: ArrayValues) -> Vec<&'static str> {
        let (_, cautions) = numbers(values).unwrap();
        cautions.iter().map(|caution| caution.code).collect()
    }

    #[test]
    fn bytes_are_spikes_or_pixels() {
        let (spikes, cautions) = numbers(ArrayValues::U8(vec![0, 1])).unwrap();
        assert_eq!((spikes, cautions.len()), (vec![0.0, 1.0], 0));
        let (pixels, _) = numbers(ArrayValues::U8(vec![0, 51, 255])).unwrap();
        assert_eq!(pixels, [0.0, 0.2, 1.0]);
        assert_eq!(codes(ArrayValues::U8(vec![0, 51, 255])), ["input-scaled"]);
    }

    #[test]
    fn pixels_of_other_types_and_empty_input_are_told() {
        let grey = || vec![0.0, 17.0, 255.0];
        assert_eq!(codes(ArrayValues::F32(grey())), ["input-not-scaled"]);
        let integers = ArrayValues::Integer("i64", vec![0, 200]);
        assert_eq!(codes(integers), ["input-not-scaled"]);
        assert!(codes(ArrayValues::Integer("i16", vec![0, 3])).is_empty());
        assert!(codes(ArrayValues::F32(vec![-1.5, 200.0])).is_empty());
        assert_eq!(codes(ArrayValues::F32(vec![0.0])), ["input-empty"]);
    }
}
