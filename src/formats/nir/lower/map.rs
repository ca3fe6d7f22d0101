//! Linear nodes as maps between values in row-major order.

use super::super::{NodeShape, Primitive, Tensor};
use crate::network::{Axis, Convolution, Shape, Window};

/// Most timesteps of a delay; one more must fit 16 bits, for edges that close a cycle.
pub(super) const MAX_DELAY: u32 = u16::MAX as u32 - 1;

/// What a linear node does. Slices of numbers hold one value for all elements or one for each, in
/// row-major order.
pub(super) enum LinearMap<'a> {
    /// Another shape for the same values.
    Reshape,
    /// A factor.
    Scale(&'a [f64]),
    /// Timesteps.
    Delay(Vec<u32>),
    /// Sums over windows of each channel, times a factor.
    Pool(Convolution, f64),
    /// Weights \[out, in\] and a bias.
    Dense(&'a Tensor, Option<&'a Tensor>),
    /// Weights \[out, in of the group, ky, kx\] and a bias.
    Convolution(Convolution, &'a Tensor, &'a Tensor),
}

/// Populations of the shape `dims`: (N), (C, L) or (C, H, W); further dimensions join the last.
pub(super) fn shape_of(dims: &[usize]) -> Shape {
    match *dims {
        [] => Shape::vector(1),
        [n] => Shape::vector(n),
        [channels, length] => Shape::maps(channels, 1, length),
        [channels, height, ref rest @ ..] => Shape::maps(channels, height, rest.iter().product()),
    }
}

/// The row-major position of each neuron.
pub(super) fn positions(shape: Shape) -> Vec<usize> {
    let all: Vec<usize> = (0..shape.neurons()).collect();
    shape.to_channels_last(&all)
}

/// The value of element `index`.
pub(super) fn at<T: Copy>(values: &[T], index: usize) -> T {
    values[if values.len() == 1 { 0 } else { index }]
}

/// The value that all elements have.
pub(super) fn uniform<T: Copy + PartialEq>(values: &[T]) -> Option<T> {
    let first = *values.first()?;
    values.iter().all(|&value| value == first).then_some(first)
}

impl<'a> LinearMap<'a> {
    /// The map of a node; `None` if it is a neuron or where data enters or leaves.
    ///
    /// Source of the rounding: Python's `round`, which takes halves to even numbers.
    pub(super) fn of(primitive: &'a Primitive, shape: &NodeShape, dt_s: f64) -> Option<Self> {
        let pool = |kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]| {
            let (input, output) = (shape_of(&shape.input), shape_of(&shape.output));
            Convolution {
                input,
                output,
                window: window(kernel, stride, [1, 1], padding.map(|p| [p, p])),
                groups: input.channels,
            }
        };
        Some(match primitive {
            Primitive::Flatten(_) => LinearMap::Reshape,
            Primitive::Scale(node) => LinearMap::Scale(&node.scale.data),
            Primitive::Delay(node) => {
                let steps = |delay_s: &f64| (delay_s / dt_s).round_ties_even() as u32;
                LinearMap::Delay(node.delay.data.iter().map(steps).collect())
            }
            Primitive::SumPool2d(node) => {
                LinearMap::Pool(pool(node.kernel_size, node.stride, node.padding), 1.0)
            }
            Primitive::AvgPool2d(node) => {
                let size = node.kernel_size[0] as f64 * node.kernel_size[1] as f64;
                let pool = pool(node.kernel_size, node.stride, node.padding);
                LinearMap::Pool(pool, 1.0 / size)
            }
            Primitive::Linear(node) => LinearMap::Dense(&node.weight, None),
            Primitive::Affine(node) => LinearMap::Dense(&node.weight, Some(&node.bias)),
            Primitive::Conv1d(node) => {
                let convolution = Convolution {
                    input: shape_of(&shape.input),
                    output: shape_of(&shape.output),
                    window: window(
                        [1, node.weight.dims[2]],
                        [1, node.stride],
                        [1, node.dilation],
                        [[0, 0], node.padding],
                    ),
                    groups: node.groups,
                };
                LinearMap::Convolution(convolution, &node.weight, &node.bias)
            }
            Primitive::Conv2d(node) => {
                let convolution = Convolution {
                    input: shape_of(&shape.input),
                    output: shape_of(&shape.output),
                    window: window(
                        [node.weight.dims[2], node.weight.dims[3]],
                        node.stride,
                        node.dilation,
                        node.padding,
                    ),
                    groups: node.groups,
                };
                LinearMap::Convolution(convolution, &node.weight, &node.bias)
            }
            _ => return None,
        })
    }

    /// The result for a constant `input`; an empty list stands for zeros in `input` and result.
    /// A delay changes nothing.
    pub(super) fn apply(&self, input: Vec<f64>) -> Vec<f64> {
        match self {
            LinearMap::Reshape | LinearMap::Delay(_) => input,
            LinearMap::Scale(factors) => {
                let scaled = input.iter().enumerate().map(|(i, x)| x * at(factors, i));
                scaled.collect()
            }
            LinearMap::Pool(pool, factor) => slide(pool, &input, |_, _, _, _| *factor),
            LinearMap::Dense(weight, bias) => {
                let (outputs, inputs) = (weight.dims[0], weight.dims[1]);
                let mut result = Vec::new();
                if !input.is_empty() {
                    let rows = weight.data.chunks_exact(inputs);
                    result.extend(
                        rows.map(|row| row.iter().zip(&input).map(|(w, x)| w * x).sum::<f64>()),
                    );
                }
                if let Some(bias) = bias {
                    add(&mut result, outputs, |output| at(&bias.data, output));
                }
                result
            }
            LinearMap::Convolution(convolution, weight, bias) => {
                let mut result = slide(convolution, &input, |output, c, ky, kx| {
                    weight.data[kernel_entry(convolution, output, c, ky, kx)]
                });
                let plane = convolution.output.height * convolution.output.width;
                add(&mut result, convolution.output.neurons(), |position| {
                    at(&bias.data, position / plane)
                });
                result
            }
        }
    }
}

/// Adds `term(i)` to each of `count` elements; an empty list stands for zeros and stays empty if
/// nothing is added.
pub(super) fn add(values: &mut Vec<f64>, count: usize, term: impl Fn(usize) -> f64) {
    if values.is_empty() {
        if (0..count).all(|i| term(i) == 0.0) {
            return;
        }
        values.resize(count, 0.0);
    }
    for (i, value) in values.iter_mut().enumerate() {
        *value += term(i);
    }
}

/// Position of a weight \[out, in of the group, ky, kx\] for input channel `c` of all groups.
pub(super) fn kernel_entry(
    convolution: &Convolution,
    output: usize,
    c: usize,
    ky: usize,
    kx: usize,
) -> usize {
    let per_group = convolution.input.channels / convolution.groups;
    let (rows, columns) = (
        convolution.window.vertical.kernel,
        convolution.window.horizontal.kernel,
    );
    ((output * per_group + c % per_group) * rows + ky) * columns + kx
}

fn slide(
    convolution: &Convolution,
    input: &[f64],
    weight: impl Fn(usize, usize, usize, usize) -> f64,
) -> Vec<f64> {
    if input.is_empty() {
        return Vec::new();
    }
    let (from, to, window) = (convolution.input, convolution.output, convolution.window);
    let mut result = vec![0.0; to.neurons()];
    for (i, x) in input.iter().enumerate() {
        let (c, y, column) = (
            i / (from.height * from.width),
            i / from.width % from.height,
            i % from.width,
        );
        for (ky, oy) in window.vertical.reached(y, to.height) {
            for (kx, ox) in window.horizontal.reached(column, to.width) {
                for output in convolution.group_outputs(c) {
                    result[(output * to.height + oy) * to.width + ox] +=
                        weight(output, c, ky, kx) * x;
                }
            }
        }
    }
    result
}

fn window(
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [[usize; 2]; 2],
) -> Window {
    let axis = |i: usize| Axis {
        kernel: kernel[i],
        stride: stride[i],
        dilation: dilation[i],
        pad_before: padding[i][0],
        pad_after: padding[i][1],
    };
    Window {
        vertical: axis(0),
        horizontal: axis(1),
    }
}
