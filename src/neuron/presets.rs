//! How known simulators run the neuron models.

use super::options::{
    CurrentOrder, FixedPoint, InitialPotential, InputKind, IntegrateFireOptions, Integration,
    LeakPotential, Options, ResetRule, Resistance, SpikeLimit,
};
use super::{NeuronError, Reset, ThresholdTest};
use crate::names::suggestion;

/// Options under a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// Name, as users write it.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// The options.
    pub options: Options,
}

/// The specification of NIR in the discretisation of its paper.
///
/// Source: J. E. Pedersen et al., Neuromorphic intermediate representation: a unified instruction
/// set for interoperable brain-inspired computing, Nat. Commun. 15:8122, 2024.
const NIR: Options = Options {
    dt_s: 1e-4,
    integration: Integration::Euler,
    test: ThresholdTest::Above,
    reset: ResetRule::File,
    reads_v_reset: true,
    refractory_timesteps: 0,
    spike_limit: SpikeLimit::One,
    input: InputKind::Current,
    resistance: Resistance::Used,
    leak: LeakPotential::Any,
    current_order: CurrentOrder::New,
    initial: InitialPotential::File,
    integrate_fire: IntegrateFireOptions {
        decay: 1.0,
        floor: false,
        reset: Reset::ToValue,
    },
    fixed_point: None,
};

/// All presets; the first is the default.
///
/// Sources: the importers of NIR files and the neuron layers of norse 1.1.0 (`lif_box`, `iaf`),
/// snntorch 1.0.0 (`import_nir`, `Leaky`, `Synaptic`), SpikingJelly 2.0.0 (`nir_exchange`,
/// `IFNode`, `LIFNode`), sinabs 2.0.3 (`nir`, `lif_forward_single`)
/// and Lava (`lif/models`, `PyLifModelBitAcc`).
///
/// Known to be missing: snntorch's integrate-and-fire neuron whose potential still exceeds the
/// threshold after its subtraction is tested with that threshold subtracted once more; the
/// simulators compute in single precision. norse's `dt` is an argument (its default is 1e-3 s).
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "nir",
        about: "the NIR specification: dt 1e-4 s, forward Euler, v > v_threshold, reset to v_reset",
        options: NIR,
    },
    Preset {
        name: "norse",
        about: "norse: as nir, but r of lif and if is ignored, v_reset is 0, lif starts at v_leak",
        options: Options {
            reads_v_reset: false,
            resistance: Resistance::Ignored,
            leak: LeakPotential::ZeroInCuba,
            initial: InitialPotential::Leak,
            ..NIR
        },
    },
    Preset {
        name: "snntorch",
        about: "snnTorch 1.0: as nir, but v_reset is 0, v_leak must be 0, if leaks 10 % a timestep and subtracts",
        options: Options {
            reads_v_reset: false,
            resistance: Resistance::Fixed,
            leak: LeakPotential::Zero,
            integrate_fire: IntegrateFireOptions {
                decay: 0.9,
                floor: false,
                reset: Reset::Subtract,
            },
            ..NIR
        },
    },
    Preset {
        name: "spikingjelly",
        about: "SpikingJelly 2.0: as nir, but v >= v_threshold, and r of if is per second, as its exporter writes 1/dt",
        options: Options {
            test: ThresholdTest::AtLeast,
            resistance: Resistance::PerSecond,
            ..NIR
        },
    },
    Preset {
        name: "sinabs",
        about: "sinabs: tau in timesteps, exponential decay, r ignored, input added whole, several spikes a timestep, v >= v_threshold, reset by subtraction",
        options: Options {
            dt_s: 1.0,
            integration: Integration::Exponential,
            test: ThresholdTest::AtLeast,
            reset: ResetRule::Subtract,
            spike_limit: SpikeLimit::Unbounded,
            input: InputKind::Delta,
            resistance: Resistance::Ignored,
            leak: LeakPotential::Zero,
            integrate_fire: IntegrateFireOptions {
                decay: 1.0,
                floor: true,
                reset: Reset::Subtract,
            },
            ..NIR
        },
    },
    Preset {
        name: "loihi",
        about: "Loihi's integer neuron, bit for bit: 12-bit decays, 24-bit state, reset to 0; 256 weight units are 1 V",
        options: Options {
            reads_v_reset: false,
            fixed_point: Some(FixedPoint {
                weight_scale: 256.0,
            }),
            ..NIR
        },
    },
];

impl Preset {
    /// The preset of this name.
    ///
    /// # Errors
    /// If there is none: the message names the nearest and lists all.
    pub fn get(name: &str) -> Result<&'static Preset, NeuronError> {
        PRESETS
            .iter()
            .find(|preset| preset.name == name)
            .ok_or_else(|| NeuronError::UnknownPreset {
                name: name.to_owned(),
                suggestion: suggestion(name, PRESETS.iter().map(|preset| preset.name)),
                known: PRESETS
                    .iter()
                    .map(|preset| preset.name)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}
