//! Axes of a sweep that change what is simulated: samples that stop early, rounded activations.

use assert_cmd::Command;
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{ConvertedExperiment, Imported, StoppedEarly};
use spikewatt::result::{Report, Workload};
use std::ops::ControlFlow;
use std::path::Path;

fn experiment(overrides: &[&str]) -> ConvertedExperiment {
    let overrides: Vec<String> = overrides.iter().map(|o| (*o).to_owned()).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/digits.toml");
    ConvertedExperiment::load(&file, &overrides).expect("shipped")
}

fn report(overrides: &[&str]) -> Report {
    let catalogue = Catalogue::shipped().expect("shipped");
    let go_on = |_| ControlFlow::Continue(());
    let run = spikewatt::experiment::run(&experiment(overrides), &catalogue, &go_on);
    run.expect("runs").report
}

fn stopped(experiment: &ConvertedExperiment, tolerance: f64) -> (StoppedEarly, Vec<u32>) {
    let go_on = |_| ControlFlow::Continue(());
    let imported = Imported::load(experiment, &go_on).expect("shipped");
    let stopped = imported.simulate_stopping(experiment, tolerance, &go_on);
    let labels = spikewatt::formats::dataset::load_with(
        &experiment.data.path,
        &spikewatt::formats::dataset::LoadOptions::default(),
    );
    let labels = labels.expect("shipped").labels.expect("labelled");
    (stopped.expect("simulates"), labels)
}

/// Points of a sweep over `parameters`, as JSON.
fn points(parameters: &str) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sweep.toml");
    let root = env!("CARGO_MANIFEST_DIR");
    let text = format!("experiment = \"{root}/examples/digits.toml\"\n[parameters]\n{parameters}");
    std::fs::write(&file, text).expect("writable");
    let out = folder.path().join("out");
    let mut command = Command::cargo_bin("spikewatt").expect("the program is built");
    command.args(["sweep", "run", "--quiet"]).arg(&file);
    command.arg("--out").arg(&out).assert().success();
    let results = std::fs::read(out.join("results.json")).expect("written");
    let results: serde_json::Value = serde_json::from_slice(&results).expect("json");
    results["points"].as_array().expect("points").clone()
}

fn number(value: &serde_json::Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// The candidate of a point on a target.
fn candidate<'a>(
    point: &'a serde_json::Value,
    target: &str,
    workload: &str,
) -> &'a serde_json::Value {
    let candidates = point["result"]["candidates"].as_array().expect("a list");
    let is = |c: &&serde_json::Value| c["target"] == target && c["workload"] == workload;
    candidates.iter().find(is).expect("a candidate")
}

#[test]
fn property_samples_that_stop_early_are_simulated_for_what_they_run() {
    let experiment = experiment(&["simulation.timesteps=16", "data.samples=120"]);
    let (stopped, labels) = stopped(&experiment, 0.01);
    let all = &stopped.whole.outcomes;
    assert_eq!(all.len(), 120);
    assert!(stopped.groups.len() > 2 && stopped.margin.is_some_and(|margin| margin > 0.0));
    let (mut seen, mut spent, mut right) = (Vec::<usize>::new(), 0, 0);
    for group in &stopped.groups {
        let timesteps = group.simulated.counts.timesteps as usize;
        assert_eq!(group.simulated.counts.samples, group.samples.len() as u64);
        assert!((group.share - group.samples.len() as f64 / 120.0).abs() < 1e-12);
        for (outcome, &sample) in group.simulated.outcomes.iter().zip(&group.samples) {
            // What a simulation that ends there answers is what the long one answered by then.
            assert_eq!(outcome.predictions, all[sample].predictions[..timesteps]);
            right += usize::from(outcome.predictions.last() == Some(&labels[sample]));
        }
        spent += timesteps * group.samples.len();
        seen.extend(&group.samples);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..120).collect::<Vec<_>>());
    assert!((stopped.mean_timesteps - spent as f64 / 120.0).abs() < 1e-9);
    assert!(stopped.mean_timesteps < 12.0, "{}", stopped.mean_timesteps);
    let accuracy = stopped.whole.context.accuracy.expect("labels");
    assert_eq!(accuracy.snn, right as f64 / 120.0);
    // The margin was chosen so that hardly an answer changes.
    let last = |sample: usize| all[sample].predictions.last() == Some(&labels[sample]);
    let full = (0..120).filter(|sample| last(*sample)).count() as f64 / 120.0;
    assert!(
        (accuracy.snn - full).abs() <= 0.03,
        "{} {full}",
        accuracy.snn
    );
}

#[test]
fn reference_a_row_of_early_exit_is_the_mean_over_prices_of_its_samples() {
    let base = "\"data.samples\" = 60\n\"simulation.timesteps\" = 16\n";
    let rows = points(&format!("{base}\"simulation.early_exit\" = [0.0, 0.02]\n"));
    let plain = points(base).remove(0);
    assert_eq!(rows.len(), 2);
    let strict = number(&rows[0]["result"]["mean_timesteps"]);
    let loose = number(&rows[1]["result"]["mean_timesteps"]);
    assert!(loose < strict && strict < 16.0, "{strict} {loose}");

    let experiment = experiment(&["simulation.timesteps=16", "data.samples=60"]);
    let catalogue = Catalogue::shipped().expect("shipped");
    let (stopped, _) = stopped(&experiment, 0.02);
    assert_eq!(loose, stopped.mean_timesteps);
    let (mut energy_j, mut latency_s, mut spikes) = (0.0, 0.0, 0.0);
    for group in &stopped.groups {
        let report = group
            .simulated
            .report(&experiment, &catalogue)
            .expect("priced");
        let mut targets = report.targets.iter();
        let target = targets.find(|t| t.name == "loihi1" && t.workload == Workload::Snn);
        let target = target.expect("a spiking target");
        energy_j += group.share * target.energy_j.expect("known").nominal;
        latency_s += group.share * target.latency_s.expect("known");
        spikes += group.share * report.totals.spikes_per_inference;
    }
    let near = |found: &serde_json::Value, expected: f64| {
        let found = number(found);
        assert!(
            (found - expected).abs() <= 1e-12 * expected,
            "{found} {expected}"
        );
    };
    let found = candidate(&rows[1], "loihi1", "snn");
    near(&found["energy_j"]["system"]["nominal"], energy_j);
    near(&found["latency_s"], latency_s);
    near(&found["edp_js"], energy_j * latency_s);
    near(&rows[1]["result"]["totals"]["spikes_per_inference"], spikes);
    let whole = candidate(&plain, "loihi1", "snn");
    assert!(energy_j < number(&whole["energy_j"]["system"]["nominal"]));
    // The conventional networks do not stop early.
    for workload in ["ann", "qann"] {
        let [early, whole] = [&rows[1], &plain].map(|row| candidate(row, "a100-sxm-80", workload));
        assert_eq!(early, whole);
    }
}

#[test]
fn worked_a_single_timestep_cannot_be_shortened() {
    let base = "\"data.samples\" = 40\n\"simulation.timesteps\" = 1\n";
    let early = points(&format!("{base}\"simulation.early_exit\" = 0.0\n")).remove(0);
    let plain = points(base).remove(0);
    assert_eq!(number(&early["result"]["mean_timesteps"]), 1.0);
    assert_eq!(early["result"]["candidates"], plain["result"]["candidates"]);
    assert_eq!(early["result"]["totals"], plain["result"]["totals"]);
}

#[test]
fn what_cannot_stop_early_is_refused() {
    for (set, word) in [
        (&["simulation.early_exit=0.01"][..], "only a sweep"),
        (&["simulation.early_exit=1.0"][..], "below 1"),
        (
            &["simulation.early_exit=0.01", "simulation.encoding=latency"][..],
            "spreads a sample",
        ),
        (&["optimise.activation_bits=0"][..], "1 to 16 bits"),
    ] {
        let mut command = Command::cargo_bin("spikewatt").expect("the program is built");
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.args(["run", "examples/digits.toml"]);
        for set in set {
            command.args(["--set", set]);
        }
        let output = command.assert().failure().get_output().stderr.clone();
        let message = String::from_utf8_lossy(&output).into_owned();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn reference_rounded_activations_are_those_of_the_quantised_baseline() {
    // 15 timesteps carry 4 bits: the baseline, checked against a computation by hand, has weights of
    // 8 bits and activations of 4.
    let baseline = report(&["simulation.timesteps=15"])
        .accuracy
        .expect("labels");
    let rounded = report(&[
        "simulation.timesteps=15",
        "optimise.weight_bits=8",
        "optimise.activation_bits=4",
    ]);
    let accuracy = rounded.accuracy.expect("labels");
    assert_eq!(accuracy.ann, baseline.qann);
    assert!(
        rounded
            .setup
            .notes
            .iter()
            .any(|note| note.contains("to 4 bits"))
    );
}

#[test]
fn accuracy_is_measured_for_each_number_of_activation_bits() {
    let rows = points("\"simulation.timesteps\" = 8\n\"optimise.activation_bits\" = [1, 2, 8]\n");
    let accuracy = |row: &serde_json::Value, key: &str| number(&row["result"][key]);
    let plain = report(&["simulation.timesteps=8"]);
    let original = plain.accuracy.expect("labels").ann.expect("an original");
    let ann: Vec<f64> = rows
        .iter()
        .map(|row| accuracy(row, "accuracy_ann"))
        .collect();
    // One bit is a step; eight are as good as a float to within one sample of 360.
    assert!(ann[0] < ann[1] && ann[1] < ann[2], "{ann:?}");
    assert!(
        (ann[2] - original).abs() < 1.5 / 360.0,
        "{ann:?} {original}"
    );
    // The spiking network is converted from what was rounded: other thresholds, other counts.
    let spikes = |row: &serde_json::Value| number(&row["result"]["totals"]["spikes_per_inference"]);
    assert_ne!(spikes(&rows[0]), spikes(&rows[2]));
    assert!(accuracy(&rows[2], "accuracy_snn") > accuracy(&rows[0], "accuracy_snn"));
}
