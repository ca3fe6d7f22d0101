//! What the catalogue knows of a neuron model.

use super::error::NeuronError;
use super::options::Options;
use super::parameter_info::ParameterInfo;
use super::setup::NeuronSetup;
use super::{Dynamics, Parameter};
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
    pub(super) build: fn(NeuronSetup) -> Result<Box<dyn Dynamics>, NeuronError>,
}

impl Model {
    /// Parameters as given, completed with the defaults of the model.
    ///
    /// # Errors
    /// An unknown parameter, a missing one, a value that is not finite, different numbers of
    /// values, a timestep that is not positive, or a `v_leak` or `r` that the options refuse.
    pub fn setup(
        &self,
        parameters: &BTreeMap<String, Parameter>,
        options: &Options,
    ) -> Result<NeuronSetup, NeuronError> {
        NeuronSetup::new(self.name, self.parameters, parameters, options)
    }
}
