//! How a run spreads over layers, timesteps and neurons: the data of figures, and as tables.

use super::csv::{Column as CsvColumn, float, maybe, table};
use super::escape::cell;
use super::{ExportError, Exporter, Report, Roof, Scope};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// What a run did and paid where and when.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// How differently the neurons of each population fire.
    pub rates: Vec<RateSpread>,
    /// Energy against the number of timesteps, per spiking target.
    pub timesteps: Vec<TimeCurve>,
    /// Energy of each layer, per spiking target.
    pub layers: Vec<LayerBill>,
    /// What conventional targets can reach and what the network reaches there.
    pub roofs: Vec<Roof>,
}

impl Profile {
    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Profile::default()
    }
}

/// Shares of neurons of [`RateSpread::quantiles`].
pub const RATE_SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// Mean rates of the neurons of a population over all samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RateSpread {
    /// Name of the population.
    pub population: String,
    /// Number of neurons.
    pub neurons: u64,
    /// Share of neurons that never fire on any sample, 0 to 1.
    pub silent: f64,
    /// Rate [spikes per timestep] that the shares [`RATE_SHARES`] of neurons do not exceed: the
    /// smallest, the quartiles and the largest among them.
    pub quantiles: [f64; RATE_SHARES.len()],
}

impl RateSpread {
    /// Sorts the spikes of the neurons of a population, summed over `observed` timesteps of all
    /// samples together; `None` without neurons or timesteps.
    #[must_use]
    pub fn of(population: &str, spikes: &[u64], observed: u64) -> Option<Self> {
        let last = spikes.len().checked_sub(1).filter(|_| observed > 0)?;
        let mut sorted = spikes.to_vec();
        sorted.sort_unstable();
        let silent = sorted.partition_point(|&spikes| spikes == 0);
        let rate = |share: f64| {
            // The smallest neuron that so many do not exceed.
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted[rank.saturating_sub(1).min(last)] as f64 / observed as f64
        };
        Some(RateSpread {
            population: population.to_owned(),
            neurons: sorted.len() as u64,
            silent: silent as f64 / sorted.len() as f64,
            quantiles: RATE_SHARES.map(rate),
        })
    }
}

/// Energy of the spiking network if it stopped after some timesteps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimePoint {
    /// Timesteps.
    pub timesteps: u32,
    /// Energy per inference [J] in each scope, in the order of [`Scope::ALL`]; `None` if unknown.
    pub energy_j: [Option<Range>; 3],
}

/// Energy of the spiking network on one target against its timesteps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeCurve {
    /// Name of the target.
    pub target: String,
    /// By rising timesteps, the last one those of the run.
    pub points: Vec<TimePoint>,
}

/// Nominal energy per inference on one target by the population whose events it is spent on: the
/// synapses into it, its updates, its spikes and the packets it sends. Sums to the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerBill {
    /// Name of the target.
    pub target: String,
    /// Populations in the order of the network: name and dynamic energy [J].
    pub layers: Vec<(String, f64)>,
    /// Dynamic energy that no population has to itself [J].
    pub common_j: f64,
    /// What the device draws whether anything happens or not [J].
    pub static_j: f64,
}

/// Writes `layers.csv`: a row per spiking target and layer. pgfplots reads this and the other tables
/// with `table [x expr=\\coordindex, y=energy_nominal_j, col sep=comma] {layers.csv}`.
pub struct LayersCsv;

/// Writes `timesteps.csv`: a row per spiking target and number of timesteps.
pub struct TimestepsCsv;

/// Writes `rates.csv`: a row per population.
pub struct RatesCsv;

static LAYERS: [CsvColumn<LayerBill, (String, f64)>; 3] = [
    ("target", |bill, _| cell(&bill.target)),
    ("layer", |_, row| cell(&row.0)),
    ("energy_nominal_j", |_, row| float(row.1)),
];

static TIMESTEPS: [CsvColumn<Report, (String, TimePoint)>; 6] = [
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

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let bills: Vec<(&LayerBill, Vec<(String, f64)>)> = (report.profile.layers.iter())
            .map(|bill| (bill, bill.rows()))
            .collect();
        let rows = bills
            .iter()
            .flat_map(|(bill, rows)| rows.iter().map(move |row| (*bill, row)));
        table(&LAYERS, rows, out).map_err(ExportError::io(self.file_name()))
    }
}

impl LayerBill {
    /// Every part with its energy [J]: populations, what they have in common, static.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, f64)> {
        let rest = [
            ("common to all layers".to_owned(), self.common_j),
            ("static".to_owned(), self.static_j),
        ];
        let layers = self.layers.iter().cloned();
        layers
            .chain(rest)
            .filter(|(_, joules)| *joules > 0.0)
            .collect()
    }
}

impl Exporter for TimestepsCsv {
    fn file_name(&self) -> &'static str {
        "timesteps.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
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
        table(&TIMESTEPS, rows, out).map_err(ExportError::io(self.file_name()))
    }
}

impl Exporter for RatesCsv {
    fn file_name(&self) -> &'static str {
        "rates.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let rows = report.profile.rates.iter().map(|spread| (&(), spread));
        table(&RATES, rows, out).map_err(ExportError::io(self.file_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_quantiles_of_rates() {
        // Ten neurons, 10 timesteps: 0, 0, 1 … 8 spikes.
        let spikes = [8, 0, 1, 2, 3, 0, 4, 5, 6, 7];
        let spread = RateSpread::of("p", &spikes, 10).unwrap();
        assert_eq!(spread.silent, 0.2);
        assert_eq!(spread.quantiles, [0.0, 0.0, 0.1, 0.3, 0.6, 0.8, 0.8]);
        assert_eq!(RateSpread::of("p", &[], 10), None);
        assert_eq!(RateSpread::of("p", &[1], 0), None);
    }
}
