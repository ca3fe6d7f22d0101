//! `footprint.csv`: what a target's inferences draw, emit and cost.

use super::csv::{maybe, table};
use super::escape::cell;
use super::{ExportError, Exporter, Report, TargetReport};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// Energy, carbon and money of a number of inferences; `None` where something is not known or not
/// stated.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Footprint {
    /// Energy with the overhead of the building [kWh].
    pub energy_kwh: Option<Range>,
    /// Carbon of that energy [g CO2e].
    pub carbon_g: Option<Range>,
    /// Share of the carbon of making the device [g CO2e].
    pub embodied_g: Option<Range>,
    /// Price of that energy, in the currency of the price.
    pub cost: Option<Range>,
}

impl Footprint {
    /// That of `number` times as many inferences.
    #[must_use]
    pub fn times(&self, number: f64) -> Self {
        let times = |value: Option<Range>| value.map(|value| value * number);
        Footprint {
            energy_kwh: times(self.energy_kwh),
            carbon_g: times(self.carbon_g),
            embodied_g: times(self.embodied_g),
            cost: times(self.cost),
        }
    }
}

/// A target's footprint on three scales.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Footprints {
    /// Of one inference.
    pub per_inference: Footprint,
    /// Of a million inferences.
    pub per_million: Footprint,
    /// Of a year (8760 h) at the stated period; `None` without one.
    pub per_year: Option<Footprint>,
}

impl Footprints {
    /// The scales that are known, with their names.
    pub fn scales(&self) -> impl Iterator<Item = (&'static str, &Footprint)> {
        [
            ("inference", Some(&self.per_inference)),
            ("million inferences", Some(&self.per_million)),
            ("year", self.per_year.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, footprint)| Some((name, footprint?)))
    }
}

/// Writes `footprint.csv`: a row per target and scale.
pub struct FootprintCsv;

/// A scale and what stands for it.
type Row = (&'static str, Footprint);

static COLUMNS: [super::csv::Column<TargetReport, Row>; 16] = [
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
];

impl Exporter for FootprintCsv {
    fn file_name(&self) -> &'static str {
        "footprint.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let rows: Vec<(&TargetReport, Row)> = report
            .targets
            .iter()
            .flat_map(|t| t.footprint.scales().map(move |(per, f)| (t, (per, *f))))
            .collect();
        let rows = rows.iter().map(|(target, row)| (*target, row));
        table(&COLUMNS, rows, out).map_err(ExportError::io(self.file_name()))
    }
}
