//! `sensitivity.csv` and `monte_carlo.csv`: which figure matters, and how totals spread.

use super::csv::{CsvColumn, float, maybe, table, word};
use super::escape::cell;
use super::mark::{of_distribution, of_sensitivity};
use super::{ExportError, Exporter};
use crate::result::{EnergyDistribution, Report, Scope, Sensitivity, Swing};

/// Writes `sensitivity.csv`: a row per target and figure, largest swing first.
pub struct SensitivityCsv;

/// Writes `monte_carlo.csv`: a row per target and scope; without draws no rows.
pub struct MonteCarloCsv;

/// A figure, and whether the total includes unverified ones.
type MarkedSwing = (Swing, bool);

static SENSITIVITY: [CsvColumn<Sensitivity, MarkedSwing>; 15] = [
    ("target", |s, _| cell(&s.target)),
    ("workload", |s, _| word(&s.workload)),
    ("batch", |s, _| s.batch.to_string()),
    ("scope", |s, _| word(&s.scope)),
    ("figure", |_, (w, _)| cell(&w.figure)),
    ("figure_low_as_written", |_, (w, _)| float(w.written.low)),
    ("figure_nominal_as_written", |_, (w, _)| {
        float(w.written.nominal)
    }),
    ("figure_high_as_written", |_, (w, _)| float(w.written.high)),
    ("figure_unit", |_, (w, _)| cell(&w.unit)),
    ("confidence", |_, (w, _)| cell(&w.confidence)),
    ("energy_nominal_j", |s, _| float(s.nominal_j)),
    ("energy_at_low_figure_j", |_, (w, _)| float(w.at_low_j)),
    ("energy_at_high_figure_j", |_, (w, _)| float(w.at_high_j)),
    ("unverified", |_, (w, _)| w.unverified.to_string()),
    ("total_unverified", |_, (_, total)| total.to_string()),
];

static MONTE_CARLO: [CsvColumn<EnergyDistribution, (Scope, bool)>; 11] = [
    ("target", |d, _| cell(&d.target)),
    ("workload", |d, _| word(&d.workload)),
    ("batch", |d, _| d.batch.to_string()),
    ("scope", |_, (s, _)| word(s)),
    ("energy_q05_j", |d, (s, _)| maybe(d.get(*s).map(|q| q.q05))),
    ("energy_q25_j", |d, (s, _)| maybe(d.get(*s).map(|q| q.q25))),
    ("energy_q50_j", |d, (s, _)| maybe(d.get(*s).map(|q| q.q50))),
    ("energy_q75_j", |d, (s, _)| maybe(d.get(*s).map(|q| q.q75))),
    ("energy_q95_j", |d, (s, _)| maybe(d.get(*s).map(|q| q.q95))),
    ("energy_mean_j", |d, (s, _)| {
        maybe(d.get(*s).map(|q| q.mean))
    }),
    ("unverified", |_, (_, unverified)| unverified.to_string()),
];

impl Exporter for SensitivityCsv {
    fn file_name(&self) -> &'static str {
        "sensitivity.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let mut rows: Vec<(&Sensitivity, MarkedSwing)> = Vec::new();
        for of in &report.sensitivities {
            let unverified = of_sensitivity(report, of);
            rows.extend(
                of.swings
                    .iter()
                    .map(|swing| (of, (swing.clone(), unverified))),
            );
        }
        let rows = rows.iter().map(|(of, row)| (*of, row));
        table(self.file_name(), &SENSITIVITY, rows)
    }
}

impl Exporter for MonteCarloCsv {
    fn file_name(&self) -> &'static str {
        "monte_carlo.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let mut rows: Vec<(&EnergyDistribution, (Scope, bool))> = Vec::new();
        for of in &report.distributions {
            rows.extend(Scope::ALL.map(|scope| (of, (scope, of_distribution(report, of, scope)))));
        }
        let rows = rows.iter().map(|(of, row)| (*of, row));
        table(self.file_name(), &MONTE_CARLO, rows)
    }
}
