//! Synaptic current and membrane of the current-based models.

use super::Parameter;
use super::options::{CurrentOrder, InputKind, Integration, Resistance};
use super::setup::{NeuronError, Setup, zip};

/// One timestep of `tau_syn·i' = −i + w_in·x` and `tau_mem·v' = (v_leak − v) + r·i`.
///
/// Euler, with the new current in the second line, or the old one:
///
/// ```text
/// i ← i + dt/tau_syn·(−i + w_in·x)                  (a jump: i − dt/tau_syn·i + w_in·x)
/// v ← v + dt/tau_mem·((v_leak − v) + r·i)
/// ```
///
/// Exponential, the exact solution with the old current on the right:
///
/// ```text
/// v ← v·e^(−dt/tau_mem) + v_leak·(1 − e^(−dt/tau_mem)) + p·i + q·x
/// i ← i·e^(−dt/tau_syn) + w·x
/// p = r·tau_syn/(tau_syn − tau_mem)·(e^(−dt/tau_syn) − e^(−dt/tau_mem))
/// w = w_in·(1 − e^(−dt/tau_syn)),  q = w_in·(r·(1 − e^(−dt/tau_mem)) − p)        (a jump: w = w_in, q = 0)
/// ```
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cuba {
    exponential: bool,
    old_current: bool,
    /// Rates for Euler, what is kept for exponential.
    synapse: Parameter,
    membrane: Parameter,
    /// `v_leak` for Euler, its share of a timestep for exponential.
    pull: Parameter,
    /// `r` for Euler, `p` for exponential.
    from_current: Parameter,
    /// Factor of the input within the brackets for Euler, `q` for exponential.
    direct: Parameter,
    /// Factor of the input outside the brackets.
    jump: Parameter,
}

/// State of a synaptic current and a membrane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CubaState {
    /// Synaptic current [A].
    pub i: f64,
    /// Potential [V].
    pub v: f64,
    /// Timesteps left of the refractory period.
    pub refractory: u32,
}

impl Cuba {
    pub fn new(setup: &Setup) -> Result<Self, NeuronError> {
        let options = setup.options();
        let dt = options.dt_s;
        let (tau_syn, tau_mem) = (setup.positive("tau_syn")?, setup.positive("tau_mem")?);
        let (r, leak, w_in) = (setup.get("r")?, setup.get("v_leak")?, setup.get("w_in")?);
        if options.resistance == Resistance::Fixed {
            let excess = zip(r, tau_mem, |r, tau| (r - tau / dt).abs() - 1e-5 * tau / dt);
            if let Some(n) = excess.values().iter().position(|e| *e > 0.0) {
                return Err(setup.refuse(
                    "r",
                    r.get(n),
                    "the simulator that these options describe runs tau_mem/dt only; use the preset nir",
                ));
            }
        }
        let delta = options.input == InputKind::Delta;
        let none = Parameter::uniform(0.0);
        let old_current = options.current_order == CurrentOrder::Old;
        Ok(match options.integration {
            Integration::Euler => Cuba {
                exponential: false,
                old_current,
                synapse: tau_syn.map(|tau| dt / tau),
                membrane: tau_mem.map(|tau| dt / tau),
                pull: leak.clone(),
                from_current: r.clone(),
                direct: if delta { none.clone() } else { w_in.clone() },
                jump: if delta { w_in.clone() } else { none },
            },
            Integration::Exponential => {
                let (synapse, membrane) = (
                    tau_syn.map(|t| (-dt / t).exp()),
                    tau_mem.map(|t| (-dt / t).exp()),
                );
                // Written with expm1, since tau_syn = tau_mem is a removable singularity.
                let share = zip(tau_syn, tau_mem, |syn, mem| {
                    let gap = dt / mem - dt / syn;
                    let slope = if gap == 0.0 { 1.0 } else { gap.exp_m1() / gap };
                    dt / mem * (-dt / mem).exp() * slope
                });
                let p = zip(r, &share, |r, share| r * share);
                let steady = zip(r, &membrane, |r, keep| r * (1.0 - keep));
                Cuba {
                    exponential: true,
                    old_current,
                    pull: zip(leak, &membrane, |leak, keep| leak * (1.0 - keep)),
                    direct: if delta {
                        none
                    } else {
                        zip(w_in, &zip(&steady, &p, |s, p| s - p), |w, q| w * q)
                    },
                    jump: if delta {
                        w_in.clone()
                    } else {
                        zip(w_in, &synapse, |w, keep| w * (1.0 - keep))
                    },
                    synapse,
                    membrane,
                    from_current: p,
                }
            }
        })
    }

    /// The current and the potential one timestep later.
    #[inline]
    pub fn step(&self, neuron: usize, i: f64, v: f64, input: f64) -> (f64, f64) {
        let (synapse, membrane) = (self.synapse.get(neuron), self.membrane.get(neuron));
        let (pull, from_current) = (self.pull.get(neuron), self.from_current.get(neuron));
        let (direct, jump) = (self.direct.get(neuron), self.jump.get(neuron));
        if self.exponential {
            let next = v * membrane + pull + from_current * i + direct * input;
            return (i * synapse + jump * input, next);
        }
        let new = i + synapse * (-i + direct * input) + jump * input;
        let drive = if self.old_current { i } else { new };
        (new, v + membrane * ((pull - v) + from_current * drive))
    }
}
