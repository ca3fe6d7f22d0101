//! From a file, or keys, and overrides to an experiment.

use super::{ConfigError, ConvertedExperiment};
use crate::files;
use std::path::{Path, PathBuf};

impl ConvertedExperiment {
    /// Reads an experiment file, applies overrides (`key.path=value`) and resolves its paths
    /// against the folder it lies in.
    ///
    /// # Errors
    /// Line, column and accepted keys of what cannot be understood.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let parse = |error: toml::de::Error| ConfigError::Parse {
            path: path.display().to_string(),
            message: error.to_string(),
        };
        // Without overrides the text itself is parsed, so that errors show its lines.
        let mut experiment: ConvertedExperiment = if overrides.is_empty() {
            toml::from_str(&text(path)?).map_err(parse)?
        } else {
            let mut table = table(path)?;
            apply(&mut table, overrides)?;
            table.try_into().map_err(parse)?
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
        for path in self.paths_mut() {
            *path = folder.join(&*path);
        }
        if let Some(output) = &mut self.output.folder {
            *output = folder.join(&*output);
        }
    }

    /// The files that it reads.
    pub(in crate::experiment) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = vec![&mut self.model, &mut self.data.path];
        paths.extend(&mut self.data.labels);
        paths.extend(self.calibration.as_mut().map(|data| &mut data.path));
        paths
    }
}

/// The text of an experiment file.
pub(in crate::experiment) fn text(path: &Path) -> Result<String, ConfigError> {
    files::read_text(path).map_err(|source| ConfigError::Read {
        path: path.display().to_string(),
        source,
    })
}

/// The keys of an experiment file.
pub(in crate::experiment) fn table(path: &Path) -> Result<toml::Table, ConfigError> {
    toml::from_str(&text(path)?).map_err(|error| ConfigError::Parse {
        path: path.display().to_string(),
        message: error.to_string(),
    })
}
/// Sets `key.path=value` in a table; the value is TOML, or a plain string where it is none.
pub(in crate::experiment) fn apply(
    table: &mut toml::Table,
    overrides: &[String],
) -> Result<(), ConfigError> {
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
            ConvertedExperiment::from_table(base.clone(), &owned)
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
            let experiment = ConvertedExperiment::from_table(base, &[bad.to_owned()]).unwrap();
            assert!(experiment.check().unwrap_err().to_string().contains(key));
        }
    }
}
