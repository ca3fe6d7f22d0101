//! Totals under random figures: each drawn from the triangular distribution of its bounds.

use super::hardware::FigureSection;
use super::mapped::mapped;
use super::tornado::nominal;
use super::{Hardware, PriceOptions, Work, price_mapped, settled};
use crate::result::{EnergyDistribution, MonteCarlo, Quantiles, Scope};
use crate::units::Range;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Quantile function of the triangular distribution from `low` to `high` with its mode at
/// `nominal`, at `u` from 0 to 1.
///
/// ```text
/// c = (m − a) / (b − a);   x = a + √(u (b − a)(m − a))        if u < c
///                          x = b − √((1 − u)(b − a)(b − m))   otherwise
/// ```
#[must_use]
pub fn triangular(range: Range, u: f64) -> f64 {
    let Range { low, nominal, high } = range;
    if high <= low {
        return nominal;
    }
    let width = high - low;
    if u < (nominal - low) / width {
        low + (u * width * (nominal - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - nominal)).sqrt()
    }
}

/// Quantiles of each report's energy in each scope. A draw has a random stream of its own, so the
/// result does not depend on the number of threads.
#[must_use]
pub fn distributions(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    monte_carlo: &MonteCarlo,
) -> Vec<EnergyDistribution> {
    let base = nominal(hardware);
    let mapped = mapped(&base, work, options);
    let reports = price_mapped(&base, work, options, mapped.as_ref());
    let options = &settled(options, &reports);
    let draws: Vec<Vec<[Option<f64>; 3]>> = (0..monte_carlo.draws)
        .into_par_iter()
        .map(|draw| {
            let mut random = ChaCha8Rng::seed_from_u64(monte_carlo.seed);
            random.set_stream(draw);
            let together: f64 = random.random();
            let mut drawn = base.clone();
            for (key, figure) in &hardware.figures {
                let larger_is_cheaper = figure.section.larger_is_cheaper();
                let u = match (monte_carlo.correlated, larger_is_cheaper) {
                    (false, _) => random.random(),
                    (true, false) => together,
                    (true, true) => 1.0 - together,
                };
                // Whole numbers such as neurons per core are no matter of chance.
                if let Some(drawn) = drawn.figures.get_mut(key)
                    && figure.section != FigureSection::Capacity
                {
                    drawn.value = Range::exact(triangular(figure.value, u));
                }
            }
            let reports = price_mapped(&drawn, work, options, mapped.as_ref());
            let known = |scope: Scope, report: &crate::result::TargetReport| {
                report.scopes.get(scope).known().map(|e| e.nominal)
            };
            reports
                .iter()
                .map(|report| Scope::ALL.map(|scope| known(scope, report)))
                .collect()
        })
        .collect();
    reports
        .iter()
        .enumerate()
        .map(|(index, report)| EnergyDistribution {
            target: report.name.clone(),
            workload: report.workload,
            format: report.format,
            batch: report.batch,
            scopes: [0, 1, 2].map(|scope| {
                let values: Option<Vec<f64>> = draws
                    .iter()
                    .map(|draw| draw.get(index).and_then(|energies| energies[scope]))
                    .collect();
                values.and_then(Quantiles::of)
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form_triangular_quantiles() {
        let range = Range::new(1.0, 2.0, 5.0);
        for (u, expected) in [(0.0, 1.0), (0.25, 2.0), (1.0, 5.0)] {
            assert!((triangular(range, u) - expected).abs() < 1e-12, "{u}");
        }
        // The mean of a triangular distribution is that of its three corners.
        let steps = 100_000;
        let sum: f64 = (0..steps)
            .map(|i| triangular(range, (f64::from(i) + 0.5) / f64::from(steps)))
            .sum();
        assert!((sum / f64::from(steps) - 8.0 / 3.0).abs() < 1e-4);
        assert_eq!(triangular(Range::exact(3.0), 0.7), 3.0);
        assert_eq!(triangular(Range::new(0.0, 0.0, 4.0), 0.75), 2.0);
    }
}
