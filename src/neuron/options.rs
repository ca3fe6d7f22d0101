//! The choices on which simulators of the same neuron model differ.

use super::{Reset, ThresholdTest};
use crate::units::si;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the differential equations become timesteps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integration {
    /// Forward Euler: a leak keeps `1 − dt/tau` of the potential in a timestep.
    Euler,
    /// The exact solution for input that is constant within a timestep: a leak keeps
    /// `exp(−dt/tau)`.
    Exponential,
}

/// What the synaptic input of a timestep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A current that flows during the timestep: scaled by `r·dt/tau` (Euler) or
    /// `r·(1 − exp(−dt/tau))` (exponential).
    Current,
    /// A jump at the end of the timestep: added to the potential after its decay (to the synaptic
    /// current of the `cuba` models, as `w_in` times the input). `r` has no part in a jump of the
    /// potential.
    Delta,
}

/// What a spike does to the potential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetRule {
    /// What the network's file says; NIR files can only say: to `v_reset`.
    File,
    /// `v −= v_threshold`, whatever the file says.
    Subtract,
    /// `v = v_reset`, whatever the file says.
    Value,
    /// Nothing.
    None,
    /// `v −= v_threshold` in the next timestep, after its decay and input and before its test.
    ///
    /// Source: snnTorch 1.0.0, layers with `reset_mechanism="subtract"` and `reset_delay=True`, their
    /// defaults: `m = β·m + I − H(m − θ)·θ` with the old `m` in the step function.
    SubtractNext,
    /// `v = v_reset` in the next timestep, before its decay.
    ///
    /// Source: snnTorch 1.0.0, `Leaky` with `reset_mechanism="zero"` and `reset_delay=True`.
    ValueNext,
}

impl ResetRule {
    /// The reset in the timestep of the spike, for a population whose file says `file`; `None` if
    /// there is none.
    #[must_use]
    pub fn resolve(self, file: Reset) -> Option<Reset> {
        match self {
            ResetRule::File => Some(file),
            ResetRule::Subtract => Some(Reset::Subtract),
            ResetRule::Value => Some(Reset::ToValue),
            ResetRule::None | ResetRule::SubtractNext | ResetRule::ValueNext => None,
        }
    }
}

/// Which synaptic current drives the membrane of a `cuba` model under Euler integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurrentOrder {
    /// That of this timestep: input reaches the potential at once.
    New,
    /// That of the timestep before: input reaches the potential one timestep later.
    Old,
}

/// Spikes that one neuron may emit in one timestep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpikeLimit {
    /// At most one.
    One,
    /// As many as thresholds fit into the potential.
    Unbounded,
}

/// Potential before the first timestep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialPotential {
    /// The parameter `v_initial`; without one, 0.
    File,
    /// The parameter `v_initial`; without one, `v_leak` (0 for models that have none).
    Leak,
    /// What a NIR file carries beside a node as `metadata/v_initial`, which NIR gives no meaning;
    /// without it, as [`InitialPotential::File`].
    Metadata,
    /// This value in the unit of the model's `v_initial`, whatever the file says.
    Value(f64),
}

/// What becomes of the parameter `r`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resistance {
    /// It scales the input, as the equations say.
    Used,
    /// Models without synaptic current take 1 instead.
    Ignored,
    /// Models without leak multiply it by the length of a timestep, as `v' = r·x` says, instead of
    /// adding `r·x` in each; the others take it as it is.
    PerSecond,
    /// Models without leak accept 1 only, and the `cuba` models `tau_mem/dt` only (relative
    /// difference 1e-5).
    Fixed,
}

/// Which values of `v_leak` are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakPotential {
    /// Any.
    Any,
    /// 0 only, in the `cuba` models.
    ZeroInCuba,
    /// 0 only.
    Zero,
}

/// What else holds for integrate-and-fire without leak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IntegrateFireOptions {
    /// Part of the potential that a timestep keeps; 1 is the model.
    pub decay: f64,
    /// Whether the potential is kept at or above `−v_threshold`.
    pub floor: bool,
    /// What the file is taken to say about the reset.
    pub reset: Reset,
}

/// Integer arithmetic of a chip with state of limited width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FixedPoint {
    /// Integer weight that stands for an input of 1 V, > 0.
    pub weight_scale: f64,
}

/// How a simulator runs the equations of a neuron model: with the parameters of a population, all
/// that decides its spikes. [`super::PRESETS`] names the combinations that simulators use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Length of a timestep [s], > 0. For simulators that count in steps: 1.
    pub dt_s: f64,
    /// Integration.
    pub integration: Integration,
    /// When a neuron fires.
    pub test: ThresholdTest,
    /// What a spike does to the potential.
    pub reset: ResetRule,
    /// Whether `v_reset` is read; if not, it is 0.
    pub reads_v_reset: bool,
    /// Timesteps after a spike in which the potential is held at its reset and input to it is
    /// lost. A synaptic current goes on meanwhile.
    pub refractory_timesteps: u32,
    /// Spikes of one neuron in one timestep.
    pub spike_limit: SpikeLimit,
    /// What the input is.
    pub input: InputKind,
    /// What becomes of `r`.
    pub resistance: Resistance,
    /// Which `v_leak` is accepted.
    pub leak: LeakPotential,
    /// Current that drives the potential.
    pub current_order: CurrentOrder,
    /// Potential before the first timestep.
    pub initial: InitialPotential,
    /// Integrate-and-fire without leak.
    pub integrate_fire: IntegrateFireOptions,
    /// Integer arithmetic, if any.
    pub fixed_point: Option<FixedPoint>,
}

/// The options that users choose, in words.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let test = match self.test {
            ThresholdTest::AtLeast => "v >= threshold",
            ThresholdTest::Above => "v > threshold",
        };
        let reset = match self.reset {
            ResetRule::File => "as the file says",
            ResetRule::Subtract => "by subtraction",
            ResetRule::Value => "to v_reset",
            ResetRule::None => "none",
            ResetRule::SubtractNext => "by subtraction in the next timestep",
            ResetRule::ValueNext => "to v_reset in the next timestep",
        };
        let integration = match self.integration {
            Integration::Euler => "Euler",
            Integration::Exponential => "exponential",
        };
        let current = match self.current_order {
            CurrentOrder::New => "this timestep",
            CurrentOrder::Old => "the timestep before",
        };
        write!(
            f,
            "dt {}, {test}, reset {reset}, {integration} integration, synaptic current of {current}, initial potential ",
            si(self.dt_s, "s")
        )?;
        match self.initial {
            InitialPotential::File => f.write_str("as the file says"),
            InitialPotential::Leak => f.write_str("v_leak"),
            InitialPotential::Metadata => f.write_str("as the metadata say"),
            InitialPotential::Value(v) => write!(f, "{v}"),
        }
    }
}
