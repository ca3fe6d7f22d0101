//! Integrate-and-fire neurons that take spikes back.

use super::touched::{Visit, is_touched};
use crate::neuron::{IntegrateFire, LANES, Reset, ThresholdTest};
use crate::simd::{Loops, SimdWidth, nonzero, widest};
use crate::spike_train::SpikeTrain;

/// State of some neurons of a population with signed spikes.
pub(super) struct Signed<'n> {
    model: &'n IntegrateFire,
    threshold: &'n [f32],
    pub(super) potential: Vec<f32>,
    /// Spikes so far, less those that were taken back.
    emitted: Vec<f32>,
}

impl<'n> Signed<'n> {
    /// Neurons of a model with these thresholds.
    pub(super) fn new(model: &'n IntegrateFire, threshold: &'n [f32]) -> Self {
        Signed {
            model,
            threshold,
            potential: vec![0.0; threshold.len()],
            emitted: vec![0.0; threshold.len()],
        }
    }

    /// Puts the neurons to where a sample starts.
    pub(super) fn reset(&mut self) {
        for (v, threshold) in self.potential.iter_mut().zip(self.threshold) {
            *v = self.model.initial * threshold;
        }
        self.emitted.fill(0.0);
    }

    /// One timestep.
    pub(super) fn advance(&mut self, input: &[f32], train: &mut SpikeTrain) -> Visit {
        let mut visit = Visit::default();
        for (&x, &v) in input.iter().zip(&self.potential) {
            let touched = is_touched(x);
            visit.touched += usize::from(touched);
            visit.active += usize::from(touched | (v != 0.0));
        }
        widest(Timestep {
            neurons: self,
            input,
            train,
        });
        visit
    }
}

struct Timestep<'a, 'n> {
    neurons: &'a mut Signed<'n>,
    input: &'a [f32],
    train: &'a mut SpikeTrain,
}

impl Loops for Timestep<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, width: impl SimdWidth) {
        let Signed {
            model,
            threshold,
            potential,
            emitted,
        } = self.neurons;
        let above = model.test == ThresholdTest::Above;
        let to_value = model.reset == Reset::ToValue;
        let state = potential.chunks_mut(LANES).zip(emitted.chunks_mut(LANES));
        let given = self.input.chunks(LANES).zip(threshold.chunks(LANES));
        for (block, ((v, sum), (x, threshold))) in state.zip(given).enumerate() {
            let mut emission = [0.0; LANES];
            let lanes = v.iter_mut().zip(sum).zip(x).zip(threshold);
            for ((((v, sum), x), threshold), emission) in lanes.zip(&mut emission) {
                let next = *v + x;
                let fires = (next > *threshold) | (!above & (next == *threshold));
                let takes_back = !fires & (next < 0.0) & (*sum > 0.0);
                let taken = if takes_back { -1.0 } else { 0.0 };
                *emission = if fires { 1.0 } else { taken };
                let after = next - *emission * threshold;
                *v = if to_value & fires { 0.0 } else { after };
                *sum += *emission;
            }
            let (word, first) = (nonzero(width, &emission), (block * LANES) as u32);
            self.train.extend_values(word, first, &emission);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Many at once against one after the other, bit for bit.
        #[test]
        fn closed_form_signed_spikes_equal_single_steps(
            seed in any::<u32>(), neurons in 1usize..150, above in any::<bool>(), to_value in any::<bool>(),
        ) {
            let mixed = |i: usize| (seed ^ (i as u32).wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b) >> 8;
            let model = IntegrateFire {
                threshold: (0..neurons).map(|n| 0.5 + (mixed(n) % 8) as f32 / 8.0).collect(),
                initial: 0.5,
                reset: if to_value { Reset::ToValue } else { Reset::Subtract },
                test: if above { ThresholdTest::Above } else { ThresholdTest::AtLeast },
                signed: true,
            };
            let mut group = Signed::new(&model, &model.threshold);
            group.reset();
            let mut each: Vec<(f32, f32)> =
                model.threshold.iter().map(|threshold| (model.initial * threshold, 0.0)).collect();
            for t in 0..30 {
                let input: Vec<f32> = (0..neurons)
                    .map(|n| match mixed(t * neurons + n) % 20 {
                        0 => -0.0,
                        x => x as f32 / 8.0 - 1.25,
                    })
                    .collect();
                let (mut found, mut expected) = (SpikeTrain::new(), SpikeTrain::new());
                group.advance(&input, &mut found);
                for (n, (v, sum)) in each.iter_mut().enumerate() {
                    let emission = model.step(model.threshold[n], v, sum, input[n]);
                    if emission != 0.0 {
                        expected.push_value(n as u32, emission);
                    }
                }
                found.end_timestep();
                expected.end_timestep();
                prop_assert_eq!(found, expected);
                for (v, (expected, _)) in group.potential.iter().zip(&each) {
                    prop_assert_eq!(v.to_bits(), expected.to_bits());
                }
            }
        }
    }
}
