//! Counts that can be priced again and again: what saved counts hold.

use super::{Context, CountsExperiment, ExperimentError, Run, price, shown};
use crate::counts::{DenseCounts, EventCounts, FormatCounts};
use crate::digest::sha256_hex;
use crate::energy::{Catalogue, Hardware, PriceOptions, Work};
use crate::files;
use crate::formats::saved_counts::{self, SavedCounts, SavedCountsError};
use crate::manifest::{COUNTS_FILE, COUNTS_ROLE, counts_file};
use crate::result::{InputEntry, Report};
use std::path::{Path, PathBuf};

/// What was counted, and all that pricing it takes.
#[derive(Debug, Clone)]
pub struct Counted {
    /// What the network did.
    pub counts: EventCounts,
    /// The same network at other number formats.
    pub others: Vec<FormatCounts>,
    /// Work of the original network.
    pub dense: DenseCounts,
    /// What was run.
    pub context: Context,
}

impl Counted {
    /// Reads saved counts.
    ///
    /// # Errors
    /// If the file cannot be read or is none of this version.
    pub fn load(path: &Path) -> Result<Self, ExperimentError> {
        let saved = saved_counts::load(path)?;
        let context = serde_json::from_str(&saved.report_context);
        let context = context.map_err(|error| ExperimentError::Context {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Counted {
            counts: saved.counts,
            others: saved.others,
            dense: saved.dense,
            context,
        })
    }

    /// The bytes of a file of saved counts.
    ///
    /// # Errors
    /// If they cannot be stored.
    pub fn encode(self) -> Result<Vec<u8>, ExperimentError> {
        let file = || PathBuf::from(COUNTS_FILE);
        let context = serde_json::to_string(&self.context);
        let report_context = context.map_err(|error| ExperimentError::Context {
            path: file(),
            reason: error.to_string(),
        })?;
        let saved = SavedCounts {
            counts: self.counts,
            others: self.others,
            dense: self.dense,
            report_context,
        };
        saved_counts::encode(&saved).map_err(|problem| {
            ExperimentError::Counts(SavedCountsError {
                file: file(),
                problem,
            })
        })
    }

    /// Prices it on targets.
    #[must_use]
    pub fn price(&self, targets: &[&Hardware], options: &PriceOptions) -> Report {
        price(&self.work(), &self.context, targets, options)
    }

    /// What devices are asked to do.
    #[must_use]
    pub fn work(&self) -> Work<'_> {
        Work {
            counts: &self.counts,
            dense: &self.dense,
            format: self.context.format,
            others: &self.others,
        }
    }
}

impl From<Run> for Counted {
    fn from(run: Run) -> Self {
        Counted {
            counts: run.counts,
            others: run.others,
            dense: run.dense,
            context: run.context,
        }
    }
}

impl CountsExperiment {
    /// The file of the counts: itself, or that in a result folder.
    ///
    /// # Errors
    /// If there is none.
    pub fn file(&self) -> Result<PathBuf, ExperimentError> {
        Ok(counts_file(&self.counts, &[])?)
    }
}

/// Prices saved counts again.
pub(super) fn run(
    experiment: &CountsExperiment,
    catalogue: &Catalogue,
) -> Result<Run, ExperimentError> {
    let targets = experiment.output.targets(catalogue)?;
    let file = experiment.file()?;
    let counted = Counted::load(&file)?;
    let seed = experiment.seed.unwrap_or(counted.context.seed);
    let options = experiment.output.price_options(&experiment.usage, seed)?;
    let report = counted.price(&targets, &options);
    let bytes = files::read(&file).map_err(|source| super::ConfigError::Read {
        path: file.display().to_string(),
        source,
    })?;
    Ok(Run {
        report,
        counts: counted.counts,
        others: counted.others,
        dense: counted.dense,
        context: counted.context,
        network: None,
        outcomes: Vec::new(),
        inputs: vec![InputEntry {
            role: COUNTS_ROLE.to_owned(),
            path: shown(&file),
            sha256: sha256_hex(&bytes),
        }],
    })
}
