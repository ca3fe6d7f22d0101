//! The state of one population and its update in one timestep.

use super::signed::Signed;
use super::touched::{Visit, is_touched};
use crate::network::Population;
use crate::neuron::{Advance, IntegrateFire, LANES, Neuron, Reset, ThresholdTest};
use crate::simd::{Loops, SimdWidth, widest};
use crate::spike_train::SpikeTrain;
use std::ops::Range;

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

    /// How neurons are updated, in words; `None` if they are driven from outside.
    pub(super) fn kernel(&self) -> Option<&'static str> {
        match self {
            Group::None => None,
            Group::IntegrateFire(..) | Group::Signed(_) | Group::Integrator(_) => {
                Some("64 neurons at once, single precision")
            }
            Group::Model(group) => Some(group.kernel()),
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
                    group.advance_train(input, false, train);
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
                visit.active = group.advance_train(input, true, train);
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
pub(super) fn count_touched(input: &[f32], touched: &mut [u32]) -> usize {
    let mut visited = 0;
    for (&x, count) in input.iter().zip(touched) {
        *count += u32::from(is_touched(x));
        visited += usize::from(is_touched(x));
    }
    visited
}

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
    fn run(self, width: impl SimdWidth) -> Visit {
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
                integrate_and_fire::<COUNT, true>(width, model, potential, input, touched, train)
            }
            ThresholdTest::AtLeast => {
                integrate_and_fire::<COUNT, false>(width, model, potential, input, touched, train)
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
    fn run(self, width: impl SimdWidth) {
        match self.thresholds.model.test {
            ThresholdTest::Above => self.advance::<true>(width),
            ThresholdTest::AtLeast => self.advance::<false>(width),
        }
    }
}

impl Panelful<'_> {
    #[inline(always)]
    fn advance<const STRICT: bool>(self, width: impl SimdWidth) {
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
            self.words.push(fire::<STRICT>(width, v, x, limit, keep));
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
    width: impl SimdWidth,
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
        train.extend_word(fire::<STRICT>(width, v, x, threshold, keep), first);
        first += LANES as u32;
    }
    // The last, incomplete word among neurons that cannot fire.
    let mut padded = [[0.0f32; LANES], [0.0; LANES], [f32::INFINITY; LANES]];
    padded[0][..rest.len()].copy_from_slice(rest);
    padded[1][..rest.len()].copy_from_slice(input_rest);
    padded[2][..rest.len()].copy_from_slice(threshold_rest);
    let [v, x, threshold] = &mut padded;
    train.extend_word(fire::<STRICT>(width, v, x, threshold, keep), first);
    rest.copy_from_slice(&padded[0][..rest.len()]);
    visit
}

/// Updates 64 neurons; the bits of the result are those that fire.
#[inline(always)]
fn fire<const STRICT: bool>(
    width: impl SimdWidth,
    v: &mut [f32; LANES],
    x: &[f32; LANES],
    threshold: &[f32; LANES],
    keep: f32,
) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if width.avx2().is_some() {
        // SAFETY: the processor has AVX2, of which there is proof.
        return unsafe { fire_avx2::<STRICT>(v, x, threshold, keep) };
    }
    let _ = width;
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

/// The same, eight neurons at a time: a comparison is a bit of each.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn fire_avx2<const STRICT: bool>(
    v: &mut [f32; LANES],
    x: &[f32; LANES],
    threshold: &[f32; LANES],
    keep: f32,
) -> u64 {
    use std::arch::x86_64::{
        _CMP_GE_OQ, _CMP_GT_OQ, _mm256_add_ps, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_loadu_ps,
        _mm256_movemask_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
        _mm256_sub_ps,
    };
    let keep = _mm256_set1_ps(keep);
    let zero = _mm256_setzero_ps();
    let mut word = 0;
    for first in (0..LANES).step_by(8) {
        // SAFETY: `first .. first + 8` lies in arrays of 64.
        let [potential, input, threshold] = unsafe {
            [v.as_ptr(), x.as_ptr(), threshold.as_ptr()].map(|p| _mm256_loadu_ps(p.add(first)))
        };
        let sum = _mm256_add_ps(potential, input);
        let above = _mm256_sub_ps(sum, threshold);
        let spike = if STRICT {
            _mm256_cmp_ps::<_CMP_GT_OQ>(above, zero)
        } else {
            _mm256_cmp_ps::<_CMP_GE_OQ>(above, zero)
        };
        let next = _mm256_blendv_ps(sum, _mm256_mul_ps(keep, above), spike);
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(v.as_mut_ptr().add(first), next) };
        word |= u64::from(_mm256_movemask_ps(spike) as u32) << first;
    }
    word
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
    use crate::engine::touched::UNTOUCHED;
    use crate::simd::Plain;
    use proptest::prelude::*;

    proptest! {
        /// Every instruction set against the plain loop, bit for bit.
        #[test]
        fn closed_form_all_paths_fire_alike(seed in any::<u32>(), to_value in any::<bool>()) {
            /// Potentials after both tests of the threshold, and what fired.
            struct Once(f32, [[f32; LANES]; 3]);
            impl Loops for Once {
                type Output = ([u64; 2], [[u32; LANES]; 2]);
                #[inline(always)]
                fn run(self, width: impl SimdWidth) -> Self::Output {
                    let Once(keep, [v, x, threshold]) = self;
                    let (mut strict, mut other) = (v, v);
                    let fired = [
                        fire::<true>(width, &mut strict, &x, &threshold, keep),
                        fire::<false>(width, &mut other, &x, &threshold, keep),
                    ];
                    // Which of two that are no numbers comes out is nobody's business.
                    let bits = |v: f32| if v.is_nan() { f32::NAN.to_bits() } else { v.to_bits() };
                    (fired, [strict, other].map(|v| v.map(bits)))
                }
            }
            let values = [0.0, -0.0, 0.5, -0.5, 1.0, 1.5, f32::MIN_POSITIVE / 4.0, f32::INFINITY, f32::NAN];
            let lanes = |which: usize| -> [f32; LANES] {
                std::array::from_fn(|i| {
                    let mixed = (seed ^ ((which * LANES + i) as u32).wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
                    values[(mixed >> 8) as usize % values.len()]
                })
            };
            let once = || Once(if to_value { 0.0 } else { 1.0 }, [lanes(0), lanes(1), lanes(2)]);
            prop_assert_eq!(widest(once()), once().run(Plain));
        }
    }

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
