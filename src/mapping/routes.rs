//! What one spike of each neuron sends through the mesh.

use super::Placement;
use super::fan_out::FanOut;
use crate::network::{Role, Topology};

/// Packets of one spike and the links they cross. Spikes of the host send none that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Route {
    /// Destination cores, the neuron's own included.
    pub packets: u32,
    /// Links crossed in x, those from one chip to the next left out.
    pub hops_x: u32,
    /// Links crossed in y.
    pub hops_y: u32,
    /// Links crossed from one chip to the next.
    pub borders: u32,
}

/// The route of each neuron, per population: what [`super::traffic`] sums over spikes, taken apart.
#[must_use]
pub fn routes(topology: &Topology, placement: &Placement) -> Vec<Vec<Route>> {
    let mut fan_out = FanOut::new(topology, placement.seats());
    let populations = topology.populations.iter().enumerate();
    populations
        .map(|(population, node)| {
            let neurons = node.shape.neurons();
            let mut routes = Vec::with_capacity(neurons);
            if node.role == Role::Input {
                routes.resize(neurons, Route::default());
                return routes;
            }
            for bundle in fan_out.bundles(population) {
                let cores = fan_out.cores(population, bundle.start);
                for (home, neurons) in placement.seats().homes(population, bundle) {
                    let from = placement.slices()[home].core;
                    let mut route = Route::default();
                    for &core in cores {
                        let (x, y) = placement.mesh().hops(from, core);
                        let borders = placement.mesh().chip_links(from, core).count();
                        route.packets += 1;
                        route.hops_x += (x as usize - borders) as u32;
                        route.hops_y += y as u32;
                        route.borders += borders as u32;
                    }
                    routes.resize(neurons.end, route);
                }
            }
            routes.resize(neurons, Route::default());
            routes
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::EventCounts;
    use crate::mapping::tests::{dense, node, roomy};
    use crate::mapping::{Capacity, Mesh, place, traffic};
    use crate::network::Shape;

    #[test]
    fn routes_of_all_spikes_sum_to_the_traffic() {
        let topology = Topology {
            populations: vec![
                node("in", Shape::vector(3), Role::Input),
                node("a", Shape::vector(7), Role::Spiking),
                node("b", Shape::vector(5), Role::Spiking),
            ],
            edges: vec![dense(0, 1, 3, 7), dense(1, 2, 7, 5), dense(2, 1, 5, 7)],
        };
        let capacity = Capacity {
            neurons_per_core: 2,
            mesh: Mesh {
                cores_per_tile: 1,
                width: 2,
                height: 2,
            },
            chips: 2,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        let routes = routes(&topology, &placement);
        let mut counts = EventCounts::new(topology, 1);
        let mut sum = (0, 0, 0, 0);
        for (population, routes) in counts.populations.iter_mut().zip(&routes) {
            for (neuron, route) in routes.iter().enumerate() {
                let spikes = neuron as u64 + 1;
                population.spikes[neuron] = spikes;
                sum.0 += spikes * u64::from(route.packets);
                sum.1 += spikes * u64::from(route.hops_x);
                sum.2 += spikes * u64::from(route.hops_y);
                sum.3 += spikes * u64::from(route.borders);
            }
        }
        let found = traffic(&counts, &placement);
        assert!(found.packets > 0 && found.hops_x > 0 && found.borders > 0);
        let found = (found.packets, found.hops_x, found.hops_y, found.borders);
        assert_eq!(found, sum);
    }
}
