//! The obvious delivery, synapse by synapse, through any pattern and any weights.

use crate::network::{Connectivity, Convolution, Pattern, Weights};

/// Adds `value × weights` of one presynaptic neuron to `input`. `row` is that of the pattern: the
/// neuron itself, or where pooling puts it.
pub(super) fn add_row(
    connectivity: &Connectivity,
    weights: &Weights,
    source: usize,
    row: usize,
    value: f32,
    input: &mut [f32],
) {
    match (&connectivity.pattern, weights) {
        (
            Pattern::Sparse {
                starts, targets, ..
            },
            weights,
        ) => {
            for synapse in starts[row] as usize..starts[row + 1] as usize {
                input[targets[synapse] as usize] += value * weights.get(synapse);
            }
        }
        (_, Weights::Uniform(weight)) => {
            let addend = value * weight;
            connectivity.for_each_run(source, |first, length| {
                for sum in &mut input[first..first + length] {
                    *sum += addend;
                }
            });
        }
        (Pattern::Dense { targets, .. }, weights) => {
            add_present(input, value, weights, row * targets);
        }
        (Pattern::Convolution { convolution, .. }, weights) => {
            add_convolved(convolution, weights, row, value, input);
        }
    }
}

fn add_convolved(
    convolution: &Convolution,
    weights: &Weights,
    source: usize,
    value: f32,
    input: &mut [f32],
) {
    let (c, y, x) = convolution.input.coordinates(source);
    let outputs = convolution.group_outputs(c);
    let window = &convolution.window;
    let columns = window.horizontal.reached(x, convolution.output.width);
    for (ky, oy) in window.vertical.reached(y, convolution.output.height) {
        for (kx, ox) in columns.clone() {
            let row = convolution.kernel_row(ky, kx, c) * outputs.len();
            let base = convolution.output.index(outputs.start, oy, ox);
            let sums = &mut input[base..base + outputs.len()];
            add_present(sums, value, weights, row);
        }
    }
}

/// `sums += value · weights[first ..]`, where a weight of zero is no synapse and leaves its sum
/// untouched.
fn add_present(sums: &mut [f32], value: f32, weights: &Weights, first: usize) {
    let add = |sum: &mut f32, weight: f32| {
        let product = value * weight;
        *sum += if weight == 0.0 { -0.0 } else { product };
    };
    match weights {
        Weights::Each(weights) => {
            let weights = &weights[first..first + sums.len()];
            sums.iter_mut()
                .zip(weights)
                .for_each(|(sum, &w)| add(sum, w));
        }
        weights => {
            for (i, sum) in sums.iter_mut().enumerate() {
                add(sum, weights.get(first + i));
            }
        }
    }
}
