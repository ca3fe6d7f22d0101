//! Operation counts times circuit energies, as many papers do.

use super::charge::{Machine, by_events, receipt};
use super::law::{CostTerm, Law, LawTable};
use super::{Job, quantised_bits};
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

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
    tables: &[SPIKING, ORIGINAL, QUANTISED, QUANTISED_WIDE, PRUNED],
    figures: &[],
    price,
    divide: by_events,
};

const ARITHMETIC_ONLY: &str = "arithmetic only: weight and potential traffic usually costs far more, so \
                               this is not comparable with the energy of a device";

const SPIKING: LawTable = LawTable {
    workload: Workload::Snn,
    widest: Scope::Compute,
    terms: &[
        CostTerm::new(
            Bill::COMPUTE,
            Measure::Synops,
            "energy.ac_fp32",
            "AC, fp32 (synaptic operation)",
        ),
        CostTerm::new(
            Bill::COMPUTE,
            Measure::MacsEachStep,
            "energy.mac_fp32",
            "MAC, fp32, in each timestep",
        ),
    ],
    notes: &[ARITHMETIC_ONLY],
};

const ORIGINAL: LawTable = LawTable {
    workload: Workload::Ann,
    widest: Scope::Compute,
    terms: &[CostTerm::new(
        Bill::COMPUTE,
        Measure::DenseMacs,
        "energy.mac_fp32",
        "MAC, fp32",
    )],
    notes: &[ARITHMETIC_ONLY],
};

const QUANTISED: LawTable = LawTable {
    workload: Workload::Qann,
    widest: Scope::Compute,
    terms: &[CostTerm::new(
        Bill::COMPUTE,
        Measure::DenseMacs,
        "energy.mac_int8",
        "MAC, int8",
    )],
    notes: &[ARITHMETIC_ONLY],
};

/// Above 8 bits.
const QUANTISED_WIDE: LawTable = LawTable {
    workload: Workload::Qann,
    widest: Scope::Compute,
    terms: &[CostTerm::new(
        Bill::COMPUTE,
        Measure::DenseMacs,
        "energy.mac_int32",
        "MAC, int32",
    )],
    notes: &[ARITHMETIC_ONLY],
};

const PRUNED: LawTable = LawTable {
    workload: Workload::Pann,
    widest: Scope::Compute,
    terms: &[CostTerm::new(
        Bill::COMPUTE,
        Measure::PrunedMacs,
        "energy.mac_fp32",
        "MAC, fp32, of a weight that is not zero",
    )],
    notes: &[
        ARITHMETIC_ONLY,
        "finding the weights that are not zero costs nothing here; processors that multiply dense \
         matrices gain nothing by zeros, so they have no row for the pruned network",
    ],
};

fn price(job: &Job) -> Vec<TargetReport> {
    let timesteps = job.work.counts.timesteps;
    let bits = quantised_bits(timesteps);
    let quantised = if bits <= 8 {
        &QUANTISED
    } else {
        &QUANTISED_WIDE
    };
    let held = format!(
        "{bits} bits carry as many values as {timesteps} timesteps; priced at the narrowest \
         published integer that holds them"
    );
    let mut reports = vec![
        report(job, &SPIKING, kept_current(job)),
        report(job, &ORIGINAL, None),
        report(job, quantised, Some(held)),
    ];
    // Only where a pruned network was made.
    if job.work.dense.pruned_macs.is_some() {
        reports.push(report(job, &PRUNED, None));
    }
    reports
}

fn report(job: &Job, table: &LawTable, note: Option<String>) -> TargetReport {
    let mut receipt = receipt(job, table, Machine::default());
    receipt.notes.extend(note);
    receipt.finish(table.workload, table.widest, None)
}

/// What a chip that keeps the current of a constant input would not multiply again.
fn kept_current(job: &Job) -> Option<String> {
    let total = |what| job.quantities.total(what, job.hardware, None);
    let (macs, once) = total(Measure::MacsEachStep).zip(total(Measure::MacsOnce))?;
    (macs > once).then(|| {
        format!("keeping the current of the constant input would leave {once:.0} of {macs:.0} MACs")
    })
}
