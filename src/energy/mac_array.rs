//! Arrays of multipliers whose operation is all that is published.

use super::Job;
use super::charge::{Machine, by_events, receipt};
use super::law::{CostTerm, Law, LawTable};
use crate::counts::NumberFormat;
use crate::result::{Bill, Measure, Part, Scope, TargetReport, Workload};

/// ```text
/// E = MACs · mac      arithmetic; memory, control and idle power are not known
/// ```
///
/// A figure of the multipliers alone prices their operations and nothing else: the device has no
/// total, so it is never compared with whole devices.
///
/// Source: surveys that list the energy of an operation of an accelerator's array.
pub(super) static LAW: Law = Law {
    name: "mac-array",
    about: "energy of a MAC of an array of multipliers, without memory, control and idle power",
    formats: &[NumberFormat::INT8],
    tables: &[TABLE],
    figures: &[],
    price,
    divide: by_events,
};

const TABLE: LawTable = LawTable {
    workload: Workload::Qann,
    format: None,
    widest: Scope::System,
    terms: &[CostTerm::new(
        Bill::COMPUTE,
        Measure::DenseMacs,
        "energy.mac",
        "MAC, int8, of the array",
    )],
    notes: &["the energy of the multipliers alone: the device has no total"],
};

/// What stays unknown.
const THE_REST: &str = "energy of memory, control and idle power";

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = receipt(job, &TABLE, Machine::default());
    receipt.lack(THE_REST);
    receipt.lose(Part::Dynamic, Bill::MEMORY_ROUTING);
    vec![receipt.finish(TABLE.workload, TABLE.widest, None)]
}
