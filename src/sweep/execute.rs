//! Works through the points of a shard.

use super::SweepError;
use super::database::Store;
use super::placements::Placements;
use super::plan::{Plan, Point, Shard};
use super::row::PointResult;
use super::status::{Origin, PointStatus};
use super::store::{done, stores_in};
use crate::energy::Catalogue;
use crate::experiment::{
    self, ConvertedExperiment, Counted, Experiment, ExperimentError, Imported, Simulated,
    StoppedEarly,
};
use crate::result::Report;
use rayon::prelude::*;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

/// What a run of a shard did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Points of the shard.
    pub points: usize,
    /// Points that were done before.
    pub skipped: usize,
    /// Points that were computed now.
    pub computed: usize,
    /// Points that failed now.
    pub failed: usize,
    /// Simulations that were run for them.
    pub simulations: usize,
}

/// Hears of every finished point (done, of, failure) and may stop the sweep.
pub type SweepObserver<'a> =
    &'a (dyn Fn(Summary, Option<(&Point, &str)>) -> ControlFlow<()> + Sync);

/// Runs the points of a shard that have no result yet and keeps each in the shard's store in
/// `folder`. A point that fails, even by a panic, is recorded with its message, and the sweep goes
/// on; the next run tries it again.
///
/// # Errors
/// If the store cannot be used, or with [`SweepError::Stopped`] if the observer says so.
pub fn run(
    plan: &Plan,
    catalogue: &Catalogue,
    folder: &Path,
    shard: Shard,
    observer: SweepObserver,
) -> Result<Summary, SweepError> {
    let mut store = Store::open(folder, shard)?;
    let finished = done(&stores_in(folder)?)?;
    let keep = Mutex::new(|point: &Point, outcome, origin| store.put(point, &outcome, &origin));
    work_through(plan, catalogue, shard, &finished, &keep, observer)
}

/// Runs all points of a shard as [`run`] does and gives their outcomes by the id of the point, for
/// programs that keep them in their own way; [`super::merge_statuses`] joins those of all shards.
///
/// # Errors
/// With [`SweepError::Stopped`] if the observer says so.
pub fn run_in_memory(
    plan: &Plan,
    catalogue: &Catalogue,
    shard: Shard,
    observer: SweepObserver,
) -> Result<BTreeMap<String, PointStatus>, SweepError> {
    let mut known = BTreeMap::new();
    {
        let keep = Mutex::new(|point: &Point, outcome, origin| {
            known.insert(point.id.clone(), PointStatus { outcome, origin });
            Ok(())
        });
        work_through(plan, catalogue, shard, &BTreeSet::new(), &keep, observer)?;
    }
    Ok(known)
}

/// Keeps the outcome of a point.
trait Keep:
    FnMut(&Point, Result<PointResult, String>, Origin) -> Result<(), SweepError> + Send
{
}

impl<K: FnMut(&Point, Result<PointResult, String>, Origin) -> Result<(), SweepError> + Send> Keep
    for K
{
}

fn work_through<K: Keep>(
    plan: &Plan,
    catalogue: &Catalogue,
    shard: Shard,
    finished: &BTreeSet<String>,
    keep: &Mutex<K>,
    observer: SweepObserver,
) -> Result<Summary, SweepError> {
    let work = plan.shard(shard);
    let mut summary = Summary::default();
    for point in work.iter().flatten().flatten() {
        summary.points += 1;
        summary.skipped += usize::from(finished.contains(&point.id));
    }
    let runner = Runner {
        catalogue,
        shard,
        keep,
        summary: Mutex::new(summary),
        observer,
    };
    stop_if(observer(summary, None))?;
    for simulations in work {
        let pending: Vec<Vec<&Point>> = simulations
            .into_iter()
            .map(|points| {
                let open = |point: &&Point| !finished.contains(&point.id);
                points.into_iter().filter(open).collect::<Vec<_>>()
            })
            .filter(|points| !points.is_empty())
            .collect();
        if !pending.is_empty() {
            runner.import(&pending)?;
        }
    }
    Ok(runner
        .summary
        .into_inner()
        .unwrap_or_else(|e| e.into_inner()))
}

struct Runner<'a, K> {
    catalogue: &'a Catalogue,
    shard: Shard,
    keep: &'a Mutex<K>,
    summary: Mutex<Summary>,
    observer: SweepObserver<'a>,
}

impl<K: Keep> Runner<'_, K> {
    /// Points that share model and data.
    fn import(&self, simulations: &[Vec<&Point>]) -> Result<(), SweepError> {
        let listen = |_| self.listen();
        let Experiment::Converted(first) = &simulations[0][0].experiment else {
            return simulations
                .par_iter()
                .try_for_each(|points| self.whole(points));
        };
        let imported = isolated(|| Imported::load(first, &listen));
        stop_if(self.listen())?;
        let placements = Placements::default();
        match imported {
            Ok(imported) => simulations
                .par_iter()
                .try_for_each(|points| self.simulation(&imported, &placements, points)),
            Err(failure) => simulations
                .iter()
                .flatten()
                .try_for_each(|point| self.keep(point, Err(failure.clone()), 0.0)),
        }
    }

    /// Points that share a network which spikes already, or counts.
    fn whole(&self, points: &[&Point]) -> Result<(), SweepError> {
        let listen = |_| self.listen();
        let started = Instant::now();
        let first = &points[0].experiment;
        let run = || experiment::run(first, self.catalogue, &listen).map(Counted::from);
        let price = |counted: &Counted, point: &Point| {
            let targets = point.experiment.output().targets(self.catalogue)?;
            let options = point.experiment.price_options(counted.context.seed)?;
            Ok(PointResult::of(&counted.price(&targets, &options)))
        };
        self.price_each(points, &isolated(run), &price, started)
    }

    /// Points that share a simulation.
    fn simulation(
        &self,
        imported: &Imported,
        placements: &Placements,
        points: &[&Point],
    ) -> Result<(), SweepError> {
        // Samples report their progress; it is only listened to for the wish to stop.
        let listen = |_| self.listen();
        let started = Instant::now();
        let experiments = points.iter().filter_map(|point| converted(point));
        let experiments: Vec<&ConvertedExperiment> = experiments.collect();
        let first = experiments[0];
        if let Some(tolerance) = first.simulation.early_exit {
            let stopped = isolated(|| imported.simulate_stopping(first, tolerance, &listen));
            let price = |stopped: &StoppedEarly, point: &Point| {
                self.price_stopped(stopped, placements, point)
            };
            return self.price_each(points, &stopped, &price, started);
        }
        // One point of each number of timesteps.
        let mut lengths: Vec<&ConvertedExperiment> = Vec::new();
        for experiment in experiments {
            let timesteps = experiment.simulation.timesteps;
            if lengths.iter().all(|e| e.simulation.timesteps != timesteps) {
                lengths.push(experiment);
            }
        }
        let simulated = isolated(|| imported.simulate_each(&lengths, &listen));
        let price = |simulated: &Vec<Simulated>, point: &Point| {
            let timesteps = converted(point).map(|e| e.simulation.timesteps);
            let mut lengths = lengths.iter();
            let place = lengths.position(|e| Some(e.simulation.timesteps) == timesteps);
            let report = self.report(&simulated[place.unwrap_or(0)], placements, point)?;
            Ok(PointResult::of(&report))
        };
        self.price_each(points, &simulated, &price, started)
    }

    /// Prices what points share, and keeps each the moment it is priced.
    fn price_each<S>(
        &self,
        points: &[&Point],
        simulated: &Result<S, String>,
        price: &dyn Fn(&S, &Point) -> Result<PointResult, ExperimentError>,
        started: Instant,
    ) -> Result<(), SweepError> {
        stop_if(self.listen())?;
        let simulate_s = started.elapsed().as_secs_f64();
        self.summary().simulations += 1;
        for point in points {
            let outcome = simulated.as_ref().map_err(Clone::clone);
            let outcome = outcome.and_then(|simulated| isolated(|| price(simulated, point)));
            self.keep(point, outcome, simulate_s)?;
        }
        Ok(())
    }

    fn report(
        &self,
        simulated: &Simulated,
        placements: &Placements,
        point: &Point,
    ) -> Result<Report, ExperimentError> {
        let targets = point.experiment.output().targets(self.catalogue)?;
        let options = point.experiment.price_options(simulated.context.seed)?;
        Ok(
            simulated.prices(&targets, &options, &|hardware, work, options| {
                placements.price(hardware, work, options)
            }),
        )
    }

    fn price_stopped(
        &self,
        stopped: &StoppedEarly,
        placements: &Placements,
        point: &Point,
    ) -> Result<PointResult, ExperimentError> {
        let whole = self.report(&stopped.whole, placements, point)?;
        let groups = stopped.groups.iter().map(|group| {
            let report = self.report(&group.simulated, placements, point)?;
            Ok((group.share, report))
        });
        let groups = groups.collect::<Result<Vec<_>, ExperimentError>>()?;
        Ok(PointResult::of_stopped(
            &whole,
            &groups,
            stopped.mean_timesteps,
        ))
    }

    fn keep(
        &self,
        point: &Point,
        outcome: Result<PointResult, String>,
        simulate_s: f64,
    ) -> Result<(), SweepError> {
        let origin = Origin::here(self.shard, simulate_s);
        let failure = outcome.as_ref().err().cloned();
        {
            let mut keep = self.keep.lock().unwrap_or_else(|e| e.into_inner());
            (*keep)(point, outcome, origin)?;
        }
        let summary = {
            let mut summary = self.summary();
            match failure {
                None => summary.computed += 1,
                Some(_) => summary.failed += 1,
            }
            *summary
        };
        let failure = failure.as_deref().map(|failure| (point, failure));
        stop_if((self.observer)(summary, failure))
    }

    fn listen(&self) -> ControlFlow<()> {
        let summary = *self.summary();
        (self.observer)(summary, None)
    }

    fn summary(&self) -> std::sync::MutexGuard<'_, Summary> {
        self.summary.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// The experiment of a point whose model is converted.
fn converted(point: &Point) -> Option<&ConvertedExperiment> {
    match &point.experiment {
        Experiment::Converted(experiment) => Some(experiment),
        _ => None,
    }
}

fn stop_if(flow: ControlFlow<()>) -> Result<(), SweepError> {
    match flow {
        ControlFlow::Break(()) => Err(SweepError::Stopped),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Runs a part of the work; neither an error nor a panic in it reaches the other points.
fn isolated<T>(work: impl FnOnce() -> Result<T, ExperimentError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(panic) => Err(format!(
            "internal error (bug): please report it: {}",
            message(panic.as_ref())
        )),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_stays_with_its_point() {
        let outcome: Result<(), String> = isolated(|| panic!("index {}", 7));
        assert!(outcome.unwrap_err().contains("index 7"));
    }
}
