//! Joins the stores of all shards into tables, in the order of the plan.

use super::SweepError;
use super::goals::Goals;
use super::plan::Plan;
use super::row::PointResult;
use super::store::{Origin, read, stores_in};
use crate::report::Scope;
use crate::report::escape::{cell, printable};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

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
    let mut known = read(&stores_in(folder)?)?;
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
        let bytes = std::fs::read(path).map_err(|source| SweepError::Read {
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

    /// One row per point: `points.csv`.
    ///
    /// # Errors
    /// If a row cannot be written, which memory never refuses.
    pub fn points_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut header = vec!["position".to_owned(), "id".to_owned()];
        header.extend(self.keys());
        header.extend(
            [
                "status",
                "failure",
                "samples",
                "timesteps",
                "accuracy_ann",
                "accuracy_snn",
                "agreement",
                "spikes_per_inference",
                "synops_per_inference",
                "macs_per_inference",
                "neuron_updates_per_inference",
                "parameters",
                "ann_macs",
                "version",
                "seed",
                "model_sha256",
                "data_sha256",
            ]
            .map(str::to_owned),
        );
        out.write_record(&header)?;
        for point in &self.points {
            let mut row = vec![point.position.to_string(), point.id.clone()];
            row.extend(point.values());
            let status = match (&point.result, &point.failure) {
                (Some(_), _) => "done",
                (None, Some(_)) => "failed",
                (None, None) => "missing",
            };
            row.push(status.to_owned());
            row.push(cell(&printable(point.failure.as_deref().unwrap_or(""))));
            match &point.result {
                Some(r) => row.extend([
                    r.samples.to_string(),
                    r.timesteps.to_string(),
                    number(r.accuracy_ann),
                    number(r.accuracy_snn),
                    number(r.agreement),
                    r.totals.spikes_per_inference.to_string(),
                    r.totals.synops_per_inference.to_string(),
                    r.totals.macs_per_inference.to_string(),
                    r.totals.neuron_updates_per_inference.to_string(),
                    r.parameters.to_string(),
                    r.macs.map(|macs| macs.to_string()).unwrap_or_default(),
                    r.version.clone(),
                    r.seed.to_string(),
                    r.model_sha256.clone(),
                    r.data_sha256.clone(),
                ]),
                None => row.resize(header.len(), String::new()),
            }
            out.write_record(&row)?;
        }
        finished(out)
    }

    /// One row per network on a device: `candidates.csv`.
    ///
    /// # Errors
    /// As [`Merged::points_csv`].
    pub fn candidates_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut header = vec!["position".to_owned(), "id".to_owned()];
        header.extend(self.keys());
        header.extend(
            [
                "target",
                "kind",
                "workload",
                "batch",
                "accuracy",
                "energy_compute_low_j",
                "energy_compute_nominal_j",
                "energy_compute_high_j",
                "energy_memory_routing_low_j",
                "energy_memory_routing_nominal_j",
                "energy_memory_routing_high_j",
                "energy_system_low_j",
                "energy_system_nominal_j",
                "energy_system_high_j",
                "latency_s",
                "edp_js",
                "carbon_low_g",
                "carbon_nominal_g",
                "carbon_high_g",
                "fits",
                "unverified",
            ]
            .map(str::to_owned),
        );
        out.write_record(&header)?;
        for point in &self.points {
            for c in point.result.iter().flat_map(|result| &result.candidates) {
                let mut row = vec![point.position.to_string(), point.id.clone()];
                row.extend(point.values());
                row.extend([
                    cell(&c.target),
                    c.kind.clone(),
                    c.workload.label().to_owned(),
                    c.batch.to_string(),
                    number(c.accuracy),
                ]);
                for scope in Scope::ALL {
                    row.extend(bounds(c.energy_j.get(scope)));
                }
                row.extend([number(c.latency_s), number(c.edp_js)]);
                row.extend(bounds(c.carbon_g));
                row.extend([c.fits.to_string(), c.unverified.to_string()]);
                out.write_record(&row)?;
            }
        }
        finished(out)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let first = self.points.first().map_or(&[][..], |point| &point.settings);
        first.iter().map(|(key, _)| cell(key))
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

fn bounds(range: Option<Range>) -> [String; 3] {
    match range {
        Some(range) => [range.low, range.nominal, range.high].map(|value| value.to_string()),
        None => Default::default(),
    }
}

pub(super) fn finished(out: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    out.into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}
