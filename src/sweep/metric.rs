//! Figures that a point is judged by.

use super::row::Candidate;
use crate::report::quantity;
use crate::result::Scope;
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// A figure of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of samples that are classified right, 0 to 1.
    Accuracy,
    /// Nominal energy per inference [J].
    EnergyJ,
    /// Upper bound of the energy per inference [J].
    EnergyHighJ,
    /// Latency of one inference [s].
    LatencyS,
    /// Energy-delay product [J·s].
    EdpJs,
    /// Carbon per inference [g CO2e].
    CarbonG,
    /// Nominal energy per correct answer [J].
    EnergyPerCorrectJ,
}

/// What a metric is called and means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricEntry {
    /// The metric.
    pub metric: Metric,
    /// Name in files.
    pub name: &'static str,
    /// Heading of an axis, with the unit.
    pub heading: &'static str,
    /// Its unit; empty for a share.
    pub unit: &'static str,
    /// Whether more of it is better.
    pub is_gain: bool,
}

/// Every metric.
pub const METRICS: [MetricEntry; 7] = [
    MetricEntry {
        metric: Metric::Accuracy,
        name: "accuracy",
        heading: "Accuracy",
        unit: "",
        is_gain: true,
    },
    MetricEntry {
        metric: Metric::EnergyJ,
        name: "energy_j",
        heading: "Energy per inference (J)",
        unit: "J",
        is_gain: false,
    },
    MetricEntry {
        metric: Metric::EnergyHighJ,
        name: "energy_high_j",
        heading: "Energy per inference, upper bound (J)",
        unit: "J",
        is_gain: false,
    },
    MetricEntry {
        metric: Metric::LatencyS,
        name: "latency_s",
        heading: "Latency (s)",
        unit: "s",
        is_gain: false,
    },
    MetricEntry {
        metric: Metric::EdpJs,
        name: "edp_js",
        heading: "Energy-delay product (J·s)",
        unit: "Js",
        is_gain: false,
    },
    MetricEntry {
        metric: Metric::CarbonG,
        name: "carbon_g",
        heading: "Carbon per inference (g CO2e)",
        unit: "g",
        is_gain: false,
    },
    MetricEntry {
        metric: Metric::EnergyPerCorrectJ,
        name: "energy_per_correct_j",
        heading: "Energy per correct answer (J)",
        unit: "J",
        is_gain: false,
    },
];

impl Metric {
    /// Its value, energies in the given scope; `None` if it is unknown for the candidate.
    #[must_use]
    pub fn of(self, candidate: &Candidate, scope: Scope) -> Option<f64> {
        let energy_j = candidate.energy_j.get(scope);
        let value = match self {
            Metric::Accuracy => candidate.accuracy,
            Metric::EnergyJ => energy_j.map(|energy| energy.nominal),
            Metric::EnergyHighJ => energy_j.map(|energy| energy.high),
            Metric::LatencyS => candidate.latency_s,
            Metric::EdpJs => candidate.edp_js,
            Metric::CarbonG => candidate.carbon_g.map(|carbon| carbon.nominal),
            Metric::EnergyPerCorrectJ => energy_j
                .zip(candidate.accuracy.filter(|accuracy| *accuracy > 0.0))
                .map(|(energy, accuracy)| energy.nominal / accuracy),
        };
        value.filter(|value| value.is_finite())
    }

    /// Its bounds, where the figure has some: energies and what is worked out from them.
    #[must_use]
    pub fn range(self, candidate: &Candidate, scope: Scope) -> Option<Range> {
        let energy_j = candidate.energy_j.get(scope);
        let range = match self {
            Metric::EnergyJ => energy_j,
            Metric::CarbonG => candidate.carbon_g,
            Metric::EnergyPerCorrectJ => energy_j
                .zip(candidate.accuracy.filter(|accuracy| *accuracy > 0.0))
                .map(|(energy, accuracy)| energy * accuracy.recip()),
            Metric::EdpJs => (candidate.energy_j.system)
                .zip(candidate.latency_s)
                .map(|(energy, latency_s)| energy * latency_s),
            Metric::Accuracy | Metric::EnergyHighJ | Metric::LatencyS => None,
        };
        range.filter(|range| range.low < range.high && range.high.is_finite())
    }

    fn entry(self) -> &'static MetricEntry {
        // Every variant stands in the list; a test walks it.
        METRICS
            .iter()
            .find(|entry| entry.metric == self)
            .unwrap_or(&METRICS[0])
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Heading of an axis, with the unit.
    #[must_use]
    pub fn heading(self) -> &'static str {
        self.entry().heading
    }

    /// Its unit; empty for a share.
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.entry().unit
    }

    /// Whether more of it is better.
    #[must_use]
    pub fn is_gain(self) -> bool {
        self.entry().is_gain
    }

    /// A value with its unit for siunitx, and its bounds behind it.
    pub(super) fn latex_of(self, candidate: &Candidate, scope: Scope) -> Option<String> {
        let value = self.latex(self.of(candidate, scope)?);
        Some(match self.range(candidate, scope) {
            None => value,
            Some(range) => format!(
                "{value} [{}~--~{}]",
                self.latex(range.low),
                self.latex(range.high)
            ),
        })
    }

    /// A value with its unit for siunitx.
    fn latex(self, value: f64) -> String {
        match self.unit() {
            "" => format!("\\SI{{{:.2}}}{{\\percent}}", 100.0 * value),
            "Js" => quantity(value, "Js", "\\joule\\second"),
            "J" => quantity(value, "J", "\\joule"),
            "s" => quantity(value, "s", "\\second"),
            _ => quantity(value, "g", "\\gram"),
        }
    }
}

/// Bounds that a candidate must keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// The figure.
    pub metric: Metric,
    /// Smallest value that is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value that is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl Constraint {
    /// Whether a candidate keeps the bounds. An unknown figure does not.
    #[must_use]
    pub fn holds(&self, candidate: &Candidate, scope: Scope) -> bool {
        self.metric.of(candidate, scope).is_some_and(|value| {
            self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
        })
    }
}
