//! A spiking network on given input: what `spikewatt simulate` does.

use super::loaded::LoadedNetwork;
use super::price::figures;
use super::watch::{OutputKind, Watch};
use super::{
    Observer, Progress, SimulateConfig, SimulateError, plausible, recorded, shown, stop_if,
};
use crate::counts::EventCounts;
use crate::encoding::{Drive, EncodingError};
use crate::engine::{NoProbe, Outcome, Probe, Simulator, SpikeTrain};
use crate::formats::recording::{Recorder, RecordingError};
use crate::formats::spikes::SpikingInput;
use crate::network::Network;
use crate::neuron::Options;
use crate::result::{Kernels, PopulationReport, Timing, Totals, Warning};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

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
    /// What a reader should know before trusting it.
    pub warnings: Vec<Warning>,
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
    let SimulatedNetwork {
        loaded,
        input,
        timesteps,
        counts,
        outcomes,
        kernels: _,
        timing,
        notes,
        warnings,
        last_predictions,
        held_input,
        multiplied_once,
    } = Prepared::load(config)?.run(probe, observer)?;
    let (populations, totals) = figures(&counts);
    let report = |&index: &usize| {
        let population = &loaded.network.populations[index];
        OutputReport {
            population: population.name.clone(),
            shape: population.shape.dims(),
            kind: OutputKind::of(&population.neuron),
        }
    };
    Ok(NetworkRun {
        schema: "spikewatt.simulate/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        network: shown(&config.network),
        input: config.input.as_deref().map(shown),
        input_sha256: input.map(|input| input.source.sha256),
        samples: counts.samples,
        timesteps,
        seed: loaded.seed,
        preset: loaded.preset.name.to_owned(),
        options: loaded.options,
        populations,
        totals,
        timing,
        output_populations: loaded.outputs.iter().map(report).collect(),
        outputs: outcomes
            .into_iter()
            .map(|outcome| outcome.output.into_iter().map(f64::from).collect())
            .collect(),
        notes,
        warnings,
        record: config.record.as_deref().map(shown),
        counts,
        predictions: last_predictions,
        held_input,
        multiplied_once,
    })
}

/// A network that has run.
pub(super) struct SimulatedNetwork {
    pub(super) loaded: LoadedNetwork,
    pub(super) input: Option<SpikingInput>,
    pub(super) timesteps: u32,
    pub(super) counts: EventCounts,
    /// Outputs, channels first; predictions only where one population is the output.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) kernels: Vec<Kernels>,
    pub(super) timing: Timing,
    /// What was decided that the files do not say.
    pub(super) notes: Vec<String>,
    /// What a reader should know before trusting it.
    pub(super) warnings: Vec<Warning>,
    /// Output neuron of the last population ahead after each timestep, per sample.
    last_predictions: Vec<Vec<u32>>,
    /// Constant input of the first sample, channels last; empty if spikes drive the network.
    held_input: Vec<f32>,
    /// Per projection, whether it multiplies that input once and keeps the current.
    multiplied_once: Vec<bool>,
}

/// A network with its input, ready to run.
pub(crate) struct Prepared {
    loaded: LoadedNetwork,
    input: Option<SpikingInput>,
    timesteps: u32,
    samples: usize,
    has_sample_axis: bool,
    /// The recording, and what it says of the experiment.
    record: Option<(PathBuf, String)>,
}

/// One sample of a network that has run.
pub(crate) struct OneSample {
    /// Its counts alone.
    pub(crate) counts: EventCounts,
    /// Output neuron of the last population ahead after each timestep.
    pub(crate) predictions: Vec<u32>,
    /// Its constant input, channels last; empty if spikes drive the network.
    pub(crate) held_input: Vec<f32>,
    /// Per projection, whether it multiplies that input once and keeps the current.
    pub(crate) multiplied_once: Vec<bool>,
}

impl Prepared {
    /// Reads the network and its input.
    ///
    /// # Errors
    /// The first file or option that cannot be used, by name.
    pub(crate) fn load(config: &SimulateConfig) -> Result<Self, SimulateError> {
        config.check()?;
        let loaded = LoadedNetwork::load(config)?;
        let input = loaded.input(config)?;
        let stated = config.timesteps.or(loaded.timesteps);
        let timesteps = input.as_ref().and_then(|input| input.timesteps).or(stated);
        let Some(timesteps) = timesteps.filter(|&timesteps| timesteps > 0) else {
            return Err(no_timesteps(config, input.as_ref()));
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
        let record = config.record.clone().map(|path| {
            let note = recorded::note(config, &path, loaded.seed, timesteps);
            (path, note)
        });
        Ok(Prepared {
            loaded,
            input,
            timesteps,
            samples,
            has_sample_axis,
            record,
        })
    }

    /// The network.
    pub(crate) fn network(&self) -> &Network {
        &self.loaded.network
    }

    /// Number of samples.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// SHA-256 of the input, if there is one.
    pub(crate) fn input_sha256(&self) -> Option<&str> {
        self.input
            .as_ref()
            .map(|input| input.source.sha256.as_str())
    }

    /// Class of a sample, if it is known.
    pub(crate) fn label(&self, sample: usize) -> Option<u32> {
        let labels = self.input.as_ref()?.labels.as_ref()?;
        labels.values.get(sample).copied()
    }

    /// What drives a sample.
    fn drive(&self, sample: usize) -> Drive {
        match (&self.loaded.port, &self.input) {
            (Some(port), Some(input)) => {
                let shape = self.loaded.network.populations[port.population].shape;
                input.drive(sample, self.timesteps, shape)
            }
            _ => Drive::Spikes(SpikeTrain::new()),
        }
    }

    /// Runs one sample as it runs among all of them. `network` is that of [`Prepared::network`], or
    /// one whose neurons do the same.
    ///
    /// # Errors
    /// If the simulation fails or is stopped.
    pub(crate) fn one(
        &self,
        network: &Network,
        sample: usize,
        probe: &dyn Probe,
        observer: Observer,
    ) -> Result<OneSample, SimulateError> {
        stop_if(observer(Progress::Simulating { done: 0, of: 1 }))?;
        let drive = self.drive(sample);
        let simulator = Simulator::new(network, self.timesteps)?
            .with_seed(self.loaded.seed)
            .with_first_sample(sample);
        let once = |_| Ok(drive.clone());
        let progress = |done| observer(Progress::Simulating { done, of: 1 });
        let mut simulation = simulator.run_recorded(1, &once, probe, &progress)?;
        let outcome = simulation.outcomes.pop();
        Ok(OneSample {
            counts: simulation.counts,
            predictions: outcome
                .map(|outcome| outcome.predictions)
                .unwrap_or_default(),
            multiplied_once: simulator.multiplies_once(&drive),
            held_input: held(drive),
        })
    }

    /// Runs all samples.
    ///
    /// # Errors
    /// If the simulation fails or is stopped, or cannot be recorded.
    pub(super) fn run(
        self,
        probe: &dyn Probe,
        observer: Observer,
    ) -> Result<SimulatedNetwork, SimulateError> {
        let samples = self.samples;
        let watch = self.watch(probe)?;
        let progress = |done| {
            if watch.has_failed() {
                return ControlFlow::Break(());
            }
            observer(Progress::Simulating { done, of: samples })
        };
        stop_if(observer(Progress::Simulating {
            done: 0,
            of: samples,
        }))?;
        let started = Instant::now();
        let network = &self.loaded.network;
        let simulator = Simulator::new(network, self.timesteps)?.with_seed(self.loaded.seed);
        let drive = |sample: usize| -> Result<Drive, EncodingError> { Ok(self.drive(sample)) };
        let simulation = simulator.run_recorded(samples, &drive, &watch, &progress);
        let simulate_s = started.elapsed().as_secs_f64();

        let failed = watch.has_failed();
        let (recorder, outcomes) = watch.finish();
        // A run that was stopped because of its recording fails with that reason.
        if let Some(recorder) = recorder
            && (simulation.is_ok() || failed)
        {
            recorder.finish()?;
        }
        let simulation = simulation?;
        let first = self.drive(0);
        let multiplied_once = simulator.multiplies_once(&first);
        let last = simulation.outcomes.into_iter();
        let input = self.input.iter();
        let warnings = plausible::of_network(
            &self.loaded,
            self.input.as_ref(),
            &simulation.counts,
            &outcomes,
        );
        let mut notes = self.loaded.notes.clone();
        notes.extend(input.flat_map(|input| input.notes.iter().cloned()));
        Ok(SimulatedNetwork {
            timing: timing(&simulation.counts, simulate_s),
            counts: simulation.counts,
            kernels: simulation.kernels,
            outcomes,
            last_predictions: last.map(|outcome| outcome.predictions).collect(),
            held_input: held(first),
            multiplied_once,
            warnings,
            notes,
            loaded: self.loaded,
            input: self.input,
            timesteps: self.timesteps,
        })
    }

    /// Reads outputs, and records if asked to.
    fn watch<'a>(&'a self, probe: &'a dyn Probe) -> Result<Watch<'a>, SimulateError> {
        let network = &self.loaded.network;
        let input = self.input.as_ref();
        let recorder = self.record.as_ref().map(|(path, note)| {
            let input_spikes = input.is_none_or(|input| input.is_binary);
            let samples = self.has_sample_axis.then_some(self.samples);
            let recorder = Recorder::new(path, network, self.timesteps, samples, input_spikes)?;
            Ok::<_, RecordingError>(recorder.with_note(note.clone()))
        });
        let watch = Watch::new(
            network,
            &self.loaded.outputs,
            self.loaded.port.as_ref().zip(input),
            recorder.transpose()?,
            self.samples,
        );
        Ok(watch
            .showing(probe)
            .predicting(input.is_some_and(|input| input.labels.is_some())))
    }
}

/// What is missing where nothing says how long to simulate.
fn no_timesteps(config: &SimulateConfig, input: Option<&SpikingInput>) -> SimulateError {
    match input {
        Some(input) => SimulateError::HeldTimesteps {
            file: input.source.path.clone(),
            why: input.cautions.first().map(|one| one.message.clone()),
        },
        None => SimulateError::NoTimesteps {
            file: config.network.clone(),
        },
    }
}

fn held(drive: Drive) -> Vec<f32> {
    match drive {
        Drive::Constant(values) => values,
        Drive::Spikes(_) => Vec::new(),
    }
}

fn timing(counts: &EventCounts, simulate_s: f64) -> Timing {
    let projections = counts.projections.iter();
    let synops: u64 = projections
        .flat_map(|projection| &projection.synops_per_timestep)
        .sum();
    Timing {
        simulate_s,
        synops_per_s: synops as f64 / simulate_s,
    }
}
