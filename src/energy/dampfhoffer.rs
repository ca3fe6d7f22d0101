//! Additions and the memory they touch, against an ANN with and without data reuse.

use super::charge::{by_events, operations};
use super::law::{CostTerm, Law, LawTable};
use crate::counts::NumberFormat;
use crate::result::{Bill, Measure, Scope, Workload};

/// ```text
/// IF network: E = SynOps · (ac + 3 access)            read weight, read and write potential
///             + MACs · (mac + 3 access)               of a non-binary input, once if it is constant
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
    formats: &[NumberFormat::INT8],
    tables: &[
        LawTable {
            workload: Workload::Snn,
            format: None,
            widest: Scope::MemoryRouting,
            terms: &[
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::SynapseEvents,
                    "energy.access",
                    "weight read",
                ),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::SynapseEvents,
                    "energy.access",
                    "potential read",
                ),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::SynapseEvents,
                    "energy.access",
                    "potential write",
                ),
                CostTerm::new(Bill::COMPUTE, Measure::Synops, "energy.ac", "AC, 8 bit"),
                CostTerm::new(
                    Bill::COMPUTE,
                    Measure::MacsOnce,
                    "energy.mac",
                    "MAC, 8 bit, of the input",
                ),
            ],
            notes: &[],
        },
        LawTable {
            workload: Workload::Qann,
            format: None,
            widest: Scope::MemoryRouting,
            terms: &[
                CostTerm::new(
                    Bill::COMPUTE,
                    Measure::DenseMacs,
                    "energy.mac",
                    "MAC, 8 bit",
                ),
                CostTerm::new(
                    Bill::MEMORY_ROUTING,
                    Measure::DenseMacs,
                    "energy.ann_memory_per_mac",
                    "memory per MAC",
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
                "MAC, 8 bit, of nonzero weight and activation",
            )],
            notes: &[
                "operations only: the table does not say what a network that skips zeros reads and writes",
            ],
        },
    ],
    figures: &[],
    price: operations,
    divide: by_events,
};
