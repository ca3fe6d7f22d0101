//! The original with quantised activations: what a conventional accelerator of the same precision
//! as the spike counts would answer.
//!
//! Behind every rectifier stands `y = s · clip(round(x / s), 0, 2^b − 1)`; the step s of each layer
//! has the least squared error on calibration data.
//!
//! Source: Nagel et al., "A white paper on neural network quantization", 2021, sections 2 and 3.1.

use crate::ann::{Ann, Observed, Operation, Runtime, RuntimeError};
use crate::formats::onnx::Rounding;
use crate::simd::{self, Loops, SimdWidth};

/// Candidates for the largest value that is told apart, each [`RATIO`] times the one before.
const CANDIDATES: usize = 28;
const RATIO: f64 = 0.93;

/// Steps of all rectifiers of a network: the value each one rounds, and how.
///
/// # Errors
/// If the runtime fails on the calibration data.
pub(super) fn steps(
    ann: &Ann,
    runtime: &Runtime,
    calibration: &[f32],
    bits: u32,
) -> Result<Vec<Rounding>, RuntimeError> {
    let levels = 2.0_f64.powi(bits.min(24) as i32) - 1.0;
    let values: Vec<&str> = ann
        .layers
        .iter()
        .filter(|layer| {
            matches!(
                layer.operation,
                Operation::Relu | Operation::ClippedRelu { .. }
            )
        })
        .map(|layer| layer.output.as_str())
        .collect();
    let largest = runtime.observe(calibration, &values, &|_, observed: Vec<Observed>| {
        let largest = |o: &Observed| o.data.iter().copied().fold(0.0_f32, f32::max);
        observed.iter().map(largest).collect::<Vec<f32>>()
    })?;
    let largest: Vec<f32> = (0..values.len())
        .map(|v| largest.iter().map(|batch| batch[v]).fold(0.0, f32::max))
        .collect();
    let errors = runtime.observe(calibration, &values, &|_, observed: Vec<Observed>| {
        observed
            .iter()
            .zip(&largest)
            .map(|(observed, largest)| errors(&observed.data, f64::from(*largest), levels))
            .collect::<Vec<_>>()
    })?;
    Ok(values
        .iter()
        .enumerate()
        .filter(|(v, _)| largest[*v] > 0.0)
        .map(|(v, value)| {
            let mut total = [0.0; CANDIDATES];
            for batch in &errors {
                total
                    .iter_mut()
                    .zip(&batch[v])
                    .for_each(|(sum, e)| *sum += e);
            }
            let best =
                (0..CANDIDATES).fold(0, |best, k| if total[k] < total[best] { k } else { best });
            let clip = f64::from(largest[v]) * RATIO.powi(best as i32);
            Rounding {
                value: (*value).to_owned(),
                step: (clip / levels) as f32,
                levels: levels as f32,
            }
        })
        .collect())
}

/// Squared error of each candidate.
fn errors(values: &[f32], largest: f64, levels: f64) -> [f64; CANDIDATES] {
    if largest <= 0.0 {
        return [0.0; CANDIDATES];
    }
    let mut clip = largest;
    let steps = [(); CANDIDATES].map(|()| {
        let step = (clip / levels) as f32;
        clip *= RATIO;
        step
    });
    simd::widest(Errors {
        values,
        steps,
        levels: levels as f32,
    })
}

/// All candidates side by side.
struct Errors<'a> {
    values: &'a [f32],
    steps: [f32; CANDIDATES],
    levels: f32,
}

impl Loops for Errors<'_> {
    type Output = [f64; CANDIDATES];

    #[inline(always)]
    fn run(self, _: impl SimdWidth) -> Self::Output {
        let mut errors = [0.0; CANDIDATES];
        // Zero is told exactly by every candidate.
        for &x in self.values.iter().filter(|x| **x != 0.0) {
            for (error, step) in errors.iter_mut().zip(self.steps) {
                let level = (x / step).round_ties_even().clamp(0.0, self.levels);
                *error += f64::from((level * step - x).powi(2));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_errors_of_one_bit() {
        // One bit: 0 or the clip. At clip 1 the values 0.4 and 1 become 0 and 1.
        let found = errors(&[0.4, 1.0], 1.0, 1.0);
        assert!((found[0] - 0.16).abs() < 1e-6);
        // At clip 0.93: 0 and 0.93.
        assert!((found[1] - (0.16 + 0.0049)).abs() < 1e-6);
    }
}
