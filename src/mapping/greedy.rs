//! Filling cores one after the other.

use super::memory::{Memory, running_sum};
use super::reach::Reach;
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
    let fan_out = running_sum(destinations(topology, population, parts).into_iter());
    let mut reach = Reach::into(topology, population);
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < neurons {
        let most = capacity.neurons_per_core.min((neurons - start) as u64) as usize;
        let most = longest(most, |count| {
            memory.bits(start..start + count) <= capacity.synaptic_memory_bits
                && fan_out[start + count] - fan_out[start] <= capacity.fan_out_axons_per_core
        });
        let most = most.max(1);
        let count = reach.longest(start, most, capacity.fan_in_axons_per_core);
        ranges.push(start..start + count);
        start += count;
    }
    ranges
}

/// Destination cores of each neuron of a population, as far as its targets are cut already.
fn destinations(topology: &Topology, population: usize, parts: &[Vec<Range<usize>>]) -> Vec<u64> {
    let mut counts = vec![0u64; topology.populations[population].shape.neurons()];
    let mut targets: Vec<usize> = topology
        .edges
        .iter()
        .filter(|e| e.source == population && !parts[e.target].is_empty())
        .map(|e| e.target)
        .collect();
    targets.sort_unstable();
    targets.dedup();
    for target in targets {
        let ranges = &parts[target];
        let mut seen = vec![usize::MAX; ranges.len()];
        let mut before = 0;
        for (neuron, count) in counts.iter_mut().enumerate() {
            let mut cores = 0;
            let between = || {
                let edges = topology.edges.iter();
                edges.filter(|edge| (edge.source, edge.target) == (population, target))
            };
            let alike = |edge: &Edge| edge.connectivity.same_reach(neuron - 1, neuron);
            if neuron > 0 && between().all(alike) {
                *count += before;
                continue;
            }
            for edge in between() {
                edge.connectivity.for_each_run(neuron, |first, length| {
                    let mut core = ranges.partition_point(|range| range.end <= first);
                    while core < ranges.len() && ranges[core].start < first + length {
                        if seen[core] != neuron {
                            seen[core] = neuron;
                            cores += 1;
                        }
                        core += 1;
                    }
                });
            }
            *count += cores;
            before = cores;
        }
    }
    counts
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
