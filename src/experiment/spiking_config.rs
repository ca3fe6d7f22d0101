//! The keys of an experiment with a spiking network.

use super::config::{apply, table, text};
use super::{
    Baseline, CalibrationConfig, ConfigError, ConversionConfig, NetworkOptions, OutputConfig,
    RecordedConversion, SimulateConfig,
};
use crate::energy::UsageConfig;
use crate::files;
use crate::formats::extension;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// An experiment with a network that spikes already, which is not converted, or with an ONNX model
/// that is, for recorded events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikingExperiment {
    /// The network: NIR, native (`.toml`), or ONNX for recorded events.
    pub model: PathBuf,
    /// What drives it; a network without input population needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<SpikingData>,
    /// What the targets that cannot run spikes execute: `same-layers`, `none` or a conventional
    /// network (ONNX) that does the same. Absent: what was converted, or else the same layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Training recordings that set thresholds; only for an ONNX model that recorded events drive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationConfig>,
    /// How to convert; only for an ONNX model that recorded events drive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionConfig>,
    /// How long to run it, and the seed.
    #[serde(default)]
    pub simulation: SpikingSimulation,
    /// Conventions, and how data is read.
    #[serde(default)]
    pub network: NetworkOptions,
    /// How the chip is used, which decides what energy is drawn besides that of events.
    #[serde(default)]
    pub usage: UsageConfig,
    /// What to price and where to write.
    #[serde(default)]
    pub output: OutputConfig,
}

/// Data of a spiking network: see [`crate::formats::spikes`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikingData {
    /// The file or folder.
    pub path: PathBuf,
    /// File of the labels, if they are not in or beside the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Use only the first so many samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
}

/// How long to run, and the seed; what is absent is as the data or a native network says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpikingSimulation {
    /// Timesteps per sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timesteps: Option<u32>,
    /// Without data: how often to run the network, each time with other random input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<usize>,
    /// Seed of every random draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl SpikingExperiment {
    /// Reads an experiment file whose model is a spiking network, or an ONNX model that recorded
    /// events drive; applies overrides (`key.path=value`) and resolves its paths against the folder
    /// it lies in.
    ///
    /// # Errors
    /// Line, column and accepted keys of what cannot be understood.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut keys = table(path)?;
        apply(&mut keys, overrides)?;
        let refused = |problem: &str| ConfigError::Parse {
            path: path.display().to_string(),
            message: format!("its model is a spiking network, which is not converted: {problem}"),
        };
        let model = keys.get("model").and_then(toml::Value::as_str);
        let is_onnx = model.is_some_and(|model| extension(Path::new(model)) == "onnx");
        for key in ["conversion", "calibration"] {
            if keys.contains_key(key) && !is_onnx {
                return Err(refused(&format!("leave out [{key}]")));
            }
        }
        // Without overrides the text itself is parsed, so that errors show its lines.
        let parsed: Result<Self, toml::de::Error> = match overrides {
            [] => toml::from_str(&text(path)?),
            _ => keys.try_into(),
        };
        let mut experiment = parsed.map_err(|error| refused(&error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for path in experiment.paths_mut() {
            *path = folder.join(&*path);
        }
        if let Some(output) = &mut experiment.output.folder {
            *output = folder.join(&*output);
        }
        Ok(experiment)
    }

    /// The files that it reads.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = vec![&mut self.model];
        paths.extend(self.baseline.as_mut().and_then(Baseline::path_mut));
        paths.extend(self.calibration.as_mut().map(|data| &mut data.path));
        if let Some(data) = &mut self.data {
            paths.push(&mut data.path);
            paths.extend(&mut data.labels);
        }
        paths
    }

    /// What the simulator is told.
    pub(crate) fn simulate_config(&self) -> SimulateConfig {
        let data = self.data.as_ref();
        SimulateConfig {
            network: self.model.clone(),
            input: data.map(|data| data.path.clone()),
            labels: data.and_then(|data| data.labels.clone()),
            timesteps: self.simulation.timesteps,
            samples: data.map_or(self.simulation.runs, |data| data.samples),
            options: self.network.clone(),
            record: None,
            seed: self.simulation.seed,
            conversion: self.is_recorded().then(|| RecordedConversion {
                calibration: self.calibration.clone(),
                conversion: self.conversion.clone().unwrap_or_default(),
            }),
        }
    }

    /// Whether its model is converted for recorded events: an ONNX model whose data are a folder of
    /// recordings, or whose events are binned.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        let is_folder = self
            .data
            .as_ref()
            .is_some_and(|data| files::is_dir(&data.path));
        extension(&self.model) == "onnx" && (self.network.bin_s.is_some() || is_folder)
    }
}
