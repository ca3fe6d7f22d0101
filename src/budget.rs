//! Energy budgets: limits on a finished result, absolute or relative to a baseline.
//!
//! ```
//! use spikewatt::budget::{Budget, Measured, Status};
//! let budget = Budget::parse("budget.toml", "[energy.loihi1]\nmax = 2e-6")?;
//! let result = Measured::parse("summary.json", br#"{
//!     "schema": "spikewatt.run/1", "totals": {"synops_per_inference": 1e4},
//!     "targets": [{"name": "loihi1", "workload": "snn", "batch": 1,
//!                  "energy_j": {"low": 1e-6, "nominal": 3e-6, "high": 4e-6}}]}"#)?;
//! let checks = budget.check(&result, None)?;
//! assert_eq!(checks[0].status, Status::Exceeded);
//! # Ok::<(), spikewatt::budget::BudgetError>(())
//! ```

use crate::files;
use crate::units::{Range, si};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Why a budget cannot be applied.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum BudgetError {
    /// A file cannot be read.
    #[error("{file}: {reason}")]
    Read {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A limit makes no sense.
    #[error("{file}: {key} = {value}: {reason}")]
    Limit {
        /// The budget.
        file: String,
        /// The key.
        key: String,
        /// Its value.
        value: f64,
        /// What would be right.
        reason: &'static str,
    },
    /// There is nothing to hold.
    #[error(
        "{file}: sets no limit; give [synops], [accuracy], [energy.DEVICE], [latency.DEVICE] or [carbon.DEVICE]"
    )]
    Empty {
        /// The budget.
        file: String,
    },
    /// A relative limit has nothing to be relative to.
    #[error("{file}: {key} compares with a baseline; give --baseline DIR")]
    NoBaseline {
        /// The budget.
        file: String,
        /// The key.
        key: String,
    },
}

/// A budget file.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    file: String,
    limits: Limits,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    synops: Limit,
    accuracy: Floor,
    energy: BTreeMap<String, TargetLimit>,
    latency: BTreeMap<String, TargetLimit>,
    carbon: BTreeMap<String, TargetLimit>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limit {
    max: Option<f64>,
    max_increase_percent: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Floor {
    min: Option<f64>,
    max_drop: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TargetLimit {
    max: Option<f64>,
    max_increase_percent: Option<f64>,
    bound: Bound,
    workload: Option<String>,
    batch: Option<u64>,
}

/// Which end of a range is held against the limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bound {
    Low,
    #[default]
    Nominal,
    High,
}

impl Bound {
    fn of(self, range: Range) -> f64 {
        match self {
            Bound::Low => range.low,
            Bound::Nominal => range.nominal,
            Bound::High => range.high,
        }
    }
}

/// What a result says, as far as budgets look at it.
#[derive(Debug, Clone, Deserialize)]
pub struct Measured {
    schema: String,
    totals: Totals,
    accuracy: Option<Accuracy>,
    #[serde(default)]
    targets: Vec<Target>,
}

#[derive(Debug, Clone, Deserialize)]
struct Totals {
    synops_per_inference: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct Accuracy {
    snn: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
struct Target {
    name: String,
    workload: String,
    batch: u64,
    latency_s: Option<f64>,
    energy_j: Option<Range>,
    carbon_g: Option<Range>,
    #[serde(default)]
    unpriced: Vec<String>,
}

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
    /// `synops`, `accuracy`, `energy`, `latency` or `carbon`.
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

impl Budget {
    /// Reads a budget from its text; `file` names it in messages.
    ///
    /// # Errors
    /// With position and key if it is malformed, sets no limit or a negative one.
    pub fn parse(file: &str, text: &str) -> Result<Self, BudgetError> {
        let limits: Limits = toml::from_str(text).map_err(|error| BudgetError::Read {
            file: file.into(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        let budget = Budget {
            file: file.into(),
            limits,
        };
        let mut any = false;
        for (key, value, at_most) in budget.values() {
            any = true;
            if !(value >= 0.0 && value <= at_most) {
                return Err(BudgetError::Limit {
                    file: file.into(),
                    key,
                    value,
                    reason: if at_most == 1.0 {
                        "must be a fraction, 0 to 1"
                    } else {
                        "must be a number from 0 on"
                    },
                });
            }
        }
        if any {
            Ok(budget)
        } else {
            Err(BudgetError::Empty { file: file.into() })
        }
    }

    /// Every number of the file with its key and the most it can be.
    fn values(&self) -> Vec<(String, f64, f64)> {
        let Limits {
            synops,
            accuracy,
            energy,
            latency,
            carbon,
        } = &self.limits;
        let mut all = vec![
            ("synops.max".to_owned(), synops.max, f64::MAX),
            (
                "synops.max_increase_percent".to_owned(),
                synops.max_increase_percent,
                f64::MAX,
            ),
            ("accuracy.min".to_owned(), accuracy.min, 1.0),
            ("accuracy.max_drop".to_owned(), accuracy.max_drop, 1.0),
        ];
        for (section, limits) in [("energy", energy), ("latency", latency), ("carbon", carbon)] {
            for (device, limit) in limits {
                let key = |name: &str| format!("{section}.{device}.{name}");
                all.push((key("max"), limit.max, f64::MAX));
                all.push((
                    key("max_increase_percent"),
                    limit.max_increase_percent,
                    f64::MAX,
                ));
            }
        }
        all.into_iter()
            .filter_map(|(key, value, most)| Some((key, value?, most)))
            .collect()
    }

    /// Holds every limit against a result. A value that is not known is [`Status::Unknown`].
    ///
    /// # Errors
    /// If a limit is relative and there is no baseline.
    pub fn check(
        &self,
        result: &Measured,
        baseline: Option<&Measured>,
    ) -> Result<Vec<Check>, BudgetError> {
        if baseline.is_none() {
            let relative = |key: &String| key.contains("max_increase") || key.contains("max_drop");
            if let Some((key, ..)) = self.values().into_iter().find(|(key, ..)| relative(key)) {
                return Err(BudgetError::NoBaseline {
                    file: self.file.clone(),
                    key,
                });
            }
        }
        let mut checks = Vec::new();
        let subject = |metric, target, unit| Subject {
            metric,
            target,
            unit,
        };
        let synops = |of: &Measured| Ok(of.totals.synops_per_inference);
        let Limit {
            max,
            max_increase_percent,
        } = self.limits.synops;
        subject("synops", None, "SynOp").at_most(
            (max, max_increase_percent),
            synops(result),
            baseline.map(synops),
            &mut checks,
        );
        let accuracy = |of: &Measured| {
            let known = of.accuracy.as_ref().and_then(|accuracy| accuracy.snn);
            known.ok_or_else(|| "the result has no accuracy: its data had no labels".to_owned())
        };
        subject("accuracy", None, "").at_least(
            &self.limits.accuracy,
            accuracy(result),
            baseline.map(accuracy),
            &mut checks,
        );
        let metrics: [(_, _, _, Metric); 3] = [
            ("energy", "J", &self.limits.energy, |target, bound| {
                target.energy_j.map(|range| bound.of(range))
            }),
            ("latency", "s", &self.limits.latency, |target, _| {
                target.latency_s
            }),
            ("carbon", "g", &self.limits.carbon, |target, bound| {
                target.carbon_g.map(|range| bound.of(range))
            }),
        ];
        for (metric, unit, limits, value) in metrics {
            for (device, limit) in limits {
                let of = |measured: &Measured| measured.of_target(device, limit, value);
                subject(metric, Some(device), unit).at_most(
                    (limit.max, limit.max_increase_percent),
                    of(result),
                    baseline.map(of),
                    &mut checks,
                );
            }
        }
        Ok(checks)
    }
}

type Metric = fn(&Target, Bound) -> Option<f64>;

/// A value, or why it is not known.
type Known = Result<f64, String>;

/// What a check is about.
struct Subject<'a> {
    metric: &'static str,
    target: Option<&'a String>,
    unit: &'static str,
}

impl Subject<'_> {
    fn at_most(
        &self,
        (max, increase_percent): (Option<f64>, Option<f64>),
        value: Known,
        baseline: Option<Known>,
        checks: &mut Vec<Check>,
    ) {
        if let Some(max) = max {
            checks.push(self.check("max", &value, Ok(max), None, |value, max| value <= max));
        }
        if let (Some(percent), Some(baseline)) = (increase_percent, baseline) {
            let allowed = baseline
                .clone()
                .map(|before| before * (1.0 + percent / 100.0));
            checks.push(self.check(
                "max_increase_percent",
                &value,
                allowed,
                Some(&baseline),
                |value, allowed| value <= allowed,
            ));
        }
    }

    fn at_least(
        &self,
        floor: &Floor,
        value: Known,
        baseline: Option<Known>,
        checks: &mut Vec<Check>,
    ) {
        let enough = |value: f64, allowed: f64| value >= allowed;
        if let Some(min) = floor.min {
            checks.push(self.check("min", &value, Ok(min), None, enough));
        }
        if let (Some(drop), Some(baseline)) = (floor.max_drop, baseline) {
            let allowed = baseline.clone().map(|before| before - drop);
            checks.push(self.check("max_drop", &value, allowed, Some(&baseline), enough));
        }
    }

    fn check(
        &self,
        limit: &'static str,
        value: &Known,
        allowed: Known,
        baseline: Option<&Known>,
        holds: impl Fn(f64, f64) -> bool,
    ) -> Check {
        let (status, reason) = match (value, &allowed) {
            (Ok(value), Ok(allowed)) if holds(*value, *allowed) => (Status::Pass, None),
            (Ok(_), Ok(_)) => (Status::Exceeded, None),
            (Err(reason), _) => (Status::Unknown, Some(reason.clone())),
            (_, Err(reason)) => (Status::Unknown, Some(format!("baseline: {reason}"))),
        };
        Check {
            metric: self.metric,
            target: self.target.cloned(),
            unit: self.unit,
            limit,
            value: value.clone().ok(),
            allowed: allowed.ok(),
            baseline: baseline.and_then(|known| known.clone().ok()),
            status,
            reason,
        }
    }
}

impl Measured {
    /// Reads the result in a folder of `run`, or its `summary.json`.
    ///
    /// # Errors
    /// If there is none.
    pub fn load(path: &Path) -> Result<Self, BudgetError> {
        let file = if path.is_dir() {
            path.join("summary.json")
        } else {
            path.to_path_buf()
        };
        let bytes = files::read(&file).map_err(|error| BudgetError::Read {
            file: file.display().to_string(),
            reason: format!("{error}; give the folder of a run or its summary.json"),
        })?;
        Self::parse(&file.display().to_string(), &bytes)
    }

    /// Reads a result from its JSON.
    ///
    /// # Errors
    /// If it is not the summary of a run.
    pub fn parse(file: &str, json: &[u8]) -> Result<Self, BudgetError> {
        let read = |reason: String| BudgetError::Read {
            file: file.into(),
            reason,
        };
        let measured: Measured = serde_json::from_slice(json)
            .map_err(|error| read(format!("{error}; give the summary.json of a run")))?;
        if measured.schema.starts_with("spikewatt.") {
            Ok(measured)
        } else {
            Err(read(format!(
                "schema \"{}\" is not a result of spikewatt",
                measured.schema
            )))
        }
    }

    /// A value of one device: of the spiking network if it has one there, at batch 1, unless the
    /// limit says otherwise.
    fn of_target(&self, device: &str, limit: &TargetLimit, value: Metric) -> Known {
        let batch = limit.batch.unwrap_or(1);
        let mut found: Vec<&Target> = self.targets.iter().filter(|t| t.name == device).collect();
        if found.is_empty() {
            let names: Vec<&str> = self.targets.iter().map(|t| t.name.as_str()).collect();
            return Err(format!(
                "the result has no target \"{device}\"; it has {}",
                names.join(", ")
            ));
        }
        found.retain(|target| target.batch == batch);
        match &limit.workload {
            Some(workload) => found.retain(|target| target.workload == *workload),
            None if found.iter().any(|target| target.workload == "snn") => {
                found.retain(|target| target.workload == "snn");
            }
            None => {}
        }
        match found[..] {
            [target] => value(target, limit.bound).ok_or_else(|| match &target.unpriced[..] {
                [] => "the model gives no value".to_owned(),
                missing => format!("no figure for {}", missing.join(", ")),
            }),
            [] => Err(format!(
                "\"{device}\" has no report for batch {batch}{}",
                limit
                    .workload
                    .as_ref()
                    .map_or(String::new(), |w| format!(" and workload \"{w}\""))
            )),
            _ => Err(format!(
                "\"{device}\" has several reports; choose one with workload = \"ann\" or \"qann\""
            )),
        }
    }
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
            Some(value) => si(value, self.unit),
        };
        let sign = if self.metric == "accuracy" {
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
            Status::Unknown => "unknown, which is no pass".to_owned(),
        };
        if let Some(reason) = &self.reason {
            let _ = write!(status, ": {reason}");
        }
        [
            self.metric.to_owned(),
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
