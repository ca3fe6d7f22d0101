//! The points of a sweep, each with an id that is a hash of everything its result depends on.

use super::file::{LABEL, Sweep};
use super::goals::Goals;
use super::{MAX_POINTS, SweepError};
use crate::digest::sha256_hex;
use crate::energy::Catalogue;
use crate::experiment::Experiment;
use crate::files;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Digits of a point's id.
const ID_DIGITS: usize = 20;

/// One experiment of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Place in the plan.
    pub position: usize,
    /// Hash of everything that determines the result: version, settings, contents of model, data
    /// and cost tables.
    pub id: String,
    /// The values that distinguish it, in the order of the parameters.
    pub settings: Vec<(String, Value)>,
    /// The experiment.
    pub experiment: Experiment,
    /// Points with the same key differ in price alone, or in timesteps where the network is converted
    /// for a stated number of them: they share one simulation.
    pub simulation: String,
    /// Points with the same key read the same model and data.
    pub import: String,
}

/// The points of a sweep in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Name of the sweep.
    pub name: String,
    /// What the candidates are judged by.
    pub goals: Goals,
    /// The points.
    pub points: Vec<Point>,
}

/// One of several processes that share the work of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Number of this one, from 0.
    pub index: usize,
    /// Number of all.
    pub of: usize,
}

impl Shard {
    /// All the work.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// Reads `i/n`, i from 0 to n − 1.
    fn from_str(text: &str) -> Result<Self, String> {
        let explain =
            || format!("\"{text}\" is no shard; write i/n with i from 0 to n - 1, such as 0/16");
        let (index, of) = text.split_once('/').ok_or_else(explain)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| explain());
        let shard = Shard {
            index: number(index)?,
            of: number(of)?,
        };
        if shard.index < shard.of && shard.of <= MAX_POINTS {
            Ok(shard)
        } else {
            Err(explain())
        }
    }
}

impl Plan {
    /// Works out the points of a sweep. Reads every model and data file once, for its hash.
    ///
    /// # Errors
    /// If a value is not accepted by the experiment, a file is missing, or two points are the same
    /// experiment.
    pub fn new(sweep: &Sweep, catalogue: &Catalogue) -> Result<Self, SweepError> {
        // A target that no point is priced on would leave no candidate.
        for target in &sweep.goals.targets {
            catalogue.get(target)?;
        }
        let mut files = Fingerprints::default();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut points: Vec<Point> = Vec::new();
        for settings in sweep.settings()? {
            let experiment = sweep.experiment(&settings)?;
            let keys = Keys::of(&experiment, catalogue, &mut files)?;
            if let Some(first) = seen.insert(keys.point.clone(), points.len()) {
                return Err(SweepError::Duplicate {
                    first,
                    second: points.len(),
                });
            }
            points.push(Point {
                position: points.len(),
                id: keys.point,
                settings: shown(settings),
                experiment,
                simulation: keys.simulation,
                import: keys.import,
            });
        }
        if points.is_empty() {
            return Err(SweepError::Method(
                "no point is left; see exclude".to_owned(),
            ));
        }
        Ok(Plan {
            name: sweep.name.clone(),
            goals: sweep.goals.clone(),
            points,
        })
    }

    /// Hash of all ids in order: two plans with the same fingerprint have the same points.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let ids: Vec<&str> = self.points.iter().map(|point| point.id.as_str()).collect();
        sha256_hex(ids.join("\n").as_bytes())
    }

    /// The points of one shard, grouped by what they share: per import, per simulation. Points that
    /// share a simulation are in the same shard.
    #[must_use]
    pub fn shard(&self, shard: Shard) -> Vec<Vec<Vec<&Point>>> {
        let mut simulations: Vec<Vec<&Point>> = Vec::new();
        let mut place: BTreeMap<&str, usize> = BTreeMap::new();
        for point in &self.points {
            let index = *place.entry(&point.simulation).or_insert_with(|| {
                simulations.push(Vec::new());
                simulations.len() - 1
            });
            simulations[index].push(point);
        }
        let mut imports: Vec<Vec<Vec<&Point>>> = Vec::new();
        let mut place: BTreeMap<&str, usize> = BTreeMap::new();
        let mine = simulations
            .into_iter()
            .enumerate()
            .filter(|(index, _)| index % shard.of == shard.index);
        for (_, points) in mine {
            let index = *place.entry(&points[0].import).or_insert_with(|| {
                imports.push(Vec::new());
                imports.len() - 1
            });
            imports[index].push(points);
        }
        imports
    }
}

/// Settings as JSON; a table of keys stands as its label if it has one.
fn shown(settings: Vec<(String, toml::Value)>) -> Vec<(String, Value)> {
    settings
        .into_iter()
        .map(|(key, value)| {
            let label = value.as_table().and_then(|table| table.get(LABEL)).cloned();
            (key, json!(label.unwrap_or(value)))
        })
        .collect()
}

struct Keys {
    point: String,
    simulation: String,
    import: String,
}

impl Keys {
    fn of(
        experiment: &Experiment,
        catalogue: &Catalogue,
        files: &mut Fingerprints,
    ) -> Result<Self, SweepError> {
        // What a file holds counts, not where it lies.
        let mut located = experiment.clone();
        for path in located.paths_mut() {
            *path = files.of(path)?.into();
        }
        let mut content = serde_json::to_value(&located)
            .map_err(|error| SweepError::Method(error.to_string()))?;
        let mut prices = content["output"].take();
        prices["folder"] = Value::Null;
        let version = env!("CARGO_PKG_VERSION");
        let simulation = json!([version, content]);
        let targets = experiment.output().targets(catalogue)?.into_iter();
        let tables: Vec<String> = targets.map(|hardware| hardware.fingerprint()).collect();
        let point = json!([simulation, prices, tables]);
        let (simulation, import) = match experiment {
            Experiment::Converted(experiment) => {
                let shares = experiment.conversion.timesteps.is_some()
                    && experiment.simulation.early_exit.is_none()
                    && experiment.simulation.encoding.begins_alike();
                if shares {
                    content["simulation"]["timesteps"] = Value::Null;
                }
                let simulation = json!([version, content]);
                let import = json!([
                    content["model"],
                    content["data"],
                    content["calibration"],
                    content["optimise"]
                ]);
                (simulation, import)
            }
            // A network that spikes already is read and run in one go.
            _ => (simulation.clone(), simulation),
        };
        let short =
            |value: &Value| sha256_hex(value.to_string().as_bytes())[..ID_DIGITS].to_owned();
        Ok(Keys {
            point: short(&point),
            simulation: short(&simulation),
            import: short(&import),
        })
    }
}

/// Hashes of files, each read once.
#[derive(Default)]
struct Fingerprints {
    known: BTreeMap<PathBuf, String>,
}

impl Fingerprints {
    fn of(&mut self, path: &Path) -> Result<String, SweepError> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let hash = hash_of(path).map_err(|source| SweepError::Read {
            path: path.display().to_string(),
            source,
        })?;
        self.known.insert(path.to_path_buf(), hash.clone());
        Ok(hash)
    }
}

/// The hash of a file, or of the names and contents in a folder of recordings.
fn hash_of(path: &Path) -> std::io::Result<String> {
    if !path.is_dir() {
        return Ok(sha256_hex(&files::read(path)?));
    }
    let entries = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<std::io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    let mut content = String::new();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        content += &format!("{} {name}\n", hash_of(&entry)?);
    }
    Ok(sha256_hex(content.as_bytes()))
}
