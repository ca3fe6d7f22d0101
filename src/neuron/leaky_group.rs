//! Leaky integrate-and-fire neurons that differ in nothing but their state.

use super::firing::Firing;
use super::integrate_and_fire::SpikingState;
use super::model::{Advance, NeuronModel, is_reached};
use crate::simd::{Loops, SimdWidth, widest};
use std::ops::Range;

/// Neurons of a model with leak and threshold that share their parameters, each part of their state in a list of its own, and
/// updated without a branch on what one of them does: refractory periods and spikes come too
/// irregularly to be foreseen.
pub(super) struct LeakyGroup<M, D> {
    model: M,
    firing: Firing,
    decay: D,
    fires_at: f64,
    /// Number of the first neuron in the population.
    first: usize,
    neurons: usize,
    /// Potentials, in whole blocks.
    v: Vec<[f64; LANES]>,
    /// Timesteps left of refractory periods.
    refractory: Vec<[u32; LANES]>,
}

/// Neurons that are updated together.
const LANES: usize = 32;

impl<M, D> LeakyGroup<M, D>
where
    M: NeuronModel<State = SpikingState>,
    D: Fn(f64, f64) -> f64,
{
    /// Neurons of a range of the population, at rest. `decay` and `fires_at` are what the neurons
    /// share: the potential after a timestep with some potential and input, and the smallest that
    /// fires, which is where `firing` fires.
    pub(super) fn new(
        model: &M,
        firing: &Firing,
        decay: D,
        fires_at: f64,
        neurons: Range<usize>,
    ) -> Self {
        let blocks = neurons.len().div_ceil(LANES);
        let mut group = LeakyGroup {
            model: model.clone(),
            firing: firing.clone(),
            decay,
            fires_at,
            first: neurons.start,
            neurons: neurons.len(),
            v: vec![[0.0; LANES]; blocks],
            refractory: vec![[0; LANES]; blocks],
        };
        group.rest();
        group
    }

    fn rest(&mut self) {
        // Neurons beyond the last stay refractory for longer than any sample.
        self.refractory.fill([u32::MAX; LANES]);
        for neuron in 0..self.neurons {
            let state = self.model.rest(self.first + neuron);
            self.set(neuron, state);
        }
    }

    fn state(&self, neuron: usize) -> SpikingState {
        SpikingState {
            v: self.v[neuron / LANES][neuron % LANES],
            refractory: self.refractory[neuron / LANES][neuron % LANES],
        }
    }

    fn set(&mut self, neuron: usize, state: SpikingState) {
        self.v[neuron / LANES][neuron % LANES] = state.v;
        self.refractory[neuron / LANES][neuron % LANES] = state.refractory;
    }
}

impl<M, D> Advance for LeakyGroup<M, D>
where
    M: NeuronModel<State = SpikingState>,
    D: Fn(f64, f64) -> f64 + Send,
{
    fn reset(&mut self) {
        self.rest();
    }

    fn advance(&mut self, input: &[f32], emit: &mut dyn FnMut(u32, f32)) -> usize {
        widest(Timestep {
            group: self,
            input,
            emit,
        })
    }

    fn is_still(&self, neuron: usize) -> bool {
        self.model
            .is_still(self.first + neuron, &self.state(neuron))
    }

    fn idle(&mut self, neuron: usize, timesteps: u32) -> f64 {
        let mut state = self.state(neuron);
        let emitted = self.model.idle(self.first + neuron, &mut state, timesteps);
        self.set(neuron, state);
        emitted
    }

    fn potential(&self, neuron: usize) -> f64 {
        self.state(neuron).v
    }
}

struct Timestep<'a, M, D> {
    group: &'a mut LeakyGroup<M, D>,
    input: &'a [f32],
    emit: &'a mut dyn FnMut(u32, f32),
}

impl<M, D: Fn(f64, f64) -> f64> Loops for Timestep<'_, M, D> {
    type Output = usize;

    #[inline(always)]
    fn run(self, _: impl SimdWidth) -> usize {
        let Timestep { group, input, emit } = self;
        let mut active = 0;
        let (inputs, last) = input.as_chunks::<LANES>();
        let mut padded = [-0.0; LANES];
        padded[..last.len()].copy_from_slice(last);
        let inputs = inputs.iter().chain((!last.is_empty()).then_some(&padded));
        let states = group.v.iter_mut().zip(&mut group.refractory);
        for (block, ((v, refractory), input)) in states.zip(inputs).enumerate() {
            let (visited, mut word) = advance(&group.decay, group.fires_at, v, refractory, input);
            active += visited;
            while word != 0 {
                let i = word.trailing_zeros() as usize;
                word &= word - 1;
                let neuron = block * LANES + i;
                let spikes =
                    (group.firing).fire(group.first + neuron, &mut v[i], &mut refractory[i]);
                emit(neuron as u32, spikes);
            }
        }
        active
    }
}

/// One timestep without the resets: how many neurons were visited, and which of them fire.
#[inline(always)]
fn advance(
    decay: &impl Fn(f64, f64) -> f64,
    fires_at: f64,
    v: &mut [f64; LANES],
    refractory: &mut [u32; LANES],
    input: &[f32; LANES],
) -> (usize, u32) {
    let mut visited = 0u32;
    for i in 0..LANES {
        visited += u32::from(is_reached(input[i]) | (v[i] != 0.0));
    }
    let mut fires = [0u32; LANES];
    for i in 0..LANES {
        let free = refractory[i] == 0;
        let next = decay(v[i], f64::from(input[i]));
        v[i] = if free { next } else { v[i] };
        fires[i] = u32::from(free & (next >= fires_at)) << i;
    }
    for refractory in refractory {
        *refractory = refractory.saturating_sub(1);
    }
    (
        visited as usize,
        fires.iter().fold(0, |word, bit| word | bit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::model::PlainGroup;
    use crate::neuron::{Lif, Model, Options, Parameter, Preset};
    use std::collections::BTreeMap;

    #[test]
    fn closed_form_all_at_once_equals_one_by_one() {
        let options = Options {
            dt_s: 1e-3,
            refractory_timesteps: 2,
            integration: crate::neuron::Integration::Exponential,
            ..Preset::get("nir").expect("preset").options
        };
        let parameters: BTreeMap<_, _> = [
            ("tau", 5e-3),
            ("r", 3.0),
            ("v_leak", 0.1),
            ("v_threshold", 1.0),
            ("v_reset", -0.25),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Parameter::uniform(value)))
        .collect();
        let model = Model::get(Lif::NAME).expect("model");
        let lif = Lif::new(model.setup(&parameters, &options).expect("setup")).expect("parameters");
        // An incomplete last block; inputs that are untouched, zero, or of either sign.
        let (first, neurons) = (10, 150);
        let range = first..first + neurons;
        let decay = lif.membrane.shared_decay().expect("shared");
        let fires_at = lif.firing.fires_at().expect("shared");
        let mut plain = LeakyGroup::new(&lif, &lif.firing, decay, fires_at, range.clone());
        let mut all = lif.fast_group(range.clone()).expect("shared parameters");
        let mut each = PlainGroup::new(lif, range);
        let mut spikes = 0;
        for t in 0..200u32 {
            let input: Vec<f32> = (0..neurons as u32)
                .map(
                    |n| match (n * 7 + t * 13).wrapping_mul(2_654_435_761) >> 24 {
                        0..20 => -0.0,
                        20..30 => 0.0,
                        x => x as f32 / 64.0 - 1.0,
                    },
                )
                .collect();
            let mut emitted = [Vec::new(), Vec::new(), Vec::new()];
            let [by_all, by_each, by_plain] = &mut emitted;
            let active = [
                all.advance(&input, &mut |n, x| by_all.push((n, x))),
                each.advance(&input, &mut |n, x| by_each.push((n, x))),
                Timestep {
                    group: &mut plain,
                    input: &input,
                    emit: &mut |n, x| by_plain.push((n, x)),
                }
                .run(crate::simd::Plain),
            ];
            assert_eq!(active, [active[1]; 3], "timestep {t}");
            assert_eq!(emitted[0], emitted[1], "timestep {t}");
            assert_eq!(emitted[2], emitted[1], "timestep {t}");
            for neuron in 0..neurons {
                let v = each.potential(neuron).to_bits();
                assert_eq!(all.potential(neuron).to_bits(), v, "timestep {t}");
                assert_eq!(plain.potential(neuron).to_bits(), v, "timestep {t}");
            }
            spikes += emitted[0].len();
        }
        assert!(spikes > 1000, "{spikes} spikes test little");
    }
}
