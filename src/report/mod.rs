//! The result of a run as plain data, and the exporters that write it.

mod bibliography;
pub(crate) mod canvas;
mod crossover;
mod crossover_figure;
mod csv;
mod curve;
mod doctor;
pub(crate) mod escape;
mod figure;
mod folder;
mod footprint;
mod json;
mod latex;
mod layers_figure;
mod log_plot;
mod look;
mod methods;
mod paper;
pub(crate) mod pdf;
mod profile;
mod profile_tables;
mod raster;
mod raster_figure;
mod reproduction;
mod roof;
mod roofline_figure;
mod roofline_table;
mod scope;
mod sections;
mod spread_figure;
mod text;
mod timesteps_figure;
mod tornado_figure;
mod uncertainty;
mod verdict;

pub use self::csv::{BreakdownCsv, PopulationsCsv, TargetsCsv};
pub use bibliography::Bibliography;
pub use canvas::{Pdf, Png, Svg};
pub use crossover::{Crossing, CrossoverCsv, Meeting, RateCurve, RatePoint};
pub use crossover_figure::CrossoverFigure;
pub use curve::{curve_png, curve_svg};
pub use doctor::{curve_csv, doctor_csv, doctor_text};
pub use figure::EnergyFigure;
pub use folder::{
    FileEntry, FolderError, InputEntry, MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, OutputFolder,
    TableEntry,
};
pub use footprint::{Footprint, FootprintCsv, Footprints};
pub use json::Json;
pub use latex::Latex;
pub(crate) use latex::quantity;
pub use layers_figure::Layers;
pub use methods::Methods;
pub use paper::{Rates, Waterfall};
pub use profile::{
    LayerBill, LayersCsv, Profile, RATE_SHARES, RateSpread, RatesCsv, TimeCurve, TimePoint,
    TimestepsCsv,
};
pub use profile_tables::{LayersTable, RatesTable, ReceiptTable, TimestepsTable};
pub use raster::{Band, Cells, Marks, RasterPicture, SHADES, SpikeSource};
pub use raster_figure::raster_files;
pub use reproduction::{Aspect, Difference, LinePair, differences, first_line};
pub use roof::{Limit, Roof, RooflineCsv};
pub use roofline_figure::Roofline;
pub use roofline_table::RooflineTable;
pub use scope::{Bill, Column, Scope, Scopes};
pub use spread_figure::Spread;
pub use text::{Text, WIDTH};
pub use timesteps_figure::Timesteps;
pub use tornado_figure::TornadoFigure;
pub use uncertainty::{Distribution, MonteCarloCsv, Quantiles, Sensitivity, SensitivityCsv, Swing};
pub use verdict::{
    Comparison, Contender, Crossover, Excluded, Outcome, Reason, Restriction, ScopeVerdict, Side,
    Verdict, verdict,
};

use crate::counts::NeuroBench;
use crate::energy::{MonteCarlo, Usage};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// Writes a report as one file.
pub trait Exporter: Sync {
    /// Name of the file in the output folder.
    fn file_name(&self) -> &'static str;

    /// Writes the file. The same report gives the same bytes.
    ///
    /// # Errors
    /// If `out` refuses, or the report cannot be expressed in the format.
    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError>;
}

/// What `report` writes of a result for a paper: figures, the data behind them, tables, text and
/// sources. A new figure is its lines here.
pub static PAPER: [&dyn Exporter; 64] = [
    &Pdf(EnergyFigure::<true>),
    &Svg(EnergyFigure::<false>),
    &Png(EnergyFigure::<false>),
    &Pdf(EnergyFigure::<false>),
    &Pdf(CrossoverFigure::<true>),
    &Svg(CrossoverFigure::<false>),
    &Png(CrossoverFigure::<false>),
    &Pdf(CrossoverFigure::<false>),
    &Pdf(TornadoFigure::<true>),
    &Svg(TornadoFigure::<false>),
    &Png(TornadoFigure::<false>),
    &Pdf(TornadoFigure::<false>),
    &Svg(Waterfall::<true>),
    &Png(Waterfall::<true>),
    &Pdf(Waterfall::<true>),
    &Svg(Waterfall::<false>),
    &Png(Waterfall::<false>),
    &Pdf(Waterfall::<false>),
    &Svg(Layers::<true>),
    &Png(Layers::<true>),
    &Pdf(Layers::<true>),
    &Svg(Layers::<false>),
    &Png(Layers::<false>),
    &Pdf(Layers::<false>),
    &Svg(Timesteps::<true>),
    &Png(Timesteps::<true>),
    &Pdf(Timesteps::<true>),
    &Svg(Timesteps::<false>),
    &Png(Timesteps::<false>),
    &Pdf(Timesteps::<false>),
    &Svg(Rates::<true>),
    &Png(Rates::<true>),
    &Pdf(Rates::<true>),
    &Svg(Rates::<false>),
    &Png(Rates::<false>),
    &Pdf(Rates::<false>),
    &Svg(Spread::<true>),
    &Png(Spread::<true>),
    &Pdf(Spread::<true>),
    &Svg(Spread::<false>),
    &Png(Spread::<false>),
    &Pdf(Spread::<false>),
    &Svg(Roofline::<true>),
    &Png(Roofline::<true>),
    &Pdf(Roofline::<true>),
    &Svg(Roofline::<false>),
    &Png(Roofline::<false>),
    &Pdf(Roofline::<false>),
    &Latex,
    &LayersTable,
    &TimestepsTable,
    &RatesTable,
    &ReceiptTable,
    &RooflineTable,
    &Methods,
    &Bibliography,
    &PopulationsCsv,
    &TargetsCsv,
    &CrossoverCsv,
    &LayersCsv,
    &TimestepsCsv,
    &RatesCsv,
    &RooflineCsv,
    &BreakdownCsv,
];

/// Every exporter, in the order in which files are written. A new one is a line here.
pub static EXPORTERS: [&dyn Exporter; 17] = [
    &Json,
    &PopulationsCsv,
    &TargetsCsv,
    &BreakdownCsv,
    &CrossoverCsv,
    &FootprintCsv,
    &SensitivityCsv,
    &MonteCarloCsv,
    &Latex,
    &Bibliography,
    &Svg(EnergyFigure::<true>),
    &Png(EnergyFigure::<true>),
    &Svg(CrossoverFigure::<true>),
    &Png(CrossoverFigure::<true>),
    &Svg(TornadoFigure::<true>),
    &Png(TornadoFigure::<true>),
    &Methods,
];

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output refused.
    #[error("{file}: cannot write: {source}; check that the disk has space and can be written")]
    Io {
        /// Name of the file.
        file: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A figure could not be drawn.
    #[error("{file}: cannot draw: {message}")]
    Figure {
        /// Name of the file.
        file: &'static str,
        /// What the drawing library said.
        message: String,
    },
}

impl ExportError {
    /// Puts the file's name to an error of the system.
    fn io(file: &'static str) -> impl Fn(std::io::Error) -> ExportError {
        move |source| ExportError::Io { file, source }
    }
}

/// Whether a figure was computed from a model, simulated in detail, or metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Counts times published costs.
    Modelled,
    /// A detailed hardware simulation.
    Simulated,
    /// A power meter.
    Measured,
}

/// Which network a target executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// The spiking network.
    Snn,
    /// The original network.
    Ann,
    /// The original network quantised to the bits that T timesteps can carry.
    Qann,
    /// The original network without its smallest weights.
    Pann,
}

impl Workload {
    /// All of them, the spiking network first.
    pub const ALL: [Workload; 4] = [Workload::Snn, Workload::Ann, Workload::Qann, Workload::Pann];

    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Workload::Snn => "SNN",
            Workload::Ann => "ANN",
            Workload::Qann => "qANN",
            Workload::Pann => "pANN",
        }
    }

    /// The colour of the network in every figure and on every screen \[red, green, blue\].
    ///
    /// Source: Okabe and Ito 2008, "Color Universal Design".
    #[must_use]
    pub fn colour(self) -> [u8; 3] {
        match self {
            Workload::Snn => [0, 114, 178],
            Workload::Ann => [213, 94, 0],
            Workload::Qann => [0, 158, 115],
            Workload::Pann => [204, 121, 167],
        }
    }
}

/// Whether a line depends on activity or on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Paid per event.
    Dynamic,
    /// Paid per second.
    Static,
}

/// One line of a receipt: `count × joules each = joules`, with its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What is counted.
    pub event: String,
    /// Events per inference (seconds for a static line).
    pub count: f64,
    /// Nominal energy of one event [J] (power [W] for a static line).
    pub joules_each: f64,
    /// Nominal energy [J].
    pub joules: f64,
    /// Energy with each cost at its bounds [J].
    pub joules_range: Range,
    /// Dynamic or static.
    pub part: Part,
    /// What it pays for.
    #[serde(flatten)]
    pub bill: Bill,
    /// Figure of the cost table that prices one event, `section.key`; `None` where several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// Where the cost comes from.
    pub source: String,
    /// Whether nobody has checked the cost against its source.
    pub unverified: bool,
}

/// What one inference costs on one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetReport {
    /// Name of the target, as in `hardware list`; several batches and networks share it.
    pub name: String,
    /// Name to print.
    pub title: String,
    /// `neuromorphic`, `gpu`, `cpu`, `edge` or `accelerator`.
    pub kind: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Modelled, simulated or measured.
    pub evidence: Evidence,
    /// The widest scope that the cost table covers: what `energy_j` includes.
    pub scope: Scope,
    /// Whether the network fits the device.
    pub fits: bool,
    /// The limits that are exceeded, by name, with have and allowed.
    pub exceeded: Vec<String>,
    /// Chips in use.
    pub chips: u64,
    /// Neurocores in use; `None` where the word means nothing.
    pub cores: Option<u64>,
    /// Inferences that run together.
    pub batch: u64,
    /// Latency of one inference (of the whole batch) [s]; `None` where the model has no time.
    pub latency_s: Option<f64>,
    /// Inferences per second when one follows the other without a pause; on chips with neurocores,
    /// each population works on an inference of its own. `None` where the model has no time.
    #[serde(default)]
    pub throughput_per_s: Option<f64>,
    /// Total energy per inference [J]; `None` if any needed figure is unknown.
    pub energy_j: Option<Range>,
    /// Energy per inference in each scope.
    pub scopes: Scopes,
    /// Nominal dynamic part [J].
    pub dynamic_j: Option<f64>,
    /// Nominal static part [J].
    pub static_j: Option<f64>,
    /// Nominal energy-delay product [J·s].
    pub edp_js: Option<f64>,
    /// Carbon of the electricity, PUE included [g CO2e]; `None` unless the whole device is priced.
    pub carbon_g: Option<Range>,
    /// Part of the period in which it is busy, above 1 if it cannot keep up; `None` without a
    /// period.
    pub duty_cycle: Option<f64>,
    /// Energy, carbon and money per inference, per million and per year.
    pub footprint: Footprints,
    /// The receipt; its joules sum to the total.
    pub lines: Vec<Line>,
    /// Figures that are needed but not known, by name.
    pub unpriced: Vec<String>,
    /// Assumptions a reader should know.
    pub notes: Vec<String>,
    /// Error of the device's table against published measurements; `None` without any.
    #[serde(default)]
    pub model_error: Option<String>,
}

/// A population's figures per inference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PopulationReport {
    /// Name.
    pub name: String,
    /// Shape, `[n]` or `[C, H, W]`.
    pub shape: Vec<usize>,
    /// Neurons.
    pub neurons: u64,
    /// Synapses that enter the population.
    pub synapses: u64,
    /// Spikes.
    pub spikes_per_inference: f64,
    /// Those of them that take one back; absent in reports of before they were known.
    #[serde(default)]
    pub negative_spikes_per_inference: f64,
    /// Spikes per neuron and timestep.
    pub rate: f64,
    /// Synaptic operations received.
    pub synops_per_inference: f64,
    /// Multiply-accumulates received, evaluated in each timestep.
    pub macs_per_inference: f64,
    /// Multiply-accumulates received, with constant input multiplied once.
    pub macs_once_per_inference: f64,
    /// Neurons × timesteps.
    pub neuron_updates_per_inference: f64,
    /// Neuron-timesteps with any input or bias.
    pub touched_updates_per_inference: f64,
}

/// Sums over the populations.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Spikes.
    pub spikes_per_inference: f64,
    /// Those of them that take one back.
    #[serde(default)]
    pub negative_spikes_per_inference: f64,
    /// Synaptic operations.
    pub synops_per_inference: f64,
    /// Multiply-accumulates, evaluated in each timestep.
    pub macs_per_inference: f64,
    /// Multiply-accumulates, with constant input multiplied once.
    pub macs_once_per_inference: f64,
    /// Neurons × timesteps.
    pub neuron_updates_per_inference: f64,
    /// Neuron-timesteps with any input or bias.
    pub touched_updates_per_inference: f64,
}

/// The model a run started from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Weights and biases.
    pub parameters: u64,
    /// Multiply-accumulates per inference of the original network; `None` if a spiking network
    /// was given and no original beside it.
    pub macs: Option<u64>,
}

/// Fractions of samples, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Of the original network; `None` if it was not run.
    pub ann: Option<f64>,
    /// Of the original network with 8-bit weights and activations of as many bits as the timesteps
    /// carry; `None` if it was not evaluated.
    #[serde(default)]
    pub qann: Option<f64>,
    /// Of the original network without its smallest weights; `None` if it was not evaluated.
    #[serde(default)]
    pub pann: Option<f64>,
    /// Of the spiking network.
    pub snn: f64,
    /// Samples on which both predict the same class; `None` if the original was not run.
    pub agreement: Option<f64>,
    /// Of the spiking network if it were read out after 1, 2, … timesteps.
    pub snn_per_timestep: Vec<f64>,
}

/// Wall-clock figures: the only ones that differ between runs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Simulation, without reading files and conversion [s].
    pub simulate_s: f64,
    /// Synaptic operations simulated per second.
    pub synops_per_s: f64,
}

/// How the network was converted and driven, for the methods paragraph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Data file as given.
    pub data: String,
    /// SHA-256 of the data file.
    pub data_sha256: String,
    /// Calibration file as given; `None` for a network that needs none.
    pub calibration: Option<String>,
    /// Calibration samples used.
    pub calibration_samples: u64,
    /// Name of the encoding.
    pub encoding: String,
    /// Name of the threshold rule, with its parameter.
    pub normalization: String,
    /// Name of the max-pooling rule; `None` if the network has no max pooling.
    pub max_pool: Option<String>,
    /// Threshold(s) found, per spiking population: name and value.
    pub thresholds: Vec<(String, f64)>,
    /// Notes of the conversion, such as folded layers and dropped heads.
    pub notes: Vec<String>,
}

/// Everything a run found: `summary.json` is this struct.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `spikewatt.run/1`.
    pub schema: String,
    /// Version of spikewatt.
    pub version: String,
    /// The model.
    pub model: ModelReport,
    /// How it was converted and driven.
    pub setup: Setup,
    /// Samples simulated.
    pub samples: u64,
    /// Timesteps per sample.
    pub timesteps: u32,
    /// Seed of every random draw.
    pub seed: u64,
    /// Accuracy; `None` without labels.
    pub accuracy: Option<Accuracy>,
    /// NeuroBench's metrics of the spiking network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neurobench: Option<NeuroBench>,
    /// Bits of the quantised baseline, `ceil(log2(T + 1))`.
    pub quantised_bits: u32,
    /// Per population.
    pub populations: Vec<PopulationReport>,
    /// Sums over populations.
    pub totals: Totals,
    /// Grid intensity used for carbon [g CO2e/kWh] and where it comes from.
    pub grid: (f64, String),
    /// Where and how often the targets work.
    pub usage: Usage,
    /// Per target, in the order asked for.
    pub targets: Vec<TargetReport>,
    /// Energy against spike rate, per target that runs the spiking network.
    pub rate_curves: Vec<RateCurve>,
    /// Where the spiking targets and the baselines cost the same, in each scope.
    pub crossovers: Vec<Crossing>,
    /// Which figure of a cost table matters, per target.
    pub sensitivities: Vec<Sensitivity>,
    /// Quantiles under random figures, per target; empty unless asked for.
    pub distributions: Vec<Distribution>,
    /// How it spreads over layers, timesteps and neurons.
    #[serde(default, skip_serializing_if = "Profile::is_empty")]
    pub profile: Profile,
    /// How they were drawn.
    pub monte_carlo: Option<MonteCarlo>,
    /// Wall-clock figures.
    pub timing: Timing,
}

impl Evidence {
    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Evidence::Modelled => "modelled",
            Evidence::Simulated => "simulated",
            Evidence::Measured => "measured",
        }
    }
}

impl TargetReport {
    /// Energy per inference [J] if it is known and a number.
    #[must_use]
    pub fn known_energy_j(&self) -> Option<Range> {
        self.energy_j
            .filter(|e| [e.low, e.nominal, e.high].iter().all(|v| v.is_finite()))
    }

    /// Whether a figure of the receipt that costs anything was never checked against its source.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        self.unverified_lines().next().is_some()
    }

    /// Lines whose cost was never checked against its source and whose energy is not zero.
    pub fn unverified_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .filter(|line| line.unverified && line.joules_range.high != 0.0)
    }

    /// Whether a figure of a scope that costs anything was never checked against its source.
    #[must_use]
    pub fn is_unverified_in(&self, scope: Scope) -> bool {
        self.unverified_lines().any(|line| line.bill.scope <= scope)
    }

    /// Share of the nominal energy that is paid for time, 0 to 1; `None` if it is unknown or not
    /// part of the scope.
    #[must_use]
    pub fn static_share(&self) -> Option<f64> {
        let total = self.known_energy_j()?.nominal;
        // Adding zero turns the -0.0 of an empty sum into 0.0.
        self.static_j
            .filter(|_| total > 0.0 && self.scope == Scope::System)
            .map(|j| j / total + 0.0)
    }
}

impl Report {
    /// Targets, cheapest first in a scope at nominal, those of unknown energy last.
    #[must_use]
    pub fn targets_in(&self, scope: Scope) -> Vec<&TargetReport> {
        let nominal = |target: &TargetReport| {
            let known = target.scopes.get(scope).known();
            known.map_or(f64::INFINITY, |e| e.nominal)
        };
        let mut targets: Vec<_> = self.targets.iter().collect();
        targets.sort_by(|a, b| nominal(a).total_cmp(&nominal(b)));
        targets
    }

    /// Accuracy of the network that a target executes, 0 to 1; `None` if it was not evaluated.
    #[must_use]
    pub fn accuracy_of(&self, workload: Workload) -> Option<f64> {
        let accuracy = self.accuracy.as_ref()?;
        match workload {
            Workload::Snn => Some(accuracy.snn),
            Workload::Ann => accuracy.ann,
            Workload::Qann => accuracy.qann,
            Workload::Pann => accuracy.pann,
        }
    }

    /// Last part of the model's path.
    #[must_use]
    pub fn model_name(&self) -> &str {
        let path = self.model.path.trim_end_matches(['/', '\\']);
        path.rsplit(['/', '\\']).next().unwrap_or(path)
    }
}
