//! Multiply-accumulates that are left of an evaluation where those of a zero are skipped.

use super::{Ann, Observed, Operation};
use crate::network::Convolution;

/// How many multiply-accumulates each input of a layer takes part in.
pub(crate) struct Zeros<'a> {
    layers: Vec<LayerZeros<'a>>,
}

/// A layer with weights.
struct LayerZeros<'a> {
    /// Name of the value that it reads; `None`: the sample itself.
    value: Option<&'a str>,
    /// Weights that are not zero, by input in the order of the value.
    fan_out: Vec<u32>,
}

impl<'a> Zeros<'a> {
    /// The layers of a network; `None` if a layer reads a value that cannot be observed.
    pub(crate) fn of(ann: &'a Ann) -> Option<Self> {
        let mut layers = Vec::new();
        for layer in &ann.layers {
            let fan_out = match &layer.operation {
                Operation::Dense { weight, bias } => dense(weight, bias.len()),
                Operation::Convolution {
                    convolution,
                    weight,
                    ..
                } => convolved(convolution, weight),
                _ => continue,
            };
            let source = observable(ann, *layer.inputs.first()?)?;
            let fan_out = match (source, ann.channels_last) {
                (0, true) => ann.layers[0].shape.to_channels_last(&fan_out),
                _ => fan_out,
            };
            let value = (source > 0).then_some(ann.layers[source].output.as_str());
            layers.push(LayerZeros { value, fan_out });
        }
        Some(Zeros { layers })
    }

    /// The values to observe, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.layers.iter().filter_map(|layer| layer.value)
    }

    /// Multiply-accumulates of a batch: its samples, and what was observed of [`Zeros::values`];
    /// `None` if a value does not have the size that the layer reads.
    pub(crate) fn count(&self, samples: &[f32], observed: &[Observed]) -> Option<u64> {
        let mut observed = observed.iter();
        let mut total = 0;
        for layer in &self.layers {
            let values = match layer.value {
                None => samples,
                Some(_) => observed.next()?.data.as_slice(),
            };
            let width = layer.fan_out.len();
            if width == 0 || !values.len().is_multiple_of(width) {
                return None;
            }
            for sample in values.chunks_exact(width) {
                let read = sample.iter().zip(&layer.fan_out);
                let read = read.filter(|(value, _)| **value != 0.0);
                total += read.map(|(_, macs)| u64::from(*macs)).sum::<u64>();
            }
        }
        Some(total)
    }
}

/// The layer whose value is that of `layer`, in the same order, and is named in the model.
fn observable(ann: &Ann, layer: usize) -> Option<usize> {
    let mut at = layer;
    loop {
        let found = &ann.layers[at];
        if at == 0 || !found.output.is_empty() {
            return Some(at);
        }
        match &found.operation {
            Operation::Arrange { from: None } => at = *found.inputs.first()?,
            _ => return None,
        }
    }
}

/// `weight` is `[out, in]`.
fn dense(weight: &[f32], outputs: usize) -> Vec<u32> {
    let inputs = weight.len().checked_div(outputs).unwrap_or(0);
    let mut fan_out = vec![0; inputs];
    for row in weight.chunks_exact(inputs.max(1)) {
        for (count, weight) in fan_out.iter_mut().zip(row) {
            *count += u32::from(*weight != 0.0);
        }
    }
    fan_out
}

/// `weight` is `[out channel, in channel of the group, ky, kx]`; inputs channels first.
fn convolved(convolution: &Convolution, weight: &[f32]) -> Vec<u32> {
    let (input, output) = (convolution.input, convolution.output);
    let [vertical, horizontal] = [convolution.window.vertical, convolution.window.horizontal];
    let taps = vertical.kernel * horizontal.kernel;
    let groups = convolution.groups.max(1);
    let (per_group, outputs) = (input.channels / groups, output.channels / groups);
    // Weights that are not zero, by input channel and tap.
    let mut present = vec![0_u32; input.channels * taps];
    for (index, _) in weight.iter().enumerate().filter(|(_, w)| **w != 0.0) {
        let (row, tap) = (index / taps, index % taps);
        let (to, from) = (row / per_group, row % per_group);
        let channel = (to / outputs) * per_group + from;
        present[channel * taps + tap] += 1;
    }
    let mut fan_out = Vec::with_capacity(input.neurons());
    for channel in 0..input.channels {
        let present = &present[channel * taps..][..taps];
        for y in 0..input.height {
            let rows: Vec<usize> = vertical
                .reached(y, output.height)
                .map(|(tap, _)| tap)
                .collect();
            for x in 0..input.width {
                let across = horizontal.reached(x, output.width);
                let reads = across.map(|(kx, _)| {
                    let down = rows.iter();
                    down.map(|ky| present[ky * horizontal.kernel + kx])
                        .sum::<u32>()
                });
                fan_out.push(reads.sum());
            }
        }
    }
    fan_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Axis, Shape, Window};

    /// A 2 × 3 image, one channel, a kernel of 2 × 2 with one zero and no padding: outputs 1 × 2.
    #[test]
    fn worked_fan_out_of_a_convolution() {
        let window = Window {
            vertical: Axis::new(2, 1),
            horizontal: Axis::new(2, 1),
        };
        let convolution = Convolution {
            input: Shape {
                channels: 1,
                height: 2,
                width: 3,
            },
            output: Shape {
                channels: 1,
                height: 1,
                width: 2,
            },
            window,
            groups: 1,
        };
        // Taps: [1 0 / 2 3]: the upper right one is no synapse.
        let fan_out = convolved(&convolution, &[1.0, 0.0, 2.0, 3.0]);
        assert_eq!(fan_out, [1, 1, 0, 1, 2, 1]);
        let all: u32 = fan_out.iter().sum();
        assert_eq!(u64::from(all), convolution.macs() - 2);
    }

    /// Two groups of one channel each: weights of a group read its own channel alone.
    #[test]
    fn worked_fan_out_of_groups() {
        let window = Window {
            vertical: Axis::new(1, 1),
            horizontal: Axis::new(1, 1),
        };
        let convolution = Convolution {
            input: Shape {
                channels: 2,
                height: 1,
                width: 1,
            },
            output: Shape {
                channels: 4,
                height: 1,
                width: 1,
            },
            window,
            groups: 2,
        };
        assert_eq!(convolved(&convolution, &[1.0, 0.0, 1.0, 1.0]), [1, 2]);
    }

    #[test]
    fn worked_dense_counts_of_nonzero_values() {
        assert_eq!(dense(&[1.0, 0.0, 2.0, 3.0, 0.0, 0.0], 2), [2, 0, 1]);
        let zeros = Zeros {
            layers: vec![LayerZeros {
                value: None,
                fan_out: vec![2, 0, 1],
            }],
        };
        assert_eq!(
            zeros.count(&[1.0, 5.0, 0.0, 0.0, 0.0, 2.0], &[]),
            Some(2 + 1)
        );
        assert_eq!(zeros.count(&[1.0], &[]), None);
    }
}
