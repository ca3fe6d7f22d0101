//! What can be explored: an experiment or a spiking network.

use super::record::Keeper;
use super::{OpenError, Record, open_recording};
use crate::conversion::{Conversion, Health};
use crate::counts::DenseCounts;
use crate::encoding::Drive;
use crate::engine::{SimulationError, Simulator};
use crate::experiment::{
    self, ConfigError, Context, Experiment, ExperimentError, Imported, Observer, Progress,
    SimulateConfig, SimulateError,
};
use crate::files;
use crate::formats::saved_counts::{self, SavedCountsError};
use std::ops::ControlFlow;
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

/// An experiment that is ready to run.
pub struct Converted {
    /// The experiment.
    pub experiment: Experiment,
    imported: Imported,
    conversion: Conversion,
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
        let imported = Imported::load(&experiment, observer)?;
        let conversion = imported.convert(&experiment, observer)?.conversion;
        Ok(Subject::Experiment(Box::new(Converted {
            experiment,
            imported,
            conversion,
        })))
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
        let experiment = context.experiment.ok_or_else(unknown)?;
        let subject = Self::experiment(experiment, observer)?;
        if let Subject::Experiment(converted) = &subject {
            let imported = &converted.imported;
            let files = [
                (
                    &imported.model.path,
                    &imported.model.sha256,
                    &context.model.sha256,
                ),
                (
                    &context.setup.data,
                    &imported.data.data.sha256,
                    &context.setup.data_sha256,
                ),
            ];
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
            Subject::Experiment(converted) => Ok(converted
                .imported
                .examine(&converted.experiment, &converted.conversion)?),
            Subject::Network(_) | Subject::Recording(_) => Ok(Vec::new()),
        }
    }

    /// Number of samples that can be recorded.
    #[must_use]
    pub fn samples(&self) -> usize {
        match self {
            Subject::Experiment(converted) => converted.imported.data.len(),
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
            Subject::Experiment(converted) => record_experiment(converted, sample, observer),
            Subject::Network(config) => record_network(config, observer),
            Subject::Recording(path) => Ok(open_recording(path, sample)?),
        }
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

fn record_experiment(
    converted: &Converted,
    sample: usize,
    observer: Observer,
) -> Result<Record, SubjectError> {
    let Converted {
        experiment,
        imported,
        conversion,
    } = converted;
    let network = &conversion.network;
    let timesteps = experiment.simulation.timesteps;
    let readout = experiment.conversion.readout.of_spikes();
    let simulator = Simulator::new(network, timesteps)?.with_readout(readout);
    let keeper = Keeper::new();
    let drive = experiment::drive(experiment, &imported.ann, &imported.data, sample)
        .map_err(SimulationError::from)?;
    let constant = simulator.multiplies_once(&drive);
    let input = match &drive {
        Drive::Constant(values) => values.clone(),
        Drive::Spikes(_) => Vec::new(),
    };
    // A stop is heard before the only sample: afterwards there is nothing left to stop.
    if observer(Progress::Simulating { done: 0, of: 1 }).is_break() {
        return Err(SimulationError::Stopped.into());
    }
    let once = |_| Ok(drive.clone());
    let go_on = |_| ControlFlow::Continue(());
    let mut simulation = simulator.run_recorded(1, &once, &keeper, &go_on)?;
    let sizes: Vec<usize> = network
        .populations
        .iter()
        .map(|p| p.shape.neurons())
        .collect();
    let (raster, first_rows, potentials) = keeper.finish(&sizes, timesteps as usize);
    let outcome = simulation.outcomes.pop();
    Ok(Record {
        title: imported.ann.name.clone(),
        sample,
        label: imported
            .data
            .labels
            .as_ref()
            .and_then(|l| l.get(sample).copied()),
        counts: simulation.counts,
        dense: imported.ann.dense_counts(),
        raster: raster.into(),
        first_rows,
        input,
        constant,
        potentials,
        predictions: outcome.map(|o| o.predictions).unwrap_or_default(),
        has_synapses: true,
    })
}

fn record_network(config: &SimulateConfig, observer: Observer) -> Result<Record, SubjectError> {
    let keeper = Keeper::new();
    let one = SimulateConfig {
        samples: Some(1),
        ..config.clone()
    };
    let mut run = experiment::simulate_network_probed(&one, &keeper, observer)?;
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
