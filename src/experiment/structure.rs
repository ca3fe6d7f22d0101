//! What a spiking network consists of, before anything runs: what `spikewatt inspect` shows.

use super::loaded::LoadedNetwork;
use super::{SimulateConfig, SimulateError, plausible, shown};
use crate::network::Role;
use crate::neuron::Neuron;
use crate::result::Warning;
use serde::Serialize;

/// A spiking network as it would run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkStructure {
    /// The file, as given.
    pub network: String,
    /// Node or population that data enters; `None` for a network that drives itself.
    pub input: Option<String>,
    /// Shape of the input at one time; empty without an input.
    pub input_shape: Vec<usize>,
    /// Populations where results leave.
    pub outputs: Vec<String>,
    /// Name of the preset.
    pub preset: String,
    /// What all neurons have in common, in words.
    pub options: String,
    /// Timesteps that the file states.
    pub timesteps: Option<u32>,
    /// Neurons, inputs left out.
    pub neurons: u64,
    /// Synapses.
    pub synapses: u64,
    /// Weights, shared ones once.
    pub weights: u64,
    /// Whether a connection leads back.
    pub recurrent: bool,
    /// Per population, in the order of a timestep.
    pub populations: Vec<PopulationStructure>,
    /// What was decided that the file does not say.
    pub notes: Vec<String>,
    /// What a reader should know before running it.
    pub warnings: Vec<Warning>,
}

/// A population of a spiking network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PopulationStructure {
    /// Its name.
    pub name: String,
    /// Its neuron model.
    pub model: String,
    /// What it is for.
    pub role: Role,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Number of its neurons.
    pub neurons: u64,
    /// Synapses into it.
    pub synapses: u64,
}

/// Reads a spiking network and says what it consists of; of the configuration, its file and options
/// count.
///
/// # Errors
/// What is wrong with the file, all unsupported nodes at once.
pub fn network_structure(config: &SimulateConfig) -> Result<NetworkStructure, SimulateError> {
    let loaded = LoadedNetwork::load(config)?;
    let network = &loaded.network;
    let topology = network.topology();
    let populations = network.populations.iter().enumerate();
    let populations = populations.map(|(index, population)| PopulationStructure {
        name: population.name.clone(),
        model: model(&population.neuron).to_owned(),
        role: population.role(),
        shape: population.shape.dims(),
        neurons: population.shape.neurons() as u64,
        synapses: topology.synapses_into(index),
    });
    let populations: Vec<PopulationStructure> = populations.collect();
    let weights = network.projections.iter();
    let weights: usize = weights.filter_map(|one| one.weights.count()).sum();
    let name = |&output: &usize| network.populations[output].name.clone();
    let own = |one: &&PopulationStructure| one.role != Role::Input;
    Ok(NetworkStructure {
        network: shown(&config.network),
        input: loaded.port.as_ref().map(|port| port.node.clone()),
        input_shape: loaded
            .port
            .as_ref()
            .map_or_else(Vec::new, |p| p.dims.clone()),
        outputs: loaded.outputs.iter().map(name).collect(),
        preset: loaded.preset.name.to_owned(),
        options: loaded.options.to_string(),
        timesteps: loaded.timesteps,
        neurons: populations.iter().filter(own).map(|one| one.neurons).sum(),
        synapses: populations.iter().map(|one| one.synapses).sum(),
        weights: weights as u64,
        recurrent: topology.edges.iter().any(|edge| edge.source >= edge.target),
        populations,
        warnings: plausible::of_structure(&loaded),
        notes: loaded.notes,
    })
}

fn model(neuron: &Neuron) -> &'static str {
    match neuron {
        Neuron::Input => "input",
        Neuron::IntegrateFire(_) => "integrate-and-fire",
        Neuron::MaxPool(_) => "max pooling",
        Neuron::Integrator => "integrator",
        Neuron::Model(model) => model.name(),
    }
}
