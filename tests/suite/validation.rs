//! The error of the cost tables against published measurements, and published break-even points.

use spikewatt::energy::{Catalogue, PriceOptions, Work, price};
use spikewatt::result::{TargetReport, Workload};
use spikewatt::units::Range;
use spikewatt::validation::{
    CaseNetwork, ErrorOf, MeasuredQuantity, Validation, ValidationError, quote, shipped, validate,
};

fn catalogue() -> Catalogue {
    Catalogue::shipped().expect("the shipped files are right")
}

fn validation(device: &str) -> Validation {
    validate(&catalogue(), Some(device))
        .expect("measurements")
        .remove(0)
}

fn error(found: &Validation, quantity: MeasuredQuantity) -> &ErrorOf {
    let mut errors = found.errors.iter();
    errors
        .find(|e| e.quantity == quantity)
        .expect("counted rows")
}

#[test]
fn reference_loihi_dynamic_energy_where_rates_are_unknown() {
    let found = validation("loihi1");
    let error = error(&found, MeasuredQuantity::DynamicJ);
    assert!(error.points >= 10);
    assert!((1.0 / 1.5..=1.5).contains(&error.median_ratio), "{error:?}");
    assert_eq!(error.inside, error.points, "{error:?}");
    assert!(found.fitted.is_empty());
}

#[test]
fn reference_truenorth_operating_point() {
    let found = validation("truenorth");
    let ratio = found.rows[0].ratio.expect("a prediction");
    assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
    // What cannot be replayed is listed with its reason.
    let refused = found.rows.iter().filter(|row| row.refused.is_some());
    assert!(refused.count() >= 5);
}

#[test]
fn reference_microcontrollers() {
    for device in ["cortex-m4-stm32l4r5", "cortex-m7-stm32h7a3"] {
        let found = validation(device);
        let error = error(&found, MeasuredQuantity::TotalJ);
        assert!(error.worst_factor < 2.0, "{device}: {error:?}");
        let unseen = error.left_out_factor.expect("a fit");
        assert!((1.0..2.0).contains(&unseen), "{device}: {error:?}");
    }
}

#[test]
fn reference_conventional_devices_after_a_declared_fit() {
    for device in [
        "xeon-e5-2630",
        "quadro-k4000",
        "jetson-tx1",
        "ncs1",
        "jetson-tx2-maxn",
        "jetson-tx2-maxn-fp16",
        "ncs2",
    ] {
        let found = validation(device);
        assert!(!found.fitted.is_empty(), "{device}: the fit is declared");
        for quantity in [MeasuredQuantity::TotalJ, MeasuredQuantity::LatencyS] {
            let error = error(&found, quantity);
            assert!(error.median_factor < 1.3, "{device}: {error:?}");
        }
    }
}

#[test]
fn reference_the_edge_tpu_is_a_known_miss() {
    // Three networks, two of them bound by the host: a roofline cannot hold all of them.
    let found = validation("edge-tpu");
    for quantity in [MeasuredQuantity::TotalJ, MeasuredQuantity::LatencyS] {
        let error = error(&found, quantity);
        assert!((1.3..2.0).contains(&error.median_factor), "{error:?}");
    }
}

#[test]
fn fitted_figures_are_those_that_the_fit_gives() {
    for found in validate(&catalogue(), None).expect("measurements") {
        for figure in &found.fitted {
            let fitted = figure.fitted.expect("points to fit on").nominal;
            let close = (figure.shipped / fitted - 1.0).abs() < 0.02;
            assert!(close, "{}: {figure:?}", found.device);
            assert!(!figure.points.is_empty());
        }
    }
}

#[test]
fn no_figure_is_fitted_without_being_declared() {
    let catalogue = catalogue();
    let suites = shipped().expect("right files");
    for device in catalogue.devices() {
        let suite = suites.iter().find(|suite| suite.device == device.name);
        let declared = suite.and_then(|suite| suite.fit.as_ref());
        for (key, figure) in &device.figures {
            if figure.source.starts_with("Fitted") {
                let declared = declared.is_some_and(|fit| fit.figures.contains(key));
                assert!(declared, "{}: {key}", device.name);
            }
        }
    }
}

#[test]
fn quoted_errors_are_those_that_a_replay_gives() {
    let suites = shipped().expect("right files");
    for found in validate(&catalogue(), None).expect("measurements") {
        let suite = suites.iter().find(|suite| suite.device == found.device);
        let quoted = &suite.expect("its suite").quoted;
        assert_eq!(quoted.len(), found.errors.len(), "{}", found.device);
        for (quoted, error) in quoted.iter().zip(&found.errors) {
            assert_eq!(
                (quoted.quantity, quoted.points),
                (error.quantity, error.points)
            );
            for (quoted, found_factor) in [
                (quoted.median_factor, error.median_factor),
                (quoted.worst_factor, error.worst_factor),
            ] {
                let close = (quoted / found_factor - 1.0).abs() < 0.01;
                assert!(close, "{}: {quoted} and {found_factor}", found.device);
            }
        }
        assert!(quote(&found.device).is_some_and(|text| text.contains("median factor")));
    }
    assert_eq!(quote("a100-sxm-80"), None);
}

#[test]
fn a_wrong_table_is_found_out() {
    // The same network on a table whose synapses cost ten times as much misses.
    let mut catalogue = Catalogue::new();
    let shipped = catalogue_with_tenfold_mac();
    catalogue.clone_from(&shipped);
    let found = validate(&catalogue, Some("cortex-m4-stm32l4r5")).expect("measurements");
    let error = error(&found[0], MeasuredQuantity::TotalJ);
    assert!(error.median_factor > 5.0 && error.inside == 0, "{error:?}");
}

/// A catalogue that holds one microcontroller, ten times too expensive.
fn catalogue_with_tenfold_mac() -> Catalogue {
    let text = include_str!("../../data/hardware/cortex-m4-stm32l4r5.toml")
        .replace("unit = \"nJ\"", "unit = \"uJ\"")
        .replace(
            "low = 0.561, typ = 0.908, high = 1.112",
            "low = 0.00561, typ = 0.00908, high = 0.01112",
        );
    let mut catalogue = Catalogue::new();
    catalogue
        .add_text("cortex-m4-stm32l4r5", &text)
        .expect("a device");
    catalogue
}

#[test]
fn devices_without_measurements_are_named() {
    let error = validate(&catalogue(), Some("a100-sxm-80")).expect_err("nothing measured");
    assert!(
        matches!(&error, ValidationError::NoMeasurement { device, .. } if device == "a100-sxm-80")
    );
    assert!(error.to_string().contains("loihi1"), "{error}");
}

/// Energies of a million synaptic operations and of a million MACs in a table.
fn million(table: &str, timesteps: u32, baseline: Workload) -> (Range, Range) {
    let synops = 1_000_000;
    let counts = CaseNetwork::Events { neurons: 1, synops }
        .spiking(timesteps, 0.0)
        .expect("a structure");
    let dense = CaseNetwork::Aggregate {
        macs: 1_000_000,
        parameters: 1_000_000,
        activations: 0,
        kernels: 1,
    }
    .dense();
    let work = Work {
        counts: &counts,
        dense: &dense,
    };
    let catalogue = catalogue();
    let table = catalogue.get(table).expect("a shipped table");
    let reports = price(table, &work, &PriceOptions::default());
    let of = |workload| {
        let found = reports
            .iter()
            .find(|r: &&TargetReport| r.workload == workload);
        let lines = &found.expect("a report").lines;
        lines.iter().map(|line| line.joules_range).sum::<Range>()
    };
    (of(Workload::Snn), of(baseline))
}

#[test]
fn worked_break_even_of_operations() {
    let (snn, ann) = million("arithmetic-45nm", 8, Workload::Ann);
    assert!((ann.nominal / snn.nominal - 5.1).abs() < 0.02);
}

#[test]
fn worked_break_even_of_dampfhoffer() {
    let (snn, ann) = million("dampfhoffer-45nm", 8, Workload::Qann);
    // Published: 0.15 to 1.38 spikes per synapse and inference, depending on the ANN. The upper end
    // follows from four accesses per MAC against three per spike.
    assert!((ann.high / snn.nominal / 1.38 - 1.0).abs() < 0.01);
    assert!((ann.low / snn.nominal / 0.15 - 1.0).abs() < 0.01);
}

#[test]
fn worked_break_even_of_yan() {
    // Published rates lie between a weight that is read for each MAC and one that never is.
    for (timesteps, published) in [(5, 0.057), (5, 0.064), (6, 0.07), (6, 0.08), (17, 0.03)] {
        let (snn, ann) = million("yan-45nm", timesteps, Workload::Qann);
        let rate = |bound: f64| bound / snn.nominal / f64::from(timesteps);
        let (low, high) = (rate(ann.low), rate(ann.high));
        assert!(
            low < published && published < high,
            "T = {timesteps}: {low} to {high}"
        );
        assert!(high / low < 3.0, "the interval says something");
    }
}

#[test]
fn reference_five_models_disagree_as_published() {
    let models: [f64; 5] = [272.6e6, 77.2e6, 553.4e6, 7.85e6, 1.13e6];
    let most = models.iter().copied().fold(0.0, f64::max);
    let least = models.iter().copied().fold(f64::INFINITY, f64::min);
    assert!((218.0..753.0).contains(&(most / least)));
}
