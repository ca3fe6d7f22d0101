//! What the candidates of a sweep are judged by: the sections `[objectives]` and `[constraints]`.

use super::metric::{Constraint, Metric};
use super::row::Candidate;
use crate::result::Scope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Objectives and constraints. They choose among results and change none, so they are no part of a
/// point's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goals {
    /// What to weigh: what is gained first, then what it costs.
    pub metrics: Vec<Metric>,
    /// What energies include.
    pub scope: Scope,
    /// The targets that are candidates; all if there are none.
    pub targets: Vec<String>,
    /// Whether devices with figures that nobody has checked against their source are left out.
    pub verified: bool,
    /// Bounds that every candidate keeps.
    pub constraints: Vec<Constraint>,
}

impl Default for Goals {
    fn default() -> Self {
        Goals {
            metrics: vec![Metric::Accuracy, Metric::EnergyJ],
            scope: Scope::System,
            targets: Vec::new(),
            verified: false,
            constraints: Vec::new(),
        }
    }
}

impl Goals {
    /// Whether a network on a device is a candidate at all, whatever its figures.
    #[must_use]
    pub fn considers(&self, candidate: &Candidate) -> bool {
        let named = self.targets.is_empty() || self.targets.contains(&candidate.target);
        named && !(self.verified && candidate.unverified)
    }

    /// Whether a candidate fits its device and keeps the bounds.
    #[must_use]
    pub fn accepts(&self, candidate: &Candidate) -> bool {
        candidate.fits
            && self
                .constraints
                .iter()
                .all(|rule| rule.holds(candidate, self.scope))
    }

    /// The smallest value of a metric that the constraints allow.
    #[must_use]
    pub fn least(&self, metric: Metric) -> Option<f64> {
        let bounds = self.constraints.iter().filter(|rule| rule.metric == metric);
        bounds.filter_map(|rule| rule.min).reduce(f64::max)
    }
}

/// Section `[objectives]` of a sweep file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Objectives {
    metrics: Option<Vec<Metric>>,
    scope: Option<Scope>,
    targets: Vec<String>,
    verified: bool,
}

/// A bound of the section `[constraints]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoalBounds {
    min: Option<f64>,
    max: Option<f64>,
}

/// Section `[constraints]` of a sweep file: metric and its bounds.
pub(super) type Constraints = BTreeMap<Metric, GoalBounds>;

/// Joins both sections.
pub(super) fn read(objectives: Objectives, constraints: &Constraints) -> Result<Goals, String> {
    let default = Goals::default();
    let metrics = objectives.metrics.unwrap_or(default.metrics);
    if metrics.len() < 2 {
        return Err(
            "[objectives] metrics needs two or more, such as [\"accuracy\", \"energy_j\"]"
                .to_owned(),
        );
    }
    let constraints = constraints
        .iter()
        .map(|(metric, bounds)| {
            let (metric, GoalBounds { min, max }) = (*metric, *bounds);
            let empty = match (min, max) {
                (None, None) => true,
                (Some(min), Some(max)) => min > max,
                _ => false,
            };
            if empty {
                return Err(format!(
                    "[constraints] {}: give min, max, or a min that is not above max",
                    metric.name()
                ));
            }
            Ok(Constraint { metric, min, max })
        })
        .collect::<Result<_, _>>()?;
    Ok(Goals {
        metrics,
        scope: objectives.scope.unwrap_or(default.scope),
        targets: objectives.targets,
        verified: objectives.verified,
        constraints,
    })
}
