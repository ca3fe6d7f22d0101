//! The error of the cost tables against published measurements, and published break-even points.

use spikewatt::energy::{Catalogue, PriceOptions, Work, price};
use spikewatt::result::{TargetReport, Workload};
use spikewatt::units::Range;
use spikewatt::validation::{
    CaseNetwork, ErrorOf, MeasuredQuantity, Row, Validation, ValidationError, fit_suite, quote,
    read, shipped, validate, validate_suite,
};
use std::sync::LazyLock;

fn catalogue() -> Catalogue {
    Catalogue::shipped().expect("the shipped files are right")
}

/// Everything that comes with the program, replayed once for all tests.
fn all() -> &'static [Validation] {
    static ALL: LazyLock<Vec<Validation>> =
        LazyLock::new(|| validate(&catalogue(), None).expect("measurements"));
    &ALL
}

fn validation(device: &str) -> &'static Validation {
    let mut found = all().iter();
    found
        .find(|found| found.device == device)
        .expect("measurements")
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
    let error = error(found, MeasuredQuantity::DynamicJ);
    assert!(error.points >= 10);
    // Without any term that a priced network would not have.
    assert!((1.6..1.75).contains(&error.median_factor), "{error:?}");
    assert!(found.fitted.is_empty());
    let of = |case: &str| {
        let mut experiments = found.experiments.iter();
        let found = experiments.find(|error| error.case.as_deref() == Some(case));
        found.expect("an experiment").clone()
    };
    // Neurocores alone: the model holds.
    for case in ["quartz_mnist", "kws_scaled_slope"] {
        let error = of(case);
        assert_eq!(error.inside, error.points, "{error:?}");
        assert!(error.worst_factor < 1.5, "{error:?}");
    }
    // Embedded processors in the measurement, not in the dynamic energy of a priced network.
    assert!(of("kws_base_loihi").worst_factor > 5.0);
}

#[test]
fn worked_experiments_are_left_out_as_a_whole() {
    // The keyword network is all there is of this card: without it stands what its table inherits.
    let found = validation("quadro-k4000");
    let inherited = catalogue();
    let launch = inherited.inherited("quadro-k4000", "latency.kernel_launch");
    assert_eq!(launch.expect("a figure").value.nominal, 80e-6);
    for row in found.rows.iter().filter(|row| row.counted) {
        assert_ne!(row.ratio, row.left_out_ratio, "{row:?}");
    }
    // A microcontroller inherits nothing: the point alone is left out. Keyword spotting: the median
    // of the other three, 0.75 nJ, over 1.066.
    let found = validation("cortex-m4-stm32l4r5");
    let row = found
        .rows
        .iter()
        .find(|row| row.point.contains("kws") && row.quantity == MeasuredQuantity::TotalJ);
    let ratio = row
        .expect("keyword spotting")
        .left_out_ratio
        .expect("others");
    assert!((ratio / (0.750 / 1.066) - 1.0).abs() < 0.01, "{ratio}");
    // Figures taken from an experiment are not tested by it.
    let found = validation("ncs2");
    assert_eq!(found.taken.len(), 2);
    assert!(found.rows.iter().all(|row| row.ratio != row.left_out_ratio));
}

#[test]
fn reference_coverage_with_the_experiment_left_out() {
    let coverage = |quantity: MeasuredQuantity| {
        let errors = all().iter().flat_map(|found| &found.errors);
        let of = errors.filter(|error| error.quantity == quantity);
        let (inside, points) = of.fold((0, 0), |sum, error| {
            (sum.0 + error.left_out_inside, sum.1 + error.left_out_points)
        });
        (inside as f64 / points as f64, points)
    };
    let (energy, points) = coverage(MeasuredQuantity::TotalJ);
    assert!(energy >= 0.8 && points >= 50, "{energy} of {points}");
    let (latency, points) = coverage(MeasuredQuantity::LatencyS);
    assert!(latency >= 0.7 && points >= 50, "{latency} of {points}");
}

#[test]
fn no_suite_fits_as_many_figures_as_it_has_points() {
    for suite in shipped().expect("right files") {
        let Some(fit) = &suite.fit else { continue };
        let cases = suite.case.iter().filter(|case| !case.bounds_only);
        let points = cases.flat_map(|case| &case.point);
        let measured = points.filter(|point| {
            let mut quantities = point.measured.keys();
            point.refused.is_none() && quantities.any(|key| fit.quantities.contains(key))
        });
        let points = measured.count();
        assert!(fit.figures.len() < points, "{}: {points}", suite.device);
    }
}

#[test]
fn reference_orin_modules_and_a_card_of_the_mlperf_logs() {
    for (device, quantities) in [
        (
            "jetson-agx-orin-64-maxq",
            &[MeasuredQuantity::TotalJ, MeasuredQuantity::LatencyS][..],
        ),
        (
            "orin-nx-16",
            &[MeasuredQuantity::TotalJ, MeasuredQuantity::LatencyS],
        ),
        ("a100-pcie-80", &[MeasuredQuantity::LatencyS]),
    ] {
        let found = validation(device);
        for quantity in quantities {
            let error = error(found, *quantity);
            assert!(error.worst_factor < 1.5, "{device}: {error:?}");
        }
    }
}

#[test]
fn reference_loihi_2_by_its_own_counters() {
    let found = validation("loihi2");
    for quantity in [
        MeasuredQuantity::DynamicJ,
        MeasuredQuantity::TotalJ,
        MeasuredQuantity::LatencyS,
    ] {
        let mut rows = found.rows.iter();
        let counted =
            |row: &&Row| row.case == "pilotnet_lif_loihi2_counted" && row.quantity == quantity;
        let row = rows.find(counted).expect("a row");
        let ratio = row.ratio.expect("a prediction");
        assert!((1.0 / 1.3..1.3).contains(&ratio), "{row:?}");
        // Taken from it, and nothing is inherited: it does not test the table.
        assert_eq!(row.left_out, None);
    }
    assert!(
        quote("loihi2")
            .expect("measured")
            .contains("figures taken from it")
    );
}

/// Three runs of one's own on a microcontroller at 0.5 nJ a MAC.
const OWN: &str = r#"
device = "cortex-m4-stm32l4r5"

[[case]]
id = "own"
source = "This test"
format = "int8"

[[case.point]]
label = "one"
network = { type = "aggregate", macs = 1000000, parameters = 1000, activations = 100, kernels = 2 }
measured = { total_j = 4.0e-4 }

[[case.point]]
label = "two"
network = { type = "aggregate", macs = 2000000, parameters = 1000, activations = 100, kernels = 2 }
measured = { total_j = 10.0e-4 }

[[case.point]]
label = "three"
network = { type = "aggregate", macs = 4000000, parameters = 1000, activations = 100, kernels = 2 }
measured = { total_j = 24.0e-4 }
"#;

#[test]
fn worked_a_laboratory_fits_its_own_points() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("own.toml");
    std::fs::write(&path, OWN).expect("written");
    let suite = read(&path).expect("measurements");
    let catalogue = catalogue();
    let before = validate_suite(&catalogue, &suite).expect("a device");
    // 0.4, 0.5 and 0.6 nJ a MAC against a table of 0.908.
    assert!((before.errors[0].median_ratio / (0.908 / 0.5) - 1.0).abs() < 1e-6);
    let key = "energy.mac".to_owned();
    let found = fit_suite(&catalogue, suite.clone(), std::slice::from_ref(&key)).expect("a fit");
    let fitted = found.fitted[0].fitted.expect("a value");
    // The median, and those of the fits that leave a point out: 0.45, 0.5 and 0.55.
    for (have, expected) in [
        (fitted.low, 0.45e-9),
        (fitted.nominal, 0.5e-9),
        (fitted.high, 0.55e-9),
    ] {
        assert!((have / expected - 1.0).abs() < 1e-9, "{fitted:?}");
    }
    assert!((found.errors[0].median_ratio - 1.0).abs() < 1e-9);
    // Never as many figures as points.
    let three = [key, "power.active".to_owned(), "power.sleep".to_owned()];
    let error = fit_suite(&catalogue, suite.clone(), &three).expect_err("too many");
    assert!(error.to_string().contains("at most 2"), "{error}");
    let error = fit_suite(&catalogue, suite, &[]).expect_err("nothing declared");
    assert!(error.to_string().contains("[fit]"), "{error}");
    std::fs::write(&path, "device = 3").expect("written");
    assert!(
        read(&path)
            .expect_err("no suite")
            .to_string()
            .contains("own.toml")
    );
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
        let error = error(found, MeasuredQuantity::TotalJ);
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
    ] {
        let found = validation(device);
        assert!(!found.fitted.is_empty(), "{device}: the fit is declared");
        for quantity in [MeasuredQuantity::TotalJ, MeasuredQuantity::LatencyS] {
            let error = error(found, quantity);
            assert!(error.median_factor < 1.3, "{device}: {error:?}");
        }
    }
}

#[test]
fn reference_the_edge_tpu_with_weights_on_the_chip_and_streamed() {
    for device in ["edge-tpu", "edge-tpu-streamed"] {
        let found = validation(device);
        for quantity in [MeasuredQuantity::TotalJ, MeasuredQuantity::LatencyS] {
            let error = error(found, quantity);
            assert!(error.worst_factor < 1.25, "{device}: {error:?}");
        }
    }
}

#[test]
fn fitted_figures_are_those_that_the_fit_gives() {
    for found in all() {
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
    for found in all() {
        let suite = suites.iter().find(|suite| suite.device == found.device);
        let quoted = &suite.expect("its suite").quoted;
        assert_eq!(quoted.len(), found.experiments.len(), "{}", found.device);
        for (quoted, error) in quoted.iter().zip(&found.experiments) {
            assert_eq!(
                (&quoted.case, quoted.quantity, quoted.points),
                (&error.case, error.quantity, error.points)
            );
            for (quoted, found_factor) in [
                (quoted.median_factor, error.median_factor),
                (quoted.worst_factor, error.worst_factor),
            ] {
                let close = (quoted / found_factor - 1.0).abs() < 0.01;
                assert!(close, "{}: {quoted} and {found_factor}", found.device);
            }
        }
        assert_eq!(
            quote(&found.device).is_some_and(|text| text.contains("median factor")),
            !found.errors.is_empty(),
            "{}",
            found.device
        );
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
            "low = 0.478, typ = 0.908, high = 1.725",
            "low = 0.00478, typ = 0.00908, high = 0.01725",
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
    let work = Work::new(&counts, &dense);
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
