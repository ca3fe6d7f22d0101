//! The candidates that nothing beats, the knee between them, and the cheapest that is good enough.

use super::merge::{Merged, MergedPoint};
use super::metric::{Constraint, Metric};
use super::row::Candidate;
use crate::report::Scope;

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
    /// The objectives.
    pub metrics: Vec<Metric>,
    /// What energies include.
    pub scope: Scope,
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

/// Finds the front among all candidates, with energies of one scope.
///
/// The conventional and the quantised network on the devices of the sweep are candidates like the
/// spiking one. Candidates that do not fit their device are none.
#[must_use]
pub fn front<'a>(
    merged: &'a Merged,
    metrics: &[Metric],
    constraints: &[Constraint],
    scope: Scope,
    keep: &dyn Fn(&Candidate) -> bool,
) -> Front<'a> {
    let mut unknown = 0;
    let mut refused = 0;
    let mut entries: Vec<(Vec<f64>, Entry)> = Vec::new();
    for point in &merged.points {
        let candidates = point.result.iter().flat_map(|result| &result.candidates);
        for candidate in candidates.filter(|c| keep(c)) {
            if !candidate.fits || !constraints.iter().all(|rule| rule.holds(candidate, scope)) {
                refused += 1;
                continue;
            }
            match losses(metrics, candidate, scope) {
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
        metrics: metrics.to_vec(),
        scope,
        best: best.into_iter().map(|(_, entry)| entry).collect(),
        dominated,
        knee,
        unknown,
        refused,
    }
}

/// The cheapest candidate of the front by `cost` that reaches `value` of `gain`.
#[must_use]
pub fn cheapest<'a>(
    front: &Front<'a>,
    cost: Metric,
    gain: Metric,
    value: f64,
) -> Option<Entry<'a>> {
    front
        .best
        .iter()
        .filter(|entry| {
            let has = gain.of(entry.candidate, front.scope);
            has.is_some_and(|has| has >= value)
        })
        .filter_map(|entry| Some((cost.of(entry.candidate, front.scope)?, *entry)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, entry)| entry)
}

/// The objectives of a candidate, turned so that less is better.
fn losses(metrics: &[Metric], candidate: &Candidate, scope: Scope) -> Option<Vec<f64>> {
    metrics
        .iter()
        .map(|metric| {
            let value = metric.of(candidate, scope)?;
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
