//! The tables of a description, as users write them.

use super::Quantity;
use crate::neuron::{CurrentOrder, InputKind, Integration, ResetRule, ThresholdTest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A network as a file describes it, before any synapse is drawn.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Name of the network; the name of the file if absent.
    pub name: Option<String>,
    /// Time, seed and limits.
    pub simulation: SimulationTable,
    /// Populations in the order in which a timestep visits them.
    pub populations: Vec<PopulationTable>,
    /// Projections.
    #[serde(default)]
    pub projections: Vec<ProjectionTable>,
    /// The file that it came from: other files are found relative to its folder.
    #[serde(skip)]
    pub path: PathBuf,
}

/// Time, seed and limits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulationTable {
    /// Length of a timestep [s], > 0.
    pub dt_s: f64,
    /// Number of timesteps; either this or the duration.
    pub timesteps: Option<u32>,
    /// Simulated time [s], rounded to whole timesteps.
    pub duration_s: Option<f64>,
    /// Seed of everything that is drawn.
    #[serde(default)]
    pub seed: u64,
    /// Conventions on which simulators differ, by name; the first of the list
    /// if absent. The length of a timestep is that of this file in any case.
    pub preset: Option<String>,
    /// Largest memory that the network may take [B].
    #[serde(default = "default_max_memory_bytes")]
    pub max_memory_bytes: u64,
}

/// 4 GiB: half a billion synapses with weights of their own.
fn default_max_memory_bytes() -> u64 {
    4 << 30
}

/// A population.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationTable {
    /// Name, unique in the network.
    pub name: String,
    /// Name of an earlier population that states what this one leaves out.
    pub like: Option<String>,
    /// Number of neurons; either this or the shape.
    pub size: Option<u64>,
    /// Channels, height, width.
    pub shape: Option<[u64; 3]>,
    /// What the neurons do.
    pub neuron: Option<NeuronTable>,
    /// Constant input in each timestep.
    pub bias: Option<Quantity>,
    /// Random input of each neuron.
    pub poisson: Option<PoissonTable>,
}

/// A neuron model with its parameters, and choices that differ from the preset.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct NeuronTable {
    /// Name of the model, or `input` for neurons that are driven from outside.
    pub model: String,
    /// How the equations become timesteps.
    pub integration: Option<Integration>,
    /// What the input of a timestep is.
    pub input: Option<InputKind>,
    /// When a neuron fires.
    pub threshold_test: Option<ThresholdTest>,
    /// What a spike does to the potential.
    pub reset: Option<ResetRule>,
    /// Which synaptic current drives the membrane of the `cuba` models.
    pub current_order: Option<CurrentOrder>,
    /// Time after a spike in which input is lost [s], rounded to whole timesteps.
    pub refractory_s: Option<f64>,
    /// Parameters of the model by name; units as the model states them.
    #[serde(flatten)]
    pub parameters: BTreeMap<String, Quantity>,
}

/// Independent Poisson processes, one into each neuron.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoissonTable {
    /// Mean rate of events [Hz], ≥ 0.
    pub rate_hz: f64,
    /// What one event adds to the input.
    pub weight: f64,
}

/// Projections from each source to each target.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionTable {
    /// Presynaptic populations.
    pub source: Names,
    /// Postsynaptic populations.
    pub target: Names,
    /// Which synapses there are, drawn anew for each pair of populations.
    pub rule: RuleTable,
    /// Weight of each synapse, unless the rule reads it from a file.
    pub weight: Option<Quantity>,
    /// Time from spike to arrival [s], rounded to whole timesteps.
    pub delay_s: Option<Quantity>,
    /// Whether a neuron may reach itself. As in NEST, it may unless stated otherwise.
    #[serde(default = "allowed")]
    pub allow_autapses: bool,
    /// Whether rules of fixed degree may draw a pair of neurons more than once. As in NEST, they
    /// may unless stated otherwise.
    #[serde(default = "allowed")]
    pub allow_multapses: bool,
}

fn allowed() -> bool {
    true
}

/// One name or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a name or a list of names")]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Several(names) => names,
        }
    }
}

/// A connection rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleTable {
    /// Each source to each target, once.
    AllToAll,
    /// Source `i` to target `i`.
    OneToOne,
    /// So many synapses into each target.
    FixedIndegree(u32),
    /// So many synapses out of each source.
    FixedOutdegree(u32),
    /// Each pair with this probability.
    PairwiseBernoulli(f64),
    /// Synapses listed in a file.
    File(SynapseFile),
}

/// Synapses in compressed rows: an `.npz` file with `indptr` (sources + 1), `target` and, where
/// there are such, `weight` and `delay` [timesteps].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynapseFile {
    /// The file, relative to the folder of the description.
    pub path: PathBuf,
    /// Populations through which the file numbers its neurons, one after the other; without it,
    /// rows number the source population and `target` the target population.
    pub numbering: Option<Vec<String>>,
}
