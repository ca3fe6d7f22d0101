//! Event-driven simulation: work follows spikes.
//!
//! A feed-forward network need not be stepped population by population in each timestep: a
//! population is driven through all timesteps of a sample before the next one, so its weights
//! stay in cache. The result is the same, because a spike emitted in timestep `t` reaches its
//! targets in the same `t`.
//!
//! Samples run in parallel, one workspace per thread. Counts are integers and each sample draws
//! from its own random stream, so the thread count never shows in a result.

mod aligned;
mod columns;
mod explain;
mod footprint;
mod group;
mod int8_rows;
mod kernel;
mod panel;
mod panel_int8;
mod panelwise;
mod part;
mod plan;
mod poisson;
mod pool;
mod probe;
mod selection;
mod signed;
mod synapses;
mod team;
mod touched;
mod worker;

pub use crate::spike_train::{Events, SpikeTrain};
pub use explain::{Kernels, SynapseKernel};
pub use probe::{NoProbe, Probe, Recording};

use crate::counts::{EventCounts, Tally};
use crate::encoding::{Drive, EncodingError};
use crate::memory::MemoryError;
use crate::network::{Network, NetworkError, Population, Role};
use plan::{Component, components, shortest_delay};
use std::ops::{ControlFlow, Range};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use synapses::{SourceTargets, Synapses};
use worker::Worker;

/// Weights that do not stay in a second-level cache while samples pass [bytes].
const FAR_WEIGHTS: usize = 256 * 1024;

/// Samples that are taken together at most.
const MOST_LAPS: usize = 32;

/// Why a network could not be simulated.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum SimulationError {
    /// The network is inconsistent.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A sample cannot be encoded.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// The network is empty or has several input populations.
    #[error(
        "network \"{network}\": it has {inputs} input populations; it may have one or, if it drives itself, none"
    )]
    Inputs {
        /// The network.
        network: String,
        /// Input populations.
        inputs: usize,
    },
    /// A sample does not have one value per input neuron.
    #[error("sample {sample}: it drives {have} inputs, the network has {expected}")]
    InputSize {
        /// Index of the sample.
        sample: usize,
        /// Values or the highest neuron of the sample.
        have: usize,
        /// Input neurons.
        expected: usize,
    },
    /// A population takes input that its neuron model cannot use.
    #[error(
        "population \"{population}\": max pooling needs exactly one projection that carries spikes; use a spiking input encoding"
    )]
    MaxPoolInput {
        /// The population.
        population: String,
    },
    /// The simulation needs more memory than allowed.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The caller asked to stop.
    #[error("stopped on request")]
    Stopped,
}

/// What the number of an output neuron that spikes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpikeReadout {
    /// Its spikes.
    #[default]
    Count,
    /// One over the number of timesteps up to its first spike, that of the spike included: the
    /// earlier, the larger; 0 if it has not fired.
    First,
}

/// What one sample did at the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Accumulated potential of each output neuron after the last timestep, or what its spikes are
    /// read as, channels last.
    pub output: Vec<f32>,
    /// Output neuron with the largest potential (or count) after each timestep; the lowest index
    /// of equals.
    pub predictions: Vec<u32>,
}

/// Counts and outcomes of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Events of all samples.
    pub counts: EventCounts,
    /// Per sample, in order.
    pub outcomes: Vec<Outcome>,
    /// Which loops it ran on.
    pub kernels: Vec<Kernels>,
}

/// A network prepared for simulation: shared, read-only.
pub struct Simulator<'n> {
    network: &'n Network,
    timesteps: u32,
    seed: u64,
    first_sample: usize,
    readout: SpikeReadout,
    /// The population that is driven from outside.
    input: Option<usize>,
    synapses: Vec<Synapses<'n>>,
    /// Projections into each population.
    incoming: Vec<Vec<usize>>,
    /// Projections out of each population.
    outgoing: Vec<Vec<usize>>,
    components: Vec<Component>,
    /// For each max-pooling population, the windows that each of its inputs is in.
    windows: Vec<Option<SourceTargets>>,
    /// Timesteps for which what a population emitted is still needed.
    history: Vec<usize>,
}

impl<'n> Simulator<'n> {
    /// Prepares `network` for samples of `timesteps` timesteps.
    ///
    /// # Errors
    /// If the network is inconsistent.
    pub fn new(network: &'n Network, timesteps: u32) -> Result<Self, SimulationError> {
        network.check()?;
        let is_input = |p: &Population| p.role() == Role::Input;
        let input = network.populations.iter().position(is_input);
        let inputs = network.populations.iter().filter(|p| is_input(p)).count();
        if network.populations.is_empty() || inputs > 1 {
            return Err(SimulationError::Inputs {
                network: network.name.clone(),
                inputs,
            });
        }
        let mut incoming = vec![Vec::new(); network.populations.len()];
        let mut outgoing = vec![Vec::new(); network.populations.len()];
        let mut history = vec![0; network.populations.len()];
        for (index, projection) in network.projections.iter().enumerate() {
            incoming[projection.target].push(index);
            outgoing[projection.source].push(index);
            let needed = shortest_delay(projection);
            history[projection.source] = needed.max(history[projection.source]);
        }
        for (population, incoming) in network.populations.iter().zip(&incoming) {
            if population.role() == Role::Pooling && incoming.len() != 1 {
                return Err(SimulationError::MaxPoolInput {
                    population: population.name.clone(),
                });
            }
        }
        let synapses: Vec<Synapses> = network.projections.iter().map(Synapses::new).collect();
        let windows = network
            .populations
            .iter()
            .zip(&incoming)
            .map(|(population, incoming)| {
                let pools = population.role() == Role::Pooling;
                pools.then(|| synapses[incoming[0]].reach())
            })
            .collect();
        Ok(Simulator {
            network,
            timesteps,
            seed: 0,
            first_sample: 0,
            readout: SpikeReadout::default(),
            input,
            synapses,
            windows,
            incoming,
            outgoing,
            components: components(network),
            history,
        })
    }

    /// Per projection, whether it multiplies the input of a sample once and keeps the current:
    /// the case for constant input that does not arrive late.
    #[must_use]
    pub fn multiplies_once(&self, drive: &Drive) -> Vec<bool> {
        let is_constant = matches!(drive, Drive::Constant(_));
        let from_input = |synapses: &Synapses| Some(synapses.source()) == self.input;
        let once = |s: &Synapses| is_constant && from_input(s) && s.delay == 0;
        self.synapses.iter().map(once).collect()
    }

    /// Whether a population can be cut into parts that are driven separately.
    fn can_split(&self, index: usize) -> bool {
        self.network.populations[index].role() == Role::Spiking
            && self.incoming[index]
                .iter()
                .all(|&p| self.synapses[p].can_split())
    }

    /// Samples that a thread takes through the network together, one after the other in its time, so
    /// that weights too large for a near cache are read once for all of them. Only where nothing
    /// outlasts a timestep but the state of neurons.
    fn laps(&self, samples: usize, segments: usize, probe: &dyn Probe) -> usize {
        let populations = &self.network.populations;
        let weights: usize = self.synapses.iter().map(Synapses::dense_bytes).sum();
        let apart = segments == 1
            && self.components.iter().all(|c| c.lookahead.is_none())
            && self
                .synapses
                .iter()
                .all(|s| s.is_dense() && !s.is_delayed())
            && populations.iter().all(|p| p.poisson.is_none())
            && !(0..populations.len()).any(|index| probe.wants(index));
        if !apart || weights < FAR_WEIGHTS {
            return 1;
        }
        let share = samples / rayon::current_num_threads().max(1);
        (panelwise::MOST_STEPS / (self.timesteps as usize).max(1))
            .clamp(1, MOST_LAPS.min(share.max(1)))
    }

    /// Seeds the random input of populations; the seed is 0 otherwise.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Numbers samples from `first` where they draw random input, so that a sample runs alone as it
    /// runs among all of them. They are numbered from 0 otherwise.
    #[must_use]
    pub fn with_first_sample(mut self, first: usize) -> Self {
        self.first_sample = first;
        self
    }

    /// How an output that spikes is read; its spikes are counted otherwise.
    #[must_use]
    pub fn with_readout(mut self, readout: SpikeReadout) -> Self {
        self.readout = readout;
        self
    }

    /// Simulates `samples` samples on the threads of the current rayon pool.
    ///
    /// `drive(i)` makes the input of sample `i`; `progress(n)` is told after each sample how many
    /// are done and may stop the run.
    ///
    /// # Errors
    /// The error of the lowest sample that fails, or [`SimulationError::Stopped`].
    pub fn run(
        &self,
        samples: usize,
        drive: &(dyn Fn(usize) -> Result<Drive, EncodingError> + Sync),
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<Simulation, SimulationError> {
        self.run_recorded(samples, drive, &NoProbe, progress)
    }

    /// As [`Simulator::run`], and shows a probe what populations do.
    ///
    /// # Errors
    /// As [`Simulator::run`].
    pub fn run_recorded(
        &self,
        samples: usize,
        drive: &(dyn Fn(usize) -> Result<Drive, EncodingError> + Sync),
        probe: &dyn Probe,
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<Simulation, SimulationError> {
        let Segments { tallies, outcomes } =
            self.run_segments(samples, &[self.timesteps], drive, probe, progress)?;
        let mut counts = EventCounts::new(self.network.topology(), self.timesteps);
        tallies.iter().for_each(|tally| counts.add(tally));
        counts.count_leaks(self.network.leaky());
        Ok(Simulation {
            counts,
            outcomes: outcomes.into_iter().flatten().collect(),
            kernels: self.kernels(),
        })
    }

    /// One simulation that is read at several times: for each of `ends`, in ascending order and none
    /// beyond the timesteps of the simulator, what a run of so many timesteps gives to the bit,
    /// provided that `drive` begins in the same way for any number of timesteps.
    ///
    /// # Errors
    /// As [`Simulator::run`].
    ///
    /// # Panics
    /// If `ends` is empty, does not ascend, or goes beyond the timesteps of the simulator.
    pub fn run_until_each(
        &self,
        samples: usize,
        ends: &[u32],
        drive: &(dyn Fn(usize) -> Result<Drive, EncodingError> + Sync),
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<Vec<Simulation>, SimulationError> {
        assert!(ends.is_sorted_by(|a, b| a < b), "ends ascend");
        assert!(ends.last().is_some_and(|&last| last <= self.timesteps));
        let segments = self.run_segments(samples, ends, drive, &NoProbe, progress)?;
        let mut sum = EventCounts::new(self.network.topology(), self.timesteps);
        let simulations = ends.iter().enumerate().map(|(segment, &end)| {
            let parts = segments.tallies.iter().skip(segment).step_by(ends.len());
            parts.for_each(|tally| sum.add(tally));
            let outcomes = segments.outcomes.iter();
            let mut counts = sum.first_timesteps(end);
            counts.count_leaks(self.network.leaky());
            Simulation {
                counts,
                outcomes: outcomes.map(|sample| sample[segment].clone()).collect(),
                kernels: self.kernels(),
            }
        });
        Ok(simulations.collect())
    }

    /// Simulates and keeps segments of timesteps apart.
    fn run_segments(
        &self,
        samples: usize,
        ends: &[u32],
        drive: &(dyn Fn(usize) -> Result<Drive, EncodingError> + Sync),
        probe: &dyn Probe,
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<Segments, SimulationError> {
        let laps = self.laps(samples, ends.len(), probe);
        footprint::check(self.network, self.timesteps, samples, ends.len(), laps)?;
        // Threads that have no sample of their own help with the others'.
        let threads = rayon::current_num_threads() / samples.max(1);
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let stopped = AtomicBool::new(false);
        let failure: Mutex<Option<(usize, SimulationError)>> = Mutex::new(None);

        let workers = rayon::broadcast(|_| {
            // Made with the first sample: a thread without one needs no workspace.
            let mut worker = None;
            let mut outcomes = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let first = next.fetch_add(laps, Ordering::Relaxed);
                if first >= samples {
                    break;
                }
                let (drives, failed) = drives(first..samples.min(first + laps), drive);
                let taken = drives.len();
                let mut run = |drives| {
                    worker
                        .get_or_insert_with(|| Worker::new(self, threads, ends.len()))
                        .run(first, drives, ends, probe)
                };
                // Samples before the one that failed may fail, too, and come first.
                let result = match (run(drives), failed) {
                    (Ok(_), Some(error)) => Err(error),
                    (result, _) => result,
                };
                match result {
                    Ok(found) => outcomes.extend((first..).zip(found)),
                    Err(error) => {
                        // A poisoned lock means another worker panicked; its panic is reported.
                        if let Ok(mut lowest) = failure.lock()
                            && lowest.as_ref().is_none_or(|(index, _)| first < *index)
                        {
                            *lowest = Some((first, error));
                        }
                        stopped.store(true, Ordering::Relaxed);
                        break;
                    }
                }
                for _ in 0..taken {
                    if progress(done.fetch_add(1, Ordering::Relaxed) + 1).is_break() {
                        stopped.store(true, Ordering::Relaxed);
                    }
                }
            }
            (worker.map(Worker::into_tallies), outcomes)
        });

        if let Ok(Some((_, error))) = failure.into_inner() {
            return Err(error);
        }
        if stopped.into_inner() {
            return Err(SimulationError::Stopped);
        }
        Ok(Segments::collect(workers, samples))
    }
}

/// A simulation cut into segments of timesteps.
struct Segments {
    /// Events of each segment, of one thread after the other.
    tallies: Vec<Tally>,
    /// Per sample, what the output says at the end of each segment.
    outcomes: Vec<Vec<Outcome>>,
}

/// What one thread simulated: its tallies, and the outcomes of its samples by number.
type Share = (Option<Vec<Tally>>, Vec<(usize, Vec<Outcome>)>);

impl Segments {
    /// Joins the shares of all threads, samples in their order.
    fn collect(shares: Vec<Share>, samples: usize) -> Self {
        let mut tallies = Vec::new();
        let mut outcomes = Vec::with_capacity(samples);
        for (parts, answers) in shares {
            tallies.extend(parts.into_iter().flatten());
            outcomes.extend(answers);
        }
        outcomes.sort_unstable_by_key(|(sample, _)| *sample);
        Segments {
            tallies,
            outcomes: outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
        }
    }
}

/// What drives some samples, up to the first for which there is nothing.
fn drives(
    samples: Range<usize>,
    drive: &(dyn Fn(usize) -> Result<Drive, EncodingError> + Sync),
) -> (Vec<Drive>, Option<SimulationError>) {
    let mut drives = Vec::with_capacity(samples.len());
    for sample in samples {
        match drive(sample) {
            Ok(drive) => drives.push(drive),
            Err(error) => return (drives, Some(error.into())),
        }
    }
    (drives, None)
}
