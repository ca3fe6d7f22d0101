//! Central intervals: where energies and factors lie when every figure varies by itself within its
//! bounds.
//!
//! The outer bounds of an energy have every figure at its worst at once, which is possible and
//! unlikely. A central interval draws each figure once, independent of the others:
//!
//! ```text
//! E = E_nominal · Π f_i(u_i)      f_i: effect of figure i between its bounds
//! ```
//!
//! and holds 90 % of the draws, never more than the outer bounds. The effect of a figure is that of
//! the sensitivity analysis (all others nominal). On a logarithmic scale its density falls linearly
//! from its nominal value, which is its median, to either bound: bounds are seldom as far from the
//! nominal value on one side as on the other, and a bound close to zero must not draw all of the
//! mass to its side. A figure of a table has the same value on both sides of a factor.
//!
//! Source: JCGM 101:2008, propagation of distributions by a Monte Carlo method, 6.4.4 (distributions
//! from bounds) and 7; stratified draws: McKay et al., Technometrics 21 (1979), 239.

use super::{Contender, Report, Scope};
use crate::units::Range;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Share of the draws that lie within a central interval.
pub const CENTRAL_SHARE: f64 = 0.9;

/// Strata that each figure is drawn from.
const DRAWS: usize = 1024;

/// What one figure does to an energy.
struct Effect {
    /// Table and figure; the same figure has the same draws everywhere.
    name: String,
    /// Energy with the figure at its lower and upper bound, in units of the nominal energy.
    at: [f64; 2],
}

/// Central interval of the energy of a contender \[J\]; `None` if the energy is not known.
#[must_use]
pub fn central_energy_j(report: &Report, one: &Contender) -> Option<Range> {
    let outer = one.energy_j()?;
    Some(interval(outer, &draws(&effects(report, one)), &[]))
}

/// Central interval of how many times dearer `dear` is than `cheap`, within the bounds of the factor.
pub(super) fn central_factor(
    report: &Report,
    dear: &Contender,
    cheap: &Contender,
    outer: Range,
) -> Range {
    let of = |one: &Contender| draws(&effects(report, one));
    interval(outer, &of(dear), &of(cheap))
}

/// The share in the middle of `nominal · exp(above − below)`.
fn interval(outer: Range, above: &[f64], below: &[f64]) -> Range {
    let mut logs: Vec<f64> = match below {
        [] => above.to_vec(),
        below => above.iter().zip(below).map(|(a, b)| a - b).collect(),
    };
    logs.sort_by(f64::total_cmp);
    let tail = ((1.0 - CENTRAL_SHARE) / 2.0 * DRAWS as f64) as usize;
    let at = |place: usize| (outer.nominal * logs[place].exp()).clamp(outer.low, outer.high);
    let (low, high) = (at(tail), at(DRAWS - 1 - tail));
    Range::new(
        low.min(outer.nominal),
        outer.nominal,
        high.max(outer.nominal),
    )
}

/// Logarithm of the product of all effects, draw by draw.
fn draws(effects: &[Effect]) -> Vec<f64> {
    let mut sums = vec![0.0; DRAWS];
    for effect in effects {
        let [at_low, at_high] = effect.at;
        if !(at_low.is_finite() && at_high.is_finite()) {
            continue;
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed(&effect.name));
        let mut strata: Vec<usize> = (0..DRAWS).collect();
        strata.shuffle(&mut random);
        for (sum, stratum) in sums.iter_mut().zip(strata) {
            let u = (stratum as f64 + random.random::<f64>()) / DRAWS as f64;
            *sum += drawn(at_low, at_high, u);
        }
    }
    sums
}

/// Logarithm of an effect at `u` from 0 (the figure at its lower bound) to 1.
fn drawn(at_low: f64, at_high: f64, u: f64) -> f64 {
    let (small, large) = (at_low.min(at_high).min(1.0), at_low.max(at_high).max(1.0));
    let u = if at_low <= at_high { u } else { 1.0 - u };
    // How far from the nominal value to the bound, 0 to 1.
    let reach = 1.0 - (2.0 * u.min(1.0 - u)).sqrt();
    match u < 0.5 {
        true if small > 0.0 => reach * small.ln(),
        // A logarithmic scale has no zero.
        true => (1.0 - reach * (1.0 - small)).ln(),
        false => reach * large.ln(),
    }
}

/// FNV-1a of a name.
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The effects that are known: those of the sensitivity analysis where it is of the same scope, or
/// else those of the lines.
fn effects(report: &Report, one: &Contender) -> Vec<Effect> {
    let (target, scope) = (one.target, one.boundary.scope());
    let mut analyses = report.sensitivities.iter();
    let analysis = analyses.find(|found| {
        found.target == target.name
            && found.workload == target.workload
            && found.format == target.format
            && found.batch == target.batch
            && found.scope == scope
    });
    match analysis {
        Some(found) => {
            let swings = found.swings.iter();
            swings
                .map(|swing| Effect {
                    name: format!("{}/{}", target.name, swing.figure),
                    at: [swing.at_low_j, swing.at_high_j].map(|joules| joules / found.nominal_j),
                })
                .collect()
        }
        None => effects_of_lines(one, scope),
    }
}

fn effects_of_lines(one: &Contender, scope: Scope) -> Vec<Effect> {
    let Some(total) = one.energy_j().map(|energy| energy.nominal) else {
        return Vec::new();
    };
    let mut sums: Vec<(String, Range)> = Vec::new();
    for line in one
        .target
        .lines
        .iter()
        .filter(|line| line.bill.scope <= scope)
    {
        let figure = line.figure.as_deref().unwrap_or(&line.event);
        let name = format!("{}/{figure}", one.target.name);
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = *sum + line.joules_range,
            None => sums.push((name, line.joules_range)),
        }
    }
    let effect = |(name, sum): (String, Range)| Effect {
        name,
        at: [sum.low, sum.high].map(|bound| 1.0 + (bound - sum.nominal) / total),
    };
    sums.into_iter().map(effect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(name: &str, at: [f64; 2]) -> Effect {
        let name = name.to_owned();
        Effect { name, at }
    }

    fn wide(nominal: f64) -> Range {
        Range::new(0.0, nominal, f64::INFINITY)
    }

    #[test]
    fn closed_form_interval_of_one_figure() {
        // From 1/e to e: the 5 % quantile is -(1 - √0.1).
        let e = std::f64::consts::E;
        let found = interval(wide(2.0), &draws(&[effect("a", [1.0 / e, e])]), &[]);
        let expected = 1.0 - 0.1f64.sqrt();
        assert!(
            (found.low.ln() - 2f64.ln() + expected).abs() < 5e-3,
            "{found:?}"
        );
        assert!(
            (found.high.ln() - 2f64.ln() - expected).abs() < 5e-3,
            "{found:?}"
        );
    }

    #[test]
    fn a_bound_near_zero_does_not_draw_the_mass_to_its_side() {
        let found = interval(wide(1.0), &draws(&[effect("a", [1e-3, 1.5])]), &[]);
        let reach = 1.0 - 0.1f64.sqrt();
        assert!(
            (found.low.ln() - reach * 1e-3f64.ln()).abs() < 0.05,
            "{found:?}"
        );
        assert!(
            (found.high.ln() - reach * 1.5f64.ln()).abs() < 5e-3,
            "{found:?}"
        );
        let zero = interval(wide(1.0), &draws(&[effect("a", [0.0, 1.0])]), &[]);
        assert!((zero.low - 0.1f64.sqrt()).abs() < 5e-3, "{zero:?}");
    }

    #[test]
    fn a_shared_figure_cancels_and_others_do_not() {
        let (a, b) = (effect("t/x", [0.5, 2.0]), effect("u/x", [0.5, 2.0]));
        let (a, b) = (draws(&[a]), draws(&[b]));
        let same = interval(wide(3.0), &a, &a);
        assert_eq!((same.low, same.high), (3.0, 3.0));
        let apart = interval(wide(3.0), &a, &b);
        assert!(apart.low < 2.0 && apart.high > 4.5, "{apart:?}");
    }

    #[test]
    fn a_figure_that_cheapens_as_it_grows_is_drawn_the_other_way() {
        let (up, down) = (effect("t/x", [0.5, 2.0]), effect("t/x", [2.0, 0.5]));
        let both = interval(wide(1.0), &draws(&[up, down]), &[]);
        assert!((both.low - 1.0).abs() < 1e-9 && (both.high - 1.0).abs() < 1e-9);
    }

    #[test]
    fn outer_bounds_are_never_left() {
        let outer = Range::new(0.9, 1.0, 1.1);
        let found = interval(outer, &draws(&[effect("a", [0.01, 100.0])]), &[]);
        assert_eq!((found.low, found.high), (0.9, 1.1));
    }
}
