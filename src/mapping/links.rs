//! How busy each link of the mesh is.

use super::Placement;
use super::fan_out::FanOut;
use crate::counts::EventCounts;
use crate::network::Role;
use std::collections::BTreeMap;

/// Packets that cross each link, from one tile to a neighbour. Totals over samples; links that
/// nothing crosses are left out. What [`super::traffic`] sums as hops, taken apart: packets go
/// along x, then along y.
#[must_use]
pub fn link_loads(counts: &EventCounts, placement: &Placement) -> BTreeMap<[usize; 2], u64> {
    let topology = &counts.topology;
    let mesh = placement.mesh();
    let mut fan_out = FanOut::new(topology, placement.seats());
    // Routes between tiles first: many neurons share them.
    let mut routes: BTreeMap<[usize; 2], u64> = BTreeMap::new();
    for (population, node) in topology.populations.iter().enumerate() {
        if node.role == Role::Input {
            continue;
        }
        let counted = &counts.populations[population].spikes;
        for bundle in fan_out.bundles(population) {
            let cores = fan_out.cores(population, bundle.start);
            for (home, neurons) in placement.seats().homes(population, bundle) {
                let spikes = counted.sum_of(neurons);
                if spikes == 0 {
                    continue;
                }
                let from = mesh.tile(placement.slices()[home].core);
                for &core in cores {
                    *routes.entry([from, mesh.tile(core)]).or_default() += spikes;
                }
            }
        }
    }
    let mut loads = BTreeMap::new();
    for ([from, to], packets) in routes {
        let (mut x, mut y) = mesh.at(from);
        let (to_x, to_y) = mesh.at(to);
        let mut here = from;
        while (x, y) != (to_x, to_y) {
            if x == to_x {
                y = if y < to_y { y + 1 } else { y - 1 };
            } else {
                x = if x < to_x { x + 1 } else { x - 1 };
            }
            let next = x * mesh.height + y;
            *loads.entry([here, next]).or_default() += packets;
            here = next;
        }
    }
    loads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::{dense, node, roomy};
    use crate::mapping::{Capacity, Mesh, place, traffic};
    use crate::network::{Shape, Topology};

    #[test]
    fn closed_form_loads_of_all_links_are_the_hops() {
        let topology = Topology {
            populations: vec![
                node("in", Shape::vector(3), Role::Input),
                node("a", Shape::vector(9), Role::Spiking),
                node("b", Shape::vector(5), Role::Spiking),
            ],
            edges: vec![dense(0, 1, 3, 9), dense(1, 2, 9, 5), dense(2, 1, 5, 9)],
        };
        let mesh = Mesh {
            cores_per_tile: 2,
            width: 2,
            height: 2,
        };
        let capacity = Capacity {
            neurons_per_core: 2,
            mesh,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        let mut counts = EventCounts::new(topology, 1);
        for population in &mut counts.populations[1..] {
            for (neuron, spikes) in population.spikes.iter_mut().enumerate() {
                *spikes = neuron as u64;
            }
        }
        let loads = link_loads(&counts, &placement);
        let traffic = traffic(&counts, &placement);
        let along = |x: bool| -> u64 {
            let column = |tile: usize| mesh.at(tile).0;
            let chosen = loads
                .iter()
                .filter(|([a, b], _)| (column(*a) != column(*b)) == x);
            chosen.map(|(_, packets)| packets).sum()
        };
        assert_eq!(
            (along(true), along(false)),
            (traffic.hops_x, traffic.hops_y)
        );
        assert!(traffic.hops_x > 0 && traffic.hops_y > 0);
        for [a, b] in loads.keys() {
            let links: u64 = mesh.tile_links(*a, *b).iter().sum();
            assert_eq!(links, 1, "links join neighbours");
        }
    }

    #[test]
    fn worked_route_along_x_then_y() {
        // One neuron a tile: a on (0, 0), b on (0, 1), c on (1, 0), d on (1, 1); a spikes to d.
        let one = |name| node(name, Shape::vector(1), Role::Spiking);
        let topology = Topology {
            populations: vec![one("a"), one("b"), one("c"), one("d")],
            edges: vec![dense(0, 3, 1, 1)],
        };
        let mesh = Mesh {
            cores_per_tile: 1,
            width: 2,
            height: 2,
        };
        let capacity = Capacity {
            neurons_per_core: 1,
            mesh,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        let mut counts = EventCounts::new(topology, 1);
        counts.populations[0].spikes = vec![7].into();
        let loads = link_loads(&counts, &placement);
        assert_eq!(
            loads.into_iter().collect::<Vec<_>>(),
            [([0, 2], 7), ([2, 3], 7)]
        );
    }
}
