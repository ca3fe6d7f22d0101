//! A synaptic operation and a neuron update, where nothing finer is published.

use super::charge::by_events;
use super::law::{CostTerm, Law, LawTable};
use super::realtime::{self, HOST, OCCUPANCY};
use crate::result::{Bill, Measure, Scope, Workload};

/// ```text
/// E = SynOps · synop + neurons · T · neuron_update + chips · chip_static · T · timestep
/// ```
///
/// Each neuron is updated in each timestep. Packets and hops are not charged: the published
/// figures are slopes of measured power, which contain them, or leave them out.
///
/// Source: Sharp et al., J. Neurosci. Methods 210, 2012 (SpiNNaker), where both terms are measured.
pub(super) static LAW: Law = Law {
    name: "per-event",
    about: "synaptic operation and neuron update, plus static power in real time",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(
                Bill::EVENT,
                Measure::NeuronUpdates,
                "energy.neuron_update",
                "neuron update",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::Synops,
                "energy.synop",
                "synaptic operation",
            ),
            CostTerm::new(
                Bill::SYSTEM,
                Measure::SecondsRunning,
                "power.chip_static",
                "static power",
            ),
            HOST,
        ],
        notes: &[],
    }],
    figures: &[&OCCUPANCY],
    price: realtime::price,
    divide: by_events,
};
