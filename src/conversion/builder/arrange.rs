//! Values in another order or shape, padded, added and joined.

use super::NetworkBuilder;
use super::linear::padded;
use super::signal::Signal;
use crate::ann::{Layer, Operation};

impl NetworkBuilder<'_> {
    /// `from` is in channels-first order, as the operation states it.
    pub(super) fn arrange(
        &mut self,
        layer: &Layer,
        mut input: Signal,
        from: Option<&[u32]>,
    ) -> Signal {
        let (inner, outer) = (input.stated_shape(), layer.shape);
        // Where each channels-first index stands channels last.
        let place: Vec<u32> = {
            let neurons: Vec<u32> = (0..inner.neurons() as u32).collect();
            inner.to_channels_first(&neurons)
        };
        let first: Vec<u32> = match from {
            None => place,
            Some(from) => from
                .iter()
                .map(|&i| {
                    if i == Operation::ZERO {
                        u32::MAX
                    } else {
                        place[i as usize]
                    }
                })
                .collect(),
        };
        input.look(outer, outer.to_channels_last(&first));
        input
    }

    pub(super) fn pad(
        &mut self,
        layer: &Layer,
        mut input: Signal,
        top: usize,
        left: usize,
    ) -> Result<Signal, String> {
        input.settle()?;
        let (inner, outer) = (input.shape, layer.shape);
        for term in &mut input.terms {
            term.map = padded(&term.map, outer, inner, top, left)?;
        }
        if !input.bias.is_empty() {
            let mut bias = vec![0.0; outer.neurons()];
            for (value, b) in input.bias.iter().enumerate() {
                let (c, y, x) = inner.coordinates(value);
                bias[outer.index(c, y + top, x + left)] = *b;
            }
            input.bias = bias;
        }
        input.shape = outer;
        Ok(input)
    }

    pub(super) fn add(&mut self, layer: &Layer, inputs: Vec<Signal>) -> Result<Signal, String> {
        let mut sum = Signal {
            name: layer.name.clone(),
            shape: layer.shape,
            terms: Vec::new(),
            bias: Vec::new(),
            view: None,
            pools: Vec::new(),
        };
        for mut input in inputs {
            input.settle()?;
            sum.terms.append(&mut input.terms);
            if sum.bias.is_empty() {
                sum.bias = input.bias;
            } else {
                sum.bias
                    .iter_mut()
                    .zip(&input.bias)
                    .for_each(|(b, more)| *b += more);
            }
        }
        Ok(sum)
    }

    pub(super) fn concat(&mut self, layer: &Layer, inputs: Vec<Signal>) -> Result<Signal, String> {
        let outer = layer.shape;
        let biased = inputs.iter().any(|input| !input.bias.is_empty());
        let mut joined = Signal {
            name: layer.name.clone(),
            shape: outer,
            terms: Vec::new(),
            bias: vec![0.0; if biased { outer.neurons() } else { 0 }],
            view: None,
            pools: Vec::new(),
        };
        let mut first = 0;
        for mut input in inputs {
            input.settle()?;
            let inner = input.shape;
            if (inner.height, inner.width) != (outer.height, outer.width) {
                return Err(format!(
                    "it joins {inner} into {outer}, which are not channels of the same maps; join along the channels"
                ));
            }
            for mut term in input.terms {
                term.map = term.map.moved(inner, first, outer.channels)?;
                joined.terms.push(term);
            }
            for (value, b) in input.bias.iter().enumerate() {
                let (c, y, x) = inner.coordinates(value);
                joined.bias[outer.index(first + c, y, x)] = *b;
            }
            first += inner.channels;
        }
        Ok(joined)
    }
}
