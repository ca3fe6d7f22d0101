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
    /// Slice of each neuron, per population; empty for a population that is not placed.
    slice_of: Vec<Vec<u32>>,
    mesh: Mesh,
}

impl Seats {
    /// Seats by slices that are sorted and cover each neuron once.
    pub(super) fn new(topology: &Topology, mesh: Mesh, slices: Vec<Slice>) -> Self {
        let mut slice_of = vec![Vec::new(); topology.populations.len()];
        for (index, slice) in slices.iter().enumerate() {
            slice_of[slice.population].resize(slice.neurons.end, index as u32);
        }
        Seats {
            slices,
            slice_of,
            mesh,
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

    /// Cores with at least one neuron.
    pub(super) fn cores(&self) -> usize {
        self.distinct(|core| core)
    }

    /// Number of places with at least one neuron, where `place` tells that of a core.
    pub(super) fn distinct(&self, place: impl Fn(usize) -> usize) -> usize {
        let mut places: Vec<usize> = self.slices.iter().map(|s| place(s.core)).collect();
        places.sort_unstable();
        places.dedup();
        places.len()
    }

    /// One more than the largest core in use.
    pub(super) fn core_bound(&self) -> usize {
        self.slices.iter().map(|s| s.core + 1).max().unwrap_or(0)
    }

    /// Slice of a neuron; `None` for one driven by the host.
    pub(super) fn slice(&self, population: usize, neuron: usize) -> Option<usize> {
        self.slice_of[population].get(neuron).map(|&s| s as usize)
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
        for (index, edge) in topology.edges.iter().enumerate() {
            if edge.source != population {
                continue;
            }
            let slice_of = &self.slice_of[edge.target];
            if slice_of.is_empty() {
                continue;
            }
            edge.connectivity.for_each_run(neuron, |first, length| {
                split(slice_of, &self.slices, first..first + length, |s, n| {
                    f(s, index, n);
                });
            });
        }
    }
}

/// Cuts a run of neurons at the ends of slices.
fn split(slice_of: &[u32], slices: &[Slice], run: Range<usize>, mut f: impl FnMut(usize, u64)) {
    let mut at = run.start;
    while at < run.end {
        let slice = slice_of[at] as usize;
        let end = slices[slice].neurons.end.min(run.end);
        f(slice, (end - at) as u64);
        at = end;
    }
}
