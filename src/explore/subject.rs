//! What can be explored: whatever can be run or priced.

use super::moved::Moved;
use super::{ConvertedSubject, Given, Record, SubjectError, Trace, TraceError, open_recording};
use crate::conversion::Health;
use crate::experiment::{Counted, Experiment, ExperimentError, Observer};
use crate::files;
use crate::formats::{self, FileKind};
use crate::manifest::counts_file;
use std::path::{Path, PathBuf};

/// Something whose samples can be recorded.
pub enum Subject {
    /// An experiment, its model converted.
    Experiment(Box<ConvertedSubject>),
    /// A spiking network with its input.
    Network(Box<Given>),
    /// A recording that does not say what made it: spikes without synapses.
    Recording(PathBuf),
    /// Counts without samples, and why there are none.
    Counts(Box<SubjectError>),
}

impl Subject {
    /// Opens what [`Experiment::load`] does: an experiment file, a spiking network, a recording, saved
    /// counts or a result folder.
    ///
    /// # Errors
    /// If the file cannot be read or is none of these.
    pub fn open(path: &Path, observer: Observer) -> Result<Self, SubjectError> {
        Self::open_with(path, &[], observer)
    }

    /// As [`Subject::open`]. Files that a result was made from and that have moved since are looked
    /// for in the result's folder and in these folders.
    ///
    /// # Errors
    /// As [`Subject::open`].
    pub fn open_with(
        path: &Path,
        look_in: &[PathBuf],
        observer: Observer,
    ) -> Result<Self, SubjectError> {
        let kind = formats::kind_of(path)?;
        match Experiment::load(path, &[]) {
            Ok(Experiment::Counts(experiment)) => {
                Self::result(&experiment.counts, look_in, observer)
            }
            Ok(experiment) if kind == FileKind::Recording => Self::recording(path, experiment),
            Ok(experiment) => Self::experiment(experiment, observer),
            Err(ExperimentError::NoExperiment(path)) => Ok(Subject::Recording(path)),
            Err(error) => Err(error.into()),
        }
    }

    /// An experiment: its files are read, and its model is calibrated and converted if it does not
    /// spike yet.
    ///
    /// # Errors
    /// The first stage that fails.
    pub fn experiment(
        experiment: impl Into<Experiment>,
        observer: Observer,
    ) -> Result<Self, SubjectError> {
        let experiment = experiment.into();
        experiment.check()?;
        Ok(match experiment {
            Experiment::Converted(experiment) => {
                Subject::Experiment(Box::new(ConvertedSubject::new(*experiment, observer)?))
            }
            Experiment::Spiking(experiment) => Subject::Network(Box::new(Given::new(*experiment)?)),
            Experiment::Counts(experiment) => Self::result(&experiment.counts, &[], observer)?,
            Experiment::Assumed(experiment) => {
                Subject::Counts(Box::new(SubjectError::Assumed(experiment.network)))
            }
        })
    }

    /// The network of a recording, to run its samples again; where it is not at hand, the spikes can
    /// still be seen.
    fn recording(path: &Path, experiment: Experiment) -> Result<Self, SubjectError> {
        if let Experiment::Spiking(experiment) = experiment
            && let Ok(given) = Given::new(*experiment)
        {
            return Ok(Subject::Network(Box::new(given.recorded_in(path))));
        }
        Ok(Subject::Recording(path.to_owned()))
    }

    /// The experiment of a result, if its files are still what they were.
    fn result(path: &Path, look_in: &[PathBuf], observer: Observer) -> Result<Self, SubjectError> {
        let own = match path.is_dir() {
            true => path,
            false => files::folder_of(path),
        };
        let look_in = [&[own.to_path_buf()], look_in].concat();
        let file = counts_file(path, &look_in)?;
        let Counted { context, .. } = Counted::load(&file)?;
        let Some(experiment) = &context.experiment else {
            let reason = SubjectError::NoExperiment(path.to_owned());
            return Ok(Subject::Counts(Box::new(reason)));
        };
        let experiment = Moved::new(&file, &context, &look_in).experiment(experiment)?;
        let subject = Self::experiment(experiment, observer)?;
        match &subject {
            Subject::Experiment(converted) => {
                let files = converted.files(&context);
                if let Some((path, ..)) = files.into_iter().find(|(_, now, then)| now != then) {
                    return Err(SubjectError::Changed { path: path.clone() });
                }
            }
            Subject::Network(given) => given.check_files(&context)?,
            Subject::Recording(_) | Subject::Counts(_) => {}
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
            _ => Ok(Vec::new()),
        }
    }

    /// Number of samples that can be recorded.
    #[must_use]
    pub fn samples(&self) -> usize {
        match self {
            Subject::Experiment(converted) => converted.samples(),
            Subject::Network(given) => given.samples(),
            Subject::Recording(_) => 1,
            Subject::Counts(_) => 0,
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
            Subject::Network(given) => given.record(sample, observer),
            Subject::Recording(path) => Ok(open_recording(path, sample)?),
            Subject::Counts(_) => Err(SubjectError::NoSample { sample, samples }),
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
            Subject::Network(given) => given.traces(sample, rows, observer),
            Subject::Recording(_) | Subject::Counts(_) => Err(TraceError::NoNetwork.into()),
        }
    }
}
