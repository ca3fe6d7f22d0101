//! Uniform symmetric quantisation of weights: `w ≈ s · round(w / s)` with whole numbers from
//! −(2^(b−1) − 1) to 2^(b−1) − 1.
//!
//! Source: Jacob et al., "Quantization and training of neural networks for efficient
//! integer-arithmetic-only inference", CVPR 2018, with zero-point 0; Nagel et al., "A white paper
//! on neural network quantization", 2021, section 2.

use crate::formats::onnx::WeightTensor;
use serde::{Deserialize, Serialize};

/// Which weights share a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightStep {
    /// Those of an output channel.
    #[default]
    Channel,
    /// Those of a layer.
    Tensor,
}

/// Rounds weights to `bits` bits, 2 to 16.
pub(super) fn quantise(tensors: &mut [WeightTensor], bits: u32, step: WeightStep) {
    let levels = ((1_i64 << (bits - 1)) - 1) as f32;
    for tensor in tensors {
        let channels = match step {
            WeightStep::Channel => tensor.channels(),
            WeightStep::Tensor => 1,
        };
        let group = |tensor: &WeightTensor, index: usize| {
            if channels == 1 {
                0
            } else {
                tensor.channel(index)
            }
        };
        let mut largest = vec![0.0_f32; channels];
        for (index, weight) in tensor.values.iter().enumerate() {
            let slot = &mut largest[group(tensor, index)];
            *slot = slot.max(weight.abs());
        }
        for index in 0..tensor.values.len() {
            let step = largest[group(tensor, index)] / levels;
            if step > 0.0 {
                let whole = (tensor.values[index] / step).round_ties_even();
                tensor.values[index] = whole.clamp(-levels, levels) * step;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tensor(values: &[f32]) -> WeightTensor {
        WeightTensor {
            name: "w".into(),
            dims: vec![2, values.len() / 2],
            output_axis: Some(0),
            values: values.to_vec(),
        }
    }

    #[test]
    fn worked_three_bits_per_channel_and_per_tensor() {
        // Levels −3 … 3; steps 1 and 0.1.
        let values = [3.0, 1.4, -0.6, 0.3, 0.14, -0.06];
        let mut channel = [tensor(&values)];
        quantise(&mut channel, 3, WeightStep::Channel);
        let expected = [3.0, 1.0, -1.0, 0.3, 0.1, -0.1];
        for (found, expected) in channel[0].values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let mut whole = [tensor(&values)];
        quantise(&mut whole, 3, WeightStep::Tensor);
        assert_eq!(whole[0].values, [3.0, 1.0, -1.0, 0.0, 0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn property_error_is_at_most_half_a_step_and_levels_are_few(
            values in proptest::collection::vec(-10.0_f32..10.0, 8),
            bits in 2_u32..10,
        ) {
            let mut rounded = [tensor(&values)];
            quantise(&mut rounded, bits, WeightStep::Tensor);
            let levels = ((1 << (bits - 1)) - 1) as f32;
            let largest = values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
            let step = largest / levels;
            for (before, after) in values.iter().zip(&rounded[0].values) {
                prop_assert!((before - after).abs() <= 0.5 * step * 1.001);
                let level = after / step;
                prop_assert!((level - level.round()).abs() < 1e-2 && level.abs() <= levels * 1.001);
            }
        }
    }
}
