//! A spiking network against the quantised network that carries as many values.

use super::charge::{by_events, operations};
use super::law::{CostTerm, Law, LawTable};
use super::{Job, quantised_bits};
use crate::counts::NumberFormat;
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

/// ```text
/// SNN: E = SynOps · (ac + bit · (weight + 2 potential))
///      + MACs · (mac + bit · (weight + 2 potential))       non-binary input, once if it is constant
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
    formats: &[NumberFormat::INT8],
    tables: &[
        LawTable {
            workload: Workload::Snn,
            format: None,
            widest: Scope::MemoryRouting,
            terms: &[
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::SynapseBits,
                    "energy.bit",
                    "weight read",
                )
                .of_width("capacity.weight"),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::SynapseBits,
                    "energy.bit",
                    "potential read",
                )
                .of_width("capacity.potential"),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::SynapseBits,
                    "energy.bit",
                    "potential write",
                )
                .of_width("capacity.potential"),
                CostTerm::new(Bill::COMPUTE, Measure::Synops, "energy.ac", "AC"),
                CostTerm::new(
                    Bill::COMPUTE,
                    Measure::MacsOnce,
                    "energy.mac",
                    "MAC, of the input",
                ),
            ],
            notes: &[],
        },
        LawTable {
            workload: Workload::Qann,
            format: None,
            widest: Scope::MemoryRouting,
            terms: &[
                CostTerm::new(Bill::COMPUTE, Measure::DenseMacs, "energy.mac", "MAC"),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::ActivationBits,
                    "energy.bit",
                    "activation read",
                ),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::DenseMacs,
                    "energy.ann_weight_per_mac",
                    "weight per MAC",
                ),
            ],
            notes: &[],
        },
        LawTable {
            workload: Workload::ZeroSkipping,
            format: None,
            widest: Scope::Compute,
            terms: &[CostTerm::new(
                Bill::COMPUTE,
                Measure::EffectiveMacs,
                "energy.mac",
                "MAC, of nonzero weight and activation",
            )],
            notes: &[
                "operations only: the table does not say what a network that skips zeros reads and writes",
            ],
        },
    ],
    figures: &[],
    price,
    divide: by_events,
};

/// Activations of the quantised network have as many bits as the timesteps carry, 8 only by chance:
/// what it answers with them is another matter than what it answers with 8.
fn price(job: &Job) -> Vec<TargetReport> {
    let bits = quantised_bits(job.work.counts.timesteps);
    let mut reports = operations(job);
    let quantised = reports.iter_mut();
    for report in quantised.filter(|report| report.workload == Workload::Qann && bits != 8) {
        report.counted_at_format = false;
        report.notes.push(format!(
            "activations of {bits} bits, as many values as {} timesteps carry; its accuracy is that of \
             another network than the one with 8 bits",
            job.work.counts.timesteps
        ));
    }
    reports
}
