//! A report without data: analytic counts at assumed rates, from the shapes of a network alone.

use super::baseline::{SAME_LAYERS, is_forward};
use super::loaded::LoadedNetwork;
use super::plausible::warning;
use super::{
    AssumedExperiment, ConfigError, Context, Counted, ExperimentError, Run, SimulateConfig, shown,
};
use crate::conversion::{self, Calibration, ConversionOptions};
use crate::counts::{AssumedRates, DenseCounts, EventCounts, NumberFormat};
use crate::digest::sha256_hex;
use crate::energy::Catalogue;
use crate::files;
use crate::formats::onnx::{InputShapes, OnnxError};
use crate::formats::{self, FileKind, onnx, shapes};
use crate::network::{Network, Population, Role, Topology};
use crate::result::{InputEntry, ModelReport, Setup, Warning};
use std::path::Path;

/// Counts what a network would do at assumed rates: the spiking form of a trained model (ONNX), a
/// spiking network (NIR, native) or a description of shapes ([`shapes`]). Nothing is simulated and
/// no threshold is needed: counts depend on shapes and on which weights are zero.
///
/// A trained model without a spiking form is counted as conventional devices run it, with the sizes of
/// `open` for inputs that it leaves open; it has no populations then.
///
/// # Errors
/// If the network cannot be imported or converted.
pub fn estimate(
    model: &Path,
    timesteps: u32,
    rates: &AssumedRates,
    open: &InputShapes,
) -> Result<Counted, ExperimentError> {
    let source = Source::load(model, timesteps, open)?;
    let problem = rates_problem(rates, &source.topology);
    if let Some(message) = problem.filter(|_| source.no_spiking_form.is_none()) {
        let path = model.display().to_string();
        return Err(ConfigError::Parse { path, message }.into());
    }
    let mut counts = EventCounts::assumed(source.topology, timesteps, &source.biased, rates);
    counts.count_leaks(source.leaky);
    let input = match rates.input_rate {
        Some(rate) => format!("input spikes at an assumed rate of {rate}"),
        None => "constant input, nowhere zero".to_owned(),
    };
    let mut notes = source.notes;
    if source.no_spiking_form.is_none() {
        notes.push(format!(
            "nothing was simulated: each spiking neuron fires independently at {} per timestep, \
             {input}",
            assumption(rates)
        ));
    }
    let context = Context {
        model: ModelReport {
            path: shown(model),
            sha256: source.sha256,
            parameters: source.dense.parameters(),
            macs: (!source.dense.layers.is_empty()).then(|| source.dense.macs()),
            baseline: source.same_layers.then(|| SAME_LAYERS.to_owned()),
        },
        setup: Setup {
            data: format!("none ({})", assumption(rates)),
            data_sha256: String::new(),
            calibration: None,
            calibration_samples: 0,
            encoding: input,
            normalization: String::new(),
            max_pool: None,
            thresholds: Vec::new(),
            preset: None,
            notes,
        },
        seed: 0,
        accuracy: None,
        format: NumberFormat::Fp32,
        evaluations: Vec::new(),
        experiment: None,
        neurobench: None,
        kernels: Vec::new(),
        warnings: Vec::from_iter(source.no_spiking_form),
    };
    Ok(Counted {
        counts,
        others: Vec::new(),
        dense: source.dense,
        context,
    })
}

/// `an assumed rate of 0.1`.
fn assumption(rates: &AssumedRates) -> String {
    match (rates.rate, rates.layers.len()) {
        (Some(rate), 0) => format!("an assumed rate of {rate}"),
        (Some(rate), layers) => {
            format!("an assumed rate of {rate}, {layers} layers at assumed rates of their own")
        }
        (None, _) => "an assumed rate of its layer".to_owned(),
    }
}

/// What is wrong with the rates for a network.
fn rates_problem(rates: &AssumedRates, topology: &Topology) -> Option<String> {
    let out_of_range = |rate: &f64| !(0.0..=1.0).contains(rate);
    let mut layers = rates.layers.iter();
    if let Some((name, rate)) = layers.find(|(_, rate)| out_of_range(rate)) {
        return Some(format!(
            "{name}: {rate} is no rate; give 0 to 1 spikes per neuron and timestep"
        ));
    }
    if let Some(name) = rates.unknown(topology).next() {
        let known = topology.populations.iter();
        let known = known.filter(|node| node.role != Role::Readout);
        let names: Vec<&str> = known.map(|node| node.name.as_str()).collect();
        return Some(format!(
            "no layer \"{name}\" spikes; there are {}",
            names.join(", ")
        ));
    }
    let missing: Vec<&str> = rates.missing(topology).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "no rate for {}; add a row for each, or --rate for the rest",
            missing.join(", ")
        )
    })
}

/// Counts at assumed rates and prices them.
pub(super) fn run(
    experiment: &AssumedExperiment,
    catalogue: &Catalogue,
) -> Result<Run, ExperimentError> {
    let targets = experiment.output.targets(catalogue)?;
    let options = experiment
        .output
        .price_options(&experiment.usage, experiment.seed)?;
    let (timesteps, rates) = (experiment.timesteps, &experiment.rates);
    let open = &experiment.input_shapes;
    let mut counted = estimate(&experiment.network, timesteps, rates, open)?;
    counted.context.seed = experiment.seed;
    counted.context.experiment = Some(experiment.clone().into());
    let mut report = counted.price(&targets, &options);
    // The counts stand for one expected inference, not for samples that were run.
    report.samples = 0;
    let inputs = vec![InputEntry {
        role: "model".to_owned(),
        path: report.model.path.clone(),
        sha256: report.model.sha256.clone(),
    }];
    Ok(Run {
        report,
        counts: counted.counts,
        others: counted.others,
        dense: counted.dense,
        context: counted.context,
        network: None,
        outcomes: Vec::new(),
        inputs,
    })
}

/// The structure that a network is estimated with.
///
/// # Errors
/// If the network cannot be imported or converted, or has no spiking form.
pub fn estimated_topology(model: &Path) -> Result<Topology, ExperimentError> {
    let source = Source::load(model, 1, &InputShapes::new())?;
    match source.no_spiking_form {
        None => Ok(source.topology),
        Some(Warning { message, .. }) => {
            let path = model.display().to_string();
            Err(ConfigError::Parse { path, message }.into())
        }
    }
}

/// What an estimate needs of a network.
struct Source {
    topology: Topology,
    /// Whether neurons of a population have a bias.
    biased: Vec<bool>,
    /// Whether their potential leaks.
    leaky: Vec<bool>,
    /// Work of the conventional network.
    dense: DenseCounts,
    /// Whether that one is made of its own layers.
    same_layers: bool,
    sha256: String,
    notes: Vec<String>,
    /// Why there is no spiking network, if there is none.
    no_spiking_form: Option<Warning>,
}

impl Source {
    fn load(model: &Path, timesteps: u32, open: &InputShapes) -> Result<Self, ExperimentError> {
        let accepts = |kind: FileKind| {
            kind.is_spiking_network()
                || matches!(
                    kind,
                    FileKind::Onnx | FileKind::Shapes | FileKind::OtherToml
                )
        };
        let wanted = "a model, a spiking network or a description of shapes";
        match formats::require(model, wanted, accepts)? {
            FileKind::Onnx => Self::conventional(model, timesteps, open),
            kind if kind.is_spiking_network() => Self::spiking(model),
            // What is wrong with other keys is told by the reader of shapes.
            _ => Self::shapes(model),
        }
    }

    fn conventional(
        model: &Path,
        timesteps: u32,
        open: &InputShapes,
    ) -> Result<Self, ExperimentError> {
        let onnx::OnnxModel { ann, sha256, .. } = match onnx::load(model) {
            Err(OnnxError::Unsupported { .. } | OnnxError::Form { .. }) => {
                return Self::surveyed(model, open);
            }
            loaded => loaded?,
        };
        let options = ConversionOptions {
            timesteps,
            use_max: false,
            initial_potential: 0.5,
            max_pool: None,
            signed_spikes: false,
        };
        let conversion = conversion::convert(&ann, &Calibration::unit(&ann), &options)?;
        Ok(Source {
            topology: conversion.network.topology(),
            biased: biased(&conversion.network),
            leaky: conversion.network.leaky().collect(),
            dense: ann.dense_counts(),
            same_layers: false,
            sha256,
            notes: conversion.notes,
            no_spiking_form: None,
        })
    }

    /// A model that conventional devices alone can run.
    fn surveyed(model: &Path, open: &InputShapes) -> Result<Self, ExperimentError> {
        let survey = onnx::survey(model, open)?;
        let why = survey.without_spiking_form();
        let why = why.unwrap_or_else(|| "its graph (`spikewatt convert` says why)".to_owned());
        Ok(Source {
            topology: Topology::default(),
            biased: Vec::new(),
            leaky: Vec::new(),
            dense: survey.dense_counts(),
            sha256: survey.sha256,
            same_layers: false,
            notes: vec![
                "what works element by element is charged with the operator before it".to_owned(),
                "tables of embeddings count as read in full".to_owned(),
            ],
            no_spiking_form: Some(warning(
                "no-spiking-form",
                format!(
                    "the model has no spiking form: {why}; conventional devices alone are priced \
                     (`spikewatt inspect` lists every operator)"
                ),
            )),
        })
    }

    fn spiking(model: &Path) -> Result<Self, ExperimentError> {
        let config = SimulateConfig {
            network: model.to_owned(),
            ..SimulateConfig::default()
        };
        let LoadedNetwork { network, notes, .. } = LoadedNetwork::load(&config)?;
        let topology = network.topology();
        let mut source = Source {
            biased: biased(&network),
            leaky: network.leaky().collect(),
            dense: DenseCounts::default(),
            same_layers: false,
            sha256: digest_of(model)?,
            notes,
            topology,
            no_spiking_form: None,
        };
        if is_forward(&source.topology) {
            source.same_layers = true;
            source.dense = DenseCounts::of_structure(&source.topology);
            source.notes.push(SAME_SHAPES.to_owned());
        }
        Ok(source)
    }

    fn shapes(model: &Path) -> Result<Self, ExperimentError> {
        let topology = shapes::load(model)?.topology;
        Ok(Source {
            biased: vec![true; topology.populations.len()],
            leaky: Vec::new(),
            dense: DenseCounts::of_structure(&topology),
            same_layers: true,
            sha256: digest_of(model)?,
            notes: vec![
                "from shapes alone: no weight is zero, each neuron has a bias, none leaks"
                    .to_owned(),
                SAME_SHAPES.to_owned(),
            ],
            topology,
            no_spiking_form: None,
        })
    }
}

/// What the baselines run where there is no original.
const SAME_SHAPES: &str =
    "baselines run a conventional network of the same connections, evaluated once";

fn digest_of(file: &Path) -> Result<String, ExperimentError> {
    let bytes = files::read(file).map_err(|source| ConfigError::Read {
        path: file.display().to_string(),
        source,
    })?;
    Ok(sha256_hex(&bytes))
}

fn biased(network: &Network) -> Vec<bool> {
    let biased = |population: &Population| population.bias.iter().any(|bias| *bias != 0.0);
    network.populations.iter().map(biased).collect()
}

/// [`EventCounts::assumed`] for a network.
#[must_use]
pub fn assumed_counts(network: &Network, timesteps: u32, rates: &AssumedRates) -> EventCounts {
    let mut counts = EventCounts::assumed(network.topology(), timesteps, &biased(network), rates);
    counts.count_leaks(network.leaky());
    counts
}
