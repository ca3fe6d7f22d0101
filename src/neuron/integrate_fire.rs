//! Integrate-and-fire without leak.

use serde::{Deserialize, Serialize};

/// What happens to the potential of a neuron that fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// `v -= threshold`: what exceeds the threshold is kept. Exact for converted networks.
    Subtract,
    /// `v = v_reset` (0 where a model has no such parameter).
    ToValue,
}

/// When a neuron fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdTest {
    /// `v >= threshold`: converted networks.
    AtLeast,
    /// `v > threshold`: the NIR specification.
    Above,
}

/// Integrate-and-fire neurons without leak, in single precision.
///
/// ```text
/// v ← v + input;   spike if v ≥ threshold (or >);   then v ← v − threshold   (or v ← 0)
/// ```
///
/// At most one spike per timestep. Potential, threshold, bias and weights share one unit.
/// Source: B. Rueckauer et al., Conversion of continuous-valued deep networks to efficient
/// event-driven networks for image classification, Front. Neurosci. 11:682, 2017, eqs. 2–5.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrateFire {
    /// Firing threshold of each neuron, > 0.
    pub threshold: Vec<f32>,
    /// Potential before the first timestep, as a fraction of the threshold.
    pub initial: f32,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// When a neuron fires.
    pub test: ThresholdTest,
}
