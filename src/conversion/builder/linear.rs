//! Linear layers: their weights in the order of the engine.

use super::NetworkBuilder;
use super::signal::Signal;
use crate::ann::Layer;
use crate::conversion::compose::{AveragePooling, Map, MapPlacement, Operator};
use crate::network::{Connectivity, Convolution, Pattern, Shape, Window};

impl NetworkBuilder<'_> {
    pub(super) fn dense(
        &mut self,
        layer: &Layer,
        input: Signal,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Signal, String> {
        let operator = dense(weight, input.stated_shape(), layer.shape.neurons());
        self.note_pooling(layer, &input);
        // The values of a vector count as channels; those of any other shape are stated in
        // channels-first order.
        input.through(&layer.name, &operator, bias, layer.shape)
    }

    pub(super) fn convolution(
        &mut self,
        layer: &Layer,
        input: Signal,
        convolution: Convolution,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Signal, String> {
        self.note_pooling(layer, &input);
        let operator = convolved(convolution, weight);
        input.through(&layer.name, &operator, bias, layer.shape)
    }

    pub(super) fn average(
        &mut self,
        layer: &Layer,
        mut input: Signal,
        window: Window,
        count_padding: bool,
    ) -> Result<Signal, String> {
        input.settle()?;
        let operator = Operator::Average(AveragePooling {
            input: input.shape,
            output: Shape {
                channels: input.shape.channels,
                ..layer.shape
            },
            window,
            count_padding,
        });
        input.through("", &operator, &[], layer.shape)
    }

    /// `scale · x + shift`, per channel or per value in channels-first order.
    pub(super) fn affine(
        &mut self,
        layer: &Layer,
        mut input: Signal,
        scale: &[f32],
        shift: &[f32],
    ) -> Result<Signal, String> {
        let channels = layer.shape.channels;
        let per_channel = scale.len() == channels;
        let keeps_order = per_channel && scale.iter().all(|&s| s > 0.0);
        if !input.pools.is_empty() && !keeps_order {
            return Err("it stands between max pooling and its ReLU with a factor that is not positive, which turns the largest value into the smallest; put the max pooling behind the ReLU".into());
        }
        input.settle()?;
        let plane = input.shape;
        let in_order = |values: &[f32]| {
            if per_channel {
                values.to_vec()
            } else {
                plane.to_channels_last(values)
            }
        };
        let (scale, shift) = (in_order(scale), in_order(shift));
        for term in &mut input.terms {
            term.map.scale(&scale, plane)?;
        }
        let of = |values: &[f32], value: usize| values[value % values.len()];
        if shift.iter().any(|&s| s != 0.0) {
            input.bias.resize(plane.neurons(), 0.0);
        }
        for (value, bias) in input.bias.iter_mut().enumerate() {
            *bias = of(&scale, value) * *bias + of(&shift, value);
        }
        Ok(input)
    }

    /// Connects the populations of a signal to the one made of it.
    pub(super) fn project(&mut self, signal: Signal, target: usize) -> Result<(), String> {
        for term in signal.terms {
            let (connectivity, weights) = term.map.projection(signal.shape)?;
            self.connect(term.population, target, connectivity, weights);
        }
        Ok(())
    }

    fn note_pooling(&mut self, layer: &Layer, input: &Signal) {
        let pooled = input
            .terms
            .iter()
            .any(|term| matches!(term.map, Map::Pooled { .. }));
        if pooled {
            self.notes.push(format!(
                "average pooling merged into the synapses of \"{}\"",
                layer.name
            ));
        }
        let linear = input
            .terms
            .iter()
            .any(|term| matches!(term.map, Map::Weighted(..)));
        if linear {
            self.notes.push(format!(
                "no ReLU in front of \"{}\": merged with the linear layers there into one, exactly",
                layer.name
            ));
        }
    }
}

/// `[out, in in channels-first order]` to `[in channels last, out]`.
fn dense(weights: &[f32], source: Shape, targets: usize) -> Operator {
    let sources = source.neurons();
    let mut rows = Vec::with_capacity(weights.len());
    for index in 0..sources {
        let (c, y, x) = source.coordinates(index);
        let column = (c * source.height + y) * source.width + x;
        rows.extend((0..targets).map(|out| weights[out * sources + column]));
    }
    let pattern = Pattern::Dense {
        sources,
        targets,
        present: None,
    };
    Operator::Weighted(Connectivity::new(pattern), rows)
}

/// `[out, in of the group, ky, kx]` to `[ky, kx, in, out of the group]`.
fn convolved(convolution: Convolution, weights: &[f32]) -> Operator {
    let per_group = convolution.input.channels / convolution.groups;
    let (height, width) = (
        convolution.window.vertical.kernel,
        convolution.window.horizontal.kernel,
    );
    let mut rows = Vec::with_capacity(weights.len());
    for ky in 0..height {
        for kx in 0..width {
            for c in 0..convolution.input.channels {
                rows.extend(convolution.group_outputs(c).map(|out| {
                    weights[((out * per_group + c % per_group) * height + ky) * width + kx]
                }));
            }
        }
    }
    let pattern = Pattern::Convolution {
        convolution,
        present: None,
    };
    Operator::Weighted(Connectivity::new(pattern), rows)
}

/// Moves feature maps right and down, where they have that form.
pub(super) fn padded(
    map: &Map,
    outer: Shape,
    inner: Shape,
    top: usize,
    left: usize,
) -> Result<Map, String> {
    if let Map::Placed(placement) = map {
        return Ok(Map::Placed(MapPlacement {
            top: placement.top + top,
            left: placement.left + left,
            ..placement.clone()
        }));
    }
    let from: Vec<u32> = (0..outer.neurons())
        .map(|value| {
            let (c, y, x) = outer.coordinates(value);
            let inside = y.checked_sub(top).zip(x.checked_sub(left));
            match inside {
                Some((y, x)) if y < inner.height && x < inner.width => inner.index(c, y, x) as u32,
                _ => u32::MAX,
            }
        })
        .collect();
    map.arranged(inner, &from)
}
