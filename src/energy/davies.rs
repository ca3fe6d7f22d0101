//! Loihi as its designers published it.

use super::Job;
use super::charge::by_events;
use super::law::{CostTerm, Law, LawTable};
use super::mapped::CAPACITY;
use super::mesh::{self, Bounds, SHARED};
use super::realtime::HOST;
use super::receipt::Receipt;
use crate::mapping::{StageTimes, SynapseTime};
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

/// ```text
/// E = active · neuron_active + inactive · neuron_inactive + SynOps · synop
///     + packets · spike_within_tile + hops_x · hop_east_west + hops_y · hop_north_south
///     + chip_static · latency
/// ```
///
/// Active are the neuron-timesteps with a nonzero potential, any input or bias; the rest is
/// inactive. Each packet passes one router, then hops.
///
/// Source: Davies et al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE
/// Micro 38(1), 2018, Table 2.
pub(super) static LAW: Law = Law {
    name: "davies",
    about: "active and inactive neuron, synaptic operation, packet and hop, plus static power",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(
                Bill::EVENT,
                Measure::ActiveUpdates,
                "energy.neuron_active",
                "active neuron",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::InactiveUpdates,
                "energy.neuron_inactive",
                "inactive neuron",
            ),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::Packets,
                "energy.spike_within_tile",
                "packet within a tile",
            ),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::HopsEastWest,
                "energy.hop_east_west",
                "hop, east-west",
            ),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::HopsNorthSouth,
                "energy.hop_north_south",
                "hop, north-south",
            ),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::ChipLinks,
                "energy.chip_link",
                "link from chip to chip",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::Synops,
                "energy.synop",
                "synaptic operation",
            ),
            HOST,
            CostTerm::new(
                Bill::SYSTEM,
                Measure::SecondsRunning,
                "power.chip_static",
                "static power",
            ),
        ],
        notes: &[],
    }],
    figures: &[&CAPACITY, &SHARED, &TIMES],
    price,
    divide: by_events,
};

/// How long each stage takes.
const TIMES: [&str; 4] = [
    "latency.synop",
    "latency.neuron_active",
    "latency.neuron_inactive",
    "latency.spike_within_tile",
];

fn price(job: &Job) -> Vec<TargetReport> {
    mesh::price(job, times)
}

fn times<'a>(receipt: &mut Receipt<'a>) -> Option<Bounds<'a>> {
    let figures = receipt.figures(TIMES)?;
    let [synop, active, inactive, router] = figures;
    Some(Bounds::new(&figures, |at| StageTimes {
        neuron_s: at(inactive),
        active_s: at(active) - at(inactive),
        packet_out_s: at(router),
        synop_s: SynapseTime {
            dense_s: at(synop),
            sparse_s: at(synop),
            conv_s: at(synop),
        },
        ..StageTimes::default()
    }))
}
