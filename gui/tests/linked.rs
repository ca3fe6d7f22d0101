//! Sweeps, two runs, and models with their data.

mod common;

use common::{example, opened, panel, rest, root, shown, state, sweep, sweep_file};
use eframe::egui::{self, vec2};
use egui_kittest::kittest::Queryable;
use spikewatt::experiment::{CalibrationConfig, ConvertedExperiment, Experiment};
use spikewatt::result::Scope;
use spikewatt::sweep::pareto::front;
use spikewatt::sweep::{Goals, Merged, Metric};
use spikewatt_gui::app::App;
use spikewatt_gui::state::State;

#[test]
fn a_click_on_a_point_of_a_sweep_opens_its_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let (merged, plan) = sweep();
    let results = folder.path().join("results.json");
    std::fs::write(&results, serde_json::to_vec(&merged).unwrap()).unwrap();
    let merged = Merged::load(&results).unwrap();
    let mut harness = opened(results);
    rest(&mut harness);
    let sweep = harness.state().state.sweep.clone().unwrap();
    assert!(sweep.merged.as_ref() == Some(&merged));
    assert!(sweep.plan.is_none());

    // The panel draws what the library finds.
    let found = front(&merged, &Goals::default());
    let table = panel("Sweep").csv(&harness.state().state).unwrap();
    let on_front = table.lines().filter(|line| line.contains(",true,")).count();
    assert_eq!(on_front, found.best.len());
    assert_eq!(
        table.lines().count(),
        1 + found.best.len() + found.dominated.len()
    );
    assert!(!found.best.is_empty() && found.best.len() + found.dominated.len() > 1);

    // Results alone do not hold experiments: the sweep file brings them.
    harness.state_mut().open(Some(sweep_file(folder.path())), 0);
    rest(&mut harness);
    assert_eq!(harness.state().message, None);
    let sweep = harness.state().state.sweep.clone().unwrap();
    assert!((sweep.merged.as_ref(), sweep.plan.as_ref()) == (Some(&merged), Some(&plan)));

    let chart = harness.get_by_label("Sweep chart").rect();
    let wanted = &found.best[0];
    let x = |entry: &spikewatt::sweep::pareto::Entry| {
        Metric::EnergyJ
            .of(entry.candidate, Scope::System)
            .unwrap()
            .log10()
    };
    let all = || found.best.iter().chain(&found.dominated);
    let (low, high) = all()
        .map(x)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
    // The cheapest of the front lies at the left edge; the lowest accuracy of all at the bottom.
    assert!((x(wanted) - low) / (high - low) < 0.5);
    // Look for it with the pointer along the left of the chart.
    'search: for across in 0..60 {
        for down in 0..40 {
            let place = chart.min + vec2(70.0 + across as f32 * 4.0, 6.0 + down as f32 * 6.0);
            if !chart.contains(place) {
                continue;
            }
            harness.hover_at(place);
            harness.run_steps(1);
            harness.drag_at(place);
            harness.run_steps(1);
            harness.drop_at(place);
            harness.run_steps(1);
            if harness.state().is_busy() {
                break 'search;
            }
        }
    }
    rest(&mut harness);
    let state = &harness.state().state;
    let run = state.run.as_ref().expect("a point was opened");
    let experiment = run.context.experiment.as_ref().unwrap();
    let point = plan
        .points
        .iter()
        .find(|point| point.experiment == *experiment);
    let point = point.expect("it is a point of the plan");
    // The counts are those of the sweep.
    let result = merged.points[point.position].result.as_ref().unwrap();
    let report = state.report.as_ref().unwrap();
    assert_eq!(report.totals, result.totals);
}

#[test]
fn results_of_another_sweep_and_sweeps_without_results_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(sweep_file(folder.path()));
    rest(&mut harness);
    let message = harness.state().message.clone().unwrap();
    assert!(message.contains("spikewatt sweep run"), "{message}");
    let (mut merged, _) = sweep();
    merged.plan = "another".into();
    let results = folder.path().join("results.json");
    std::fs::write(&results, serde_json::to_vec(&merged).unwrap()).unwrap();
    harness.state_mut().open(Some(results), 0);
    rest(&mut harness);
    assert_eq!(harness.state().message, None);
    harness.state_mut().open(Some(sweep_file(folder.path())), 0);
    rest(&mut harness);
    let message = harness.state().message.clone().unwrap();
    assert!(
        message.contains("not those of the sweep small"),
        "{message}"
    );
}

#[test]
fn two_runs_are_drawn_on_one_axis_with_the_figures_of_the_library() {
    let mut harness = opened(example("digits.toml"));
    rest(&mut harness);
    harness.state_mut().state.keep();
    harness
        .state_mut()
        .open(Some(example("fashion_mnist.toml")), 0);
    rest(&mut harness);
    let state = &harness.state().state;
    let table = panel("Runs").csv(state).unwrap();
    for (name, run) in [("kept", &state.kept), ("open", &state.open)] {
        let run = run.as_ref().unwrap();
        let energies = table
            .lines()
            .filter(|line| line.starts_with(name))
            .map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap());
        let sum: f64 = energies.sum();
        let target = &run.ledger.as_ref().unwrap().target;
        let whole = target.energy_j.unwrap().nominal;
        assert!(
            (sum / whole - 1.0).abs() < 1e-12,
            "{name}: {sum} of {whole}"
        );
    }
    let [kept, open] = [&state.kept, &state.open].map(|run| run.as_ref().unwrap().record.clone());
    assert_ne!(kept.title, open.title);
    // A longer run does not push the shorter one off the axis: both charts are of one width.
    let mut shown = shown(
        "Runs",
        std::mem::replace(&mut harness.state_mut().state, State::new().unwrap()),
    );
    let [a, b] = ["Kept run", "Open run"].map(|label| shown.get_by_label(label).rect());
    assert_eq!((a.left(), a.right()), (b.left(), b.right()));
    assert!(a.bottom() <= b.top());
    shown.get_by_label("Forget the kept run").click();
    shown.run_steps(2);
    assert!(shown.state().kept.is_none());
}

#[test]
fn a_model_and_its_data_can_be_dropped_one_after_the_other() {
    let model = root().join("networks/digits_mlp.onnx");
    let data = root().join("data/digits-test360-images-idx3-ubyte.gz");
    let training = root().join("data/digits-train1k-images-idx3-ubyte.gz");
    let mut harness = common::window(App::new(&egui::Context::default(), None));
    harness.state_mut().take(vec![model.clone()]);
    harness.run_steps(2);
    let _ = harness.get_by_label_contains("A model alone");
    harness.state_mut().take(vec![data.clone()]);
    harness.state_mut().take(vec![training.clone()]);
    // The dialogue grows to its paths and is centred anew before its buttons stand still.
    harness.run_steps(8);
    harness.get_by_label("Run the model").click();
    harness.run_steps(2);
    rest(&mut harness);
    assert_eq!(harness.state().message, None);
    let run = harness.state().state.run.as_ref().unwrap();
    let mut expected = ConvertedExperiment::of_model(model.clone(), data.clone());
    expected.calibration = Some(CalibrationConfig {
        path: training.clone(),
        samples: None,
    });
    let expected = Experiment::from(expected);
    assert_eq!(run.context.experiment.as_ref(), Some(&expected));
    // In one go: the model may lie anywhere.
    harness.state_mut().take(vec![data, model, training]);
    harness.run_steps(2);
    let bare = harness.state().model.clone().unwrap();
    assert_eq!(bare.experiment(), Some(expected));
}

#[test]
fn the_network_can_be_coloured_by_the_error_of_its_conversion() {
    let mut harness = shown("Network", state());
    harness.get_by_label("conversion error").click();
    harness.run_steps(2);
    let health = harness.state().health.clone();
    assert!(!health.is_empty());
    let table = panel("Network").csv(harness.state()).unwrap();
    for health in health {
        let line = table
            .lines()
            .find(|line| line.starts_with(&health.population))
            .unwrap();
        assert!(
            line.ends_with(&format!(",{}", health.relative_error)),
            "{line}"
        );
    }
}

#[test]
fn the_crossover_is_drawn_where_the_report_has_it() {
    let mut harness = shown("Compare", state());
    harness.get_by_label("crossover").click();
    harness.run_steps(2);
    let _ = harness.get_by_label("Crossover chart");
    assert!(harness.query_by_label_contains("is not finished").is_none());
}
