//! How a run spreads over layers, timesteps and neurons: the data of figures, and as tables.

use super::csv::{CsvColumn, float, maybe, table};
use super::escape::cell;
use super::mark::of_spiking;
use super::{ExportError, Exporter};
use crate::result::{LayerBill, RateSpread, Report, Scope, TimePoint};

/// Writes `layers.csv`: a row per spiking target and layer. pgfplots reads this and the other tables
/// with `table [x expr=\\coordindex, y=energy_nominal_j, col sep=comma] {layers.csv}`.
pub struct LayersCsv;

/// Writes `timesteps.csv`: a row per spiking target and number of timesteps.
pub struct TimestepsCsv;

/// Writes `rates.csv`: a row per population.
pub struct RatesCsv;

/// A part of a bill, its energy [J], and whether the bill includes unverified figures.
type Part = (String, f64, bool);

static LAYERS: [CsvColumn<LayerBill, Part>; 4] = [
    ("target", |bill, _| cell(&bill.target)),
    ("layer", |_, row| cell(&row.0)),
    ("energy_nominal_j", |_, row| float(row.1)),
    ("unverified", |_, row| row.2.to_string()),
];

static TIMESTEPS: [CsvColumn<Report, (String, TimePoint)>; 9] = [
    ("target", |_, row| cell(&row.0)),
    ("timesteps", |_, row| row.1.timesteps.to_string()),
    ("accuracy_fraction", |report, row| {
        let last = (row.1.timesteps as usize).checked_sub(1);
        let accuracy = report.accuracy.as_ref().zip(last);
        maybe(accuracy.and_then(|(a, last)| a.snn_per_timestep.get(last).copied()))
    }),
    ("compute_nominal_j", |_, row| nominal(row, Scope::Compute)),
    ("memory_routing_nominal_j", |_, row| {
        nominal(row, Scope::MemoryRouting)
    }),
    ("system_nominal_j", |_, row| nominal(row, Scope::System)),
    ("compute_unverified", |report, row| {
        of_spiking(report, &row.0, Scope::Compute).to_string()
    }),
    ("memory_routing_unverified", |report, row| {
        of_spiking(report, &row.0, Scope::MemoryRouting).to_string()
    }),
    ("system_unverified", |report, row| {
        of_spiking(report, &row.0, Scope::System).to_string()
    }),
];

static RATES: [CsvColumn<(), RateSpread>; 10] = [
    ("population", |(), row| cell(&row.population)),
    ("neurons", |(), row| row.neurons.to_string()),
    ("silent_fraction", |(), row| float(row.silent)),
    ("rate_min", |(), row| float(row.quantiles[0])),
    ("rate_q05", |(), row| float(row.quantiles[1])),
    ("rate_q25", |(), row| float(row.quantiles[2])),
    ("rate_q50", |(), row| float(row.quantiles[3])),
    ("rate_q75", |(), row| float(row.quantiles[4])),
    ("rate_q95", |(), row| float(row.quantiles[5])),
    ("rate_max", |(), row| float(row.quantiles[6])),
];

fn nominal((_, point): &(String, TimePoint), scope: Scope) -> String {
    maybe(point.energy_j[scope as usize].map(|energy| energy.nominal))
}

impl Exporter for LayersCsv {
    fn file_name(&self) -> &'static str {
        "layers.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let mut rows: Vec<(&LayerBill, Part)> = Vec::new();
        for bill in &report.profile.layers {
            let unverified = of_spiking(report, &bill.target, Scope::System);
            let parts = bill.rows().into_iter();
            rows.extend(parts.map(|(layer, joules)| (bill, (layer, joules, unverified))));
        }
        let rows = rows.iter().map(|(bill, row)| (*bill, row));
        table(self.file_name(), &LAYERS, rows)
    }
}

impl Exporter for TimestepsCsv {
    fn file_name(&self) -> &'static str {
        "timesteps.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let curves = report.profile.timesteps.iter();
        let rows: Vec<(String, TimePoint)> = curves
            .flat_map(|curve| {
                curve
                    .points
                    .iter()
                    .map(|point| (curve.target.clone(), *point))
            })
            .collect();
        let rows = rows.iter().map(|row| (report, row));
        table(self.file_name(), &TIMESTEPS, rows)
    }
}

impl Exporter for RatesCsv {
    fn file_name(&self) -> &'static str {
        "rates.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows = report.profile.rates.iter().map(|spread| (&(), spread));
        table(self.file_name(), &RATES, rows)
    }
}
