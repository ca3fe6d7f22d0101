//! Integrate-and-fire without leak.

use super::Reset;

/// Integrate-and-fire neurons without leak.
///
/// ```text
/// v ← v + input + bias;   spike if v ≥ threshold;   then v ← v − threshold   (or v ← 0)
/// ```
///
/// At most one spike per timestep. Potential, threshold, bias and weights share one unit.
/// Source: B. Rueckauer et al., Conversion of continuous-valued deep networks to efficient
/// event-driven networks for image classification, Front. Neurosci. 11:682, 2017, eqs. 2–5.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrateFire {
    /// Firing threshold of each neuron, > 0.
    pub threshold: Vec<f32>,
    /// Constant input of each neuron in each timestep.
    pub bias: Vec<f32>,
    /// Potential before the first timestep, as a fraction of the threshold.
    pub initial: f32,
    /// What a spike does to the potential.
    pub reset: Reset,
}
