//! The integer neuron of Loihi.

use super::coefficients::zip;
use super::error::NeuronError;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed};
use super::model::Advance;
use super::options::{FixedPoint, InputKind, Integration, SpikeLimit};
use super::setup::NeuronSetup;
use super::{NeuronModel, Parameter, Reset, ThresholdTest};
use std::ops::Range;

/// 2^12: a decay of this much forgets everything.
const UNITY: i64 = 1 << 12;
/// Largest decay that its register holds.
const MAX_DECAY: f64 = 4095.0;
/// Weights, thresholds and input stand this many bits above the least significant one of the state.
const SHIFT: u32 = 6;
/// Potential and current lie strictly between plus and minus this.
const LIMIT: i64 = 1 << 23;
/// Largest threshold register, in weight units.
const MAX_THRESHOLD: f64 = 131_071.0;

/// Loihi's current-based neuron in integer arithmetic; `/` rounds toward zero.
///
/// ```text
/// u ← u·(4096 − (decay_u + 1))/4096 + 64·a         wraps around at ±2²³
/// v ← v·(4096 − decay_v)/4096 + u + bias           clipped to ±(2²³ − 1)
/// threshold     v > 64·threshold
/// reset         v ← 0
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `decay_u` | 1/4096 | trunc(4095·dt/tau_syn); 4095 where a model has no synaptic current |
/// | `decay_v` | 1/4096 | trunc(4095·dt/tau); 0 where a model has no leak |
/// | `threshold` | weight unit | trunc(v_threshold·scale·131071/131072) |
/// | `bias` | state unit | trunc(64·scale·v_leak·dt/tau) |
/// | `a` | weight unit | trunc(scale·g·x), with the factors of the floating-point model in g |
///
/// `scale` is [`FixedPoint::weight_scale`]; decays, threshold and `g = dt/tau` at 256 are those with
/// which the NIR paper ran a LIF neuron on Loihi. With exponential integration, `1 − e^(−dt/tau)`
/// stands for `dt/tau`. The factors of a synaptic current move into `a`, since the equations are
/// linear. The chip rounds each weight, here the sum `x` is rounded: the same wherever `scale·g`
/// times each weight is an integer. A sum beyond ±131071 weight units is clipped to them.
///
/// `SPIKES = false` is the same neuron without threshold: its potential is read out.
///
/// Source: M. Davies et al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE
/// Micro 38:82–99, 2018; `PyLifModelBitAcc` of Intel's Lava (`src/lava/proc/lif/models.py`), which
/// documents itself as bit-accurate; mapping of parameters: `paper/01_lif/_lava_nir.py` of NIR.
#[derive(Debug, Clone, PartialEq)]
pub struct Loihi<const SPIKES: bool> {
    setup: NeuronSetup,
    /// What is kept of the current, in 1/4096.
    keep_u: Parameter,
    /// What is kept of the potential, in 1/4096.
    keep_v: Parameter,
    /// In units of the state.
    bias: Parameter,
    /// In units of the state.
    threshold: Parameter,
    /// Weight units per input.
    gain: Parameter,
    /// In units of the state.
    initial: Parameter,
    /// Units of the state per V.
    units: f64,
}

/// State of a neuron on Loihi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoihiState {
    /// Synaptic current.
    pub u: i32,
    /// Potential.
    pub v: i32,
    /// Timesteps left of the refractory period.
    pub refractory: u32,
}

impl<const SPIKES: bool> Loihi<SPIKES> {
    pub(super) fn without_leak(setup: NeuronSetup, chip: FixedPoint) -> Result<Self, NeuronError> {
        let rule = setup.options().integrate_fire;
        if SPIKES && (rule.floor || rule.decay != 1.0) {
            return Err(unsupported(
                setup.model(),
                "Loihi has neither a floor nor a leak in integrate-and-fire",
            ));
        }
        let none = Parameter::uniform(0.0);
        let gain = setup.resistance()?;
        Self::new(
            setup,
            chip,
            Parameter::uniform(1.0),
            none.clone(),
            gain,
            none,
        )
    }

    pub(super) fn leaky(setup: NeuronSetup, chip: FixedPoint) -> Result<Self, NeuronError> {
        let leak = fraction(&setup, "tau")?;
        let gain = match setup.options().input {
            InputKind::Current => zip(&setup.resistance()?, &leak, |r, leak| r * leak),
            InputKind::Delta => Parameter::uniform(1.0),
        };
        let pull = zip(setup.get("v_leak")?, &leak, |v, leak| v * leak);
        Self::new(setup, chip, Parameter::uniform(1.0), leak, gain, pull)
    }

    pub(super) fn with_current(setup: NeuronSetup, chip: FixedPoint) -> Result<Self, NeuronError> {
        let (leak, decay) = (fraction(&setup, "tau_mem")?, fraction(&setup, "tau_syn")?);
        let gain = zip(setup.get("r")?, &leak, |r, leak| r * leak);
        let gain = zip(&gain, setup.get("w_in")?, |gain, w| gain * w);
        let gain = match setup.options().input {
            InputKind::Current => zip(&gain, &decay, |gain, decay| gain * decay),
            InputKind::Delta => gain,
        };
        let pull = zip(setup.get("v_leak")?, &leak, |v, leak| v * leak);
        Self::new(setup, chip, decay, leak, gain, pull)
    }

    /// `decay`, `leak`: part of current and potential lost in a timestep; `gain`: potential per
    /// input; `pull`: potential gained in each timestep.
    fn new(
        setup: NeuronSetup,
        chip: FixedPoint,
        decay: Parameter,
        leak: Parameter,
        gain: Parameter,
        pull: Parameter,
    ) -> Result<Self, NeuronError> {
        let options = setup.options();
        let scale = chip.weight_scale;
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(setup.refuse("weight_scale", scale, "it must be above 0"));
        }
        let units = scale * f64::from(1u32 << SHIFT);
        let in_range = |name, parameter: &Parameter| {
            match parameter.values().iter().find(|v| (units * **v).abs() >= LIMIT as f64) {
                Some(v) => Err(setup.refuse(
                    name,
                    *v,
                    format!(
                        "Loihi's 24-bit state reaches {} V at {scale} weight units per V; lower weight_scale",
                        LIMIT as f64 / units
                    ),
                )),
                None => Ok(parameter.map(|v| (units * v).trunc())),
            }
        };
        let initial = in_range("v_initial", setup.get("v_initial")?)?;
        let bias = in_range("v_leak", &pull)?;
        let mut threshold = Parameter::uniform(0.0);
        if SPIKES {
            let value =
                !options.reads_v_reset || setup.get("v_reset")?.values().iter().all(|v| *v == 0.0);
            if setup.reset(Reset::ToValue) != Some(Reset::ToValue) || !value {
                return Err(unsupported(setup.model(), "Loihi resets to 0 only"));
            }
            if options.test == ThresholdTest::AtLeast || options.spike_limit != SpikeLimit::One {
                return Err(unsupported(
                    setup.model(),
                    "Loihi fires once, above its threshold",
                ));
            }
            let volt = setup.get("v_threshold")?;
            threshold = volt.map(|v| (v * scale * MAX_THRESHOLD / (MAX_THRESHOLD + 1.0)).trunc());
            for (v, register) in volt.values().iter().zip(threshold.values()) {
                if !(1.0..=MAX_THRESHOLD).contains(register) {
                    return Err(setup.refuse(
                        "v_threshold",
                        *v,
                        format!(
                            "Loihi's threshold is 1 to 131071 weight units, and this is {register}; \
                             change weight_scale"
                        ),
                    ));
                }
            }
        }
        Ok(Loihi {
            keep_u: decay.map(|part| UNITY as f64 - ((part * MAX_DECAY).trunc() + 1.0)),
            keep_v: leak.map(|part| UNITY as f64 - (part * MAX_DECAY).trunc()),
            bias,
            threshold: threshold.map(|v| v * f64::from(1u32 << SHIFT)),
            gain: gain.map(|gain| gain * scale),
            initial,
            units,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

/// Part of a state variable that is lost in a timestep.
fn fraction(setup: &NeuronSetup, tau: &'static str) -> Result<Parameter, NeuronError> {
    let options = setup.options();
    let seconds = setup.positive(tau)?;
    let part = seconds.map(|tau| match options.integration {
        Integration::Euler => options.dt_s / tau,
        Integration::Exponential => -(-options.dt_s / tau).exp_m1(),
    });
    let representable = |part: f64| part <= 1.0 && part * MAX_DECAY >= 1.0;
    match part.values().iter().position(|part| !representable(*part)) {
        Some(n) => Err(setup.refuse(
            tau,
            seconds.get(n),
            format!(
                "Loihi's 12-bit decay covers 1 to 4095 timesteps of {} s; change dt_s",
                options.dt_s
            ),
        )),
        None => Ok(part),
    }
}

fn unsupported(model: &'static str, what: &'static str) -> NeuronError {
    NeuronError::Unsupported {
        model,
        what,
        advice: "leave this option out, or use another preset than loihi",
    }
}

impl<const SPIKES: bool> NeuronModel for Loihi<SPIKES> {
    type State = LoihiState;
    const NAME: &'static str = if SPIKES { "loihi" } else { "loihi_readout" };
    const SPIKES: bool = SPIKES;

    fn leaks(&self) -> bool {
        self.keep_v
            .values()
            .iter()
            .any(|keep| *keep != UNITY as f64)
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> LoihiState {
        LoihiState {
            u: 0,
            v: self.initial.get(neuron) as i32,
            refractory: 0,
        }
    }

    #[inline(always)]
    fn step(&self, neuron: usize, state: &mut LoihiState, input: f64) -> f32 {
        let weights = (self.gain.get(neuron) * input).clamp(-MAX_THRESHOLD, MAX_THRESHOLD) as i64;
        let u = i64::from(state.u) * self.keep_u.get(neuron) as i64 / UNITY + (weights << SHIFT);
        let u = match u {
            u if u > LIMIT => u - 2 * LIMIT,
            u if u <= -LIMIT => u + 2 * LIMIT,
            u => u,
        };
        state.u = u as i32;
        if state.refractory > 0 {
            state.refractory -= 1;
            return 0.0;
        }
        let v = i64::from(state.v) * self.keep_v.get(neuron) as i64 / UNITY;
        let v = (v + u + self.bias.get(neuron) as i64).clamp(1 - LIMIT, LIMIT - 1);
        state.v = v as i32;
        if !SPIKES {
            return self.potential(state) as f32;
        }
        let fires = v > self.threshold.get(neuron) as i64;
        if fires {
            state.v = 0;
            state.refractory = self.setup.options().refractory_timesteps;
        }
        f32::from(fires)
    }

    /// [V].
    fn potential(&self, state: &LoihiState) -> f64 {
        f64::from(state.v) / self.units
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        let firing = FiringRule {
            resets: true,
            subtract: false,
            pending: false,
            above: true,
            many: false,
            refractory: self.setup.options().refractory_timesteps,
        };
        let units = self.units;
        let rule = LoihiRule::<SPIKES> { units, firing };
        Some(Box::new(LaneGroup::new(self, rule, neurons)))
    }
}

/// [`Loihi`] for one lane of many. Its integers have at most 37 bits: a number of double precision
/// holds each of them, and rounds as they do once it is truncated.
struct LoihiRule<const SPIKES: bool> {
    units: f64,
    firing: FiringRule,
}

impl<const SPIKES: bool> LaneRule<5, 2> for LoihiRule<SPIKES> {
    fn firing(&self) -> Option<FiringRule> {
        // A read-out has a refractory period as little as a threshold.
        SPIKES.then_some(self.firing)
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [keep_u, keep_v, bias, threshold, gain]: [f64; 5],
        [u, v]: [f64; 2],
        input: f64,
        free: bool,
    ) -> ([f64; 2], f32) {
        const WIDE: f64 = LIMIT as f64;
        const SHIFTED: f64 = (1 << SHIFT) as f64;
        let weights = (gain * input).clamp(-MAX_THRESHOLD, MAX_THRESHOLD).trunc();
        // An integer that is no number is 0.
        let weights = if weights.is_nan() { 0.0 } else { weights };
        let u = (u * keep_u / UNITY as f64).trunc() + weights * SHIFTED;
        let u = if u > WIDE { u - 2.0 * WIDE } else { u };
        let u = if u <= -WIDE { u + 2.0 * WIDE } else { u };
        let next = (v * keep_v / UNITY as f64).trunc() + u + bias;
        let next = next.clamp(1.0 - WIDE, WIDE - 1.0);
        if !SPIKES {
            return ([u, next], ((next + 0.0) / self.units) as f32);
        }
        let fires = free & (next > threshold);
        let after = if fires { 0.0 } else { next };
        let spike = if fires { 1.0 } else { 0.0 };
        ([u, if free { after } else { v }], spike)
    }
}

impl<const SPIKES: bool> Packed<5, 2> for Loihi<SPIKES> {
    const POTENTIAL: usize = 1;

    fn row(&self, neuron: usize) -> [f64; 5] {
        [
            &self.keep_u,
            &self.keep_v,
            &self.bias,
            &self.threshold,
            &self.gain,
        ]
        .map(|parameter| parameter.get(neuron))
    }

    fn pack(state: &LoihiState) -> ([f64; 2], u32) {
        ([state.u.into(), state.v.into()], state.refractory)
    }

    fn unpack([u, v]: [f64; 2], refractory: u32) -> LoihiState {
        LoihiState {
            u: u as i32,
            v: v as i32,
            refractory,
        }
    }
}
