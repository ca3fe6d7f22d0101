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

mod check;
mod limits;
mod measured;
mod verdict;

pub use check::{Check, Status, markdown, passed};
pub use measured::Measured;

use limits::{Bound, CountLimit, Floor, Limits};
use measured::MeasuredTarget;

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
        "{file}: sets no limit; give [synops], [accuracy], [energy.DEVICE], [latency.DEVICE], [carbon.DEVICE] or [verdict.QUESTION]"
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
            verdict,
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
        for (question, limit) in verdict {
            // A winner or a decision is a limit without a number of its own.
            let asks = limit.winner.is_some() || limit.decided.is_some();
            let key = format!("verdict.{question}.min_factor");
            all.push((key, limit.min_factor.or(asks.then_some(1.0)), f64::MAX));
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
        let CountLimit {
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
        for (question, limit) in &self.limits.verdict {
            limit.check(question, &result.verdict, &mut checks);
        }
        Ok(checks)
    }
}

type Metric = fn(&MeasuredTarget, Bound) -> Option<f64>;

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
