//! What the laws of neurocore meshes share: placement, latency, static power, the host.

use super::hardware::{Figure, Hardware};
use super::receipt::Receipt;
use super::{Job, PlacementRule, PriceOptions, Work};
use crate::counts::EventCounts;
use crate::mapping::{
    Capacity, LinkCosts, Mesh, Pipeline, Placement, StageTimes, Traffic, latency, optimise,
    pipeline, place, traffic,
};
use crate::network::{Role, SynapseKind, Topology};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};
use crate::units::Range;
use std::borrow::Cow;

/// Events per inference that mesh laws charge.
pub(super) struct Events {
    /// Placed neurons × timesteps.
    pub updates: f64,
    /// Of these, with a nonzero potential, any input or bias.
    pub active: f64,
    /// Spikes of placed neurons.
    pub spikes: f64,
    /// Multiply-accumulates of a constant input, once per inference.
    pub macs_once: f64,
}

impl Events {
    pub fn of(counts: &EventCounts) -> Self {
        let mut events = Events {
            updates: 0.0,
            active: 0.0,
            spikes: 0.0,
            macs_once: 0.0,
        };
        for (index, node) in counts.topology.populations.iter().enumerate() {
            let figures = counts.per_inference(index);
            events.macs_once += figures.macs_once;
            if node.role != Role::Input && counts.samples > 0 {
                events.updates += figures.neuron_updates;
                events.active += figures.active_updates;
                events.spikes += figures.spikes;
            }
        }
        events
    }
}

/// Synaptic operations per inference, by kind of synapse.
pub(super) fn synops(counts: &EventCounts, kind: SynapseKind) -> f64 {
    let edges = counts.topology.edges.iter().zip(&counts.projections);
    let total: u64 = edges
        .filter(|(edge, _)| edge.connectivity.kind() == kind)
        .map(|(_, counted)| counted.synops_per_timestep.iter().sum::<u64>())
        .sum();
    total as f64 / counts.samples.max(1) as f64
}

/// Where the neurons sit and what they send.
#[derive(Clone)]
pub(super) struct Mapped {
    pub placement: Placement,
    pub traffic: Traffic,
    /// How the neurons were placed; `None`: by hand.
    pub rule: Option<PlacementRule>,
}

impl Mapped {
    pub fn new(counts: &EventCounts, placement: Placement) -> Self {
        Mapped {
            traffic: traffic(counts, &placement),
            placement,
            rule: None,
        }
    }

    /// Places the network by a rule.
    fn by_rule(
        hardware: &Hardware,
        counts: &EventCounts,
        capacity: &Capacity,
        rule: PlacementRule,
    ) -> Self {
        let greedy = place(&counts.topology, capacity);
        let placement = match rule {
            PlacementRule::Greedy => greedy,
            PlacementRule::Annealing { seed } => {
                let costs = link_costs(hardware).unwrap_or(LinkCosts::ALIKE);
                optimise(counts, &greedy, capacity, costs, seed)
            }
        };
        Mapped {
            rule: Some(rule),
            ..Mapped::new(counts, placement)
        }
    }
}

/// Energy of a packet on each kind of link; `None` if a price is not known.
fn link_costs(hardware: &Hardware) -> Option<LinkCosts> {
    let nominal = |key: &str| hardware.figures.get(key).map(|f| f.value.nominal);
    Some(LinkCosts {
        x: nominal("energy.hop_east_west")?,
        y: nominal("energy.hop_north_south")?,
        chip: nominal("energy.chip_link")?,
    })
}

/// What a price on a device would work out, for pricing the same counts many times; `None` for a
/// device without neurocores or with a capacity that is not known.
pub(super) fn mapped(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Option<Mapped> {
    let capacity = known_room(hardware)?;
    let rule = options.placement;
    Some(Mapped::by_rule(hardware, work.counts, &capacity, rule))
}

/// Places the network, unless it is placed already; `None` if the room on the chip is not known.
pub(super) fn map<'a>(job: &Job<'a>, receipt: &mut Receipt) -> Option<Cow<'a, Mapped>> {
    let mapped = match job.mapped {
        Some(mapped) => Cow::Borrowed(mapped),
        None => {
            let (capacity, rule) = (capacity(receipt)?, job.options.placement);
            let counts = job.work.counts;
            Cow::Owned(Mapped::by_rule(job.hardware, counts, &capacity, rule))
        }
    };
    if let Some(PlacementRule::Annealing { seed }) = mapped.rule {
        receipt.notes.push(format!(
            "placement: cores moved by simulated annealing, seed {seed}, {}",
            match link_costs(job.hardware) {
                Some(_) => "each link weighed by its energy",
                None => "all links weighed alike: the table lacks the energy of some",
            }
        ));
    }
    Some(mapped)
}

/// Where a device with neurocores puts the neurons unless told otherwise; `None` for a device
/// without neurocores or with a capacity that is not known.
#[must_use]
pub fn placement(hardware: &Hardware, topology: &Topology) -> Option<Placement> {
    Some(place(topology, &known_room(hardware)?))
}

/// The room on the chip, if all of it is known.
fn known_room(hardware: &Hardware) -> Option<Capacity> {
    let figures = CAPACITY.map(|key| hardware.figures.get(key));
    let mut known = [figures[0]?; CAPACITY.len()];
    for (slot, figure) in known.iter_mut().zip(figures) {
        *slot = figure?;
    }
    Some(room(known, hardware))
}

fn capacity(receipt: &mut Receipt) -> Option<Capacity> {
    let figures = receipt.figures(CAPACITY)?;
    Some(room(figures, receipt.hardware()))
}

fn room(figures: [&Figure; CAPACITY.len()], hardware: &Hardware) -> Capacity {
    // Whole numbers above 0: checked when the file was read.
    let [
        neurons,
        memory,
        weight,
        fan_in,
        fan_out,
        per_tile,
        width,
        height,
        chips,
    ] = figures.map(|figure| figure.value.nominal as u64);
    Capacity {
        neurons_per_core: neurons,
        synaptic_memory_bits: memory,
        weight_bits: weight,
        shared_kernels: hardware.shared_kernels,
        fan_in_axons_per_core: fan_in,
        fan_out_axons_per_core: fan_out,
        max_delay: hardware
            .figures
            .get("capacity.max_delay")
            .map(|figure| figure.value.nominal as u32),
        mesh: Mesh {
            cores_per_tile: per_tile as usize,
            width: width as usize,
            height: height as usize,
        },
        chips,
    }
}

/// The room on the chip.
pub(super) const CAPACITY: [&str; 9] = [
    "capacity.neurons_per_core",
    "capacity.synaptic_memory",
    "capacity.weight",
    "capacity.fan_in_axons_per_core",
    "capacity.fan_out_axons_per_core",
    "capacity.cores_per_tile",
    "capacity.mesh_width",
    "capacity.mesh_height",
    "capacity.chips",
];

/// The other figures that each mesh law reads.
pub(super) const SHARED: [&str; 8] = [
    "capacity.max_delay",
    "energy.hop_east_west",
    "energy.hop_north_south",
    "energy.chip_link",
    "latency.chip_link",
    "energy.host_mac",
    "power.chip_static",
    "barrier_sync.*",
];

/// Charges packets per inference at `key`, hops within chips and links between them, or marks them
/// unknown.
pub(super) fn charge_traffic(
    counts: &EventCounts,
    mapped: Option<&Mapped>,
    receipt: &mut Receipt,
    packet: (&str, &str),
) {
    let Some(Mapped { traffic, .. }) = mapped else {
        receipt.lose(Part::Dynamic, Bill::MEMORY_ROUTING);
        return;
    };
    let samples = counts.samples.max(1) as f64;
    receipt.charge(
        Bill::MEMORY_ROUTING,
        packet.0,
        traffic.packets as f64 / samples,
        packet.1,
    );
    receipt.charge(
        Bill::MEMORY_ROUTING,
        "hop, east-west",
        traffic.hops_x as f64 / samples,
        "energy.hop_east_west",
    );
    receipt.charge(
        Bill::MEMORY_ROUTING,
        "hop, north-south",
        traffic.hops_y as f64 / samples,
        "energy.hop_north_south",
    );
    receipt.charge(
        Bill::MEMORY_ROUTING,
        "link from chip to chip",
        traffic.borders as f64 / samples,
        "energy.chip_link",
    );
}

/// Charges the multiply-accumulates that a chip without multipliers leaves to its host. They are
/// work of the network, so they count in the same scope as those of a baseline's first layer.
pub(super) fn charge_host(macs_once: f64, receipt: &mut Receipt) {
    receipt.charge(
        Bill::EVENT,
        "MAC of a constant input, off chip, once per inference",
        macs_once,
        "energy.host_mac",
    );
    if macs_once > 0.0 {
        receipt.notes.push(
            "the chip cannot multiply: the host computes the current of the input, priced by an \
             assumption; sending it to the chip is not priced"
                .into(),
        );
    }
}

/// How long the chip works.
pub(super) struct Pace {
    /// One inference, at the three bounds of the figures [s].
    pub latency_s: Range,
    /// Inference after inference, every figure nominal.
    pub pipeline: Pipeline,
}

/// Time of an inference, with the figures of `times`, those of links between chips and a barrier;
/// `None` if any that is needed is unknown.
pub(super) fn pace(
    job: &Job,
    mapped: Option<&Mapped>,
    receipt: &mut Receipt,
    times: Option<Bounds>,
) -> Option<Pace> {
    let barrier = match mapped {
        Some(mapped) => barrier(job, receipt, mapped.placement.tiles()),
        None => None,
    };
    // Links that nothing crosses take no time.
    let link_s = match mapped {
        Some(mapped) if mapped.traffic.borders > 0 => {
            receipt.figure("latency.chip_link").map(|f| f.value)
        }
        _ => Some(Range::ZERO),
    };
    let (Some(times), Some(mapped), Some(barrier), Some(link_s)) = (times, mapped, barrier, link_s)
    else {
        receipt.lose(Part::Static, Bill::SYSTEM);
        return None;
    };
    let Bounds { low, nominal, high } = times;
    let complete = |times: StageTimes, bound: fn(Range) -> f64| StageTimes {
        barrier_s: bound(barrier.value),
        chip_link_s: bound(link_s),
        host_s: job.options.host_exchange_s,
        ..times
    };
    let (
        counts,
        Mapped {
            placement, traffic, ..
        },
    ) = (job.work.counts, mapped);
    let at = |times: &StageTimes| latency(counts, placement, traffic, times);
    let nominal = complete(nominal, |range| range.nominal);
    Some(Pace {
        latency_s: Range::new(
            at(&complete(low, |range| range.low)),
            at(&nominal),
            at(&complete(high, |range| range.high)),
        ),
        pipeline: pipeline(counts, placement, traffic, &nominal),
    })
}

/// Stage times with every figure at its low, nominal and high value.
pub(super) struct Bounds {
    low: StageTimes,
    nominal: StageTimes,
    high: StageTimes,
}

impl Bounds {
    pub fn new(times: impl Fn(fn(&Figure) -> f64) -> StageTimes) -> Self {
        Bounds {
            low: times(|figure| figure.value.low),
            nominal: times(|figure| figure.value.nominal),
            high: times(|figure| figure.value.high),
        }
    }
}

/// The barrier time of the largest number of tiles that is not above `tiles`.
fn barrier<'a>(job: &Job<'a>, receipt: &mut Receipt, tiles: usize) -> Option<&'a Figure> {
    let figures = job.hardware.figures.iter();
    let found = figures
        .filter_map(|(key, figure)| {
            let from: usize = key.strip_prefix("barrier_sync.")?.parse().ok()?;
            (from <= tiles.max(1)).then_some((from, figure))
        })
        .max_by_key(|(from, _)| *from);
    if found.is_none() {
        receipt.lack("barrier_sync");
    }
    found.map(|(_, figure)| figure)
}

/// Adds static power and closes the receipt.
pub(super) fn finish(
    counts: &EventCounts,
    mapped: Option<&Mapped>,
    mut receipt: Receipt,
    pace: Option<Pace>,
) -> TargetReport {
    let chips = mapped.map_or(1, |m| m.placement.chips());
    let power = receipt.figure("power.chip_static");
    match (power, &pace) {
        (Some(power), Some(pace)) => {
            let time = pace.latency_s;
            let each = power.value * chips as f64;
            let event = if chips == 1 {
                "static power of the chip [s]".to_owned()
            } else {
                format!("static power of {chips} chips [s]")
            };
            receipt.line(
                Part::Static,
                Bill::SYSTEM,
                &event,
                (time.nominal, each.nominal),
                each.zip(time, |power, time| power * time),
                &[power],
            );
        }
        _ => receipt.lose(Part::Static, Bill::SYSTEM),
    }
    receipt.notes.extend([
        "input populations are driven by the host: neither placed nor charged, but their synaptic \
         operations are; learning is not charged"
            .into(),
        "static energy: whole chips, embedded processors idle, for the time the chip computes; a \
         chip that waits for its next input pays for that time too"
            .into(),
        "latency: busiest core of each timestep plus barrier, from means over samples; \
         exchange with the host per timestep only where an option gives its time"
            .into(),
    ]);
    if chips > 1 {
        receipt.notes.push(
            "several chips: the mesh continues on the next chip over links with a price and a pace \
             of their own; the barrier is that of the largest table entry"
                .into(),
        );
    }
    if let Some(Pace { pipeline, .. }) = &pace {
        receipt.notes.push(pipelined(counts, pipeline));
    }
    let (fits, exceeded, cores) = match mapped {
        Some(Mapped { placement, .. }) => (
            placement.fits(),
            placement.exceeded().to_vec(),
            Some(placement.cores() as u64),
        ),
        None => (
            false,
            vec!["not known: the table lacks a capacity".into()],
            None,
        ),
    };
    TargetReport {
        fits,
        exceeded,
        chips: chips as u64,
        cores,
        throughput_per_s: pace.as_ref().map(|pace| 1.0 / pace.pipeline.period_s),
        ..receipt.finish(
            Workload::Snn,
            Scope::System,
            pace.map(|pace| pace.latency_s.nominal),
        )
    }
}

/// What the throughput rests on.
fn pipelined(counts: &EventCounts, pipeline: &Pipeline) -> String {
    let held_up = match pipeline.bottleneck {
        Some(population) => format!(
            "the busiest core is one of \"{}\"",
            counts.topology.populations[population].name
        ),
        None => "no core holds it up".to_owned(),
    };
    format!(
        "throughput: inference follows inference, each population on its own; {held_up}; the first \
         result comes {} timesteps later than the latency says",
        pipeline.fill_timesteps
    )
}
