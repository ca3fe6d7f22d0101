//! Packets and hops, from saved spike counts.

use super::fan_out::FanOut;
use super::loads::{Received, SliceLoads, SliceTraffic};
use super::{ChipLink, Placement};
use crate::counts::EventCounts;
use crate::network::{Role, Topology};
use std::collections::BTreeMap;

/// What the neurons of one population send to neurons on the chip. Totals over samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// Packets: one per spike and destination core.
    pub packets: u64,
    /// Links crossed in x, those from one chip to the next left out.
    pub hops_x: u64,
    /// Links crossed in y.
    pub hops_y: u64,
    /// Links crossed from one chip to the next.
    pub borders: u64,
}

/// Load of the mesh. Totals over samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Per population, in the order of the topology; nothing for inputs, which the host sends.
    pub sent: Vec<Sent>,
    /// Per slice, in the order of [`Placement::slices`].
    pub slices: SliceLoads,
    /// Packets between neurons on the chip: one per spike and destination core.
    pub packets: u64,
    /// Packets that the host sends for spikes of the input. They cross no counted link: where a
    /// host enters the mesh is a property of the board, not of the chip.
    pub host_packets: u64,
    /// Links crossed in x, those from one chip to the next left out.
    pub hops_x: u64,
    /// Links crossed in y.
    pub hops_y: u64,
    /// Links crossed from one chip to the next.
    pub borders: u64,
    /// The same by link and by the population that sends.
    pub chip_links: BTreeMap<(ChipLink, usize), u64>,
}

/// Works out the traffic of counted spikes under a placement of the same network.
#[must_use]
pub fn traffic(counts: &EventCounts, placement: &Placement) -> Traffic {
    traffic_from(counts, placement, |_| true)
}

/// The traffic that the spikes of some populations make.
pub(super) fn traffic_from(
    counts: &EventCounts,
    placement: &Placement,
    sends: impl Fn(usize) -> bool,
) -> Traffic {
    let topology = &counts.topology;
    let all = 0..placement.slices().len();
    let mut slices: Vec<SliceTraffic> = idle_traffic(counts, placement, all).collect();
    let position = positions(topology);
    let mut all_sent = vec![Sent::default(); counts.populations.len()];
    let mut host_packets = 0;
    let mut chip_links = BTreeMap::new();
    let mut fan_out = FanOut::new(topology, placement.seats());
    let seats = placement.seats();
    let grid = Grid::new(placement);
    // Cores that a spike reaches, and when each was last reached.
    let mut cores = Vec::new();
    let mut seen = vec![usize::MAX; placement.core_bound()];
    let mut mark = 0;
    for (population, counted) in counts.populations.iter().enumerate() {
        if !sends(population) || counted.spikes.sum() == 0 {
            continue;
        }
        let sent = &mut all_sent[population];
        let mut crossings = Crossings::new(&grid);
        for bundle in fan_out.bundles(population) {
            let spikes = counted.spikes.sum_of(bundle.clone());
            if spikes == 0 {
                continue;
            }
            cores.clear();
            for target in fan_out.targets(population, bundle.start) {
                let received = &mut slices[target.slice].received[position[target.edge]];
                received.synops += spikes * target.synapses;
                let core = placement.slices()[target.slice].core;
                if std::mem::replace(&mut seen[core], mark) != mark {
                    received.packets += spikes;
                    cores.push(core);
                }
            }
            mark += 1;
            if !seats.is_placed(population) {
                host_packets += spikes * cores.len() as u64;
                continue;
            }
            for (home, neurons) in seats.homes(population, bundle) {
                let spikes = counted.spikes.sum_of(neurons);
                if spikes == 0 {
                    continue;
                }
                let packets = spikes * cores.len() as u64;
                slices[home].spikes += spikes;
                slices[home].packets_sent += packets;
                let [x, y, borders] = crossings.add(placement.slices()[home].core, &cores, spikes);
                sent.packets += packets;
                sent.hops_x += x;
                sent.hops_y += y;
                sent.borders += borders;
            }
        }
        let links = crossings.links();
        chip_links.extend(links.map(|(link, packets)| ((link, population), packets)));
    }
    let sum = |of: fn(&Sent) -> u64| all_sent.iter().map(of).sum();
    Traffic {
        packets: sum(|sent| sent.packets),
        hops_x: sum(|sent| sent.hops_x),
        hops_y: sum(|sent| sent.hops_y),
        borders: sum(|sent| sent.borders),
        sent: all_sent,
        slices: SliceLoads::new(placement, slices),
        host_packets,
        chip_links,
    }
}

/// Position of each projection among those into its target.
fn positions(topology: &Topology) -> Vec<usize> {
    let into = |index: usize| {
        let target = topology.edges[index].target;
        let before = topology.edges[..index].iter();
        before.filter(|other| other.target == target).count()
    };
    (0..topology.edges.len()).map(into).collect()
}

/// Where each core sits.
struct Grid {
    rows: usize,
    chips: usize,
    /// Column, row and chip.
    places: Vec<[u32; 3]>,
}

impl Grid {
    fn new(placement: &Placement) -> Self {
        let mesh = placement.mesh();
        let place = |core: usize| {
            let (x, y) = mesh.at(mesh.tile(core));
            [x, y, core / mesh.cores_per_chip()].map(|at| at as u32)
        };
        Grid {
            rows: mesh.height,
            chips: placement.core_bound() / mesh.cores_per_chip() + 1,
            places: (0..placement.core_bound()).map(place).collect(),
        }
    }
}

/// Packets on links between chips. A route crosses neighbouring links of one row, of which only the
/// first and the one past the last are noted.
struct Crossings<'a> {
    grid: &'a Grid,
    /// Change of packets from each link to the next `[row, direction, chip]`, wrapping.
    change: Vec<u64>,
}

impl<'a> Crossings<'a> {
    fn new(grid: &'a Grid) -> Self {
        Crossings {
            grid,
            change: vec![0; grid.rows * 2 * grid.chips],
        }
    }

    /// Adds packets from one core to each of some; returns the links that they cross: in x within
    /// chips, in y, from one chip to the next.
    fn add(&mut self, from: usize, to: &[usize], packets: u64) -> [u64; 3] {
        let [x, y, chip] = self.grid.places[from];
        let mut links = [0; 3];
        for &core in to {
            let [to_x, to_y, to_chip] = self.grid.places[core];
            let borders = chip.abs_diff(to_chip);
            let crossed = [x.abs_diff(to_x) - borders, y.abs_diff(to_y), borders];
            for (sum, crossed) in links.iter_mut().zip(crossed) {
                *sum += u64::from(crossed);
            }
            if borders > 0 {
                let first = (2 * y as usize + usize::from(chip < to_chip)) * self.grid.chips;
                let change = &mut self.change[first..first + self.grid.chips];
                let (low, high) = (chip.min(to_chip) as usize, chip.max(to_chip) as usize);
                change[low] = change[low].wrapping_add(packets);
                change[high] = change[high].wrapping_sub(packets);
            }
        }
        links.map(|links| links * packets)
    }

    /// Links with any packets.
    fn links(&self) -> impl Iterator<Item = (ChipLink, u64)> {
        let rows = self.change.chunks_exact(self.grid.chips).enumerate();
        rows.flat_map(|(row, changes)| {
            let packets = changes.iter().scan(0u64, |packets, change| {
                *packets = packets.wrapping_add(*change);
                Some(*packets)
            });
            let link = move |chip| ChipLink {
                chip,
                row: row / 2,
                upwards: row % 2 == 1,
            };
            packets
                .enumerate()
                .filter(|(_, packets)| *packets > 0)
                .map(move |(chip, packets)| (link(chip), packets))
        })
    }
}

/// Packets from core to core, the core of the sender included: receivers of each sender, ascending.
pub(super) fn flows(counts: &EventCounts, placement: &Placement) -> Vec<Vec<(usize, u64)>> {
    let mut flows: Vec<Vec<(usize, u64)>> = vec![Vec::new(); placement.core_bound()];
    let mut fan_out = FanOut::new(&counts.topology, placement.seats());
    for (population, counted) in counts.populations.iter().enumerate() {
        for bundle in fan_out.bundles(population) {
            let cores = fan_out.cores(population, bundle.start);
            for (home, neurons) in placement.seats().homes(population, bundle) {
                let spikes = counted.spikes.sum_of(neurons);
                if spikes > 0 {
                    let from = &mut flows[placement.slices()[home].core];
                    from.extend(cores.iter().map(|&to| (to, spikes)));
                }
            }
        }
    }
    for flows in &mut flows {
        flows.sort_unstable();
        flows.dedup_by(|next, first| {
            let same = next.0 == first.0;
            first.1 += next.1 * u64::from(same);
            same
        });
    }
    flows
}

/// Some slices with their updates and no packets yet.
pub(super) fn idle_traffic<'a>(
    counts: &'a EventCounts,
    placement: &'a Placement,
    slices: impl Iterator<Item = usize> + 'a,
) -> impl Iterator<Item = SliceTraffic> + 'a {
    let steps = u64::from(counts.timesteps) * counts.samples;
    // Of each population all touched and all active neurons: it may be cut into thousands of slices.
    let sums = counts.populations.iter();
    let sums: Vec<(u64, u64)> = sums
        .map(|p| (p.touched.sum(), p.active_per_timestep.iter().sum()))
        .collect();
    let nothing = |edge| Received {
        edge,
        packets: 0,
        synops: 0,
    };
    let mut received = vec![Vec::new(); counts.populations.len()];
    for (index, edge) in counts.topology.edges.iter().enumerate() {
        received[edge.target].push(nothing(index));
    }
    slices.map(move |index| {
        let slice = &placement.slices()[index];
        let population = &counts.populations[slice.population];
        let neuron_steps = population.spikes.len() as u64 * steps;
        let (touched, active) = sums[slice.population];
        let here = population.touched.sum_of(slice.neurons.clone());
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
            active_updates: match counts.topology.populations[slice.population].role {
                Role::Input => 0.0,
                _ => here as f64 + active.saturating_sub(touched) as f64 * share,
            },
            received: received[slice.population].clone(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Capacity, Mesh, Slice};
    use crate::network::{Connectivity, Edge, Node, Pattern, Shape, Topology};
    use proptest::prelude::*;

    fn capacity() -> Capacity {
        Capacity {
            neurons_per_core: 1000,
            synaptic_memory_bits: 1 << 30,
            weight_bits: 8,
            shared_kernels: false,
            fan_in_axons_per_core: 1 << 20,
            fan_out_axons_per_core: 1 << 20,
            max_delay: None,
            mesh: Mesh {
                cores_per_tile: 1,
                width: 3,
                height: 3,
            },
            chips: 1,
        }
    }

    fn network(sizes: &[usize], edges: &[(usize, usize)]) -> Topology {
        Topology {
            populations: sizes
                .iter()
                .enumerate()
                .map(|(index, &n)| Node {
                    name: format!("p{index}"),
                    shape: Shape::vector(n),
                    role: if index == 0 {
                        Role::Input
                    } else {
                        Role::Spiking
                    },
                })
                .collect(),
            edges: edges
                .iter()
                .map(|&(source, target)| Edge {
                    source,
                    target,
                    connectivity: Connectivity::new(Pattern::Dense {
                        sources: sizes[source],
                        targets: sizes[target],
                        present: None,
                    }),
                    delay: 0,
                })
                .collect(),
        }
    }

    fn slice(population: usize, neurons: std::ops::Range<usize>, core: usize) -> Slice {
        Slice {
            population,
            neurons,
            core,
        }
    }

    #[test]
    fn worked_packets_and_hops() {
        // Two inputs, two neurons on core 0 = (0, 0), four on core 8 = (2, 2) and core 1 = (0, 1).
        let topology = network(&[2, 2, 4], &[(0, 1), (1, 2)]);
        let mut counts = EventCounts::new(topology, 1);
        counts.samples = 1;
        counts.populations[0].spikes = vec![1, 1].into();
        counts.populations[1].spikes = vec![3, 0].into();
        let slices = vec![slice(1, 0..2, 0), slice(2, 0..1, 8), slice(2, 1..4, 1)];
        let placement =
            Placement::new(&counts.topology, &capacity(), slices).expect("covers each neuron");
        let traffic = traffic(&counts, &placement);
        // Three spikes to two cores; (2, 2) and (0, 1) hops each. Inputs: two packets to core 0.
        assert_eq!((traffic.packets, traffic.host_packets), (6, 2));
        assert_eq!((traffic.hops_x, traffic.hops_y), (6, 9));
        let received: Vec<(u64, u64)> = traffic
            .slices
            .iter()
            .map(|s| (s.packets_received(), s.synops_received()))
            .collect();
        assert_eq!(received, [(2, 4), (3, 3), (3, 9)]);
        assert_eq!(traffic.slices[0].packets_sent, 6);
    }

    proptest! {
        #[test]
        fn traffic_equals_a_spike_by_spike_count(
            spikes in prop::collection::vec(0u64..4, 3 + 6 + 5),
            cores in prop::collection::vec(0usize..9, 4),
        ) {
            let topology = network(&[3, 6, 5], &[(0, 1), (1, 2), (0, 2), (1, 1)]);
            let mut counts = EventCounts::new(topology, 1);
            counts.samples = 1;
            let mut rest = spikes.as_slice();
            for population in &mut counts.populations {
                let (own, others) = rest.split_at(population.spikes.len());
                population.spikes = own.to_vec().into();
                rest = others;
            }
            let slices = vec![
                slice(1, 0..2, cores[0]),
                slice(1, 2..6, cores[1]),
                slice(2, 0..1, cores[2]),
                slice(2, 1..5, cores[3]),
            ];
            let placement = Placement::new(&counts.topology, &capacity(), slices)
                .expect("covers each neuron");
            let core_of = |population: usize, neuron: usize| {
                placement.slice(population, neuron).map(|s| placement.slices()[s].core)
            };
            let (mut packets, mut host, mut hops) = (0, 0, (0, 0));
            let (mut into, mut out) = (BTreeMap::new(), BTreeMap::new());
            let mut synops = 0;
            for (population, counted) in counts.populations.iter().enumerate() {
                for (neuron, &spikes) in counted.spikes.iter().enumerate() {
                    let mut reached = BTreeMap::new();
                    for edge in counts.topology.edges.iter().filter(|e| e.source == population) {
                        for target in 0..edge.connectivity.targets() {
                            *reached.entry(core_of(edge.target, target)).or_insert(0) += spikes;
                        }
                    }
                    for (core, events) in reached {
                        let core = core.expect("targets are placed");
                        synops += events;
                        *into.entry(core).or_insert(0) += spikes;
                        match core_of(population, neuron) {
                            None => host += spikes,
                            Some(home) => {
                                packets += spikes;
                                *out.entry(home).or_insert(0) += spikes;
                                let (x, y) = placement.mesh().hops(home, core);
                                hops = (hops.0 + spikes * x, hops.1 + spikes * y);
                            }
                        }
                    }
                }
            }
            let found = traffic(&counts, &placement);
            prop_assert_eq!((found.packets, found.host_packets), (packets, host));
            prop_assert_eq!((found.hops_x, found.hops_y), hops);
            let sum = |f: fn(&SliceTraffic) -> u64| found.slices.iter().map(f).sum::<u64>();
            prop_assert_eq!(sum(|s| s.packets_sent), packets);
            prop_assert_eq!(sum(SliceTraffic::packets_received), packets + host);
            prop_assert_eq!(sum(SliceTraffic::synops_received), synops);
            let (mut found_in, mut found_out) = (BTreeMap::new(), BTreeMap::new());
            for (slice, load) in placement.slices().iter().zip(&found.slices) {
                *found_in.entry(slice.core).or_insert(0) += load.packets_received();
                *found_out.entry(slice.core).or_insert(0) += load.packets_sent;
            }
            for (core, events) in into {
                prop_assert_eq!(found_in[&core], events);
            }
            for (core, events) in out {
                prop_assert_eq!(found_out[&core], events);
            }
        }
    }

    #[test]
    fn active_updates_of_slices_sum_to_those_of_the_population() {
        let topology = network(&[1, 4], &[(0, 1)]);
        let mut counts = EventCounts::new(topology, 5);
        counts.samples = 2;
        counts.populations[1].touched = vec![10, 3, 0, 0].into();
        counts.populations[1].active_per_timestep = vec![4; 5];
        let slices = vec![slice(1, 0..1, 0), slice(1, 1..4, 1)];
        let placement =
            Placement::new(&counts.topology, &capacity(), slices).expect("covers each neuron");
        let found = traffic(&counts, &placement);
        // The first neuron is touched in all its ten neuron-timesteps; 20 - 13 active ones remain.
        assert_eq!(found.slices[0].active_updates, 10.0);
        assert_eq!(found.slices[1].active_updates, 10.0);
    }
}
