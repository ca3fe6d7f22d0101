//! Walks the layers of the original and builds populations and projections.

mod activation;
mod linear;
mod pooling;

use super::compose::AveragePooling;
use super::{Calibration, Carrier, Conversion, ConversionError, ConversionOptions};
use crate::ann::{Ann, Layer, Operation};
use crate::network::{Network, Population, Shape};
use crate::neuron::{MaxPoolRule, Neuron};
use linear::{Linear, LinearKind};

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
        let mut signals: Vec<Signal> = Vec::with_capacity(self.ann.layers.len());
        for (index, layer) in self.ann.layers.iter().enumerate() {
            let input = if index == 0 {
                Signal::Missing
            } else {
                signals[layer.inputs[0]].clone()
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
            carriers: self.carriers,
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
            (operation, Signal::Linear(linear)) if operation.is_activation() => {
                self.rectify(index, *linear)
            }
            // Spikes are never negative.
            (Operation::Relu, carried @ Signal::Carried { signed: false, .. }) => Ok(carried),
            (Operation::Relu | Operation::ClippedRelu { .. } | Operation::Staircase { .. }, _) => {
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
