//! Chips without a clock: a synaptic operation holds everything that an event sets off.

use super::charge::by_events;
use super::law::{CostTerm, Law, LawTable};
use super::realtime::{self, HOST, OCCUPANCY};
use crate::result::{Bill, Measure, Scope, Workload};

/// ```text
/// E = SynOps · synop + chips · chip_static · T · timestep
/// ```
///
/// Neurons that receive nothing cost nothing; updating those that do is inside the figure.
///
/// Source: Yao et al., Nat. Commun. 15, 4464, 2024 (Speck): resting power and power over spikes.
pub(super) static LAW: Law = Law {
    name: "asynchronous",
    about: "synaptic operation with the neuron update inside, plus static power in real time",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
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
                "resting power",
            ),
            HOST,
        ],
        notes: &[],
    }],
    figures: &[&OCCUPANCY],
    price: realtime::price,
    divide: by_events,
};
