//! Loihi as SANA-FE prices it.

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
/// E = neurons · T · access + active · update + spikes · spike + packets · packet
///     + Σ_kind SynOps · synop_kind + hops_x · hop_east_west + hops_y · hop_north_south
///     + chip_static · latency
/// ```
///
/// Each placed neuron pays the access in each timestep. Neurons whose potential was nonzero, that
/// received input or have a bias also pay the update; a packet is one spike to one core.
///
/// Source: Boyle et al., SANA-FE, IEEE TCAD 2025; charging rule read in SLAM-Lab/SANA-FE,
/// commit 8951ab07.
pub(super) static LAW: Law = Law {
    name: "sana-fe",
    about: "neuron access, update, spike, packet, hop and synaptic operation, plus static power",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(
                Bill::EVENT,
                Measure::NeuronUpdates,
                "energy.neuron_access",
                "neuron access",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::ActiveUpdates,
                "energy.neuron_update",
                "neuron update",
            ),
            CostTerm::new(Bill::EVENT, Measure::Spikes, "energy.spike", "spike"),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::Packets,
                "energy.packet",
                "packet",
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
                Measure::SynopsDense,
                "energy.synop_dense",
                "synaptic operation, dense",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::SynopsSparse,
                "energy.synop_sparse",
                "synaptic operation, sparse",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::SynopsConv,
                "energy.synop_conv",
                "synaptic operation, conv",
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
const TIMES: [&str; 8] = [
    "latency.neuron_access",
    "latency.neuron_update",
    "latency.spike",
    "latency.packet_out",
    "latency.packet_in",
    "latency.synop_dense",
    "latency.synop_sparse",
    "latency.synop_conv",
];

fn price(job: &Job) -> Vec<TargetReport> {
    mesh::price(job, times)
}

fn times<'a>(receipt: &mut Receipt<'a>) -> Option<Bounds<'a>> {
    let figures = receipt.figures(TIMES)?;
    let [access, update, spike, out, into, dense, sparse, conv] = figures;
    Some(Bounds::new(&figures, |at| StageTimes {
        neuron_s: at(access),
        active_s: at(update),
        spike_s: at(spike),
        packet_out_s: at(out),
        packet_in_s: at(into),
        synop_s: SynapseTime {
            dense_s: at(dense),
            sparse_s: at(sparse),
            conv_s: at(conv),
        },
        ..StageTimes::default()
    }))
}
