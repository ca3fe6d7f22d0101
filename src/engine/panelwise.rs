//! Integrate-and-fire neurons behind dense matrices, a panel of weights at a time.
//!
//! The weights of a panel, the sums of its neurons and their potentials stay in a near cache while all
//! timesteps pass: sums are compared with thresholds as soon as they are complete and never written
//! to a farther memory. What fires is kept as a bit per neuron and timestep, and becomes events in
//! the order of the neurons at the end.

use super::aligned::Aligned;
use super::group::{LANES, Panelful, Thresholds, push_word};
use super::synapses::{Selected, Synapses};
use super::touched::{UNTOUCHED, Visit};
use crate::simd::widest;
use crate::spike_train::SpikeTrain;
use std::ops::Range;

/// Timesteps that are taken together, of one sample or of several: enough to use each weight many
/// times, few enough for their sums to fill a part of a second-level cache.
pub(super) const MOST_STEPS: usize = 512;

/// Memory of a thread between layers.
#[derive(Default)]
pub(super) struct Scratch {
    /// Sums of a panel, [`LANES`] per timestep.
    sums: Aligned<f32>,
    /// What fires: panel after panel, a word per timestep.
    words: Vec<u64>,
    visits: Vec<Visit>,
}

/// A population and what it needs to be driven.
pub(super) struct DrivenLayer<'a, 'n> {
    pub(super) thresholds: Thresholds<'n>,
    pub(super) potential: &'a mut [f32],
    /// Timesteps in which each neuron was touched, if not all are known to be in each.
    pub(super) touched: Option<&'a mut [u32]>,
    /// Input that is the same in each timestep, of one lap after the other.
    pub(super) base: &'a [f32],
    /// Timesteps of a lap, at whose start neurons are put to rest.
    pub(super) lap: usize,
}

impl DrivenLayer<'_, '_> {
    /// Drives the neurons, cut as the panels of each projection are, through one of [`chunks`] with
    /// what the projections select. Tells `visited` of each timestep.
    pub(super) fn advance(
        &mut self,
        cuts: &[Range<usize>],
        deliveries: &[(&Synapses, Selected)],
        steps: Range<usize>,
        scratch: &mut Scratch,
        train: &mut SpikeTrain,
        mut visited: impl FnMut(usize, Visit),
    ) {
        let neurons = self.potential.len();
        scratch.words.clear();
        scratch.visits.clear();
        scratch.visits.resize(steps.len(), Visit::default());
        scratch.sums.grow(steps.len() * LANES);
        for (i, place) in cuts.iter().enumerate() {
            for (t, sums) in steps.clone().zip(scratch.sums.chunks_exact_mut(LANES)) {
                let base = &self.base[t / self.lap * neurons..][place.clone()];
                // A copy of known length is no call.
                match (base.first_chunk::<LANES>(), sums.first_chunk_mut()) {
                    (Some(base), Some(sums)) => *sums = *base,
                    _ => {
                        sums[..base.len()].copy_from_slice(base);
                        sums[base.len()..].fill(UNTOUCHED);
                    }
                }
            }
            for (synapses, selected) in deliveries {
                synapses.sweep_panel(selected, i, &mut scratch.sums, LANES);
            }
            let panel = Panelful {
                thresholds: self.thresholds.part(place.clone()),
                potential: &mut self.potential[place.clone()],
                sums: &scratch.sums,
                first_step: steps.start,
                lap: self.lap,
                words: &mut scratch.words,
                visits: &mut scratch.visits,
                touched: self
                    .touched
                    .as_mut()
                    .map(|touched| &mut touched[place.clone()]),
            };
            widest(panel);
        }
        for (step, (t, visit)) in steps.clone().zip(&scratch.visits).enumerate() {
            for (cut, words) in cuts.iter().zip(scratch.words.chunks_exact(steps.len())) {
                push_word(words[step], cut.start as u32, train);
            }
            train.end_timestep();
            visited(t, *visit);
        }
    }
}

/// Some timesteps as ranges that are short enough for [`DrivenLayer::advance`].
pub(super) fn chunks(steps: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = steps.end;
    steps
        .step_by(MOST_STEPS)
        .map(move |start| start..end.min(start + MOST_STEPS))
}
