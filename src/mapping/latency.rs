//! How long an inference takes on a mesh whose cores meet at a barrier after each timestep.

use super::{ChipLink, Placement, Slice, SliceTraffic, Traffic};
use crate::counts::EventCounts;
use crate::network::{Edge, Role, SynapseKind, Topology};

/// Time of one synaptic operation [s], by kind of synapse.
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
    pub(super) fn of(&self, kind: SynapseKind) -> f64 {
        match kind {
            SynapseKind::Dense => self.dense_s,
            SynapseKind::Sparse => self.sparse_s,
            SynapseKind::Conv => self.conv_s,
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
    /// Each packet on a link from one chip to the next.
    pub chip_link_s: f64,
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
/// link(k) = packets · chip_link_s                      each link from one chip to the next
/// t(step) = max( max_c gen(c), max_c proc(c), max_k link(k) ) + barrier_s, at least host_s
/// latency = Σ over timesteps
/// ```
///
/// The events of a core in one timestep are its mean per sample, spread over the timesteps as
/// those of its population are. A maximum of means is never above the mean of the maxima, so this
/// is a lower estimate where samples differ in which core is busiest. Congestion of links within a
/// chip is left out; [`replay`](super::replay()) has it.
///
/// Source: Boyle et al., SANA-FE, IEEE TCAD 2025; SLAM-Lab/SANA-FE, commit 8951ab07 (simple
/// timing model, which has no links between chips).
#[must_use]
pub fn latency(
    counts: &EventCounts,
    placement: &Placement,
    traffic: &Traffic,
    times: &StageTimes,
) -> f64 {
    let loads = Loads::new(counts, placement, traffic, times);
    let steps = 0..counts.timesteps as usize;
    steps.map(|t| loads.timestep(|_| t).seconds).sum()
}

/// A chip that is never left to wait: each population works on an inference of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Time from one result to the next [s].
    pub period_s: f64,
    /// Timesteps that a spike needs from the first population on the chip to the last, one each:
    /// the first result of a full pipeline is late by so many.
    pub fill_timesteps: usize,
    /// Index of the population whose core holds up most of the period, if any core does.
    pub bottleneck: Option<usize>,
}

/// Time per inference of a pipeline of populations that is kept full.
///
/// On the chip a spike reaches the next population one timestep later. So when a population of
/// depth `d` works on timestep `t` of its inference, one of depth `d + 1` is at `t − 1`, or at the
/// end of the inference before:
///
/// ```text
/// period = Σ_τ [ max over cores of its work in its timestep (τ − d) mod T + barrier_s ]
/// ```
///
/// with work and the rest as in [`latency`]. Depth is the longest forward path from a population
/// that hears nothing but the input.
#[must_use]
pub fn pipeline(
    counts: &EventCounts,
    placement: &Placement,
    traffic: &Traffic,
    times: &StageTimes,
) -> Pipeline {
    let loads = Loads::new(counts, placement, traffic, times);
    let depths = depths(&counts.topology);
    let steps = counts.timesteps as usize;
    let mut held_up = vec![0.0; counts.populations.len()];
    let mut period_s = 0.0;
    for now in 0..steps {
        let step = loads.timestep(|population| (now + steps - depths[population] % steps) % steps);
        period_s += step.seconds;
        if let Some(population) = step.population {
            held_up[population] += step.seconds;
        }
    }
    let most = (0..held_up.len())
        .rev()
        .max_by(|&a, &b| held_up[a].total_cmp(&held_up[b]));
    Pipeline {
        period_s,
        fill_timesteps: depths.iter().copied().max().unwrap_or(0),
        bottleneck: most.filter(|&population| held_up[population] > 0.0),
    }
}

/// Steps from the first population on the chip along the longest forward path.
fn depths(topology: &Topology) -> Vec<usize> {
    let mut depths = vec![0; topology.populations.len()];
    for target in 0..depths.len() {
        let forward = |edge: &&Edge| edge.target == target && edge.source < target;
        let on_chip = |edge: &&Edge| topology.populations[edge.source].role != Role::Input;
        let before = topology.edges.iter().filter(forward).filter(on_chip);
        depths[target] = before
            .map(|edge| depths[edge.source] + 1)
            .max()
            .unwrap_or(0);
    }
    depths
}

/// What is done on each core and link, and in which timesteps.
struct Loads<'a> {
    counts: &'a EventCounts,
    placement: &'a Placement,
    traffic: &'a Traffic,
    times: &'a StageTimes,
    spikes: Vec<Vec<f64>>,
    active: Vec<Vec<f64>>,
    synops: Vec<Vec<f64>>,
    /// Packets of each population on each link between chips, per inference, a link at a time.
    links: Vec<(ChipLink, usize, f64)>,
}

/// One timestep.
struct Timestep {
    seconds: f64,
    /// Population that the busiest core belongs to, unless a link or the host is slower.
    population: Option<usize>,
}

impl<'a> Loads<'a> {
    fn new(
        counts: &'a EventCounts,
        placement: &'a Placement,
        traffic: &'a Traffic,
        times: &'a StageTimes,
    ) -> Self {
        let samples = counts.samples.max(1) as f64;
        let links = traffic.chip_links.iter();
        Loads {
            links: links
                .map(|(&(link, population), &packets)| (link, population, packets as f64 / samples))
                .collect(),
            counts,
            placement,
            traffic,
            times,
            spikes: shares(counts.populations.iter().map(|p| &p.spikes_per_timestep)),
            active: shares(counts.populations.iter().map(|p| &p.active_per_timestep)),
            synops: shares(counts.projections.iter().map(|p| &p.synops_per_timestep)),
        }
    }

    /// The time of a timestep in which each population is at the timestep that `at` gives.
    fn timestep(&self, at: impl Fn(usize) -> usize) -> Timestep {
        let Loads { times, .. } = self;
        let topology = &self.counts.topology;
        let samples = self.counts.samples.max(1) as f64;
        // Work of the core of each slice: generating, processing.
        let work = |slice: &Slice, load: &SliceTraffic| {
            let population = slice.population;
            let t = at(population);
            let (spiking, acting) = (self.spikes[population][t], self.active[population][t]);
            let mut generate = load.packets_sent as f64 / samples * spiking * times.packet_out_s;
            if topology.populations[population].role != Role::Input {
                generate += slice.neurons.len() as f64 * times.neuron_s
                    + load.active_updates / samples * acting * times.active_s
                    + load.spikes as f64 / samples * spiking * times.spike_s;
            }
            let mut process = 0.0;
            for received in &load.received {
                let edge = &topology.edges[received.edge];
                process += received.packets as f64 / samples
                    * self.spikes[edge.source][t]
                    * times.packet_in_s
                    + received.synops as f64 / samples
                        * self.synops[received.edge][t]
                        * times.synop_s.of(edge.connectivity.kind());
            }
            (generate, process)
        };
        let slices = self.placement.slices();
        let loads = &self.traffic.slices;
        let (mut busy_s, mut busiest) = (0.0f64, None);
        let mut core = |slice: &Slice, (generate, process): (f64, f64)| {
            // Of equals the first population, wherever its cores are.
            if generate.max(process) > busy_s {
                busy_s = generate.max(process);
                busiest = Some(slice.population);
            }
        };
        if self.placement.cores() == slices.len() {
            for (index, load) in loads.kinds() {
                core(&slices[index], work(&slices[index], load));
            }
        } else {
            let mut cores = vec![(0.0, 0.0); self.placement.core_bound()];
            for (slice, load) in slices.iter().zip(loads) {
                let (generate, process) = work(slice, load);
                cores[slice.core].0 += generate;
                cores[slice.core].1 += process;
            }
            for slice in slices {
                core(slice, cores[slice.core]);
            }
        }
        let link_s = self.busiest_link_s(at);
        let chip_s = busy_s.max(link_s) + times.barrier_s;
        let a_core = busy_s > 0.0 && busy_s >= link_s && chip_s >= times.host_s;
        Timestep {
            seconds: chip_s.max(times.host_s),
            population: busiest.filter(|_| a_core),
        }
    }

    /// Time that the busiest link between chips is occupied [s].
    fn busiest_link_s(&self, at: impl Fn(usize) -> usize) -> f64 {
        let mut most: f64 = 0.0;
        let mut now = (None, 0.0);
        for &(link, population, packets) in &self.links {
            if now.0 != Some(link) {
                now = (Some(link), 0.0);
            }
            let share = self.spikes[population][at(population)];
            now.1 += packets * share * self.times.chip_link_s;
            most = most.max(now.1);
        }
        most
    }
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
                delay: 0,
            }],
        };
        let mut counts = EventCounts::new(topology, 2);
        counts.samples = 1;
        counts.populations[0].spikes = vec![1, 1, 1].into();
        counts.populations[0].spikes_per_timestep = vec![3, 0];
        counts.populations[0].active_per_timestep = vec![3, 1];
        counts.projections[0].synops_per_timestep = vec![6, 0];
        counts
    }

    /// A core for each population, so many of them on a chip.
    fn placed(counts: &EventCounts, cores_per_tile: usize) -> (Placement, Traffic) {
        let capacity = Capacity {
            neurons_per_core: 10,
            synaptic_memory_bits: 1000,
            weight_bits: 8,
            shared_kernels: false,
            fan_in_axons_per_core: 10,
            fan_out_axons_per_core: 10,
            max_delay: None,
            mesh: Mesh {
                cores_per_tile,
                width: 1,
                height: 1,
            },
            chips: 2,
        };
        let placement = place(&counts.topology, &capacity);
        let traffic = traffic(counts, &placement);
        (placement, traffic)
    }

    fn seconds(counts: &EventCounts, times: &StageTimes) -> f64 {
        let (placement, traffic) = placed(counts, 4);
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
        chip_link_s: 0.0,
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
    fn worked_link_between_chips_is_busy_with_each_packet() {
        let counts = counts();
        let (placement, traffic) = placed(&counts, 1);
        assert_eq!((placement.chips(), traffic.borders), (2, 3));
        let times = |chip_link_s| StageTimes {
            chip_link_s,
            ..TIMES
        };
        let seconds = |times| latency(&counts, &placement, &traffic, &times);
        // Three packets in the first timestep: 3·10 hide behind the busiest core, 3·100 do not.
        assert_eq!(seconds(times(10.0)), 45.0 + 5.0 + 200.0);
        assert_eq!(seconds(times(100.0)), 300.0 + 5.0 + 200.0);
        let pipelined = pipeline(&counts, &placement, &traffic, &times(100.0));
        assert_eq!(
            (pipelined.period_s, pipelined.bottleneck),
            (300.0 + 39.0 + 200.0, Some(1))
        );
    }

    #[test]
    fn worked_pipeline_shifts_each_population_by_its_depth() {
        let counts = counts();
        let (placement, traffic) = placed(&counts, 4);
        // The second population processes the spikes of the first (39) while that one is in its
        // second timestep (5).
        let found = pipeline(&counts, &placement, &traffic, &TIMES);
        let expected = Pipeline {
            period_s: (45.0 + 100.0) + (39.0 + 100.0),
            fill_timesteps: 1,
            bottleneck: Some(0),
        };
        assert_eq!(found, expected);
        // With a single population there is nothing to shift.
        let mut alone = counts.clone();
        alone.topology.edges.clear();
        alone.projections.clear();
        let (placement, traffic) = placed(&alone, 4);
        let found = pipeline(&alone, &placement, &traffic, &TIMES);
        let latency_s = latency(&alone, &placement, &traffic, &TIMES);
        assert_eq!((found.period_s, found.fill_timesteps), (latency_s, 0));
        // The exchange with the host holds up both timesteps, so no core does.
        let hosted = StageTimes {
            host_s: 1000.0,
            ..TIMES
        };
        let found = pipeline(&alone, &placement, &traffic, &hosted);
        assert_eq!((found.period_s, found.bottleneck), (2000.0, None));
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
