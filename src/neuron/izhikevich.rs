//! The simple model of Izhikevich.

use super::entry::Model;
use super::error::NeuronError;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed};
use super::model::Advance;
use super::options::ResetRule;
use super::parameter_info::ParameterInfo;
use super::setup::NeuronSetup;
use super::{NeuronModel, Parameter};
use std::ops::Range;

pub(super) const MODEL: Model = Model {
    name: Izhikevich::NAME,
    about: "the simple model of Izhikevich (2003); the defaults are a regular spiking neuron",
    parameters: &[
        ParameterInfo {
            name: "a",
            unit: "1/ms",
            default: Some(0.02),
            about: "rate of the recovery",
        },
        ParameterInfo {
            name: "b",
            unit: "1/ms",
            default: Some(0.2),
            about: "sensitivity of the recovery to the potential",
        },
        ParameterInfo {
            name: "c",
            unit: "mV",
            default: Some(-65.0),
            about: "potential after a spike",
        },
        ParameterInfo {
            name: "d",
            unit: "mV/ms",
            default: Some(8.0),
            about: "rise of the recovery at a spike",
        },
        ParameterInfo {
            name: "v_initial",
            unit: "mV",
            default: Some(-65.0),
            about: "potential before the first timestep",
        },
    ],
    build: |setup| Ok(Box::new(Izhikevich::new(setup)?)),
};

/// Potential at which a neuron fires [mV].
const PEAK_MV: f64 = 30.0;

/// Longest timestep [ms].
const MAX_DT_MS: f64 = 1.0;

/// Neurons with a quadratic potential and a recovery variable. Time in ms, potential in mV.
///
/// ```text
/// v' = 0.04·v² + 5·v + 140 − u + x
/// u' = a·(b·v − u)
///   two half timesteps of forward Euler for v, then one whole for u with the new v
/// threshold     v ≥ 30 mV
/// reset         v ← c, u ← u + d
/// ```
///
/// | parameter | unit | |
/// |---|---|---|
/// | `a` | 1/ms | rate of the recovery |
/// | `b` | 1/ms | sensitivity of the recovery to the potential |
/// | `c` | mV | potential after a spike |
/// | `d` | mV/ms | rise of the recovery at a spike |
/// | `v_initial` | mV | potential before the first timestep; the recovery starts at b·v |
///
/// The half steps are those of the program printed in the paper, at any timestep up to its 1 ms
/// (beyond it the potential diverges); that program tests the threshold at the start of the next
/// timestep, here it is the end of the same one. Input is a current in the paper's unit, mV/ms. Of
/// the options, `dt_s` and the initial potential apply.
///
/// Source: E. M. Izhikevich, Simple model of spiking neurons, IEEE Trans. Neural Netw.
/// 14:1569–1572, 2003, eqs. 1–3 and the program of fig. 3.
#[derive(Debug, Clone, PartialEq)]
pub struct Izhikevich {
    setup: NeuronSetup,
    a: Parameter,
    b: Parameter,
    c: Parameter,
    d: Parameter,
    initial: Parameter,
    dt_ms: f64,
}

/// State of a neuron of Izhikevich.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IzhikevichState {
    /// Potential [mV].
    pub v: f64,
    /// Recovery [mV/ms].
    pub u: f64,
}

impl Izhikevich {
    /// The model with these parameters.
    ///
    /// # Errors
    /// A timestep beyond 1 ms, integer arithmetic, a refractory period or a reset by subtraction.
    pub fn new(setup: NeuronSetup) -> Result<Self, NeuronError> {
        setup.floating_point_only()?;
        let options = setup.options();
        let dt_ms = options.dt_s * 1e3;
        if dt_ms > MAX_DT_MS {
            return Err(setup.refuse(
                "dt_s",
                options.dt_s,
                "its equations diverge in timesteps longer than 0.001 s",
            ));
        }
        let own = [ResetRule::File, ResetRule::Value].contains(&options.reset);
        if options.refractory_timesteps > 0 || !own {
            return Err(NeuronError::Unsupported {
                model: Self::NAME,
                what: "its reset is v = c, u = u + d, without a refractory period",
                advice: "leave both options out for this model",
            });
        }
        Ok(Izhikevich {
            a: setup.get("a")?.clone(),
            b: setup.get("b")?.clone(),
            c: setup.get("c")?.clone(),
            d: setup.get("d")?.clone(),
            initial: setup.get("v_initial")?.clone(),
            dt_ms,
            setup,
        })
    }

    /// Parameters and options.
    #[must_use]
    pub fn setup(&self) -> &NeuronSetup {
        &self.setup
    }
}

impl NeuronModel for Izhikevich {
    type State = IzhikevichState;
    const NAME: &'static str = "izhikevich";
    const SPIKES: bool = true;

    fn leaks(&self) -> bool {
        true
    }

    fn neurons(&self) -> Option<usize> {
        self.setup.neurons()
    }

    fn rest(&self, neuron: usize) -> IzhikevichState {
        let v = self.initial.get(neuron);
        IzhikevichState {
            v,
            u: self.b.get(neuron) * v,
        }
    }

    #[inline(always)]
    fn step(&self, neuron: usize, state: &mut IzhikevichState, input: f64) -> f32 {
        let IzhikevichState { mut v, mut u } = *state;
        for _ in 0..2 {
            v += 0.5 * self.dt_ms * (0.04 * (v * v) + 5.0 * v + 140.0 - u + input);
        }
        u += self.dt_ms * self.a.get(neuron) * (self.b.get(neuron) * v - u);
        let fires = v >= PEAK_MV;
        if fires {
            v = self.c.get(neuron);
            u += self.d.get(neuron);
        }
        *state = IzhikevichState { v, u };
        f32::from(fires)
    }

    fn potential(&self, state: &IzhikevichState) -> f64 {
        state.v
    }

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        let rule = IzhikevichRule { dt_ms: self.dt_ms };
        Some(Box::new(LaneGroup::new(self, rule, neurons)))
    }
}

/// [`Izhikevich`] for one lane of many.
struct IzhikevichRule {
    dt_ms: f64,
}

impl LaneRule<4, 2> for IzhikevichRule {
    fn firing(&self) -> Option<FiringRule> {
        None
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        [a, b, c, d]: [f64; 4],
        [mut v, mut u]: [f64; 2],
        input: f64,
        _: bool,
    ) -> ([f64; 2], f32) {
        for _ in 0..2 {
            v += 0.5 * self.dt_ms * (0.04 * (v * v) + 5.0 * v + 140.0 - u + input);
        }
        u += self.dt_ms * a * (b * v - u);
        let fires = v >= PEAK_MV;
        let state = if fires { [c, u + d] } else { [v, u] };
        (state, if fires { 1.0 } else { 0.0 })
    }
}

impl Packed<4, 2> for Izhikevich {
    const POTENTIAL: usize = 0;

    fn row(&self, neuron: usize) -> [f64; 4] {
        [&self.a, &self.b, &self.c, &self.d].map(|parameter| parameter.get(neuron))
    }

    fn pack(state: &IzhikevichState) -> ([f64; 2], u32) {
        ([state.v, state.u], 0)
    }

    fn unpack([v, u]: [f64; 2], _: u32) -> IzhikevichState {
        IzhikevichState { v, u }
    }
}
