//! Warnings about runs that are hardly what was meant: data that do not look like what a network was
//! trained on, and spiking networks that do not do what they did where they were trained.

mod activity;
mod network;
mod structure;
mod time;
mod unstated;

use super::ConvertedExperiment;
use crate::formats::dataset::Dataset;
use crate::result::{Evaluation, Warning};
pub(super) use network::{of_answers, of_conversion, of_network, of_structure};

/// How far above guessing an original must answer: else its data are probably not what it learnt.
const ABOVE_CHANCE: f64 = 2.0;

/// What is suspicious about a converted network and its data.
pub(super) fn warnings(
    experiment: &ConvertedExperiment,
    classes: usize,
    original: &Evaluation,
    data: &Dataset,
    calibration: &Dataset,
) -> Vec<Warning> {
    [
        near_chance(experiment, classes, original),
        calibrated_on_test(data, calibration),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn warning(code: &str, message: String) -> Warning {
    Warning {
        code: code.to_owned(),
        message,
    }
}

/// Share of right answers below which a network may as well guess, of so many classes.
fn near_chance_share(classes: usize) -> f64 {
    let chance = 1.0 / classes.max(1) as f64;
    // With two classes nothing is twice as good as guessing.
    (ABOVE_CHANCE * chance).min(0.5 * (1.0 + chance))
}

/// The original itself does hardly better than guessing.
fn near_chance(
    experiment: &ConvertedExperiment,
    classes: usize,
    original: &Evaluation,
) -> Option<Warning> {
    original.correct?;
    let share = original.share()?;
    let chance = 1.0 / classes.max(1) as f64;
    if share.value >= near_chance_share(classes) {
        return None;
    }
    let scaling = match experiment.data.preprocessing.scale {
        None => {
            "pixels of type u8 are divided by 255 here and nothing else is scaled unless \
                 data.preprocessing says so"
        }
        Some(_) => "compare data.preprocessing (scale, mean, std) with the training",
    };
    Some(warning(
        "original-near-chance",
        format!(
            "the original network answers {:.1} % right, where guessing gives {:.1} %: the data are \
             probably not scaled or ordered as in its training ({scaling}), or the labels belong to \
             other classes",
            100.0 * share.value,
            100.0 * chance
        ),
    ))
}

/// Thresholds were set on the samples that are tested.
fn calibrated_on_test(data: &Dataset, calibration: &Dataset) -> Option<Warning> {
    (data.data.sha256 == calibration.data.sha256).then(|| {
        warning(
            "calibrated-on-test-data",
            format!(
                "{} sets the thresholds and is tested, too: accuracies are too good; give training \
                 samples with --calibration",
                calibration.data.path.display()
            ),
        )
    })
}
