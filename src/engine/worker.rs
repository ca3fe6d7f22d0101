//! One thread's workspace: simulates a sample at a time and tallies its events.

use super::bits::Bits;
use super::group::Group;
use super::synapses::Synapses;
use super::train::SpikeTrain;
use super::{Outcome, SimulationError, Simulator};
use crate::counts::Tally;
use crate::encoding::Drive;
use crate::network::Role;
use crate::neuron::{MaxPoolRule, Neuron};

pub(super) struct Worker<'s, 'n> {
    simulator: &'s Simulator<'n>,
    groups: Vec<Group<'n>>,
    trains: Vec<SpikeTrain>,
    tally: Tally,
    /// Input of the population in work, one value per neuron.
    input: Vec<f32>,
    /// The part of it that is the same in each timestep: bias and constant current.
    base: Vec<f32>,
}

impl<'s, 'n> Worker<'s, 'n> {
    pub(super) fn new(simulator: &'s Simulator<'n>) -> Self {
        let populations = &simulator.network.populations;
        let sizes: Vec<usize> = populations.iter().map(|p| p.shape.neurons()).collect();
        let widest = sizes.iter().copied().max().unwrap_or(0);
        Worker {
            simulator,
            groups: populations.iter().map(Group::new).collect(),
            trains: vec![SpikeTrain::new(); populations.len()],
            tally: Tally::new(&sizes, simulator.synapses.len(), simulator.timesteps),
            input: vec![0.0; widest],
            base: vec![0.0; widest],
        }
    }

    pub(super) fn into_tally(self) -> Tally {
        self.tally
    }

    /// Simulates one sample from rest.
    pub(super) fn run(&mut self, sample: usize, drive: Drive) -> Result<Outcome, SimulationError> {
        let populations = &self.simulator.network.populations;
        let expected = populations[0].shape.neurons();
        let have = match &drive {
            Drive::Constant(values) => values.len(),
            Drive::Spikes(train) => match train.spikes().iter().max() {
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
        let current = match drive {
            Drive::Constant(values) => {
                self.trains[0].clear();
                Some(values)
            }
            Drive::Spikes(train) => {
                self.trains[0] = train;
                self.count_spikes(0);
                None
            }
        };

        let last = populations.len() - 1;
        let mut outcome = Outcome {
            output: vec![0.0; populations[last].shape.neurons()],
            predictions: Vec::with_capacity(self.simulator.timesteps as usize),
        };
        for (index, population) in populations.iter().enumerate().skip(1) {
            let readout = (index == last).then_some(&mut outcome.predictions);
            match &population.neuron {
                Neuron::MaxPool(pool) => {
                    let rule = pool.rule;
                    self.pool(index, rule, current.is_some())?;
                }
                _ => self.drive(index, current.as_deref(), readout),
            }
            self.count_spikes(index);
        }
        match populations[last].neuron.role() {
            Role::Readout => outcome.output.copy_from_slice(&self.groups[last].potential),
            _ => self.read_counts(last, &mut outcome),
        }
        self.tally.samples += 1;
        Ok(outcome)
    }

    /// Drives a population through all timesteps.
    fn drive(
        &mut self,
        index: usize,
        current: Option<&[f32]>,
        mut predictions: Option<&mut Vec<u32>>,
    ) {
        let Simulator {
            network,
            timesteps,
            synapses,
            incoming,
        } = self.simulator;
        let population = &network.populations[index];
        let neurons = population.shape.neurons();
        let (input, base) = (&mut self.input[..neurons], &mut self.base[..neurons]);
        let (before, rest) = self.trains.split_at_mut(index);
        let train = &mut rest[0];
        let group = &mut self.groups[index];
        let counts = &mut self.tally.populations[index];

        // Input that does not change: bias and, from a constant drive, current.
        match population.bias.as_slice() {
            [] => base.fill(0.0),
            bias => base.copy_from_slice(bias),
        }
        let mut always = Bits::new(neurons);
        for (i, bias) in base.iter().enumerate() {
            if *bias != 0.0 {
                always.insert(i);
            }
        }
        let mut carriers: Vec<(usize, &Synapses)> = Vec::new();
        for &p in &incoming[index] {
            let synapses = &synapses[p];
            match current {
                Some(values) if synapses.source() == 0 => {
                    let mut macs = 0u64;
                    for (source, &value) in values.iter().enumerate() {
                        if value != 0.0 {
                            synapses.add_row(source, value, base);
                            synapses.mark(source, &mut always);
                            macs += u64::from(synapses.fan_outs[source]);
                        }
                    }
                    let tally = &mut self.tally.projections[p];
                    tally.macs_once += macs;
                    tally.macs_per_timestep.iter_mut().for_each(|m| *m += macs);
                }
                _ => carriers.push((p, synapses)),
            }
        }
        let all_always = always.len() == neurons;
        if all_always {
            counts
                .touched
                .iter_mut()
                .for_each(|n| *n += u64::from(*timesteps));
        }

        group.reset();
        train.clear();
        let mut touched = always.clone();
        for t in 0..*timesteps as usize {
            input.copy_from_slice(base);
            let mut all = all_always;
            for (p, synapses) in &carriers {
                let spikes = before[synapses.source()].at(t);
                synapses.deliver(spikes, input);
                let synops: u64 = spikes
                    .iter()
                    .map(|&s| u64::from(synapses.fan_outs[s as usize]))
                    .sum();
                self.tally.projections[*p].synops_per_timestep[t] += synops;
                all |= !spikes.is_empty() && synapses.is_complete();
            }
            let visit = if all {
                counts.touched_per_timestep[t] += neurons as u64;
                if !all_always {
                    counts.touched.iter_mut().for_each(|n| *n += 1);
                }
                group.advance_all(input, train, !all_always)
            } else {
                touched.copy_from(&always);
                for (_, synapses) in &carriers {
                    for &spike in before[synapses.source()].at(t) {
                        synapses.mark(spike as usize, &mut touched);
                    }
                }
                counts.touched_per_timestep[t] += touched.len() as u64;
                touched.for_each_union(&touched, |i, _| counts.touched[i] += 1);
                group.advance(&touched, input, train)
            };
            counts.active_per_timestep[t] += visit.active as u64;
            train.end_timestep();
            if let Some(predictions) = &mut predictions
                && population.neuron.role() == Role::Readout
            {
                predictions.push(largest(&group.potential));
            }
        }
    }

    /// Drives a max-pooling population through all timesteps.
    fn pool(
        &mut self,
        index: usize,
        rule: MaxPoolRule,
        constant_drive: bool,
    ) -> Result<(), SimulationError> {
        let Simulator {
            network,
            timesteps,
            synapses,
            incoming,
        } = self.simulator;
        let p = incoming[index][0];
        let synapses = &synapses[p];
        if constant_drive && synapses.source() == 0 {
            return Err(SimulationError::MaxPoolInput {
                population: network.populations[index].name.clone(),
            });
        }
        let neurons = network.populations[index].shape.neurons();
        let mut fired_so_far = vec![0u32; synapses.fan_outs.len()];
        let mut largest = vec![0u32; neurons];
        let mut winner = vec![u32::MAX; neurons];
        let mut touched = Bits::new(neurons);
        let mut spikes = Bits::new(neurons);
        let (before, rest) = self.trains.split_at_mut(index);
        let train = &mut rest[0];
        let counts = &mut self.tally.populations[index];
        train.clear();
        for t in 0..*timesteps as usize {
            touched.clear();
            spikes.clear();
            let arriving = before[synapses.source()].at(t);
            let mut synops = 0;
            for &source in arriving {
                fired_so_far[source as usize] += 1;
                let count = fired_so_far[source as usize];
                synops += u64::from(synapses.fan_outs[source as usize]);
                synapses.for_each_target(source as usize, |target| {
                    touched.insert(target);
                    let grows = count > largest[target];
                    if grows || (count == largest[target] && source < winner[target]) {
                        largest[target] = count;
                        winner[target] = source;
                    }
                    if grows && rule == MaxPoolRule::CumulativeMax {
                        spikes.insert(target);
                    }
                });
            }
            if rule == MaxPoolRule::Gate {
                for &source in arriving {
                    synapses.for_each_target(source as usize, |target| {
                        if winner[target] == source {
                            spikes.insert(target);
                        }
                    });
                }
            }
            spikes.for_each_union(&spikes, |i, _| train.push(i as u32));
            train.end_timestep();
            touched.for_each_union(&touched, |i, _| counts.touched[i] += 1);
            counts.touched_per_timestep[t] += touched.len() as u64;
            counts.active_per_timestep[t] += touched.len() as u64;
            self.tally.projections[p].synops_per_timestep[t] += synops;
        }
        Ok(())
    }

    fn count_spikes(&mut self, index: usize) {
        let counts = &mut self.tally.populations[index];
        let train = &self.trains[index];
        for &spike in train.spikes() {
            counts.spikes[spike as usize] += 1;
        }
        for t in 0..self.simulator.timesteps as usize {
            counts.spikes_per_timestep[t] += train.at(t).len() as u64;
        }
    }

    /// Reads a spiking output by its spike counts.
    fn read_counts(&self, last: usize, outcome: &mut Outcome) {
        for t in 0..self.simulator.timesteps as usize {
            for &spike in self.trains[last].at(t) {
                outcome.output[spike as usize] += 1.0;
            }
            outcome.predictions.push(largest(&outcome.output));
        }
    }
}

/// Index of the largest value, the lowest of equals.
fn largest(values: &[f32]) -> u32 {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best as u32
}
