//! Operation counts times circuit energies, as many papers do.

use super::Job;
use super::charge::{by_events, operations};
use super::law::{CostTerm, Law, LawTable};
use crate::counts::NumberFormat;
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

/// ```text
/// SNN:           E = SynOps · ac + MACs · mac      MACs of a constant input once per inference
/// ANN:           E = MACs · mac
/// zero-skipping: E = MACs of weights and activations that are not zero · mac
/// pruned:        E = MACs of weights that are not zero after pruning · mac
/// ```
///
/// Each at one number format, the energies of an addition and a multiply-accumulate with it: SNN and
/// ANN of a comparison have the same. The zero-skipping network is what the spiking one competes
/// with: both spare what is zero. Finding the zeros costs nothing here, on either side.
///
/// No memory, no control, no static power: good for comparing with papers that do the same, and
/// for nothing else.
///
/// Source: Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014.
pub(super) static LAW: Law = Law {
    name: "mac-ac",
    about: "MACs and ACs alone: no memory, no control, no static power",
    formats: &[NumberFormat::Fp32, NumberFormat::INT8],
    tables: &TABLES,
    figures: &[],
    price,
    divide: by_events,
};

const ARITHMETIC_ONLY: &str = "arithmetic only: weight and potential traffic usually costs far more, so \
                               this is not comparable with the energy of a device";
const SKIPPING: &str = "operations only: finding the weights and activations that are not zero costs \
                        nothing here, and only hardware built for it skips them";
const PRUNING: &str = "finding the weights that are not zero costs nothing here; processors that multiply \
                       dense matrices gain nothing by zeros, so they have no row for the pruned network";

/// The tables of one number format: what it is, its words, figures and names of lines.
macro_rules! tables {
    ($format:expr, $original:expr, $ac:literal, $mac:literal, $name:literal) => {
        [
            LawTable {
                workload: Workload::Snn,
                format: Some($format),
                widest: Scope::Compute,
                terms: &[
                    CostTerm::new(
                        Bill::COMPUTE,
                        Measure::Synops,
                        $ac,
                        concat!("AC, ", $name, " (synaptic operation)"),
                    ),
                    CostTerm::new(
                        Bill::COMPUTE,
                        Measure::MacsOnce,
                        $mac,
                        concat!("MAC, ", $name, ", of the input"),
                    ),
                ],
                notes: &[ARITHMETIC_ONLY],
            },
            LawTable {
                workload: $original,
                format: Some($format),
                widest: Scope::Compute,
                terms: &[CostTerm::new(
                    Bill::COMPUTE,
                    Measure::DenseMacs,
                    $mac,
                    concat!("MAC, ", $name),
                )],
                notes: &[ARITHMETIC_ONLY],
            },
            LawTable {
                workload: Workload::ZeroSkipping,
                format: Some($format),
                widest: Scope::Compute,
                terms: &[CostTerm::new(
                    Bill::COMPUTE,
                    Measure::EffectiveMacs,
                    $mac,
                    concat!("MAC, ", $name, ", of nonzero weight and activation"),
                )],
                notes: &[ARITHMETIC_ONLY, SKIPPING],
            },
        ]
    };
}

const FP32: [LawTable; 3] = tables!(
    NumberFormat::Fp32,
    Workload::Ann,
    "energy.ac_fp32",
    "energy.mac_fp32",
    "fp32"
);
const FP16: [LawTable; 3] = tables!(
    NumberFormat::Fp16,
    Workload::Ann,
    "energy.ac_fp16",
    "energy.mac_fp16",
    "fp16"
);
const INT32: [LawTable; 3] = tables!(
    NumberFormat::Int(32),
    Workload::Ann,
    "energy.ac_int32",
    "energy.mac_int32",
    "int32"
);
const INT8: [LawTable; 3] = tables!(
    NumberFormat::INT8,
    Workload::Qann,
    "energy.ac_int8",
    "energy.mac_int8",
    "int8"
);
const INT4: [LawTable; 3] = tables!(
    NumberFormat::Int(4),
    Workload::Qann,
    "energy.ac_int4",
    "energy.mac_int4",
    "int4"
);

static TABLES: [LawTable; 16] = {
    let [a, b, c] = FP32;
    let [d, e, f] = FP16;
    let [g, h, i] = INT32;
    let [j, k, l] = INT8;
    let [m, n, o] = INT4;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, PRUNED]
};

const PRUNED: LawTable = LawTable {
    workload: Workload::Pann,
    format: Some(NumberFormat::Fp32),
    widest: Scope::Compute,
    terms: &[CostTerm::new(
        Bill::COMPUTE,
        Measure::PrunedMacs,
        "energy.mac_fp32",
        "MAC, fp32, of a weight that is not zero",
    )],
    notes: &[ARITHMETIC_ONLY, PRUNING],
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut reports = operations(job);
    // Only where a pruned network was made.
    let pruned = job.work.dense.pruned_macs.is_some();
    reports.retain(|report| report.workload != Workload::Pann || pruned);
    reports
}
