//! Sweeps: the same bytes however the work is split, threaded, interrupted or killed.

use assert_cmd::Command;
use spikewatt::ann::{Observed, Runtime};
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{ConvertedExperiment, Imported};
use spikewatt::formats::dataset::{self, LoadOptions};
use spikewatt::formats::onnx;
use spikewatt::sweep::{self, Shard};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// Files of a merged sweep that depend on nothing but the sweep.
const TABLES: [&str; 5] = [
    "results.json",
    "points.csv",
    "points.parquet",
    "candidates.csv",
    "candidates.parquet",
];

const GOALS: &str = r#"
    [objectives]
    metrics = ["accuracy", "energy_j"]
    scope = "system"
    targets = ["loihi1", "cortex-m4-stm32l4r5"]
    [constraints]
    accuracy = { min = 0.5 }
    latency_s = { max = 1.0 }
"#;

const SWEEP: &str = r#"
    experiment = { data = { path = "DATA/digits-test360-images-idx3-ubyte.gz", samples = 60, preprocessing = { scale = 0.0625 } }, calibration = { path = "DATA/digits-train1k-images-idx3-ubyte.gz", samples = 200 }, model = "NETWORKS/digits_mlp.onnx" }
    [parameters]
    "simulation.timesteps" = [1, 2, 3, 4, 6, 8, 10, 12, 16, 20]
    "simulation.encoding" = ["constant", "bernoulli"]
    "conversion.initial_potential" = [0.0, 0.25, 0.5]
    "simulation.seed" = [1, 2]
    "output.large_batch" = [16, 64]
"#;

fn spikewatt() -> Command {
    Command::cargo_bin("spikewatt").expect("the program is built")
}

fn sweep_file(folder: &Path) -> std::path::PathBuf {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = SWEEP
        .replace("DATA", &format!("{root}/data"))
        .replace("NETWORKS", &format!("{root}/networks"));
    let file = folder.join("digits.toml");
    std::fs::write(&file, text).expect("writable");
    file
}

fn tables(folder: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    TABLES
        .iter()
        .map(|name| (*name, std::fs::read(folder.join(name)).expect("written")))
        .collect()
}

fn run(file: &Path, out: &Path, more: &[&str]) {
    let mut command = spikewatt();
    command
        .args(["sweep", "run"])
        .arg(file)
        .arg("--out")
        .arg(out);
    command.args(more).assert().success();
}

#[test]
fn shards_threads_and_kills_leave_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let whole = folder.path().join("whole");
    run(&file, &whole, &["--threads", "1"]);
    let expected = tables(&whole);
    let points = String::from_utf8(expected["points.csv"].clone()).expect("text");
    assert_eq!(points.lines().count(), 241);
    assert!(points.lines().skip(1).all(|line| line.contains(",done,")));

    let threads = folder.path().join("threads");
    run(&file, &threads, &["--threads", "2"]);
    assert_eq!(tables(&threads), expected);

    let shards = folder.path().join("shards");
    for shard in 0..16 {
        run(&file, &shards, &["--shard", &format!("{shard}/16")]);
    }
    let mut merge = spikewatt();
    merge
        .args(["sweep", "merge"])
        .arg(&file)
        .arg("--out")
        .arg(&shards);
    merge.assert().success();
    assert_eq!(tables(&shards), expected);

    let killed = folder.path().join("killed");
    let mut kills = 0;
    for attempt in 0..20_u64 {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("spikewatt"))
            .args(["sweep", "run", "--quiet", "--out"])
            .arg(&killed)
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("started");
        // Spread over the whole run by a step that shares no divisor with the number of attempts.
        std::thread::sleep(Duration::from_millis(20 + attempt * 37 % 200));
        kills += usize::from(child.try_wait().expect("a child").is_none());
        child.kill().expect("killed");
        child.wait().expect("a child");
    }
    assert!(kills > 0, "every run was over before it could be killed");
    run(&file, &killed, &[]);
    assert_eq!(tables(&killed), expected);
}

/// Outcomes in memory, shard by shard, are those of a store.
#[test]
fn a_sweep_without_a_store_gives_the_same_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = SWEEP
        .replace("DATA", &format!("{}/data", env!("CARGO_MANIFEST_DIR")))
        .replace(
            "NETWORKS",
            &format!("{}/networks", env!("CARGO_MANIFEST_DIR")),
        )
        .replace("[1, 2, 3, 4, 6, 8, 10, 12, 16, 20]", "[1, 2]");
    let file = folder.path().join("small.toml");
    std::fs::write(&file, text).expect("writable");
    let catalogue = Catalogue::shipped().expect("shipped");
    let sweep = sweep::Sweep::load(&file, &[]).expect("a sweep");
    let plan = sweep::Plan::new(&sweep, &catalogue).expect("a plan");
    let go_on: sweep::SweepObserver = &|_, _| ControlFlow::Continue(());
    let stores = folder.path().join("stores");
    sweep::run(&plan, &catalogue, &stores, Shard::WHOLE, go_on).expect("run");
    let (stored, _) = sweep::merge(&plan, &stores, false).expect("complete");
    let mut known = BTreeMap::new();
    for index in 0..3 {
        let shard = Shard { index, of: 3 };
        let partial = sweep::merge_statuses(&plan, known.clone(), false);
        assert!(matches!(partial, Err(sweep::SweepError::Incomplete { .. })));
        known.extend(sweep::run_in_memory(&plan, &catalogue, shard, go_on).expect("run"));
    }
    let (merged, origins) = sweep::merge_statuses(&plan, known, false).expect("complete");
    assert_eq!(merged, stored);
    assert_eq!(origins.len(), plan.points.len());
}

#[test]
fn property_one_simulation_gives_the_bits_of_separate_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let go_on = |_| ControlFlow::Continue(());
    for (network, encodings) in [
        ("fmnist_lenet_bn", &["constant", "bernoulli"][..]),
        ("fmnist_mlp", &["constant", "regular"][..]),
    ] {
        let experiment = |encoding: &str, timesteps: u32| {
            let file = root.join("examples/fashion_mnist.toml");
            let set = [
                format!("model=../networks/{network}.onnx"),
                format!("simulation.encoding={encoding}"),
                format!("simulation.timesteps={timesteps}"),
                "conversion.timesteps=4".to_owned(),
                "optimise.weight_bits=4".to_owned(),
                "data.samples=9".to_owned(),
                "calibration.samples=20".to_owned(),
            ];
            ConvertedExperiment::load(&file, &set).expect("an experiment")
        };
        let imported = Imported::load(&experiment("constant", 1), &go_on).expect("files");
        for encoding in encodings {
            let each = [9, 1, 4, 6].map(|timesteps| experiment(encoding, timesteps));
            let together: Vec<&ConvertedExperiment> = each.iter().collect();
            let together = imported
                .simulate_each(&together, &go_on)
                .expect("simulated");
            for (experiment, together) in each.iter().zip(together) {
                let alone = imported.simulate(experiment, &go_on).expect("simulated");
                let timesteps = experiment.simulation.timesteps;
                let what = format!("{network} {encoding} T = {timesteps}");
                assert!(alone.counts == together.counts, "{what}");
                assert!(alone.outcomes == together.outcomes, "{what}");
                assert_eq!(alone.context, together.context, "{what}");
                assert_eq!(alone.counts.timesteps, timesteps);
                assert!(alone.network == together.network, "{what}");
            }
        }
    }
}

#[test]
fn points_that_share_a_simulation_have_the_rows_of_points_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let few = [
        "simulation.seed=1",
        "output.large_batch=16",
        "conversion.initial_potential=0.5",
        "conversion.timesteps=6",
    ];
    let rows = |name: &str, more: &[&str]| -> (u64, BTreeMap<String, String>) {
        let out = folder.path().join(name);
        let mut command = spikewatt();
        command
            .args(["sweep", "run", "--format", "json", "--out"])
            .arg(&out)
            .arg(&file)
            .args(few)
            .args(more);
        let output = command.assert().success();
        let summary: serde_json::Value =
            serde_json::from_slice(&output.get_output().stdout).expect("json");
        let results = std::fs::read(out.join("results.json")).expect("written");
        let results: serde_json::Value = serde_json::from_slice(&results).expect("json");
        let points = results["points"].as_array().expect("points");
        let row = |point: &serde_json::Value| {
            let id = point["id"].as_str().expect("an id").to_owned();
            (id, point["result"].to_string())
        };
        let simulations = summary["simulations"].as_u64().expect("a number");
        (simulations, points.iter().map(row).collect())
    };
    let (simulations, together) = rows("together", &[]);
    assert_eq!((simulations, together.len()), (2, 20), "one per encoding");
    for timesteps in ["1", "8", "20"] {
        let only = format!("simulation.timesteps={timesteps}");
        let (simulations, alone) = rows(timesteps, &[&only]);
        assert_eq!((simulations, alone.len()), (2, 2));
        for (id, row) in alone {
            assert_eq!(together.get(&id), Some(&row), "T = {timesteps}");
        }
    }
}

/// The accuracies that the training script printed, on the first thousand test images, are those
/// of the shipped files. Tolerance: one image whose two best answers are nearly equal, and half of
/// the last digit printed.
#[test]
fn reference_accuracies_of_the_students_are_those_of_their_training() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("networks/README.md")).expect("readable");
    let data = root.join("data/fmnist-t1k-images-idx3-ubyte.gz");
    let data = dataset::load_with(&data, &LoadOptions::default()).expect("images");
    let labels = data.labels.expect("labels");
    let rows = table
        .lines()
        .filter(|line| line.starts_with("| `fmnist_student_"));
    let mut students = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (file, stated) = (cells[1].trim_matches('`'), cells[5].trim_end_matches(" %"));
        let stated: f64 = stated.parse().expect("a percentage");
        let model = onnx::load(&root.join("networks").join(file)).expect("a network");
        let runtime = Runtime::load(file, model.bytes, &model.ann.sample_dims).expect("loaded");
        let output = &model.ann.layers.last().expect("layers").output;
        let best = |_, observed: Vec<Observed>| -> Vec<usize> {
            let rows = observed[0].data.chunks_exact(observed[0].width);
            let largest = |row: &[f32]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
            rows.filter_map(largest).collect()
        };
        let answers = runtime.observe(&data.inputs, &[output], &best);
        let answers = answers.expect("answers").concat();
        let right = answers.iter().zip(&labels);
        let right = right.filter(|(answer, label)| **answer == **label as usize);
        let found = 100.0 * right.count() as f64 / labels.len() as f64;
        assert!(
            (found - stated).abs() <= 0.15,
            "{file}: {found} %, {stated} %"
        );
        students += 1;
    }
    assert_eq!(students, 4);
}

#[test]
fn a_finished_point_is_not_computed_again_and_a_missing_one_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let few = ["simulation.timesteps=4", "simulation.seed=1"];
    let sweep = |verb: &str| {
        let mut command = spikewatt();
        command
            .args(["sweep", verb])
            .arg(&file)
            .args(few)
            .arg("--out")
            .arg(&out);
        command
    };
    sweep("run").arg("--shard=1/2").assert().success();
    let message = sweep("merge").assert().code(1).get_output().stderr.clone();
    let message = String::from_utf8_lossy(&message).into_owned();
    assert!(message.contains("6 of 12 points are missing"), "{message}");
    sweep("merge").arg("--partial").assert().success();
    let output = sweep("run").args(["--format", "json"]).assert().success();
    let summary: serde_json::Value =
        serde_json::from_slice(&output.get_output().stdout).expect("json");
    assert_eq!(summary["skipped"], 6);
    assert_eq!(summary["computed"], 6);
    // Two batches share each simulation.
    assert_eq!(summary["simulations"], 3);
}

#[test]
fn a_point_that_fails_is_reported_and_the_others_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let broken = folder.path().join("broken.onnx");
    std::fs::write(&broken, "no model").expect("writable");
    let models = format!(
        "model={}/networks/digits_mlp.onnx,{}",
        env!("CARGO_MANIFEST_DIR"),
        broken.display()
    );
    let mut command = spikewatt();
    command
        .args(["sweep", "run"])
        .arg(&file)
        .arg("--out")
        .arg(&out);
    command.args([&models, "simulation.timesteps=2", "simulation.seed=1"]);
    let output = command.assert().code(1);
    let error = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        error.contains("broken.onnx") && error.contains("12 points failed"),
        "{error}"
    );
    let mut status = spikewatt();
    status
        .args(["sweep", "status", "--format", "json"])
        .arg(&file)
        .arg("--out")
        .arg(&out);
    status.args([&models, "simulation.timesteps=2", "simulation.seed=1"]);
    let found: serde_json::Value =
        serde_json::from_slice(&status.assert().success().get_output().stdout).expect("json");
    assert_eq!(found["done"], 12);
    assert_eq!(found["failed"].as_array().map(Vec::len), Some(12));
}

#[test]
fn a_damaged_store_is_named_and_a_second_process_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    let run = || {
        let mut command = spikewatt();
        command
            .args(["sweep", "run"])
            .arg(&file)
            .arg("--out")
            .arg(&out);
        let output = command.assert().code(1);
        String::from_utf8_lossy(&output.get_output().stderr).into_owned()
    };
    std::fs::write(out.join("shard-0-of-1.sqlite"), [7_u8; 5000]).expect("writable");
    let message = run();
    assert!(
        message.contains("shard-0-of-1.sqlite") && message.contains("move the file away"),
        "{message}"
    );
    let lock = std::fs::File::create(out.join("shard-0-of-1.lock")).expect("writable");
    lock.lock().expect("locked");
    let message = run();
    assert!(message.contains("another process"), "{message}");
}

#[test]
fn slurm_tells_a_task_its_shard() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let mut ordered = spikewatt();
    ordered.args(["sweep", "run"]).arg(&file);
    ordered
        .args(["simulation.timesteps=2", "--format", "json", "--out"])
        .arg(&out)
        .env("SLURM_ARRAY_TASK_ID", "3")
        .env("SLURM_ARRAY_TASK_MIN", "1")
        .env("SLURM_ARRAY_TASK_MAX", "4")
        .env("SLURM_ARRAY_TASK_COUNT", "4");
    let found: serde_json::Value =
        serde_json::from_slice(&ordered.assert().success().get_output().stdout).expect("json");
    assert_eq!(
        (found["shard"].as_u64(), found["of"].as_u64()),
        (Some(2), Some(4))
    );
    ordered.env("SLURM_ARRAY_TASK_COUNT", "2").assert().code(1);
}

#[test]
fn pareto_finds_what_the_candidates_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    run(&file, &out, &["simulation.seed=1", "output.large_batch=16"]);
    let mut command = spikewatt();
    command
        .args(["pareto", "--format", "json", "--min-accuracy", "0.5"])
        .arg(&out);
    let found: serde_json::Value =
        serde_json::from_slice(&command.assert().success().get_output().stdout).expect("json");
    let mut reader = csv::Reader::from_path(out.join("candidates.csv")).expect("table");
    let header = reader.headers().expect("header").clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("column");
    let (a, e) = (column("accuracy"), column("energy_system_nominal_j"));
    let points: Vec<(f64, f64)> = reader
        .records()
        .filter_map(|row| {
            let row = row.expect("row");
            Some((row[a].parse().ok()?, row[e].parse().ok()?))
        })
        .collect();
    // Brute force: what no other candidate beats.
    let mut best: Vec<(f64, f64)> = points
        .iter()
        .copied()
        .filter(|(accuracy, energy)| {
            !points
                .iter()
                .any(|(a, e)| a >= accuracy && e <= energy && (a > accuracy || e < energy))
        })
        .collect();
    best.sort_by(|a, b| a.1.total_cmp(&b.1));
    best.dedup();
    let front: Vec<(f64, f64)> = found["front"]
        .as_array()
        .expect("list")
        .iter()
        .map(|entry| {
            let candidate = &entry["candidate"];
            let energy = &candidate["energy_j"]["system"]["nominal"];
            (
                candidate["accuracy"].as_f64().expect("number"),
                energy.as_f64().expect("number"),
            )
        })
        .collect();
    assert_eq!(front, best);
    let enough = best
        .iter()
        .find(|(accuracy, _)| *accuracy >= 0.5)
        .expect("one");
    let cheapest = &found["cheapest"]["entry"]["candidate"]["energy_j"]["system"]["nominal"];
    assert_eq!(cheapest.as_f64(), Some(enough.1));
    assert!(out.join("pareto.svg").exists() && out.join("pareto.png").exists());
}

#[test]
fn goals_of_the_file_choose_and_flags_replace_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let text = std::fs::read_to_string(&file).expect("readable") + GOALS;
    std::fs::write(&file, text).expect("writable");
    let out = folder.path().join("out");
    let few = [
        "simulation.seed=1",
        "output.large_batch=16",
        "simulation.encoding=constant",
        "simulation.timesteps=1,4,16",
    ];
    run(&file, &out, &few);
    let pareto = |flags: &[&str]| -> serde_json::Value {
        let mut command = spikewatt();
        command.args(["pareto", "--format", "json"]).arg(&out);
        let output = command.args(flags).assert().success();
        serde_json::from_slice(&output.get_output().stdout).expect("json")
    };
    let found = pareto(&[]);
    assert_eq!(found["scope"], "system");
    let front = found["front"].as_array().expect("list");
    assert!(!front.is_empty());
    for entry in front {
        let candidate = &entry["candidate"];
        let target = candidate["target"].as_str().expect("name");
        assert!(["loihi1", "cortex-m4-stm32l4r5"].contains(&target));
        assert!(candidate["accuracy"].as_f64().expect("number") >= 0.5);
    }
    // What one more point of accuracy costs, by hand from neighbours of the front.
    for pair in front.windows(2) {
        let of = |entry: &serde_json::Value| {
            let candidate = &entry["candidate"];
            let energy = candidate["energy_j"]["system"]["nominal"].as_f64();
            (
                candidate["accuracy"].as_f64().expect("number"),
                energy.expect("number"),
            )
        };
        let ((a0, e0), (a1, e1)) = (of(&pair[0]), of(&pair[1]));
        let cost = pair[1]["cost_per_extra_point"].as_f64().expect("number");
        let expected = (e1 - e0) / (100.0 * (a1 - a0));
        assert!((cost / expected - 1.0).abs() < 1e-9, "{cost} {expected}");
    }
    // Every kind of network is a candidate, and the cheapest of all is the cheapest of its kind.
    let cheapest = &found["cheapest"];
    assert_eq!(cheapest["min_accuracy"], 0.5);
    let energy =
        |entry: &serde_json::Value| entry["candidate"]["energy_j"]["system"]["nominal"].as_f64();
    let kinds = cheapest["by_workload"].as_object().expect("kinds");
    let least = kinds.values().filter_map(energy).reduce(f64::min);
    assert_eq!(energy(&cheapest["entry"]), least);
    assert!(["SNN", "qANN"].iter().all(|kind| kinds[*kind].is_object()));

    let other = pareto(&[
        "--targets",
        "loihi1",
        "--scope",
        "memory_routing",
        "--min-accuracy",
        "0.9",
    ]);
    assert_eq!(other["scope"], "memory_routing");
    assert_eq!(other["cheapest"]["min_accuracy"], 0.9);
    for entry in other["front"].as_array().expect("list") {
        assert_eq!(entry["candidate"]["target"], "loihi1");
    }
    let mut reader = csv::Reader::from_path(out.join("front.csv")).expect("table");
    let cell = |name: &str, row: &csv::StringRecord, header: &csv::StringRecord| {
        let place = header.iter().position(|h| h == name).expect("column");
        row[place].parse::<f64>().expect("number")
    };
    let header = reader.headers().expect("header").clone();
    for row in reader.records() {
        let row = row.expect("row");
        let per_correct = cell("energy_j", &row, &header) / cell("accuracy", &row, &header);
        let found = cell("energy_per_correct_j", &row, &header);
        assert!((found / per_correct - 1.0).abs() < 1e-12);
    }
    let tex = std::fs::read_to_string(out.join("front.tex")).expect("table");
    assert!(tex.contains("\\toprule") && tex.contains("\\SI{"));
}

#[test]
fn a_typo_in_the_goals_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = sweep_file(folder.path());
    let text = std::fs::read_to_string(&file).expect("readable");
    for (goals, word) in [
        ("[constraints]\naccurracy = { min = 0.5 }", "accurracy"),
        (
            "[constraints]\naccuracy = { min = 0.9, max = 0.5 }",
            "accuracy",
        ),
        ("[objectives]\nmetrics = [\"accuracy\"]", "two or more"),
        ("[objectives]\ntargets = [\"loihi9\"]", "loihi9"),
        ("[objectives]\nscope = \"everything\"", "everything"),
    ] {
        std::fs::write(&file, format!("{text}\n{goals}\n")).expect("writable");
        let mut command = spikewatt();
        let output = command.args(["sweep", "plan"]).arg(&file).assert().code(1);
        let error = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(error.contains(word), "{error}");
    }
}
