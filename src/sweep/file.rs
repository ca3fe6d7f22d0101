//! A sweep as a file: a base experiment, and what varies.

use super::SweepError;
use super::goals::{self, Constraints, Goals, Objectives};
use super::method::Method;
use super::parameter::{self, SweepParameter};
use crate::experiment::Experiment;
use crate::files;
use crate::formats::{self, FileKind};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Keys of an experiment that name files; in a sweep they are relative to the sweep file.
const PATH_KEYS: [&str; 6] = [
    "model",
    "data.path",
    "data.labels",
    "calibration.path",
    "baseline",
    "output.folder",
];

/// What a sweep file says, before the base experiment is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Path of an experiment file, or its keys.
    experiment: Value,
    #[serde(default)]
    method: Method,
    samples: Option<usize>,
    #[serde(default)]
    seed: u64,
    parameters: Table,
    /// Combinations to leave out: all keys of an entry have the given values.
    #[serde(default)]
    exclude: Vec<Table>,
    #[serde(default)]
    objectives: Objectives,
    #[serde(default)]
    constraints: Constraints,
}

/// A sweep: experiments that differ in some keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Name, from the file.
    pub name: String,
    /// What the points have in common.
    pub base: Experiment,
    /// What varies.
    pub parameters: Vec<SweepParameter>,
    /// How values combine.
    pub method: Method,
    /// Points of a random or Sobol sweep.
    pub samples: Option<usize>,
    /// Seed of the choice of points (not of the experiments).
    pub seed: u64,
    /// What the candidates are judged by.
    pub goals: Goals,
    exclude: Vec<Vec<(String, Value)>>,
    folder: PathBuf,
}

impl Sweep {
    /// Reads a sweep file and its base experiment. Overrides (`key=a,b,c`) replace or add
    /// parameters. Paths are relative to the file that names them.
    ///
    /// # Errors
    /// Line, column and accepted keys of what cannot be understood.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, SweepError> {
        let shown = path.display().to_string();
        let read = |source| SweepError::Read {
            path: shown.clone(),
            source,
        };
        let accepts = |kind: FileKind| matches!(kind, FileKind::Sweep | FileKind::OtherToml);
        formats::require(path, "a sweep", accepts)?;
        let text = files::read_text(path).map_err(read)?;
        let parse = |message: String| SweepError::Parse {
            path: shown.clone(),
            message,
        };
        let written: Written = toml::from_str(&text).map_err(|error| parse(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let base = match written.experiment {
            Value::String(file) => Experiment::load(&folder.join(file), &[])?,
            Value::Table(table) => Experiment::from_table(absolute(table, &folder), &[])?,
            _ => {
                return Err(parse(
                    "experiment is the path of an experiment file, or a section with its keys"
                        .to_owned(),
                ));
            }
        };
        let mut parameters = parameter::read(&written.parameters)?;
        for assignment in overrides {
            parameter::replace(&mut parameters, assignment)?;
        }
        if parameters.is_empty() {
            return Err(parse("[parameters] names nothing that varies".to_owned()));
        }
        let exclude = written.exclude.iter().map(flattened).collect();
        let goals = goals::read(written.objectives, &written.constraints).map_err(parse)?;
        Ok(Sweep {
            name: path
                .file_stem()
                .map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned()),
            base,
            parameters,
            method: written.method,
            samples: written.samples,
            seed: written.seed,
            goals,
            exclude,
            folder,
        })
    }

    /// The settings of every point, in the order of the plan.
    pub(super) fn settings(&self) -> Result<Vec<Vec<(String, Value)>>, SweepError> {
        let combinations = self
            .method
            .combinations(&self.parameters, self.samples, self.seed)?;
        let settings = combinations.into_iter().map(|values| {
            self.parameters
                .iter()
                .map(|parameter| parameter.key.clone())
                .zip(values)
                .collect::<Vec<_>>()
        });
        Ok(settings
            .filter(|point| !self.exclude.iter().any(|rule| matches(rule, point)))
            .collect())
    }

    /// The experiment of one point.
    pub(super) fn experiment(
        &self,
        settings: &[(String, Value)],
    ) -> Result<Experiment, SweepError> {
        let unclear = |error: &dyn std::fmt::Display| SweepError::Parse {
            path: self.name.clone(),
            message: error.to_string(),
        };
        let mut table = Table::try_from(&self.base).map_err(|error| unclear(&error))?;
        for (key, value) in keys(settings) {
            set(&mut table, key, self.located(key, value))?;
        }
        let experiment = Experiment::from_table(table, &[])?;
        experiment.check()?;
        Ok(experiment)
    }

    /// Paths relative to the sweep file become relative to where we are.
    fn located(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(path) if PATH_KEYS.contains(&key) => {
                Value::String(self.folder.join(path).display().to_string())
            }
            other => other.clone(),
        }
    }
}

/// The keys of the experiment that settings stand for: a value that is a table sets all its keys,
/// the parameter's own key is then only a label.
fn keys(settings: &[(String, Value)]) -> Vec<(&str, &Value)> {
    settings
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Table(table) => table
                .iter()
                .filter(|(inner, _)| *inner != LABEL)
                .map(|(inner, value)| (inner.as_str(), value))
                .collect(),
            single => vec![(key.as_str(), single)],
        })
        .collect()
}

/// The key of a table of settings that names it in tables and figures.
pub(super) const LABEL: &str = "label";

/// Whether a point has all the values of a rule.
fn matches(rule: &[(String, Value)], point: &[(String, Value)]) -> bool {
    rule.iter().all(|(key, value)| {
        keys(point)
            .iter()
            .any(|(known, has)| known == key && *has == value)
            || point
                .iter()
                .any(|(known, has)| known == key && label(has).as_ref() == Some(value))
    })
}

/// The label of a value that is a table.
fn label(value: &Value) -> Option<Value> {
    value.as_table()?.get(LABEL).cloned()
}

fn flattened(table: &Table) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    let mut stack = vec![(String::new(), table)];
    while let Some((prefix, table)) = stack.pop() {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}.{name}")
            };
            match value {
                Value::Table(inner) => stack.push((key, inner)),
                single => out.push((key, single.clone())),
            }
        }
    }
    out
}

/// Sets a dotted key in nested tables.
fn set(table: &mut Table, key: &str, value: Value) -> Result<(), SweepError> {
    let refuse = |reason: &str| SweepError::Parameter {
        key: key.to_owned(),
        reason: reason.to_owned(),
    };
    let (path, last) = match key.rsplit_once('.') {
        Some((path, last)) => (path.split('.').collect(), last),
        None => (Vec::new(), key),
    };
    let mut place = table;
    for section in path {
        place = place
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| refuse(&format!("\"{section}\" is a value, not a section")))?;
    }
    if last.is_empty() {
        return Err(refuse("the key is empty"));
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

/// A table of an experiment with its paths joined to a folder.
fn absolute(mut table: Table, folder: &Path) -> Table {
    let join = |value: &mut Value| {
        if let Value::String(path) = value {
            *path = folder.join(&*path).display().to_string();
        }
    };
    for key in PATH_KEYS {
        match key.split_once('.') {
            None => table.get_mut(key).into_iter().for_each(join),
            Some((section, name)) => {
                let inside = table.get_mut(section).and_then(Value::as_table_mut);
                inside
                    .and_then(|section| section.get_mut(name))
                    .into_iter()
                    .for_each(join);
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWEEP: &str = r#"
        experiment = { model = "m.onnx", data = { path = "d.npz" } }
        exclude = [{ "simulation.timesteps" = 8, network = "b" }]
        [parameters]
        network = [
            { label = "a", model = "a.onnx" },
            { label = "b", model = "sub/b.onnx", "data.path" = "e.npz" },
        ]
        "simulation.timesteps" = [4, 8]
    "#;

    fn load(text: &str, overrides: &[&str]) -> Result<Sweep, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        std::fs::write(&path, text).unwrap();
        let overrides: Vec<String> = overrides.iter().map(|o| (*o).to_owned()).collect();
        Sweep::load(&path, &overrides).map_err(|error| error.to_string())
    }

    #[test]
    fn worked_points_of_a_file() {
        let sweep = load(SWEEP, &[]).unwrap();
        let settings = sweep.settings().unwrap();
        assert_eq!(settings.len(), 3, "one of four is excluded");
        let experiments: Vec<crate::experiment::ConvertedExperiment> = settings
            .iter()
            .map(|point| match sweep.experiment(point).unwrap() {
                Experiment::Converted(experiment) => *experiment,
                other => panic!("{other:?}"),
            })
            .collect();
        let timesteps: Vec<u32> = experiments.iter().map(|e| e.simulation.timesteps).collect();
        assert_eq!(timesteps, [4, 8, 4]);
        assert!(experiments[0].model.ends_with("a.onnx"));
        assert!(experiments[0].data.path.ends_with("d.npz"));
        assert!(experiments[2].model.ends_with("sub/b.onnx"));
        assert!(experiments[2].data.path.ends_with("e.npz"));
    }

    #[test]
    fn overrides_reach_the_parameters() {
        let sweep = load(SWEEP, &["simulation.timesteps=2", "simulation.seed=1,2"]).unwrap();
        assert_eq!(sweep.settings().unwrap().len(), 4);
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (from, to, word) in [
            ("exclude", "exlcude", "exlcude"),
            (
                "\"simulation.timesteps\" =",
                "\"simulation.timestep\" =",
                "timestep",
            ),
            ("[4, 8]", "[0, 8]", "simulation.timesteps"),
            ("[4, 8]", "[]", "no value"),
        ] {
            let message = load(&SWEEP.replace(from, to), &[])
                .and_then(|sweep| {
                    let settings = sweep.settings().map_err(|error| error.to_string())?;
                    sweep
                        .experiment(&settings[0])
                        .map_err(|error| error.to_string())
                })
                .unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
