//! The error of the cost tables: published measurements replayed from a description of the network
//! and assumed rates to energy, latency and power.
//!
//! Measurements are data (`data/validation/*.toml`). A prediction is an interval: what the
//! publication leaves open is swept, and each figure of the table spans its range. Figures that
//! were fitted are declared with the points they were fitted on, and fitted again without each
//! point to say how well they predict what they have not seen.

mod case;
mod fit;
mod network;
mod predict;

pub use case::{
    Case, CaseLayer, CaseNetwork, CasePoint, FitMethod, FittedFigures, MeasuredQuantity,
    PublishedValue, Quoted, Suite,
};

use crate::energy::{Catalogue, Hardware, HardwareError};
use crate::units::Range;
use fit::{Sample, median, with};
use predict::PointReplay;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/validation.rs"));

/// Why measurements cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// A file of measurements is wrong.
    #[error("data/validation/{name}.toml: {reason}")]
    Syntax {
        /// Name of the file.
        name: String,
        /// Position and reason.
        reason: String,
    },
    /// The device of a file does not exist.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
    /// Nothing was measured on the device.
    #[error("no published measurement of \"{device}\" is at hand; there are some of {known}")]
    NoMeasurement {
        /// The device asked for.
        device: String,
        /// All that have some.
        known: String,
    },
}

/// One measured value and its prediction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Experiment.
    pub case: String,
    /// Point.
    pub point: String,
    /// What was measured.
    pub quantity: MeasuredQuantity,
    /// The measured value, or the geometric mean of its bounds [SI].
    pub measured: f64,
    /// The prediction [SI]; `None` if it is refused or a figure is not known.
    pub predicted: Option<Range>,
    /// Nominal prediction over measured value.
    pub ratio: Option<f64>,
    /// Whether the interval contains the measured value (or reaches into its bounds).
    pub inside: Option<bool>,
    /// Ratio with the declared figures fitted without this point.
    pub left_out_ratio: Option<f64>,
    /// Whether it takes part in the error.
    pub counted: bool,
    /// Why there is no prediction.
    pub refused: Option<String>,
    /// Citation.
    pub source: String,
}

/// Error over the counted rows of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorOf {
    /// What was measured.
    pub quantity: MeasuredQuantity,
    /// Rows.
    pub points: usize,
    /// Rows whose interval contains the measured value.
    pub inside: usize,
    /// Mean of |ratio − 1| [%].
    pub mean_percent: f64,
    /// Median of the nominal ratio.
    pub median_ratio: f64,
    /// Median of max(ratio, 1 / ratio).
    pub median_factor: f64,
    /// The largest of them.
    pub worst_factor: f64,
    /// Median factor with each point left out of the fit; `None` if nothing was fitted.
    pub left_out_factor: Option<f64>,
}

/// A device against its measurements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// Name of the device.
    pub device: String,
    /// Figures that were fitted on the points below; empty if none was.
    pub fitted: Vec<Fitted>,
    /// All measured values.
    pub rows: Vec<Row>,
    /// Per quantity.
    pub errors: Vec<ErrorOf>,
}

/// A fitted figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// Key of the device table.
    pub figure: String,
    /// What the table says [SI].
    pub shipped: f64,
    /// What the fit on all points gives, and the span of the fits that leave one out [SI].
    pub fitted: Option<Range>,
    /// The experiments it was fitted on.
    pub points: Vec<String>,
}

/// The measurements that come with the program, by device.
///
/// # Errors
/// If one of the files is wrong.
pub fn shipped() -> Result<Vec<Suite>, ValidationError> {
    let parse = |(name, text): &(&str, &str)| {
        toml::from_str(text).map_err(|error| ValidationError::Syntax {
            name: (*name).into(),
            reason: error.to_string().trim_end().to_owned(),
        })
    };
    SHIPPED.iter().map(parse).collect()
}

/// What a report quotes about the table of a device: its error against published measurements.
/// `None` if there is no measurement to compare with.
#[must_use]
pub fn quote(device: &str) -> Option<String> {
    static SUITES: LazyLock<Vec<Suite>> = LazyLock::new(|| shipped().unwrap_or_default());
    let suite = SUITES.iter().find(|suite| suite.device == device)?;
    let errors: Vec<String> = suite
        .quoted
        .iter()
        .map(|error| {
            format!(
                "{}: median factor {:.2}, worst {:.2} over {} {}",
                error.quantity,
                error.median_factor,
                error.worst_factor,
                error.points,
                if error.points == 1 { "point" } else { "points" }
            )
        })
        .collect();
    let fitted = match suite.fit {
        Some(_) => ", after a fit on the same points",
        None => ", no figure fitted on them",
    };
    (!errors.is_empty()).then(|| {
        format!(
            "error against published measurements{fitted}: {}",
            errors.join("; ")
        )
    })
}

/// Replays the measurements of one device, or of all.
///
/// # Errors
/// If a file is wrong or there is no measurement of the device.
pub fn validate(
    catalogue: &Catalogue,
    device: Option<&str>,
) -> Result<Vec<Validation>, ValidationError> {
    let suites = shipped()?;
    if let Some(name) = device {
        catalogue.get(name)?;
        if !suites.iter().any(|suite| suite.device == name) {
            let known: Vec<&str> = suites.iter().map(|suite| suite.device.as_str()).collect();
            return Err(ValidationError::NoMeasurement {
                device: name.into(),
                known: known.join(", "),
            });
        }
    }
    suites
        .iter()
        .filter(|suite| device.is_none_or(|name| suite.device == name))
        .map(|suite| Ok(replay(catalogue.get(&suite.device)?, suite)))
        .collect()
}

/// Replays one device.
fn replay(hardware: &Hardware, suite: &Suite) -> Validation {
    let points: Vec<(&Case, &CasePoint)> = suite
        .case
        .iter()
        .flat_map(|case| case.point.iter().map(move |point| (case, point)))
        .collect();
    let replays: Vec<Option<PointReplay>> = points
        .iter()
        .map(|(case, point)| {
            point
                .refused
                .is_none()
                .then(|| PointReplay::new(case, point))
        })
        .collect();
    let mut samples = Vec::new();
    for (index, ((case, point), replay)) in points.iter().zip(&replays).enumerate() {
        let Some(replay) = replay else { continue };
        for (&quantity, measured) in &point.measured {
            if !case.bounds_only {
                samples.push(Sample {
                    replay,
                    quantity,
                    measured: measured.centre(),
                    point: index,
                });
            }
        }
    }
    let left_out: Vec<Option<Hardware>> = (0..points.len())
        .map(|index| {
            let declared = suite.fit.as_ref()?;
            let values = fit::fit(hardware, declared, &samples, Some(index))?;
            Some(with(hardware, declared, &values))
        })
        .collect();
    let mut rows = Vec::new();
    for (index, (case, point)) in points.iter().enumerate() {
        let predicted = replays[index]
            .as_ref()
            .map(|replay| replay.predict(hardware));
        let unseen = replays[index].as_ref().zip(left_out[index].as_ref());
        let unseen = unseen.map(|(replay, device)| replay.predict(device));
        rows.extend(rows_of(case, point, predicted.as_ref(), unseen.as_ref()));
    }
    Validation {
        device: hardware.name.clone(),
        fitted: fitted(hardware, suite, &samples, points.len()),
        errors: errors(&rows),
        rows,
    }
}

/// What is predicted of a quantity of a point.
type Predicted = BTreeMap<MeasuredQuantity, Range>;

/// The rows of a point, from what the device table predicts of it and what a table that was fitted
/// without it does.
fn rows_of(
    case: &Case,
    point: &CasePoint,
    predicted: Option<&Predicted>,
    unseen: Option<&Predicted>,
) -> Vec<Row> {
    let empty = |quantity: MeasuredQuantity, measured: f64| Row {
        case: case.id.clone(),
        point: point.label.clone(),
        quantity,
        measured,
        predicted: None,
        ratio: None,
        inside: None,
        left_out_ratio: None,
        counted: false,
        refused: point.refused.clone(),
        source: case.source.clone(),
    };
    if point.measured.is_empty() && point.refused.is_some() {
        return vec![empty(MeasuredQuantity::TotalJ, f64::NAN)];
    }
    let row = |(&quantity, &measured): (&MeasuredQuantity, &PublishedValue)| {
        let range = predicted.and_then(|found| found.get(&quantity)).copied();
        let centre = measured.centre();
        let refused = match (&point.refused, range) {
            (Some(reason), _) => Some(reason.clone()),
            (None, None) => Some("a figure of the table is not known".to_owned()),
            (None, Some(_)) => None,
        };
        Row {
            predicted: range,
            ratio: range.map(|range| range.nominal / centre),
            inside: range.map(|range| contains(range, measured)),
            left_out_ratio: unseen
                .and_then(|found| found.get(&quantity))
                .map(|range| range.nominal / centre),
            counted: range.is_some() && !case.bounds_only,
            refused,
            ..empty(quantity, centre)
        }
    };
    point.measured.iter().map(row).collect()
}

fn contains(range: Range, measured: PublishedValue) -> bool {
    let [low, high] = match measured {
        PublishedValue::Value(value) => [value, value],
        PublishedValue::Bounds(bounds) => bounds,
    };
    range.low <= high && low <= range.high
}

fn fitted(hardware: &Hardware, suite: &Suite, samples: &[Sample], points: usize) -> Vec<Fitted> {
    let Some(declared) = &suite.fit else {
        return Vec::new();
    };
    let all = fit::fit(hardware, declared, samples, None);
    let without: Vec<fit::FittedValues> = (0..points)
        .filter_map(|index| fit::fit(hardware, declared, samples, Some(index)))
        .collect();
    let cases: Vec<String> = suite.case.iter().map(|case| case.id.clone()).collect();
    let one = |(index, key): (usize, &String)| {
        let nominal = all.as_ref().map(|values| values[index]);
        let span = nominal.map(|nominal| {
            without
                .iter()
                .map(|values| values[index])
                .fold(Range::exact(nominal), |span, value| {
                    Range::new(span.low.min(value), nominal, span.high.max(value))
                })
        });
        Fitted {
            figure: key.clone(),
            shipped: hardware
                .figures
                .get(key)
                .map_or(f64::NAN, |figure| figure.value.nominal),
            fitted: span,
            points: cases.clone(),
        }
    };
    declared.figures.iter().enumerate().map(one).collect()
}

fn errors(rows: &[Row]) -> Vec<ErrorOf> {
    let mut quantities: Vec<MeasuredQuantity> = rows
        .iter()
        .filter(|r| r.counted)
        .map(|r| r.quantity)
        .collect();
    quantities.sort();
    quantities.dedup();
    let of = |quantity: MeasuredQuantity| {
        let kept: Vec<&Row> = rows
            .iter()
            .filter(|row| row.counted && row.quantity == quantity)
            .collect();
        let factor = |ratio: f64| ratio.max(1.0 / ratio);
        let mut ratios: Vec<f64> = kept.iter().filter_map(|row| row.ratio).collect();
        let mut factors: Vec<f64> = ratios.iter().map(|&ratio| factor(ratio)).collect();
        let mut unseen: Vec<f64> = kept
            .iter()
            .filter_map(|row| row.left_out_ratio)
            .map(factor)
            .collect();
        let mean =
            ratios.iter().map(|ratio| (ratio - 1.0).abs()).sum::<f64>() / ratios.len() as f64;
        Some(ErrorOf {
            quantity,
            points: kept.len(),
            inside: kept.iter().filter(|row| row.inside == Some(true)).count(),
            mean_percent: 100.0 * mean,
            median_ratio: median(&mut ratios)?,
            worst_factor: factors.iter().copied().fold(1.0, f64::max),
            median_factor: median(&mut factors)?,
            left_out_factor: median(&mut unseen),
        })
    };
    quantities.into_iter().filter_map(of).collect()
}
