//! A spiking network on given input: what `spikewatt simulate` does.

use super::{Observer, Progress, figures, shown, stop_if};
use crate::counts::EventCounts;
use crate::encoding::{Drive, EncodingError};
use crate::engine::{NoProbe, Probe, Recording, SimulationError, Simulator, SpikeTrain};
use crate::formats::native::{Description, NativeError, Quantity};
use crate::formats::nir::{self, LowerError, NirError, Port};
use crate::formats::recording::{Recorder, RecordingError};
use crate::formats::spikes::{self, Request, SpikesError, SpikingInput};
use crate::network::{Network, Shape};
use crate::neuron::{
    InitialPotential, Model, Neuron, NeuronError, Options, PRESETS, Preset, ResetRule,
    ThresholdTest,
};
use crate::report::{PopulationReport, Timing, Totals};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Length of the timesteps that events are binned into unless stated [s].
const EVENT_BIN_S: f64 = 1e-3;

/// A spiking network, its input, and how to run it. What is `None` is as the preset, or the file of
/// a native network, says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SimulateConfig {
    /// The network: NIR, or native if its name ends in `.toml`.
    pub network: PathBuf,
    /// What drives its input; a network without input population needs none.
    pub input: Option<PathBuf>,
    /// Timesteps per sample; those of the input or of the native file if absent.
    pub timesteps: Option<u32>,
    /// Use only the first so many samples. Without input: how often to run the network, each time
    /// with other random input.
    pub samples: Option<usize>,
    /// The input is the same in every timestep.
    pub hold_input: bool,
    /// Length of a timestep [s], > 0.
    pub dt_s: Option<f64>,
    /// Length of the timesteps that recorded events are binned into [s], > 0; that of
    /// [`SimulateConfig::dt_s`], or 1 ms, if absent.
    pub bin_s: Option<f64>,
    /// Name of the conventions; see [`PRESETS`].
    pub preset: Option<String>,
    /// What a spike does to the potential.
    pub reset: Option<ResetRule>,
    /// When a neuron fires.
    pub threshold_test: Option<ThresholdTest>,
    /// Potential of each neuron before the first timestep [V].
    pub initial_potential: Option<f64>,
    /// File to record all populations to (`.npz`).
    pub record: Option<PathBuf>,
    /// Seed of every random draw; that of the native file, or 0, if absent.
    pub seed: Option<u64>,
}

/// Why a network could not be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The file is none of a spiking network.
    #[error(
        "{}: an ONNX model is no spiking network; `spikewatt run` converts and simulates it",
        .0.display()
    )]
    Onnx(PathBuf),
    /// The NIR file cannot be read.
    #[error(transparent)]
    Nir(#[from] NirError),
    /// The NIR graph cannot be run.
    #[error("{}: {problem}", file.display())]
    Lower {
        /// The file.
        file: PathBuf,
        /// All that is in the way.
        problem: LowerError,
    },
    /// The native description cannot be used.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// The preset is not known.
    #[error(transparent)]
    Preset(#[from] NeuronError),
    /// The input cannot be used.
    #[error(transparent)]
    Input(#[from] SpikesError),
    /// The network needs input.
    #[error("{}: \"{node}\" takes input of shape {dims:?}; give --input FILE", file.display())]
    NoInput {
        /// The network.
        file: PathBuf,
        /// Where data enters.
        node: String,
        /// Shape at one time.
        dims: Vec<usize>,
    },
    /// The network has no use for input.
    #[error("{}: it has no input population; leave --input out", file.display())]
    UnusedInput {
        /// The network.
        file: PathBuf,
    },
    /// Nothing says how long to simulate.
    #[error("{}: nothing says how long to simulate; give --timesteps N", file.display())]
    NoTimesteps {
        /// The network.
        file: PathBuf,
    },
    /// An option makes no sense.
    #[error("{option}: {value} is out of range; {expected}")]
    Option {
        /// The option, as on the command line.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is in range.
        expected: &'static str,
    },
    /// The recording would replace what it is made from.
    #[error("--record {}: it is the network or its input; name another file", .0.display())]
    Overwrites(PathBuf),
    /// The simulation failed.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The recording cannot be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// What the numbers of an output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// Spikes in all timesteps.
    SpikeCount,
    /// Potential after the last timestep; for a node without potential, its last value.
    FinalPotential,
}

/// A population whose numbers are among the outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputReport {
    /// Name of the population.
    pub population: String,
    /// Its shape, in whose row-major order its numbers stand.
    pub shape: Vec<usize>,
    /// What they are.
    pub kind: OutputKind,
}

/// What a simulation gives.
#[derive(Debug, Clone, Serialize)]
pub struct NetworkRun {
    /// Format of this document.
    pub schema: String,
    /// Version of the program.
    pub version: String,
    /// The network, as given.
    pub network: String,
    /// The input, as given.
    pub input: Option<String>,
    /// SHA-256 of the input.
    pub input_sha256: Option<String>,
    /// Number of samples.
    pub samples: u64,
    /// Timesteps per sample.
    pub timesteps: u32,
    /// Seed of every random draw.
    pub seed: u64,
    /// Name of the preset.
    pub preset: String,
    /// What all neurons have in common; a native network may state other choices per population.
    pub options: Options,
    /// Per population, in the order of a timestep.
    pub populations: Vec<PopulationReport>,
    /// Sums over populations.
    pub totals: Totals,
    /// Wall-clock figures, without reading files.
    pub timing: Timing,
    /// What the numbers of each sample in `outputs` are, one population after the other.
    pub output_populations: Vec<OutputReport>,
    /// A number per output neuron and sample.
    pub outputs: Vec<Vec<f64>>,
    /// What was decided that the files do not say.
    pub notes: Vec<String>,
    /// The recording, as given.
    pub record: Option<String>,
    /// All counts.
    #[serde(skip)]
    pub counts: EventCounts,
    /// Output neuron of the last population ahead after each timestep, per sample.
    #[serde(skip)]
    pub predictions: Vec<Vec<u32>>,
    /// Constant input of the first sample, channels last; empty if spikes drive the network.
    #[serde(skip)]
    pub held_input: Vec<f32>,
    /// Per projection, whether it multiplies that input once and keeps the current.
    #[serde(skip)]
    pub multiplied_once: Vec<bool>,
}

/// Reads a spiking network, runs it on its input and counts.
///
/// # Errors
/// The first file, option or stage that fails, by name.
pub fn simulate_network(
    config: &SimulateConfig,
    observer: Observer,
) -> Result<NetworkRun, SimulateError> {
    simulate_network_probed(config, &NoProbe, observer)
}

/// As [`simulate_network`], and shows a probe what populations do.
///
/// # Errors
/// As [`simulate_network`].
pub fn simulate_network_probed(
    config: &SimulateConfig,
    probe: &dyn Probe,
    observer: Observer,
) -> Result<NetworkRun, SimulateError> {
    check(config)?;
    let subject = Subject::load(config)?;
    let input = subject.input(config)?;
    let file = || config.network.clone();
    let stated = config.timesteps.or(subject.timesteps);
    let timesteps = input.as_ref().and_then(|input| input.timesteps).or(stated);
    let Some(timesteps) = timesteps.filter(|&timesteps| timesteps > 0) else {
        return Err(SimulateError::NoTimesteps { file: file() });
    };
    let available = input.as_ref().map(|input| input.samples);
    let samples = match (config.samples, available) {
        (Some(asked), Some(available)) => asked.min(available),
        (Some(asked), None) => asked,
        (None, available) => available.unwrap_or(1),
    };
    let has_sample_axis = match &input {
        Some(input) => input.has_sample_axis,
        None => config.samples.is_some(),
    };

    let network = &subject.network;
    let recorder = config.record.as_ref().map(|path| {
        let input_spikes = input.as_ref().is_none_or(|input| input.is_binary);
        let samples = has_sample_axis.then_some(samples);
        Recorder::new(path, network, timesteps, samples, input_spikes)
    });
    let watch = Watch {
        recorder: recorder.transpose()?,
        network,
        input: subject.port.as_ref().zip(input.as_ref()),
        outputs: &subject.outputs,
        also: probe,
        values: Mutex::new(vec![subject.rest(); samples]),
    };

    let drive = |sample: usize| -> Result<Drive, EncodingError> {
        Ok(match (&subject.port, &input) {
            (Some(port), Some(input)) => {
                let shape = network.populations[port.population].shape;
                input.drive(sample, timesteps, shape)
            }
            _ => Drive::Spikes(SpikeTrain::new()),
        })
    };
    let progress = |done| {
        if watch.recorder.as_ref().is_some_and(Recorder::has_failed) {
            return ControlFlow::Break(());
        }
        observer(Progress::Simulating { done, of: samples })
    };
    stop_if(observer(Progress::Simulating {
        done: 0,
        of: samples,
    }))?;
    let started = Instant::now();
    let simulator = Simulator::new(network, timesteps)?.with_seed(subject.seed);
    let simulation = simulator.run_recorded(samples, &drive, &watch, &progress);
    let simulate_s = started.elapsed().as_secs_f64();

    let Watch {
        recorder, values, ..
    } = watch;
    // A run that was stopped because of its recording fails with that reason.
    if let Some(recorder) = recorder
        && (simulation.is_ok() || recorder.has_failed())
    {
        recorder.finish()?;
    }
    let first = drive(0).map_err(SimulationError::from)?;
    let multiplied_once = simulator.multiplies_once(&first);
    let held_input = match first {
        Drive::Constant(values) => values,
        Drive::Spikes(_) => Vec::new(),
    };
    let simulation = simulation?;
    let counts = simulation.counts;
    let (populations, totals) = figures(&counts);
    let mut notes = subject.notes;
    notes.extend(input.iter().flat_map(|input| input.notes.iter().cloned()));
    Ok(NetworkRun {
        schema: "spikewatt.simulate/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        network: shown(&config.network),
        input: config.input.as_deref().map(shown),
        input_sha256: input.map(|input| input.source.sha256),
        samples: counts.samples,
        timesteps,
        seed: subject.seed,
        preset: subject.preset.name.to_owned(),
        options: subject.options,
        populations,
        totals,
        timing: Timing {
            simulate_s,
            synops_per_s: totals.synops_per_inference * counts.samples as f64 / simulate_s,
        },
        output_populations: subject
            .outputs
            .iter()
            .map(|&index| OutputReport {
                population: network.populations[index].name.clone(),
                shape: network.populations[index].shape.dims(),
                kind: kind(&network.populations[index].neuron),
            })
            .collect(),
        outputs: values.into_inner().unwrap_or_else(PoisonError::into_inner),
        notes,
        record: config.record.as_deref().map(shown),
        counts,
        predictions: simulation
            .outcomes
            .into_iter()
            .map(|o| o.predictions)
            .collect(),
        held_input,
        multiplied_once,
    })
}

fn check(config: &SimulateConfig) -> Result<(), SimulateError> {
    for (option, value) in [("--dt", config.dt_s), ("--dt-bin", config.bin_s)] {
        if let Some(value) = value.filter(|value| !(*value > 0.0 && value.is_finite())) {
            return Err(SimulateError::Option {
                option,
                value: value.to_string(),
                expected: "state seconds above 0",
            });
        }
    }
    if let Some(value) = config.initial_potential.filter(|value| !value.is_finite()) {
        return Err(SimulateError::Option {
            option: "--initial-potential",
            value: value.to_string(),
            expected: "state a finite potential",
        });
    }
    let zero = |option| SimulateError::Option {
        option,
        value: "0".to_owned(),
        expected: "state 1 or more",
    };
    if config.timesteps == Some(0) {
        return Err(zero("--timesteps"));
    }
    if config.samples == Some(0) {
        return Err(zero("--samples"));
    }
    if let Some(record) = &config.record
        && let Ok(target) = record.canonicalize()
    {
        let is_target = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == target);
        if is_target(&config.network) || config.input.as_ref().is_some_and(is_target) {
            return Err(SimulateError::Overwrites(record.clone()));
        }
    }
    Ok(())
}

/// A network that is ready to run.
struct Subject {
    network: Network,
    /// Where data enters.
    port: Option<Port>,
    /// Populations where results leave.
    outputs: Vec<usize>,
    preset: &'static Preset,
    options: Options,
    timesteps: Option<u32>,
    seed: u64,
    notes: Vec<String>,
}

impl Subject {
    fn load(config: &SimulateConfig) -> Result<Self, SimulateError> {
        let has_extension = |name: &str| {
            let extension = config.network.extension();
            extension.is_some_and(|extension| extension.eq_ignore_ascii_case(name))
        };
        if has_extension("onnx") {
            Err(SimulateError::Onnx(config.network.clone()))
        } else if has_extension("toml") {
            Self::native(config)
        } else {
            Self::nir(config)
        }
    }

    fn nir(config: &SimulateConfig) -> Result<Self, SimulateError> {
        let preset = preset(config.preset.as_deref())?;
        let options = options(config, preset);
        let graph = nir::read(&config.network)?;
        let lowered = nir::lower(&graph, &options).map_err(|problem| SimulateError::Lower {
            file: config.network.clone(),
            problem,
        })?;
        let mut network = lowered.network;
        let stem = config.network.file_stem().unwrap_or_default();
        network.name = stem.to_string_lossy().into_owned();
        Ok(Subject {
            network,
            port: Some(lowered.input),
            outputs: lowered.outputs.iter().map(|port| port.population).collect(),
            preset,
            options,
            timesteps: None,
            seed: config.seed.unwrap_or(0),
            notes: lowered.notes,
        })
    }

    fn native(config: &SimulateConfig) -> Result<Self, SimulateError> {
        let mut description = Description::load(&config.network)?;
        let simulation = &mut description.simulation;
        if let Some(name) = &config.preset {
            simulation.preset = Some(name.clone());
        }
        if let Some(dt_s) = config.dt_s {
            simulation.dt_s = dt_s;
        }
        let preset = preset(simulation.preset.as_deref())?;
        let mut options = options(config, preset);
        options.dt_s = simulation.dt_s;
        let seed = config.seed.unwrap_or(simulation.seed);
        let neurons = description.populations.iter_mut();
        for table in neurons.filter_map(|population| population.neuron.as_mut()) {
            // What is no model here is refused by the builder, or is an input, which has no choices.
            let Ok(model) = Model::get(&table.model) else {
                continue;
            };
            table.reset = config.reset.or(table.reset);
            table.threshold_test = config.threshold_test.or(table.threshold_test);
            let has_potential = model.parameters.iter().any(|p| p.name == "v_initial");
            if let (true, Some(v)) = (has_potential, config.initial_potential) {
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
        Ok(Subject {
            outputs: outputs(&network),
            network,
            port,
            preset,
            options,
            timesteps: built.timesteps,
            seed,
            notes,
        })
    }

    fn input(&self, config: &SimulateConfig) -> Result<Option<SpikingInput>, SimulateError> {
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
                    hold: config.hold_input,
                    timesteps: config.timesteps.or(self.timesteps),
                    bin_s: config.bin_s.or(config.dt_s).unwrap_or(EVENT_BIN_S),
                };
                Ok(Some(spikes::read(path, &request)?))
            }
        }
    }

    /// Outputs of a sample that has not begun.
    fn rest(&self) -> Vec<f64> {
        let neurons = |&index: &usize| self.network.populations[index].shape.neurons();
        vec![0.0; self.outputs.iter().map(neurons).sum()]
    }
}

fn preset(name: Option<&str>) -> Result<&'static Preset, NeuronError> {
    Preset::get(name.unwrap_or(PRESETS[0].name))
}

fn options(config: &SimulateConfig, preset: &Preset) -> Options {
    let mut options = preset.options;
    options.dt_s = config.dt_s.unwrap_or(options.dt_s);
    options.reset = config.reset.unwrap_or(options.reset);
    options.test = config.threshold_test.unwrap_or(options.test);
    if let Some(v) = config.initial_potential {
        options.initial = InitialPotential::Value(v);
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

fn kind(neuron: &Neuron) -> OutputKind {
    match neuron {
        Neuron::Integrator => OutputKind::FinalPotential,
        Neuron::Model(model) if !model.spikes() => OutputKind::FinalPotential,
        _ => OutputKind::SpikeCount,
    }
}

/// Reads outputs, and records if asked to.
struct Watch<'a> {
    recorder: Option<Recorder>,
    network: &'a Network,
    input: Option<(&'a Port, &'a SpikingInput)>,
    outputs: &'a [usize],
    /// Who else looks on.
    also: &'a dyn Probe,
    values: Mutex<Vec<Vec<f64>>>,
}

impl Probe for Watch<'_> {
    fn wants(&self, population: usize) -> bool {
        self.recorder.is_some() || self.outputs.contains(&population) || self.also.wants(population)
    }

    fn record(&self, recording: Recording) {
        let mut first = 0;
        for &output in self.outputs {
            let shape = self.network.populations[output].shape;
            if output == recording.population {
                let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
                let values = &mut values[recording.sample][first..first + shape.neurons()];
                read_out(
                    &self.network.populations[output].neuron,
                    shape,
                    &recording,
                    values,
                );
            }
            first += shape.neurons();
        }
        if self.also.wants(recording.population) {
            self.also.record(recording.clone());
        }
        if let Some(recorder) = &self.recorder {
            match self.constant(&recording) {
                Some(train) => recorder.record(Recording {
                    train: &train,
                    ..recording
                }),
                None => recorder.record(recording),
            }
        }
    }
}

impl Watch<'_> {
    /// Input that the engine takes once and for all, timestep by timestep.
    fn constant(&self, recording: &Recording) -> Option<SpikeTrain> {
        let (port, input) = self.input?;
        if port.population != recording.population {
            return None;
        }
        let shape = self.network.populations[port.population].shape;
        let values = input.constant(recording.sample, shape)?;
        let mut train = SpikeTrain::new();
        for t in 0..recording.timesteps.end {
            if recording.timesteps.contains(&t) {
                for (neuron, &value) in values.iter().enumerate() {
                    train.push_value(neuron as u32, value);
                }
            }
            train.end_timestep();
        }
        Some(train)
    }
}

/// Adds the spikes of a block, or keeps its last potentials; channels first.
fn read_out(neuron: &Neuron, shape: Shape, recording: &Recording, values: &mut [f64]) {
    let order: Vec<usize> = (0..shape.neurons()).collect();
    let place = shape.to_channels_last(&order);
    let steps = match kind(neuron) {
        OutputKind::SpikeCount => recording.timesteps.clone(),
        OutputKind::FinalPotential => {
            values.fill(0.0);
            let last = recording.timesteps.end.saturating_sub(1);
            let shown = recording.potentials.len().saturating_sub(values.len());
            if matches!(neuron, Neuron::Integrator) {
                for (&place, &v) in place.iter().zip(&recording.potentials[shown..]) {
                    values[place] = f64::from(v);
                }
                return;
            }
            last..recording.timesteps.end
        }
    };
    for t in steps {
        let events = recording.train.at(t);
        for (i, &neuron) in events.neurons.iter().enumerate() {
            let value = events.values.map_or(1.0, |values| values[i]);
            values[place[neuron as usize]] += f64::from(value);
        }
    }
}
