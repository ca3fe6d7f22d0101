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
use crate::files;
use crate::formats::saved_counts::{self, SavedCountsError};
use crate::network::Network;
use std::path::{Path, PathBuf};

/// Why something cannot be explored.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The file is of no kind that can be explored.
    #[error(
        "{}: not an experiment or native network (.toml), NIR file (.nir), recording (.npz), saved counts (.h5) or result folder",
        .0.display()
    )]
    Unknown(PathBuf),
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
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match extension.to_ascii_lowercase().as_str() {
            _ if path.is_dir() => Self::result(&path.join("counts.h5"), observer),
            "h5" => Self::result(path, observer),
            "npz" => Ok(Subject::Recording(path.to_owned())),
            "nir" => Ok(Self::network(path)),
            "toml" if is_network(path)? => Ok(Self::network(path)),
            "toml" => Self::experiment(Experiment::load(path, &[])?, observer),
            _ => Err(SubjectError::Unknown(path.to_owned())),
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

/// Whether a TOML file describes a network rather than an experiment.
fn is_network(path: &Path) -> Result<bool, SubjectError> {
    has_key(path, "populations")
}

/// Whether a file describes a sweep rather than one experiment.
///
/// # Errors
/// If the file cannot be read.
pub fn is_sweep(path: &Path) -> Result<bool, SubjectError> {
    let toml = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    Ok(toml && path.is_file() && has_key(path, "parameters")?)
}

fn has_key(path: &Path, key: &str) -> Result<bool, SubjectError> {
    let text = files::read_text(path).map_err(|source| ConfigError::Read {
        path: path.display().to_string(),
        source,
    })?;
    // What is no TOML at all is refused, with line and column, by the reader of experiments.
    let table = text.parse::<toml::Table>().unwrap_or_default();
    Ok(table.contains_key(key))
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
