//! One population spread over several threads.
//!
//! A sample is otherwise one thread's work; a single large network would leave the other threads
//! idle. Each part has some neurons and delivers to those only, in the order in which one thread
//! would, so the number of parts never shows in a result.

use super::Simulator;
use super::group::{Group, Visit};
use super::poisson::{Poisson, SHARD};
use super::train::SpikeTrain;
use crate::network::Population;
use rand::rngs::SmallRng;
use std::ops::Range;

/// Some neurons of a population, and the workspace of the thread that drives them.
pub(super) struct Part<'n> {
    neurons: Range<usize>,
    /// For each projection into the population, the synapses of each presynaptic neuron that lead
    /// to these neurons.
    segments: Vec<Vec<Range<usize>>>,
    group: Group<'n>,
    inputs: Vec<f32>,
    /// What they emit in the chunk in work, numbered from the first of them.
    train: SpikeTrain,
    visits: Vec<Visit>,
}

/// What all parts of a population read.
pub(super) struct Work<'a, 's, 'n> {
    pub(super) simulator: &'s Simulator<'n>,
    /// Index of the population.
    pub(super) index: usize,
    /// What other populations emitted.
    pub(super) trains: &'a [SpikeTrain],
    /// What this one emitted before.
    pub(super) own: &'a SpikeTrain,
    /// Timesteps to drive it through.
    pub(super) chunk: Range<usize>,
    /// Input that is the same in each timestep.
    pub(super) base: &'a [f32],
    /// Projections whose current is part of `base`.
    pub(super) has_current: &'a [usize],
    /// Whether `base` touches every neuron.
    pub(super) always: bool,
}

/// Random input of a population: the distribution, what an event adds, a generator per shard.
pub(super) type Noise<'a> = (&'a Poisson, f32, &'a mut [SmallRng]);

impl<'n> Part<'n> {
    /// Cuts a population into up to `threads` parts of whole shards; none if it is not worth it.
    pub(super) fn split(simulator: &Simulator<'n>, index: usize, threads: usize) -> Vec<Self> {
        let population: &'n Population = &simulator.network.populations[index];
        let neurons = population.shape.neurons();
        let shards = neurons.div_ceil(SHARD);
        let parts = threads.min(shards);
        if parts < 2 {
            return Vec::new();
        }
        let boundary = |part: usize| (part * shards / parts * SHARD).min(neurons);
        (0..parts)
            .map(|part| {
                let neurons = boundary(part)..boundary(part + 1);
                let incoming = simulator.incoming[index].iter();
                Part {
                    segments: incoming
                        .map(|&p| simulator.synapses[p].segments(&neurons))
                        .collect(),
                    group: Group::new(population, neurons.clone()),
                    neurons,
                    inputs: Vec::new(),
                    train: SpikeTrain::new(),
                    visits: Vec::new(),
                }
            })
            .collect()
    }

    /// Puts the neurons to where a sample starts.
    pub(super) fn reset(&mut self) {
        self.group.reset();
    }

    /// Drives all parts through the chunk, each on a thread of its own where there is one.
    pub(super) fn advance_all(
        parts: &mut [Self],
        work: &Work,
        mut touched: &mut [u32],
        mut noise: Option<Noise>,
    ) {
        rayon::scope(|scope| {
            for part in parts {
                let (mine, rest) = std::mem::take(&mut touched).split_at_mut(part.neurons.len());
                touched = rest;
                let my_noise = noise.take().map(|(poisson, weight, generators)| {
                    let shards = part.neurons.len().div_ceil(SHARD);
                    let (mine, rest) = generators.split_at_mut(shards);
                    noise = Some((poisson, weight, rest));
                    (poisson, weight, mine)
                });
                scope.spawn(move |_| part.advance(work, mine, my_noise));
            }
        });
    }

    fn advance(&mut self, work: &Work, touched: &mut [u32], mut noise: Option<Noise>) {
        let neurons = self.neurons.len();
        self.train.clear();
        self.visits.clear();
        self.inputs.clear();
        for _ in work.chunk.clone() {
            self.inputs
                .extend_from_slice(&work.base[self.neurons.clone()]);
        }
        let incoming = work.simulator.incoming[work.index].iter();
        for (&p, segments) in incoming.zip(&self.segments) {
            if work.has_current.contains(&p) {
                continue;
            }
            let synapses = &work.simulator.synapses[p];
            let source = if synapses.source() == work.index {
                work.own
            } else {
                &work.trains[synapses.source()]
            };
            synapses.deliver_to(
                source,
                work.chunk.clone(),
                &self.neurons,
                segments,
                &mut self.inputs,
            );
        }
        for input in self.inputs.chunks_exact_mut(neurons) {
            if let Some((poisson, weight, generators)) = &mut noise {
                for (input, rng) in input.chunks_mut(SHARD).zip(generators.iter_mut()) {
                    poisson.add(*weight, rng, input);
                }
            }
            let touched = (!work.always).then_some(&mut *touched);
            let visit = self.group.advance(input, touched, &mut self.train);
            self.train.end_timestep();
            self.visits.push(visit);
        }
    }

    /// Joins what the parts emitted in timestep `step` of the chunk, and adds up their visits.
    pub(super) fn collect(parts: &[Self], step: usize, train: &mut SpikeTrain) -> Visit {
        let mut sum = Visit::default();
        for part in parts {
            let events = part.train.at(step);
            for (i, &neuron) in events.neurons.iter().enumerate() {
                let value = events.values.map_or(1.0, |values| values[i]);
                train.push_value(neuron + part.neurons.start as u32, value);
            }
            sum.touched += part.visits[step].touched;
            sum.active += part.visits[step].active;
        }
        train.end_timestep();
        sum
    }
}
