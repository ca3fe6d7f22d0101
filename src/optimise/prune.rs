//! Magnitude pruning: the smallest weights become zero, and a zero is no synapse.
//!
//! Source: Han et al., "Learning both weights and connections for efficient neural networks",
//! NeurIPS 2015; channels by the sum of their magnitudes: Li et al., "Pruning filters for efficient
//! ConvNets", ICLR 2017.

use crate::formats::onnx::WeightTensor;
use serde::{Deserialize, Serialize};

/// Among which weights the smallest are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PruneScope {
    /// The same share of every layer.
    #[default]
    Layer,
    /// All layers together: a layer of small weights loses more.
    Global,
}

/// What is removed as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PruneUnit {
    /// Single weights.
    #[default]
    Weight,
    /// All weights of an output channel. The last layer is left alone: its channels are the classes.
    Channel,
}

/// Sets the given share of weights to zero, smallest magnitude first, the earlier of equals first.
pub(super) fn prune(tensors: &mut [WeightTensor], share: f64, scope: PruneScope, unit: PruneUnit) {
    let tensors = match unit {
        PruneUnit::Weight => tensors,
        PruneUnit::Channel => {
            let last = tensors.len().saturating_sub(1);
            &mut tensors[..last]
        }
    };
    let mut pools: Vec<Vec<(f64, usize, usize)>> = vec![Vec::new()];
    for (t, tensor) in tensors.iter().enumerate() {
        if scope == PruneScope::Layer && t > 0 {
            pools.push(Vec::new());
        }
        if let Some(pool) = pools.last_mut() {
            pool.extend(
                units(tensor, unit)
                    .into_iter()
                    .enumerate()
                    .map(|(i, size)| (size, t, i)),
            );
        }
    }
    for mut pool in pools {
        let removed = (share * pool.len() as f64).round() as usize;
        pool.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for &(_, t, i) in &pool[..removed.min(pool.len())] {
            match unit {
                PruneUnit::Weight => tensors[t].values[i] = 0.0,
                PruneUnit::Channel => clear(&mut tensors[t], i),
            }
        }
    }
}

/// Magnitude of each unit; that of a channel is the mean of its weights, so that channels of
/// different fan-in compare.
fn units(tensor: &WeightTensor, unit: PruneUnit) -> Vec<f64> {
    match unit {
        PruneUnit::Weight => tensor.values.iter().map(|w| f64::from(w.abs())).collect(),
        PruneUnit::Channel => {
            let mut sums = vec![0.0; tensor.channels()];
            for (index, weight) in tensor.values.iter().enumerate() {
                sums[tensor.channel(index)] += f64::from(weight.abs());
            }
            let per_channel = (tensor.values.len() / sums.len().max(1)).max(1) as f64;
            sums.iter().map(|sum| sum / per_channel).collect()
        }
    }
}

fn clear(tensor: &mut WeightTensor, channel: usize) {
    for index in 0..tensor.values.len() {
        if tensor.channel(index) == channel {
            tensor.values[index] = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(dims: &[usize], axis: usize, values: &[f32]) -> WeightTensor {
        WeightTensor {
            name: "w".into(),
            dims: dims.to_vec(),
            output_axis: Some(axis),
            values: values.to_vec(),
        }
    }

    #[test]
    fn worked_shares_by_layer_and_globally() {
        let two = || {
            vec![
                tensor(&[1, 4], 0, &[0.1, -0.2, 0.3, -0.4]),
                tensor(&[1, 4], 0, &[1.0, 2.0, -3.0, 4.0]),
            ]
        };
        let mut layers = two();
        prune(&mut layers, 0.5, PruneScope::Layer, PruneUnit::Weight);
        assert_eq!(layers[0].values, [0.0, 0.0, 0.3, -0.4]);
        assert_eq!(layers[1].values, [0.0, 0.0, -3.0, 4.0]);
        let mut global = two();
        prune(&mut global, 0.5, PruneScope::Global, PruneUnit::Weight);
        assert_eq!(global[0].values, [0.0; 4]);
        assert_eq!(global[1].values, [1.0, 2.0, -3.0, 4.0]);
    }

    #[test]
    fn worked_channels_of_either_axis_and_the_last_layer_stays() {
        // [in, out]: channel 0 holds 1 and 1, channel 1 holds 5 and 0.
        let mut layers = vec![
            tensor(&[2, 2], 1, &[1.0, 5.0, 1.0, 0.0]),
            tensor(&[2, 1], 0, &[0.1, 0.2]),
        ];
        prune(&mut layers, 0.5, PruneScope::Layer, PruneUnit::Channel);
        assert_eq!(layers[0].values, [0.0, 5.0, 0.0, 0.0]);
        assert_eq!(layers[1].values, [0.1, 0.2]);
    }

    #[test]
    fn nothing_and_everything() {
        let before = vec![tensor(&[1, 3], 0, &[1.0, 2.0, 3.0])];
        let mut none = before.clone();
        prune(&mut none, 0.0, PruneScope::Global, PruneUnit::Weight);
        assert_eq!(none, before);
        let mut all = before;
        prune(&mut all, 1.0, PruneScope::Global, PruneUnit::Weight);
        assert_eq!(all[0].values, [0.0; 3]);
    }
}
