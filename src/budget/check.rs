//! Limits held against values, and how that is told.

use crate::units::{si, times};
use serde::Serialize;
use std::fmt::Write as _;

/// Whether a limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not.
    Exceeded,
    /// The value is not known, so nobody can say that it holds.
    Unknown,
}

/// One limit held against one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// `synops`, `accuracy`, `energy`, `latency`, `carbon` or `verdict`.
    pub metric: &'static str,
    /// Device; `None` where the metric belongs to the network.
    pub target: Option<String>,
    /// Unit of the values; empty for a fraction.
    pub unit: &'static str,
    /// The key of the budget, such as `max`.
    pub limit: &'static str,
    /// The value; `None` if it is not known.
    pub value: Option<f64>,
    /// The largest (for accuracy the smallest) value that passes; `None` if the baseline has none.
    pub allowed: Option<f64>,
    /// The value of the baseline, for a relative limit.
    pub baseline: Option<f64>,
    /// Whether it holds.
    pub status: Status,
    /// Why a value is not known.
    pub reason: Option<String>,
}

/// Whether every limit holds.
#[must_use]
pub fn passed(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.status == Status::Pass)
}

impl Check {
    /// Metric, device, value, allowed value and status, to print.
    #[must_use]
    pub fn columns(&self) -> [String; 5] {
        let show = |value: Option<f64>| match value {
            None => "unknown".to_owned(),
            Some(value) if self.unit.is_empty() => format!("{:.2} %", value * 100.0),
            Some(value) if self.unit == "×" => times(value),
            Some(value) => si(value, self.unit),
        };
        let sign = if ["accuracy", "verdict"].contains(&self.metric) {
            "≥"
        } else {
            "≤"
        };
        let mut allowed = format!("{sign} {}", show(self.allowed));
        if self.baseline.is_some() {
            let _ = write!(allowed, " (baseline {})", show(self.baseline));
        }
        let mut status = match self.status {
            Status::Pass => "pass".to_owned(),
            Status::Exceeded => "exceeded".to_owned(),
            Status::Unknown => "unknown (counts as failed)".to_owned(),
        };
        if let Some(reason) = &self.reason {
            let _ = write!(status, ": {reason}");
        }
        [
            match self.metric {
                "verdict" => format!("verdict, {}", self.limit),
                metric => metric.to_owned(),
            },
            self.target.clone().unwrap_or_else(|| "network".into()),
            show(self.value),
            allowed,
            status,
        ]
    }
}

/// The summary for a pull request.
#[must_use]
pub fn markdown(checks: &[Check]) -> String {
    let failed = checks.iter().filter(|c| c.status != Status::Pass).count();
    let mut out = if failed == 0 {
        format!("### Energy budget: all {} limits hold\n\n", checks.len())
    } else {
        format!(
            "### Energy budget: {failed} of {} limits do not hold\n\n",
            checks.len()
        )
    };
    out += "| metric | of | value | allowed | status |\n|---|---|---:|---:|---|\n";
    for check in checks {
        let cells = check.columns().map(|cell| cell.replace('|', "\\|"));
        let [metric, target, value, allowed, mut status] = cells;
        if check.status != Status::Pass {
            status = format!("**{status}**");
        }
        let _ = writeln!(
            out,
            "| {metric} | {target} | {value} | {allowed} | {status} |"
        );
    }
    out
}
