//! Which neurons sit on which core.

use super::Mesh;
use crate::network::Topology;
use std::ops::Range;

/// Neighbouring neurons of one population on one core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Index of the population.
    pub population: usize,
    /// Indices of its neurons, channels last.
    pub neurons: Range<usize>,
    /// The core, counted over all chips.
    pub core: usize,
}

/// The slices of a network, whether or not the cores have room for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seats {
    slices: Vec<Slice>,
    /// First slice of each population, and one past the last; none of a population that is not
    /// placed.
    first: Vec<usize>,
    /// Edges that leave each population.
    outgoing: Vec<Vec<usize>>,
    mesh: Mesh,
    used: Used,
}

/// Places with at least one neuron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    pub cores: usize,
    pub tiles: usize,
    pub chips: usize,
    /// One more than the largest core in use.
    pub core_bound: usize,
}

impl Seats {
    /// Seats by slices that are sorted and cover each neuron once.
    pub(super) fn new(topology: &Topology, mesh: Mesh, slices: Vec<Slice>) -> Self {
        let populations = topology.populations.len();
        let first = (0..=populations)
            .map(|population| slices.partition_point(|slice| slice.population < population));
        let mut outgoing = vec![Vec::new(); populations];
        for (index, edge) in topology.edges.iter().enumerate() {
            outgoing[edge.source].push(index);
        }
        Seats {
            first: first.collect(),
            outgoing,
            mesh,
            used: Used::of(&slices, mesh),
            slices,
        }
    }

    /// Slices in the order of populations and neurons.
    pub(super) fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The mesh the cores belong to.
    pub(super) fn mesh(&self) -> Mesh {
        self.mesh
    }

    /// Places with at least one neuron.
    pub(super) fn used(&self) -> Used {
        self.used
    }

    /// Edges that leave a population.
    pub(super) fn outgoing(&self, population: usize) -> &[usize] {
        &self.outgoing[population]
    }

    /// Slice of a neuron; `None` for one driven by the host.
    pub(super) fn slice(&self, population: usize, neuron: usize) -> Option<usize> {
        let slices = self.first[population]..self.first[population + 1];
        let index = slices.start + ending_by(&self.slices[slices.clone()], neuron);
        slices.contains(&index).then_some(index)
    }

    /// Whether the neurons of a population have cores; the host drives the others.
    pub(super) fn is_placed(&self, population: usize) -> bool {
        self.first[population] < self.first[population + 1]
    }

    /// The slices that some neighbours of a population sit in, each with those that it holds; none if
    /// the host drives them.
    pub(super) fn homes(
        &self,
        population: usize,
        neurons: Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>)> {
        let slices = self.first[population]..self.first[population + 1];
        let first = match slices.is_empty() {
            true => slices.start,
            false => {
                let end = |part: usize| self.slices[slices.start + part].neurons.end;
                slices.start + part_of(slices.len(), end, 0, neurons.start)
            }
        };
        let held = self.slices[first..slices.end].iter().zip(first..);
        held.take_while(move |(slice, _)| slice.neurons.start < neurons.end)
            .map(move |(slice, index)| {
                let here =
                    slice.neurons.start.max(neurons.start)..slice.neurons.end.min(neurons.end);
                (index, here)
            })
            .filter(|(_, here)| !here.is_empty())
    }

    /// Calls `f(slice, edge, synapses)` for each stretch of synapses of one neuron that ends in one
    /// slice. A slice comes up several times if the synapses are not neighbours.
    pub(super) fn for_each_target(
        &self,
        topology: &Topology,
        population: usize,
        neuron: usize,
        mut f: impl FnMut(usize, usize, u64),
    ) {
        for &index in &self.outgoing[population] {
            let edge = &topology.edges[index];
            let first_slice = self.first[edge.target];
            let slices = &self.slices[first_slice..self.first[edge.target + 1]];
            if slices.is_empty() {
                continue;
            }
            // Runs follow each other closely: most begin in the slice where the last one ended.
            let mut slice = 0;
            edge.connectivity.for_each_run(neuron, |first, length| {
                let (mut at, end) = (first, first + length);
                slice = part_of(
                    slices.len(),
                    |slice| slices[slice].neurons.end,
                    slice,
                    first,
                );
                while at < end {
                    let until = slices[slice].neurons.end.min(end);
                    if until > at {
                        f(first_slice + slice, index, (until - at) as u64);
                    }
                    at = until;
                    slice += usize::from(at < end);
                }
            });
        }
    }
}

impl Used {
    fn of(slices: &[Slice], mesh: Mesh) -> Self {
        let mut cores: Vec<usize> = slices.iter().map(|slice| slice.core).collect();
        cores.sort_unstable();
        cores.dedup();
        let distinct = |place: &dyn Fn(usize) -> usize| {
            let other = |pair: &&[usize]| place(pair[0]) != place(pair[1]);
            cores.windows(2).filter(other).count() + usize::from(!cores.is_empty())
        };
        Used {
            cores: cores.len(),
            tiles: distinct(&|core| mesh.tile(core)),
            chips: distinct(&|core| core / mesh.cores_per_chip()),
            core_bound: cores.last().map_or(0, |core| core + 1),
        }
    }
}

/// Which of the `parts` that a population is cut into holds a neuron, guessed from another one: most
/// are of one length. Parts cover all neurons; `end` is one past the last of each.
pub(super) fn part_of(
    parts: usize,
    end: impl Fn(usize) -> usize,
    near: usize,
    neuron: usize,
) -> usize {
    let start = |part: usize| part.checked_sub(1).map_or(0, &end);
    let (from, to) = (start(near), end(near));
    let length = (to - from).max(1);
    let guess = match neuron.checked_sub(from) {
        Some(ahead) => near + ahead / length,
        None => near.saturating_sub((from - neuron).div_ceil(length)),
    };
    let mut part = guess.min(parts - 1);
    for _ in 0..4 {
        if neuron >= end(part) {
            part += 1;
        } else if neuron < start(part) {
            part -= 1;
        } else {
            return part;
        }
        if part == parts {
            break;
        }
    }
    // How many end at the neuron or before it.
    let (mut low, mut high) = (0, parts);
    while low < high {
        let middle = low.midpoint(high);
        match end(middle) <= neuron {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

/// How many slices end at a neuron or before it.
fn ending_by(slices: &[Slice], neuron: usize) -> usize {
    slices.partition_point(|slice| slice.neurons.end <= neuron)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn property_a_guess_finds_what_a_search_does(
            lengths in prop::collection::vec(0usize..9, 1..40),
            near in 0usize..40,
            neuron in 0usize..400,
        ) {
            let ends: Vec<usize> = lengths
                .iter()
                .scan(0, |end, length| {
                    *end += length;
                    Some(*end)
                })
                .collect();
            let neurons = ends[ends.len() - 1];
            prop_assume!(neurons > 0);
            let (near, neuron) = (near % ends.len(), neuron % neurons);
            let found = part_of(ends.len(), |part| ends[part], near, neuron);
            prop_assert_eq!(found, ends.partition_point(|&end| end <= neuron));
        }
    }
}
