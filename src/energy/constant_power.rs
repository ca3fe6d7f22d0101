//! Analog and always-on chips: their power hardly depends on what they compute.

use super::charge::by_events;
use super::law::{CostTerm, Law, LawTable};
use super::realtime::{self, HOST, OCCUPANCY};
use crate::result::{Bill, Measure, Scope, Workload};

/// ```text
/// E = chips · P · T · timestep
/// ```
///
/// No cost per spike is invented: on such chips it is a small part of the power.
///
/// Source: Cramer et al., PNAS 119(4), 2022 (BrainScaleS-2); Bos and Muir, arXiv 2406.15112, 2024
/// (Xylo).
pub(super) static LAW: Law = Law {
    name: "constant-power",
    about: "power of the chip for the time of the timesteps, whatever is computed",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(Bill::ALL_IN, Measure::SecondsRunning, "power.chip", "power"),
            HOST,
        ],
        notes: &[],
    }],
    figures: &[&OCCUPANCY],
    price: realtime::price,
    divide: by_events,
};
