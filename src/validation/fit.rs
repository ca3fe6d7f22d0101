//! Fitting declared figures to measured points, with and without each point.

use super::case::{FitMethod, FittedFigures, MeasuredQuantity};
use super::predict::PointReplay;
use crate::energy::Hardware;
use crate::units::Range;

/// A measured value with what predicts it.
pub(super) struct Sample<'a> {
    pub replay: &'a PointReplay,
    pub quantity: MeasuredQuantity,
    pub measured: f64,
    /// Index of its experiment.
    pub case: usize,
    /// Index of its point.
    pub point: usize,
}

/// What is left out of a fit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Without {
    Nothing,
    Case(usize),
    Point(usize),
}

impl Without {
    fn keeps(self, sample: &Sample) -> bool {
        match self {
            Without::Nothing => true,
            Without::Case(case) => sample.case != case,
            Without::Point(point) => sample.point != point,
        }
    }
}

/// Values of the fitted figures, in the order of [`FittedFigures::figures`] [SI].
pub(super) type FittedValues = Vec<f64>;

/// The device with other values of the fitted figures.
pub(super) fn with(hardware: &Hardware, fit: &FittedFigures, values: &[f64]) -> Hardware {
    let mut hardware = hardware.clone();
    for (key, &value) in fit.figures.iter().zip(values) {
        if let Some(figure) = hardware.figures.get_mut(key) {
            figure.value = Range::exact(value);
        }
    }
    hardware
}

/// The same with the relative bounds that the table gives each figure.
pub(super) fn with_bounds(hardware: &Hardware, fit: &FittedFigures, values: &[f64]) -> Hardware {
    let mut hardware = hardware.clone();
    for (key, &value) in fit.figures.iter().zip(values) {
        if let Some(figure) = hardware.figures.get_mut(key) {
            let Range { low, nominal, high } = figure.value;
            let scaled = |bound: f64| match nominal {
                0.0 => value,
                nominal => value * bound / nominal,
            };
            let top = match is_fraction(key) {
                true => scaled(high).min(1.0),
                false => scaled(high),
            };
            figure.value = Range::new(scaled(low), value, top.max(value));
        }
    }
    hardware
}

fn is_fraction(key: &str) -> bool {
    key.starts_with("efficiency.")
}

/// Fits on all samples but those left out; `None` if nothing is left to fit on.
pub(super) fn fit(
    hardware: &Hardware,
    fit: &FittedFigures,
    samples: &[Sample],
    without: Without,
) -> Option<FittedValues> {
    let kept: Vec<&Sample> = samples
        .iter()
        .filter(|sample| without.keeps(sample) && fit.quantities.contains(&sample.quantity))
        .collect();
    let start = fit.figures.iter().map(|key| hardware.figures.get(key));
    let start: FittedValues = start
        .map(|f| f.map(|f| f.value.nominal))
        .collect::<Option<_>>()?;
    if kept.is_empty() || start.is_empty() {
        return None;
    }
    match fit.method {
        FitMethod::Median | FitMethod::Identity => {
            let mut implied: Vec<f64> = kept
                .iter()
                .filter_map(|sample| implied(hardware, fit, sample, start[0]))
                .collect();
            Some(vec![median(&mut implied)?])
        }
        FitMethod::LeastDeviation => Some(search(hardware, fit, &kept, start)),
    }
}

/// The value of the one fitted figure that makes a sample exact: predictions are linear in it.
fn implied(hardware: &Hardware, fit: &FittedFigures, sample: &Sample, value: f64) -> Option<f64> {
    let at = |value: f64| {
        let device = with(hardware, fit, &[value]);
        let predicted = sample.replay.predict(&device);
        predicted.get(&sample.quantity).map(|range| range.nominal)
    };
    let (one, two) = (at(value)?, at(2.0 * value)?);
    let slope = (two - one) / value;
    let found = value + (sample.measured - one) / slope;
    (found.is_finite() && found > 0.0).then_some(found)
}

/// Steps along each figure's logarithm, halved when none helps.
fn search(
    hardware: &Hardware,
    fit: &FittedFigures,
    samples: &[&Sample],
    start: FittedValues,
) -> FittedValues {
    let deviation = |values: &[f64]| {
        let device = with(hardware, fit, values);
        let of = |sample: &&Sample| {
            let predicted = sample.replay.predict(&device);
            let predicted = predicted.get(&sample.quantity).map(|range| range.nominal);
            predicted.map_or(f64::INFINITY, |p| (p / sample.measured).ln().abs())
        };
        samples.iter().map(of).sum::<f64>()
    };
    let mut best = start;
    let mut least = deviation(&best);
    let mut step = 1.0f64;
    while step > 0.01 {
        let before = least;
        for index in 0..best.len() {
            for factor in [step.exp(), (-step).exp()] {
                let mut tried = best.clone();
                tried[index] *= factor;
                if is_fraction(&fit.figures[index]) {
                    tried[index] = tried[index].min(1.0);
                }
                let found = deviation(&tried);
                if found < least {
                    (best, least) = (tried, found);
                }
            }
        }
        if least >= before {
            step /= 2.0;
        }
    }
    best
}

/// Median; the mean of the middle two of an even number.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form_median() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
