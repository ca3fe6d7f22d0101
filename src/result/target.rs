//! What one inference costs on one target.

use super::{
    Basis, Condition, DeviceClass, Feasible, Footprints, Line, NumberFormat, Scope, Scopes,
};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// Whether a figure was computed from a model, simulated in detail, or metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// The spiking network.
    Snn,
    /// The original network.
    Ann,
    /// The original network with weights and activations of 8 bits; under the one law that says so,
    /// with activations of as many bits as T timesteps can carry.
    Qann,
    /// The original network without its smallest weights.
    Pann,
    /// The original network on hardware that skips every zero of weights and activations.
    #[serde(rename = "ann-zero-skipping")]
    ZeroSkipping,
}

impl Workload {
    /// All of them, the spiking network first.
    pub const ALL: [Workload; 5] = [
        Workload::Snn,
        Workload::Ann,
        Workload::Qann,
        Workload::Pann,
        Workload::ZeroSkipping,
    ];

    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Workload::Snn => "SNN",
            Workload::Ann => "ANN",
            Workload::Qann => "qANN",
            Workload::Pann => "pANN",
            Workload::ZeroSkipping => "zsANN",
        }
    }
}

/// What one inference costs on one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TargetReport {
    /// Name of the target, as in `hardware list`; several batches and networks share it.
    pub name: String,
    /// Name to print.
    pub title: String,
    /// `neuromorphic`, `gpu`, `cpu`, `edge` or `accelerator`.
    pub kind: String,
    /// Class that comparisons name; `None` if the table does not say.
    #[serde(default)]
    pub class: Option<DeviceClass>,
    /// The chip that the table describes: tables of one chip are alternatives. Empty if unknown.
    #[serde(default)]
    pub chip: String,
    /// What most figures of the table were taken from; `None` if it does not say.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// Which network runs there.
    pub workload: Workload,
    /// Its numbers; `None` if it is not known.
    #[serde(default)]
    pub format: Option<NumberFormat>,
    /// Whether the counts are those of the network at this format, not of the same network at another.
    #[serde(default)]
    pub counted_at_format: bool,
    /// One inference at a time or many together.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// Whether the device can do what is asked.
    #[serde(default)]
    pub feasible: Feasible,
    /// What is in the way, or what is not known; empty if nothing is.
    #[serde(default)]
    pub why: String,
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

impl TargetReport {
    /// The network with its numbers, such as `SNN 8-bit`.
    #[must_use]
    pub fn network_label(&self) -> String {
        network_label(self.workload, self.format)
    }
}

/// A network with its numbers, such as `SNN 8-bit`; a name that says the width already is left alone.
#[must_use]
pub fn network_label(workload: Workload, format: Option<NumberFormat>) -> String {
    match (workload, format) {
        (Workload::Qann, Some(NumberFormat::INT8)) | (_, None) => workload.label().to_owned(),
        (_, Some(format)) => format!("{} {}", workload.label(), format.label()),
    }
}
