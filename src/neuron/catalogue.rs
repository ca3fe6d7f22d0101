//! The neuron models by name.

use super::entry::Model;
use super::error::NeuronError;
use super::options::Options;
use super::{Dynamics, Parameter};
use super::{alif, cuba_li, cuba_lif, i, integrate_and_fire, izhikevich, li, lif, threshold};
use crate::names::suggestion;
use std::collections::BTreeMap;

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
                suggestion: suggestion(name, names()),
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
    let model = Model::get(name)?;
    (model.build)(model.setup(parameters, options)?)
}
