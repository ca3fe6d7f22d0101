//! Chip power divided by event rate, at the operating point somebody chose.

use super::charge::by_events;
use super::law::{CostTerm, Law, LawTable};
use super::realtime::{self, HOST};
use crate::result::{Bill, Measure, Scope, Workload};

/// ```text
/// E = SynOps · synop_all_in
/// ```
///
/// The figure holds static power, neuron updates and routing at one event rate, which the source
/// does not state well enough to scale it: at lower rates the true energy is higher.
///
/// Source: the survey of Tang et al., Front. Neurosci. 17, 2023, Table 3, lists such figures.
pub(super) static LAW: Law = Law {
    name: "all-in",
    about: "all-in energy per synaptic operation at its operating point",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(
                Bill::ALL_IN,
                Measure::Synops,
                "energy.synop_all_in",
                "synaptic operation, all-in",
            ),
            HOST,
        ],
        notes: &[
            "an all-in figure is chip power over event rate at one operating point; at a lower \
             rate the static power inside it weighs more and the true energy is higher",
        ],
    }],
    figures: &[],
    price: realtime::price,
    divide: by_events,
};
