//! The only door to a factor: who may be compared with whom.

use super::why::may_meet;
use super::{Contender, Feasible, Standing, Why};
use crate::units::Range;

/// Whether a factor between two contenders may be stated.
///
/// # Errors
/// The first rule that it would break.
pub fn eligible(a: &Contender, b: &Contender) -> Result<(), Why> {
    if a.boundary != b.boundary {
        return Err(Why::Boundary);
    }
    if a.condition != b.condition || a.period_s != b.period_s {
        return Err(Why::Condition);
    }
    if a.terms.first_layer != b.terms.first_layer {
        return Err(Why::FirstLayer);
    }
    for one in [a, b] {
        qualifies(one)?;
    }
    may_meet(a.target, b.target, a.boundary)
}

/// Whether a contender may take part at all.
///
/// # Errors
/// The first rule that it would break.
pub fn qualifies(one: &Contender) -> Result<(), Why> {
    if one.target.feasible == Feasible::No || !one.target.fits {
        return Err(Why::Infeasible(one.target.why.clone()));
    }
    if one.energy_j().is_none_or(|energy| energy.nominal <= 0.0) {
        let missing = &one.target.scopes.get(one.boundary.scope()).missing;
        let what = match missing.as_slice() {
            [] => "its energy".to_owned(),
            missing => missing.join(", "),
        };
        return Err(Why::Unknown(what));
    }
    if let Standing::Below { share, difference } = one.standing {
        return Err(Why::BelowAccuracy {
            share: share.value,
            difference: difference.value,
        });
    }
    Ok(())
}

/// How many times dearer `dear` is than `cheap`, at the bounds of all figures; a figure that both rest
/// on has one value at a time.
///
/// # Errors
/// As [`eligible`].
pub fn factor(dear: &Contender, cheap: &Contender) -> Result<Range, Why> {
    eligible(dear, cheap)?;
    let (Some(above), Some(below)) = (dear.energy_j(), cheap.energy_j()) else {
        return Err(Why::Unknown("an energy".to_owned()));
    };
    let nominal = above.nominal / below.nominal;
    if dear.target.name != cheap.target.name {
        return Ok(Range::new(
            above.low / below.high,
            nominal,
            above.high / below.low,
        ));
    }
    let figures = shared(dear, cheap);
    // The largest factor of the inverse is the inverse of the least.
    let inverse: Vec<_> = figures.iter().map(|&(a, b)| (b, a)).collect();
    Ok(Range::new(
        largest_ratio(&inverse).recip().min(nominal),
        nominal,
        largest_ratio(&figures).max(nominal),
    ))
}

/// What each figure contributes to both sides [J].
fn shared(a: &Contender, b: &Contender) -> Vec<(Range, Range)> {
    let mut figures: Vec<(Option<String>, Range, Range)> = Vec::new();
    for (side, one) in [(0, a), (1, b)] {
        let lines = one.target.lines.iter();
        for line in lines.filter(|line| line.bill.scope <= one.boundary.scope()) {
            let known = figures
                .iter_mut()
                .find(|(key, ..)| key.is_some() && *key == line.figure);
            let slot = match known {
                Some(slot) => slot,
                None => {
                    figures.push((line.figure.clone(), Range::ZERO, Range::ZERO));
                    let last = figures.len() - 1;
                    &mut figures[last]
                }
            };
            let sum = if side == 0 { &mut slot.1 } else { &mut slot.2 };
            *sum = *sum + line.joules_range;
        }
    }
    figures.into_iter().map(|(_, a, b)| (a, b)).collect()
}

/// The largest `Σ a / Σ b` with each pair at its lower or its upper bound.
///
/// The ratio is monotone in each figure, so its extremum is at bounds; Dinkelbach's iteration finds it:
/// for the ratio λ so far, each figure takes the bound at which `a − λ b` is largest.
///
/// Source: Dinkelbach, On nonlinear fractional programming, Management Science 13 (1967), 492.
fn largest_ratio(figures: &[(Range, Range)]) -> f64 {
    let mut ratio = 0.0;
    for _ in 0..64 {
        let (mut above, mut below) = (0.0, 0.0);
        for (a, b) in figures {
            let at = |bound: fn(&Range) -> f64| (bound(a), bound(b));
            let ends = [at(|range| range.low), at(|range| range.high)];
            let gain = |(a, b): &(f64, f64)| a - ratio * b;
            let best = if gain(&ends[0]) > gain(&ends[1]) {
                ends[0]
            } else {
                ends[1]
            };
            above += best.0;
            below += best.1;
        }
        let next = above / below;
        // Not a number ends it, too.
        if next.partial_cmp(&ratio) != Some(std::cmp::Ordering::Greater) {
            return next.max(ratio);
        }
        ratio = next;
    }
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with an addition of 0.03 [0.03 – 0.1] pJ and a multiplication of 0.2 pJ exactly: an SNN
    /// of 8 additions and one multiplication against a network of one of each.
    #[test]
    fn worked_ratio_of_figures_that_vary_together() {
        let add = Range::new(0.03, 0.03, 0.1);
        let figures = [(add * 8.0, add), (Range::exact(0.2), Range::exact(0.2))];
        // 0.44 / 0.23 with additions at 0.03 pJ, 1.0 / 0.3 at 0.1 pJ.
        assert!((largest_ratio(&figures) - 1.0 / 0.3).abs() < 1e-12);
        let inverse: Vec<_> = figures.iter().map(|&(a, b)| (b, a)).collect();
        assert!((largest_ratio(&inverse) - 0.23 / 0.44).abs() < 1e-12);
        // Apart, the ends would allow 1.0 / 0.23.
    }

    #[test]
    fn one_figure_on_both_sides_leaves_no_range() {
        let price = Range::new(0.2, 0.3, 0.6);
        let figures = [(price * 6.0, price * 2.0)];
        assert!((largest_ratio(&figures) - 3.0).abs() < 1e-12);
    }
}
