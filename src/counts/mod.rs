//! [`EventCounts`]: what a network did, counted without knowing the price of anything.
//!
//! The counts carry the structure of the network ([`Topology`]) with them, so packets and hops
//! can be worked out for any device afterwards and saved counts can be priced without the model.

mod assumed;
mod dense;
mod neurobench;
mod number_format;
mod per_neuron;
mod truncate;

pub use assumed::AssumedRates;
pub use dense::{DenseCounts, DenseLayer, EffectiveMacs};
pub use neurobench::{NeuroBench, SynapticOperations};
pub use number_format::NumberFormat;
pub use per_neuron::PerNeuron;

use crate::network::{Role, Topology};

/// What the same network did with its numbers in another format.
#[derive(Debug, Clone, PartialEq)]
pub struct FormatCounts {
    /// The format.
    pub format: NumberFormat,
    /// Events of the spiking network at this format.
    pub counts: EventCounts,
}

/// Events of one population, summed over all samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PopulationCounts {
    /// Spikes of each neuron, channels last.
    pub spikes: PerNeuron,
    /// Timesteps in which each neuron had any input or a bias, channels last.
    pub touched: PerNeuron,
    /// Spikes in each timestep, those that take one back included.
    pub spikes_per_timestep: Vec<u64>,
    /// Those of them that take one back, by the value −1: only chips whose spikes carry a sign can
    /// send them.
    pub negative_spikes_per_timestep: Vec<u64>,
    /// Neurons with any input or a bias, in each timestep.
    pub touched_per_timestep: Vec<u64>,
    /// Neurons whose potential was nonzero before the timestep or that were touched in it.
    pub active_per_timestep: Vec<u64>,
    /// Neuron-timesteps of neurons whose potential leaks: all of a population or none.
    pub leak_updates: u64,
}

/// Events of one projection, summed over all samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectionCounts {
    /// Synaptic operations (one spike through one existing synapse) in each timestep.
    pub synops_per_timestep: Vec<u64>,
    /// Multiply-accumulates (one nonzero non-binary input times one existing synapse) in each
    /// timestep, as if the projection were evaluated anew each time.
    pub macs_per_timestep: Vec<u64>,
    /// The same if a constant input is multiplied once per sample and its current kept.
    pub macs_once: u64,
}

/// What a network did on a set of samples. Totals over samples; divide by
/// [`EventCounts::samples`] for figures per inference.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCounts {
    /// Structure of the network.
    pub topology: Topology,
    /// Number of samples.
    pub samples: u64,
    /// Timesteps per sample.
    pub timesteps: u32,
    /// Per population, in the order of the topology.
    pub populations: Vec<PopulationCounts>,
    /// Per projection, in the order of the topology's edges.
    pub projections: Vec<ProjectionCounts>,
}

/// Figures of one population per inference; those of synapses belong to the target.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PerInference {
    /// Spikes, negative ones included.
    pub spikes: f64,
    /// Spikes of value −1.
    pub negative_spikes: f64,
    /// Synaptic operations received.
    pub synops: f64,
    /// Multiply-accumulates received, evaluated in each timestep.
    pub macs: f64,
    /// Multiply-accumulates received, with constant input multiplied once.
    pub macs_once: f64,
    /// Neurons × timesteps; 0 for an input, which is driven from outside and has no neurons.
    pub neuron_updates: f64,
    /// Neuron-timesteps with any input or bias.
    pub touched_updates: f64,
    /// Neuron-timesteps with a nonzero potential, any input or bias.
    pub active_updates: f64,
    /// Neuron-timesteps of neurons whose potential leaks.
    pub leak_updates: f64,
}

/// The events of some samples without the structure of the network: what a worker fills.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Number of samples.
    pub samples: u64,
    /// Per population.
    pub populations: Vec<PopulationCounts>,
    /// Per projection.
    pub projections: Vec<ProjectionCounts>,
}

impl Tally {
    /// Zero events of populations of `neurons` neurons each and `projections` projections.
    #[must_use]
    pub fn new(neurons: &[usize], projections: usize, timesteps: u32) -> Self {
        let steps = timesteps as usize;
        let population = |&neurons: &usize| PopulationCounts {
            spikes: PerNeuron::alike(neurons, 0),
            touched: PerNeuron::alike(neurons, 0),
            spikes_per_timestep: vec![0; steps],
            negative_spikes_per_timestep: vec![0; steps],
            touched_per_timestep: vec![0; steps],
            active_per_timestep: vec![0; steps],
            leak_updates: 0,
        };
        let projection = ProjectionCounts {
            synops_per_timestep: vec![0; steps],
            macs_per_timestep: vec![0; steps],
            macs_once: 0,
        };
        Tally {
            samples: 0,
            populations: neurons.iter().map(population).collect(),
            projections: vec![projection; projections],
        }
    }
}

impl EventCounts {
    /// Zero counts for a network, ready to be added to.
    #[must_use]
    pub fn new(topology: Topology, timesteps: u32) -> Self {
        let neurons: Vec<usize> = topology
            .populations
            .iter()
            .map(|node| node.shape.neurons())
            .collect();
        let Tally {
            samples,
            populations,
            projections,
        } = Tally::new(&neurons, topology.edges.len(), timesteps);
        EventCounts {
            topology,
            samples,
            timesteps,
            populations,
            projections,
        }
    }

    /// Adds the events of other samples of the same network. Sums of integers: the order in which
    /// parts are added never shows.
    ///
    /// # Panics
    /// If the two do not count the same network over the same timesteps.
    pub fn add(&mut self, tally: &Tally) {
        let add = |to: &mut [u64], from: &[u64]| {
            assert_eq!(to.len(), from.len(), "counts of one network and run");
            to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
        };
        assert_eq!(self.populations.len(), tally.populations.len());
        assert_eq!(self.projections.len(), tally.projections.len());
        self.samples += tally.samples;
        for (to, from) in self.populations.iter_mut().zip(&tally.populations) {
            add(&mut to.spikes, &from.spikes);
            add(&mut to.touched, &from.touched);
            add(&mut to.spikes_per_timestep, &from.spikes_per_timestep);
            add(
                &mut to.negative_spikes_per_timestep,
                &from.negative_spikes_per_timestep,
            );
            add(&mut to.touched_per_timestep, &from.touched_per_timestep);
            add(&mut to.active_per_timestep, &from.active_per_timestep);
            to.leak_updates += from.leak_updates;
        }
        for (to, from) in self.projections.iter_mut().zip(&tally.projections) {
            add(&mut to.synops_per_timestep, &from.synops_per_timestep);
            add(&mut to.macs_per_timestep, &from.macs_per_timestep);
            to.macs_once += from.macs_once;
        }
    }

    /// Counts the leak of the populations that have one: each neuron in each timestep of each sample.
    pub fn count_leaks(&mut self, leaky: impl IntoIterator<Item = bool>) {
        let steps = u64::from(self.timesteps) * self.samples;
        for (population, leaky) in self.populations.iter_mut().zip(leaky) {
            population.leak_updates = u64::from(leaky) * population.spikes.len() as u64 * steps;
        }
    }

    /// Figures of population `index` per inference.
    #[must_use]
    pub fn per_inference(&self, index: usize) -> PerInference {
        let samples = self.samples.max(1) as f64;
        let mean = |values: &[u64]| values.iter().sum::<u64>() as f64 / samples;
        let population = &self.populations[index];
        let mut figures = PerInference {
            spikes: mean(&population.spikes_per_timestep),
            negative_spikes: mean(&population.negative_spikes_per_timestep),
            neuron_updates: match self.topology.populations[index].role {
                Role::Input => 0.0,
                _ => self.places(index),
            },
            touched_updates: mean(&population.touched_per_timestep),
            active_updates: mean(&population.active_per_timestep),
            leak_updates: population.leak_updates as f64 / samples,
            ..PerInference::default()
        };
        for (edge, counts) in self.topology.edges.iter().zip(&self.projections) {
            if edge.target == index {
                figures.synops += mean(&counts.synops_per_timestep);
                figures.macs += mean(&counts.macs_per_timestep);
                figures.macs_once += counts.macs_once as f64 / samples;
            }
        }
        figures
    }

    /// Spikes per neuron and timestep of population `index`, 0 to 1; for an input, per input.
    #[must_use]
    pub fn rate(&self, index: usize) -> f64 {
        let places = self.places(index);
        if places == 0.0 {
            0.0
        } else {
            self.per_inference(index).spikes / places
        }
    }

    /// Neurons, or inputs, of population `index` times timesteps.
    fn places(&self, index: usize) -> f64 {
        self.topology.populations[index].shape.neurons() as f64 * f64::from(self.timesteps)
    }

    /// Sums per inference over all populations but inputs, which are no neurons: what every total of
    /// a report is.
    #[must_use]
    pub fn total(&self) -> PerInference {
        let mut total = PerInference::default();
        for (index, _) in self.topology.placed() {
            let figures = self.per_inference(index);
            total.spikes += figures.spikes;
            total.negative_spikes += figures.negative_spikes;
            total.synops += figures.synops;
            total.macs += figures.macs;
            total.macs_once += figures.macs_once;
            total.neuron_updates += figures.neuron_updates;
            total.touched_updates += figures.touched_updates;
            total.active_updates += figures.active_updates;
            total.leak_updates += figures.leak_updates;
        }
        total
    }

    /// Spikes per neuron and timestep of all neurons together, readouts included and inputs left out,
    /// 0 to 1; `None` without any.
    #[must_use]
    pub fn mean_rate(&self) -> Option<f64> {
        let total = self.total();
        (total.neuron_updates > 0.0).then(|| total.spikes / total.neuron_updates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Node, Shape};

    /// The digits example: 64 inputs, 32 + 16 spiking neurons, 10 readouts, T = 16.
    #[test]
    fn worked_totals_leave_inputs_out() {
        let mut topology = Topology::default();
        for (name, neurons, role) in [
            ("input", 64, Role::Input),
            ("g0", 32, Role::Spiking),
            ("g1", 16, Role::Spiking),
            ("logits", 10, Role::Readout),
        ] {
            topology.add(name.to_owned(), Shape::vector(neurons), role);
        }
        assert_eq!(topology.neurons(), 58);
        let mut counts = EventCounts::new(topology, 16);
        counts.samples = 2;
        counts.populations[0].spikes_per_timestep[3] = 1000;
        counts.populations[1].spikes_per_timestep[0] = 300;
        counts.populations[2].spikes_per_timestep[15] = 164;
        let total = counts.total();
        // (32 + 16 + 10) · 16, where 122 · 16 = 1952 and 48 · 16 = 768 stood once.
        assert_eq!(total.neuron_updates, 928.0);
        assert_eq!(total.spikes, 232.0);
        assert_eq!(counts.mean_rate(), Some(0.25));
        // An input has a rate of its own and no updates.
        assert_eq!(counts.per_inference(0).neuron_updates, 0.0);
        assert_eq!(counts.rate(0), 500.0 / 1024.0);
        assert_eq!(counts.rate(1), 150.0 / 512.0);
    }

    #[test]
    fn closed_form_counters_reach_the_edge_of_64_bits() {
        let topology = Topology {
            populations: vec![Node {
                name: "all".to_owned(),
                shape: Shape::vector(1),
                role: Role::Spiking,
            }],
            edges: Vec::new(),
        };
        let mut counts = EventCounts::new(topology, 1);
        for samples in [u64::MAX - (1 << 32), 1 << 32] {
            let mut tally = Tally::new(&[1], 0, 1);
            tally.samples = samples;
            tally.populations[0].spikes[0] = samples;
            tally.populations[0].spikes_per_timestep[0] = samples;
            counts.add(&tally);
        }
        assert_eq!(counts.populations[0].spikes, [u64::MAX]);
        assert_eq!(counts.per_inference(0).spikes, 1.0);
        assert_eq!(counts.rate(0), 1.0);
    }
}
