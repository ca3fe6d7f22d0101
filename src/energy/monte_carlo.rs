//! Totals under random figures: each drawn from the triangular distribution of its bounds.

use super::hardware::FigureSection;
use super::mapped::mapped;
use super::tornado::nominal;
use super::{Hardware, PriceOptions, Work, price_mapped, settled};
use crate::result::{EnergyDistribution, MonteCarlo, Quantiles, Scope};
use crate::units::{Range, triangular};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

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
