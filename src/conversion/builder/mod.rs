//! Walks the layers of the original and builds populations and projections.

mod activation;
mod arrange;
mod linear;
mod pooling;
mod signal;

use super::compose::Map;
use super::{Calibration, Carrier, Conversion, ConversionError, ConversionOptions};
use crate::ann::{Ann, Layer, Operation};
use crate::network::{Connectivity, Network, Population, Projection, Shape, Weights};
use crate::neuron::{MaxPoolRule, Neuron};
use signal::Signal;

pub(super) struct NetworkBuilder<'a> {
    ann: &'a Ann,
    calibration: &'a Calibration,
    options: &'a ConversionOptions,
    rule: MaxPoolRule,
    network: Network,
    thresholds: Vec<(String, f64)>,
    carriers: Vec<Carrier>,
    notes: Vec<String>,
    problems: Vec<String>,
}

impl<'a> NetworkBuilder<'a> {
    pub(super) fn new(
        ann: &'a Ann,
        calibration: &'a Calibration,
        options: &'a ConversionOptions,
        rule: MaxPoolRule,
    ) -> Self {
        NetworkBuilder {
            ann,
            calibration,
            options,
            rule,
            network: Network {
                name: ann.name.clone(),
                populations: Vec::new(),
                projections: Vec::new(),
            },
            thresholds: Vec::new(),
            carriers: Vec::new(),
            notes: ann.notes.clone(),
            problems: Vec::new(),
        }
    }

    pub(super) fn build(mut self) -> Result<Conversion, ConversionError> {
        let mut signals: Vec<Option<Signal>> = Vec::with_capacity(self.ann.layers.len());
        for (index, layer) in self.ann.layers.iter().enumerate() {
            // What reads a layer with a problem is not a problem of its own.
            let inputs: Option<Vec<Signal>> = layer
                .inputs
                .iter()
                .map(|&input| signals[input].clone())
                .collect();
            let signal = inputs.and_then(|inputs| {
                self.layer(index, layer, inputs)
                    .map_err(|reason| {
                        let problem = format!("  layer \"{}\": {reason}", layer.name);
                        self.problems.push(problem);
                    })
                    .ok()
            });
            signals.push(signal);
        }
        if let Some((layer, Some(signal))) = self.ann.layers.last().zip(signals.pop())
            && let Err(reason) = self.output(signal)
        {
            let problem = format!("  output \"{}\": {reason}", layer.output);
            self.problems.push(problem);
        }
        if !self.problems.is_empty() {
            return Err(ConversionError::Layers {
                model: self.ann.name.clone(),
                problems: self.problems,
            });
        }
        let pools = self
            .network
            .populations
            .iter()
            .any(|p| matches!(p.neuron, Neuron::MaxPool(_)));
        Ok(Conversion {
            network: self.network,
            thresholds: self.thresholds,
            carriers: self.carriers,
            max_pool: pools.then_some(self.rule),
            notes: self.notes,
        })
    }

    fn layer(
        &mut self,
        index: usize,
        layer: &Layer,
        mut inputs: Vec<Signal>,
    ) -> Result<Signal, String> {
        let operation = &layer.operation;
        let waits = operation.is_activation()
            || matches!(
                operation,
                Operation::MaxPool { .. } | Operation::Affine { .. }
            );
        if let Some(pool) = inputs.iter().find_map(|input| input.pools.first())
            && !waits
        {
            return Err(format!(
                "max pooling \"{}\" in front of it reads values that may be negative, which spikes cannot carry; put a ReLU in front of the max pooling",
                pool.name
            ));
        }
        match operation {
            Operation::Add => return self.add(layer, inputs),
            Operation::Concat => return self.concat(layer, inputs),
            Operation::Input => return Ok(self.input(layer)),
            _ => {}
        }
        let input = inputs.pop().ok_or("it reads nothing")?;
        match operation {
            Operation::Dense { weight, bias } => self.dense(layer, input, weight, bias),
            Operation::Convolution {
                convolution,
                weight,
                bias,
            } => self.convolution(layer, input, *convolution, weight, bias),
            Operation::Affine { scale, shift } => {
                self.notes.push(format!(
                    "normalisation or constants of \"{}\" folded into weights and biases",
                    layer.name
                ));
                self.affine(layer, input, scale, shift)
            }
            Operation::MaxPool { window } => {
                self.max_pool(&layer.name, *window, layer.shape, input)
            }
            Operation::AveragePool {
                window,
                count_padding,
            } => self.average(layer, input, *window, *count_padding),
            Operation::Pad {
                vertical,
                horizontal,
            } => self.pad(layer, input, vertical.0, horizontal.0),
            Operation::Arrange { from } => Ok(self.arrange(layer, input, from.as_deref())),
            _ => self.rectify(index, operation, input),
        }
    }

    fn input(&mut self, layer: &Layer) -> Signal {
        let population = self.population(&layer.name, layer.shape, Neuron::Input, Vec::new());
        let factor = vec![1.0; layer.shape.channels];
        Signal::of(population, &layer.name, layer.shape, factor, true)
    }

    /// The last layer: a readout by accumulated potential, or the spikes of the last population if
    /// it fires by itself.
    fn output(&mut self, mut signal: Signal) -> Result<(), String> {
        signal.settle()?;
        if let Some(pool) = signal.pools.first() {
            return Err(format!(
                "max pooling \"{}\" without a ReLU is not converted; put a ReLU in front of it",
                pool.name
            ));
        }
        if let [term] = signal.terms.as_slice()
            && let Map::Placed(placement) = &term.map
        {
            let last = term.population + 1 == self.network.populations.len();
            let neuron = &self.network.populations[term.population].neuron;
            let fires = matches!(neuron, Neuron::IntegrateFire(_));
            let whole = placement.source == signal.shape;
            // Spikes of all channels must stand for the same to be compared by their number.
            let alike = placement
                .factor
                .iter()
                .all(|&f| f > 0.0 && f == placement.factor[0]);
            if last && fires && whole && alike && signal.bias.iter().all(|&b| b == 0.0) {
                return Ok(());
            }
        }
        let (name, shape) = (signal.name.clone(), signal.shape);
        let bias = std::mem::take(&mut signal.bias);
        let population = self.population(&name, shape, Neuron::Integrator, bias);
        self.project(signal, population)
    }

    /// Adds a projection.
    fn connect(
        &mut self,
        source: usize,
        target: usize,
        connectivity: Connectivity,
        weights: Vec<f32>,
    ) {
        self.network
            .projections
            .push(Projection::new(source, target, connectivity, weights));
    }

    /// Adds a projection whose synapses all weigh 1.
    fn connect_uniform(&mut self, source: usize, target: usize, connectivity: Connectivity) {
        self.network.projections.push(Projection::new(
            source,
            target,
            connectivity,
            Weights::Uniform(1.0),
        ));
    }

    /// Adds a population under a readable, unique name.
    fn population(&mut self, name: &str, shape: Shape, neuron: Neuron, bias: Vec<f32>) -> usize {
        let readable = name.trim_start_matches('/');
        let mut unique = readable.to_owned();
        let mut copy = 2;
        while self.network.populations.iter().any(|p| p.name == unique) {
            unique = format!("{readable}#{copy}");
            copy += 1;
        }
        self.network.populations.push(Population {
            name: unique,
            shape,
            neuron,
            bias,
            poisson: None,
        });
        self.network.populations.len() - 1
    }
}

/// Biases of output channels as one per neuron, channels last.
fn per_neuron(bias: &[f32], shape: Shape) -> Vec<f32> {
    bias.iter().copied().cycle().take(shape.neurons()).collect()
}
