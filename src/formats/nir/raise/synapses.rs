//! Synapses as matrices, factors, convolutions and pooling.

use super::super::primitives::{AvgPool2d, Conv2d, Primitive, SumPool2d};
use super::super::tensor::Tensor;
use crate::network::{Convolution, Pattern, Pooling, Projection, Shape, Weights, Window};

/// Most entries of a matrix that sparse synapses are written as.
const MAX_ENTRIES: usize = 1 << 26;

/// One value per channel, if a list of values per neuron has no more.
pub(super) fn by_channel(values: &[f32], channels: usize) -> Option<Vec<f64>> {
    let first = values.get(..channels)?;
    values
        .chunks(channels)
        .all(|position| position == first)
        .then(|| first.iter().map(|&value| value.into()).collect())
}

/// The factors \[row-major\] of synapses that join each neuron to the one at the same position.
pub(super) fn one_to_one(projection: &Projection, source: Shape, target: Shape) -> Option<Tensor> {
    let Pattern::Sparse {
        starts, targets, ..
    } = &projection.connectivity.pattern
    else {
        return None;
    };
    if source.neurons() != target.neurons() || projection.connectivity.pooling.is_some() {
        return None;
    }
    let indices: Vec<usize> = (0..target.neurons()).collect();
    let expected = source.to_channels_last(&target.to_channels_first(&indices));
    let mut factors = vec![0.0; source.neurons()];
    for (neuron, row) in starts.windows(2).enumerate() {
        match row[1] - row[0] {
            0 => {}
            1 if targets[row[0] as usize] as usize == expected[neuron] => {
                factors[neuron] = f64::from(projection.weights.get(row[0] as usize));
            }
            _ => return None,
        }
    }
    Some(Tensor {
        dims: source.dims(),
        data: source.to_channels_first(&factors),
    })
}

/// The weights \[out, in\] of a dense or sparse projection, channels first.
pub(super) fn matrix(
    projection: &Projection,
    source: Shape,
    target: Shape,
) -> Result<Tensor, String> {
    let (inputs, outputs) = (source.neurons(), target.neurons());
    let entries = inputs.checked_mul(outputs).filter(|&n| n <= MAX_ENTRIES);
    let listed = matches!(projection.connectivity.pattern, Pattern::Sparse { .. });
    if listed && entries.is_none() {
        return Err(format!(
            "{inputs} × {outputs} weights, most of them absent, are too many for a matrix"
        ));
    }
    let columns = source.to_channels_last(&(0..inputs).collect::<Vec<_>>());
    let rows = target.to_channels_last(&(0..outputs).collect::<Vec<_>>());
    let mut data = vec![0.0; inputs * outputs];
    for (neuron, column) in columns.into_iter().enumerate() {
        match &projection.connectivity.pattern {
            Pattern::Sparse {
                starts, targets, ..
            } => {
                for synapse in starts[neuron] as usize..starts[neuron + 1] as usize {
                    data[rows[targets[synapse] as usize] * inputs + column] +=
                        f64::from(projection.weights.get(synapse));
                }
            }
            Pattern::Dense { present, .. } => {
                let mut set = |first: usize, length: usize| {
                    for (to, row) in rows.iter().enumerate().skip(first).take(length) {
                        data[row * inputs + column] =
                            f64::from(projection.weights.get(neuron * outputs + to));
                    }
                };
                match present {
                    None => set(0, outputs),
                    Some(bits) => bits.for_each_run(neuron, set),
                }
            }
            Pattern::Convolution { .. } => {}
        }
    }
    Ok(Tensor {
        dims: vec![outputs, inputs],
        data,
    })
}

/// Kernel, stride and padding of a window that a pooling node can express.
fn pool_window(window: &Window) -> Option<[[usize; 2]; 3]> {
    let axes = [window.vertical, window.horizontal];
    let fits = axes
        .iter()
        .all(|axis| axis.pad_before == axis.pad_after && (axis.dilation == 1 || axis.kernel == 1));
    fits.then(|| {
        [
            axes.map(|axis| axis.kernel),
            axes.map(|axis| axis.stride),
            axes.map(|axis| axis.pad_before),
        ]
    })
}

pub(super) fn sum_pool(pooling: &Pooling) -> Result<Primitive, String> {
    let whole = pooling.window.outputs(pooling.input)
        == Some((pooling.output.height, pooling.output.width));
    match pool_window(&pooling.window).filter(|_| whole) {
        Some([kernel_size, stride, padding]) => Ok(Primitive::SumPool2d(SumPool2d {
            kernel_size,
            stride,
            padding,
        })),
        None => Err(String::from(
            "its pooling has different padding before and after, or windows that leave the padded input, which NIR does not allow",
        )),
    }
}

pub(super) fn is_pool(convolution: &Convolution, weights: &Weights) -> bool {
    pool_of(convolution, weights).is_some()
}

/// A depthwise convolution of equal weights as the pooling that it is.
pub(super) fn pool_of(convolution: &Convolution, weights: &Weights) -> Option<Primitive> {
    let Weights::Uniform(weight) = *weights else {
        return None;
    };
    let channels = convolution.input.channels;
    if convolution.groups != channels || convolution.output.channels != channels {
        return None;
    }
    let [kernel_size, stride, padding] = pool_window(&convolution.window)?;
    let size = kernel_size[0] as f64 * kernel_size[1] as f64;
    if weight == 1.0 {
        Some(Primitive::SumPool2d(SumPool2d {
            kernel_size,
            stride,
            padding,
        }))
    } else if weight == (1.0 / size) as f32 {
        Some(Primitive::AvgPool2d(AvgPool2d {
            kernel_size,
            stride,
            padding,
        }))
    } else {
        None
    }
}

pub(super) fn conv(
    convolution: &Convolution,
    weights: &Weights,
    bias: Option<Vec<f64>>,
) -> Primitive {
    let Convolution {
        input,
        output,
        window,
        groups,
    } = *convolution;
    let (outputs, inputs) = (output.channels, input.channels / groups);
    let per_group = convolution.outputs_per_group();
    let axes = [window.vertical, window.horizontal];
    let kernel = axes.map(|axis| axis.kernel);
    let mut data = Vec::with_capacity(outputs * inputs * kernel[0] * kernel[1]);
    for o in 0..outputs {
        for i in 0..inputs {
            for ky in 0..kernel[0] {
                for kx in 0..kernel[1] {
                    let row = convolution.kernel_row(ky, kx, o / per_group * inputs + i);
                    data.push(f64::from(weights.get(row * per_group + o % per_group)));
                }
            }
        }
    }
    Primitive::Conv2d(Conv2d {
        input_shape: Some([input.height, input.width]),
        weight: Tensor {
            dims: vec![outputs, inputs, kernel[0], kernel[1]],
            data,
        },
        bias: Tensor {
            dims: vec![outputs],
            data: bias.unwrap_or_else(|| vec![0.0; outputs]),
        },
        stride: axes.map(|axis| axis.stride),
        padding: axes.map(|axis| [axis.pad_before, axis.pad_after]),
        dilation: axes.map(|axis| axis.dilation),
        groups,
    })
}
