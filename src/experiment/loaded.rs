//! A spiking network from a file, and the conventions by which it runs.

mod recorded;
mod stated;

use super::{NetworkOptions, SimulateConfig, SimulateError, StartPotential};
use crate::formats::native::{Description, Quantity};
use crate::formats::nir::{self, Port};
use crate::formats::spikes::{self, Request, SpikingInput};
use crate::formats::{self, FileKind};
use crate::network::Network;
use crate::neuron::{InputKind, Model, Neuron, NeuronError, Options, PRESETS, Preset};
pub(super) use recorded::Original;
use stated::Stated;

/// A network that is ready to run.
pub(super) struct LoadedNetwork {
    pub(super) network: Network,
    /// Where data enters.
    pub(super) port: Option<Port>,
    /// Populations where results leave.
    pub(super) outputs: Vec<usize>,
    pub(super) preset: &'static Preset,
    pub(super) options: Options,
    pub(super) timesteps: Option<u32>,
    pub(super) seed: u64,
    pub(super) notes: Vec<String>,
    /// What its file states of it.
    pub(super) stated: Stated,
    /// What was chosen for a NIR file, which has no place for some of it.
    pub(super) chosen: Option<NetworkOptions>,
    /// What it was converted from.
    pub(super) original: Option<Box<Original>>,
}

impl LoadedNetwork {
    pub(super) fn load(config: &SimulateConfig) -> Result<Self, SimulateError> {
        let accepts = |kind: FileKind| {
            kind.is_spiking_network() || matches!(kind, FileKind::Onnx | FileKind::OtherToml)
        };
        match formats::require(&config.network, "a spiking network", accepts)? {
            FileKind::Onnx => match &config.conversion {
                Some(how) => Self::recorded(config, how),
                None => Err(SimulateError::Onnx(config.network.clone())),
            },
            FileKind::Nir => Self::nir(config),
            // What is wrong with other keys is told by the reader of native networks.
            _ => Self::native(config),
        }
    }

    fn nir(config: &SimulateConfig) -> Result<Self, SimulateError> {
        let preset = preset(config.options.preset.as_deref())?;
        let options = options(&config.options, preset);
        let graph = nir::read(&config.network)?;
        let lowered = nir::lower(&graph, &options).map_err(|problem| SimulateError::Lower {
            file: config.network.clone(),
            problem,
        })?;
        let mut network = lowered.network;
        let stem = config.network.file_stem().unwrap_or_default();
        network.name = stem.to_string_lossy().into_owned();
        Ok(LoadedNetwork {
            network,
            port: Some(lowered.input),
            outputs: lowered.outputs.iter().map(|port| port.population).collect(),
            preset,
            options,
            timesteps: None,
            seed: config.seed.unwrap_or(0),
            notes: lowered.notes,
            stated: Stated::of_graph(&graph, &options),
            chosen: Some(config.options.clone()),
            original: None,
        })
    }

    fn native(config: &SimulateConfig) -> Result<Self, SimulateError> {
        let mut description = Description::load(&config.network)?;
        let simulation = &mut description.simulation;
        if let Some(name) = &config.options.preset {
            simulation.preset = Some(name.clone());
        }
        if let Some(dt_s) = config.options.dt_s {
            simulation.dt_s = dt_s;
        }
        let preset = preset(simulation.preset.as_deref())?;
        let mut options = options(&config.options, preset);
        options.dt_s = simulation.dt_s;
        let seed = config.seed.unwrap_or(simulation.seed);
        let neurons = description.populations.iter_mut();
        for table in neurons.filter_map(|population| population.neuron.as_mut()) {
            // What is no model here is refused by the builder, or is an input, which has no choices.
            let Ok(model) = Model::get(&table.model) else {
                continue;
            };
            table.reset = config.options.reset.or(table.reset);
            table.threshold_test = config.options.threshold_test.or(table.threshold_test);
            table.current_order = config.options.current_order.or(table.current_order);
            let has_potential = model.parameters.iter().any(|p| p.name == "v_initial");
            if let (true, Some(StartPotential::Value(v))) =
                (has_potential, config.options.initial_potential)
            {
                let v_initial = Quantity::Constant(v);
                table.parameters.insert("v_initial".to_owned(), v_initial);
            }
        }
        let built = description.build(seed)?;
        let mut notes = built.notes;
        notes.push("options hold where the file states no other for a population".to_owned());
        let network = built.network;
        let input = network
            .populations
            .iter()
            .position(|population| matches!(population.neuron, Neuron::Input));
        let port = input.map(|population| Port {
            node: network.populations[population].name.clone(),
            population,
            dims: network.populations[population].shape.dims(),
        });
        Ok(LoadedNetwork {
            outputs: outputs(&network),
            network,
            port,
            preset,
            options,
            timesteps: built.timesteps,
            seed,
            notes,
            stated: Stated::of_description(&description),
            chosen: None,
            original: None,
        })
    }

    pub(super) fn input(
        &self,
        config: &SimulateConfig,
    ) -> Result<Option<SpikingInput>, SimulateError> {
        let file = || config.network.clone();
        match (&self.port, &config.input) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(SimulateError::UnusedInput { file: file() }),
            (Some(port), None) => Err(SimulateError::NoInput {
                file: file(),
                node: port.node.clone(),
                dims: port.dims.clone(),
            }),
            (Some(port), Some(path)) => {
                let request = Request {
                    node: &port.node,
                    dims: &port.dims,
                    hold: config.options.hold_input,
                    layout: config.options.layout,
                    timesteps: config.timesteps.or(self.timesteps),
                    bin_s: config.options.event_bin_s(),
                    samples: config.samples,
                    labels: config.labels.as_deref(),
                };
                Ok(Some(spikes::read(path, &request)?))
            }
        }
    }
}

fn preset(name: Option<&str>) -> Result<&'static Preset, NeuronError> {
    Preset::get(name.unwrap_or(PRESETS[0].name))
}

fn options(stated: &NetworkOptions, preset: &Preset) -> Options {
    let mut options = preset.options;
    options.dt_s = stated.dt_s.unwrap_or(options.dt_s);
    options.reset = stated.reset.unwrap_or(options.reset);
    options.input = match stated.norm_input {
        Some(true) => InputKind::Current,
        Some(false) => InputKind::Delta,
        None => options.input,
    };
    options.test = stated.threshold_test.unwrap_or(options.test);
    options.current_order = stated.current_order.unwrap_or(options.current_order);
    if let Some(start) = stated.initial_potential {
        options.initial = start.into();
    }
    options
}

/// Populations that send nowhere; if there are none, all that are not driven from outside.
fn outputs(network: &Network) -> Vec<usize> {
    let sends = |index: usize| network.projections.iter().any(|p| p.source == index);
    let is_input = |index: usize| matches!(network.populations[index].neuron, Neuron::Input);
    let mut outputs: Vec<usize> = (0..network.populations.len()).collect();
    outputs.retain(|&index| !is_input(index));
    if outputs.iter().any(|&index| !sends(index)) {
        outputs.retain(|&index| !sends(index));
    }
    outputs
}
