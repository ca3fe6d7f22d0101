//! Where the verdict flips: the spike rate, the number of timesteps or the period at which the
//! spiking network and a baseline cost the same.

use super::csv::{CsvColumn, float, maybe, table, word};
use super::escape::cell;
use super::{ExportError, Exporter};
use crate::result::{Crossing, Meeting, Report};

/// Writes `crossover.csv`: a row per scope, spiking target and baseline.
pub struct CrossoverCsv;

static COLUMNS: [CsvColumn<(), Crossing>; 14] = [
    ("scope", |(), c| word(&c.scope)),
    ("snn_target", |(), c| cell(&c.snn)),
    ("baseline_target", |(), c| cell(&c.baseline)),
    ("baseline_workload", |(), c| word(&c.workload)),
    ("baseline_batch", |(), c| c.batch.to_string()),
    ("baseline_j", |(), c| float(c.baseline_j.nominal)),
    ("baseline_unverified", |(), c| c.unverified.to_string()),
    ("rate_spikes_per_neuron_timestep", |(), c| rate(c.rate)),
    ("rate_pessimistic_spikes_per_neuron_timestep", |(), c| {
        rate(c.rate_pessimistic)
    }),
    ("rate_optimistic_spikes_per_neuron_timestep", |(), c| {
        rate(c.rate_optimistic)
    }),
    ("timesteps", |(), c| maybe(c.timesteps)),
    ("period_s", |(), c| maybe(c.period_s)),
    ("snn_cheaper", |(), c| match c.rate {
        Meeting::AlwaysBelow => "at any rate".into(),
        Meeting::NeverBelow => "at no rate".into(),
        Meeting::At(_) => "below the rate".into(),
    }),
    ("snn_unverified", |(), c| c.snn_unverified.to_string()),
];

/// The rate, empty where there is none.
fn rate(meeting: Meeting) -> String {
    match meeting {
        Meeting::At(rate) => float(rate),
        Meeting::AlwaysBelow | Meeting::NeverBelow => String::new(),
    }
}

impl Exporter for CrossoverCsv {
    fn file_name(&self) -> &'static str {
        "crossover.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows = report.crossovers.iter().map(|crossing| (&(), crossing));
        table(self.file_name(), &COLUMNS, rows)
    }
}

impl Meeting {
    /// The rate as a percentage, or in words.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Meeting::AlwaysBelow => "any".into(),
            Meeting::NeverBelow => "none".into(),
            Meeting::At(rate) if rate < 1e-4 => format!("{:.1e} %", rate * 100.0),
            Meeting::At(rate) if rate < 0.01 => format!("{:.3} %", rate * 100.0),
            Meeting::At(rate) => format!("{:.2} %", rate * 100.0),
        }
    }
}
