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
use fit::{Sample, Without, median, with_bounds};
use predict::PointReplay;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/validation.rs"));

/// Why measurements cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// A file of measurements is wrong or cannot be read.
    #[error("{name}: {reason}")]
    Syntax {
        /// The file.
        name: String,
        /// Position and reason.
        reason: String,
    },
    /// More figures than the points can tell apart.
    #[error(
        "{figures} figures on {points} measured points: fit at most {most}, one less than there are points, or add measurements"
    )]
    TooManyFigures {
        /// Figures to fit.
        figures: usize,
        /// Points with a measured value of the quantities that are fitted.
        points: usize,
        /// Largest number of figures.
        most: usize,
    },
    /// There is nothing to fit.
    #[error("{name} says nothing of a fit: name the figures, or add a table [fit] to it")]
    NoFit {
        /// The file.
        name: String,
    },
    /// A figure that is to be fitted is not in the table.
    #[error("{device} has no figure \"{key}\"; it has {known}")]
    NoFigure {
        /// The device.
        device: String,
        /// The figure.
        key: String,
        /// All figures of its table.
        known: String,
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
    /// What is predicted with its experiment left out of every fit: figures that were fitted on it
    /// are fitted on the others, or have the values of the table that the device inherits from;
    /// where neither is possible the point alone is left out. `None` if a figure that was taken from
    /// the experiment cannot be had otherwise.
    pub left_out: Option<Range>,
    /// Nominal of it over the measured value.
    pub left_out_ratio: Option<f64>,
    /// Whether that interval contains the measured value.
    pub left_out_inside: Option<bool>,
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
    /// Experiment; `None` for all of them.
    pub case: Option<String>,
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
    /// Mean of ln(high / low) of the intervals.
    pub mean_log_width: f64,
    /// Rows that could be predicted with their experiment left out.
    pub left_out_points: usize,
    /// Those of them whose interval contains the measured value: the coverage.
    pub left_out_inside: usize,
    /// Their median factor; `None` if there is none.
    pub left_out_factor: Option<f64>,
}

/// A device against its measurements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// Name of the device.
    pub device: String,
    /// Figures that were fitted on the points below; empty if none was.
    pub fitted: Vec<Fitted>,
    /// Figures that were taken from an experiment, with it.
    pub taken: Vec<(String, String)>,
    /// All measured values.
    pub rows: Vec<Row>,
    /// Per quantity.
    pub errors: Vec<ErrorOf>,
    /// Per experiment and quantity.
    pub experiments: Vec<ErrorOf>,
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
    let parse =
        |(name, text): &(&str, &str)| parse_suite(&format!("data/validation/{name}.toml"), text);
    SHIPPED.iter().map(parse).collect()
}

fn parse_suite(name: &str, text: &str) -> Result<Suite, ValidationError> {
    toml::from_str(text).map_err(|error| ValidationError::Syntax {
        name: name.into(),
        reason: error.to_string().trim_end().to_owned(),
    })
}

/// Largest file of measurements [bytes].
const LARGEST_FILE: u64 = 1 << 20;

/// Measurements of one device from a file of one's own.
///
/// # Errors
/// If the file cannot be read or is not one of measurements.
pub fn read(path: &Path) -> Result<Suite, ValidationError> {
    let name = path.display().to_string();
    let failed = |reason: String| ValidationError::Syntax {
        name: name.clone(),
        reason,
    };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if size.len() > LARGEST_FILE {
        return Err(failed(format!(
            "is longer than {LARGEST_FILE} bytes; no file of measurements is"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    parse_suite(&name, &text)
}

/// What of a suite is quoted: a report is made on threads with little room for a parser, and needs
/// no networks.
#[derive(Debug, Deserialize)]
struct QuotedSuite {
    device: String,
    fit: Option<IgnoredAny>,
    #[serde(default)]
    quoted: Vec<Quoted>,
    case: Vec<QuotedCase>,
}

/// What of an experiment is quoted.
#[derive(Debug, Deserialize)]
struct QuotedCase {
    id: String,
    #[serde(default)]
    taken: Vec<String>,
    rate: Option<IgnoredAny>,
    spikes_per_neuron: Option<IgnoredAny>,
}

/// What a report quotes about the table of a device: its error against published measurements.
/// `None` if there is no measurement to compare with.
#[must_use]
pub fn quote(device: &str) -> Option<String> {
    static SUITES: LazyLock<Vec<QuotedSuite>> = LazyLock::new(|| {
        let suites = SHIPPED.iter().map(|(_, text)| toml::from_str(text));
        suites.filter_map(Result::ok).collect()
    });
    let suite = SUITES.iter().find(|suite| suite.device == device)?;
    let errors: Vec<String> = suite
        .quoted
        .iter()
        .map(|error| said(suite, error))
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

/// The error of an experiment in words.
fn said(suite: &QuotedSuite, error: &Quoted) -> String {
    let case = suite
        .case
        .iter()
        .find(|case| Some(&case.id) == error.case.as_ref());
    let name = case.map_or_else(String::new, |case| format!("{}, ", case.id));
    let taken = match case {
        Some(case) if !case.taken.is_empty() => ", figures taken from it",
        _ => "",
    };
    let assumed = match case {
        Some(case) if case.rate.is_some() || case.spikes_per_neuron.is_some() => ", rates assumed",
        _ => "",
    };
    format!(
        "{name}{}: median factor {:.2}, worst {:.2} over {} {}{taken}{assumed}",
        error.quantity,
        error.median_factor,
        error.worst_factor,
        error.points,
        if error.points == 1 { "point" } else { "points" }
    )
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
        .map(|suite| validate_suite(catalogue, suite))
        .collect()
}

/// Replays the measurements of a suite.
///
/// # Errors
/// If its device does not exist.
pub fn validate_suite(catalogue: &Catalogue, suite: &Suite) -> Result<Validation, ValidationError> {
    Ok(replay(catalogue, catalogue.get(&suite.device)?, suite))
}

/// Fits the figures that a suite declares, or those that are named, to its measurements and replays
/// it with them: its rows are predicted with the fitted figures.
///
/// # Errors
/// If its device does not exist, does not have the figures, nothing is to be fitted, or there are
/// not more points than figures.
pub fn fit_suite(
    catalogue: &Catalogue,
    mut suite: Suite,
    figures: &[String],
) -> Result<Validation, ValidationError> {
    let hardware = catalogue.get(&suite.device)?;
    let counted = suite.case.iter().filter(|case| !case.bounds_only);
    let points = counted.flat_map(|case| &case.point);
    let points: Vec<&CasePoint> = points.filter(|point| point.refused.is_none()).collect();
    if !figures.is_empty() {
        let measured = points.iter().flat_map(|point| point.measured.keys());
        let quantities: BTreeSet<MeasuredQuantity> = measured.copied().collect();
        suite.fit = Some(FittedFigures {
            figures: figures.to_vec(),
            method: match figures {
                [_] => FitMethod::Median,
                _ => FitMethod::LeastDeviation,
            },
            quantities: quantities.into_iter().collect(),
        });
    }
    let declared = suite.fit.as_ref().ok_or_else(|| ValidationError::NoFit {
        name: suite.device.clone(),
    })?;
    let missing = declared
        .figures
        .iter()
        .find(|key| !hardware.figures.contains_key(*key));
    if let Some(key) = missing {
        return Err(ValidationError::NoFigure {
            device: hardware.name.clone(),
            key: key.clone(),
            known: hardware
                .figures
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    let measured = points.iter().filter(|point| {
        let mut quantities = point.measured.keys();
        quantities.any(|quantity| declared.quantities.contains(quantity))
    });
    let (figures, points) = (declared.figures.len(), measured.count());
    if figures >= points {
        return Err(ValidationError::TooManyFigures {
            figures,
            points,
            most: points.saturating_sub(1),
        });
    }
    let replays = Replays::new(&suite);
    let values = fit::fit(hardware, declared, &replays.samples(), Without::Nothing);
    let fitted = values.map(|values| with_bounds(hardware, declared, &values));
    Ok(replay(
        catalogue,
        fitted.as_ref().unwrap_or(hardware),
        &suite,
    ))
}

/// The points of a suite with what predicts them.
struct Replays<'a> {
    /// Index of the experiment, it, and the point.
    points: Vec<(usize, &'a Case, &'a CasePoint)>,
    replays: Vec<Option<PointReplay>>,
}

impl<'a> Replays<'a> {
    fn new(suite: &'a Suite) -> Self {
        let cases = suite.case.iter().enumerate();
        let points: Vec<(usize, &Case, &CasePoint)> = cases
            .flat_map(|(index, case)| case.point.iter().map(move |point| (index, case, point)))
            .collect();
        let replay = |&(_, case, point): &(usize, &Case, &CasePoint)| {
            point
                .refused
                .is_none()
                .then(|| PointReplay::new(case, point))
        };
        let replays = points.iter().map(replay).collect();
        Replays { points, replays }
    }

    /// What can be fitted on.
    fn samples(&self) -> Vec<Sample<'_>> {
        let mut samples = Vec::new();
        for (point, (&(case, experiment, published), replay)) in
            self.points.iter().zip(&self.replays).enumerate()
        {
            let Some(replay) = replay else { continue };
            if experiment.bounds_only {
                continue;
            }
            let measured = published.measured.iter();
            samples.extend(measured.map(|(&quantity, measured)| Sample {
                replay,
                quantity,
                measured: measured.centre(),
                case,
                point,
            }));
        }
        samples
    }
}

/// The device as it would be known without a point: see [`Row::left_out`].
fn unseen(
    catalogue: &Catalogue,
    hardware: &Hardware,
    suite: &Suite,
    samples: &[Sample],
    (case, point): (usize, usize),
) -> Option<Hardware> {
    let mut unseen = hardware.clone();
    let inherited = |key: &String| catalogue.inherited(&hardware.name, key).cloned();
    for key in &suite.case[case].taken {
        unseen.figures.insert(key.clone(), inherited(key)?);
    }
    let Some(declared) = &suite.fit else {
        return Some(unseen);
    };
    if let Some(values) = fit::fit(&unseen, declared, samples, Without::Case(case)) {
        return Some(with_bounds(&unseen, declared, &values));
    }
    let before: Option<Vec<_>> = declared.figures.iter().map(inherited).collect();
    if let Some(before) = before {
        unseen
            .figures
            .extend(declared.figures.iter().cloned().zip(before));
        return Some(unseen);
    }
    let values = fit::fit(&unseen, declared, samples, Without::Point(point))?;
    Some(with_bounds(&unseen, declared, &values))
}

/// Replays one device.
fn replay(catalogue: &Catalogue, hardware: &Hardware, suite: &Suite) -> Validation {
    let replays = Replays::new(suite);
    let samples = replays.samples();
    let mut rows = Vec::new();
    for (index, (&(case_index, case, point), replay)) in
        replays.points.iter().zip(&replays.replays).enumerate()
    {
        let predicted = replay.as_ref().map(|replay| replay.predict(hardware));
        let unseen = unseen(catalogue, hardware, suite, &samples, (case_index, index));
        let unseen = replay.as_ref().zip(unseen.as_ref());
        let unseen = unseen.map(|(replay, device)| replay.predict(device));
        rows.extend(rows_of(case, point, predicted.as_ref(), unseen.as_ref()));
    }
    let mut taken = Vec::new();
    for case in &suite.case {
        taken.extend(case.taken.iter().map(|key| (key.clone(), case.id.clone())));
    }
    let mut experiments = Vec::new();
    let mut seen = BTreeSet::new();
    for case in suite.case.iter().filter(|case| seen.insert(&case.id)) {
        let of: Vec<&Row> = rows.iter().filter(|row| row.case == case.id).collect();
        experiments.extend(errors(Some(&case.id), &of));
    }
    Validation {
        device: hardware.name.clone(),
        fitted: fitted(hardware, suite, &samples, replays.points.len()),
        taken,
        errors: errors(None, &rows.iter().collect::<Vec<_>>()),
        experiments,
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
        left_out: None,
        left_out_ratio: None,
        left_out_inside: None,
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
        let left_out = unseen.and_then(|found| found.get(&quantity));
        let refused = match (&point.refused, range) {
            (Some(reason), _) => Some(reason.clone()),
            (None, None) => Some("a figure of the table is not known".to_owned()),
            (None, Some(_)) => None,
        };
        Row {
            predicted: range,
            ratio: range.map(|range| range.nominal / centre),
            inside: range.map(|range| contains(range, measured)),
            left_out: left_out.copied(),
            left_out_ratio: left_out.map(|range| range.nominal / centre),
            left_out_inside: left_out.map(|&range| contains(range, measured)),
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
    let all = fit::fit(hardware, declared, samples, Without::Nothing);
    let without: Vec<fit::FittedValues> = (0..points)
        .filter_map(|index| fit::fit(hardware, declared, samples, Without::Point(index)))
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

/// The error of each quantity of some rows.
fn errors(case: Option<&String>, rows: &[&Row]) -> Vec<ErrorOf> {
    let counted = rows.iter().filter(|row| row.counted);
    let quantities: BTreeSet<MeasuredQuantity> = counted.map(|row| row.quantity).collect();
    let of = |quantity: MeasuredQuantity| {
        let wanted = |row: &&&Row| row.counted && row.quantity == quantity;
        let kept: Vec<&&Row> = rows.iter().filter(wanted).collect();
        let factor = |ratio: f64| ratio.max(1.0 / ratio);
        let mut ratios: Vec<f64> = kept.iter().filter_map(|row| row.ratio).collect();
        let mut factors: Vec<f64> = ratios.iter().map(|&ratio| factor(ratio)).collect();
        let left_out = kept.iter().filter_map(|row| row.left_out_ratio);
        let mut unseen: Vec<f64> = left_out.map(factor).collect();
        let mean =
            ratios.iter().map(|ratio| (ratio - 1.0).abs()).sum::<f64>() / ratios.len() as f64;
        let widths = kept.iter().filter_map(|row| row.predicted);
        let widths: f64 = widths.map(|range| (range.high / range.low).ln()).sum();
        Some(ErrorOf {
            case: case.cloned(),
            quantity,
            points: kept.len(),
            inside: kept.iter().filter(|row| row.inside == Some(true)).count(),
            mean_percent: 100.0 * mean,
            median_ratio: median(&mut ratios)?,
            worst_factor: factors.iter().copied().fold(1.0, f64::max),
            median_factor: median(&mut factors)?,
            mean_log_width: widths / kept.len() as f64,
            left_out_points: unseen.len(),
            left_out_inside: kept
                .iter()
                .filter(|row| row.left_out_inside == Some(true))
                .count(),
            left_out_factor: median(&mut unseen),
        })
    };
    quantities.into_iter().filter_map(of).collect()
}
