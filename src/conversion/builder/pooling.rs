//! Max pooling as a population of its own.

use super::{NetworkBuilder, Signal};
use crate::network::{Connectivity, Convolution, Pattern, Projection, Shape, Weights, Window};
use crate::neuron::{MaxPool, Neuron};

impl NetworkBuilder<'_> {
    pub(super) fn max_pool(
        &mut self,
        name: &str,
        window: Window,
        output: Shape,
        input: Signal,
    ) -> Result<Signal, String> {
        let Signal::Carried {
            population: source,
            amplitude,
            pooling: None,
            shape,
            signed: false,
        } = input
        else {
            return Err("max pooling is converted only where it reads spikes: behind a ReLU, not behind the input or average pooling; use average pooling there or reorder the layers".into());
        };
        let neuron = Neuron::MaxPool(MaxPool { rule: self.rule });
        let population = self.population(name, output, neuron, Vec::new());
        let convolution = Convolution {
            input: shape,
            output,
            window,
            groups: shape.channels,
        };
        let pattern = Pattern::Convolution {
            convolution,
            present: None,
        };
        self.network.projections.push(Projection::new(
            source,
            population,
            Connectivity::new(pattern),
            Weights::Uniform(1.0),
        ));
        Ok(Signal::Carried {
            population,
            amplitude,
            pooling: None,
            shape: output,
            signed: false,
        })
    }
}
