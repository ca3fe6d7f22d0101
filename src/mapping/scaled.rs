//! Traffic of the same network at other rates, routed once.

use super::loads::{Kinds, Received, SliceLoads, SliceTraffic};
use super::traffic::{Sent, idle_traffic, traffic_from};
use super::{Placement, Traffic};
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
    /// Slices that stay alike at all rates.
    kinds: Kinds,
}

impl ScaledTraffic {
    /// Routes the spikes of `counts`.
    #[must_use]
    pub fn new(counts: &EventCounts, placement: Placement) -> Self {
        let nodes = &counts.topology.populations;
        let of = |inputs: bool| {
            let sends = |population: usize| (nodes[population].role == Role::Input) == inputs;
            traffic_from(counts, &placement, sends)
        };
        let (input, chip) = (of(true), of(false));
        let kinds = Kinds::by(&placement, |index| {
            // Neurons touched differently become idle differently.
            let population = placement.slices()[index].population;
            let alone = counts.populations[population].touched.common().is_none();
            let (from_input, from_chip) = (&input.slices[index], &chip.slices[index]);
            (from_input.key(), from_chip.key(), alone.then_some(index))
        });
        ScaledTraffic {
            input,
            chip,
            kinds,
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
        let idle = idle_traffic(counts, &self.placement, self.kinds.first());
        let slices = self.kinds.first().zip(idle).map(|(index, idle)| {
            let (from_input, from_chip) = (&self.input.slices[index], &self.chip.slices[index]);
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
        });
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
            slices: SliceLoads::of_kinds(self.kinds.clone(), slices.collect()),
            packets: sum(|traffic| traffic.packets),
            host_packets: sum(|traffic| traffic.host_packets),
            hops_x: sum(|traffic| traffic.hops_x),
            hops_y: sum(|traffic| traffic.hops_y),
            borders: sum(|traffic| traffic.borders),
            chip_links,
        }
    }
}

impl Traffic {
    /// The traffic of `part`, the first timesteps of the `whole` that this is the traffic of, in
    /// proportion to its spikes and rounded down; `None` unless all neurons of each population were
    /// counted alike and all populations have the same share of their spikes in `part`, so that no
    /// spike has to be routed again.
    #[must_use]
    pub fn share(
        &self,
        whole: &EventCounts,
        part: &EventCounts,
        placement: &Placement,
    ) -> Option<Traffic> {
        let sum = |values: &[u64]| u128::from(values.iter().sum::<u64>());
        let mut share = (0, 1);
        for (all, first) in whole.populations.iter().zip(&part.populations) {
            all.touched.common()?;
            if all.spikes.common()? > 0 {
                let (first, all) = (
                    sum(&first.spikes_per_timestep),
                    sum(&all.spikes_per_timestep),
                );
                if share.0 > 0 && share.0 * all != first * share.1 {
                    return None;
                }
                share = (first, all.max(1));
            }
        }
        let of = |events: u64| (u128::from(events) * share.0 / share.1) as u64;
        let idle = idle_traffic(part, placement, self.slices.kinds().map(|(first, _)| first));
        let slices = self.slices.kinds().zip(idle).map(|((_, load), idle)| {
            let received = load.received.iter().map(|received| Received {
                edge: received.edge,
                packets: of(received.packets),
                synops: of(received.synops),
            });
            SliceTraffic {
                spikes: of(load.spikes),
                packets_sent: of(load.packets_sent),
                active_updates: idle.active_updates,
                received: received.collect(),
            }
        });
        let sent = self.sent.iter().map(|sent| Sent {
            packets: of(sent.packets),
            hops_x: of(sent.hops_x),
            hops_y: of(sent.hops_y),
            borders: of(sent.borders),
        });
        let links = self.chip_links.iter();
        Some(Traffic {
            sent: sent.collect(),
            slices: self.slices.like(slices.collect()),
            packets: of(self.packets),
            host_packets: of(self.host_packets),
            hops_x: of(self.hops_x),
            hops_y: of(self.hops_y),
            borders: of(self.borders),
            chip_links: links
                .map(|(link, packets)| (*link, of(*packets)))
                .filter(|(_, packets)| *packets > 0)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::{dense, node, roomy};
    use crate::mapping::{Capacity, Mesh, place, traffic};
    use crate::network::{Axis, Connectivity, Edge, Pattern, Shape, Topology, Window};
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

    /// Two populations of maps on some cores, counted alike: 4 spikes a neuron in 4 timesteps.
    fn maps_alike() -> (EventCounts, Placement) {
        let shape = Shape::maps(4, 9, 9);
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, 1)
        };
        let window = Window {
            vertical: axis,
            horizontal: axis,
        };
        let (pattern, output) = Pattern::convolution(shape, 4, window, 1).expect("fits");
        let edge = |source, target| Edge {
            source,
            target,
            connectivity: Connectivity::new(pattern.clone()),
            delay: 0,
        };
        let topology = Topology {
            populations: ["a", "b", "c"]
                .map(|name| node(name, output, Role::Spiking))
                .to_vec(),
            edges: vec![edge(0, 1), edge(1, 2)],
        };
        let capacity = Capacity {
            neurons_per_core: 12,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        let mut counts = EventCounts::new(topology, 4);
        counts.samples = 2;
        for population in &mut counts.populations {
            population.spikes.fill(4);
            population.touched.fill(8);
            population.spikes_per_timestep = vec![324; 4];
            population.touched_per_timestep = vec![648; 4];
            population.active_per_timestep = vec![648; 4];
        }
        (counts, placement)
    }

    #[test]
    fn closed_form_share_of_neurons_alike_is_the_traffic_of_the_first_timesteps() {
        let (counts, placement) = maps_alike();
        let whole = traffic(&counts, &placement);
        // A kind for the ends and the middle of rows and maps, not one for each of 81 cores.
        assert!(whole.slices.kinds().count() < placement.slices().len() / 2);
        for timesteps in 0..=4 {
            let part = counts.truncated(timesteps);
            let share = whole.share(&counts, &part, &placement);
            assert_eq!(share, Some(traffic(&part, &placement)), "{timesteps}");
        }
        // Of neurons that differ nothing is known without routing their spikes.
        let mut uneven = counts.clone();
        uneven.populations[1].spikes[3] += 1;
        let part = uneven.truncated(2);
        assert_eq!(whole.share(&uneven, &part, &placement), None);
        // Nor of populations of which one spikes earlier.
        let mut early = counts.clone();
        early.populations[1].spikes_per_timestep = vec![648, 648, 0, 0];
        let part = early.truncated(2);
        assert_eq!(whole.share(&early, &part, &placement), None);
    }

    #[test]
    fn closed_form_rates_of_kinds_are_those_of_all_cores() {
        let (counts, placement) = maps_alike();
        let mut each = counts.clone();
        // The same counts as lists, of which no two slices are taken for alike.
        for population in &mut each.populations {
            population.spikes = population.spikes.to_vec().into();
            population.touched = population.touched.to_vec().into();
        }
        assert_eq!(traffic(&each, &placement), traffic(&counts, &placement));
        let once = ScaledTraffic::new(&counts, placement.clone());
        let one_by_one = ScaledTraffic::new(&each, placement);
        assert_eq!(once.at(&counts, 3, 5), one_by_one.at(&each, 3, 5));
    }
}
