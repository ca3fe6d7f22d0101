//! Where each neuron sits, and whether there is room.

use super::limits::exceeded;
use super::seats::{Seats, Slice};
use super::{Capacity, Mesh};
use crate::network::{Role, Topology};
use std::ops::Range;
use std::sync::Arc;

/// Why slices are not a placement.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
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
    seats: Arc<Seats>,
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
        let seats = Seats::new(topology, capacity.mesh, slices);
        Placement {
            exceeded: exceeded(topology, capacity, &seats),
            seats: Arc::new(seats),
        }
    }

    /// The seats alone.
    pub(super) fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Slices in the order of populations and neurons.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        self.seats.slices()
    }

    /// The mesh the cores belong to.
    #[must_use]
    pub fn mesh(&self) -> Mesh {
        self.seats.mesh()
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
        self.seats.used().cores
    }

    /// Tiles with at least one neuron.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.seats.used().tiles
    }

    /// Chips with at least one neuron.
    #[must_use]
    pub fn chips(&self) -> usize {
        self.seats.used().chips
    }

    /// One more than the largest core in use.
    pub(super) fn core_bound(&self) -> usize {
        self.seats.used().core_bound
    }

    /// Slice of a neuron; `None` for one driven by the host.
    pub(super) fn slice(&self, population: usize, neuron: usize) -> Option<usize> {
        self.seats.slice(population, neuron)
    }
}
