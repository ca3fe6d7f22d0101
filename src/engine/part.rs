//! Populations spread over several threads.
//!
//! A sample is otherwise one thread's work; a single large network would leave the other threads
//! idle. Each part has some neurons and delivers to those only, in the order in which one thread
//! would, so the number of parts never shows in a result.

use super::Simulator;
use super::aligned::Aligned;
use super::group::Group;
use super::poisson::{Poisson, SHARD};
use super::synapses::{Segments, start_inputs};
use super::team;
use super::touched::Visit;
use crate::network::Population;
use crate::spike_train::SpikeTrain;
use rand::rngs::SmallRng;
use rayon::prelude::*;
use std::ops::Range;

/// Some neurons of a population, and the workspace of the thread that drives them.
pub(super) struct PopulationPart<'n> {
    neurons: Range<usize>,
    /// For each projection into the population, the synapses of each presynaptic neuron that lead
    /// to these neurons.
    segments: Vec<Option<Segments>>,
    group: Group<'n>,
    inputs: Aligned<f32>,
    /// What they emit in the chunk in work, numbered from the first of them.
    train: SpikeTrain,
    visits: Vec<Visit>,
}

/// What all parts of a population read.
#[derive(Clone)]
pub(super) struct PartWork<'a, 's, 'n> {
    pub(super) simulator: &'s Simulator<'n>,
    /// Index of the population.
    pub(super) index: usize,
    /// What populations emitted before.
    pub(super) trains: &'a [SpikeTrain],
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

/// One part's share of some timesteps.
pub(super) struct Task<'a, 's, 'n> {
    part: &'a mut PopulationPart<'n>,
    work: PartWork<'a, 's, 'n>,
    touched: &'a mut [u32],
    noise: Option<Noise<'a>>,
}

impl Task<'_, '_, '_> {
    /// Runs the tasks of several populations, one thread taking the first part of each, another
    /// the second, and so on: one wait for all.
    pub(super) fn run_all(populations: Vec<Vec<Self>>) {
        let mut shares: Vec<Vec<Self>> = Vec::new();
        for tasks in populations {
            for (i, task) in tasks.into_iter().enumerate() {
                if shares.len() <= i {
                    shares.push(Vec::new());
                }
                shares[i].push(task);
            }
        }
        team::share(shares, Self::run);
    }

    fn run(share: Vec<Self>) {
        for task in share {
            task.part.advance(&task.work, task.touched, task.noise);
        }
    }
}

impl<'n> PopulationPart<'n> {
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
            .into_par_iter()
            .map(|part| {
                let neurons = boundary(part)..boundary(part + 1);
                let incoming = simulator.incoming[index].iter();
                PopulationPart {
                    segments: incoming
                        .map(|&p| simulator.synapses[p].segments(&neurons))
                        .collect(),
                    group: Group::new(population, neurons.clone()),
                    neurons,
                    inputs: Aligned::default(),
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

    /// What each part of a population has to do.
    pub(super) fn tasks<'a, 's>(
        parts: &'a mut [Self],
        work: &PartWork<'a, 's, 'n>,
        mut touched: &'a mut [u32],
        mut noise: Option<Noise<'a>>,
    ) -> Vec<Task<'a, 's, 'n>> {
        let mut tasks = Vec::with_capacity(parts.len());
        for part in parts {
            let (mine, rest) = std::mem::take(&mut touched).split_at_mut(part.neurons.len());
            touched = rest;
            let my_noise = noise.take().map(|(poisson, weight, generators)| {
                let shards = part.neurons.len().div_ceil(SHARD);
                let (mine, rest) = generators.split_at_mut(shards);
                noise = Some((poisson, weight, rest));
                (poisson, weight, mine)
            });
            tasks.push(Task {
                part,
                work: work.clone(),
                touched: mine,
                noise: my_noise,
            });
        }
        tasks
    }

    fn advance(&mut self, work: &PartWork, touched: &mut [u32], mut noise: Option<Noise>) {
        let neurons = self.neurons.len();
        self.train.clear();
        self.visits.clear();
        let base = &work.base[self.neurons.clone()];
        start_inputs(&mut self.inputs, neurons, work.chunk.clone(), |_| base);
        let incoming = work.simulator.incoming[work.index].iter();
        for (&p, segments) in incoming.zip(&self.segments) {
            if work.has_current.contains(&p) {
                continue;
            }
            let synapses = &work.simulator.synapses[p];
            synapses.deliver_to(
                &work.trains[synapses.source()],
                work.chunk.clone(),
                &self.neurons,
                segments.as_ref(),
                &mut self.inputs,
            );
        }
        for input in self.inputs[..work.chunk.len() * neurons].chunks_exact_mut(neurons) {
            if let Some((poisson, weight, generators)) = &mut noise {
                poisson.add(*weight, generators, input);
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
            for (neuron, value) in events.iter() {
                train.push_value(neuron + part.neurons.start as u32, value);
            }
            sum.touched += part.visits[step].touched;
            sum.active += part.visits[step].active;
        }
        train.end_timestep();
        sum
    }
}
