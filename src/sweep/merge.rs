//! Joins the stores of all shards into tables, in the order of the plan.

use super::SweepError;
use super::columns::{ColumnValues, Table, finished};
use super::goals::Goals;
use super::plan::Plan;
use super::row::{Candidate, PointResult};
use super::status::{Origin, PointStatus};
use super::store::{read_stores, stores_in};
use crate::files;
use crate::report::escape::{cell, printable};
use crate::result::Scope;
use crate::units::Range;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One end of a range.
type Bound = fn(Range) -> f64;

/// The bounds of a range, by the name they have in a table.
const BOUNDS: [(&str, Bound); 3] = [
    ("low", |range| range.low),
    ("nominal", |range| range.nominal),
    ("high", |range| range.high),
];

/// Value of [`Merged::schema`].
const SCHEMA: &str = "spikewatt.sweep/1";

/// The results of a sweep. Nothing in it depends on shards, threads, machines or time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    /// `spikewatt.sweep/1`.
    pub schema: String,
    /// Name of the sweep.
    pub name: String,
    /// [`Plan::fingerprint`].
    pub plan: String,
    /// What the candidates are judged by.
    #[serde(default)]
    pub goals: Goals,
    /// The points in the order of the plan.
    pub points: Vec<MergedPoint>,
}

/// A point with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergedPoint {
    /// Place in the plan.
    pub position: usize,
    /// Its id.
    pub id: String,
    /// The values that distinguish it.
    pub settings: Vec<(String, Value)>,
    /// Why there is no result; `None` if there is one, or if the point was not run yet.
    pub failure: Option<String>,
    /// The result.
    pub result: Option<PointResult>,
}

/// Reads every store in `folder` and puts the points of the plan in order. Beside the results:
/// where each point was computed.
///
/// # Errors
/// If a store is damaged, or points are missing and `partial` is not set.
pub fn merge(
    plan: &Plan,
    folder: &Path,
    partial: bool,
) -> Result<(Merged, Vec<(String, Origin)>), SweepError> {
    merge_statuses(plan, read_stores(&stores_in(folder)?)?, partial)
}

/// Puts the points of the plan in order, given what is known by the id of each; beside the results:
/// where each point was computed.
///
/// # Errors
/// If points are missing and `partial` is not set.
pub fn merge_statuses(
    plan: &Plan,
    mut known: BTreeMap<String, PointStatus>,
    partial: bool,
) -> Result<(Merged, Vec<(String, Origin)>), SweepError> {
    let mut origins = Vec::new();
    let mut missing = Vec::new();
    let mut points = Vec::with_capacity(plan.points.len());
    for point in &plan.points {
        let status = known.remove(&point.id);
        let (result, failure) = match status {
            Some(status) => {
                origins.push((point.id.clone(), status.origin));
                match status.outcome {
                    Ok(result) => (Some(result), None),
                    Err(failure) => (None, Some(failure)),
                }
            }
            None => {
                missing.push(point.id.clone());
                (None, None)
            }
        };
        points.push(MergedPoint {
            position: point.position,
            id: point.id.clone(),
            settings: point.settings.clone(),
            failure,
            result,
        });
    }
    if !missing.is_empty() && !partial {
        return Err(SweepError::Incomplete {
            missing,
            of: plan.points.len(),
        });
    }
    let merged = Merged {
        schema: SCHEMA.to_owned(),
        name: plan.name.clone(),
        plan: plan.fingerprint(),
        goals: plan.goals.clone(),
        points,
    };
    Ok((merged, origins))
}

impl Merged {
    /// Reads joined results.
    ///
    /// # Errors
    /// If the file cannot be read or is no `results.json`.
    pub fn load(path: &Path) -> Result<Self, SweepError> {
        let shown = path.display().to_string();
        let bytes = files::read(path).map_err(|source| SweepError::Read {
            path: shown.clone(),
            source,
        })?;
        let unclear = |message: String| SweepError::Parse {
            path: shown.clone(),
            message,
        };
        let merged: Merged = serde_json::from_slice(&bytes).map_err(|error| {
            unclear(format!(
                "not the results of a sweep: {error}; give the results.json of sweep merge"
            ))
        })?;
        if merged.schema == SCHEMA {
            Ok(merged)
        } else {
            Err(unclear(format!(
                "its schema is {}, not {SCHEMA}",
                merged.schema
            )))
        }
    }

    /// One row per point: `points.csv` and `points.parquet`.
    #[must_use]
    pub fn points_table(&self) -> Table {
        let mut table = self.identified(&self.points.iter().collect::<Vec<_>>());
        let mut text = |name: &str, value: &dyn Fn(&MergedPoint) -> Option<String>| {
            table.push(
                name,
                ColumnValues::Text(self.points.iter().map(value).collect()),
            );
        };
        text("status", &|point| {
            let status = match (&point.result, &point.failure) {
                (Some(_), _) => "done",
                (None, Some(_)) => "failed",
                (None, None) => "missing",
            };
            Some(status.to_owned())
        });
        text("failure", &|point| point.failure.as_deref().map(printable));
        let results = || self.points.iter().map(|point| point.result.as_ref());
        let mut count = |name: &str, value: &dyn Fn(&PointResult) -> Option<u64>| {
            let values = results().map(|result| result.and_then(value));
            table.push(name, ColumnValues::Count(values.collect()));
        };
        count("samples", &|r| Some(r.samples));
        count("timesteps", &|r| Some(u64::from(r.timesteps)));
        let mut number = |name: &str, value: &dyn Fn(&PointResult) -> Option<f64>| {
            let values = results().map(|result| result.and_then(value));
            table.push(name, ColumnValues::Number(values.collect()));
        };
        number("mean_timesteps", &|r| {
            Some(r.mean_timesteps.unwrap_or(f64::from(r.timesteps)))
        });
        number("accuracy_ann", &|r| r.accuracy_ann);
        number("accuracy_snn", &|r| r.accuracy_snn);
        number("agreement", &|r| r.agreement);
        number("spikes_per_inference", &|r| {
            Some(r.totals.spikes_per_inference)
        });
        number("synops_per_inference", &|r| {
            Some(r.totals.synops_per_inference)
        });
        number("macs_per_inference", &|r| Some(r.totals.macs_per_inference));
        number("neuron_updates_per_inference", &|r| {
            Some(r.totals.neuron_updates_per_inference)
        });
        let mut count = |name: &str, value: &dyn Fn(&PointResult) -> Option<u64>| {
            let values = results().map(|result| result.and_then(value));
            table.push(name, ColumnValues::Count(values.collect()));
        };
        count("parameters", &|r| Some(r.parameters));
        count("ann_macs", &|r| r.macs);
        let text = |value: &dyn Fn(&PointResult) -> String| {
            ColumnValues::Text(results().map(|result| result.map(value)).collect())
        };
        table.push("version", text(&|r| r.version.clone()));
        let seeds = results().map(|result| result.map(|r| r.seed));
        table.push("seed", ColumnValues::Count(seeds.collect()));
        table.push("model_sha256", text(&|r| r.model_sha256.clone()));
        table.push("data_sha256", text(&|r| r.data_sha256.clone()));
        table
    }

    /// One row per network on a device: `candidates.csv` and `candidates.parquet`.
    #[must_use]
    pub fn candidates_table(&self) -> Table {
        let rows: Vec<(&MergedPoint, &Candidate)> = (self.points.iter())
            .flat_map(|point| {
                let candidates = point.result.iter().flat_map(|result| &result.candidates);
                candidates.map(move |candidate| (point, candidate))
            })
            .collect();
        let mut table = self.identified(&rows.iter().map(|row| row.0).collect::<Vec<_>>());
        let candidates = || rows.iter().map(|row| row.1);
        let text = |value: &dyn Fn(&Candidate) -> String| {
            ColumnValues::Text(candidates().map(|c| Some(value(c))).collect())
        };
        let number = |value: &dyn Fn(&Candidate) -> Option<f64>| {
            ColumnValues::Number(candidates().map(value).collect())
        };
        let flag = |value: &dyn Fn(&Candidate) -> bool| {
            ColumnValues::Flag(candidates().map(|c| Some(value(c))).collect())
        };
        table.push("target", text(&|c| c.target.clone()));
        table.push("kind", text(&|c| c.kind.clone()));
        table.push("workload", text(&|c| c.workload.label().to_owned()));
        let batches = candidates().map(|c| Some(c.batch));
        table.push("batch", ColumnValues::Count(batches.collect()));
        table.push("accuracy", number(&|c| c.accuracy));
        for scope in Scope::ALL {
            for (bound, value) in BOUNDS {
                let name = format!("energy_{}_{bound}_j", scope.key());
                let energy = number(&|c| c.energy_j.get(scope).map(value));
                table.push(&name, energy);
            }
        }
        table.push("latency_s", number(&|c| c.latency_s));
        table.push("edp_js", number(&|c| c.edp_js));
        for (bound, value) in BOUNDS {
            let carbon = number(&|c| c.carbon_g.map(value));
            table.push(&format!("carbon_{bound}_g"), carbon);
        }
        table.push("fits", flag(&|c| c.fits));
        let format = |c: &Candidate| c.format.map_or_else(String::new, |found| found.to_string());
        table.push("format", text(&format));
        table.push("counted_at_format", flag(&|c| c.counted_at_format));
        table.push("feasible", text(&|c| c.feasible.key().to_owned()));
        table.push("unverified", flag(&|c| c.unverified));
        table
    }

    /// A table of some points with what tells them apart.
    fn identified(&self, points: &[&MergedPoint]) -> Table {
        let mut table = Table::new(points.len());
        let positions = points.iter().map(|point| Some(point.position as u64));
        table.push("position", ColumnValues::Count(positions.collect()));
        let ids = points.iter().map(|point| Some(point.id.clone()));
        table.push("id", ColumnValues::Text(ids.collect()));
        let settings = self.points.first().map_or(&[][..], |point| &point.settings);
        for (index, (key, _)) in settings.iter().enumerate() {
            let values: Vec<&Value> = (points.iter())
                .map(|point| &point.settings[index].1)
                .collect();
            table.push_settings(key, &values);
        }
        table
    }
}

impl MergedPoint {
    /// The values of its settings, as text.
    pub fn values(&self) -> impl Iterator<Item = String> + '_ {
        self.settings.iter().map(|(_, value)| match value {
            Value::String(text) => cell(text),
            other => other.to_string(),
        })
    }

    /// Some of its settings on one line, such as `network=mlp timesteps=8`.
    #[must_use]
    pub fn label(&self, shown: &[usize]) -> String {
        let settings = self.settings.iter().zip(self.values()).enumerate();
        let parts: Vec<String> = settings
            .filter(|(index, _)| shown.contains(index))
            .map(|(_, setting)| setting)
            .map(|((key, _), value)| format!("{}={value}", key.rsplit('.').next().unwrap_or(key)))
            .collect();
        parts.join(" ")
    }
}

/// Where each point was computed: `provenance.csv`. It differs between runs, and stands apart for
/// that reason.
///
/// # Errors
/// As [`Merged::points_csv`].
pub fn provenance_csv(origins: &[(String, Origin)]) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "id",
        "host",
        "job",
        "shard",
        "simulate_s",
        "finished_unix_s",
    ])?;
    for (id, origin) in origins {
        out.write_record([
            id,
            &cell(&origin.host),
            &cell(&origin.job),
            &origin.shard,
            &origin.simulate_s.to_string(),
            &origin.finished_unix_s.to_string(),
        ])?;
    }
    finished(out)
}

/// An unknown number is an empty cell.
pub(super) fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
