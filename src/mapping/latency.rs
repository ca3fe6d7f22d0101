//! How long an inference takes on a mesh whose cores meet at a barrier after each timestep.

use super::{Placement, Traffic};
use crate::counts::EventCounts;
use crate::network::Role;

/// Time of one synaptic operation [s], by kind of synapse ([`crate::network::Connectivity::kind`]).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SynapseTime {
    /// Dense.
    pub dense_s: f64,
    /// Sparse.
    pub sparse_s: f64,
    /// Convolutional.
    pub conv_s: f64,
}

impl SynapseTime {
    pub(super) fn of(&self, kind: &str) -> f64 {
        match kind {
            "dense" => self.dense_s,
            "conv" => self.conv_s,
            _ => self.sparse_s,
        }
    }
}

/// Time that each event keeps its core busy [s], and the barrier.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StageTimes {
    /// Each neuron in each timestep.
    pub neuron_s: f64,
    /// Added for each active neuron-timestep.
    pub active_s: f64,
    /// Each spike.
    pub spike_s: f64,
    /// Each packet sent.
    pub packet_out_s: f64,
    /// Each packet received.
    pub packet_in_s: f64,
    /// Each synaptic operation.
    pub synop_s: SynapseTime,
    /// Barrier at the end of each timestep.
    pub barrier_s: f64,
    /// Exchange with the host in each timestep, at the same time as the chip computes; 0.3 to 1 ms
    /// in public logs of Loihi, which is then the time of a timestep.
    pub host_s: f64,
}

/// Latency of one inference [s].
///
/// ```text
/// gen(c)  = neurons · neuron_s + active · active_s + spikes · spike_s + packets sent · packet_out_s
/// proc(c) = packets received · packet_in_s + SynOps · synop_s
/// t(step) = max( max( max_c gen(c), max_c proc(c) ) + barrier_s, host_s )
/// latency = Σ over timesteps
/// ```
///
/// The events of a core in one timestep are its mean per sample, spread over the timesteps as
/// those of its population are. A maximum of means is never above the mean of the maxima, so this
/// is a lower estimate where samples differ in which core is busiest. Congestion of links is left
/// out; [`replay`](super::replay) has it.
///
/// Source: Boyle et al., SANA-FE, IEEE TCAD 2025; SLAM-Lab/SANA-FE, commit 8951ab07 (simple
/// timing model).
#[must_use]
pub fn latency(
    counts: &EventCounts,
    placement: &Placement,
    traffic: &Traffic,
    times: &StageTimes,
) -> f64 {
    let samples = counts.samples.max(1) as f64;
    let spikes = shares(counts.populations.iter().map(|p| &p.spikes_per_timestep));
    let active = shares(counts.populations.iter().map(|p| &p.active_per_timestep));
    let synops = shares(counts.projections.iter().map(|p| &p.synops_per_timestep));
    let edges = &counts.topology.edges;
    let mut latency = 0.0;
    for t in 0..counts.timesteps as usize {
        let mut generate = vec![0.0; placement.core_bound()];
        let mut process = vec![0.0; placement.core_bound()];
        for (slice, load) in placement.slices().iter().zip(&traffic.slices) {
            let population = slice.population;
            let (spiking, acting) = (spikes[population][t], active[population][t]);
            generate[slice.core] +=
                load.packets_sent as f64 / samples * spiking * times.packet_out_s;
            if counts.topology.populations[population].role != Role::Input {
                generate[slice.core] += slice.neurons.len() as f64 * times.neuron_s
                    + load.active_updates / samples * acting * times.active_s
                    + load.spikes as f64 / samples * spiking * times.spike_s;
            }
            for received in &load.received {
                let edge = &edges[received.edge];
                process[slice.core] +=
                    received.packets as f64 / samples * spikes[edge.source][t] * times.packet_in_s
                        + received.synops as f64 / samples
                            * synops[received.edge][t]
                            * times.synop_s.of(edge.connectivity.kind());
            }
        }
        let busiest = generate.into_iter().chain(process).fold(0.0, f64::max);
        latency += (busiest + times.barrier_s).max(times.host_s);
    }
    latency
}

/// Part of all events that falls into each timestep; zeros where there are no events.
fn shares<'a>(profiles: impl Iterator<Item = &'a Vec<u64>>) -> Vec<Vec<f64>> {
    profiles
        .map(|profile| {
            let total = profile.iter().sum::<u64>().max(1) as f64;
            profile
                .iter()
                .map(|&events| events as f64 / total)
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Capacity, Mesh, place, traffic};
    use crate::network::{Connectivity, Edge, Node, Pattern, Shape, Topology};

    /// Two populations of three and two neurons; the first fires in timestep 0 of 2.
    fn counts() -> EventCounts {
        let node = |name: &str, n| Node {
            name: name.into(),
            shape: Shape::vector(n),
            role: Role::Spiking,
        };
        let topology = Topology {
            populations: vec![node("a", 3), node("b", 2)],
            edges: vec![Edge {
                source: 0,
                target: 1,
                connectivity: Connectivity::new(Pattern::Dense {
                    sources: 3,
                    targets: 2,
                    present: None,
                }),
            }],
        };
        let mut counts = EventCounts::new(topology, 2);
        counts.samples = 1;
        counts.populations[0].spikes = vec![1, 1, 1];
        counts.populations[0].spikes_per_timestep = vec![3, 0];
        counts.populations[0].active_per_timestep = vec![3, 1];
        counts.projections[0].synops_per_timestep = vec![6, 0];
        counts
    }

    fn seconds(counts: &EventCounts, times: &StageTimes) -> f64 {
        let capacity = Capacity {
            neurons_per_core: 10,
            synaptic_memory_bits: 1000,
            weight_bits: 8,
            shared_kernels: false,
            fan_in_axons_per_core: 10,
            fan_out_axons_per_core: 10,
            mesh: Mesh {
                cores_per_tile: 4,
                width: 1,
                height: 1,
            },
            chips: 1,
        };
        let placement = place(&counts.topology, &capacity);
        let traffic = traffic(counts, &placement);
        latency(counts, &placement, &traffic, times)
    }

    const TIMES: StageTimes = StageTimes {
        neuron_s: 1.0,
        active_s: 2.0,
        spike_s: 4.0,
        packet_out_s: 8.0,
        packet_in_s: 3.0,
        synop_s: SynapseTime {
            dense_s: 5.0,
            sparse_s: 500.0,
            conv_s: 500.0,
        },
        barrier_s: 100.0,
        host_s: 0.0,
    };

    #[test]
    fn worked_latency_of_two_cores() {
        // Step 0: generating 3·1 + 3·2 + 3·4 + 3·8 = 45, processing 3·3 + 6·5 = 39.
        // Step 1: generating 3·1 + 1·2 = 5, processing 0. Barriers 200.
        assert_eq!(seconds(&counts(), &TIMES), 45.0 + 5.0 + 200.0);
        // An exchange of 120 hides behind the first timestep and is the second.
        let hosted = StageTimes {
            host_s: 120.0,
            ..TIMES
        };
        assert_eq!(seconds(&counts(), &hosted), 145.0 + 120.0);
    }

    #[test]
    fn latency_grows_with_each_time_and_with_spikes() {
        let before = seconds(&counts(), &TIMES);
        let slower: [fn(&mut StageTimes); 7] = [
            |t| t.neuron_s += 50.0,
            |t| t.active_s += 50.0,
            |t| t.spike_s += 50.0,
            |t| t.packet_out_s += 50.0,
            |t| t.packet_in_s += 50.0,
            |t| t.synop_s.dense_s += 50.0,
            |t| t.barrier_s += 50.0,
        ];
        for change in slower {
            let mut times = TIMES;
            change(&mut times);
            assert!(seconds(&counts(), &times) > before);
        }
        let mut more = counts();
        more.populations[0].spikes[0] += 1;
        more.populations[0].spikes_per_timestep[1] += 1;
        assert!(seconds(&more, &TIMES) > before);
    }
}
