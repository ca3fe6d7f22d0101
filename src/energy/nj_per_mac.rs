//! Microcontrollers: measured energy per multiply-accumulate.

use super::Job;
use super::charge::{Machine, by_events, receipt};
use super::law::{CostTerm, Law, LawTable};
use crate::counts::NumberFormat;
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

/// ```text
/// E = MACs · mac;     t = E / active
/// ```
///
/// The figure is all-in: memory, control and static power are inside, so there is no static line.
///
/// Source: energy per inference of MLPerf Tiny results divided by the MACs of their reference
/// networks.
pub(super) static LAW: Law = Law {
    name: "nj-per-mac",
    about: "measured all-in energy per MAC of int8 networks",
    formats: &[NumberFormat::INT8],
    tables: &[TABLE],
    figures: &[&["power.active"]],
    price,
    divide: by_events,
};

const TABLE: LawTable = LawTable {
    workload: Workload::Qann,
    format: None,
    widest: Scope::System,
    terms: &[CostTerm::new(
        Bill::ALL_IN,
        Measure::DenseMacs,
        "energy.mac",
        "MAC, int8, all-in",
    )],
    notes: &[],
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = receipt(job, &TABLE, Machine::default());
    let macs = job.work.dense.macs() as f64;
    let energy = receipt.figure("energy.mac").map(|f| f.value.nominal * macs);
    let power = receipt.figure("power.active").map(|f| f.value.nominal);
    let latency_s = energy
        .zip(power)
        .filter(|_| macs > 0.0)
        .map(|(energy, power)| energy / power);
    receipt.notes.extend(["measured on int8 networks".into()]);
    vec![receipt.finish(TABLE.workload, TABLE.widest, latency_s)]
}
