//! Named parameters of a population, checked, with defaults filled in.

use super::error::NeuronError;
use super::options::{InitialPotential, LeakPotential, Options, ResetRule, Resistance};
use super::parameter_info::ParameterInfo;
use super::{Parameter, Reset};
use crate::names::suggestion;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parameters and options of a population of one model: all of them, checked for their names,
/// their numbers of values, and being finite.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuronSetup {
    model: &'static str,
    options: Options,
    parameters: Arc<BTreeMap<&'static str, Parameter>>,
    neurons: Option<usize>,
}

impl NeuronSetup {
    /// Parameters as given, completed with the defaults of a model that takes these.
    ///
    /// # Errors
    /// An unknown parameter, a missing one, a value that is not finite, different numbers
    /// of values, a timestep that is not positive, or a `v_leak` or `r` that the options refuse.
    pub(super) fn new(
        model: &'static str,
        takes: &[ParameterInfo],
        parameters: &BTreeMap<String, Parameter>,
        options: &Options,
    ) -> Result<Self, NeuronError> {
        let mut setup = NeuronSetup {
            model,
            options: *options,
            parameters: Arc::default(),
            neurons: None,
        };
        if !(options.dt_s > 0.0 && options.dt_s.is_finite()) {
            return Err(setup.refuse("dt_s", options.dt_s, "a timestep is longer than 0 s"));
        }
        let accepted = || takes.iter().map(|p| p.name);
        if let Some(name) = parameters
            .keys()
            .find(|name| !accepted().any(|p| p == **name))
        {
            return Err(NeuronError::UnknownParameter {
                model,
                parameter: name.clone(),
                suggestion: suggestion(name, accepted()),
                known: accepted().collect::<Vec<_>>().join(", "),
            });
        }
        let mut all = BTreeMap::new();
        let mut sized: Option<(&'static str, usize)> = None;
        for info in takes {
            let value = match (parameters.get(info.name), info.default) {
                (Some(given), _) => given.clone(),
                (None, Some(default)) => Parameter::uniform(default),
                (None, None) => {
                    return Err(NeuronError::Missing {
                        model,
                        parameter: info.name,
                        unit: info.unit,
                    });
                }
            };
            if let Some(bad) = value.values().iter().find(|v| !v.is_finite()) {
                return Err(setup.refuse(info.name, *bad, "it must be finite"));
            }
            if let Some(found) = value.neurons() {
                let (other, expected) = *sized.get_or_insert((info.name, found));
                if found != expected {
                    return Err(NeuronError::Lengths {
                        model,
                        parameter: info.name,
                        found,
                        other,
                        expected,
                    });
                }
            }
            all.insert(info.name, value);
        }
        let initial = match options.initial {
            InitialPotential::Value(v) if !v.is_finite() => {
                return Err(setup.refuse("v_initial", v, "it must be finite"));
            }
            InitialPotential::Value(v) => Some(Parameter::uniform(v)),
            InitialPotential::Leak if !parameters.contains_key("v_initial") => {
                all.get("v_leak").cloned()
            }
            InitialPotential::Leak | InitialPotential::File | InitialPotential::Metadata => None,
        };
        if let (Some(initial), Some(given)) = (initial, all.get_mut("v_initial")) {
            *given = initial;
        }
        setup.neurons = sized.map(|(_, neurons)| neurons);
        setup.parameters = Arc::new(all);
        setup.check_leak()?;
        Ok(setup)
    }

    fn check_leak(&self) -> Result<(), NeuronError> {
        let refused = match self.options.leak {
            LeakPotential::Any => false,
            LeakPotential::ZeroInCuba => self.parameters.contains_key("tau_syn"),
            LeakPotential::Zero => true,
        };
        let leak = self
            .parameters
            .get("v_leak")
            .map_or(&[][..], Parameter::values);
        match leak.iter().find(|v| **v != 0.0) {
            Some(v) if refused => Err(self.refuse(
                "v_leak",
                *v,
                "the simulator that these options describe runs 0 only; use the preset nir",
            )),
            _ => Ok(()),
        }
    }

    /// Name of the model.
    #[must_use]
    pub fn model(&self) -> &'static str {
        self.model
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// All parameters with their defaults, in physical units, by name. `v_initial` is what the
    /// neurons really start from.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<&'static str, Parameter> {
        &self.parameters
    }

    /// Number of neurons that the parameters are for; `None` if all are shared.
    #[must_use]
    pub fn neurons(&self) -> Option<usize> {
        self.neurons
    }

    /// A parameter that the model lists.
    pub(super) fn get(&self, name: &'static str) -> Result<&Parameter, NeuronError> {
        self.parameters.get(name).ok_or(NeuronError::Missing {
            model: self.model,
            parameter: name,
            unit: "?",
        })
    }

    /// A parameter whose values must be above zero.
    pub(super) fn positive(&self, name: &'static str) -> Result<&Parameter, NeuronError> {
        let parameter = self.get(name)?;
        match parameter.values().iter().find(|v| **v <= 0.0) {
            Some(v) => Err(self.refuse(name, *v, "it must be above 0")),
            None => Ok(parameter),
        }
    }

    /// `r` of a model without synaptic current, as the options take it.
    pub(super) fn resistance(&self) -> Result<Parameter, NeuronError> {
        match self.options.resistance {
            Resistance::Ignored => Ok(Parameter::uniform(1.0)),
            Resistance::Used | Resistance::Fixed | Resistance::PerSecond => self.get("r").cloned(),
        }
    }

    /// `v_reset`, as the options take it.
    pub(super) fn v_reset(&self) -> Result<Parameter, NeuronError> {
        if self.options.reads_v_reset {
            self.get("v_reset").cloned()
        } else {
            Ok(Parameter::uniform(0.0))
        }
    }

    /// Takes another reset instead, which gives the same spikes.
    pub(super) fn set_reset(&mut self, reset: ResetRule) {
        self.options.reset = reset;
    }

    /// What a spike does in its timestep, where the file is taken to say `file`.
    pub(super) fn reset(&self, file: Reset) -> Option<Reset> {
        self.options.reset.resolve(file)
    }

    /// Refuses integer arithmetic.
    pub(super) fn floating_point_only(&self) -> Result<(), NeuronError> {
        match self.options.fixed_point {
            None => Ok(()),
            Some(_) => Err(NeuronError::Unsupported {
                model: self.model,
                what: "it does not run in integer arithmetic",
                advice: "use another preset than loihi",
            }),
        }
    }

    pub(super) fn refuse(
        &self,
        parameter: &'static str,
        value: f64,
        needs: impl Into<String>,
    ) -> NeuronError {
        NeuronError::Value {
            model: self.model,
            parameter,
            value,
            needs: needs.into(),
        }
    }
}
