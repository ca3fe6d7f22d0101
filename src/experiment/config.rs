//! An experiment as a file: what users write, with every default.

use crate::conversion::FitOptions;
pub use crate::conversion::{Correction, MaxPoolChoice, Readout, ThresholdRule as Normalization};
use crate::encoding::Encoding;
use crate::energy::carbon::CarbonError;
use crate::energy::{PlacementRule, PriceOptions, UsageConfig};
use crate::files;
use crate::formats::dataset::Preprocessing;
use crate::optimise::Optimisation;
use crate::result::MonteCarlo;
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// What is priced unless an experiment says otherwise: the chip under both published tables, and a
/// baseline of each kind.
const DEFAULT_TARGETS: [&str; 7] = [
    "loihi1",
    "loihi1-davies2018",
    "a100-sxm-80",
    "jetson-orin-nano-8",
    "xeon-8480",
    "cortex-m4-stm32l4r5",
    "arithmetic-45nm",
];

/// Most timesteps a run may have: keeps counts per timestep within memory.
const MAX_TIMESTEPS: u32 = 1_000_000;

/// Why an experiment cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Path of the file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is no valid experiment.
    #[error("{path}: {message}")]
    Parse {
        /// Path of the file.
        path: String,
        /// Line, column and what is accepted there.
        message: String,
    },
    /// An override cannot be applied.
    #[error("--set {assignment}: {reason}")]
    Override {
        /// The override as given.
        assignment: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Where or how often the targets work makes no sense.
    #[error(transparent)]
    Usage(#[from] CarbonError),
    /// A value makes no sense.
    #[error("{key} = {value}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong and what to do.
        reason: &'static str,
    },
}

/// An experiment: a model, data, and how to convert, drive and price it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Model file (ONNX).
    pub model: PathBuf,
    /// Data to run on.
    pub data: DataConfig,
    /// Training samples that set the thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationConfig>,
    /// What to do to the weights before conversion.
    #[serde(default)]
    pub optimise: Optimisation,
    /// How to convert.
    #[serde(default)]
    pub conversion: ConversionConfig,
    /// How to drive.
    #[serde(default)]
    pub simulation: SimulationConfig,
    /// What to price and where to write.
    #[serde(default)]
    pub output: OutputConfig,
    /// Where and how often the targets work.
    #[serde(default)]
    pub usage: UsageConfig,
}

/// A data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The file.
    pub path: PathBuf,
    /// File of the labels, if they are not in or beside the data file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Use only the first so many samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// Scaling and normalisation of stored values.
    #[serde(default)]
    pub preprocessing: Preprocessing,
}

/// A file of training samples, preprocessed as the data; labels are neither needed nor read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationConfig {
    /// The file.
    pub path: PathBuf,
    /// Use only the first so many samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
}

/// How to convert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversionConfig {
    /// Where thresholds come from.
    pub normalization: Normalization,
    /// The percentile, 0 to 100, zeros included.
    pub percentile: f64,
    /// Potential before the first timestep, as a fraction of the threshold. Unless given, chosen for
    /// each population together with its thresholds by `mmse`, and 0.5 otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_potential: Option<f32>,
    /// What becomes of max pooling.
    pub max_pool: MaxPoolChoice,
    /// Whether neurons take back spikes that came too early by spikes of value −1, which not every
    /// chip has.
    pub signed_spikes: bool,
    /// What is corrected after conversion. Weights that `optimise` rounds stay as rounded; then
    /// only biases are corrected.
    pub correction: Correction,
    /// Timesteps that thresholds and corrections suit; those of the simulation unless given. With
    /// it one converted network is read after any number of timesteps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timesteps: Option<u32>,
    /// How the answer is read.
    pub readout: Readout,
}

impl ConversionConfig {
    /// The threshold rule and what is corrected, in words.
    pub(super) fn rule(&self, timesteps: u32) -> String {
        let rule = match self.normalization {
            Normalization::Mmse => format!("mmse for T = {timesteps}"),
            Normalization::Max => "max".to_owned(),
            Normalization::Percentile => format!("percentile {}", self.percentile),
        };
        let correction = match self.correction {
            Correction::Weights => ", weights and biases corrected",
            Correction::Bias => ", biases corrected",
            Correction::None => "",
        };
        let signed = if self.signed_spikes {
            ", signed spikes"
        } else {
            ""
        };
        rule + correction + signed
    }
}

impl Default for ConversionConfig {
    fn default() -> Self {
        ConversionConfig {
            normalization: Normalization::default(),
            percentile: 99.9,
            initial_potential: None,
            max_pool: MaxPoolChoice::Auto,
            signed_spikes: false,
            correction: Correction::default(),
            timesteps: None,
            readout: Readout::default(),
        }
    }
}

/// How to drive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulationConfig {
    /// Timesteps per sample.
    pub timesteps: u32,
    /// How samples become input.
    pub encoding: Encoding,
    /// Seed of every random draw.
    pub seed: u64,
    /// Each sample stops once its answer is safe ([`crate::conversion::EarlyExit`]): the share of
    /// calibration samples whose answer that may change, 0 to below 1. Sweeps price it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_exit: Option<f64>,
}

impl Default for SimulationConfig {
    fn default() -> Self {
        SimulationConfig {
            timesteps: 16,
            encoding: Encoding::Constant,
            seed: 0,
            early_exit: None,
        }
    }
}

/// What to price and where to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// Targets by name; `spikewatt hardware list` shows them.
    pub targets: Vec<String>,
    /// Batch of conventional devices beside batch 1.
    pub large_batch: u64,
    /// Draws of all figures from their bounds; 0 for none.
    pub monte_carlo: u64,
    /// Whether the figures of a draw are favourable or unfavourable together.
    pub correlated: bool,
    /// How neurons are placed on chips with neurocores.
    pub placement: PlacementChoice,
    /// Exchange with the host in each timestep of a chip with neurocores [s], 0 to 3600.
    pub host_exchange_s: f64,
    /// Folder to write to; `None` leaves it to the caller.
    pub folder: Option<PathBuf>,
}

/// How neurons are placed on chips with neurocores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementChoice {
    /// See [`PlacementRule::Greedy`].
    #[default]
    Greedy,
    /// See [`PlacementRule::Annealing`].
    Annealing,
}

/// All choices: name, value, one sentence.
pub const PLACEMENTS: [(&str, PlacementChoice, &str); 2] = [
    (
        "greedy",
        PlacementChoice::Greedy,
        "cores are filled in the order of the network",
    ),
    (
        "annealing",
        PlacementChoice::Annealing,
        "the same cores, moved by simulated annealing so that packets cross fewer links",
    ),
];

impl OutputConfig {
    /// How to price.
    ///
    /// # Errors
    /// If a value makes no sense or a name in `[usage]` is not known.
    pub fn price_options(
        &self,
        usage: &UsageConfig,
        seed: u64,
    ) -> Result<PriceOptions, ConfigError> {
        self.check()?;
        Ok(PriceOptions {
            large_batch: self.large_batch,
            usage: usage.resolve()?,
            monte_carlo: (self.monte_carlo > 0).then_some(MonteCarlo {
                draws: self.monte_carlo,
                seed,
                correlated: self.correlated,
            }),
            placement: match self.placement {
                PlacementChoice::Greedy => PlacementRule::Greedy,
                PlacementChoice::Annealing => PlacementRule::Annealing { seed },
            },
            host_exchange_s: self.host_exchange_s,
        })
    }

    /// Checks the values.
    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key, value: String, reason| Err(ConfigError::Value { key, value, reason });
        if self.large_batch == 0 {
            return refuse("output.large_batch", "0".to_owned(), "give at least 1");
        }
        if !(0.0..=3600.0).contains(&self.host_exchange_s) {
            return refuse(
                "output.host_exchange_s",
                self.host_exchange_s.to_string(),
                "give a time in seconds, 0 to 3600",
            );
        }
        Ok(())
    }
}

impl Default for OutputConfig {
    fn default() -> Self {
        OutputConfig {
            targets: DEFAULT_TARGETS.map(str::to_owned).to_vec(),
            large_batch: PriceOptions::default().large_batch,
            monte_carlo: 0,
            correlated: false,
            placement: PlacementChoice::default(),
            host_exchange_s: 0.0,
            folder: None,
        }
    }
}

impl Experiment {
    /// A model on data, everything else at its default.
    #[must_use]
    pub fn of_model(model: PathBuf, data: PathBuf) -> Self {
        Experiment {
            model,
            data: DataConfig {
                path: data,
                labels: None,
                samples: None,
                preprocessing: Preprocessing::default(),
            },
            calibration: None,
            optimise: Optimisation::default(),
            conversion: ConversionConfig::default(),
            simulation: SimulationConfig::default(),
            output: OutputConfig::default(),
            usage: UsageConfig::default(),
        }
    }

    /// Reads an experiment file, applies overrides (`key.path=value`) and resolves its paths
    /// against the folder it lies in.
    ///
    /// # Errors
    /// Line, column and accepted keys of what cannot be understood.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let text = files::read_text(path).map_err(|source| ConfigError::Read {
            path: shown.clone(),
            source,
        })?;
        let parse = |message: String| ConfigError::Parse {
            path: shown.clone(),
            message,
        };
        // Without overrides the text itself is parsed, so that errors show its lines.
        let mut experiment: Experiment = if overrides.is_empty() {
            toml::from_str(&text).map_err(|error| parse(error.to_string()))?
        } else {
            let mut table: toml::Table =
                toml::from_str(&text).map_err(|error| parse(error.to_string()))?;
            apply(&mut table, overrides)?;
            table.try_into().map_err(|error| parse(error.to_string()))?
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        experiment.resolve(folder);
        Ok(experiment)
    }

    /// Makes an experiment from a table of keys, for callers without a file, and applies
    /// overrides.
    ///
    /// # Errors
    /// The key that cannot be understood.
    pub fn from_table(mut table: toml::Table, overrides: &[String]) -> Result<Self, ConfigError> {
        apply(&mut table, overrides)?;
        table.try_into().map_err(|error| ConfigError::Parse {
            path: "command line".to_owned(),
            message: error.to_string(),
        })
    }

    fn resolve(&mut self, folder: &Path) {
        let under = |path: &mut PathBuf| *path = folder.join(&*path);
        under(&mut self.model);
        under(&mut self.data.path);
        self.data.labels.iter_mut().for_each(under);
        self.calibration
            .iter_mut()
            .for_each(|calibration| under(&mut calibration.path));
    }

    /// Checks the values.
    ///
    /// # Errors
    /// The key whose value makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key, value: String, reason| Err(ConfigError::Value { key, value, reason });
        for (key, timesteps) in [
            ("simulation.timesteps", self.simulation.timesteps),
            ("conversion.timesteps", self.conversion_timesteps()),
        ] {
            if !(1..=MAX_TIMESTEPS).contains(&timesteps) {
                return refuse(key, timesteps.to_string(), "give 1 to 1,000,000");
            }
        }
        let percentile = self.conversion.percentile;
        if !(percentile > 0.0 && percentile <= 100.0) {
            return refuse(
                "conversion.percentile",
                percentile.to_string(),
                "give a number above 0 and up to 100, such as 99.9",
            );
        }
        let initial = self.conversion.initial_potential;
        if let Some(initial) = initial.filter(|initial| !(0.0..1.0).contains(initial)) {
            return refuse(
                "conversion.initial_potential",
                initial.to_string(),
                "give a fraction of the threshold from 0 to below 1, such as 0.5",
            );
        }
        let prune = self.optimise.prune;
        if !(0.0..1.0).contains(&prune) {
            return refuse(
                "optimise.prune",
                prune.to_string(),
                "give the share of weights to set to zero, from 0 to below 1",
            );
        }
        if let Some(bits) = self.optimise.weight_bits
            && !(2..=16).contains(&bits)
        {
            return refuse(
                "optimise.weight_bits",
                bits.to_string(),
                "give 2 to 16 bits, or leave it out for 32-bit floats",
            );
        }
        if let Some(bits) = self.optimise.activation_bits
            && !(1..=16).contains(&bits)
        {
            return refuse(
                "optimise.activation_bits",
                bits.to_string(),
                "give 1 to 16 bits, or leave it out for 32-bit floats",
            );
        }
        if let Some(tolerance) = self.simulation.early_exit {
            if !(0.0..1.0).contains(&tolerance) {
                return refuse(
                    "simulation.early_exit",
                    tolerance.to_string(),
                    "give the share of calibration samples whose answer may change, from 0 to below 1",
                );
            }
            if !self.simulation.encoding.begins_alike() {
                return refuse(
                    "simulation.encoding",
                    self.simulation.encoding.name().to_owned(),
                    "it spreads a sample over all timesteps, so none can stop early; leave simulation.early_exit out, or take constant, bernoulli or regular",
                );
            }
        }
        if self.data.samples == Some(0) {
            return refuse("data.samples", "0".to_owned(), "give at least 1");
        }
        self.output.check()?;
        self.usage.resolve()?;
        Ok(())
    }

    /// The calibration data with the preprocessing of the data.
    ///
    /// # Errors
    /// If there is none.
    pub fn calibration_data(&self) -> Result<DataConfig, ConfigError> {
        let Some(calibration) = &self.calibration else {
            return Err(ConfigError::Value {
                key: "calibration.path",
                value: "(missing)".to_owned(),
                reason: "conversion sets thresholds on training samples; name a file of them here or with --calibration",
            });
        };
        Ok(DataConfig {
            path: calibration.path.clone(),
            labels: None,
            samples: calibration.samples,
            preprocessing: self.data.preprocessing.clone(),
        })
    }

    /// Timesteps that the network is converted for.
    #[must_use]
    pub fn conversion_timesteps(&self) -> u32 {
        let stated = self.conversion.timesteps;
        stated.unwrap_or(self.simulation.timesteps)
    }

    /// How to convert.
    #[must_use]
    pub fn fit_options(&self) -> FitOptions {
        FitOptions {
            timesteps: self.conversion_timesteps(),
            thresholds: self.conversion.normalization,
            percentile: self.conversion.percentile,
            initial_potential: self.conversion.initial_potential,
            max_pool: self.conversion.max_pool,
            signed_spikes: self.conversion.signed_spikes,
            // Corrected weights would leave the grid that they were rounded to.
            correction: match self.conversion.correction {
                Correction::Weights if self.optimise.weight_bits.is_some() => Correction::Bias,
                correction => correction,
            },
            readout: self.conversion.readout,
            encoding: self.simulation.encoding,
            seed: self.simulation.seed,
        }
    }

    /// How to price.
    ///
    /// # Errors
    /// If a name in `[usage]` is not known.
    pub fn price_options(&self) -> Result<PriceOptions, ConfigError> {
        self.output.price_options(&self.usage, self.simulation.seed)
    }
}

/// The path without `x/..`, which makes reports harder to read. To print, not to open: a folder may
/// be a link.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match (part, tidied.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                tidied.pop();
            }
            (Component::CurDir, _) => {}
            _ => tidied.push(part),
        }
    }
    tidied
}

/// Sets `key.path=value` in a table; the value is TOML, or a plain string where it is none.
pub(super) fn apply(table: &mut toml::Table, overrides: &[String]) -> Result<(), ConfigError> {
    for assignment in overrides {
        let refuse = |reason: &str| ConfigError::Override {
            assignment: assignment.clone(),
            reason: reason.to_owned(),
        };
        let (path, text) = assignment
            .split_once('=')
            .ok_or_else(|| refuse("write it as key.path=value"))?;
        let value = toml::from_str::<toml::Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut parsed| parsed.remove("value"))
            .unwrap_or_else(|| toml::Value::String(text.to_owned()));
        let mut keys: Vec<&str> = path.trim().split('.').collect();
        let last = keys.pop().filter(|key| !key.is_empty());
        let last = last.ok_or_else(|| refuse("the key is empty"))?;
        let mut place = &mut *table;
        for key in keys {
            place = place
                .entry(key)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()
                .ok_or_else(|| refuse(&format!("\"{key}\" is a value, not a section")))?;
        }
        place.insert(last.to_owned(), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> toml::Table {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn overrides_reach_any_depth_and_keep_their_type() {
        let base = table("model = \"m.onnx\"\n[data]\npath = \"d.npz\"");
        let set = |assignments: &[&str]| {
            let owned: Vec<String> = assignments.iter().map(|a| (*a).to_owned()).collect();
            Experiment::from_table(base.clone(), &owned)
        };
        let experiment = set(&[
            "simulation.timesteps=4",
            "model=other.onnx",
            "output.targets=[\"loihi1\"]",
        ])
        .unwrap();
        assert_eq!(experiment.simulation.timesteps, 4);
        assert_eq!(experiment.model, PathBuf::from("other.onnx"));
        assert_eq!(experiment.output.targets, ["loihi1"]);
        for (bad, word) in [
            ("simulation.timestep=4", "timestep"),
            ("timesteps", "key.path=value"),
            ("model.x=1", "not a section"),
        ] {
            let message = set(&[bad]).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn worked_tidy_paths() {
        for (path, expected) in [
            ("examples/../data/x", "data/x"),
            ("../data/./x", "../data/x"),
            ("a/b/../../../c", "../c"),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(tidy(Path::new(path)), PathBuf::from(expected), "{path}");
        }
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (bad, key) in [
            ("simulation.timesteps=0", "simulation.timesteps"),
            ("conversion.timesteps=0", "conversion.timesteps"),
            ("conversion.percentile=0", "conversion.percentile"),
            (
                "conversion.initial_potential=1.5",
                "conversion.initial_potential",
            ),
            ("data.samples=0", "data.samples"),
        ] {
            let base = table("model = \"m.onnx\"\n[data]\npath = \"d.npz\"");
            let experiment = Experiment::from_table(base, &[bad.to_owned()]).unwrap();
            assert!(experiment.check().unwrap_err().to_string().contains(key));
        }
    }
}
