//! A spiking network against the quantised network that carries as many values.

use super::realtime::{macs, synops};
use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Law, quantised_bits};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};

/// ```text
/// SNN: E = SynOps · (ac + bit · (weight + 2 potential))
///      + MACs · (mac + bit · (weight + 2 potential))       non-binary input, in each timestep
/// QNN: E = MACs · (mac + bit · b + ann_weight_per_mac),    b = ceil(log2(T + 1))
/// ```
///
/// `bit` is the energy of moving one bit, `weight` and `potential` are widths in bits. The partial
/// sum of the QNN stays in a register; whether its weight does is the range of
/// `ann_weight_per_mac`.
///
/// Source: Yan et al., Reconsidering the energy efficiency of spiking neural networks, arXiv
/// 2409.08290, 2024: the equivalence of T and b, and the break-even rates. The access counts are
/// this program's reading of it; the paper's network on chip is left out.
pub(super) static LAW: Law = Law {
    name: "yan",
    about: "operations and moved bits, against the quantised ANN of equal resolution",
    groups: &[&[
        "capacity.weight",
        "capacity.potential",
        "energy.bit",
        "energy.ac",
        "energy.mac",
        "energy.ann_weight_per_mac",
    ]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    vec![spiking(job), quantised(job)]
}

fn spiking(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    let macs = macs(job);
    let events = synops(job) + macs;
    for (event, key) in [
        ("weight read", "capacity.weight"),
        ("potential read", "capacity.potential"),
        ("potential write", "capacity.potential"),
    ] {
        match receipt.figure(key) {
            Some(width) => {
                let bits = events * width.value.nominal;
                let event = format!("{event} [bit]");
                receipt.charge(Bill::MEMORY_ROUTING, &event, bits, "energy.bit");
            }
            None => receipt.lose(Part::Dynamic, Bill::MEMORY_ROUTING),
        }
    }
    receipt.charge(Bill::COMPUTE, "AC", synops(job), "energy.ac");
    receipt.charge(Bill::COMPUTE, "MAC, in each timestep", macs, "energy.mac");
    receipt.finish(Workload::Snn, Scope::MemoryRouting, None)
}

fn quantised(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    if job.work.dense.layers.is_empty() {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, Bill::EVENT);
    }
    let macs = job.work.dense.macs() as f64;
    let bits = f64::from(quantised_bits(job.work.counts.timesteps));
    receipt.charge(Bill::COMPUTE, "MAC", macs, "energy.mac");
    let routing = Bill::MEMORY_ROUTING;
    receipt.charge(routing, "activation read [bit]", macs * bits, "energy.bit");
    let (event, key) = ("weight per MAC", "energy.ann_weight_per_mac");
    receipt.charge(routing, event, macs, key);
    receipt.finish(Workload::Qann, Scope::MemoryRouting, None)
}
