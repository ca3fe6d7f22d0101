//! Microcontrollers: measured energy per multiply-accumulate.

use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Law};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};

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
    groups: &[&["energy.mac", "power.active"]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    if job.work.dense.layers.is_empty() {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, Bill::ALL_IN);
    }
    let macs = job.work.dense.macs() as f64;
    receipt.charge(Bill::ALL_IN, "MAC, int8, all-in", macs, "energy.mac");
    let energy = receipt.figure("energy.mac").map(|f| f.value.nominal * macs);
    let power = receipt.figure("power.active").map(|f| f.value.nominal);
    let latency_s = energy
        .zip(power)
        .filter(|_| macs > 0.0)
        .map(|(energy, power)| energy / power);
    receipt.notes.extend([
        "measured on int8 networks, whatever the number of timesteps".into(),
        "whether the network fits the memory of the device is not checked".into(),
    ]);
    vec![receipt.finish(Workload::Qann, Scope::System, latency_s)]
}
