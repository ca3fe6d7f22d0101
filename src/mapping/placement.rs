//! Where each neuron sits.

use super::limits::exceeded;
use super::{Capacity, Mesh};
use crate::network::{Role, Topology};
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

/// Why slices are not a placement.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MappingError {
    /// Neurons are on no core or on two.
    #[error(
        "population {population}: its slices do not cover neurons 0..{neurons} once, the first gap or overlap is at {at}; give each neuron one core"
    )]
    Coverage {
        /// Name of the population.
        population: String,
        /// Its neurons.
        neurons: usize,
        /// First neuron that is missing or doubled.
        at: usize,
    },
    /// A slice names a population that does not exist.
    #[error("slice of population {population}: the network has no such population")]
    NoSuchPopulation {
        /// Index of the population.
        population: usize,
    },
}

/// Where each neuron sits. Input populations are driven by the host and sit nowhere, unless a
/// placement by hand gives them cores: then they send their spikes over the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    slices: Vec<Slice>,
    /// Slice of each neuron, per population; empty for a population that is not placed.
    slice_of: Vec<Vec<u32>>,
    mesh: Mesh,
    exceeded: Vec<String>,
}

impl Placement {
    /// A placement by hand; several slices may share a core. Limits that it exceeds are listed, not
    /// refused.
    ///
    /// # Errors
    /// If a neuron on the chip has no core or two.
    pub fn new(
        topology: &Topology,
        capacity: &Capacity,
        mut slices: Vec<Slice>,
    ) -> Result<Self, MappingError> {
        slices.sort_by_key(|slice| (slice.population, slice.neurons.start));
        let mut covered = vec![0; topology.populations.len()];
        let gap = |population: usize, at: usize| MappingError::Coverage {
            population: topology.populations[population].name.clone(),
            neurons: topology.populations[population].shape.neurons(),
            at,
        };
        for slice in &slices {
            let node = topology.populations.get(slice.population).ok_or(
                MappingError::NoSuchPopulation {
                    population: slice.population,
                },
            )?;
            let done = &mut covered[slice.population];
            let Range { start, end } = slice.neurons;
            if start != *done || end < start || end > node.shape.neurons() {
                return Err(gap(slice.population, start.min(*done)));
            }
            *done = end;
        }
        for (population, node) in topology.populations.iter().enumerate() {
            let at_host = node.role == Role::Input && covered[population] == 0;
            if !at_host && covered[population] != node.shape.neurons() {
                return Err(gap(population, covered[population]));
            }
        }
        Ok(Self::assemble(topology, capacity, slices))
    }

    /// A placement from slices that are sorted and cover each neuron once.
    pub(super) fn assemble(topology: &Topology, capacity: &Capacity, slices: Vec<Slice>) -> Self {
        let mut slice_of = vec![Vec::new(); topology.populations.len()];
        for (index, slice) in slices.iter().enumerate() {
            slice_of[slice.population].resize(slice.neurons.end, index as u32);
        }
        let mut placement = Placement {
            slices,
            slice_of,
            mesh: capacity.mesh,
            exceeded: Vec::new(),
        };
        placement.exceeded = exceeded(topology, capacity, &placement);
        placement
    }

    /// Slices in the order of populations and neurons.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The mesh the cores belong to.
    #[must_use]
    pub fn mesh(&self) -> Mesh {
        self.mesh
    }

    /// Whether no limit is exceeded.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.exceeded.is_empty()
    }

    /// Limits that are exceeded: name, have, allowed.
    #[must_use]
    pub fn exceeded(&self) -> &[String] {
        &self.exceeded
    }

    /// Cores with at least one neuron.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.distinct(|core| core)
    }

    /// Tiles with at least one neuron.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.distinct(|core| self.mesh.tile(core))
    }

    /// Chips with at least one neuron.
    #[must_use]
    pub fn chips(&self) -> usize {
        self.distinct(|core| core / self.mesh.cores_per_chip())
    }

    fn distinct(&self, place: impl Fn(usize) -> usize) -> usize {
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
