//! What stands in front of a population, as networks small enough to run often.

use crate::network::{Network, Population, Projection};
use crate::neuron::Neuron;

/// A network whose last population is the one that is looked at; it never fires.
pub(super) struct PopulationFront {
    pub(super) network: Network,
    /// Populations that emit in it: where they stand in it and in the whole network.
    pub(super) sources: Vec<(usize, usize)>,
}

impl PopulationFront {
    /// A population behind one of its sources alone. Biases come with the first one.
    pub(super) fn pair(network: &Network, source: usize, target: usize, is_first: bool) -> Self {
        let mut pair = pair(network, source, target);
        if !is_first {
            pair.populations[1].bias.clear();
        }
        PopulationFront {
            network: silenced(pair),
            sources: vec![(0, source)],
        }
    }

    /// All of the network up to a population.
    pub(super) fn whole(network: &Network, target: usize) -> Self {
        let projections = network.projections.iter();
        let inner = projections.filter(|p| p.source <= target && p.target <= target);
        let part = Network {
            name: network.name.clone(),
            projections: inner.cloned().collect(),
            populations: network.populations[..=target].to_vec(),
        };
        PopulationFront {
            network: silenced(part),
            sources: (0..target).map(|source| (source, source)).collect(),
        }
    }
}

/// The populations in front of another, in the order of its projections.
pub(super) fn sources(network: &Network, population: usize) -> Vec<usize> {
    let mut sources = Vec::new();
    for projection in &network.projections {
        if projection.target == population && !sources.contains(&projection.source) {
            sources.push(projection.source);
        }
    }
    sources
}

/// A population behind one that is driven from outside.
pub(super) fn pair(network: &Network, source: usize, target: usize) -> Network {
    let front = &network.populations[source];
    let front = Population::new(front.name.clone(), front.shape, Neuron::Input);
    let projections = network
        .projections
        .iter()
        .filter(|projection| (projection.source, projection.target) == (source, target))
        .map(|projection| Projection {
            source: 0,
            target: 1,
            ..projection.clone()
        });
    Network {
        name: network.name.clone(),
        populations: vec![front, network.populations[target].clone()],
        projections: projections.collect(),
    }
}

/// The network with a last population that never fires.
fn silenced(mut network: Network) -> Network {
    if let Some(last) = network.populations.last_mut() {
        last.neuron = Neuron::Integrator;
    }
    network
}
