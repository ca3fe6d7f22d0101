//! `sensitivity.csv` and `monte_carlo.csv`: which figure matters, and how totals spread.

use super::csv::{Column, float, maybe, table, word};
use super::escape::cell;
use super::{ExportError, Exporter, Report, Scope, Workload};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// A total with one figure at its bounds and all others nominal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Swing {
    /// The figure, `section.key`.
    pub figure: String,
    /// Its value as the cost table writes it.
    pub written: Range,
    /// Its unit.
    pub unit: String,
    /// Energy per inference with the figure at its lower bound [J].
    pub at_low_j: f64,
    /// Energy per inference with the figure at its upper bound [J].
    pub at_high_j: f64,
    /// How the figure was checked.
    pub confidence: String,
}

/// How the total of a target follows each of its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Name of the target.
    pub target: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Inferences that run together.
    pub batch: u64,
    /// What the energies include.
    pub scope: Scope,
    /// Energy per inference with every figure nominal [J].
    pub nominal_j: f64,
    /// The figures, largest swing first.
    pub swings: Vec<Swing>,
}

/// Quantiles of an energy [J] over random figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// 5 % of the draws lie below.
    pub q05: f64,
    /// 25 %.
    pub q25: f64,
    /// Half.
    pub q50: f64,
    /// 75 %.
    pub q75: f64,
    /// 95 %.
    pub q95: f64,
    /// Mean of the draws.
    pub mean: f64,
}

impl Quantiles {
    /// Quantiles of values: linear between the nearest two. `None` without values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let below = place.floor() as usize;
            let above = (below + 1).min(last);
            values[below] + (values[above] - values[below]) * (place - below as f64)
        };
        Some(Quantiles {
            q05: at(0.05),
            q25: at(0.25),
            q50: at(0.5),
            q75: at(0.75),
            q95: at(0.95),
            mean: values.iter().sum::<f64>() / values.len() as f64,
        })
    }
}

/// How the energy of a target spreads under random figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Name of the target.
    pub target: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Inferences that run together.
    pub batch: u64,
    /// In each scope, in the order of [`Scope::ALL`]; `None` if unknown.
    pub scopes: [Option<Quantiles>; 3],
}

/// Writes `sensitivity.csv`: a row per target and figure, largest swing first.
pub struct SensitivityCsv;

/// Writes `monte_carlo.csv`: a row per target and scope; without draws no rows.
pub struct MonteCarloCsv;

static SENSITIVITY: [Column<Sensitivity, Swing>; 13] = [
    ("target", |s, _| cell(&s.target)),
    ("workload", |s, _| word(&s.workload)),
    ("batch", |s, _| s.batch.to_string()),
    ("scope", |s, _| word(&s.scope)),
    ("figure", |_, w| cell(&w.figure)),
    ("figure_low_as_written", |_, w| float(w.written.low)),
    ("figure_nominal_as_written", |_, w| float(w.written.nominal)),
    ("figure_high_as_written", |_, w| float(w.written.high)),
    ("figure_unit", |_, w| cell(&w.unit)),
    ("confidence", |_, w| cell(&w.confidence)),
    ("energy_nominal_j", |s, _| float(s.nominal_j)),
    ("energy_at_low_figure_j", |_, w| float(w.at_low_j)),
    ("energy_at_high_figure_j", |_, w| float(w.at_high_j)),
];

static MONTE_CARLO: [Column<Distribution, Scope>; 10] = [
    ("target", |d, _| cell(&d.target)),
    ("workload", |d, _| word(&d.workload)),
    ("batch", |d, _| d.batch.to_string()),
    ("scope", |_, s| word(s)),
    ("energy_q05_j", |d, s| maybe(d.get(*s).map(|q| q.q05))),
    ("energy_q25_j", |d, s| maybe(d.get(*s).map(|q| q.q25))),
    ("energy_q50_j", |d, s| maybe(d.get(*s).map(|q| q.q50))),
    ("energy_q75_j", |d, s| maybe(d.get(*s).map(|q| q.q75))),
    ("energy_q95_j", |d, s| maybe(d.get(*s).map(|q| q.q95))),
    ("energy_mean_j", |d, s| maybe(d.get(*s).map(|q| q.mean))),
];

impl Distribution {
    /// Quantiles in a scope.
    #[must_use]
    pub fn get(&self, scope: Scope) -> Option<Quantiles> {
        self.scopes[scope as usize]
    }
}

impl Exporter for SensitivityCsv {
    fn file_name(&self) -> &'static str {
        "sensitivity.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let targets = report.sensitivities.iter();
        let rows = targets.flat_map(|s| s.swings.iter().map(move |swing| (s, swing)));
        table(&SENSITIVITY, rows, out).map_err(ExportError::io(self.file_name()))
    }
}

impl Exporter for MonteCarloCsv {
    fn file_name(&self) -> &'static str {
        "monte_carlo.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let rows = report
            .distributions
            .iter()
            .flat_map(|d| Scope::ALL.iter().map(move |scope| (d, scope)));
        table(&MONTE_CARLO, rows, out).map_err(ExportError::io(self.file_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_quantiles() {
        let quantiles = Quantiles::of((0..=100).rev().map(f64::from).collect()).expect("values");
        assert_eq!(
            (quantiles.q05, quantiles.q50, quantiles.q95),
            (5.0, 50.0, 95.0)
        );
        assert_eq!(quantiles.mean, 50.0);
        assert_eq!(Quantiles::of(vec![]), None);
    }
}
