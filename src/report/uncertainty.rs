//! `sensitivity.csv` and `monte_carlo.csv`: which figure matters, and how totals spread.

use super::csv::{CsvColumn, float, maybe, table, word};
use super::escape::cell;
use super::{ExportError, Exporter};
use crate::result::{EnergyDistribution, Report, Scope, Sensitivity, Swing};

/// Writes `sensitivity.csv`: a row per target and figure, largest swing first.
pub struct SensitivityCsv;

/// Writes `monte_carlo.csv`: a row per target and scope; without draws no rows.
pub struct MonteCarloCsv;

static SENSITIVITY: [CsvColumn<Sensitivity, Swing>; 14] = [
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
    ("unverified", |_, w| w.unverified.to_string()),
];

static MONTE_CARLO: [CsvColumn<EnergyDistribution, Scope>; 10] = [
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

impl Exporter for SensitivityCsv {
    fn file_name(&self) -> &'static str {
        "sensitivity.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let targets = report.sensitivities.iter();
        let rows = targets.flat_map(|s| s.swings.iter().map(move |swing| (s, swing)));
        table(self.file_name(), &SENSITIVITY, rows)
    }
}

impl Exporter for MonteCarloCsv {
    fn file_name(&self) -> &'static str {
        "monte_carlo.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows = report
            .distributions
            .iter()
            .flat_map(|d| Scope::ALL.iter().map(move |scope| (d, scope)));
        table(self.file_name(), &MONTE_CARLO, rows)
    }
}
