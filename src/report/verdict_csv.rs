//! `verdict.csv`: who is cheaper, question by question.

use super::csv::{CsvColumn, float, maybe, table, word};
use super::escape::cell;
use super::{ExportError, Exporter};
use crate::result::{NumberFormat, Report, Verdict};

/// Writes `verdict.csv`: a row per question; without a pair that may meet, its winner is empty.
pub struct VerdictCsv;

static COLUMNS: [CsvColumn<(), Verdict>; 23] = [
    ("question", |(), v| word(&v.question)),
    ("scope", |(), v| word(&v.scope)),
    ("condition", |(), v| word(&v.condition)),
    ("class", |(), v| cell(&v.class)),
    ("format", |(), v| format(v.terms.format)),
    ("other_format", |(), v| format(v.terms.other_format)),
    ("first_layer", |(), v| word(&v.terms.first_layer)),
    ("accuracy_tolerance_fraction", |(), v| {
        float(v.terms.accuracy_tolerance)
    }),
    ("period_s", |(), v| maybe(v.terms.period_s)),
    ("checked_figures_only", |(), v| {
        v.terms.checked_figures_only.to_string()
    }),
    ("winner", |(), v| text(v.winner.as_deref())),
    ("runner_up", |(), v| text(v.runner_up.as_deref())),
    ("factor_low", |(), v| maybe(v.factor.map(|f| f.low))),
    ("factor_nominal", |(), v| maybe(v.factor.map(|f| f.nominal))),
    ("factor_high", |(), v| maybe(v.factor.map(|f| f.high))),
    ("factor_least", |(), v| {
        maybe(v.factor_bounds.map(|f| f.low))
    }),
    ("factor_most", |(), v| {
        maybe(v.factor_bounds.map(|f| f.high))
    }),
    ("winner_energy_j", |(), v| energy(v, 0)),
    ("runner_up_energy_j", |(), v| energy(v, 1)),
    ("decided", |(), v| v.decided.to_string()),
    ("decisive_figure", |(), v| {
        text(v.decisive_figure.as_deref())
    }),
    ("sentence", |(), v| cell(&v.sentence)),
    ("unverified", |(), v| {
        v.parties.iter().any(|party| party.unverified).to_string()
    }),
];

fn format(format: Option<NumberFormat>) -> String {
    format.map_or_else(String::new, |format| format.to_string())
}

fn text(text: Option<&str>) -> String {
    text.map_or_else(String::new, cell)
}

fn energy(verdict: &Verdict, party: usize) -> String {
    maybe(
        verdict
            .parties
            .get(party)
            .map(|found| found.energy_j.nominal),
    )
}

impl Exporter for VerdictCsv {
    fn file_name(&self) -> &'static str {
        "verdict.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let verdicts = report.verdicts();
        table(
            self.file_name(),
            &COLUMNS,
            verdicts.iter().map(|v| (&(), v)),
        )
    }
}
