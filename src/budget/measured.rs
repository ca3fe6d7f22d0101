//! What a result says, as far as budgets look at it.

use super::limits::TargetLimit;
use super::verdict::MeasuredVerdict;
use super::{BudgetError, Known, Metric};
use crate::files;
use crate::manifest::result_file;
use crate::units::Range;
use serde::Deserialize;
use std::path::Path;

/// What a result says, as far as budgets look at it.
#[derive(Debug, Clone, Deserialize)]
pub struct Measured {
    pub(super) schema: String,
    pub(super) totals: MeasuredTotals,
    pub(super) accuracy: Option<MeasuredAccuracy>,
    #[serde(default)]
    pub(super) targets: Vec<MeasuredTarget>,
    #[serde(default)]
    pub(super) verdict: Vec<MeasuredVerdict>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct MeasuredTotals {
    pub(super) synops_per_inference: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct MeasuredAccuracy {
    pub(super) snn: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct MeasuredTarget {
    pub(super) name: String,
    pub(super) workload: String,
    #[serde(default)]
    pub(super) format: Option<String>,
    pub(super) batch: u64,
    pub(super) latency_s: Option<f64>,
    pub(super) energy_j: Option<Range>,
    pub(super) carbon_g: Option<Range>,
    #[serde(default)]
    pub(super) unpriced: Vec<String>,
}

impl Measured {
    /// Reads the result in a folder of `run`, or its `summary.json`.
    ///
    /// # Errors
    /// If there is none.
    pub fn load(path: &Path) -> Result<Self, BudgetError> {
        let file = result_file(path, "summary.json");
        let bytes = files::read(&file).map_err(|error| BudgetError::Read {
            file: file.display().to_string(),
            reason: format!("{error}; give the folder of a run or its summary.json"),
        })?;
        Self::parse(&file.display().to_string(), &bytes)
    }

    /// Reads a result from its JSON.
    ///
    /// # Errors
    /// If it is not the summary of a run.
    pub fn parse(file: &str, json: &[u8]) -> Result<Self, BudgetError> {
        let read = |reason: String| BudgetError::Read {
            file: file.into(),
            reason,
        };
        let measured: Measured = serde_json::from_slice(json)
            .map_err(|error| read(format!("{error}; give the summary.json of a run")))?;
        if measured.schema.starts_with("spikewatt.") {
            Ok(measured)
        } else {
            Err(read(format!(
                "schema \"{}\" is not a result of spikewatt",
                measured.schema
            )))
        }
    }

    /// A value of one device: of the spiking network if it has one there, at batch 1, unless the
    /// limit says otherwise.
    pub(super) fn of_target(&self, device: &str, limit: &TargetLimit, value: Metric) -> Known {
        let batch = limit.batch.unwrap_or(1);
        let mut found: Vec<&MeasuredTarget> =
            self.targets.iter().filter(|t| t.name == device).collect();
        if found.is_empty() {
            // A device has a report for each workload and batch.
            let mut names: Vec<&str> = Vec::new();
            for target in &self.targets {
                if !names.contains(&target.name.as_str()) {
                    names.push(&target.name);
                }
            }
            return Err(format!(
                "the result has no target \"{device}\"; it has {}",
                names.join(", ")
            ));
        }
        found.retain(|target| target.batch == batch);
        match &limit.workload {
            Some(workload) => found.retain(|target| target.workload == *workload),
            None if found.iter().any(|target| target.workload == "snn") => {
                found.retain(|target| target.workload == "snn");
            }
            None => {}
        }
        if let Some(format) = &limit.format {
            found.retain(|target| target.format.as_ref() == Some(format));
        }
        match found[..] {
            [target] => value(target, limit.bound).ok_or_else(|| match &target.unpriced[..] {
                [] => "the model gives no value".to_owned(),
                missing => format!("no figure for {}", missing.join(", ")),
            }),
            [] => Err(format!(
                "\"{device}\" has no report for batch {batch}{}",
                limit
                    .workload
                    .as_ref()
                    .map_or(String::new(), |w| format!(" and workload \"{w}\""))
            )),
            _ => Err(format!(
                "\"{device}\" has several reports; choose one with workload = \"ann\" or \"qann\", or \
                 with format = \"fp32\" or \"int8\""
            )),
        }
    }
}
