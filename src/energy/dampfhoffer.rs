//! Additions and the memory they touch, against an ANN with and without data reuse.

use super::realtime::{macs, synops};
use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Law};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};

/// ```text
/// IF network: E = SynOps · (ac + 3 access)            read weight, read and write potential
///             + MACs · (mac + 3 access)               of a non-binary input, in each timestep
/// 8-bit ANN:  E = MACs · (mac + ann_memory_per_mac)
/// ```
///
/// Without reuse an ANN reads weight, activation and partial sum and writes the sum: 4 accesses
/// per MAC. The break-even is `(mac + 4 access) / (ac + 3 access)` = 5.23 / 3.78 = 1.38 spikes per
/// synapse and inference; reuse and sparsity of the ANN lower it.
///
/// Source: Dampfhoffer et al., Are SNNs really more energy-efficient than ANNs?, IEEE TETCI 7(3),
/// 2023: break-even between 0.15 and 1.38. The access counts are this program's reading of it.
pub(super) static LAW: Law = Law {
    name: "dampfhoffer",
    about: "additions with weight and potential accesses, against an ANN with data reuse",
    groups: &[&[
        "energy.access",
        "energy.ac",
        "energy.mac",
        "energy.ann_memory_per_mac",
    ]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    vec![spiking(job), original(job)]
}

fn spiking(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    let macs = macs(job);
    let events = synops(job) + macs;
    for event in ["weight read", "potential read", "potential write"] {
        receipt.charge(Bill::MEMORY_ROUTING, event, events, "energy.access");
    }
    receipt.charge(Bill::COMPUTE, "AC, 8 bit", synops(job), "energy.ac");
    let event = "MAC, 8 bit, in each timestep";
    receipt.charge(Bill::COMPUTE, event, macs, "energy.mac");
    receipt.finish(Workload::Snn, Scope::MemoryRouting, None)
}

fn original(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    if job.work.dense.layers.is_empty() {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, Bill::EVENT);
    }
    let macs = job.work.dense.macs() as f64;
    receipt.charge(Bill::COMPUTE, "MAC, 8 bit", macs, "energy.mac");
    let (event, key) = ("memory per MAC", "energy.ann_memory_per_mac");
    receipt.charge(Bill::MEMORY_ROUTING, event, macs, key);
    receipt.finish(Workload::Qann, Scope::MemoryRouting, None)
}
