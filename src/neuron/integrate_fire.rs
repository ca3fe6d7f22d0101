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
/// At most one spike per timestep. Potential, threshold, bias and weights share one unit. A neuron
/// with signed spikes takes one of its spikes back, by a spike of value −1, in a timestep in which
/// its potential is below zero:
///
/// ```text
/// spike of −1 if v < 0 and more spikes than spikes of −1 so far;   then v ← v + threshold
/// ```
///
/// Sources: Y. Wang et al., Signed neuron with memory: towards simple, accurate and high-efficient
/// ANN-SNN conversion, IJCAI 2022 (signed spikes); B. Rueckauer et al., Conversion of
/// continuous-valued deep networks to efficient event-driven networks for image classification,
/// Front. Neurosci. 11:682, 2017, eqs. 2–5.
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
    /// Whether spikes are taken back; only with reset by subtraction.
    pub signed: bool,
}

impl IntegrateFire {
    /// What a neuron that is reset by subtraction emits in a timestep: 1 for a spike, −1 for one
    /// that is taken back, 0 for nothing.
    ///
    /// `threshold`: that of the neuron. `accumulated`: all input since the start, that of this
    /// timestep included. `emitted`: the sum of all it emitted before.
    #[must_use]
    #[inline(always)]
    pub fn emission(&self, threshold: f32, accumulated: f32, emitted: f32) -> f32 {
        let potential = accumulated + (self.initial - emitted) * threshold;
        self.emission_at(threshold, potential, emitted)
    }

    /// One timestep of a neuron with this threshold, in the arithmetic of the engine: adds `input`
    /// to its potential and returns what it emits, 1, −1 or 0.
    ///
    /// `potential`: before and after. `emitted`: the sum of all it emitted, before and after.
    #[inline(always)]
    pub(crate) fn step(
        &self,
        threshold: f32,
        potential: &mut f32,
        emitted: &mut f32,
        input: f32,
    ) -> f32 {
        *potential += input;
        let emission = self.emission_at(threshold, *potential, *emitted);
        *potential = match self.reset {
            Reset::ToValue if emission > 0.0 => 0.0,
            _ => *potential - emission * threshold,
        };
        *emitted += emission;
        emission
    }

    #[inline(always)]
    fn emission_at(&self, threshold: f32, potential: f32, emitted: f32) -> f32 {
        let fires = match self.test {
            ThresholdTest::AtLeast => potential >= threshold,
            ThresholdTest::Above => potential > threshold,
        };
        if fires {
            1.0
        } else if self.signed && potential < 0.0 && emitted > 0.0 {
            -1.0
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_spikes_are_taken_back_and_no_more_than_there_were() {
        let mut model = IntegrateFire {
            threshold: vec![1.0],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: true,
        };
        let emitted = |model: &IntegrateFire| {
            let (mut accumulated, mut sum) = (0.0, 0.0);
            [0.75, 0.75, -1.5, -0.25, -1.0, -1.0, 4.0].map(|input| {
                accumulated += input;
                let emission = model.emission(1.0, accumulated, sum);
                sum += emission;
                emission
            })
        };
        // v: 1.25 ✓ 0.25, 1.0 ✓ 0, −1.5 ✗ −0.5, −0.75 ✗ 0.25, −0.75, −1.75, 2.25 ✓.
        assert_eq!(emitted(&model), [1.0, 1.0, -1.0, -1.0, 0.0, 0.0, 1.0]);
        model.signed = false;
        assert_eq!(emitted(&model), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
