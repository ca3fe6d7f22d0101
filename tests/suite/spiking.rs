//! Spiking networks through `spikewatt run`: simulated, counted and priced.

use crate::npy::NpzWriter;
use assert_cmd::Command;
use ndarray::{Array1, Array3};
use predicates::prelude::*;
use spikewatt::formats::nir::{
    self, Graph, GraphNode, IF, Input, Linear, Output, Primitive, Tensor,
};
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn tensor(dims: &[usize], data: &[f64]) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data: data.to_vec(),
    }
}

/// Two pixels of two polarities into two classes: each class counts the events of one polarity.
fn network(path: &Path) {
    let node = |name: &str, primitive| GraphNode {
        name: name.into(),
        primitive,
    };
    let flatten = nir::Flatten {
        start_dim: 0,
        end_dim: -1,
        input_shape: Some(vec![2, 1, 2]),
    };
    let weight = tensor(&[2, 4], &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    let graph = Graph {
        nodes: vec![
            node("flat", Primitive::Flatten(flatten)),
            node(
                "in",
                Primitive::Input(Input {
                    shape: vec![2, 1, 2],
                }),
            ),
            node(
                "n",
                Primitive::IF(IF {
                    r: tensor(&[2], &[1.0; 2]),
                    v_threshold: tensor(&[2], &[0.5; 2]),
                    v_reset: tensor(&[2], &[0.0; 2]),
                }),
            ),
            node("out", Primitive::Output(Output { shape: vec![2] })),
            node("w", Primitive::Linear(Linear { weight })),
        ],
        edges: vec![(0, 4), (1, 0), (2, 3), (4, 2)],
        ..Graph::default()
    };
    nir::write(&graph, path).unwrap();
}

/// One event: column, polarity, milliseconds.
fn event(x: u8, polarity: u8, ms: u32) -> [u8; 5] {
    let [_, b, c, d] = (ms * 1000).to_be_bytes();
    [x, 0, polarity << 7 | b, c, d]
}

/// A folder with a network and three recordings, of which the network tells two right.
fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    network(&folder.path().join("net.nir"));
    let recordings = folder.path().join("recordings");
    std::fs::create_dir(&recordings).unwrap();
    let write = |name: &str, events: &[[u8; 5]]| {
        std::fs::write(recordings.join(name), events.concat()).unwrap();
    };
    write("2.bin", &[event(0, 0, 0), event(1, 0, 2), event(0, 1, 2)]);
    write("10.bin", &[event(0, 1, 1), event(1, 1, 3)]);
    write("11.bin", &[event(0, 0, 0)]);
    let labels = "file,label\n10.bin,1\n2.bin,0\n11.bin,1\n";
    std::fs::write(recordings.join("labels.csv"), labels).unwrap();
    folder
}

fn spikewatt() -> Command {
    Command::cargo_bin("spikewatt").unwrap()
}

/// The report of `run` with these arguments, `net.nir` and `recordings` standing in the folder.
fn run(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let out = spikewatt()
        .current_dir(folder)
        .args(["--format", "json", "run"])
        .args(arguments)
        .args(["--out", "out", "--force"])
        .assert()
        .success();
    serde_json::from_slice(&out.get_output().stdout).unwrap()
}

fn number(json: &serde_json::Value, pointer: &str) -> f64 {
    let value = json.pointer(pointer).and_then(serde_json::Value::as_f64);
    value.unwrap_or_else(|| panic!("{pointer} of {json}"))
}

const BASE: [&str; 5] = ["net.nir", "--data", "recordings", "--targets", "loihi1"];

#[test]
fn worked_event_recordings_are_counted_scored_and_priced() {
    let folder = bench();
    let report = run(folder.path(), &BASE);
    // Six events through one synapse each, and each makes its neuron fire at once; the third and
    // fourth of the first recording come together.
    assert_eq!(number(&report, "/samples"), 3.0);
    assert_eq!(number(&report, "/timesteps"), 4.0);
    assert_eq!(number(&report, "/totals/synops_per_inference"), 2.0);
    // The six events of the input are no spikes of neurons.
    assert_eq!(number(&report, "/totals/spikes_per_inference"), 2.0);
    assert_eq!(number(&report, "/totals/neuron_updates_per_inference"), 8.0);
    assert_eq!(number(&report, "/populations/0/spikes_per_inference"), 2.0);
    assert_eq!(report.pointer("/populations/0/role").unwrap(), "input");
    assert_eq!(number(&report, "/model/parameters"), 8.0);
    assert_eq!(number(&report, "/accuracy/snn"), 2.0 / 3.0);
    // After the first timestep a silent sample is class 0: the first and, wrongly, both others.
    assert_eq!(number(&report, "/accuracy/snn_per_timestep/0"), 1.0 / 3.0);
    // A weight that is zero is no synapse, here as in an estimate.
    assert_eq!(number(&report, "/model/macs"), 4.0);
    assert_eq!(report["model"]["baseline"], "same-layers");
    for absent in ["/accuracy/ann", "/accuracy/agreement"] {
        assert!(report.pointer(absent).unwrap().is_null(), "{absent}");
    }
    let total = number(&report, "/targets/0/energy_j/nominal");
    let lines = report["targets"][0]["lines"].as_array().unwrap();
    let sum: f64 = lines
        .iter()
        .map(|line| line["joules"].as_f64().unwrap())
        .sum();
    assert_eq!(total, sum);
    assert!(total > 0.0);
    let synop = lines
        .iter()
        .find(|l| l["event"].as_str().unwrap().starts_with("synaptic"))
        .unwrap();
    assert_eq!(synop["count"], 2.0);
    let notes = report["setup"]["notes"].to_string();
    assert!(
        notes.contains("preset nir: dt 100 µs, v > threshold"),
        "{notes}"
    );
    assert!(notes.contains("never trained"), "{notes}");
    let preset = report["setup"]["preset"].as_str().unwrap();
    assert!(preset.starts_with("nir (dt 100 µs"), "{preset}");

    let out = folder.path().join("out");
    for file in [
        "summary.json",
        "populations.csv",
        "targets.csv",
        "targets.tex",
        "breakdown.csv",
        "methods.md",
        "counts.h5",
        "manifest.json",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    for input in ["net.nir", "recordings", "labels.csv"] {
        assert!(manifest.contains(input), "{input}: {manifest}");
    }
    let again = spikewatt()
        .args(["--format", "json", "price"])
        .arg(out.join("counts.h5"))
        .args(["--targets", "loihi1"])
        .assert()
        .success();
    let again: serde_json::Value = serde_json::from_slice(&again.get_output().stdout).unwrap();
    assert_eq!(number(&again, "/targets/0/energy_j/nominal"), total);
    assert_eq!(again["accuracy"], report["accuracy"]);
}

#[test]
fn options_and_experiment_files_say_the_same() {
    let folder = bench();
    let flags = [
        &BASE[..],
        &["--preset", "norse", "--dt-bin", "2e-3", "--samples", "2"],
        &["--timesteps", "3", "--seed", "5", "--threshold-test", "ge"],
    ];
    let from_flags = run(folder.path(), &flags.concat());
    // The second and third event of the first recording share a timestep of 2 ms already.
    assert_eq!(number(&from_flags, "/samples"), 2.0);
    assert_eq!(number(&from_flags, "/timesteps"), 3.0);
    assert_eq!(number(&from_flags, "/seed"), 5.0);
    std::fs::write(
        folder.path().join("exp.toml"),
        r#"
model = "net.nir"
data = { path = "recordings", samples = 2 }
simulation = { timesteps = 3, seed = 5 }
network = { preset = "norse", bin_s = 2e-3, threshold_test = "at_least" }
output = { targets = ["loihi1"] }
"#,
    )
    .unwrap();
    let mut from_file = run(folder.path(), &["exp.toml"]);
    from_file["timing"] = from_flags["timing"].clone();
    assert_eq!(from_file, from_flags);
    let with_ge = from_flags["setup"]["notes"].to_string();
    assert!(with_ge.contains("v >= threshold"), "{with_ge}");
    let shorter = run(folder.path(), &["exp.toml", "--timesteps", "1"]);
    assert_eq!(number(&shorter, "/timesteps"), 1.0);
    let set = run(folder.path(), &["exp.toml", "--set", "simulation.seed=9"]);
    assert_eq!(number(&set, "/seed"), 9.0);
}

#[test]
fn classes_are_folders_tables_arrays_or_flags() {
    let folder = bench();
    let classes = folder.path().join("classes");
    for (class, events) in [("0", event(0, 0, 0)), ("1", event(0, 0, 0))] {
        std::fs::create_dir_all(classes.join(class)).unwrap();
        std::fs::write(classes.join(class).join("a.bin"), events).unwrap();
    }
    let accuracy = |arguments: &[&str]| run(folder.path(), arguments)["accuracy"]["snn"].clone();
    let of = |data| ["net.nir", "--data", data, "--targets", "loihi1"];
    assert_eq!(accuracy(&of("classes")), 0.5);
    std::fs::write(
        folder.path().join("other.csv"),
        "file,label\na,1\nb,1\nc,0\n",
    )
    .unwrap();
    let flags = [&BASE[..], &["--labels", "other.csv"]].concat();
    assert_eq!(accuracy(&flags), 2.0 / 3.0);
    let mut npz = NpzWriter::new(File::create(folder.path().join("a.npz")).unwrap());
    let x = Array3::from_shape_fn((2, 3, 4), |(n, t, i)| u8::from(i == 3 * n && t > 0));
    npz.add_array("x", &x).unwrap();
    npz.add_array("y", &Array1::from(vec![0i64, 1])).unwrap();
    npz.finish().unwrap();
    assert_eq!(accuracy(&of("a.npz")), 1.0);
    std::fs::remove_file(folder.path().join("recordings/labels.csv")).unwrap();
    assert!(run(folder.path(), &BASE)["accuracy"].is_null());
}

#[test]
fn a_baseline_prices_conventional_targets() {
    let folder = bench();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let gpu = [
        "net.nir",
        "--data",
        "recordings",
        "--targets",
        "a100-sxm-80",
    ];
    let without = run(folder.path(), &[&gpu[..], &["--baseline", "none"]].concat());
    assert!(without["targets"][0]["energy_j"].is_null());
    let unpriced = without["targets"][0]["unpriced"].to_string();
    assert!(unpriced.contains("conventional network"), "{unpriced}");
    assert!(without["model"]["macs"].is_null() && without["model"]["baseline"].is_null());
    // The multiply-accumulates that `estimate` charges for the same file.
    let usual = run(folder.path(), &gpu);
    assert_eq!(usual["model"]["baseline"], "same-layers");
    let asked = run(
        folder.path(),
        &[&gpu[..], &["--baseline", "same-layers"]].concat(),
    );
    assert_eq!(usual["targets"], asked["targets"]);
    let mut estimate = spikewatt();
    estimate.current_dir(folder.path());
    estimate.args(["--format", "json", "estimate", "net.nir", "--rate", "0.1"]);
    estimate.args(["-T", "4", "--targets", "a100-sxm-80"]);
    let out = estimate.assert().success();
    let out: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    assert_eq!(
        out["targets"][0]["energy_j"],
        usual["targets"][0]["energy_j"]
    );
    assert_eq!(out["model"]["baseline"], "same-layers");
    let mut printed = spikewatt();
    printed.current_dir(folder.path()).arg("run").args(gpu);
    printed
        .args(["--out", "out", "--force"])
        .assert()
        .success()
        .stdout(predicate::str::contains(
            "preset nir · ANN: the same layers, never trained",
        ));
    let digits: PathBuf = root.join("networks/digits_mlp.onnx");
    let baseline = ["--baseline", digits.to_str().unwrap()];
    // Ten outputs against two.
    spikewatt()
        .current_dir(folder.path())
        .arg("run")
        .args(gpu)
        .args(baseline)
        .args(["--out", "other"])
        .assert()
        .code(1)
        .stderr(predicate::str::contains("10 outputs"));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let folder = bench();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let digits = root.join("networks/digits_mlp.onnx");
    let refused = |arguments: &[&str], word: &str| {
        spikewatt()
            .current_dir(folder.path())
            .arg("run")
            .args(arguments)
            .args(["--out", "refused"])
            .assert()
            .code(1)
            .stderr(predicate::str::contains(word));
    };
    refused(
        &[&BASE[..], &["--encoding", "constant"]].concat(),
        "--encoding",
    );
    refused(&["net.nir"], "with `run`, --data");
    let onnx = digits.to_str().unwrap();
    refused(
        &[onnx, "--data", "x.npz", "--preset", "nir"],
        "it is converted",
    );
    let file = "model = \"net.nir\"\n[conversion]\npercentile = 99.0\n";
    std::fs::write(folder.path().join("exp.toml"), file).unwrap();
    refused(&["exp.toml"], "conversion");
    let bad = "file,label\n10.bin,2\n2.bin,0\n11.bin,1\n";
    std::fs::write(folder.path().join("recordings/labels.csv"), bad).unwrap();
    refused(&BASE, "label 2");
    // Without --out the folder would be results/net, in a folder that was not there.
    spikewatt()
        .current_dir(folder.path())
        .arg("run")
        .args(BASE)
        .assert()
        .code(1);
    assert!(!folder.path().join("results").exists());
    assert!(!folder.path().join("refused").exists());
}

#[test]
fn a_network_that_drives_itself_needs_no_data() {
    let folder = TempDir::new().unwrap();
    let native = r#"
simulation = { dt_s = 1e-3, timesteps = 200, seed = 3 }
[[populations]]
name = "e"
size = 20
neuron = { model = "lif", tau = 0.02, v_threshold = 0.02 }
poisson = { rate_hz = 2000.0, weight = 0.1 }
"#;
    std::fs::write(folder.path().join("net.toml"), native).unwrap();
    let report = run(
        folder.path(),
        &["net.toml", "--samples", "3", "--targets", "loihi1"],
    );
    assert_eq!(number(&report, "/samples"), 3.0);
    assert!(number(&report, "/totals/spikes_per_inference") > 0.0);
    assert!(number(&report, "/targets/0/energy_j/nominal") > 0.0);
}

/// Real recordings of N-MNIST and a network that sinabs trained, as its authors published it.
#[test]
fn reference_nmnist_recordings() {
    let folders = ["SPIKEWATT_SHARED_MODELS", "SPIKEWATT_SHARED_DATA"].map(std::env::var_os);
    let [Some(models), Some(data)] = folders.map(|folder| folder.map(PathBuf::from)) else {
        eprintln!("SKIPPED: SPIKEWATT_SHARED_MODELS and SPIKEWATT_SHARED_DATA name no folders");
        return;
    };
    let folder = TempDir::new().unwrap();
    let network = models.join("nir/cnn_sinabs.nir");
    let recordings = data.join("nmnist");
    let arguments = |flags: &[&'static str]| {
        let base = [
            network.to_str().unwrap(),
            "--data",
            recordings.to_str().unwrap(),
        ];
        run(
            folder.path(),
            &[
                &base[..],
                &["--timesteps", "300", "--dt-bin", "1e-3"],
                flags,
            ]
            .concat(),
        )
    };
    // 100 % and 98 % of another 100 recordings with a reference simulator.
    let value = arguments(&["--samples", "20", "--targets", "loihi1"]);
    assert_eq!(number(&value, "/accuracy/snn"), 1.0);
    let sinabs = arguments(&[
        "--samples",
        "20",
        "--targets",
        "loihi1",
        "--preset",
        "sinabs",
    ]);
    assert!(number(&sinabs, "/accuracy/snn") >= 0.9);
    assert_ne!(value["totals"], sinabs["totals"]);
}

#[test]
fn a_sweep_varies_a_spiking_network() {
    let folder = bench();
    let text = "
        [experiment]
        model = 'net.nir'
        data = { path = 'recordings' }
        output = { targets = ['loihi1'] }
        [parameters]
        'simulation.timesteps' = [1, 4]
        'output.host_exchange_s' = [0.0, 1.0]
    ";
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    for verb in ["run", "merge"] {
        let mut command = spikewatt();
        command.current_dir(folder.path());
        command.args(["sweep", verb, "s.toml", "--out", "out"]);
        command.assert().success();
    }
    let json = std::fs::read(folder.path().join("out/results.json")).unwrap();
    let merged: serde_json::Value = serde_json::from_slice(&json).unwrap();
    // Two of the six events come in the first timestep.
    let spikes: Vec<f64> = (0..4)
        .map(|i| {
            number(
                &merged,
                &format!("/points/{i}/result/totals/spikes_per_inference"),
            )
        })
        .collect();
    assert_eq!(spikes, [2.0 / 3.0, 2.0 / 3.0, 2.0, 2.0]);
    let energy = |i: usize| {
        number(
            &merged,
            &format!("/points/{i}/result/candidates/0/latency_s"),
        )
    };
    assert!(energy(1) > energy(0) && energy(3) > energy(2));
}

#[test]
fn counts_and_recordings_are_run_as_experiments_are() {
    let folder = bench();
    let first = run(folder.path(), &BASE);
    let again = run(folder.path(), &["out/counts.h5", "--targets", "loihi1"]);
    assert_eq!(first["targets"], again["targets"]);
    let mut simulate = spikewatt();
    simulate.current_dir(folder.path());
    simulate.args([
        "simulate",
        "net.nir",
        "--input",
        "recordings",
        "--record",
        "r.npz",
    ]);
    simulate.assert().success();
    let recorded = run(folder.path(), &["r.npz", "--targets", "loihi1"]);
    assert_eq!(first["targets"], recorded["targets"]);
    let mut refused = spikewatt();
    refused.current_dir(folder.path());
    refused.args(["run", "out/counts.h5", "--timesteps", "3"]);
    let said = predicate::str::contains("--timesteps").and(predicate::str::contains("counts"));
    refused.assert().code(1).stderr(said);
}

#[test]
fn inspect_shows_networks_and_recordings() {
    let folder = bench();
    let simulate = [
        "simulate",
        "net.nir",
        "--input",
        "recordings",
        "--record",
        "r.npz",
    ];
    let mut command = spikewatt();
    command
        .current_dir(folder.path())
        .args(simulate)
        .assert()
        .success();
    let native = "simulation = { dt_s = 1e-3, timesteps = 9 }
        [[populations]]
        name = 'e'
        size = 20
        neuron = { model = 'lif', tau = 5e-4, v_threshold = 0.02 }";
    std::fs::write(folder.path().join("net.toml"), native).unwrap();
    let inspect = |file: &str| {
        let mut command = spikewatt();
        command.current_dir(folder.path());
        command.args(["inspect", file]).assert().success()
    };
    let shows = |parts: &[&str], out: &[u8]| {
        let out = String::from_utf8_lossy(out);
        for part in parts {
            assert!(out.contains(part), "{part}: {out}");
        }
    };
    let nir = inspect("net.nir");
    let parts = [
        "2 neurons, 4 synapses",
        "input \"in\": 2×1×2",
        "preset nir: dt 100 µs",
    ];
    shows(&parts, &nir.get_output().stdout);
    let toml = inspect("net.toml");
    shows(
        &["20 neurons", "no input", "timesteps: 9"],
        &toml.get_output().stdout,
    );
    shows(&["tau of \"e\" is 500 µs"], &toml.get_output().stderr);
    let recording = inspect("r.npz");
    let parts = ["4 timesteps", "net.nir", "recordings", "first sample"];
    shows(&parts, &recording.get_output().stdout);
}

#[test]
fn the_folder_of_a_result_is_relative_to_the_file_that_names_it() {
    let folder = bench();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let text = "model = '../net.nir'
        data = { path = '../recordings' }
        output = { targets = ['loihi1'], folder = 'mine' }";
    std::fs::write(inner.join("e.toml"), text).unwrap();
    let mut command = spikewatt();
    command
        .current_dir(folder.path())
        .args(["run", "inner/e.toml"]);
    command.assert().success();
    assert!(inner.join("mine/summary.json").is_file());
    assert!(!folder.path().join("mine").exists());
}
