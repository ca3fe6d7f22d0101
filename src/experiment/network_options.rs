//! The conventions by which a spiking network runs, and how its input is read.

use super::SimulateError;
use crate::formats::spikes::Layout;
use crate::neuron::{CurrentOrder, InitialPotential, ResetRule, ThresholdTest};
use serde::{Deserialize, Serialize};

/// Length of the timesteps that events are binned into unless stated [s].
const EVENT_BIN_S: f64 = 1e-3;

/// The choices on which simulators of spiking networks differ, and how input is read. What is
/// `None` is as the preset, or the file of a native network, says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkOptions {
    /// Name of the conventions; see [`PRESETS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Length of a timestep [s], > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dt_s: Option<f64>,
    /// What a spike does to the potential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetRule>,
    /// Whether the input of a timestep is scaled by `1 − decay`, as a current that flows during it, or
    /// added whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm_input: Option<bool>,
    /// When a neuron fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_test: Option<ThresholdTest>,
    /// Which synaptic current drives the membrane of the `cuba` models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_order: Option<CurrentOrder>,
    /// Potential of each neuron before the first timestep: one for all [V], or `metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_potential: Option<StartPotential>,
    /// The input is the same in every timestep.
    pub hold_input: bool,
    /// What the axes of an array of input are; its labels decide if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Length of the timesteps that recorded events are binned into [s], > 0; that of
    /// [`NetworkOptions::dt_s`], or 1 ms, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_s: Option<f64>,
}

/// Where potentials before the first timestep come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a potential or \"metadata\"")]
pub enum StartPotential {
    /// The same for all neurons [V].
    Value(f64),
    /// A source by name.
    Named(StartSource),
}

/// Sources of initial potentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartSource {
    /// See [`InitialPotential::Metadata`].
    Metadata,
}

impl From<StartPotential> for InitialPotential {
    fn from(start: StartPotential) -> Self {
        match start {
            StartPotential::Value(v) => InitialPotential::Value(v),
            StartPotential::Named(StartSource::Metadata) => InitialPotential::Metadata,
        }
    }
}

impl NetworkOptions {
    /// Checks the values.
    pub(super) fn check(&self) -> Result<(), SimulateError> {
        for (option, value) in [("--dt", self.dt_s), ("--dt-bin", self.bin_s)] {
            if let Some(value) = value.filter(|value| !(*value > 0.0 && value.is_finite())) {
                return Err(SimulateError::Option {
                    option,
                    value: value.to_string(),
                    expected: "state seconds above 0",
                });
            }
        }
        match self.initial_potential {
            Some(StartPotential::Value(value)) if !value.is_finite() => {
                Err(SimulateError::Option {
                    option: "--initial-potential",
                    value: value.to_string(),
                    expected: "state a finite potential",
                })
            }
            _ => Ok(()),
        }
    }

    /// Length of the timesteps that recorded events are binned into [s].
    pub(super) fn event_bin_s(&self) -> f64 {
        self.bin_s.or(self.dt_s).unwrap_or(EVENT_BIN_S)
    }
}
