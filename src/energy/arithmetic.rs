//! Operation counts times circuit energies, as many papers do.

use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Law, quantised_bits};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};

/// ```text
/// SNN: E = SynOps · ac_fp32 + MACs · mac_fp32      MACs of a non-binary input in each timestep
/// ANN: E = MACs · mac_fp32
/// QANN: E = MACs · mac_int8 (mac_int32 above 8 bits),   bits = ceil(log2(T + 1))
/// PANN: E = MACs of weights that are not zero after pruning · mac_fp32
/// ```
///
/// No memory, no control, no static power: good for comparing with papers that do the same, and
/// for nothing else.
///
/// Source: Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014.
pub(super) static LAW: Law = Law {
    name: "mac-ac",
    about: "MACs and ACs alone: no memory, no control, no static power",
    groups: &[&[
        "energy.mac_fp32",
        "energy.ac_fp32",
        "energy.mac_int8",
        "energy.mac_int32",
    ]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut reports = vec![spiking(job), original(job), quantised(job)];
    reports.extend(pruned(job));
    reports
}

fn receipt<'a>(job: &Job<'a>) -> Receipt<'a> {
    let mut receipt = Receipt::new(job);
    receipt.notes.push(
        "arithmetic only: weight and potential traffic usually costs far more, so this is not \
         comparable with the energy of a device"
            .into(),
    );
    receipt
}

fn spiking(job: &Job) -> TargetReport {
    let counts = job.work.counts;
    let mut receipt = receipt(job);
    let mut sum = (0.0, 0.0, 0.0);
    for index in 0..counts.topology.populations.len() {
        let figures = counts.per_inference(index);
        sum.0 += figures.synops;
        sum.1 += figures.macs;
        sum.2 += figures.macs_once;
    }
    let (synops, macs, macs_once) = sum;
    receipt.charge(
        Bill::COMPUTE,
        "AC, fp32 (synaptic operation)",
        synops,
        "energy.ac_fp32",
    );
    receipt.charge(
        Bill::COMPUTE,
        "MAC, fp32, in each timestep",
        macs,
        "energy.mac_fp32",
    );
    if macs > macs_once {
        receipt.notes.push(format!(
            "keeping the current of the constant input would leave {macs_once} of {macs} MACs"
        ));
    }
    receipt.finish(Workload::Snn, Scope::Compute, None)
}

fn original(job: &Job) -> TargetReport {
    let mut receipt = receipt(job);
    charge_dense(job, &mut receipt, "MAC, fp32", "energy.mac_fp32");
    receipt.finish(Workload::Ann, Scope::Compute, None)
}

fn quantised(job: &Job) -> TargetReport {
    let mut receipt = receipt(job);
    let bits = quantised_bits(job.work.counts.timesteps);
    let (event, key) = if bits <= 8 {
        ("MAC, int8", "energy.mac_int8")
    } else {
        ("MAC, int32", "energy.mac_int32")
    };
    charge_dense(job, &mut receipt, event, key);
    receipt.notes.push(format!(
        "{bits} bits carry as many values as {} timesteps; priced at the narrowest published \
         integer that holds them",
        job.work.counts.timesteps
    ));
    receipt.finish(Workload::Qann, Scope::Compute, None)
}

/// Only where a pruned network was made.
fn pruned(job: &Job) -> Option<TargetReport> {
    let macs = job.work.dense.pruned_macs?;
    let mut receipt = receipt(job);
    receipt.charge(
        Bill::COMPUTE,
        "MAC, fp32, of a weight that is not zero",
        macs as f64,
        "energy.mac_fp32",
    );
    receipt.notes.push(
        "finding the weights that are not zero costs nothing here; processors that multiply dense \
         matrices gain nothing by zeros, so they have no row for the pruned network"
            .into(),
    );
    Some(receipt.finish(Workload::Pann, Scope::Compute, None))
}

fn charge_dense(job: &Job, receipt: &mut Receipt, event: &str, key: &str) {
    if job.work.dense.layers.is_empty() {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, Bill::COMPUTE);
    }
    receipt.charge(Bill::COMPUTE, event, job.work.dense.macs() as f64, key);
}
