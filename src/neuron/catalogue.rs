//! The neuron models by name.

use super::options::Options;
use super::setup::{NeuronError, ParameterInfo, Setup};
use super::{Dynamics, Parameter};
use super::{alif, cuba_li, cuba_lif, i, integrate_and_fire, izhikevich, li, lif, threshold};
use crate::names::nearest;
use std::collections::BTreeMap;

/// A neuron model that can be asked for by name.
#[derive(Debug)]
pub struct Model {
    /// Name, as users write it.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Parameters it takes.
    pub parameters: &'static [ParameterInfo],
    pub(super) build: fn(Setup) -> Result<Box<dyn Dynamics>, NeuronError>,
}

/// All models.
pub const MODELS: &[Model] = &[
    integrate_and_fire::MODEL,
    lif::MODEL,
    cuba_lif::MODEL,
    alif::MODEL,
    izhikevich::MODEL,
    i::MODEL,
    li::MODEL,
    cuba_li::MODEL,
    threshold::MODEL,
];

impl Model {
    /// The model of this name.
    ///
    /// # Errors
    /// If there is none: the message names the nearest and lists all.
    pub fn get(name: &str) -> Result<&'static Model, NeuronError> {
        let names = || MODELS.iter().map(|model| model.name);
        MODELS
            .iter()
            .find(|model| model.name == name)
            .ok_or_else(|| NeuronError::UnknownModel {
                name: name.to_owned(),
                nearest: nearest(name, names()),
                known: names().collect::<Vec<_>>().join(", "),
            })
    }
}

/// The model of this name with these parameters, run as the options say.
///
/// # Errors
/// What is unknown, missing, out of range or not supported, by name.
pub fn build(
    name: &str,
    parameters: &BTreeMap<String, Parameter>,
    options: &Options,
) -> Result<Box<dyn Dynamics>, NeuronError> {
    (Model::get(name)?.build)(Setup::new(name, parameters, options)?)
}

/// Parameters that several models share, so that they read the same everywhere.
pub(super) mod shared {
    use super::ParameterInfo;

    const fn info(
        name: &'static str,
        unit: &'static str,
        default: Option<f64>,
        about: &'static str,
    ) -> ParameterInfo {
        ParameterInfo {
            name,
            unit,
            default,
            about,
        }
    }

    pub const TAU: ParameterInfo = info("tau", "s", None, "time constant of the membrane");
    pub const TAU_MEM: ParameterInfo = info("tau_mem", "s", None, "time constant of the membrane");
    pub const TAU_SYN: ParameterInfo = info(
        "tau_syn",
        "s",
        None,
        "time constant of the synaptic current",
    );
    pub const R: ParameterInfo = info("r", "Ohm", Some(1.0), "what input is multiplied by");
    pub const V_LEAK: ParameterInfo =
        info("v_leak", "V", Some(0.0), "potential that the leak pulls to");
    pub const V_THRESHOLD: ParameterInfo = info(
        "v_threshold",
        "V",
        Some(1.0),
        "potential at which a neuron fires",
    );
    pub const V_RESET: ParameterInfo = info(
        "v_reset",
        "V",
        Some(0.0),
        "potential after a spike, unless reset by subtraction",
    );
    pub const W_IN: ParameterInfo = info(
        "w_in",
        "1",
        Some(1.0),
        "what input to the current is multiplied by",
    );
    pub const V_INITIAL: ParameterInfo = info(
        "v_initial",
        "V",
        Some(0.0),
        "potential before the first timestep",
    );
}
