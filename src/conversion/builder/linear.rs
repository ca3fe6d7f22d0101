//! Linear layers: weights in the order of the engine, and what is merged into them.

use super::{NetworkBuilder, Signal};
use crate::network::{BitRows, Connectivity, Convolution, Pattern, Projection, Shape, Window};

/// A linear layer of the original, with what was folded into it.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    pub(super) name: String,
    pub(super) source: Box<Signal>,
    pub(super) kind: LinearKind,
    pub(super) bias: Vec<f32>,
    pub(super) shape: Shape,
    /// Set when max pooling stands between this layer and its ReLU.
    pub(super) pooled_by: Vec<(String, Window, Shape)>,
}

#[derive(Debug, Clone)]
pub(super) enum LinearKind {
    /// Weights `[out, in]`.
    Dense(Vec<f32>),
    /// Weights `[out, in of the group, ky, kx]`.
    Convolution(Convolution, Vec<f32>),
}

impl LinearKind {
    /// Multiplies the weights of each output channel.
    pub(super) fn scale_outputs(&mut self, scale: &[f32]) {
        let weights = match self {
            LinearKind::Dense(weights) | LinearKind::Convolution(_, weights) => weights,
        };
        let per_output = weights.len() / scale.len().max(1);
        for (row, scale) in weights.chunks_exact_mut(per_output.max(1)).zip(scale) {
            row.iter_mut().for_each(|w| *w *= scale);
        }
    }
}

impl NetworkBuilder<'_> {
    /// Connects the source of a linear layer to its population.
    pub(super) fn project(&mut self, linear: &Linear, target: usize) -> Result<(), String> {
        let Signal::Carried {
            population: source,
            amplitude,
            pooling,
            shape,
            ..
        } = linear.source.as_ref()
        else {
            return Err("its input is not available".into());
        };
        let (pattern, mut weights) = match &linear.kind {
            LinearKind::Dense(weights) => dense(weights, *shape, linear.shape.neurons(), amplitude),
            LinearKind::Convolution(convolution, weights) => {
                convolved(*convolution, weights, amplitude)
            }
        };
        let mut connectivity = Connectivity::new(pattern);
        if let Some(pooling) = pooling {
            match pooling.uniform() {
                Some((merged, factor)) => {
                    weights.iter_mut().for_each(|w| *w *= factor);
                    connectivity.pooling = Some(merged);
                }
                None => {
                    (connectivity, weights) = pooling
                        .through(&connectivity, &weights)
                        .ok_or("merged with the overlapping average pooling in front of it, it has too many synapses")?;
                }
            }
            self.notes.push(format!(
                "average pooling merged into the synapses of \"{}\"",
                linear.name
            ));
        }
        self.network
            .projections
            .push(Projection::new(*source, target, connectivity, weights));
        Ok(())
    }
}

/// `[out, in in channels-first order]` to `[in channels last, out]`.
fn dense(weights: &[f32], source: Shape, targets: usize, amplitude: &[f32]) -> (Pattern, Vec<f32>) {
    let sources = source.neurons();
    let mut rows = Vec::with_capacity(weights.len());
    for index in 0..sources {
        let (c, y, x) = source.coordinates(index);
        let column = (c * source.height + y) * source.width + x;
        rows.extend((0..targets).map(|out| amplitude[c] * weights[out * sources + column]));
    }
    let present = BitRows::nonzero(&rows, targets);
    let pattern = Pattern::Dense {
        sources,
        targets,
        present: (!present.is_full()).then_some(present),
    };
    (pattern, rows)
}

/// `[out, in of the group, ky, kx]` to `[ky, kx, in, out of the group]`.
fn convolved(convolution: Convolution, weights: &[f32], amplitude: &[f32]) -> (Pattern, Vec<f32>) {
    let per_group = convolution.input.channels / convolution.groups;
    let (height, width) = (
        convolution.window.vertical.kernel,
        convolution.window.horizontal.kernel,
    );
    let mut rows = Vec::with_capacity(weights.len());
    for ky in 0..height {
        for kx in 0..width {
            for (c, amplitude) in amplitude.iter().enumerate() {
                rows.extend(convolution.group_outputs(c).map(|out| {
                    let at = ((out * per_group + c % per_group) * height + ky) * width + kx;
                    amplitude * weights[at]
                }));
            }
        }
    }
    let present = BitRows::nonzero(&rows, convolution.outputs_per_group());
    let pattern = Pattern::Convolution {
        convolution,
        present: (!present.is_full()).then_some(present),
    };
    (pattern, rows)
}
