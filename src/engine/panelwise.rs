//! Neurons behind dense matrices, a panel of weights at a time.
//!
//! The weights of a panel, the sums of its neurons and their potentials stay in a near cache while all
//! timesteps pass: sums are compared with thresholds as soon as they are complete and never written
//! to a farther memory. What fires is kept as a bit per neuron and timestep, and becomes events in
//! the order of the neurons at the end.

use super::aligned::Aligned;
use super::group::{Group, Panelful, Thresholds, count_touched};
use super::synapses::{Selected, Synapses};
use super::touched::{UNTOUCHED, Visit};
use crate::neuron::{LANES, LaneBlocks};
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
    /// Neurons of a block that do anything, a number per timestep.
    active: Vec<usize>,
}

/// Neurons of a population that are driven [`LANES`] at a time.
pub(super) enum Driven<'a, 'n> {
    /// Integrate-and-fire in single precision, with their potentials.
    IntegrateFire(Thresholds<'n>, &'a mut [f32]),
    /// Of any other model.
    Blocks(&'a mut dyn LaneBlocks),
}

impl<'a, 'n> Driven<'a, 'n> {
    /// The neurons of a group, if they can be driven so.
    pub(super) fn of(group: &'a mut Group<'n>) -> Option<Self> {
        match group {
            Group::IntegrateFire(thresholds, potential) => {
                Some(Driven::IntegrateFire(*thresholds, potential))
            }
            Group::Model(group) => group.blocks().map(Driven::Blocks),
            _ => None,
        }
    }
}

/// A population and what it needs to be driven.
pub(super) struct DrivenLayer<'a, 'n> {
    pub(super) driven: Driven<'a, 'n>,
    pub(super) neurons: usize,
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
        scratch.words.clear();
        scratch.visits.clear();
        scratch.visits.resize(steps.len(), Visit::default());
        // A panel may begin in the middle of the lanes and ends a row later then.
        scratch.sums.grow((steps.len() + 1) * LANES);
        let mut panels = cuts.iter().enumerate().peekable();
        let neurons = self.neurons;
        let blocks = (0..neurons).step_by(LANES);
        let places = blocks.map(move |first| first..neurons.min(first + LANES));
        for place in places.clone() {
            self.start(place.clone(), &steps, &mut scratch.sums);
            while let Some((i, cut)) = panels.next_if(|(_, cut)| cut.start < place.end) {
                let first = cut.start - place.start;
                let sums = &mut scratch.sums[first..][..steps.len() * LANES];
                for (synapses, selected) in deliveries {
                    synapses.sweep_panel(selected, i, sums, LANES);
                }
            }
            self.fire(place.clone(), &steps, scratch);
        }
        for (step, (t, visit)) in steps.clone().zip(&scratch.visits).enumerate() {
            for (place, words) in places.clone().zip(scratch.words.chunks_exact(steps.len())) {
                train.extend_word(words[step], place.start as u32);
            }
            train.end_timestep();
            visited(t, *visit);
        }
    }

    /// Sums of some neurons before anything arrives.
    fn start(&self, place: Range<usize>, steps: &Range<usize>, sums: &mut [f32]) {
        for (t, sums) in steps.clone().zip(sums.chunks_exact_mut(LANES)) {
            let base = &self.base[t / self.lap * self.neurons..][place.clone()];
            // A copy of known length is no call.
            match (base.first_chunk::<LANES>(), sums.first_chunk_mut()) {
                (Some(base), Some(sums)) => *sums = *base,
                _ => {
                    sums[..base.len()].copy_from_slice(base);
                    sums[base.len()..].fill(UNTOUCHED);
                }
            }
        }
    }

    /// Drives some neurons through the timesteps with their sums.
    fn fire(&mut self, place: Range<usize>, steps: &Range<usize>, scratch: &mut Scratch) {
        let mut touched = self.touched.as_mut().map(|t| &mut t[place.clone()]);
        let blocks = match &mut self.driven {
            Driven::IntegrateFire(thresholds, potential) => {
                return widest(Panelful {
                    thresholds: thresholds.part(place.clone()),
                    potential: &mut potential[place],
                    sums: &scratch.sums[..steps.len() * LANES],
                    first_step: steps.start,
                    lap: self.lap,
                    words: &mut scratch.words,
                    visits: &mut scratch.visits,
                    touched,
                });
            }
            Driven::Blocks(blocks) => blocks,
        };
        let block = place.start / LANES;
        let (sums, _) = scratch.sums.as_chunks::<LANES>();
        let mut start = steps.start;
        while start < steps.end {
            if start > 0 && start.is_multiple_of(self.lap) {
                blocks.reset_block(block);
            }
            let end = steps.end.min((start / self.lap + 1) * self.lap);
            let part = start - steps.start..end - steps.start;
            let (inputs, visits) = (&sums[part.clone()], &mut scratch.visits[part]);
            match touched.as_deref_mut() {
                Some(touched) => {
                    scratch.active.clear();
                    scratch.active.resize(inputs.len(), 0);
                    let active = Some(&mut scratch.active[..]);
                    blocks.advance_block(block, inputs, &mut scratch.words, active);
                    for ((input, visit), active) in inputs.iter().zip(visits).zip(&scratch.active) {
                        visit.touched += count_touched(input, touched);
                        visit.active += active;
                    }
                }
                None => {
                    blocks.advance_block(block, inputs, &mut scratch.words, None);
                    for visit in visits {
                        visit.touched += place.len();
                        visit.active += place.len();
                    }
                }
            }
            start = end;
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
