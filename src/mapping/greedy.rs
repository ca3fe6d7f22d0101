//! Filling cores one after the other.

use super::fan_out::stretch;
use super::memory::Memory;
use super::reach::Reach;
use super::seats::part_of;
use super::{Capacity, Placement, Slice};
use crate::network::{Edge, Role, Topology};
use std::ops::Range;

/// Fills cores greedily.
///
/// Each population starts on a new core; its neurons, in index order, fill a core until the next
/// one would exceed the neurons, the synaptic memory, the fan-in axons or the fan-out axons of a
/// core. Cores are numbered in the order of the populations. A neuron that exceeds the memory or the
/// fan-out axons of a core on its own gets a core to itself. If it exceeds the fan-in axons, no
/// splitting helps, and its core is filled up to the other limits. Either way the limit is listed
/// in [`Placement::exceeded`]. Synapses from the input count like all others.
#[must_use]
pub fn place(topology: &Topology, capacity: &Capacity) -> Placement {
    let populations = topology.populations.len();
    let mut parts: Vec<Vec<Range<usize>>> = vec![Vec::new(); populations];
    // Targets first: fan-out axons count the cores of the targets.
    for population in (0..populations).rev() {
        if topology.populations[population].role != Role::Input {
            parts[population] = fill(topology, capacity, population, &parts);
        }
    }
    let slices = parts
        .into_iter()
        .enumerate()
        .flat_map(|(population, ranges)| ranges.into_iter().map(move |r| (population, r)))
        .enumerate()
        .map(|(core, (population, neurons))| Slice {
            population,
            neurons,
            core,
        })
        .collect();
    Placement::assemble(topology, capacity, slices)
}

/// Cuts one population into cores.
fn fill(
    topology: &Topology,
    capacity: &Capacity,
    population: usize,
    parts: &[Vec<Range<usize>>],
) -> Vec<Range<usize>> {
    let neurons = topology.populations[population].shape.neurons();
    let memory = Memory::of(topology, capacity, population);
    let mut fan_out = FanOuts::of(topology, population, parts);
    let mut reach = Reach::into(topology, population);
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < neurons {
        let most = capacity.neurons_per_core.min((neurons - start) as u64) as usize;
        let most = fan_out.longest(start, most, capacity.fan_out_axons_per_core);
        let most = longest(most, |count| {
            memory.bits(start..start + count) <= capacity.synaptic_memory_bits
        });
        let most = most.max(1);
        let count = reach.longest(start, most, capacity.fan_in_axons_per_core);
        ranges.push(start..start + count);
        start += count;
    }
    ranges
}

/// Destination cores of the neurons of a population, as far as its targets are cut already.
struct FanOuts {
    /// One past the last of some neighbours, and the cores that each of them reaches.
    stretches: Vec<(usize, u64)>,
    /// The stretch that the neurons asked for begin in.
    at: usize,
}

impl FanOuts {
    fn of(topology: &Topology, population: usize, parts: &[Vec<Range<usize>>]) -> Self {
        let neurons = topology.populations[population].shape.neurons();
        let edges = topology.edges.iter();
        let edges: Vec<&Edge> = edges
            .filter(|edge| edge.source == population && !parts[edge.target].is_empty())
            .collect();
        let connectivities: Vec<_> = edges.iter().map(|edge| &edge.connectivity).collect();
        // First neuron that reached each part.
        let mut seen: Vec<Vec<usize>> = parts.iter().map(|_| Vec::new()).collect();
        for edge in &edges {
            seen[edge.target] = vec![usize::MAX; parts[edge.target].len()];
        }
        let mut stretches = Vec::new();
        let mut neuron = 0;
        while neuron < neurons {
            let mut cores = 0;
            for edge in &edges {
                let (ranges, seen) = (&parts[edge.target], &mut seen[edge.target]);
                let mut near = 0;
                edge.connectivity.for_each_run(neuron, |first, length| {
                    near = part_of(ranges.len(), |core| ranges[core].end, near, first);
                    let mut core = near;
                    while core < ranges.len() && ranges[core].start < first + length {
                        cores += u64::from(seen[core] != neuron);
                        seen[core] = neuron;
                        core += 1;
                    }
                });
            }
            neuron = stretch(&connectivities, neuron, neurons);
            stretches.push((neuron, cores));
        }
        FanOuts { stretches, at: 0 }
    }

    /// The longest stretch from `start`, 0 to `most` neurons, that reaches `limit` cores in all.
    /// Each call starts where the one before did or later.
    fn longest(&mut self, start: usize, most: usize, limit: u64) -> usize {
        let behind = |(end, _): &&(usize, u64)| *end <= start;
        self.at += self.stretches[self.at..].iter().take_while(behind).count();
        let (mut count, mut left) = (0, limit);
        for &(end, cores) in &self.stretches[self.at..] {
            let here = (end - start).min(most) - count;
            let room = left.checked_div(cores).map_or(here, |room| {
                usize::try_from(room).unwrap_or(usize::MAX).min(here)
            });
            count += room;
            left -= cores * room as u64;
            if room < here || count == most {
                break;
            }
        }
        count
    }
}

/// The largest count from 0 to `most` that fits, where whatever fits still does when it is shorter.
fn longest(most: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}
