//! Who is cheaper, by how much, on which terms, and whether the figures can carry that statement.

use super::{Boundary, Condition, DeviceClass, FirstLayer, NumberFormat, Workload};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Both networks on the same circuit, at the same number format.
    SameCircuit,
    /// Devices that work on one inference at a time.
    Streaming,
    /// Devices that work on as many together as pays.
    Throughput,
}

impl Question {
    /// Name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Question::SameCircuit => "same-circuit",
            Question::Streaming => "streaming",
            Question::Throughput => "throughput",
        }
    }
}

/// On which terms two contenders met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct VerdictTerms {
    /// Number format of the winner and the runner-up, or what was asked for; `None` if nobody met.
    pub format: Option<NumberFormat>,
    /// That of the other, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_format: Option<NumberFormat>,
    /// How often a constant input is multiplied.
    pub first_layer: FirstLayer,
    /// How far below the fp32 original a network may be, 0 to 1.
    pub accuracy_tolerance: f64,
    /// Time from one inference to the next [s]; `None`: back to back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_s: Option<f64>,
    /// Whether only figures take part that somebody checked against their source.
    #[serde(default)]
    pub checked_figures_only: bool,
}

/// One of the two that meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Party {
    /// Network, format and target.
    pub name: String,
    /// The target.
    pub target: String,
    /// Its class, if it is stated.
    pub class: Option<DeviceClass>,
    /// Which network.
    pub workload: Workload,
    /// Its number format.
    pub format: Option<NumberFormat>,
    /// Inferences that run together.
    pub batch: u64,
    /// Energy per inference [J].
    pub energy_j: Range,
    /// Latency [s]; `None` if it is not known.
    pub latency_s: Option<f64>,
    /// Accuracy (agreement with the original without labels), 0 to 1; `None` if not evaluated.
    pub accuracy: Option<f64>,
    /// What the table was taken from, in words.
    pub evidence: String,
    /// Whether a figure that it rests on is assumed or unchecked.
    pub unverified: bool,
}

/// A contender that does not compete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Excluded {
    /// Network, format and target.
    pub contender: String,
    /// Why.
    pub why: String,
}

/// Where the spiking network stops being cheaper on one table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Crossover {
    /// Spikes per synapse and inference at which both sides cost the same; negative if the
    /// spiking network is dearer without a single spike.
    pub spikes_per_synapse: f64,
    /// Whether the neurons of this network can fire so often in its timesteps.
    pub possible: bool,
    /// Spikes per synapse and inference in this run.
    pub observed: f64,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Verdict {
    /// What is asked.
    pub question: Question,
    /// What the figures include.
    pub scope: Boundary,
    /// One inference at a time or many together.
    pub condition: Condition,
    /// Class of the conventional devices that take part, `all`, or the table of a circuit.
    pub class: String,
    /// On which terms.
    pub terms: VerdictTerms,
    /// The cheaper one by name; `None` if nobody met.
    pub winner: Option<String>,
    /// The other one.
    pub runner_up: Option<String>,
    /// How many times the runner-up costs what the winner does, with its central 90 % interval
    /// ([`central`](super::central)).
    pub factor: Option<Range>,
    /// The same with every figure at its bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_bounds: Option<Range>,
    /// Whether the figures carry it: the interval of the factor leaves 1 out and both accuracies are
    /// known.
    pub decided: bool,
    /// The figure that would decide it, or that the factor depends on most.
    pub decisive_figure: Option<String>,
    /// The winner, then the runner-up.
    pub parties: Vec<Party>,
    /// Who does not compete.
    pub excluded: Vec<Excluded>,
    /// Where the answer turns, on a circuit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossover: Option<Crossover>,
    /// All of it in words.
    pub sentence: String,
}
