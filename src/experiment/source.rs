//! One experiment, whatever is run and priced: the command line, sweeps, the window and the library
//! open the same ones.

use super::{
    CalibrationConfig, ConfigError, ConvertedExperiment, ExperimentError, OutputConfig,
    SpikingData, SpikingExperiment, recorded,
};
use crate::counts::AssumedRates;
use crate::energy::{PriceOptions, UsageConfig};
use crate::files;
use crate::formats::native::Description;
use crate::formats::onnx::InputShapes;
use crate::formats::{self, FileKind, kind_of_experiment};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::{Path, PathBuf};

/// What is run and priced. As text each has the keys of its own struct, all at one level.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Experiment {
    /// A trained network that is converted, on labelled data.
    Converted(Box<ConvertedExperiment>),
    /// A network that spikes already, or a trained one that recorded events drive.
    Spiking(Box<SpikingExperiment>),
    /// Counts of an earlier run.
    Counts(Box<CountsExperiment>),
    /// Counts at assumed rates.
    Assumed(Box<AssumedExperiment>),
}

/// Counts of an earlier run, priced again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountsExperiment {
    /// The counts, or the result folder that holds them.
    pub counts: PathBuf,
    /// Seed of draws and placements; that of the run if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What to price and where to write.
    #[serde(default)]
    pub output: OutputConfig,
    /// Where and how often the targets work.
    #[serde(default)]
    pub usage: UsageConfig,
}

/// A network whose neurons fire at an assumed rate; nothing is simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssumedExperiment {
    /// A trained model, a spiking network or a description of shapes.
    pub network: PathBuf,
    /// Timesteps per inference.
    pub timesteps: u32,
    /// What is assumed.
    pub rates: AssumedRates,
    /// Sizes of inputs that the model leaves open, where it has no spiking form.
    #[serde(default, skip_serializing_if = "InputShapes::is_empty")]
    pub input_shapes: InputShapes,
    /// Seed of draws and placements.
    #[serde(default)]
    pub seed: u64,
    /// What to price and where to write.
    #[serde(default)]
    pub output: OutputConfig,
    /// Where and how often the targets work.
    #[serde(default)]
    pub usage: UsageConfig,
}

impl Experiment {
    /// Opens an experiment file, a spiking network that needs no more than its file, a recording of
    /// one, saved counts or a result folder. Overrides (`key.path=value`) set keys of an experiment
    /// file, whose paths are relative to the folder that it lies in.
    ///
    /// # Errors
    /// What the file is and the next step, if it is something else; line, column and accepted keys
    /// of what cannot be understood.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ExperimentError> {
        let accepts = |kind: FileKind| {
            kind.is_experiment()
                || kind.is_spiking_network()
                || matches!(
                    kind,
                    FileKind::SavedCounts | FileKind::ResultFolder | FileKind::Recording
                )
        };
        let wanted = "an experiment, a spiking network, a recording or a result";
        let kind = formats::require(path, wanted, accepts)?;
        if let (Some(assignment), false) = (overrides.first(), kind.is_experiment()) {
            return Err(ExperimentError::Config(ConfigError::Override {
                assignment: assignment.clone(),
                reason: format!(
                    "it sets keys of an experiment file, and {} is {}; give the flag of the same purpose",
                    path.display(),
                    kind.about()
                ),
            }));
        }
        Ok(match kind {
            FileKind::SavedCounts | FileKind::ResultFolder => CountsExperiment {
                counts: path.to_owned(),
                ..CountsExperiment::default()
            }
            .into(),
            FileKind::Recording => recorded::experiment(path)?.into(),
            kind if kind.is_spiking_network() => SpikingExperiment {
                model: path.to_owned(),
                ..SpikingExperiment::default()
            }
            .into(),
            _ => Self::of_file(path, overrides)?,
        })
    }

    /// A model or a spiking network on data, everything else at its default.
    #[must_use]
    pub fn of_model(model: PathBuf, data: PathBuf, calibration: Option<PathBuf>) -> Self {
        let calibration = calibration.map(|path| CalibrationConfig {
            path,
            samples: None,
        });
        let spiking = SpikingExperiment {
            data: Some(SpikingData {
                path: data.clone(),
                ..SpikingData::default()
            }),
            model: model.clone(),
            ..SpikingExperiment::default()
        };
        if spiking.is_recorded() {
            return SpikingExperiment {
                calibration,
                ..spiking
            }
            .into();
        }
        if formats::kind_of(&model).is_ok_and(FileKind::is_spiking_network) {
            return spiking.into();
        }
        ConvertedExperiment {
            calibration,
            ..ConvertedExperiment::of_model(model, data)
        }
        .into()
    }

    /// Makes an experiment from a table of keys, for callers without a file, and applies overrides.
    /// Paths are as given.
    ///
    /// # Errors
    /// The key that cannot be understood.
    pub fn from_table(mut table: toml::Table, overrides: &[String]) -> Result<Self, ConfigError> {
        super::config::apply(&mut table, overrides)?;
        let parse = |error: toml::de::Error| ConfigError::Parse {
            path: "command line".to_owned(),
            message: error.to_string(),
        };
        Ok(match kind_of_experiment(&table, Path::new("")) {
            FileKind::SpikingExperiment => {
                let experiment: SpikingExperiment = table.try_into().map_err(parse)?;
                experiment.into()
            }
            _ => {
                let experiment: ConvertedExperiment = table.try_into().map_err(parse)?;
                experiment.into()
            }
        })
    }

    /// An experiment file of any scheme.
    fn of_file(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut table = super::config::table(path)?;
        super::config::apply(&mut table, overrides)?;
        let folder = files::folder_of(path);
        Ok(match kind_of_experiment(&table, folder) {
            FileKind::SpikingExperiment => SpikingExperiment::load(path, overrides)?.into(),
            _ => ConvertedExperiment::load(path, overrides)?.into(),
        })
    }

    /// What to price and where to write.
    #[must_use]
    pub fn output(&self) -> &OutputConfig {
        match self {
            Experiment::Converted(experiment) => &experiment.output,
            Experiment::Spiking(experiment) => &experiment.output,
            Experiment::Counts(experiment) => &experiment.output,
            Experiment::Assumed(experiment) => &experiment.output,
        }
    }

    /// What to price and where to write, and where and how often the targets work, to be changed.
    pub fn pricing_mut(&mut self) -> (&mut OutputConfig, &mut UsageConfig) {
        match self {
            Experiment::Converted(experiment) => (&mut experiment.output, &mut experiment.usage),
            Experiment::Spiking(experiment) => (&mut experiment.output, &mut experiment.usage),
            Experiment::Counts(experiment) => (&mut experiment.output, &mut experiment.usage),
            Experiment::Assumed(experiment) => (&mut experiment.output, &mut experiment.usage),
        }
    }

    /// The files that it reads, wherever they are named.
    pub fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Experiment::Converted(experiment) => experiment.paths_mut(),
            Experiment::Spiking(experiment) => experiment.paths_mut(),
            Experiment::Counts(experiment) => vec![&mut experiment.counts],
            Experiment::Assumed(experiment) => vec![&mut experiment.network],
        }
    }

    /// How to price, with draws and placements of a seed.
    ///
    /// # Errors
    /// If a value makes no sense or a name in `[usage]` is not known.
    pub fn price_options(&self, seed: u64) -> Result<PriceOptions, ConfigError> {
        let usage = match self {
            Experiment::Converted(experiment) => &experiment.usage,
            Experiment::Spiking(experiment) => &experiment.usage,
            Experiment::Counts(experiment) => &experiment.usage,
            Experiment::Assumed(experiment) => &experiment.usage,
        };
        self.output().price_options(usage, seed)
    }

    /// Checks the values, as far as no file has to be read for it.
    ///
    /// # Errors
    /// The key whose value makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Experiment::Converted(experiment) => experiment.check(),
            _ => self.price_options(0).map(|_| ()),
        }
    }
}

/// Whether a file is a model, or a spiking network, that cannot run without data.
///
/// # Errors
/// If the file cannot be read.
pub fn needs_data(file: &Path) -> Result<bool, ExperimentError> {
    Ok(match formats::kind_of(file)? {
        FileKind::Onnx | FileKind::Nir => true,
        FileKind::NativeNetwork => Description::load(file).is_ok_and(|network| network.has_input()),
        _ => false,
    })
}

impl From<ConvertedExperiment> for Experiment {
    fn from(experiment: ConvertedExperiment) -> Self {
        Experiment::Converted(Box::new(experiment))
    }
}

impl From<SpikingExperiment> for Experiment {
    fn from(experiment: SpikingExperiment) -> Self {
        Experiment::Spiking(Box::new(experiment))
    }
}

impl From<CountsExperiment> for Experiment {
    fn from(experiment: CountsExperiment) -> Self {
        Experiment::Counts(Box::new(experiment))
    }
}

impl From<AssumedExperiment> for Experiment {
    fn from(experiment: AssumedExperiment) -> Self {
        Experiment::Assumed(Box::new(experiment))
    }
}

impl<'de> Deserialize<'de> for Experiment {
    /// As it was recorded: the keys say which one it is, and only its own are accepted.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let value = serde_json::Value::deserialize(deserializer)?;
        let has = |key: &str| value.get(key).is_some();
        Ok(if has("counts") {
            CountsExperiment::deserialize(value)
                .map_err(D::Error::custom)?
                .into()
        } else if has("rates") {
            AssumedExperiment::deserialize(value)
                .map_err(D::Error::custom)?
                .into()
        } else if has("network") {
            SpikingExperiment::deserialize(value)
                .map_err(D::Error::custom)?
                .into()
        } else {
            ConvertedExperiment::deserialize(value)
                .map_err(D::Error::custom)?
                .into()
        })
    }
}

#[cfg(test)]
mod tests;
