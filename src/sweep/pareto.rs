//! Pareto front, knee point and cheapest feasible candidate.

use super::goals::Goals;
use super::merge::{Merged, MergedPoint};
use super::metric::Metric;
use super::row::Candidate;
use crate::result::Workload;

/// A candidate with the point it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The point of the sweep.
    pub point: &'a MergedPoint,
    /// The network on a device.
    pub candidate: &'a Candidate,
}

/// Candidates of a sweep under some objectives.
#[derive(Debug, Clone)]
pub struct Front<'a> {
    /// Objectives and constraints.
    pub goals: Goals,
    /// Indices of the settings that differ between points.
    pub varying: Vec<usize>,
    /// The candidates that nothing beats, best first in the last objective.
    pub best: Vec<Entry<'a>>,
    /// The other candidates that keep the constraints.
    pub dominated: Vec<Entry<'a>>,
    /// Index in `best` of the knee: of two objectives, where giving up more of one begins to buy
    /// little of the other. `None` for fewer than three points or more than two objectives.
    pub knee: Option<usize>,
    /// Candidates left out because a figure of an objective is unknown.
    pub unknown: usize,
    /// Candidates left out because of a constraint, or because they do not fit their device.
    pub refused: usize,
}

/// Finds the front among all candidates.
///
/// The conventional and the quantised network on the devices of the sweep are candidates like the
/// spiking one. Candidates that do not fit their device are none.
#[must_use]
pub fn front<'a>(merged: &'a Merged, goals: &Goals) -> Front<'a> {
    let mut unknown = 0;
    let mut refused = 0;
    let mut entries: Vec<(Vec<f64>, Entry)> = Vec::new();
    for point in &merged.points {
        let candidates = point.result.iter().flat_map(|result| &result.candidates);
        for candidate in candidates.filter(|candidate| goals.considers(candidate)) {
            if !goals.accepts(candidate) {
                refused += 1;
                continue;
            }
            match losses(goals, candidate) {
                Some(losses) => entries.push((losses, Entry { point, candidate })),
                None => unknown += 1,
            }
        }
    }
    // By the last objective, then the others: a candidate can only be beaten by one before it.
    entries.sort_by(|(a, ea), (b, eb)| {
        a.iter()
            .rev()
            .zip(b.iter().rev())
            .map(|(a, b)| a.total_cmp(b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| ea.point.position.cmp(&eb.point.position))
    });
    let mut best: Vec<(Vec<f64>, Entry)> = Vec::new();
    let mut dominated = Vec::new();
    for (losses, entry) in entries {
        if best.iter().any(|(other, _)| beats(other, &losses)) {
            dominated.push(entry);
        } else {
            best.push((losses, entry));
        }
    }
    let knee = knee(&best);
    Front {
        goals: goals.clone(),
        varying: varying(&merged.points),
        best: best.into_iter().map(|(_, entry)| entry).collect(),
        dominated,
        knee,
        unknown,
        refused,
    }
}

fn varying(points: &[MergedPoint]) -> Vec<usize> {
    let Some(first) = points.first() else {
        return Vec::new();
    };
    let differs = |index: &usize| {
        let of = |point: &MergedPoint| point.settings.get(*index).cloned();
        points.iter().any(|point| of(point) != of(first))
    };
    (0..first.settings.len()).filter(differs).collect()
}

impl<'a> Front<'a> {
    /// A figure of an entry; `None` if it is unknown.
    #[must_use]
    pub fn value(&self, metric: Metric, entry: &Entry) -> Option<f64> {
        metric.of(entry.candidate, self.goals.scope)
    }

    /// The first objective: what is gained.
    #[must_use]
    pub fn gain(&self) -> Metric {
        self.goals
            .metrics
            .first()
            .copied()
            .unwrap_or(Metric::Accuracy)
    }

    /// The second objective: what it costs.
    #[must_use]
    pub fn cost(&self) -> Metric {
        self.goals
            .metrics
            .get(1)
            .copied()
            .unwrap_or(Metric::EnergyJ)
    }

    /// The cheapest candidate that reaches an accuracy, among all or among those of one kind of
    /// network.
    #[must_use]
    pub fn cheapest(&self, accuracy: f64, workload: Option<Workload>) -> Option<Entry<'a>> {
        self.best
            .iter()
            .chain(&self.dominated)
            .filter(|entry| workload.is_none_or(|kind| entry.candidate.workload == kind))
            .filter(|entry| entry.candidate.accuracy.is_some_and(|has| has >= accuracy))
            .filter_map(|entry| Some((self.value(self.cost(), entry)?, *entry)))
            .min_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, entry)| entry)
    }

    /// What one more percentage point of accuracy costs between a member of the front and the next
    /// cheaper one; `None` for the cheapest, or if accuracy against one cost is not what is weighed.
    #[must_use]
    pub fn cost_per_point(&self, index: usize) -> Option<f64> {
        if self.goals.metrics.len() != 2 || self.gain() != Metric::Accuracy {
            return None;
        }
        let [cheaper, this] = [self.best.get(index.checked_sub(1)?)?, self.best.get(index)?];
        let step = |metric| Some(self.value(metric, this)? - self.value(metric, cheaper)?);
        let points = 100.0 * step(Metric::Accuracy)?;
        (points > 0.0).then_some(step(self.cost())? / points)
    }
}

/// The objectives of a candidate, turned so that less is better.
fn losses(goals: &Goals, candidate: &Candidate) -> Option<Vec<f64>> {
    goals
        .metrics
        .iter()
        .map(|metric| {
            let value = metric.of(candidate, goals.scope)?;
            Some(if metric.is_gain() { -value } else { value })
        })
        .collect()
}

/// Whether `a` is as good as `b` in everything and better in something, or its equal and earlier.
fn beats(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b)
}

/// The point farthest from the line between the ends of the front, each objective scaled to 0–1
/// (costs by their logarithm, as they span decades).
fn knee(best: &[(Vec<f64>, Entry)]) -> Option<usize> {
    let [first, .., last] = best else {
        return None;
    };
    if best.len() < 3 || first.0.len() != 2 {
        return None;
    }
    let scaled = |values: &[f64], axis: usize| {
        let scale = |losses: &[f64]| {
            let loss = losses[axis];
            if loss > 0.0 { loss.ln() } else { loss }
        };
        let (from, to) = (scale(&first.0), scale(&last.0));
        if to == from {
            0.0
        } else {
            (scale(values) - from) / (to - from)
        }
    };
    // From (0, 0) to (1, 1): the signed distance is proportional to y - x.
    let distance = |losses: &[f64]| (scaled(losses, 0) - scaled(losses, 1)).abs();
    best.iter()
        .enumerate()
        .max_by(|(_, (a, _)), (_, (b, _))| distance(a).total_cmp(&distance(b)))
        .map(|(index, _)| index)
}
