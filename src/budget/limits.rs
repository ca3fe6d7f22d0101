//! The limits of a budget file.

use super::verdict::VerdictLimit;
use crate::units::Range;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) synops: CountLimit,
    pub(super) accuracy: Floor,
    pub(super) energy: BTreeMap<String, TargetLimit>,
    pub(super) latency: BTreeMap<String, TargetLimit>,
    pub(super) carbon: BTreeMap<String, TargetLimit>,
    /// By question: `streaming`, `throughput` or `same-circuit`.
    pub(super) verdict: BTreeMap<String, VerdictLimit>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CountLimit {
    pub(super) max: Option<f64>,
    pub(super) max_increase_percent: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Floor {
    pub(super) min: Option<f64>,
    pub(super) max_drop: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TargetLimit {
    pub(super) max: Option<f64>,
    pub(super) max_increase_percent: Option<f64>,
    pub(super) bound: Bound,
    pub(super) workload: Option<String>,
    pub(super) batch: Option<u64>,
    pub(super) format: Option<String>,
}

/// Which end of a range is held against the limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Bound {
    Low,
    #[default]
    Nominal,
    High,
}

impl Bound {
    pub(super) fn of(self, range: Range) -> f64 {
        match self {
            Bound::Low => range.low,
            Bound::Nominal => range.nominal,
            Bound::High => range.high,
        }
    }
}
