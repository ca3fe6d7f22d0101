//! Synaptic current and membrane of the current-based models.

use super::coefficients::{Coefficients, zip};
use super::error::NeuronError;
use super::options::{CurrentOrder, InputKind, Integration, Resistance};
use super::setup::NeuronSetup;

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
    rows: Coefficients<Row>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    /// Rates for Euler, what is kept for exponential.
    synapse: f64,
    membrane: f64,
    /// `v_leak` for Euler, its share of a timestep for exponential.
    pull: f64,
    /// `r` for Euler, `p` for exponential.
    from_current: f64,
    /// Factor of the input within the brackets for Euler, `q` for exponential.
    direct: f64,
    /// Factor of the input outside the brackets.
    jump: f64,
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
    pub fn new(setup: &NeuronSetup) -> Result<Self, NeuronError> {
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
        let exponential = options.integration == Integration::Exponential;
        let row = |n| {
            let (syn, mem) = (dt / tau_syn.get(n), dt / tau_mem.get(n));
            let (r, leak, w_in) = (r.get(n), leak.get(n), w_in.get(n));
            if !exponential {
                return Row {
                    synapse: syn,
                    membrane: mem,
                    pull: leak,
                    from_current: r,
                    direct: if delta { 0.0 } else { w_in },
                    jump: if delta { w_in } else { 0.0 },
                };
            }
            let (synapse, membrane) = ((-syn).exp(), (-mem).exp());
            // p, written so that it has no singularity at tau_syn = tau_mem.
            let gap = mem - syn;
            let slope = if gap == 0.0 { 1.0 } else { gap.exp_m1() / gap };
            let p = r * mem * membrane * slope;
            let q = w_in * (r * (1.0 - membrane) - p);
            Row {
                synapse,
                membrane,
                pull: leak * (1.0 - membrane),
                from_current: p,
                direct: if delta { 0.0 } else { q },
                jump: if delta { w_in } else { w_in * (1.0 - synapse) },
            }
        };
        Ok(Cuba {
            exponential,
            old_current: options.current_order == CurrentOrder::Old,
            rows: Coefficients::new(&[tau_syn, tau_mem, r, leak, w_in], row),
        })
    }

    /// The current and the potential one timestep later.
    #[inline(always)]
    pub fn step(&self, neuron: usize, i: f64, v: f64, input: f64) -> (f64, f64) {
        let row = self.rows.get(neuron);
        if self.exponential {
            row.exact(i, v, input)
        } else {
            row.euler(self.old_current, i, v, input)
        }
    }

    /// Whether integration is exponential, rather than Euler's.
    pub fn is_exponential(&self) -> bool {
        self.exponential
    }

    /// The same without the coefficients.
    pub fn rule<const EXPONENTIAL: bool>(&self) -> CubaRule<EXPONENTIAL> {
        CubaRule {
            old_current: self.old_current,
        }
    }

    /// Coefficients of one neuron.
    pub fn row(&self, neuron: usize) -> [f64; 6] {
        let row = self.rows.get(neuron);
        [
            row.synapse,
            row.membrane,
            row.pull,
            row.from_current,
            row.direct,
            row.jump,
        ]
    }
}

/// A synaptic current and a membrane for one lane of many.
pub(super) struct CubaRule<const EXPONENTIAL: bool> {
    old_current: bool,
}

impl<const EXPONENTIAL: bool> CubaRule<EXPONENTIAL> {
    /// The current and the potential one timestep later.
    #[inline(always)]
    pub fn step(&self, row: [f64; 6], i: f64, v: f64, input: f64) -> (f64, f64) {
        let [synapse, membrane, pull, from_current, direct, jump] = row;
        let row = Row {
            synapse,
            membrane,
            pull,
            from_current,
            direct,
            jump,
        };
        if EXPONENTIAL {
            row.exact(i, v, input)
        } else {
            row.euler(self.old_current, i, v, input)
        }
    }
}

impl Row {
    #[inline(always)]
    fn exact(&self, i: f64, v: f64, input: f64) -> (f64, f64) {
        let next = v * self.membrane + self.pull + self.from_current * i + self.direct * input;
        (i * self.synapse + self.jump * input, next)
    }

    #[inline(always)]
    fn euler(&self, old_current: bool, i: f64, v: f64, input: f64) -> (f64, f64) {
        let new = i + self.synapse * (-i + self.direct * input) + self.jump * input;
        let drive = if old_current { i } else { new };
        let pulled = (self.pull - v) + self.from_current * drive;
        (new, v + self.membrane * pulled)
    }
}
