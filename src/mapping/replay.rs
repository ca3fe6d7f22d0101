//! How long the timesteps of one sample take, spike by spike.

use super::congestion::{Links, Message, event_driven};
use super::{ChipLink, Placement, StageTimes, Traffic};
use crate::counts::EventCounts;
use crate::network::Role;
use crate::spike_train::SpikeTrain;
use std::collections::BTreeMap;

/// Times of each timestep of one sample [s].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replay {
    /// The busiest core or link between chips, as in [`latency`](super::latency()), without its
    /// means.
    pub barrier_s: Vec<f64>,
    /// Messages one after the other through a mesh that can be congested.
    pub event_driven_s: Vec<f64>,
}

/// Times the spikes of one sample, recorded per population. `counts` and `traffic` are of the same
/// sample and placement; of them only the active neuron-timesteps are used, which spikes do not
/// tell. Where only some neurons of a slice are active, they are taken as spread evenly over it.
///
/// A core visits its neurons in order; a spike sends a message to each core it reaches, in order
/// of cores. Messages of the host, which has no place on the mesh, are there when the timestep
/// begins. Inputs that are no spikes send none.
///
/// Source: Boyle et al., SANA-FE, IEEE TCAD 2025; both timing models read in SLAM-Lab/SANA-FE,
/// commit 8951ab07.
///
/// # Panics
/// If there are not as many trains as populations, or they are of another network.
#[must_use]
pub fn replay(
    counts: &EventCounts,
    placement: &Placement,
    traffic: &Traffic,
    raster: &[SpikeTrain],
    times: &StageTimes,
    links: &Links,
) -> Replay {
    assert_eq!(raster.len(), counts.populations.len(), "a train each");
    let mut step = Timestep::new(counts, placement, traffic, raster, times);
    let mut replay = Replay::default();
    for t in 0..counts.timesteps as usize {
        step.fill(t);
        let end = |busy_s: f64| (busy_s + times.barrier_s).max(times.host_s);
        replay
            .barrier_s
            .push(end(step.busiest_s().max(step.busiest_link_s())));
        let event_s = event_driven(
            &step.queues,
            &step.arrived_s,
            placement.mesh(),
            links,
            times.chip_link_s,
        );
        replay.event_driven_s.push(end(event_s));
    }
    replay
}

/// The messages of one timestep.
struct Timestep<'a> {
    counts: &'a EventCounts,
    placement: &'a Placement,
    traffic: &'a Traffic,
    raster: &'a [SpikeTrain],
    times: &'a StageTimes,
    /// Slices by core, each in the order of populations and neurons.
    slices_on: Vec<Vec<usize>>,
    /// Messages that each core sends, in order; without a receiver: work after the last.
    queues: Vec<Vec<Message>>,
    /// What each core owes to messages of the host [s].
    arrived_s: Vec<f64>,
}

impl<'a> Timestep<'a> {
    fn new(
        counts: &'a EventCounts,
        placement: &'a Placement,
        traffic: &'a Traffic,
        raster: &'a [SpikeTrain],
        times: &'a StageTimes,
    ) -> Self {
        let mut slices_on = vec![Vec::new(); placement.core_bound()];
        for (index, slice) in placement.slices().iter().enumerate() {
            slices_on[slice.core].push(index);
        }
        Timestep {
            counts,
            placement,
            traffic,
            raster,
            times,
            queues: vec![Vec::new(); slices_on.len()],
            arrived_s: vec![0.0; slices_on.len()],
            slices_on,
        }
    }

    fn fill(&mut self, t: usize) {
        let mut reached = Reached::new(self.queues.len());
        for core in 0..self.slices_on.len() {
            let mut queue = std::mem::take(&mut self.queues[core]);
            queue.clear();
            let mut generation_s = 0.0;
            for &slice in &self.slices_on[core] {
                self.generate(slice, t, &mut generation_s, &mut reached, &mut queue);
            }
            if generation_s > 0.0 {
                queue.push(Message {
                    to: None,
                    generation_s,
                    processing_s: 0.0,
                });
            }
            self.queues[core] = queue;
        }
        self.arrived_s.fill(0.0);
        for (population, train) in self.raster.iter().enumerate() {
            let events = train.at(t);
            if self.placement.slice(population, 0).is_some() || events.values.is_some() {
                continue;
            }
            for &neuron in events.neurons {
                self.reach(population, neuron as usize, &mut reached);
                for (core, processing_s) in reached.take() {
                    self.arrived_s[core] += processing_s;
                }
            }
        }
    }

    /// The neurons of one slice, and the messages of those that fire.
    fn generate(
        &self,
        index: usize,
        t: usize,
        generation_s: &mut f64,
        reached: &mut Reached,
        queue: &mut Vec<Message>,
    ) {
        let times = self.times;
        let slice = &self.placement.slices()[index];
        let population = slice.population;
        let events = self.raster[population].at(t);
        let is_input = self.counts.topology.populations[population].role == Role::Input;
        if is_input && events.values.is_some() {
            return;
        }
        let fired = &events.neurons[events
            .neurons
            .partition_point(|&n| (n as usize) < slice.neurons.start)
            ..events
                .neurons
                .partition_point(|&n| (n as usize) < slice.neurons.end)];
        let (visit_s, spike_s) = if is_input {
            (0.0, 0.0)
        } else {
            let silent = slice.neurons.len() - fired.len();
            let active = (self.active(index, t) - fired.len() as f64).max(0.0);
            let share = (active / silent.max(1) as f64).min(1.0);
            let spike_s = times.neuron_s + times.active_s + times.spike_s;
            (times.neuron_s + share * times.active_s, spike_s)
        };
        let mut next = slice.neurons.start;
        for &neuron in fired {
            let neuron = neuron as usize;
            *generation_s += (neuron - next) as f64 * visit_s + spike_s;
            next = neuron + 1;
            self.reach(population, neuron, reached);
            for (to, processing_s) in reached.take() {
                queue.push(Message {
                    to: Some(to),
                    generation_s: *generation_s + times.packet_out_s,
                    processing_s,
                });
                *generation_s = 0.0;
            }
        }
        *generation_s += (slice.neurons.end - next) as f64 * visit_s;
    }

    /// Active neurons of a slice in a timestep.
    fn active(&self, slice: usize, t: usize) -> f64 {
        let population = &self.counts.populations[self.placement.slices()[slice].population];
        let all: u64 = population.active_per_timestep.iter().sum();
        let samples = self.counts.samples.max(1) as f64;
        let share = population.active_per_timestep[t] as f64 / all.max(1) as f64;
        self.traffic.slices[slice].active_updates / samples * share
    }

    /// What each core that a spike reaches has to do for it.
    fn reach(&self, population: usize, neuron: usize, reached: &mut Reached) {
        let topology = &self.counts.topology;
        self.placement.seats().for_each_target(
            topology,
            population,
            neuron,
            |slice, edge, synapses| {
                let kind = topology.edges[edge].connectivity.kind();
                let core = self.placement.slices()[slice].core;
                let synops_s = synapses as f64 * self.times.synop_s.of(kind);
                reached.add(core, synops_s, self.times.packet_in_s);
            },
        );
    }

    /// The longest time that a link between chips is occupied [s].
    fn busiest_link_s(&self) -> f64 {
        let mesh = self.placement.mesh();
        let mut packets: BTreeMap<ChipLink, u64> = BTreeMap::new();
        for (from, queue) in self.queues.iter().enumerate() {
            for to in queue.iter().filter_map(|message| message.to) {
                for link in mesh.chip_links(from, to) {
                    *packets.entry(link).or_default() += 1;
                }
            }
        }
        let most = packets.into_values().max().unwrap_or(0);
        most as f64 * self.times.chip_link_s
    }

    /// The longest time that a core generates or processes [s].
    fn busiest_s(&self) -> f64 {
        let mut process_s = self.arrived_s.clone();
        let mut busiest_s = 0.0f64;
        for queue in &self.queues {
            busiest_s = busiest_s.max(queue.iter().map(|m| m.generation_s).sum());
            for message in queue {
                if let Some(to) = message.to {
                    process_s[to] += message.processing_s;
                }
            }
        }
        process_s.into_iter().fold(busiest_s, f64::max)
    }
}

/// Cores that one spike reaches.
struct Reached {
    busy_s: Vec<f64>,
    cores: Vec<usize>,
}

impl Reached {
    fn new(cores: usize) -> Self {
        Reached {
            busy_s: vec![0.0; cores],
            cores: Vec::new(),
        }
    }

    fn add(&mut self, core: usize, synops_s: f64, packet_s: f64) {
        if !self.cores.contains(&core) {
            self.cores.push(core);
            self.busy_s[core] = packet_s;
        }
        self.busy_s[core] += synops_s;
    }

    /// Cores, ascending, with the time they need; then forgets them.
    fn take(&mut self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.cores.sort_unstable();
        self.cores.drain(..).map(|core| (core, self.busy_s[core]))
    }
}
