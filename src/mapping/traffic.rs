//! Packets and hops, from saved spike counts.

use super::Placement;
use crate::counts::EventCounts;

/// What one slice receives through one projection. Totals over samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Index of the projection in the topology.
    pub edge: usize,
    /// Packets. One that serves several projections or slices of a core counts at the first.
    pub packets: u64,
    /// Synaptic operations.
    pub synops: u64,
}

/// What the neurons of one [`super::Slice`] do. Totals over samples.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceTraffic {
    /// Spikes emitted.
    pub spikes: u64,
    /// Packets sent: one per spike and destination core, its own core included.
    pub packets_sent: u64,
    /// Neuron-timesteps with a nonzero potential, any input or bias. Touched ones are counted per
    /// neuron; the other active ones are known per population only and are spread evenly over its
    /// untouched neuron-timesteps.
    pub active_updates: f64,
    /// Per projection into the population.
    pub received: Vec<Received>,
}

impl SliceTraffic {
    /// Packets received, those of the host included.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.received.iter().map(|r| r.packets).sum()
    }

    /// Synaptic operations received.
    #[must_use]
    pub fn synops_received(&self) -> u64 {
        self.received.iter().map(|r| r.synops).sum()
    }
}

/// Load of the mesh. Totals over samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Per slice, in the order of [`Placement::slices`].
    pub slices: Vec<SliceTraffic>,
    /// Packets between neurons on the chip: one per spike and destination core.
    pub packets: u64,
    /// Packets that the host sends for spikes of the input. They cross no counted link: where a
    /// host enters the mesh is a property of the board, not of the chip.
    pub host_packets: u64,
    /// Links crossed in x.
    pub hops_x: u64,
    /// Links crossed in y.
    pub hops_y: u64,
}

/// Works out the traffic of counted spikes under a placement of the same network.
#[must_use]
pub fn traffic(counts: &EventCounts, placement: &Placement) -> Traffic {
    let topology = &counts.topology;
    let mut slices = idle_traffic(counts, placement);
    // Position of each projection among those into its target.
    let position: Vec<usize> = topology
        .edges
        .iter()
        .enumerate()
        .map(|(index, edge)| {
            topology.edges[..index]
                .iter()
                .filter(|other| other.target == edge.target)
                .count()
        })
        .collect();
    let mut total = Traffic {
        slices: Vec::new(),
        packets: 0,
        host_packets: 0,
        hops_x: 0,
        hops_y: 0,
    };
    let mut seen = vec![u64::MAX; placement.core_bound()];
    let mut mark = 0;
    for (population, counted) in counts.populations.iter().enumerate() {
        for (neuron, &spikes) in counted.spikes.iter().enumerate() {
            if spikes == 0 {
                continue;
            }
            let home = placement.slice(population, neuron);
            if let Some(home) = home {
                slices[home].spikes += spikes;
            }
            placement.for_each_target(topology, population, neuron, |slice, edge, synapses| {
                let received = &mut slices[slice].received[position[edge]];
                received.synops += spikes * synapses;
                let core = placement.slices()[slice].core;
                if seen[core] == mark {
                    return;
                }
                seen[core] = mark;
                received.packets += spikes;
                match home {
                    None => total.host_packets += spikes,
                    Some(home) => {
                        slices[home].packets_sent += spikes;
                        total.packets += spikes;
                        let from = placement.slices()[home].core;
                        let (x, y) = placement.mesh().hops(from, core);
                        total.hops_x += spikes * x;
                        total.hops_y += spikes * y;
                    }
                }
            });
            mark += 1;
        }
    }
    total.slices = slices;
    total
}

/// Slices with their updates and no packets yet.
fn idle_traffic(counts: &EventCounts, placement: &Placement) -> Vec<SliceTraffic> {
    let steps = u64::from(counts.timesteps) * counts.samples;
    placement
        .slices()
        .iter()
        .map(|slice| {
            let population = &counts.populations[slice.population];
            let neuron_steps = population.spikes.len() as u64 * steps;
            let touched: u64 = population.touched.iter().sum();
            let active: u64 = population.active_per_timestep.iter().sum();
            let here: u64 = population.touched[slice.neurons.clone()].iter().sum();
            let untouched = neuron_steps.saturating_sub(touched);
            let untouched_here = (slice.neurons.len() as u64 * steps).saturating_sub(here);
            let share = if untouched == 0 {
                0.0
            } else {
                untouched_here as f64 / untouched as f64
            };
            SliceTraffic {
                spikes: 0,
                packets_sent: 0,
                active_updates: here as f64 + active.saturating_sub(touched) as f64 * share,
                received: counts
                    .topology
                    .edges
                    .iter()
                    .enumerate()
                    .filter(|(_, edge)| edge.target == slice.population)
                    .map(|(edge, _)| Received {
                        edge,
                        packets: 0,
                        synops: 0,
                    })
                    .collect(),
            }
        })
        .collect()
}
