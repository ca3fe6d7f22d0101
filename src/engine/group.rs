//! The state of one population and its update in one timestep.

use super::signed::Signed;
use crate::network::Population;
use crate::neuron::{Advance, IntegrateFire, Neuron, Reset, ThresholdTest};
use crate::simd::{Loops, widest};
use crate::spike_train::SpikeTrain;
use std::ops::Range;

/// Input of a neuron that nothing has touched. Adding any weight to it, even weights that cancel
/// each other, gives another number, so touched neurons need no bookkeeping of their own.
pub(super) const UNTOUCHED: f32 = -0.0;

/// Whether anything was added to an input that started as [`UNTOUCHED`].
#[inline(always)]
pub(super) fn is_touched(input: f32) -> bool {
    input.to_bits() != UNTOUCHED.to_bits()
}

/// State of the neurons of one population.
pub(super) enum Group<'n> {
    /// Driven from outside, or pooling, which keeps a state of its own.
    None,
    IntegrateFire(Thresholds<'n>, Vec<f32>),
    Signed(Signed<'n>),
    Integrator(Vec<f32>),
    Model(Box<dyn Advance>),
}

/// A model and the thresholds of the neurons at hand.
#[derive(Clone, Copy)]
pub(super) struct Thresholds<'n> {
    model: &'n IntegrateFire,
    threshold: &'n [f32],
    /// The threshold, if they share one: it need not be read again for each neuron.
    shared: Option<f32>,
}

impl<'n> Thresholds<'n> {
    /// Those of some of the neurons.
    pub(super) fn part(self, neurons: Range<usize>) -> Self {
        Thresholds {
            threshold: &self.threshold[neurons],
            ..self
        }
    }
}

/// What one timestep visited.
#[derive(Clone, Copy, Default)]
pub(super) struct Visit {
    /// Neurons with any input or a bias.
    pub(super) touched: usize,
    /// Neurons with a nonzero potential before, any input or a bias.
    pub(super) active: usize,
}

impl<'n> Group<'n> {
    /// Some neurons of a population.
    pub(super) fn new(population: &'n Population, neurons: Range<usize>) -> Self {
        let potential = vec![0.0; neurons.len()];
        match &population.neuron {
            Neuron::Input | Neuron::MaxPool(_) => Group::None,
            Neuron::IntegrateFire(model) if model.signed => {
                Group::Signed(Signed::new(model, &model.threshold[neurons]))
            }
            Neuron::IntegrateFire(model) => {
                let threshold = &model.threshold[neurons];
                let first = threshold.first().copied();
                let thresholds = Thresholds {
                    model,
                    threshold,
                    shared: first.filter(|first| threshold.iter().all(|t| t == first)),
                };
                Group::IntegrateFire(thresholds, potential)
            }
            Neuron::Integrator => Group::Integrator(potential),
            Neuron::Model(model) => Group::Model(model.group_of(neurons)),
        }
    }

    /// Puts the neurons to where a sample starts.
    pub(super) fn reset(&mut self) {
        match self {
            Group::None => {}
            Group::IntegrateFire(model, potential) => {
                for (v, threshold) in potential.iter_mut().zip(model.threshold) {
                    *v = model.model.initial * threshold;
                }
            }
            Group::Signed(signed) => signed.reset(),
            Group::Integrator(potential) => potential.fill(0.0),
            Group::Model(group) => group.reset(),
        }
    }

    /// One timestep with `input`, whose touched neurons are added to `touched`; without `touched`
    /// all are known to be.
    pub(super) fn advance(
        &mut self,
        input: &[f32],
        touched: Option<&mut [u32]>,
        train: &mut SpikeTrain,
    ) -> Visit {
        let all = Visit {
            touched: input.len(),
            active: input.len(),
        };
        let Some(touched) = touched else {
            match self {
                Group::None => {}
                Group::IntegrateFire(model, potential) => {
                    widest(IntegrateAndFire::<false> {
                        model: *model,
                        potential,
                        input,
                        touched: &mut [],
                        train,
                    });
                }
                Group::Signed(signed) => {
                    signed.advance(input, train);
                }
                Group::Integrator(potential) => {
                    potential.iter_mut().zip(input).for_each(|(v, x)| *v += x);
                }
                Group::Model(group) => {
                    group.advance(input, &mut |neuron, value| {
                        train.push_value(neuron, value);
                    });
                }
            }
            return all;
        };
        match self {
            Group::None => Visit::default(),
            Group::IntegrateFire(model, potential) => widest(IntegrateAndFire::<true> {
                model: *model,
                potential,
                input,
                touched,
                train,
            }),
            Group::Integrator(potential) => {
                let mut visit = Visit::default();
                for ((v, &x), count) in potential.iter_mut().zip(input).zip(touched) {
                    let is_touched = is_touched(x);
                    *count += u32::from(is_touched);
                    visit.touched += usize::from(is_touched);
                    visit.active += usize::from(is_touched | (*v != 0.0));
                    *v += x;
                }
                visit
            }
            Group::Signed(signed) => {
                count_touched(input, touched);
                signed.advance(input, train)
            }
            Group::Model(group) => {
                let mut visit = Visit {
                    touched: count_touched(input, touched),
                    active: 0,
                };
                visit.active = group.advance(input, &mut |neuron, value| {
                    train.push_value(neuron, value);
                });
                visit
            }
        }
    }

    /// Appends the potentials of all of its `neurons` neurons.
    pub(super) fn append_potentials(&self, neurons: usize, potentials: &mut Vec<f32>) {
        match self {
            Group::IntegrateFire(_, potential)
            | Group::Signed(Signed { potential, .. })
            | Group::Integrator(potential) => potentials.extend_from_slice(potential),
            _ => potentials.extend((0..neurons).map(|neuron| self.potential(neuron))),
        }
    }

    /// Potential of one neuron.
    pub(super) fn potential(&self, neuron: usize) -> f32 {
        match self {
            Group::None => 0.0,
            Group::IntegrateFire(_, potential)
            | Group::Signed(Signed { potential, .. })
            | Group::Integrator(potential) => potential[neuron],
            Group::Model(group) => group.potential(neuron) as f32,
        }
    }
}

/// Counts the timestep for each neuron that has input; returns how many have.
fn count_touched(input: &[f32], touched: &mut [u32]) -> usize {
    let mut visited = 0;
    for (&x, count) in input.iter().zip(touched) {
        *count += u32::from(is_touched(x));
        visited += usize::from(is_touched(x));
    }
    visited
}

/// Neurons that are updated together: one word of spikes.
pub(super) const LANES: usize = 64;

/// Integrate-and-fire neurons in one timestep. `COUNT`: whether touched neurons have to be found
/// and counted.
struct IntegrateAndFire<'a, const COUNT: bool> {
    model: Thresholds<'a>,
    potential: &'a mut [f32],
    input: &'a [f32],
    touched: &'a mut [u32],
    train: &'a mut SpikeTrain,
}

impl<const COUNT: bool> Loops for IntegrateAndFire<'_, COUNT> {
    type Output = Visit;

    #[inline(always)]
    fn run(self) -> Visit {
        let IntegrateAndFire {
            model,
            potential,
            input,
            touched,
            train,
        } = self;
        // One comparison is half of the work, so which one is settled outside the loop.
        match model.model.test {
            ThresholdTest::Above => {
                integrate_and_fire::<COUNT, true>(model, potential, input, touched, train)
            }
            ThresholdTest::AtLeast => {
                integrate_and_fire::<COUNT, false>(model, potential, input, touched, train)
            }
        }
    }
}

/// Potentials and thresholds, none of which lies across two lines of the cache.
#[repr(align(64))]
struct Lanes([[f32; LANES]; 2]);

/// Up to [`LANES`] neurons through some timesteps.
pub(super) struct Panelful<'a> {
    pub(super) thresholds: Thresholds<'a>,
    pub(super) potential: &'a mut [f32],
    /// Inputs, [`LANES`] per timestep.
    pub(super) sums: &'a [f32],
    pub(super) first_step: usize,
    /// Timesteps of a sample, at whose start neurons are put to rest.
    pub(super) lap: usize,
    /// Gets what fires, a word per timestep.
    pub(super) words: &'a mut Vec<u64>,
    /// Get what was visited.
    pub(super) visits: &'a mut [Visit],
    /// Timesteps in which each neuron was touched; `None` if all are known to be in each.
    pub(super) touched: Option<&'a mut [u32]>,
}

impl Loops for Panelful<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.thresholds.model.test {
            ThresholdTest::Above => self.advance::<true>(),
            ThresholdTest::AtLeast => self.advance::<false>(),
        }
    }
}

impl Panelful<'_> {
    #[inline(always)]
    fn advance<const STRICT: bool>(self) {
        let Thresholds {
            model, threshold, ..
        } = self.thresholds;
        let keep = match model.reset {
            Reset::Subtract => 1.0,
            Reset::ToValue => 0.0,
        };
        let neurons = self.potential.len();
        // Lanes without a neuron cannot fire.
        let mut lanes = Lanes([[0.0; LANES], [f32::INFINITY; LANES]]);
        let Lanes([v, limit]) = &mut lanes;
        v[..neurons].copy_from_slice(self.potential);
        limit[..neurons].copy_from_slice(threshold);
        let mut counted = [0u32; LANES];
        let (inputs, _) = self.sums.as_chunks::<LANES>();
        for (step, (x, visit)) in inputs.iter().zip(self.visits).enumerate() {
            let t = self.first_step + step;
            if t > 0 && t.is_multiple_of(self.lap) {
                for (v, threshold) in v.iter_mut().zip(threshold) {
                    *v = model.initial * threshold;
                }
            }
            if self.touched.is_some() {
                let (mut touched, mut active) = (0, 0);
                for ((count, &x), &v) in counted.iter_mut().zip(x).zip(&*v) {
                    let was_touched = is_touched(x);
                    *count += u32::from(was_touched);
                    touched += u32::from(was_touched);
                    active += u32::from(was_touched | (v != 0.0));
                }
                visit.touched += touched as usize;
                visit.active += active as usize;
            } else {
                visit.touched += neurons;
                visit.active += neurons;
            }
            self.words.push(fire::<STRICT>(v, x, limit, keep));
        }
        self.potential.copy_from_slice(&v[..neurons]);
        if let Some(touched) = self.touched {
            for (touched, counted) in touched.iter_mut().zip(counted) {
                *touched += counted;
            }
        }
    }
}

#[inline(always)]
fn integrate_and_fire<const COUNT: bool, const STRICT: bool>(
    model: Thresholds,
    potential: &mut [f32],
    input: &[f32],
    touched: &mut [u32],
    train: &mut SpikeTrain,
) -> Visit {
    let Thresholds {
        model,
        threshold,
        shared,
    } = model;
    let keep = match model.reset {
        Reset::Subtract => 1.0,
        Reset::ToValue => 0.0,
    };
    let mut visit = Visit::default();
    if COUNT {
        for ((touched, &x), &v) in touched.iter_mut().zip(input).zip(potential.iter()) {
            let was_touched = is_touched(x);
            *touched += u32::from(was_touched);
            visit.touched += usize::from(was_touched);
            visit.active += usize::from(was_touched | (v != 0.0));
        }
    }
    let (words, rest) = potential.as_chunks_mut::<LANES>();
    let (inputs, input_rest) = input.as_chunks::<LANES>();
    let (thresholds, threshold_rest) = threshold.as_chunks::<LANES>();
    let mut first = 0;
    let same = shared.map(|threshold| [threshold; LANES]);
    for ((v, x), threshold) in words.iter_mut().zip(inputs).zip(thresholds) {
        let threshold = same.as_ref().unwrap_or(threshold);
        push_word(fire::<STRICT>(v, x, threshold, keep), first, train);
        first += LANES as u32;
    }
    // The last, incomplete word among neurons that cannot fire.
    let mut padded = [[0.0f32; LANES], [0.0; LANES], [f32::INFINITY; LANES]];
    padded[0][..rest.len()].copy_from_slice(rest);
    padded[1][..rest.len()].copy_from_slice(input_rest);
    padded[2][..rest.len()].copy_from_slice(threshold_rest);
    let [v, x, threshold] = &mut padded;
    push_word(fire::<STRICT>(v, x, threshold, keep), first, train);
    rest.copy_from_slice(&padded[0][..rest.len()]);
    visit
}

/// Updates 64 neurons; the bits of the result are those that fire.
#[inline(always)]
fn fire<const STRICT: bool>(
    v: &mut [f32; LANES],
    x: &[f32; LANES],
    threshold: &[f32; LANES],
    keep: f32,
) -> u64 {
    let mut fired = [0u8; LANES];
    for i in 0..LANES {
        let sum = v[i] + x[i];
        let above = sum - threshold[i];
        // The difference has the sign of the comparison: floats are never flushed to zero.
        let spike = if STRICT { above > 0.0 } else { above >= 0.0 };
        v[i] = if spike { keep * above } else { sum };
        fired[i] = u8::from(spike);
    }
    bits(&fired)
}

/// Adds the neurons of a word, the first of which is `first`, as spikes.
#[inline(always)]
pub(super) fn push_word(mut word: u64, first: u32, train: &mut SpikeTrain) {
    if word == 0 {
        return;
    }
    let mut neurons = [0; LANES];
    let mut count = 0;
    while word != 0 {
        neurons[count] = first + word.trailing_zeros();
        count += 1;
        word &= word - 1;
    }
    train.extend(&neurons[..count]);
}

/// 64 bytes of 0 or 1 as one word, the first byte the lowest bit.
#[inline(always)]
fn bits(bytes: &[u8; LANES]) -> u64 {
    let mut word = 0;
    for (i, group) in bytes.as_chunks::<8>().0.iter().enumerate() {
        // Each byte's bit is moved to a bit of its own in the top byte.
        let gathered = u64::from_le_bytes(*group).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= gathered << (8 * i);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_bits() {
        let mut bytes = [0u8; LANES];
        for i in [0, 3, 8, 17, 62, 63] {
            bytes[i] = 1;
        }
        let expected = 1 | 1 << 3 | 1 << 8 | 1 << 17 | 1 << 62 | 1 << 63;
        assert_eq!(bits(&bytes), expected);
    }

    #[test]
    fn sums_that_cancel_are_touched_and_absent_weights_are_not() {
        assert!(!is_touched(UNTOUCHED));
        assert!(is_touched(UNTOUCHED + 0.5 - 0.5));
        assert!(!is_touched(UNTOUCHED + -0.0));
    }
}
