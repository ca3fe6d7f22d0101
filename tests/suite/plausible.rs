//! Spiking networks that hardly do what was meant: each is told, with the likely cause.

use crate::npy::NpzWriter;
use assert_cmd::Command;
use ndarray::{Array, Array1, ArrayD, IxDyn};
use predicates::prelude::*;
use spikewatt::experiment::{NetworkRun, SimulateConfig, StartPotential, simulate_network};
use spikewatt::formats::nir::{
    self, Graph, GraphNode, IF, Input, LIF, Linear, Output, Primitive, Tensor,
};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn tensor(dims: &[usize], data: &[f64]) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data: data.to_vec(),
    }
}

fn linear(weight: [f64; 4]) -> Primitive {
    Primitive::Linear(Linear {
        weight: tensor(&[2, 2], &weight),
    })
}

fn neurons(threshold: f64) -> Primitive {
    Primitive::IF(IF {
        r: tensor(&[2], &[1.0; 2]),
        v_threshold: tensor(&[2], &[threshold; 2]),
        v_reset: tensor(&[2], &[0.0; 2]),
    })
}

fn leaky(tau: f64, v_leak: f64) -> Primitive {
    Primitive::LIF(LIF {
        tau: tensor(&[2], &[tau; 2]),
        r: tensor(&[2], &[10.0; 2]),
        v_leak: tensor(&[2], &[v_leak; 2]),
        v_threshold: tensor(&[2], &[0.5; 2]),
        v_reset: tensor(&[2], &[0.0; 2]),
    })
}

const EDGES: [(&str, &str); 3] = [("in", "w"), ("w", "n"), ("n", "out")];

/// Two inputs, a weight matrix, two neurons, and what else is given.
fn graph(weight: [f64; 4], neurons: Primitive, more: &[(&str, Primitive)]) -> Graph {
    let port = vec![2];
    let mut nodes = vec![
        (
            "in",
            Primitive::Input(Input {
                shape: port.clone(),
            }),
        ),
        ("n", neurons),
        ("out", Primitive::Output(Output { shape: port })),
        ("w", linear(weight)),
    ];
    nodes.extend(more.iter().cloned());
    nodes.sort_by_key(|(name, _)| *name);
    let node = |(name, primitive): (&str, Primitive)| GraphNode {
        name: name.into(),
        primitive,
    };
    Graph {
        nodes: nodes.into_iter().map(node).collect(),
        ..Graph::default()
    }
}

fn with_edges(mut graph: Graph, edges: &[(&str, &str)]) -> Graph {
    let find = |name: &str| graph.find(name).unwrap();
    graph.edges = edges.iter().map(|(a, b)| (find(a), find(b))).collect();
    graph
}

fn archive(path: &Path, x: &ArrayD<f32>, y: &[i64]) {
    let mut npz = NpzWriter::new(File::create(path).unwrap());
    npz.add_array("x", x).unwrap();
    npz.add_array("y", &Array1::from(y.to_vec())).unwrap();
    npz.finish().unwrap();
}

/// Runs a graph on four samples of twenty timesteps: 1 for one input and 0.75 for the other.
fn simulate(graph: &Graph, change: &dyn Fn(&mut SimulateConfig)) -> NetworkRun {
    let folder = TempDir::new().unwrap();
    let [network, input] = ["net.nir", "x.npz"].map(|name| folder.path().join(name));
    nir::write(graph, &network).unwrap();
    let x = Array::from_shape_fn(IxDyn(&[4, 20, 2]), |at| [1.0, 0.75][at[2]]);
    archive(&input, &x, &[0; 4]);
    let mut config = SimulateConfig {
        network,
        input: Some(input),
        ..SimulateConfig::default()
    };
    change(&mut config);
    simulate_network(&config, &|_| ControlFlow::Continue(())).unwrap()
}

/// Code and message of each warning.
fn told(graph: &Graph, change: &dyn Fn(&mut SimulateConfig)) -> Vec<(String, String)> {
    let warnings = simulate(graph, change).warnings.into_iter();
    warnings.map(|one| (one.code, one.message)).collect()
}

const WEIGHTS: [f64; 4] = [0.3, 0.1, 0.1, 0.3];

#[test]
fn a_network_that_works_has_no_warning() {
    let usual = with_edges(graph(WEIGHTS, neurons(1.0), &[]), &EDGES);
    assert_eq!(told(&usual, &|_| ()), []);
    let leaky = with_edges(graph(WEIGHTS, leaky(1e-3, 0.0), &[]), &EDGES);
    assert_eq!(told(&leaky, &|_| ()), []);
}

#[test]
fn each_implausible_network_is_told_with_its_cause() {
    let usual = || with_edges(graph(WEIGHTS, neurons(1.0), &[]), &EDGES);
    let as_it_is: &dyn Fn(&mut SimulateConfig) = &|_| ();
    let loihi: &dyn Fn(&mut SimulateConfig) = &|c| c.options.preset = Some("loihi".into());
    let twice = [&EDGES[..], &[("in", "w")]].concat();
    let island = graph(WEIGHTS, neurons(1.0), &[("lost", neurons(1.0))]);
    for (code, graph, change, parts) in [
        (
            "never-spikes",
            with_edges(graph(WEIGHTS, neurons(1e6), &[]), &EDGES),
            as_it_is,
            &["\"n\" (the output)", "scale", "--preset"][..],
        ),
        (
            "always-spikes",
            with_edges(graph([90.0; 4], neurons(1.0), &[]), &EDGES),
            as_it_is,
            &["\"n\" (the output), 100.0 %", "1/dt"],
        ),
        (
            "timestep-above-tau",
            with_edges(graph(WEIGHTS, leaky(1e-5, 0.0), &[]), &EDGES),
            as_it_is,
            &["100 µs", "tau of \"n\" is 10.0 µs", "--dt"],
        ),
        (
            "start-above-threshold",
            usual(),
            &|c| c.options.initial_potential = Some(StartPotential::Value(3.0)),
            &[
                "\"n\" starts at 3 with a threshold of 1",
                "--initial-potential",
            ],
        ),
        (
            "repeated-edges",
            with_edges(graph(WEIGHTS, neurons(1.0), &[]), &twice),
            as_it_is,
            &["in → w"],
        ),
        (
            "disconnected-nodes",
            with_edges(island, &EDGES),
            as_it_is,
            &["no input reaches", "lost"],
        ),
        (
            "weights-out-of-range",
            with_edges(graph([500.0; 4], neurons(100.0), &[]), &EDGES),
            loihi,
            &["128000 weight units", "32768"],
        ),
        (
            "weights-out-of-range",
            with_edges(graph([1e-3; 4], neurons(1e-2), &[]), &EDGES),
            loihi,
            &["100 % of the weights below one weight unit"],
        ),
        (
            "weights-wide-range",
            with_edges(graph([1000.0, 0.5, 0.5, 0.5], neurons(1.0), &[]), &EDGES),
            as_it_is,
            &["75 %", "largest is 1000"],
        ),
    ] {
        let told = told(&graph, change);
        let found = told.iter().find(|(found, _)| found == code);
        let (_, message) = found.unwrap_or_else(|| panic!("{code} is not in {told:?}"));
        for part in parts {
            assert!(message.contains(part), "{code}, {part}: {message}");
        }
    }
}

#[test]
fn dt_of_the_right_size_ends_the_warning_of_the_shipped_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let network = root.join("tests/fixtures/input/unstable_tau.nir");
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("x.npz");
    archive(&input, &Array::from_elem(IxDyn(&[3, 4]), 0.7), &[0, 1, 2]);
    let codes = |dt_s| {
        let mut config = SimulateConfig {
            network: network.clone(),
            input: Some(input.clone()),
            timesteps: Some(20),
            ..SimulateConfig::default()
        };
        config.options.hold_input = true;
        config.options.dt_s = dt_s;
        let run = simulate_network(&config, &|_| ControlFlow::Continue(())).unwrap();
        run.warnings
            .into_iter()
            .map(|one| one.code)
            .collect::<Vec<_>>()
    };
    assert!(codes(None).contains(&"timestep-above-tau".to_owned()));
    assert!(!codes(Some(1e-6)).contains(&"timestep-above-tau".to_owned()));
}

/// A folder with a leaky network of two inputs and a recording of one event.
fn camera() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let shape = vec![2, 1, 1];
    let each = |value: f64| tensor(&[2, 1, 1], &[value; 2]);
    let lif = LIF {
        tau: each(1e-2),
        r: each(100.0),
        v_leak: each(0.0),
        v_threshold: each(0.5),
        v_reset: each(0.0),
    };
    let node = |name: &str, primitive| GraphNode {
        name: name.into(),
        primitive,
    };
    let graph = Graph {
        nodes: vec![
            node(
                "in",
                Primitive::Input(Input {
                    shape: shape.clone(),
                }),
            ),
            node("n", Primitive::LIF(lif)),
            node("out", Primitive::Output(Output { shape })),
        ],
        edges: vec![(0, 1), (1, 2)],
        ..Graph::default()
    };
    nir::write(&graph, &folder.path().join("net.nir")).unwrap();
    let events = folder.path().join("events.bin");
    std::fs::write(&events, [0, 0, 0, 0, 100]).unwrap();
    (folder, events)
}

#[test]
fn bins_of_events_are_held_against_the_timestep_of_the_neurons() {
    let (folder, events) = camera();
    let codes = |flags: &[&str]| {
        let mut command = Command::cargo_bin("spikewatt").unwrap();
        command.current_dir(folder.path());
        command.args(["simulate", "net.nir", "--format", "json", "--input"]);
        let done = command.arg(&events).args(flags).assert().success();
        let json: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
        let warnings = json["warnings"].as_array().unwrap().iter();
        let codes = warnings.map(|one| one["code"].as_str().unwrap().to_owned());
        codes.collect::<Vec<_>>()
    };
    let code = "events-not-in-timesteps".to_owned();
    assert!(codes(&[]).contains(&code));
    assert!(codes(&["--dt", "1e-4", "--dt-bin", "1e-3"]).contains(&code));
    assert!(!codes(&["--dt", "1e-3"]).contains(&code));
    assert!(!codes(&["--dt-bin", "1e-4"]).contains(&code));
}

#[test]
fn warnings_reach_the_terminal_the_summary_and_the_report() {
    let folder = TempDir::new().unwrap();
    let network = with_edges(graph(WEIGHTS, neurons(1e6), &[]), &EDGES);
    nir::write(&network, &folder.path().join("net.nir")).unwrap();
    let x = Array::from_elem(IxDyn(&[20, 3, 2]), 0.75);
    let y: Vec<i64> = (0..20).map(|sample| sample % 2).collect();
    archive(&folder.path().join("x.npz"), &x, &y);
    let run = |flags: &[&str]| {
        let mut command = Command::cargo_bin("spikewatt").unwrap();
        command.current_dir(folder.path());
        command.args(["run", "net.nir", "--data", "x.npz", "--targets", "loihi1"]);
        command
            .args(["--out", "out", "--force"])
            .args(flags)
            .assert()
            .success()
    };
    for flags in [&[][..], &["-q"]] {
        run(flags).stderr(predicate::str::contains("\"n\" (the output) ever spikes"));
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    let codes = summary["warnings"].as_array().unwrap().iter();
    let codes: Vec<_> = codes.map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["never-spikes", "spiking-near-chance"]);
    let methods = read("methods.md");
    assert!(methods.contains("## Warnings"), "{methods}");
    assert!(
        methods.contains("every sample is answered with class 0"),
        "{methods}"
    );
}
