//! `footprint.csv`: what a target's inferences draw, emit and cost.

use super::csv::{maybe, table};
use super::escape::cell;
use super::{ExportError, Exporter};
use crate::result::{Footprint, Report, TargetReport};

/// Writes `footprint.csv`: a row per target and scale.
pub struct FootprintCsv;

/// A scale and what stands for it.
type Row = (&'static str, Footprint);

static COLUMNS: [super::csv::CsvColumn<TargetReport, Row>; 17] = [
    ("target", |t, _| cell(&t.name)),
    ("workload", |t, _| t.workload.label().to_lowercase()),
    ("batch", |t, _| t.batch.to_string()),
    ("per", |_, (name, _)| (*name).to_owned()),
    ("energy_low_kwh", |_, (_, f)| {
        maybe(f.energy_kwh.map(|v| v.low))
    }),
    ("energy_nominal_kwh", |_, (_, f)| {
        maybe(f.energy_kwh.map(|v| v.nominal))
    }),
    ("energy_high_kwh", |_, (_, f)| {
        maybe(f.energy_kwh.map(|v| v.high))
    }),
    ("carbon_low_g", |_, (_, f)| maybe(f.carbon_g.map(|v| v.low))),
    ("carbon_nominal_g", |_, (_, f)| {
        maybe(f.carbon_g.map(|v| v.nominal))
    }),
    ("carbon_high_g", |_, (_, f)| {
        maybe(f.carbon_g.map(|v| v.high))
    }),
    ("embodied_low_g", |_, (_, f)| {
        maybe(f.embodied_g.map(|v| v.low))
    }),
    ("embodied_nominal_g", |_, (_, f)| {
        maybe(f.embodied_g.map(|v| v.nominal))
    }),
    ("embodied_high_g", |_, (_, f)| {
        maybe(f.embodied_g.map(|v| v.high))
    }),
    ("cost_low_currency", |_, (_, f)| {
        maybe(f.cost.map(|v| v.low))
    }),
    ("cost_nominal_currency", |_, (_, f)| {
        maybe(f.cost.map(|v| v.nominal))
    }),
    ("cost_high_currency", |_, (_, f)| {
        maybe(f.cost.map(|v| v.high))
    }),
    ("unverified", |t, _| t.is_unverified().to_string()),
];

impl Exporter for FootprintCsv {
    fn file_name(&self) -> &'static str {
        "footprint.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows: Vec<(&TargetReport, Row)> = report
            .targets
            .iter()
            .flat_map(|t| t.footprint.scales().map(move |(per, f)| (t, (per, *f))))
            .collect();
        let rows = rows.iter().map(|(target, row)| (*target, row));
        table(self.file_name(), &COLUMNS, rows)
    }
}
