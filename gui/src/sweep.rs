//! Finished sweeps: their results, and the experiments behind them.

use anyhow::{Context as _, bail};
use spikewatt::energy::Catalogue;
use spikewatt::formats::{FileKind, kind_of};
use spikewatt::sweep::{Merged, Plan, Sweep, merge};
use std::path::{Path, PathBuf};

/// What the command line calls the joined results.
const RESULTS: &str = "results.json";

/// A sweep: what it gave and what it asks for.
#[derive(Debug, Clone, Default)]
pub struct SweepResults {
    /// What the points gave.
    pub merged: Option<Merged>,
    /// The experiments of the points, by position; `None` until the sweep file is open too.
    pub plan: Option<Plan>,
}

/// Whether a path is a sweep file, the results of a sweep, or a folder that holds them.
///
/// # Errors
/// If a file cannot be read.
pub fn is_one(path: &Path) -> anyhow::Result<bool> {
    Ok(matches!(
        kind_of(path)?,
        FileKind::Sweep | FileKind::SweepResults
    ))
}

/// Opens results, or a sweep file with the results that the command line left in its usual place,
/// finished or not.
///
/// # Errors
/// If a file is damaged or there are no results yet.
pub fn open(path: &Path) -> anyhow::Result<SweepResults> {
    if kind_of(path)? != FileKind::Sweep {
        let file = if path.is_dir() {
            path.join(RESULTS)
        } else {
            path.to_owned()
        };
        return Ok(SweepResults {
            merged: Some(Merged::load(&file)?),
            plan: None,
        });
    }
    let plan = Plan::new(&Sweep::load(path, &[])?, &Catalogue::shipped()?)?;
    let folder = PathBuf::from("results").join(path.file_stem().unwrap_or_default());
    let merged = if folder.is_dir() {
        Some(merge(&plan, &folder, true)?.0)
    } else {
        None
    };
    Ok(SweepResults {
        merged,
        plan: Some(plan),
    })
}

/// What is open already and what was opened now: results with the plan they belong to.
///
/// # Errors
/// If there are no results, or if a plan was opened that they do not follow.
pub fn join(open: Option<SweepResults>, new: SweepResults) -> anyhow::Result<SweepResults> {
    let before = open.unwrap_or_default();
    let merged = new.merged.or(before.merged).with_context(|| {
        let name = new.plan.as_ref().map_or("", |plan| &plan.name);
        format!(
            "the sweep {name} has no results in results/{name}; run `spikewatt sweep run`, or open its {RESULTS} first"
        )
    })?;
    let follows = |plan: &Plan| plan.fingerprint() == merged.plan;
    if let Some(plan) = new.plan.as_ref().filter(|plan| !follows(plan)) {
        bail!(
            "the results that are open are not those of the sweep {} as it is now",
            plan.name
        );
    }
    let plan = new.plan.or(before.plan.filter(follows));
    Ok(SweepResults {
        merged: Some(merged),
        plan,
    })
}
