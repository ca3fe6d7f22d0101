//! One thread's workspace: simulates samples and tallies their events.
//!
//! Several samples may follow one another in its time as laps: timestep `t` is timestep `t % lap` of
//! sample `t / lap`, and all is put to rest between them. So one pass over the weights serves all.

use super::aligned::Aligned;
use super::group::Group;
use super::panelwise::{self, Driven, DrivenLayer};
use super::part::{PartWork, PopulationPart, Task};
use super::plan::Component;
use super::poisson::{Poisson, SHARD, generator};
use super::pool::Pool;
use super::probe::{Probe, Recording};
use super::synapses::{DeliveryScratch, start_inputs};
use super::team;
use super::touched::{UNTOUCHED, is_touched};
use super::{Outcome, SimulationError, Simulator, SpikeReadout};
use crate::answer::largest;
use crate::counts::Tally;
use crate::encoding::Drive;
use crate::network::Role;
use crate::neuron::Neuron;
use crate::spike_train::SpikeTrain;
use rand::rngs::SmallRng;
use std::ops::Range;

/// Input values that are collected before neurons are updated: enough timesteps to reuse a panel
/// of weights, few enough to stay in cache.
const CHUNK_VALUES: usize = 32 * 1024;

/// The same for dense matrices, which are too large to stay there between two chunks: all that
/// matters is how often.
const DENSE_CHUNK_VALUES: usize = 128 * 1024;

/// Timesteps that are collected at most.
const LONGEST_CHUNK: usize = 128;

/// Timesteps after which what was emitted is handed to the probe and forgotten.
const BLOCK: usize = 1024;

pub(super) struct Worker<'s, 'n> {
    simulator: &'s Simulator<'n>,
    states: Vec<State<'s, 'n>>,
    trains: Vec<SpikeTrain>,
    scratch: Vec<DeliveryScratch>,
    inputs: Aligned<f32>,
    panelwise: panelwise::Scratch,
    /// Timesteps of a sample.
    lap: usize,
    tally: Tally,
    /// Tallies of the segments that are not in work.
    parked: Vec<Tally>,
}

/// One population during a sample.
struct State<'s, 'n> {
    group: Group<'n>,
    pool: Option<Pool<'s>>,
    /// Input that is the same in each timestep: bias and constant current, of one lap after the
    /// other.
    base: Vec<f32>,
    /// Timesteps of this sample in which each neuron was touched.
    touched: Vec<u32>,
    /// Random input, with a generator per shard.
    poisson: Option<(Poisson, Vec<SmallRng>)>,
    /// The population cut into parts, if several threads share it; then `group` is empty.
    parts: Vec<PopulationPart<'n>>,
    /// Potentials of the block in work, if they are recorded.
    potentials: Vec<f32>,
    /// Projections whose constant current is part of `base`.
    has_current: Vec<usize>,
    /// Whether `base` touches every neuron in each timestep.
    always: bool,
}

impl State<'_, '_> {
    /// Reads the potentials of an output.
    fn read(&self, outcome: &mut Outcome) {
        for (neuron, output) in outcome.output.iter_mut().enumerate() {
            *output = self.group.potential(neuron);
        }
    }
}

impl<'s, 'n> Worker<'s, 'n> {
    /// A workspace that spreads each sample over `threads` threads where that is worth it, and
    /// tallies so many segments of timesteps separately.
    pub(super) fn new(simulator: &'s Simulator<'n>, threads: usize, segments: usize) -> Self {
        let populations = &simulator.network.populations;
        let sizes: Vec<usize> = populations.iter().map(|p| p.shape.neurons()).collect();
        let tally = || Tally::new(&sizes, simulator.synapses.len(), simulator.timesteps);
        let states = populations
            .iter()
            .zip(&simulator.windows)
            .enumerate()
            .map(|(index, (population, windows))| {
                let neurons = population.shape.neurons();
                let parts = if simulator.can_split(index) {
                    PopulationPart::split(simulator, index, threads)
                } else {
                    Vec::new()
                };
                let whole = if parts.is_empty() { 0..neurons } else { 0..0 };
                let pool = match (&population.neuron, windows) {
                    (Neuron::MaxPool(pool), Some(windows)) => {
                        Some(Pool::new(pool.rule, windows, neurons))
                    }
                    _ => None,
                };
                State {
                    group: Group::new(population, whole),
                    parts,
                    pool,
                    base: Vec::new(),
                    touched: vec![0; neurons],
                    poisson: None,
                    potentials: Vec::new(),
                    has_current: Vec::new(),
                    always: false,
                }
            })
            .collect();
        Worker {
            states,
            trains: vec![SpikeTrain::new(); populations.len()],
            scratch: simulator
                .synapses
                .iter()
                .map(|synapses| synapses.scratch(sizes[synapses.projection.target]))
                .collect(),
            inputs: Aligned::default(),
            panelwise: panelwise::Scratch::default(),
            lap: (simulator.timesteps as usize).max(1),
            tally: tally(),
            parked: (1..segments).map(|_| tally()).collect(),
            simulator,
        }
    }

    /// What was counted in each segment.
    pub(super) fn into_tallies(self) -> Vec<Tally> {
        std::iter::once(self.tally).chain(self.parked).collect()
    }

    /// Simulates samples from rest, the first of which is `sample`: per sample, what the output says
    /// at the end of each segment of timesteps, the last of which is the end of the sample. For
    /// several samples there is one segment, and [`Simulator::laps`] allows as many.
    pub(super) fn run(
        &mut self,
        sample: usize,
        drives: Vec<Drive>,
        ends: &[u32],
        probe: &dyn Probe,
    ) -> Result<Vec<Vec<Outcome>>, SimulationError> {
        let laps = drives.len();
        if laps == 0 {
            return Ok(Vec::new());
        }
        let kinds = drives.iter().map(std::mem::discriminant);
        if laps > 1 && kinds.clone().any(|kind| Some(kind) != kinds.clone().next()) {
            let mut outcomes = Vec::with_capacity(laps);
            for (lap, drive) in drives.into_iter().enumerate() {
                outcomes.extend(self.run(sample + lap, vec![drive], ends, probe)?);
            }
            return Ok(outcomes);
        }
        self.start(sample, drives)?;
        let parts = self.states.iter().map(|state| state.parts.len());
        let helpers = parts.max().unwrap_or(0).saturating_sub(1);
        Ok(team::awake(helpers, || {
            self.advance_samples(sample, laps, ends, probe)
        }))
    }

    /// Drives everything through all timesteps of samples that have been started.
    fn advance_samples(
        &mut self,
        sample: usize,
        laps: usize,
        ends: &[u32],
        probe: &dyn Probe,
    ) -> Vec<Vec<Outcome>> {
        let simulator = self.simulator;
        let last = self.states.len() - 1;
        let silent = Outcome {
            output: vec![0.0; simulator.network.populations[last].shape.neurons()],
            predictions: Vec::with_capacity(simulator.timesteps as usize),
        };
        let mut now = vec![silent; laps];
        let mut outcomes = vec![Vec::with_capacity(ends.len()); laps];
        let mut start = 0;
        for (segment, &end) in ends.iter().enumerate() {
            let (first, end) = (start, laps * end as usize);
            while start < end {
                let block = start..end.min(start + BLOCK);
                if let Some(input) = simulator.input {
                    self.count(input, block.clone());
                }
                for component in &simulator.components {
                    self.advance_component(component, block.clone(), probe, &mut now);
                }
                self.finish_block(sample, block.clone(), probe);
                start = block.end;
            }
            if simulator.network.populations[last].role() == Role::Readout
                && let Some(outcome) = now.last_mut()
            {
                self.states[last].read(outcome);
            }
            self.tally_touched(end - first);
            if let Some(next) = self.parked.get_mut(segment) {
                std::mem::swap(&mut self.tally, next);
            }
            for (outcomes, now) in outcomes.iter_mut().zip(&now) {
                outcomes.push(now.clone());
            }
        }
        // Back to the first segment.
        for tally in self.parked.iter_mut().rev() {
            std::mem::swap(&mut self.tally, tally);
        }
        self.tally.samples += laps as u64;
        outcomes
    }

    /// Moves what was touched in a segment to its tally.
    fn tally_touched(&mut self, timesteps: usize) {
        for (state, counts) in self.states.iter_mut().zip(&mut self.tally.populations) {
            if state.always {
                state.touched.fill(timesteps as u32);
            }
            for (total, touched) in counts.touched.iter_mut().zip(&mut state.touched) {
                *total += u64::from(std::mem::take(touched));
            }
        }
    }

    /// Takes the input of samples, the first of which is `sample`, and puts everything to rest.
    fn start(&mut self, sample: usize, drives: Vec<Drive>) -> Result<(), SimulationError> {
        for (lap, drive) in drives.iter().enumerate() {
            self.check(sample + lap, drive)?;
        }
        self.rest(sample, drives.len());
        for scratch in &mut self.scratch {
            scratch.reset();
        }
        let laps = drives.len();
        for (lap, drive) in drives.into_iter().enumerate() {
            match (drive, self.simulator.input) {
                (_, None) => {}
                (Drive::Spikes(train), Some(input)) if laps == 1 => self.trains[input] = train,
                (Drive::Spikes(train), Some(input)) => {
                    self.trains[input].append(&train, self.lap);
                }
                (Drive::Constant(values), Some(input)) => {
                    self.start_constant(input, &values, lap)?;
                }
            }
        }
        for state in &mut self.states {
            state.always = state.base.iter().all(|&base| is_touched(base));
        }
        Ok(())
    }

    /// Whether the input of a sample fits.
    fn check(&self, sample: usize, drive: &Drive) -> Result<(), SimulationError> {
        let simulator = self.simulator;
        let expected = simulator.input.map_or(0, |input| {
            simulator.network.populations[input].shape.neurons()
        });
        let have = match drive {
            Drive::Constant(values) => values.len(),
            Drive::Spikes(train) => match train.neurons().iter().max() {
                Some(&highest) if highest as usize >= expected => highest as usize + 1,
                _ => expected,
            },
        };
        if have != expected {
            return Err(SimulationError::InputSize {
                sample,
                have,
                expected,
            });
        }
        Ok(())
    }

    /// Puts everything to where a sample starts.
    fn rest(&mut self, sample: usize, laps: usize) {
        let simulator = self.simulator;
        for (index, state) in self.states.iter_mut().enumerate() {
            let population = &simulator.network.populations[index];
            self.trains[index].clear();
            state.group.reset();
            state.parts.iter_mut().for_each(PopulationPart::reset);
            if let Some(pool) = &mut state.pool {
                pool.reset();
            }
            let neurons = population.shape.neurons();
            state.base.clear();
            state.base.resize(laps * neurons, UNTOUCHED);
            for base in state.base.chunks_exact_mut(neurons.max(1)) {
                for (base, &bias) in base.iter_mut().zip(&population.bias) {
                    // A bias of zero touches nothing.
                    *base = if bias == 0.0 { UNTOUCHED } else { bias };
                }
            }
            state.has_current.clear();
            state.poisson = population.poisson.as_ref().map(|input| {
                let poisson = Poisson::new(input.events_per_timestep);
                let generators = (0..population.shape.neurons().div_ceil(SHARD))
                    .map(|shard| {
                        generator(
                            simulator.seed,
                            simulator.first_sample + sample,
                            index,
                            shard,
                        )
                    })
                    .collect();
                (poisson, generators)
            });
        }
    }

    /// A constant drive is multiplied once per sample, unless it arrives late.
    fn start_constant(
        &mut self,
        input: usize,
        values: &[f32],
        lap: usize,
    ) -> Result<(), SimulationError> {
        let simulator = self.simulator;
        let mut late = false;
        for (p, synapses) in simulator.synapses.iter().enumerate() {
            if synapses.source() != input {
                continue;
            }
            let target = synapses.projection.target;
            if self.states[target].pool.is_some() {
                return Err(SimulationError::MaxPoolInput {
                    population: simulator.network.populations[target].name.clone(),
                });
            }
            if synapses.delay > 0 {
                late = true;
                continue;
            }
            let state = &mut self.states[target];
            let neurons = simulator.network.populations[target].shape.neurons();
            let base = &mut state.base[lap * neurons..][..neurons];
            let mut macs = 0u64;
            for (source, &value) in values.iter().enumerate() {
                if value != 0.0 {
                    synapses.add_row(source, value, base);
                    macs += u64::from(synapses.fan_outs[source]);
                }
            }
            if lap == 0 {
                state.has_current.push(p);
            }
            let tally = &mut self.tally.projections[p];
            tally.macs_once += macs;
            tally.macs_per_timestep.iter_mut().for_each(|m| *m += macs);
        }
        if late {
            for _ in 0..simulator.timesteps {
                for (neuron, &value) in values.iter().enumerate() {
                    if value != 0.0 {
                        self.trains[input].push_value(neuron as u32, value);
                    }
                }
                self.trains[input].end_timestep();
            }
        }
        Ok(())
    }

    fn advance_component(
        &mut self,
        component: &Component,
        block: Range<usize>,
        probe: &dyn Probe,
        outcomes: &mut [Outcome],
    ) {
        let stride = component.lookahead.unwrap_or(block.len()).max(1);
        let mut start = block.start;
        while start < block.end {
            let steps = start..block.end.min(start + stride);
            start = steps.end;
            let mut populations = component.populations.clone();
            if component.joint && populations.all(|index| !self.states[index].parts.is_empty()) {
                self.advance_parts(component.populations.clone(), steps.clone());
                for index in component.populations.clone() {
                    self.finish(index, steps.clone(), outcomes);
                    self.count(index, steps.clone());
                }
                continue;
            }
            for index in component.populations.clone() {
                if Some(index) != self.simulator.input {
                    self.advance(index, steps.clone(), probe, outcomes);
                    self.count(index, steps.clone());
                }
            }
        }
    }

    /// Drives a population through some timesteps.
    fn advance(
        &mut self,
        index: usize,
        steps: Range<usize>,
        probe: &dyn Probe,
        outcomes: &mut [Outcome],
    ) {
        if !self.states[index].parts.is_empty() {
            self.advance_parts(index..index + 1, steps.clone());
            return self.finish(index, steps, outcomes);
        }
        // Its own train is written while those of others, and its own past, are read.
        let mut train = std::mem::take(&mut self.trains[index]);
        if self.states[index].pool.is_some() {
            self.advance_pool(index, steps.clone(), &mut train);
        } else if !self.advance_panelwise(index, &steps, &mut train) {
            self.advance_group(index, steps.clone(), &mut train, probe, outcomes);
        }
        self.trains[index] = train;
        self.finish(index, steps, outcomes);
    }

    /// Drives a pooling population through some timesteps.
    fn advance_pool(&mut self, index: usize, steps: Range<usize>, train: &mut SpikeTrain) {
        let synapses = &self.simulator.synapses[self.simulator.incoming[index][0]];
        let state = &mut self.states[index];
        let counts = &mut self.tally.populations[index];
        let Some(pool) = &mut state.pool else {
            return;
        };
        for t in steps {
            if t > 0 && t.is_multiple_of(self.lap) {
                pool.reset();
            }
            let arriving = synapses.arriving(&self.trains[synapses.source()], t);
            let touched = pool.advance(arriving, &mut state.touched, train);
            train.end_timestep();
            counts.touched_per_timestep[t % self.lap] += touched as u64;
            counts.active_per_timestep[t % self.lap] += touched as u64;
        }
    }

    /// Drives neurons through some timesteps, a chunk of which has its inputs summed at once.
    fn advance_group(
        &mut self,
        index: usize,
        steps: Range<usize>,
        train: &mut SpikeTrain,
        probe: &dyn Probe,
        outcomes: &mut [Outcome],
    ) {
        let simulator = self.simulator;
        let population = &simulator.network.populations[index];
        let neurons = population.shape.neurons();
        let is_readout = population.role() == Role::Readout;
        let is_last = index + 1 == simulator.network.populations.len();
        let records = is_readout && probe.wants(index);
        let mut incoming = simulator.incoming[index].iter();
        let values = if incoming.any(|&p| simulator.synapses[p].is_dense()) {
            DENSE_CHUNK_VALUES
        } else {
            CHUNK_VALUES
        };
        let chunk = (values / neurons.max(1)).clamp(1, LONGEST_CHUNK);
        let mut start = steps.start;
        while start < steps.end {
            let chunk = start..steps.end.min(start + chunk);
            start = chunk.end;
            let state = &mut self.states[index];
            let counts = &mut self.tally.populations[index];
            start_inputs(&mut self.inputs, neurons, chunk.clone(), |t| {
                &state.base[t / self.lap * neurons..][..neurons]
            });
            for &p in &simulator.incoming[index] {
                if state.has_current.contains(&p) {
                    continue;
                }
                let synapses = &simulator.synapses[p];
                let source = if synapses.source() == index {
                    &*train
                } else {
                    &self.trains[synapses.source()]
                };
                synapses.deliver(
                    source,
                    chunk.clone(),
                    &mut self.inputs,
                    &mut self.scratch[p],
                );
            }
            for (t, input) in chunk.zip(self.inputs.chunks_exact_mut(neurons)) {
                if let Some((poisson, generators)) = &mut state.poisson
                    && let Some(drive) = &population.poisson
                {
                    poisson.add(drive.weight, generators, input);
                }
                if t > 0 && t.is_multiple_of(self.lap) {
                    state.group.reset();
                }
                let touched = (!state.always).then_some(&mut state.touched[..]);
                let visit = state.group.advance(input, touched, train);
                train.end_timestep();
                counts.touched_per_timestep[t % self.lap] += visit.touched as u64;
                counts.active_per_timestep[t % self.lap] += visit.active as u64;
                if records {
                    state
                        .group
                        .append_potentials(neurons, &mut state.potentials);
                }
                if is_last && is_readout {
                    let outcome = &mut outcomes[t / self.lap];
                    outcome
                        .predictions
                        .push(largest((0..neurons).map(|n| state.group.potential(n))));
                    if (t + 1).is_multiple_of(self.lap) {
                        state.read(outcome);
                    }
                }
            }
        }
    }

    /// Drives a population through some timesteps panel by panel, if it is one of neurons that emit
    /// single spikes and hear nothing but dense matrices. Returns whether it is.
    fn advance_panelwise(
        &mut self,
        index: usize,
        steps: &Range<usize>,
        train: &mut SpikeTrain,
    ) -> bool {
        let simulator = self.simulator;
        let state = &mut self.states[index];
        let has_current = &state.has_current;
        let incoming = simulator.incoming[index].iter();
        let incoming: Vec<usize> = incoming
            .copied()
            .filter(|p| !has_current.contains(p))
            .collect();
        let others = |p: &usize| simulator.synapses[*p].source() != index;
        let cut = |p: &usize| simulator.synapses[*p].cuts.as_deref();
        let Some(cuts) = incoming.first().and_then(cut) else {
            return false;
        };
        if !incoming.iter().all(|p| others(p) && cut(p) == Some(cuts)) || state.poisson.is_some() {
            return false;
        }
        let Some(driven) = Driven::of(&mut state.group) else {
            return false;
        };
        let mut layer = DrivenLayer {
            driven,
            neurons: state.touched.len(),
            touched: (!state.always).then_some(&mut state.touched),
            base: &state.base,
            lap: self.lap,
        };
        let counts = &mut self.tally.populations[index];
        for chunk in panelwise::chunks(steps.clone()) {
            let scratch = self.scratch.iter_mut().enumerate();
            let scratch = scratch.filter(|(p, _)| incoming.contains(p));
            let deliveries = scratch.map(|(p, scratch)| {
                let synapses = &simulator.synapses[p];
                let source = &self.trains[synapses.source()];
                (synapses, synapses.select(source, chunk.clone(), scratch))
            });
            let deliveries: Vec<_> = deliveries.collect();
            layer.advance(
                cuts,
                &deliveries,
                chunk,
                &mut self.panelwise,
                train,
                |t, visit| {
                    counts.touched_per_timestep[t % self.lap] += visit.touched as u64;
                    counts.active_per_timestep[t % self.lap] += visit.active as u64;
                },
            );
        }
        true
    }

    /// Drives populations that are cut into parts through some timesteps in which none of them
    /// hears what another emits.
    fn advance_parts(&mut self, populations: Range<usize>, steps: Range<usize>) {
        let simulator = self.simulator;
        let mut start = steps.start;
        while start < steps.end {
            let chunk = start..steps.end.min(start + LONGEST_CHUNK);
            start = chunk.end;
            let trains = &self.trains;
            let states = self.states[populations.clone()].iter_mut();
            let tasks = populations.clone().zip(states).map(|(index, state)| {
                let work = PartWork {
                    simulator,
                    index,
                    trains,
                    chunk: chunk.clone(),
                    base: &state.base,
                    has_current: &state.has_current,
                    always: state.always,
                };
                let drive = &simulator.network.populations[index].poisson;
                let noise = match (&mut state.poisson, drive) {
                    (Some((poisson, generators)), Some(input)) => {
                        Some((&*poisson, input.weight, &mut generators[..]))
                    }
                    _ => None,
                };
                PopulationPart::tasks(&mut state.parts, &work, &mut state.touched, noise)
            });
            Task::run_all(tasks.collect());
            for index in populations.clone() {
                let counts = &mut self.tally.populations[index];
                for (step, t) in chunk.clone().enumerate() {
                    let parts = &self.states[index].parts;
                    let visit = PopulationPart::collect(parts, step, &mut self.trains[index]);
                    counts.touched_per_timestep[t] += visit.touched as u64;
                    counts.active_per_timestep[t] += visit.active as u64;
                }
            }
        }
    }

    /// Notes what the last population emitted in some timesteps, if it emits anything.
    fn finish(&self, index: usize, steps: Range<usize>, outcomes: &mut [Outcome]) {
        let populations = &self.simulator.network.populations;
        if index + 1 != populations.len() || populations[index].role() == Role::Readout {
            return;
        }
        for t in steps {
            let events = self.trains[index].at(t);
            let outcome = &mut outcomes[t / self.lap];
            for (neuron, value) in events.iter() {
                let output = &mut outcome.output[neuron as usize];
                match self.simulator.readout {
                    SpikeReadout::Count => *output += value,
                    SpikeReadout::First if *output == 0.0 => {
                        *output = 1.0 / (t % self.lap + 1) as f32;
                    }
                    SpikeReadout::First => {}
                }
            }
            outcome
                .predictions
                .push(largest(outcome.output.iter().copied()));
        }
    }

    /// Counts what a population emitted in some timesteps, and what that does to synapses.
    fn count(&mut self, index: usize, steps: Range<usize>) {
        let simulator = self.simulator;
        let role = simulator.network.populations[index].role();
        let train = &self.trains[index];
        let counts = &mut self.tally.populations[index];
        let spikes_of = &mut counts.spikes[..];
        for t in steps {
            let events = train.at(t);
            let t = t % self.lap;
            let Some(values) = events.values else {
                for &neuron in events.neurons {
                    spikes_of[neuron as usize] += 1;
                }
                counts.spikes_per_timestep[t] += events.neurons.len() as u64;
                for &p in &simulator.outgoing[index] {
                    self.tally.projections[p].synops_per_timestep[t] +=
                        simulator.synapses[p].reached(events.neurons);
                }
                continue;
            };
            for (&neuron, &value) in events.neurons.iter().zip(values) {
                // One spike, several at once, a signed one, or a real number.
                let spikes = match role {
                    Role::Spiking => Some(value.abs() as u64),
                    _ if value.abs() == 1.0 => Some(1),
                    _ => None,
                };
                if let Some(spikes) = spikes.filter(|_| role != Role::Readout) {
                    spikes_of[neuron as usize] += spikes;
                    counts.spikes_per_timestep[t] += spikes;
                    counts.negative_spikes_per_timestep[t] += spikes * u64::from(value < 0.0);
                }
                for &p in &simulator.outgoing[index] {
                    if self.states[simulator.synapses[p].projection.target]
                        .has_current
                        .contains(&p)
                    {
                        continue;
                    }
                    let reached = u64::from(simulator.synapses[p].fan_outs[neuron as usize]);
                    let tally = &mut self.tally.projections[p];
                    match spikes {
                        Some(spikes) => tally.synops_per_timestep[t] += spikes * reached,
                        None => {
                            tally.macs_per_timestep[t] += reached;
                            tally.macs_once += reached;
                        }
                    }
                }
            }
        }
    }

    /// Hands the block to the probe and forgets what no delay needs any more.
    fn finish_block(&mut self, sample: usize, block: Range<usize>, probe: &dyn Probe) {
        for index in 0..self.states.len() {
            if probe.wants(index) {
                probe.record(Recording {
                    sample,
                    population: index,
                    timesteps: block.clone(),
                    train: &self.trains[index],
                    potentials: &self.states[index].potentials,
                });
            }
            self.states[index].potentials.clear();
            let keep = self.simulator.history[index];
            self.trains[index].forget_before(block.end.saturating_sub(keep));
        }
    }
}
