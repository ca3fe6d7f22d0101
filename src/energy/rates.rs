//! Energy against spike rate: the same network, fired more or less often.

use super::mapped::{Mapped, mapped};
use super::{Hardware, PriceOptions, Work, formats, price_at};
use crate::counts::{EventCounts, NumberFormat};
use crate::mapping::ScaledTraffic;
use crate::result::{RateCurve, RatePoint, Scope, TargetReport, Workload};
use std::sync::Arc;

/// Rates below the one at hand, and decades that they span.
const BELOW: (usize, f64) = (12, 3.0);
/// Rates above it, up to where a population fires in each timestep.
const ABOVE: usize = 8;

/// Energy of the spiking network on a device at rates from none to the highest possible, each
/// priced anew: whole thousandths of the rate at hand, for which counts per spike are exact. No curve
/// for a number format in which the device does not run spiking networks or nothing fires.
#[must_use]
pub fn rate_curves(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Vec<RateCurve> {
    curves(
        hardware,
        work,
        options,
        mapped(hardware, work, options).as_ref(),
    )
}

/// [`rate_curves`] of a network that is placed already.
pub(super) fn curves(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    mapped: Option<&Mapped>,
) -> Vec<RateCurve> {
    let formats = formats(hardware, work).into_iter();
    formats
        .filter_map(|format| curve(hardware, &work.at(format), format, options, mapped))
        .collect()
}

/// The curve of one number format.
fn curve(
    hardware: &Hardware,
    work: &Work,
    format: Option<NumberFormat>,
    options: &PriceOptions,
    mapped: Option<&Mapped>,
) -> Option<RateCurve> {
    const PARTS: u64 = EventCounts::RATE_PARTS;
    let counts = work.counts;
    let rate = counts.mean_rate().filter(|rate| *rate > 0.0)?;
    // The neurons stay where they are, however often they fire.
    let routed = mapped.map(|mapped| match &mapped.routed {
        Some(routed) => Arc::clone(routed),
        None => Arc::new(ScaledTraffic::new(counts, mapped.placement.clone())),
    });
    let spiking = |counts: &EventCounts, input: u64, chip: u64| -> Option<TargetReport> {
        let mapped = routed.as_ref().map(|routed| Mapped {
            placement: routed.placement().clone(),
            traffic: routed.at(counts, input, chip),
            routed: None,
            rule: None,
        });
        let work = work.with_counts(counts);
        let mut reports = price_at(hardware, &work, format, options, mapped.as_ref()).into_iter();
        reports.find(|report| report.workload == Workload::Snn)
    };
    let now = spiking(counts, 1, 1)?;
    let energies = |report: &TargetReport| Scope::ALL.map(|s| report.scopes.get(s).known());
    let points = rates(counts.largest_rate())
        .into_iter()
        .filter_map(|parts| {
            let counts = counts.at_rate(parts);
            let report = spiking(&counts, PARTS, parts)?;
            let populations = 0..counts.populations.len();
            Some(RatePoint {
                rate: rate * (parts as f64 / PARTS as f64),
                synops_per_inference: Some(
                    populations.map(|i| counts.per_inference(i).synops).sum(),
                ),
                energy_j: energies(&report),
            })
        })
        .collect();
    let longer = spiking(&counts.doubled(), 2, 2)?;
    let steps = f64::from(counts.timesteps);
    let per_timestep_j = Scope::ALL.map(|scope| {
        let energy = |report: &TargetReport| report.scopes.get(scope).known().map(|e| e.nominal);
        Some((energy(&longer)? - energy(&now)?) / steps)
    });
    Some(RateCurve {
        target: hardware.name.clone(),
        format,
        rate,
        points,
        per_timestep_j,
    })
}

/// Rates of a curve in parts of the rate at hand, ascending: none, [`BELOW`] it, it, and [`ABOVE`] it
/// up to where the population that fires at `largest` does so in each timestep.
fn rates(largest: f64) -> Vec<u64> {
    const PARTS: u64 = EventCounts::RATE_PARTS;
    let (below, decades) = BELOW;
    let lower = (0..below).map(|i| 10f64.powf(decades * (i as f64 / below as f64 - 1.0)));
    let top = (1.0 / largest).max(1.0);
    let higher = (1..=ABOVE).map(|i| top.powf(i as f64 / ABOVE as f64));
    let mut rates = vec![0, PARTS];
    // Rounded towards the rate at hand: no population fires more often than the timesteps allow.
    rates.extend(lower.map(|factor| (factor * PARTS as f64).ceil() as u64));
    rates.extend(higher.map(|factor| (factor * PARTS as f64) as u64));
    rates.sort_unstable();
    rates.dedup();
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_rates_span_three_decades_below_and_reach_the_top() {
        let found = rates(0.25);
        assert_eq!((found[0], found[1]), (0, 1));
        assert_eq!(found.last(), Some(&4000));
        assert!(found.contains(&EventCounts::RATE_PARTS));
        assert!(found.is_sorted() && found.len() == 2 + BELOW.0 + ABOVE);
        // A population that fires in each timestep leaves nothing above.
        assert_eq!(rates(1.0).last(), Some(&EventCounts::RATE_PARTS));
    }
}
