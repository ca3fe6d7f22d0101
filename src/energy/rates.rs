//! Energy against spike rate: the same network, fired more or less often.

use super::mesh::{Mapped, mapped};
use super::{Hardware, PriceOptions, Work, price_mapped};
use crate::report::{RateCurve, RatePoint, Scope, TargetReport, Workload};

/// Rates below the one at hand, and decades that they span.
const BELOW: (usize, f64) = (12, 3.0);
/// Rates above it, up to where a population fires in each timestep.
const ABOVE: usize = 8;

/// Energy of the spiking network on a device at rates from none to the highest possible, each
/// priced anew. `None` if the device does not run spiking networks or nothing fires.
#[must_use]
pub fn rate_curve(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Option<RateCurve> {
    let counts = work.counts;
    let rate = counts.mean_rate().filter(|rate| *rate > 0.0)?;
    // The neurons stay where they are, however often they fire.
    let placement = mapped(hardware, work, options).map(|mapped| mapped.placement);
    let spiking = |work: &Work| -> Option<TargetReport> {
        let placement = placement.clone();
        let mapped = placement.map(|placement| Mapped::new(work.counts, placement));
        let mut reports = price_mapped(hardware, work, options, mapped.as_ref()).into_iter();
        reports.find(|report| report.workload == Workload::Snn)
    };
    let now = spiking(work)?;
    let top = (1.0 / counts.largest_rate()).max(1.0);
    let below = (0..BELOW.0).map(|i| 10f64.powf(BELOW.1 * (i as f64 / BELOW.0 as f64 - 1.0)));
    let above = (1..=ABOVE).map(|i| top.powf(i as f64 / ABOVE as f64));
    let mut factors: Vec<f64> = [0.0].into_iter().chain(below).chain([1.0]).collect();
    factors.extend(above.filter(|factor| *factor > 1.0 + 1e-9));
    let energies = |report: &TargetReport| Scope::ALL.map(|s| report.scopes.get(s).known());
    let points = factors
        .into_iter()
        .filter_map(|factor| {
            let counts = counts.at_rate(factor);
            let report = spiking(&Work {
                counts: &counts,
                dense: work.dense,
            })?;
            Some(RatePoint {
                rate: rate * factor,
                energy_j: energies(&report),
            })
        })
        .collect();
    let doubled = counts.doubled();
    let longer = spiking(&Work {
        counts: &doubled,
        dense: work.dense,
    })?;
    let steps = f64::from(counts.timesteps);
    let per_timestep_j = Scope::ALL.map(|scope| {
        let energy = |report: &TargetReport| report.scopes.get(scope).known().map(|e| e.nominal);
        Some((energy(&longer)? - energy(&now)?) / steps)
    });
    Some(RateCurve {
        target: hardware.name.clone(),
        rate,
        points,
        per_timestep_j,
    })
}
