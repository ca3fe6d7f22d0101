//! What one sample did, event by event.

use super::{Raster, Rows};
use crate::counts::{DenseCounts, EventCounts};
use crate::engine::{Probe, Recording};
use crate::network::Role;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Potentials of a population that does not spike.
#[derive(Debug, Clone, PartialEq)]
pub struct Potentials {
    /// Index of the population.
    pub population: usize,
    /// `[timestep, neuron]`, channels last.
    pub values: Vec<f32>,
}

/// One sample of one network. Neurons of all populations are numbered one after the other as rows:
/// neuron `n` of population `p` is row `first_rows[p] + n`.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What was run, to print.
    pub title: String,
    /// Index of the sample in its data.
    pub sample: usize,
    /// Class it belongs to, if that is known.
    pub label: Option<u32>,
    /// Counts of this sample alone.
    pub counts: EventCounts,
    /// Work of the original network; without layers if there is none.
    pub dense: DenseCounts,
    /// What populations emitted.
    pub raster: Arc<Raster>,
    /// First row of each population, and one past the last.
    pub first_rows: Vec<u32>,
    /// Constant input per input neuron, channels last; empty if spikes drive the network.
    pub input: Vec<f32>,
    /// Per projection, whether it turns the constant input into a current once.
    pub constant: Vec<bool>,
    /// Potentials that were recorded.
    pub potentials: Vec<Potentials>,
    /// Output neuron ahead after each timestep.
    pub predictions: Vec<u32>,
    /// Whether the synapses are known; without them spikes can be seen, not priced.
    pub has_synapses: bool,
}

impl Record {
    /// Rows of a population.
    #[must_use]
    pub fn rows_of(&self, population: usize) -> Range<u32> {
        self.first_rows[population]..self.first_rows[population + 1]
    }

    /// Population and neuron of a row.
    #[must_use]
    pub fn neuron_of(&self, row: u32) -> Option<(usize, usize)> {
        let population = self.first_rows.partition_point(|&first| first <= row);
        let population = population.checked_sub(1)?;
        let inside = population + 1 < self.first_rows.len();
        inside.then(|| (population, (row - self.first_rows[population]) as usize))
    }

    /// All rows.
    #[must_use]
    pub fn all_rows(&self) -> Rows {
        Rows::from_range(0..self.raster.height())
    }

    /// Spikes of each row in some timesteps, as the engine counts them.
    #[must_use]
    pub fn spikes_per_row(&self, timesteps: Range<usize>) -> Vec<u64> {
        let mut spikes = vec![0; self.raster.height() as usize];
        for t in timesteps {
            for population in 0..self.counts.populations.len() {
                let role = self.counts.topology.populations[population].role;
                self.raster
                    .for_each(t, &self.rows_of(population), |row, value| {
                        if let EmittedValue {
                            spikes: Some(n),
                            counted: true,
                        } = emitted(role, value)
                        {
                            spikes[row as usize] += n;
                        }
                    });
            }
        }
        spikes
    }

    /// Evidence for each output after each timestep `[timestep, output]`: the potential, or the
    /// spikes so far.
    #[must_use]
    pub fn evidence(&self) -> Vec<f32> {
        let Some(last) = self.counts.populations.len().checked_sub(1) else {
            return Vec::new();
        };
        if let Some(recorded) = self.potentials.iter().find(|p| p.population == last) {
            return recorded.values.clone();
        }
        let rows = self.rows_of(last);
        let mut so_far = vec![0.0; rows.len()];
        let mut evidence = Vec::with_capacity(rows.len() * self.raster.timesteps());
        for t in 0..self.raster.timesteps() {
            self.raster.for_each(t, &rows, |row, value| {
                so_far[(row - rows.start) as usize] += value;
            });
            evidence.extend_from_slice(&so_far);
        }
        evidence
    }
}

/// What an event counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EmittedValue {
    /// Spikes; `None` for a real number, which synapses multiply.
    pub spikes: Option<u64>,
    /// Whether they count as spikes of the population.
    pub counted: bool,
}

/// How the engine counts an event of `value` from a population.
pub(super) fn emitted(role: Role, value: f32) -> EmittedValue {
    let spikes = match role {
        Role::Pooling => Some(1),
        Role::Spiking => Some(value.abs() as u64),
        _ => (value.abs() == 1.0).then_some(1),
    };
    EmittedValue {
        spikes,
        counted: role != Role::Readout,
    }
}

/// What one population emitted so far.
#[derive(Default)]
pub(super) struct Train {
    ends: Vec<usize>,
    neurons: Vec<u32>,
    /// Empty as long as every event is one spike.
    values: Vec<f32>,
    potentials: Vec<f32>,
}

impl Train {
    pub fn push(&mut self, neuron: u32, value: f32) {
        if value != 1.0 && self.values.is_empty() {
            self.values.resize(self.neurons.len(), 1.0);
        }
        if value != 1.0 || !self.values.is_empty() {
            self.values.push(value);
        }
        self.neurons.push(neuron);
    }

    pub fn end_timestep(&mut self) {
        self.ends.push(self.neurons.len());
    }
}

/// The rows of all populations in the order of time, the first row of each, and potentials.
pub(super) fn merge(
    mut trains: Vec<Train>,
    sizes: &[usize],
    timesteps: usize,
) -> (Raster, Vec<u32>, Vec<Potentials>) {
    trains.resize_with(sizes.len(), Train::default);
    let mut first_rows = vec![0u32];
    for size in sizes {
        first_rows.push(first_rows.last().map_or(0, |last| last + *size as u32));
    }
    let mut raster = Raster::new(first_rows.last().copied().unwrap_or(0));
    for t in 0..timesteps {
        for (train, first) in trains.iter().zip(&first_rows) {
            let Some(&end) = train.ends.get(t) else {
                continue;
            };
            let start = t.checked_sub(1).map_or(0, |t| train.ends[t]);
            for place in start..end {
                let value = train.values.get(place).copied().unwrap_or(1.0);
                raster.push(first + train.neurons[place], value);
            }
        }
        raster.end_timestep();
    }
    raster.shrink();
    let potentials = trains
        .into_iter()
        .enumerate()
        .filter(|(_, train)| !train.potentials.is_empty())
        .map(|(population, train)| Potentials {
            population,
            values: train.potentials,
        })
        .collect();
    (raster, first_rows, potentials)
}

/// Keeps everything that a single sample shows.
pub(super) struct Keeper(Mutex<Vec<Train>>);

impl Keeper {
    pub fn new() -> Self {
        Keeper(Mutex::new(Vec::new()))
    }

    /// What was kept, as [`merge`] gives it.
    pub fn finish(self, sizes: &[usize], timesteps: usize) -> (Raster, Vec<u32>, Vec<Potentials>) {
        let trains = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        merge(trains, sizes, timesteps)
    }
}

impl Probe for Keeper {
    fn wants(&self, _: usize) -> bool {
        true
    }

    fn record(&self, recording: Recording) {
        // A poisoned lock means another thread panicked; its panic is reported.
        let mut trains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trains.len() <= recording.population {
            trains.resize_with(recording.population + 1, Train::default);
        }
        let train = &mut trains[recording.population];
        for t in recording.timesteps {
            for (neuron, value) in recording.train.at(t).iter() {
                train.push(neuron, value);
            }
            train.end_timestep();
        }
        train.potentials.extend_from_slice(recording.potentials);
    }
}
