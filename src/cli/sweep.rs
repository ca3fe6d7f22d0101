//! `spikewatt sweep`.

use super::pricing::catalogue;
use super::progress::{catch_interrupts, interrupted};
use super::{Common, Format, print, print_json, talk};
use crate::files;
use crate::sweep::{
    self, EMITTERS, Job, Plan, Shard, Summary, Sweep, merge, provenance_csv, stores_in,
};
use anyhow::{Context, bail};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Name of the joined results in the folder of a sweep.
pub(super) const RESULTS: &str = "results.json";

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the points with their ids, without running any.
    Plan(Which),
    /// Compute the points that have no result yet.
    ///
    /// Each point is on disk the moment it is done: a run that is killed loses at most the
    /// simulations in work, one a thread, and the same command goes on. Points that differ in price
    /// alone share a simulation.
    ///
    /// Any key of an experiment file can vary, such as optimise.prune, optimise.weight_bits,
    /// optimise.activation_bits, simulation.timesteps and simulation.early_exit (the share of answers
    /// that stopping each sample early may change); accuracy is measured anew for each value.
    Run {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        place: Place,
        /// Do part i of n, i from 0. In a Slurm array this is read from the environment.
        #[arg(long, value_name = "i/n")]
        shard: Option<Shard>,
    },
    /// Join the shards into tables: points and candidates as CSV and Parquet, results.json,
    /// provenance.csv.
    Merge {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        place: Place,
        /// Merge what is there, although points are missing.
        #[arg(long)]
        partial: bool,
    },
    /// How much is done, where, and what failed.
    Status {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        place: Place,
    },
    /// Print a job script that runs the sweep on a cluster.
    Emit {
        /// The scheduler.
        #[arg(value_name = "SCHEDULER", value_parser = schedulers())]
        scheduler: String,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        place: Place,
        /// Tasks to split the sweep into.
        #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        shards: u32,
        /// Longest time of a task.
        #[arg(long, value_name = "HH:MM:SS", default_value = "01:00:00", value_parser = clock)]
        time: String,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// The sweep file.
    #[arg(value_name = "SWEEP.toml")]
    file: PathBuf,
    /// Values that replace or add a parameter, for example simulation.timesteps=4,8.
    #[arg(value_name = "KEY=A,B,…")]
    overrides: Vec<String>,
    /// Further cost tables (.toml) that targets may name.
    #[arg(long, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct Place {
    /// Folder of the results; results/NAME unless given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn schedulers() -> PossibleValuesParser {
    EMITTERS
        .map(|emitter| PossibleValue::new(emitter.name).help(emitter.about))
        .into()
}

fn clock(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(digits) {
        Ok(text.to_owned())
    } else {
        Err("write hours, minutes and seconds as HH:MM:SS".to_owned())
    }
}

pub(super) fn execute(args: &SweepArgs, common: &Common) -> anyhow::Result<()> {
    match &args.action {
        Action::Plan(which) => plan(which, common),
        Action::Run {
            which,
            place,
            shard,
        } => run(which, place, *shard, common),
        Action::Merge {
            which,
            place,
            partial,
        } => join(which, place, *partial, common),
        Action::Status { which, place } => status(which, place, common),
        Action::Emit {
            scheduler,
            which,
            place,
            shards,
            time,
        } => emit(scheduler, which, place, *shards, time, common),
    }
}

impl Which {
    fn load(&self) -> anyhow::Result<(Sweep, Plan, crate::energy::Catalogue)> {
        let sweep = Sweep::load(&self.file, &self.overrides)?;
        let catalogue = catalogue(&self.hardware_file)?;
        let plan = Plan::new(&sweep, &catalogue)?;
        Ok((sweep, plan, catalogue))
    }
}

impl Place {
    fn folder(&self, which: &Which) -> PathBuf {
        self.out.clone().unwrap_or_else(|| {
            Path::new("results").join(which.file.file_stem().unwrap_or_default())
        })
    }
}

fn plan(which: &Which, common: &Common) -> anyhow::Result<()> {
    let (_, plan, _) = which.load()?;
    match common.format {
        Format::Json => {
            let points: Vec<_> = plan
                .points
                .iter()
                .map(|point| {
                    serde_json::json!({
                        "position": point.position,
                        "id": point.id,
                        "simulation": point.simulation,
                        "settings": settings(&point.settings),
                    })
                })
                .collect();
            print_json(&serde_json::json!({
                "name": plan.name, "fingerprint": plan.fingerprint(), "points": points,
            }))
        }
        _ => {
            let mut text = String::new();
            for point in &plan.points {
                let values: Vec<String> = point
                    .settings
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                text += &format!(
                    "{:6}  {}  {}\n",
                    point.position,
                    point.id,
                    values.join("  ")
                );
            }
            let simulations: std::collections::BTreeSet<&str> =
                plan.points.iter().map(|p| p.simulation.as_str()).collect();
            text += &format!(
                "{} points, {} simulations\n",
                plan.points.len(),
                simulations.len()
            );
            print(&text)
        }
    }
}

fn settings(
    settings: &[(String, serde_json::Value)],
) -> serde_json::Map<String, serde_json::Value> {
    settings.iter().cloned().collect()
}

fn run(which: &Which, place: &Place, shard: Option<Shard>, common: &Common) -> anyhow::Result<()> {
    let (_, plan, catalogue) = which.load()?;
    let folder = place.folder(which);
    let shard = match shard {
        Some(shard) => shard,
        None => array_task()?.unwrap_or(Shard::WHOLE),
    };
    catch_interrupts();
    let bar = bar(common.quiet);
    let failures = Mutex::new(Vec::new());
    let observe = |summary: Summary, failure: Option<(&sweep::Point, &str)>| {
        let done = summary.skipped + summary.computed + summary.failed;
        bar.set_length(summary.points as u64);
        bar.set_position(done as u64);
        if let Some((point, failure)) = failure {
            let text = format!("point {} {}: {failure}", point.position, point.id);
            failures
                .lock()
                .unwrap_or_else(|e| e.into_inner())
                .push(text);
        }
        if interrupted() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let outcome = sweep::run(&plan, &catalogue, &folder, shard, &observe);
    bar.finish_and_clear();
    let mut failures = failures.into_inner().unwrap_or_else(|e| e.into_inner());
    failures.sort();
    for failure in &failures {
        talk(failure);
    }
    let summary = outcome?;
    let text = format!(
        "shard {}/{}: {} points, {} done before, {} computed in {} simulations, {} failed; in {}\n",
        shard.index,
        shard.of,
        summary.points,
        summary.skipped,
        summary.computed,
        summary.simulations,
        summary.failed,
        folder.display()
    );
    match common.format {
        Format::Json => print_json(&serde_json::json!({
            "shard": shard.index, "of": shard.of, "points": summary.points,
            "skipped": summary.skipped, "computed": summary.computed,
            "simulations": summary.simulations, "failed": summary.failed,
        }))?,
        _ => print(&text)?,
    }
    if summary.failed > 0 {
        bail!(
            "{} points failed; they are tried again by the next run",
            summary.failed
        );
    }
    if shard == Shard::WHOLE {
        join(
            which,
            place,
            false,
            &Common {
                quiet: true,
                ..common.clone()
            },
        )?;
    }
    Ok(())
}

/// The part of the work that a Slurm array gives this task.
fn array_task() -> anyhow::Result<Option<Shard>> {
    let variable = |name: &str| std::env::var(name).ok();
    let Some(task) = variable("SLURM_ARRAY_TASK_ID") else {
        return Ok(None);
    };
    let number = |name: &str, text: Option<String>| -> anyhow::Result<usize> {
        let text = text.with_context(|| format!("{name} is not set; give --shard i/n"))?;
        text.trim()
            .parse()
            .with_context(|| format!("{name} = {text} is not a number; give --shard i/n"))
    };
    let task = number("SLURM_ARRAY_TASK_ID", Some(task))?;
    let first = number("SLURM_ARRAY_TASK_MIN", variable("SLURM_ARRAY_TASK_MIN"))?;
    let last = number("SLURM_ARRAY_TASK_MAX", variable("SLURM_ARRAY_TASK_MAX"))?;
    let count = number("SLURM_ARRAY_TASK_COUNT", variable("SLURM_ARRAY_TASK_COUNT"))?;
    // An array with holes would leave points out.
    if last < first || last - first + 1 != count || task < first || task > last {
        bail!(
            "the Slurm array {first} to {last} has {count} tasks; number them without gaps, or give --shard i/n"
        );
    }
    Ok(Some(Shard {
        index: task - first,
        of: count,
    }))
}

fn bar(quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) =
        ProgressStyle::with_template("sweeping {wide_bar} {pos}/{len} points, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

fn join(which: &Which, place: &Place, partial: bool, common: &Common) -> anyhow::Result<()> {
    let (_, plan, _) = which.load()?;
    let folder = place.folder(which);
    let (merged, origins) = merge(&plan, &folder, partial)?;
    let mut json = serde_json::to_vec_pretty(&merged)?;
    json.push(b'\n');
    let (points, candidates) = (merged.points_table(), merged.candidates_table());
    for (name, bytes) in [
        ("points.csv", points.csv()?),
        ("points.parquet", points.parquet()?),
        ("candidates.csv", candidates.csv()?),
        ("candidates.parquet", candidates.parquet()?),
        ("provenance.csv", provenance_csv(&origins)?),
        (RESULTS, json),
    ] {
        replace(&folder, name, &bytes)?;
    }
    let failed = merged.points.iter().filter(|p| p.failure.is_some()).count();
    let done = merged.points.iter().filter(|p| p.result.is_some()).count();
    if !common.quiet {
        talk(&format!(
            "{done} of {} points, {failed} failed; tables in {}",
            merged.points.len(),
            folder.display()
        ));
    }
    if common.format == Format::Json && !common.quiet {
        print_json(&merged)?;
    }
    Ok(())
}

/// Writes a file whole or not at all.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    files::write(&path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}

fn status(which: &Which, place: &Place, common: &Common) -> anyhow::Result<()> {
    let (_, plan, _) = which.load()?;
    let folder = place.folder(which);
    let stores = if folder.is_dir() {
        stores_in(&folder)?.len()
    } else {
        0
    };
    let merged = if stores == 0 {
        None
    } else {
        Some(merge(&plan, &folder, true)?.0)
    };
    let points = merged.iter().flat_map(|merged| &merged.points);
    let done = points.clone().filter(|p| p.result.is_some()).count();
    let failed: Vec<(usize, &str)> = points
        .filter_map(|p| Some((p.position, p.failure.as_deref()?)))
        .collect();
    match common.format {
        Format::Json => print_json(&serde_json::json!({
            "points": plan.points.len(), "done": done, "stores": stores,
            "failed": failed.iter().map(|(position, failure)| serde_json::json!({
                "position": position, "failure": failure })).collect::<Vec<_>>(),
        })),
        _ => {
            let mut text = format!(
                "{}: {done} of {} points done, {} failed, {stores} stores in {}\n",
                plan.name,
                plan.points.len(),
                failed.len(),
                folder.display()
            );
            for (position, failure) in failed {
                text += &format!("  point {position}: {failure}\n");
            }
            print(&text)
        }
    }
}

fn emit(
    scheduler: &str,
    which: &Which,
    place: &Place,
    shards: u32,
    time: &str,
    common: &Common,
) -> anyhow::Result<()> {
    // A plan that does not work out should fail here and not a hundred times on the cluster.
    let (sweep, ..) = which.load()?;
    let emitter = EMITTERS
        .iter()
        .find(|emitter| emitter.name == scheduler)
        .with_context(|| format!("{scheduler} is not known"))?;
    let here = |path: &Path| {
        std::path::absolute(path).with_context(|| format!("{}: no such path", path.display()))
    };
    let job = Job {
        name: sweep.name,
        program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("spikewatt")),
        file: here(&which.file)?,
        overrides: which.overrides.clone(),
        hardware: which
            .hardware_file
            .iter()
            .map(|file| here(file))
            .collect::<Result<_, _>>()?,
        out: here(&place.folder(which))?,
        shards: shards as usize,
        threads: usize::from(common.threads.unwrap_or(2)),
        time: time.to_owned(),
    };
    if [&job.file, &job.out]
        .iter()
        .any(|p| p.to_string_lossy().contains('\n'))
    {
        bail!("a path with a line break cannot stand in a job script; rename it");
    }
    print(&(emitter.script)(&job))
}
