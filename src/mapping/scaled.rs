//! Traffic of the same network at other rates, routed once.

use super::traffic::{Received, Sent, idle_traffic};
use super::{Placement, SliceTraffic, Traffic, traffic};
use crate::counts::EventCounts;
use crate::network::Role;
use std::collections::BTreeMap;

/// The traffic of counted spikes under a placement, kept apart by who sends them: packets, hops and
/// synaptic operations grow in proportion to the spikes of each part, so other rates need no routes.
#[derive(Debug, Clone)]
pub struct ScaledTraffic {
    placement: Placement,
    /// What the spikes of input populations send.
    input: Traffic,
    /// What all others send.
    chip: Traffic,
}

impl ScaledTraffic {
    /// Routes the spikes of `counts`.
    #[must_use]
    pub fn new(counts: &EventCounts, placement: Placement) -> Self {
        let of = |inputs: bool| {
            let mut counts = counts.clone();
            let nodes = counts.topology.populations.iter();
            for (node, population) in nodes.zip(&mut counts.populations) {
                if (node.role == Role::Input) != inputs {
                    population.spikes.fill(0);
                }
            }
            traffic(&counts, &placement)
        };
        ScaledTraffic {
            input: of(true),
            chip: of(false),
            placement,
        }
    }

    /// The placement.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// [`traffic`] of `counts`, which must be those of [`new`](Self::new) with the spikes of each
    /// input neuron times `input` and those of every other neuron times `chip`. Active updates are
    /// those of `counts`.
    #[must_use]
    pub fn at(&self, counts: &EventCounts, input: u64, chip: u64) -> Traffic {
        let scaled = |from_input: u64, from_chip: u64| {
            let (a, b) = (
                input.saturating_mul(from_input),
                chip.saturating_mul(from_chip),
            );
            a.saturating_add(b)
        };
        let sum = |of: fn(&Traffic) -> u64| scaled(of(&self.input), of(&self.chip));
        let parts = self.input.slices.iter().zip(&self.chip.slices);
        let slices = idle_traffic(counts, &self.placement)
            .into_iter()
            .zip(parts)
            .map(|(idle, (from_input, from_chip))| {
                let sum = |of: fn(&SliceTraffic) -> u64| scaled(of(from_input), of(from_chip));
                let received = from_input.received.iter().zip(&from_chip.received);
                SliceTraffic {
                    spikes: sum(|slice| slice.spikes),
                    packets_sent: sum(|slice| slice.packets_sent),
                    active_updates: idle.active_updates,
                    received: received
                        .map(|(a, b)| Received {
                            edge: a.edge,
                            packets: scaled(a.packets, b.packets),
                            synops: scaled(a.synops, b.synops),
                        })
                        .collect(),
                }
            })
            .collect();
        let mut chip_links = BTreeMap::new();
        for (part, times) in [(&self.input, input), (&self.chip, chip)] {
            for (link, packets) in &part.chip_links {
                let sum: &mut u64 = chip_links.entry(*link).or_insert(0);
                *sum = sum.saturating_add(packets.saturating_mul(times));
            }
        }
        chip_links.retain(|_, packets| *packets > 0);
        let sent = self.input.sent.iter().zip(&self.chip.sent);
        let sent = sent.map(|(a, b)| Sent {
            packets: scaled(a.packets, b.packets),
            hops_x: scaled(a.hops_x, b.hops_x),
            hops_y: scaled(a.hops_y, b.hops_y),
            borders: scaled(a.borders, b.borders),
        });
        Traffic {
            sent: sent.collect(),
            slices,
            packets: sum(|traffic| traffic.packets),
            host_packets: sum(|traffic| traffic.host_packets),
            hops_x: sum(|traffic| traffic.hops_x),
            hops_y: sum(|traffic| traffic.hops_y),
            borders: sum(|traffic| traffic.borders),
            chip_links,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::{dense, node, roomy};
    use crate::mapping::{Capacity, Mesh, place};
    use crate::network::{Shape, Topology};
    use proptest::prelude::*;

    fn network() -> Topology {
        Topology {
            populations: vec![
                node("in", Shape::vector(4), Role::Input),
                node("a", Shape::vector(9), Role::Spiking),
                node("b", Shape::vector(7), Role::Spiking),
            ],
            edges: vec![
                dense(0, 1, 4, 9),
                dense(0, 2, 4, 7),
                dense(1, 2, 9, 7),
                dense(2, 1, 7, 9),
            ],
        }
    }

    proptest! {
        #[test]
        fn property_scaled_traffic_equals_the_full_recomputation(
            spikes in prop::collection::vec(0u64..50, 4 + 9 + 7),
            parts in prop::sample::select(vec![0, 1, 3, 178, 1000, 4321]),
        ) {
            let mut counts = EventCounts::new(network(), 3);
            counts.samples = 2;
            let mut spikes = spikes.into_iter();
            for population in &mut counts.populations {
                for neuron in 0..population.spikes.len() {
                    population.spikes[neuron] = spikes.next().expect("one each");
                    population.touched[neuron] = population.spikes[neuron].min(6);
                }
                population.active_per_timestep = vec![3, 9, 5];
            }
            let mesh = Mesh { cores_per_tile: 1, width: 2, height: 2 };
            let capacity = Capacity { neurons_per_core: 3, mesh, chips: 2, ..roomy() };
            let placement = place(&counts.topology, &capacity);
            let once = ScaledTraffic::new(&counts, placement.clone());
            prop_assert_eq!(once.at(&counts, 1, 1), traffic(&counts, &placement));
            let other = counts.at_rate(parts);
            let scaled = once.at(&other, EventCounts::RATE_PARTS, parts);
            prop_assert_eq!(scaled, traffic(&other, &placement));
            let doubled = counts.doubled();
            prop_assert_eq!(once.at(&doubled, 2, 2), traffic(&doubled, &placement));
        }
    }
}
