//! Which figure of a cost table matters: each one at its bounds, all others nominal.

use super::hardware::FigureSection;
use super::mapped::{Mapped, mapped};
use super::{Figure, Hardware, PriceOptions, Work, price, price_mapped, settled};
use crate::result::{Sensitivity, Swing, TargetReport};
use crate::units::Range;

/// The total of each report of a device with one figure at a time at its lower and upper bound;
/// largest swing first. Figures without a range, and reports without a total, are left out.
#[must_use]
pub fn sensitivities(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Vec<Sensitivity> {
    swings(
        hardware,
        work,
        options,
        mapped(hardware, work, options).as_ref(),
    )
}

/// [`sensitivities`] of a network that is placed already.
pub(super) fn swings(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    mapped: Option<&Mapped>,
) -> Vec<Sensitivity> {
    let base = nominal(hardware);
    let total = |report: &TargetReport| report.known_energy_j().map(|energy| energy.nominal);
    let reports = price_mapped(&base, work, options, mapped);
    let options = &settled(options, &reports);
    let mut sensitivities: Vec<Option<Sensitivity>> = reports
        .iter()
        .map(|report| {
            Some(Sensitivity {
                target: report.name.clone(),
                workload: report.workload,
                format: report.format,
                batch: report.batch,
                scope: report.scope,
                nominal_j: total(report)?,
                swings: Vec::new(),
            })
        })
        .collect();
    let ranged = |figure: &Figure| figure.value.low < figure.value.high;
    for (key, figure) in hardware.figures.iter().filter(|(_, figure)| ranged(figure)) {
        let at = |value: f64| {
            let mut hardware = base.clone();
            if let Some(figure) = hardware.figures.get_mut(key) {
                figure.value = Range::exact(value);
            }
            // Other room is another placement; everything else leaves the neurons where they are.
            match figure.section {
                FigureSection::Capacity => price(&hardware, work, options),
                _ => price_mapped(&hardware, work, options, mapped),
            }
        };
        let (low, high) = (at(figure.value.low), at(figure.value.high));
        for ((sensitivity, low), high) in sensitivities.iter_mut().zip(&low).zip(&high) {
            if let (Some(sensitivity), Some(low_j), Some(high_j)) =
                (sensitivity.as_mut(), total(low), total(high))
                && low_j != high_j
            {
                sensitivity.swings.push(Swing {
                    figure: key.clone(),
                    written: figure.written,
                    unit: figure.unit.clone(),
                    at_low_j: low_j,
                    at_high_j: high_j,
                    confidence: figure.confidence.to_string(),
                    unverified: figure.is_unverified(),
                });
            }
        }
    }
    let mut sensitivities: Vec<Sensitivity> = sensitivities.into_iter().flatten().collect();
    for sensitivity in &mut sensitivities {
        let width = |swing: &Swing| (swing.at_high_j - swing.at_low_j).abs();
        sensitivity
            .swings
            .sort_by(|a, b| width(b).total_cmp(&width(a)));
    }
    sensitivities
}

/// The device with every figure at its nominal value.
pub(super) fn nominal(hardware: &Hardware) -> Hardware {
    let mut hardware = hardware.clone();
    for figure in hardware.figures.values_mut() {
        figure.value = Range::exact(figure.value.nominal);
    }
    hardware
}
