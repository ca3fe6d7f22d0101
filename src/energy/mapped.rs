//! Where a device with neurocores puts the neurons of a network, and what they send there.

use super::hardware::{Figure, Hardware};
use super::receipt::Receipt;
use super::{Job, PlacementRule, PriceOptions, Work, formats};
use crate::counts::EventCounts;
use crate::mapping::{
    Capacity, LinkCosts, Mesh, Placement, ScaledTraffic, Traffic, optimise, place, traffic,
};
use crate::network::Topology;
use std::borrow::Cow;
use std::sync::Arc;

/// Where the neurons sit and what they send.
#[derive(Clone)]
pub(super) struct Mapped {
    pub placement: Placement,
    pub traffic: Traffic,
    /// The same for other rates; `None` where none were asked for.
    pub routed: Option<Arc<ScaledTraffic>>,
    /// How the neurons were placed; `None`: by hand.
    pub rule: Option<PlacementRule>,
}

impl Mapped {
    pub fn new(counts: &EventCounts, placement: Placement) -> Self {
        Mapped {
            traffic: traffic(counts, &placement),
            placement,
            routed: None,
            rule: None,
        }
    }

    /// With what other rates need, so that no spike is routed again for them.
    fn at_rates(counts: &EventCounts, placement: Placement) -> Self {
        let routed = ScaledTraffic::new(counts, placement.clone());
        Mapped {
            traffic: routed.at(counts, 1, 1),
            placement,
            routed: Some(Arc::new(routed)),
            rule: None,
        }
    }

    fn by_rule(self, rule: PlacementRule) -> Self {
        Mapped {
            rule: Some(rule),
            ..self
        }
    }
}

/// Places the network by a rule.
fn placed(
    hardware: &Hardware,
    counts: &EventCounts,
    capacity: &Capacity,
    rule: PlacementRule,
) -> Placement {
    let greedy = place(&counts.topology, capacity);
    match rule {
        PlacementRule::Greedy => greedy,
        PlacementRule::Annealing { seed } => {
            let costs = link_costs(hardware).unwrap_or(LinkCosts::ALIKE);
            optimise(counts, &greedy, capacity, costs, seed)
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

/// What a price on a device would work out, for pricing the same counts at many rates; `None` for a
/// device without neurocores or with a capacity that is not known, and for no spiking network.
pub(super) fn mapped(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Option<Mapped> {
    let capacity = known_room(hardware).filter(|_| !work.counts.topology.populations.is_empty())?;
    let rule = options.placement;
    // A device with neurocores has one number format.
    let work = work.at(formats(hardware, work).into_iter().next().flatten());
    let placement = placed(hardware, work.counts, &capacity, rule);
    Some(Mapped::at_rates(work.counts, placement).by_rule(rule))
}

/// Places the network, unless it is placed already; `None` if the room on the chip is not known.
pub(super) fn map<'a>(job: &Job<'a>, receipt: &mut Receipt) -> Option<Cow<'a, Mapped>> {
    let mapped = match job.mapped {
        Some(mapped) => Cow::Borrowed(mapped),
        None => {
            let (capacity, rule) = (capacity(receipt)?, job.options.placement);
            let counts = job.work.counts;
            let placement = placed(job.hardware, counts, &capacity, rule);
            Cow::Owned(Mapped::new(counts, placement).by_rule(rule))
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
    // As many as were ever built together, if that is known.
    let built = hardware.figures.get("capacity.chips_built");
    let chips = built.map_or(chips, |figure| chips.max(figure.value.nominal as u64));
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
