//! What can be explored: an experiment or a spiking network.

use super::record::Keeper;
use super::trace::Watching;
use super::{Converted, OpenError, Record, Trace, TraceError, open_recording};
use crate::conversion::Health;
use crate::counts::DenseCounts;
use crate::engine::SimulationError;
use crate::experiment::{
    self, ConfigError, Context, Experiment, ExperimentError, Observer, SimulateConfig,
    SimulateError,
};
use crate::formats::saved_counts::{self, SavedCountsError};
use crate::formats::{self, FileKind, KindError};
use crate::network::Network;
use std::path::{Path, PathBuf};

/// Why something cannot be explored.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The file is of no kind that can be explored, or cannot be read.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The experiment file cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The experiment fails.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The network fails.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// Saved counts cannot be read.
    #[error(transparent)]
    Counts(#[from] SavedCountsError),
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] OpenError),
    /// Potentials cannot be shown.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The result does not say how it was made.
    #[error(
        "{}: it does not say which experiment made it; open the experiment file instead",
        .0.display()
    )]
    NoExperiment(PathBuf),
    /// A file has changed since the result was made.
    #[error(
        "{path}: it is not the file that the result was made from (another SHA-256); run the experiment again"
    )]
    Changed {
        /// The file.
        path: String,
    },
    /// There is no such sample.
    #[error("sample {sample}: there are {samples}, numbered from 0")]
    NoSample {
        /// The sample.
        sample: usize,
        /// How many there are.
        samples: usize,
    },
}

impl From<SimulationError> for SubjectError {
    fn from(error: SimulationError) -> Self {
        SubjectError::Experiment(error.into())
    }
}

/// Something whose samples can be recorded.
pub enum Subject {
    /// An experiment, its model converted.
    Experiment(Box<Converted>),
    /// A spiking network.
    Network(Box<SimulateConfig>),
    /// A finished recording.
    Recording(PathBuf),
}

impl Subject {
    /// Opens an experiment or a native network (`.toml`), a NIR file, a recording (`.npz`), saved
    /// counts (`.h5`) or a result folder.
    ///
    /// # Errors
    /// If the file cannot be read or is none of these.
    pub fn open(path: &Path, observer: Observer) -> Result<Self, SubjectError> {
        let accepts = |kind: FileKind| {
            kind.is_experiment()
                || kind.is_spiking_network()
                || matches!(
                    kind,
                    FileKind::SavedCounts | FileKind::ResultFolder | FileKind::Recording
                )
        };
        let wanted = "an experiment, a network, a recording or a result";
        match formats::require(path, wanted, accepts)? {
            FileKind::ResultFolder => Self::result(&path.join("counts.h5"), observer),
            FileKind::SavedCounts => Self::result(path, observer),
            FileKind::Recording => Ok(Subject::Recording(path.to_owned())),
            kind if kind.is_spiking_network() => Ok(Self::network(path)),
            _ => Self::experiment(Experiment::load(path, &[])?, observer),
        }
    }

    /// An experiment: its model is read, calibrated and converted.
    ///
    /// # Errors
    /// The first stage that fails.
    pub fn experiment(experiment: Experiment, observer: Observer) -> Result<Self, SubjectError> {
        experiment.check()?;
        let converted = Converted::new(experiment, observer)?;
        Ok(Subject::Experiment(Box::new(converted)))
    }

    fn network(path: &Path) -> Self {
        Subject::Network(Box::new(SimulateConfig {
            network: path.to_owned(),
            ..SimulateConfig::default()
        }))
    }

    /// The experiment of a result, if its files are still what they were.
    fn result(path: &Path, observer: Observer) -> Result<Self, SubjectError> {
        let saved = saved_counts::load(path)?;
        let context: Option<Context> = serde_json::from_str(&saved.report_context).ok();
        let unknown = || SubjectError::NoExperiment(path.to_owned());
        let context = context.ok_or_else(unknown)?;
        let experiment = context.experiment.clone().ok_or_else(unknown)?;
        let subject = Self::experiment(experiment, observer)?;
        if let Subject::Experiment(converted) = &subject {
            let files = converted.files(&context);
            if let Some((path, ..)) = files.into_iter().find(|(_, now, then)| now != then) {
                return Err(SubjectError::Changed { path: path.clone() });
            }
        }
        Ok(subject)
    }

    /// How well each population stands for its layer of the original, as the doctor says; empty for
    /// what was not converted.
    ///
    /// # Errors
    /// If the original cannot be run.
    pub fn health(&self) -> Result<Vec<Health>, SubjectError> {
        match self {
            Subject::Experiment(converted) => Ok(converted.health()?),
            Subject::Network(_) | Subject::Recording(_) => Ok(Vec::new()),
        }
    }

    /// Number of samples that can be recorded.
    #[must_use]
    pub fn samples(&self) -> usize {
        match self {
            Subject::Experiment(converted) => converted.samples(),
            Subject::Network(_) | Subject::Recording(_) => 1,
        }
    }

    /// Runs one sample and keeps all it does.
    ///
    /// # Errors
    /// If there is no such sample, or its run fails or is stopped.
    pub fn record(&self, sample: usize, observer: Observer) -> Result<Record, SubjectError> {
        let samples = self.samples();
        if sample >= samples {
            return Err(SubjectError::NoSample { sample, samples });
        }
        match self {
            Subject::Experiment(converted) => converted.record(sample, observer),
            Subject::Network(config) => record_network(config, observer),
            Subject::Recording(path) => Ok(open_recording(path, sample)?),
        }
    }

    /// Runs one sample again and keeps the potentials of some neurons, given by their rows in its
    /// record. They are in the order of the rows.
    ///
    /// # Errors
    /// If a row has no potential, there are more than [`MOST_TRACES`](super::MOST_TRACES), or the run
    /// fails or is stopped.
    pub fn traces(
        &self,
        sample: usize,
        rows: &[u32],
        observer: Observer,
    ) -> Result<Vec<Trace>, SubjectError> {
        let samples = self.samples();
        if sample >= samples {
            return Err(SubjectError::NoSample { sample, samples });
        }
        match self {
            Subject::Experiment(converted) => converted.traces(sample, rows, observer),
            Subject::Network(config) => trace_network(config, rows, observer),
            Subject::Recording(_) => Err(TraceError::NoNetwork.into()),
        }
    }
}

fn trace_network(
    config: &SimulateConfig,
    rows: &[u32],
    observer: Observer,
) -> Result<Vec<Trace>, SubjectError> {
    let mut watching = None;
    let mut adapt = |network: &mut Network| {
        watching = Some(Watching::start(network, rows));
    };
    let one = one_sample(config);
    experiment::simulate_network_adapted(&one, &mut adapt, observer)?;
    let watching = watching.transpose()?;
    Ok(watching.map(Watching::finish).unwrap_or_default())
}

fn one_sample(config: &SimulateConfig) -> SimulateConfig {
    SimulateConfig {
        samples: Some(1),
        ..config.clone()
    }
}

fn record_network(config: &SimulateConfig, observer: Observer) -> Result<Record, SubjectError> {
    let keeper = Keeper::new();
    let mut run = experiment::simulate_network_probed(&one_sample(config), &keeper, observer)?;
    let nodes = &run.counts.topology.populations;
    let sizes: Vec<usize> = nodes.iter().map(|node| node.shape.neurons()).collect();
    let (raster, first_rows, potentials) = keeper.finish(&sizes, run.timesteps as usize);
    let stem = config.network.file_stem().unwrap_or_default();
    Ok(Record {
        title: stem.to_string_lossy().into_owned(),
        sample: 0,
        label: None,
        counts: run.counts,
        dense: DenseCounts::default(),
        raster: raster.into(),
        first_rows,
        input: run.held_input,
        constant: run.multiplied_once,
        potentials,
        predictions: run.predictions.pop().unwrap_or_default(),
        has_synapses: true,
    })
}
