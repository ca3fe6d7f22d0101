//! Walks the layers of the original and builds populations and projections.

use super::compose::AveragePooling;
use super::{Calibration, Conversion, ConversionError, ConversionOptions};
use crate::ann::{Ann, Layer, Operation};
use crate::network::{
    BitRows, Connectivity, Convolution, Network, Pattern, Population, Projection, Shape, Weights,
    Window,
};
use crate::neuron::{IntegrateFire, MaxPool, MaxPoolRule, Neuron, Reset, ThresholdTest};

/// What the output of a layer of the original is in the spiking network.
#[derive(Debug, Clone)]
enum Signal {
    /// Spikes (or the input current) of a population, possibly through average pooling.
    Carried {
        population: usize,
        /// What one spike stands for, per channel.
        amplitude: Vec<f32>,
        pooling: Option<AveragePooling>,
        /// Shape before it was flattened to a vector, which fixes the order of its elements.
        shape: Shape,
        /// Whether it can be negative (the input).
        signed: bool,
    },
    /// A linear layer whose neurons are not decided yet.
    Linear(Box<Linear>),
    /// Not available: the layer has a problem that is already listed.
    Missing,
}

/// A linear layer of the original, with what was folded into it.
#[derive(Debug, Clone)]
struct Linear {
    name: String,
    source: Box<Signal>,
    kind: LinearKind,
    bias: Vec<f32>,
    shape: Shape,
    /// Set when max pooling stands between this layer and its ReLU.
    pooled_by: Vec<(String, Window, Shape)>,
}

#[derive(Debug, Clone)]
enum LinearKind {
    /// Weights `[out, in]`.
    Dense(Vec<f32>),
    /// Weights `[out, in of the group, ky, kx]`.
    Convolution(Convolution, Vec<f32>),
}

impl LinearKind {
    /// Multiplies the weights of each output channel.
    fn scale_outputs(&mut self, scale: &[f32]) {
        let weights = match self {
            LinearKind::Dense(weights) | LinearKind::Convolution(_, weights) => weights,
        };
        let per_output = weights.len() / scale.len().max(1);
        for (row, scale) in weights.chunks_exact_mut(per_output.max(1)).zip(scale) {
            row.iter_mut().for_each(|w| *w *= scale);
        }
    }
}

pub(super) struct NetworkBuilder<'a> {
    ann: &'a Ann,
    calibration: &'a Calibration,
    options: &'a ConversionOptions,
    rule: MaxPoolRule,
    network: Network,
    thresholds: Vec<(String, f64)>,
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
            notes: ann.notes.clone(),
            problems: Vec::new(),
        }
    }

    pub(super) fn build(mut self) -> Result<Conversion, ConversionError> {
        let mut signals: Vec<Signal> = Vec::with_capacity(self.ann.layers.len());
        for (index, layer) in self.ann.layers.iter().enumerate() {
            let input = if index == 0 {
                Signal::Missing
            } else {
                signals[layer.input].clone()
            };
            let signal = self.layer(index, layer, input).unwrap_or_else(|reason| {
                let problem = format!("  layer \"{}\": {reason}", layer.name);
                self.problems.push(problem);
                Signal::Missing
            });
            signals.push(signal);
        }
        if let Some((layer, signal)) = self.ann.layers.last().zip(signals.pop())
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
            max_pool: pools.then_some(self.rule),
            notes: self.notes,
        })
    }

    fn layer(&mut self, index: usize, layer: &Layer, input: Signal) -> Result<Signal, String> {
        let name = layer.name.clone();
        match (&layer.operation, input) {
            (Operation::Input, _) => {
                let population = self.population(&layer.name, layer.shape, Neuron::Input, Vec::new());
                Ok(Signal::Carried {
                    population,
                    amplitude: vec![1.0; layer.shape.channels],
                    pooling: None,
                    shape: layer.shape,
                    signed: true,
                })
            }
            (_, Signal::Missing) => Ok(Signal::Missing),
            (Operation::Dense { weight, bias }, source @ Signal::Carried { .. }) => {
                Ok(Signal::Linear(Box::new(Linear {
                    name,
                    source: Box::new(source),
                    kind: LinearKind::Dense(weight.clone()),
                    bias: bias.clone(),
                    shape: layer.shape,
                    pooled_by: Vec::new(),
                })))
            }
            (
                Operation::Convolution {
                    convolution,
                    weight,
                    bias,
                },
                source @ Signal::Carried { .. },
            ) => Ok(Signal::Linear(Box::new(Linear {
                name,
                source: Box::new(source),
                kind: LinearKind::Convolution(*convolution, weight.clone()),
                bias: bias.clone(),
                shape: layer.shape,
                pooled_by: Vec::new(),
            }))),
            (Operation::Affine { scale, shift }, Signal::Linear(mut linear))
                if linear.pooled_by.is_empty() =>
            {
                linear.kind.scale_outputs(scale);
                for (i, bias) in linear.bias.iter_mut().enumerate() {
                    *bias = scale[i] * *bias + shift[i];
                }
                self.notes.push(format!(
                    "batch normalisation \"{name}\" folded into \"{}\"",
                    linear.name
                ));
                Ok(Signal::Linear(linear))
            }
            (Operation::Affine { .. }, _) => Err(
                "batch normalisation is converted only right behind a convolution or linear layer; move it there".into(),
            ),
            (Operation::Relu, Signal::Linear(linear)) => self.rectify(index, *linear),
            // Spikes are never negative.
            (Operation::Relu, carried @ Signal::Carried { signed: false, .. }) => Ok(carried),
            (Operation::Relu, _) => {
                Err("a ReLU on the input has no neurons to spike; put a linear layer in front".into())
            }
            (Operation::MaxPool { window }, Signal::Linear(mut linear)) => {
                linear.pooled_by.push((name, *window, layer.shape));
                Ok(Signal::Linear(linear))
            }
            (Operation::MaxPool { window }, carried @ Signal::Carried { .. }) => {
                self.max_pool(&name, *window, layer.shape, carried)
            }
            (
                Operation::AveragePool {
                    window,
                    count_padding,
                },
                Signal::Carried {
                    population,
                    amplitude,
                    pooling: None,
                    shape,
                    signed,
                },
            ) => Ok(Signal::Carried {
                population,
                amplitude,
                pooling: Some(AveragePooling {
                    input: shape,
                    output: layer.shape,
                    window: *window,
                    count_padding: *count_padding,
                }),
                shape: layer.shape,
                signed,
            }),
            (Operation::AveragePool { .. }, Signal::Carried { .. }) => {
                Err("two average poolings in a row are not converted; merge them into one".into())
            }
            (Operation::AveragePool { .. }, Signal::Linear(_)) => Err(
                "average pooling is converted only behind a ReLU; swap it with its linear layer or retrain with ReLU in front".into(),
            ),
            (Operation::Flatten, carried @ Signal::Carried { .. }) => Ok(carried),
            (Operation::Flatten, Signal::Linear(linear)) => {
                if linear.shape.height * linear.shape.width == 1 && linear.pooled_by.is_empty() {
                    Ok(Signal::Linear(linear))
                } else {
                    Err("a convolution is flattened before its ReLU; apply the ReLU first, it gives the same result".into())
                }
            }
            (Operation::Dense { .. } | Operation::Convolution { .. }, Signal::Linear(below)) => {
                Err(format!(
                    "no ReLU between it and \"{}\"; merge the two linear layers into one",
                    below.name
                ))
            }
        }
    }

    /// Gives a linear layer integrate-and-fire neurons.
    fn rectify(&mut self, index: usize, linear: Linear) -> Result<Signal, String> {
        let observed = self
            .calibration
            .ranges
            .iter()
            .find(|range| range.layer == super::carrier(self.ann, index))
            .ok_or("its activations were not calibrated")?;
        let mut threshold = if self.options.use_max {
            observed.max
        } else {
            observed.percentile
        };
        if threshold <= 0.0 {
            threshold = if observed.max > 0.0 {
                observed.max
            } else {
                1.0
            };
            self.notes.push(format!(
                "layer \"{}\" is {} on the calibration data; its threshold is {threshold}",
                linear.name,
                if observed.max > 0.0 {
                    "almost silent"
                } else {
                    "silent"
                },
            ));
        }
        let neurons = linear.shape.neurons();
        let neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![threshold; neurons],
            initial: self.options.initial_potential,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
        });
        let bias = per_neuron(&linear.bias, linear.shape);
        let population = self.population(&linear.name, linear.shape, neuron, bias);
        self.thresholds.push((
            self.network.populations[population].name.clone(),
            f64::from(threshold),
        ));
        self.project(&linear, population)?;
        let mut signal = Signal::Carried {
            population,
            amplitude: vec![threshold; linear.shape.channels],
            pooling: None,
            shape: linear.shape,
            signed: false,
        };
        for (name, window, shape) in &linear.pooled_by {
            self.notes.push(format!(
                "max pooling \"{name}\" moved behind its ReLU, which gives the same result"
            ));
            signal = self.max_pool(name, *window, *shape, signal)?;
        }
        Ok(signal)
    }

    fn max_pool(
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

    /// The last layer: a readout by accumulated potential, or spikes.
    fn output(&mut self, signal: Signal) -> Result<(), String> {
        match signal {
            Signal::Linear(linear) if linear.pooled_by.is_empty() => {
                let bias = per_neuron(&linear.bias, linear.shape);
                let population =
                    self.population(&linear.name, linear.shape, Neuron::Integrator, bias);
                self.project(&linear, population)
            }
            Signal::Carried {
                population,
                pooling: None,
                ..
            } if population + 1 == self.network.populations.len() && population > 0 => Ok(()),
            Signal::Missing => Ok(()),
            _ => Err("the network must end in a linear layer or a ReLU".into()),
        }
    }

    /// Connects the source of a linear layer to its population.
    fn project(&mut self, linear: &Linear, target: usize) -> Result<(), String> {
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
