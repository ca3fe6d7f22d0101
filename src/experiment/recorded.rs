//! The experiment behind a recording: a recording says what it was made from, so that its spikes can
//! be priced and its samples run again.

use super::{
    ConfigError, ExperimentError, SimulateConfig, SpikingData, SpikingExperiment, SpikingSimulation,
};
use crate::files;
use crate::formats::recording;
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// Format of [`Note`].
const SCHEMA: &str = "spikewatt.recording/1";

/// What a recording carries beside its arrays. Paths are relative to the folder of the recording.
#[derive(Serialize, Deserialize)]
struct Note {
    schema: String,
    experiment: SpikingExperiment,
}

/// What a recording of `config` says of it; `seed` and `timesteps` are those that were used.
pub(super) fn note(config: &SimulateConfig, recording: &Path, seed: u64, timesteps: u32) -> String {
    let mut experiment = SpikingExperiment {
        simulation: SpikingSimulation {
            timesteps: Some(timesteps),
            runs: config.samples.filter(|_| config.input.is_none()),
            seed: Some(seed),
        },
        ..config.experiment()
    };
    let folder = files::folder_of(recording);
    for path in experiment.paths_mut() {
        if let Some(seen) = relative(folder, path) {
            *path = seen;
        }
    }
    let note = Note {
        schema: SCHEMA.to_owned(),
        experiment,
    };
    // Plain data with text for keys: nothing of it is without JSON.
    serde_json::to_string(&note).unwrap_or_default()
}

/// The experiment that a recording was made with.
///
/// # Errors
/// If it cannot be read, or does not say.
pub(super) fn experiment(path: &Path) -> Result<SpikingExperiment, ExperimentError> {
    let note = recording::note(path).map_err(|source| ConfigError::Read {
        path: path.display().to_string(),
        source,
    })?;
    let note = serde_json::from_str::<Note>(&note).ok();
    let Some(note) = note.filter(|note| note.schema == SCHEMA) else {
        return Err(ExperimentError::NoExperiment(path.to_owned()));
    };
    let mut experiment = note.experiment;
    let folder = files::folder_of(path);
    for path in experiment.paths_mut() {
        *path = folder.join(&*path);
    }
    Ok(experiment)
}

impl SimulateConfig {
    /// The same as an experiment.
    #[must_use]
    pub fn experiment(&self) -> SpikingExperiment {
        let conversion = self.conversion.as_ref();
        SpikingExperiment {
            model: self.network.clone(),
            data: self.input.clone().map(|path| SpikingData {
                path,
                labels: self.labels.clone(),
                samples: self.samples,
            }),
            calibration: conversion.and_then(|how| how.calibration.clone()),
            conversion: conversion.map(|how| how.conversion.clone()),
            simulation: SpikingSimulation {
                timesteps: self.timesteps,
                runs: self.samples.filter(|_| self.input.is_none()),
                seed: self.seed,
            },
            network: self.options.clone(),
            ..SpikingExperiment::default()
        }
    }
}

/// An existing file as seen from a folder; `None` if they share no root.
fn relative(folder: &Path, file: &Path) -> Option<PathBuf> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    let (from, to): (Vec<Component>, Vec<Component>) =
        (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - shared);
    (shared > 0).then(|| up.chain(to[shared..].iter().copied()).collect())
}
