//! Populations as neuron nodes.

use super::super::primitives::{
    CubaLI, CubaLIF, I, IF, Input, LI, LIF, Primitive, Scale, Threshold,
};
use super::super::tensor::Tensor;
use super::Raising;
use crate::network::{Population, Shape};
use crate::neuron::{
    self, CubaLi, CubaLif, If, Li, Lif, Loihi, Neuron, NeuronSetup, Options, PRESETS, Parameter,
    Relay, Reset,
};
use std::collections::BTreeMap;

impl Raising<'_> {
    /// The node of a population of dimensions `dims`.
    pub(super) fn primitive(
        &mut self,
        population: &Population,
        dims: &[usize],
    ) -> Result<Primitive, String> {
        let filled = |value: f64| Tensor {
            dims: dims.to_vec(),
            data: vec![value; population.shape.neurons()],
        };
        Ok(match &population.neuron {
            Neuron::Input => Primitive::Input(Input {
                shape: dims.to_vec(),
            }),
            Neuron::Integrator => Primitive::I(I { r: filled(1.0) }),
            Neuron::MaxPool(_) => {
                return Err(String::from(
                    "NIR has no spiking max pooling; replace it by average pooling before conversion",
                ));
            }
            Neuron::IntegrateFire(model) if model.signed => {
                return Err(String::from(
                    "NIR has no neuron that takes spikes back; convert without signed spikes",
                ));
            }
            Neuron::IntegrateFire(model) => {
                if model.initial != 0.0 {
                    self.notes.push(format!(
                        "population \"{}\" starts at {:.4} of its threshold, which stands as metadata/v_initial: NIR has no initial potential",
                        population.name, model.initial
                    ));
                }
                if model.reset == Reset::Subtract {
                    self.notes.push(format!(
                        "population \"{}\" is reset by subtraction, NIR can only say to v_reset",
                        population.name
                    ));
                }
                if model.test == neuron::ThresholdTest::AtLeast {
                    self.notes.push(format!(
                        "population \"{}\" fires at its threshold, NIR says above it",
                        population.name
                    ));
                }
                let thresholds: Vec<f64> = model.threshold.iter().map(|&v| v.into()).collect();
                Primitive::IF(IF {
                    r: filled(1.0),
                    v_threshold: Tensor {
                        dims: dims.to_vec(),
                        data: population.shape.to_channels_first(&thresholds),
                    },
                    v_reset: filled(0.0),
                })
            }
            Neuron::Model(model) => {
                if model.as_any().is::<Relay>() {
                    return Ok(Primitive::Scale(Scale { scale: filled(1.0) }));
                }
                let setup = setup(model.as_any())
                    .ok_or_else(|| format!("NIR has no neuron like {}", model.name()))?;
                if *setup.options() != spec(self.dt_s) {
                    self.notes.push(format!(
                        "population \"{}\" runs with options that NIR has no place for; run it with the same",
                        population.name
                    ));
                }
                if start(population).is_some() {
                    self.notes.push(format!(
                        "population \"{}\" starts at potentials that stand as metadata/v_initial: NIR has no initial potential",
                        population.name
                    ));
                }
                from_setup(setup, population.shape, dims)?
            }
        })
    }
}

/// How a simulator that knows nothing but the file runs it.
fn spec(dt_s: f64) -> Options {
    Options {
        dt_s,
        ..PRESETS[0].options
    }
}

/// Potentials before the first timestep, channels last; `None` if all are 0.
pub(super) fn start(population: &Population) -> Option<Vec<f64>> {
    let start: Vec<f64> = match &population.neuron {
        // As the engine does, in single precision.
        Neuron::IntegrateFire(model) => (model.threshold.iter())
            .map(|threshold| f64::from(model.initial * threshold))
            .collect(),
        Neuron::Model(model) => {
            let initial = setup(model.as_any())?.parameters().get("v_initial")?;
            (0..population.shape.neurons())
                .map(|neuron| initial.get(neuron))
                .collect()
        }
        _ => return None,
    };
    start.iter().any(|&v| v != 0.0).then_some(start)
}

/// Parameters of a model that has them by name.
fn setup(model: &dyn std::any::Any) -> Option<&NeuronSetup> {
    None.or_else(|| model.downcast_ref().map(If::setup))
        .or_else(|| model.downcast_ref().map(Lif::setup))
        .or_else(|| model.downcast_ref().map(CubaLif::setup))
        .or_else(|| model.downcast_ref().map(neuron::GradedIntegrator::setup))
        .or_else(|| model.downcast_ref().map(Li::setup))
        .or_else(|| model.downcast_ref().map(CubaLi::setup))
        .or_else(|| model.downcast_ref().map(neuron::Heaviside::setup))
        .or_else(|| model.downcast_ref().map(Loihi::<true>::setup))
        .or_else(|| model.downcast_ref().map(Loihi::<false>::setup))
}

/// The node of a model, by the names that it shares with NIR.
fn from_setup(setup: &NeuronSetup, shape: Shape, dims: &[usize]) -> Result<Primitive, String> {
    let parameters: BTreeMap<&str, Tensor> = setup
        .parameters()
        .iter()
        .map(|(&name, parameter)| (name, tensor(parameter, shape, dims)))
        .collect();
    let get = |name: &str| {
        let missing = || format!("neuron model {} has no {name}", setup.model());
        parameters.get(name).cloned().ok_or_else(missing)
    };
    Ok(match setup.model() {
        "threshold" => Primitive::Threshold(Threshold {
            threshold: get("threshold")?,
        }),
        "i" => Primitive::I(I { r: get("r")? }),
        "if" => Primitive::IF(IF {
            r: get("r")?,
            v_threshold: get("v_threshold")?,
            v_reset: get("v_reset")?,
        }),
        "li" => Primitive::LI(LI {
            tau: get("tau")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
        }),
        "lif" => Primitive::LIF(LIF {
            tau: get("tau")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
            v_threshold: get("v_threshold")?,
            v_reset: get("v_reset")?,
        }),
        "cuba_li" => Primitive::CubaLI(CubaLI {
            tau_syn: get("tau_syn")?,
            tau_mem: get("tau_mem")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
            w_in: get("w_in")?,
        }),
        "cuba_lif" => Primitive::CubaLIF(CubaLIF {
            tau_syn: get("tau_syn")?,
            tau_mem: get("tau_mem")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
            v_threshold: get("v_threshold")?,
            v_reset: get("v_reset")?,
            w_in: get("w_in")?,
        }),
        other => return Err(format!("NIR has no neuron like {other}")),
    })
}

fn tensor(parameter: &Parameter, shape: Shape, dims: &[usize]) -> Tensor {
    let all: Vec<f64> = (0..shape.neurons()).map(|n| parameter.get(n)).collect();
    Tensor {
        dims: dims.to_vec(),
        data: shape.to_channels_first(&all),
    }
}
