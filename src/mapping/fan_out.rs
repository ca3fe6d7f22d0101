//! Where the spikes of each neuron go.

use super::seats::Seats;
use crate::network::{Connectivity, Topology};
use std::ops::Range;

/// Synapses of one neuron that end in one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub slice: usize,
    pub edge: usize,
    pub synapses: u64,
}

/// Walks over the neurons of a placed network, neighbours that reach the same neurons at once.
pub(super) struct FanOut<'a> {
    topology: &'a Topology,
    seats: &'a Seats,
    targets: Vec<Target>,
    /// Where each slice was last put in `targets`.
    place: Vec<usize>,
    cores: Vec<usize>,
    /// Whether each core is in `cores`.
    listed: Vec<bool>,
}

impl<'a> FanOut<'a> {
    pub fn new(topology: &'a Topology, seats: &'a Seats) -> Self {
        FanOut {
            topology,
            seats,
            targets: Vec::new(),
            place: vec![0; seats.slices().len()],
            cores: Vec::new(),
            listed: vec![false; seats.used().core_bound],
        }
    }

    /// Neurons of a population in bundles: neighbours whose spikes all reach the same neurons, so that
    /// [`targets`](Self::targets) of the first are those of all.
    pub fn bundles(&self, population: usize) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let (topology, seats) = (self.topology, self.seats);
        let edges = seats.outgoing(population).iter();
        let outgoing: Vec<&Connectivity> = edges
            .map(|&edge| &topology.edges[edge].connectivity)
            .collect();
        let neurons = topology.populations[population].shape.neurons();
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = start;
            start = stretch(&outgoing, first, neurons);
            (first < neurons).then_some(first..start)
        })
    }

    /// Where a spike of a neuron goes: slices in the order of the synapses, each once per edge.
    pub fn targets(&mut self, population: usize, neuron: usize) -> &[Target] {
        let FanOut { targets, place, .. } = self;
        targets.clear();
        let add = |slice: usize, edge: usize, synapses: u64| match targets.get_mut(place[slice]) {
            Some(target) if (target.slice, target.edge) == (slice, edge) => {
                target.synapses += synapses;
            }
            _ => {
                place[slice] = targets.len();
                targets.push(Target {
                    slice,
                    edge,
                    synapses,
                });
            }
        };
        self.seats
            .for_each_target(self.topology, population, neuron, add);
        &self.targets
    }

    /// Cores that a spike of a neuron reaches, each once.
    pub fn cores(&mut self, population: usize, neuron: usize) -> &[usize] {
        self.targets(population, neuron);
        for core in self.cores.drain(..) {
            self.listed[core] = false;
        }
        for target in &self.targets {
            let core = self.seats.slices()[target.slice].core;
            if !std::mem::replace(&mut self.listed[core], true) {
                self.cores.push(core);
            }
        }
        &self.cores
    }
}

/// One past the last neighbour from `first` on, `end` at most, that is known to reach the same
/// neurons through all edges.
pub(super) fn stretch(edges: &[&Connectivity], first: usize, end: usize) -> usize {
    let known = |from: usize| edges.iter().map(|edge| edge.reach_end(from)).min();
    let mut at = known(first).unwrap_or(end);
    while at < end && edges.iter().all(|edge| edge.same_reach(first, at)) {
        at = known(at).unwrap_or(end);
    }
    at.min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::{dense, node, roomy};
    use crate::mapping::{Capacity, place};
    use crate::network::{Axis, Edge, Pattern, Role, Shape, Window};
    use std::collections::BTreeMap;

    /// Feature maps to feature maps by a convolution and, beside it, dense to a vector.
    fn network() -> Topology {
        let (input, axis) = (Shape::maps(4, 5, 4), Axis::new(3, 2));
        let window = Window {
            vertical: axis,
            horizontal: axis,
        };
        let (pattern, output) = Pattern::convolution(input, 6, window, 2).expect("fits");
        let convolution = Edge {
            source: 0,
            target: 1,
            connectivity: Connectivity::new(pattern),
            delay: 0,
        };
        Topology {
            populations: vec![
                node("maps", input, Role::Spiking),
                node("smaller", output, Role::Spiking),
                node("vector", Shape::vector(7), Role::Spiking),
            ],
            edges: vec![
                convolution,
                dense(0, 2, input.neurons(), 7),
                dense(1, 2, output.neurons(), 7),
            ],
        }
    }

    #[test]
    fn closed_form_bundles_stand_for_each_of_their_neurons() {
        let topology = network();
        let capacity = Capacity {
            neurons_per_core: 5,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        let mut fan_out = FanOut::new(&topology, placement.seats());
        let mut longest = 0;
        for (population, node) in topology.populations.iter().enumerate() {
            let mut next = 0;
            for bundle in fan_out.bundles(population) {
                assert_eq!(bundle.start, next, "each neuron once, in order");
                next = bundle.end;
                longest = longest.max(bundle.len());
                let found = fan_out.targets(population, bundle.start).to_vec();
                for neuron in bundle {
                    let mut one_by_one = BTreeMap::new();
                    placement.seats().for_each_target(
                        &topology,
                        population,
                        neuron,
                        |slice, edge, n| {
                            *one_by_one.entry((edge, slice)).or_insert(0) += n;
                        },
                    );
                    let mut of_bundle = BTreeMap::new();
                    for target in &found {
                        let before = of_bundle.insert((target.edge, target.slice), target.synapses);
                        assert_eq!(before, None, "each slice once per edge");
                    }
                    assert_eq!(of_bundle, one_by_one);
                }
            }
            assert_eq!(next, node.shape.neurons());
        }
        assert!(longest > 1, "some neighbours are taken together");
    }
}
