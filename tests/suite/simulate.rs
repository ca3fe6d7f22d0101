//! Spiking networks on given input: `spikewatt simulate` and the library function behind it.

use crate::npy::{NpzReader, NpzWriter, read_npy, write_npy};
use assert_cmd::Command;
use ndarray::{Array, Array1, ArrayD, IxDyn};
use predicates::prelude::*;
use spikewatt::experiment::{
    NetworkOptions, NetworkRun, OutputKind, SimulateConfig, SimulateError, StartPotential,
    simulate_network,
};
use spikewatt::formats::nir::{
    self, Affine, CubaLIF, Graph, GraphNode, IF, Input, LI, Linear, Output, Primitive, Tensor,
};
use spikewatt::formats::spikes::Layout;
use spikewatt::neuron::{CurrentOrder, ResetRule, ThresholdTest};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn simulate(config: &SimulateConfig) -> Result<NetworkRun, SimulateError> {
    simulate_network(config, &|_| ControlFlow::Continue(()))
}

fn tensor(dims: &[usize], data: &[f64]) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data: data.to_vec(),
    }
}

fn graph(nodes: Vec<(&str, Primitive)>, edges: &[(&str, &str)]) -> Graph {
    let node = |(name, primitive): (&str, Primitive)| GraphNode {
        name: name.into(),
        primitive,
    };
    let mut graph = Graph {
        nodes: nodes.into_iter().map(node).collect(),
        ..Graph::default()
    };
    graph.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    let find = |name: &str| graph.find(name).unwrap();
    graph.edges = edges.iter().map(|(a, b)| (find(a), find(b))).collect();
    graph
}

fn integrate_fire(threshold: f64, reset: f64) -> Primitive {
    Primitive::IF(IF {
        r: tensor(&[1], &[1.0]),
        v_threshold: tensor(&[1], &[threshold]),
        v_reset: tensor(&[1], &[reset]),
    })
}

fn port(dims: &[usize]) -> Primitive {
    Primitive::Input(Input {
        shape: dims.to_vec(),
    })
}

fn exit(dims: &[usize]) -> Primitive {
    Primitive::Output(Output {
        shape: dims.to_vec(),
    })
}

/// A folder with a network and its inputs.
struct Bench {
    folder: TempDir,
}

impl Bench {
    /// One neuron that fires above 1 and resets to `reset`, behind a weight of 1; `back` is the
    /// weight of its own spikes.
    fn new(reset: f64, back: f64) -> Self {
        let bench = Bench {
            folder: TempDir::new().unwrap(),
        };
        let weight = |weight| {
            Primitive::Linear(Linear {
                weight: tensor(&[1, 1], &[weight]),
            })
        };
        let network = graph(
            vec![
                ("input", port(&[1])),
                ("w", weight(1.0)),
                ("n", integrate_fire(1.0, reset)),
                ("back", weight(back)),
                ("output", exit(&[1])),
            ],
            &[
                ("input", "w"),
                ("w", "n"),
                ("n", "back"),
                ("back", "n"),
                ("n", "output"),
            ],
        );
        nir::write(&network, &bench.path("net.nir")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn input(&self, name: &str, dims: &[usize], values: &[f32]) -> PathBuf {
        let path = self.path(name);
        write_npy(
            &path,
            &ArrayD::from_shape_vec(IxDyn(dims), values.to_vec()).unwrap(),
        )
        .unwrap();
        path
    }

    /// The network on this input, recorded.
    fn config(&self, input: PathBuf) -> SimulateConfig {
        SimulateConfig {
            network: self.path("net.nir"),
            input: Some(input),
            record: Some(self.path("record.npz")),
            ..SimulateConfig::default()
        }
    }

    /// As [`config`](Self::config), of an array (T, …).
    fn over_time(&self, input: PathBuf) -> SimulateConfig {
        let mut config = self.config(input);
        config.options.layout = Some(Layout::T);
        config
    }

    fn recorded(&self, name: &str) -> ArrayD<u8> {
        recorded(&self.path("record.npz"), name)
    }

    /// Spikes of the neuron, timestep by timestep.
    fn train(&self, config: &SimulateConfig) -> Vec<u8> {
        simulate(config).unwrap();
        self.recorded("spikes/n").into_raw_vec_and_offset().0
    }
}

fn recorded(path: &Path, name: &str) -> ArrayD<u8> {
    let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
    npz.by_name(name).unwrap()
}

#[test]
fn worked_recurrent_neuron_hears_itself_one_timestep_later() {
    // v: .75, 1.5 → spike, reset to 0; then .75 − .5 = .25, 1.0 (not above 1), 1.75 → spike; …
    let bench = Bench::new(0.0, -0.5);
    let config = bench.over_time(bench.input("in.npy", &[6, 1], &[0.75; 6]));
    assert_eq!(bench.train(&config), [0, 1, 0, 0, 1, 0]);
    let run = simulate(&config).unwrap();
    assert_eq!(run.outputs, [[2.0]]);
    assert_eq!(run.output_populations[0].kind, OutputKind::SpikeCount);
    assert!(
        run.notes
            .iter()
            .any(|note| note.contains("one timestep late")),
        "{:?}",
        run.notes
    );
    // Two spikes through the synapse back; six real values through the synapse in.
    assert_eq!(run.totals.synops_per_inference, 2.0);
    assert_eq!(run.totals.macs_per_inference, 6.0);
}

#[test]
fn worked_each_option_has_its_effect() {
    let bench = Bench::new(0.25, 0.0);
    let input = bench.input("in.npy", &[8, 1], &[0.5; 8]);
    let base = bench.over_time(input);
    let with = |change: &dyn Fn(&mut SimulateConfig)| {
        let mut config = base.clone();
        change(&mut config);
        bench.train(&config)
    };
    // v: .5, 1, 1.5 → .25, .75, 1.25 → .25, .75, 1.25 → .25, .75
    assert_eq!(with(&|_| ()), [0, 0, 1, 0, 1, 0, 1, 0]);
    // v: .5, 1 → .25, .75, 1.25 → …
    let at_least = |c: &mut SimulateConfig| c.options.threshold_test = Some(ThresholdTest::AtLeast);
    assert_eq!(with(&at_least), [0, 1, 0, 1, 0, 1, 0, 1]);
    // v: 1.25 → .25, .75, 1.25 → …
    let initial =
        |c: &mut SimulateConfig| c.options.initial_potential = Some(StartPotential::Value(0.75));
    assert_eq!(with(&initial), [1, 0, 1, 0, 1, 0, 1, 0]);
    // v_reset is 0: .5, 1, 1.5 → 0, …
    assert_eq!(
        with(&|c| c.options.preset = Some("norse".into())),
        [0, 0, 1, 0, 0, 1, 0, 0]
    );
    assert_eq!(with(&|c| c.timesteps = Some(3)), [0, 0, 1]);
    let strong = SimulateConfig {
        input: Some(bench.input("strong.npy", &[8, 1], &[0.625; 8])),
        ..base.clone()
    };
    let with = |reset| SimulateConfig {
        options: NetworkOptions {
            reset: Some(reset),
            layout: Some(Layout::T),
            ..NetworkOptions::default()
        },
        ..strong.clone()
    };
    // v: .625, 1.25 → .25, .875, 1.5 → .25, …
    for rule in [ResetRule::Value, ResetRule::File] {
        assert_eq!(bench.train(&with(rule)), [0, 1, 0, 1, 0, 1, 0, 1]);
    }
    // v: .625, 1.25 → .25, .875, 1.5 → .5, 1.125 → .125, .75, 1.375 → .375, 1
    assert_eq!(
        bench.train(&with(ResetRule::Subtract)),
        [0, 1, 0, 1, 1, 0, 1, 0]
    );
}

/// A leaky readout: the length of a timestep shows, and what is recorded is its potential.
#[test]
fn closed_form_readout_with_any_timestep() {
    let bench = Bench::new(0.0, 0.0);
    let network = graph(
        vec![
            ("input", port(&[2])),
            (
                "w",
                Primitive::Affine(Affine {
                    weight: tensor(&[1, 2], &[1.0, 2.0]),
                    bias: tensor(&[1], &[0.0]),
                }),
            ),
            (
                "li",
                Primitive::LI(LI {
                    tau: tensor(&[1], &[1e-2]),
                    r: tensor(&[1], &[1.0]),
                    v_leak: tensor(&[1], &[0.0]),
                }),
            ),
            ("output", exit(&[1])),
        ],
        &[("input", "w"), ("w", "li"), ("li", "output")],
    );
    nir::write(&network, &bench.path("net.nir")).unwrap();
    let mut config = bench.config(bench.input("held.npy", &[2], &[0.5, 0.25]));
    config.options.hold_input = true;
    config.timesteps = Some(2000);
    for dt_s in [1e-3, 2e-4] {
        config.options.dt_s = Some(dt_s);
        let run = simulate(&config).unwrap();
        let mut npz = NpzReader::new(File::open(bench.path("record.npz")).unwrap()).unwrap();
        let potential: ArrayD<f32> = npz.by_name("potential/li").unwrap();
        let input: ArrayD<f32> = npz.by_name("potential/input").unwrap();
        assert_eq!(
            (potential.shape(), input.shape()),
            (&[2000, 1][..], &[2000, 2][..])
        );
        assert!(
            input
                .outer_iter()
                .all(|row| row[0] == 0.5 && row[1] == 0.25)
        );
        for (t, v) in potential.iter().enumerate() {
            let exact = 1.0 - (1.0 - dt_s / 1e-2).powi(t as i32 + 1);
            assert!((f64::from(*v) - exact).abs() < 1e-5, "{t}: {v}, {exact}");
        }
        assert_eq!(run.output_populations[0].kind, OutputKind::FinalPotential);
        assert_eq!(run.outputs[0][0], f64::from(potential[[1999, 0]]));
    }
}

#[test]
fn shapes_with_and_without_samples_and_held() {
    let bench = Bench::new(0.0, 0.0);
    let one = bench.over_time(bench.input("one.npy", &[3, 1], &[2.0, 0.0, 2.0]));
    assert_eq!(simulate(&one).unwrap().outputs, [[2.0]]);
    assert_eq!(bench.recorded("spikes/n").shape(), [3, 1]);

    let values = [2.0, 0.0, 2.0, 0.0, 2.0, 0.0];
    let two = bench.config(bench.input("two.npy", &[2, 3, 1], &values));
    assert_eq!(simulate(&two).unwrap().outputs, [[2.0], [1.0]]);
    let spikes = bench.recorded("spikes/n");
    assert_eq!(spikes.shape(), [2, 3, 1]);
    assert_eq!(spikes.into_raw_vec_and_offset().0, [1, 0, 1, 0, 1, 0]);
    let first = SimulateConfig {
        samples: Some(1),
        ..two
    };
    assert_eq!(simulate(&first).unwrap().outputs, [[2.0]]);
    assert_eq!(bench.recorded("spikes/n").shape(), [1, 3, 1]);

    let mut held = bench.config(bench.input("held.npy", &[2, 1], &[2.0, 0.0]));
    held.options.hold_input = true;
    held.timesteps = Some(4);
    assert_eq!(simulate(&held).unwrap().outputs, [[4.0], [0.0]]);
    held.timesteps = None;
    let refused = simulate(&held).unwrap_err().to_string();
    assert!(refused.contains("--timesteps"), "{refused}");
}

#[test]
fn held_spikes_accumulate_and_held_numbers_multiply() {
    let bench = Bench::new(0.0, 0.0);
    let mut figures = Vec::new();
    for value in [1.0, 0.5] {
        let mut config = bench.config(bench.input("held.npy", &[1], &[value]));
        config.options.hold_input = true;
        config.timesteps = Some(5);
        let input = &simulate(&config).unwrap().populations[1];
        figures.push((input.synops_per_inference, input.macs_per_inference));
    }
    // A spike back through a synapse of weight 0 is no operation.
    assert_eq!(figures, [(5.0, 0.0), (0.0, 5.0)]);
}

#[test]
fn regress_wrong_input_is_named_with_what_is_expected() {
    let bench = Bench::new(0.0, 0.0);
    let refusal = |config: &SimulateConfig| simulate(config).unwrap_err().to_string();
    let config = bench.over_time(bench.input("wide.npy", &[5, 3], &[0.0; 15]));
    let said = refusal(&config);
    for part in ["wide.npy", "[5, 3]", "\"input\"", "(T, 1)", "(N, T, 1)"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let mut short = bench.over_time(bench.input("short.npy", &[5, 1], &[0.0; 5]));
    short.timesteps = Some(6);
    let said = refusal(&short);
    assert!(
        said.contains("short.npy") && said.contains("5 timesteps, 6"),
        "{said}"
    );
    let mut config = bench.over_time(bench.input("nan.npy", &[2, 1], &[0.0, f32::NAN]));
    assert!(refusal(&config).contains("value 1 is NaN"));
    config.input = None;
    assert!(refusal(&config).contains("give --input"));
    let noise = bench.path("noise.xyz");
    std::fs::write(&noise, b"no array").unwrap();
    assert!(refusal(&bench.config(noise)).contains("noise.xyz: its format is not recognised"));
    let mut config = bench.over_time(bench.input("ok.npy", &[2, 1], &[0.0; 2]));
    config.record = config.input.clone();
    assert!(matches!(
        simulate(&config),
        Err(SimulateError::Overwrites(_))
    ));
}

/// Two channels of 2×3, event by event: polarity is the channel, times fall into bins.
#[test]
fn worked_event_recording() {
    let bench = Bench::new(0.0, 0.0);
    let dims = [2, 2, 3];
    let ones = |value: f64| tensor(&dims, &[value; 12]);
    let network = graph(
        vec![
            ("input", port(&dims)),
            (
                "n",
                Primitive::IF(IF {
                    r: ones(1.0),
                    v_threshold: ones(0.5),
                    v_reset: ones(0.0),
                }),
            ),
            ("output", exit(&dims)),
        ],
        &[("input", "n"), ("n", "output")],
    );
    nir::write(&network, &bench.path("net.nir")).unwrap();
    let event = |x: u8, y: u8, p: u8, us: u32| {
        let [_, high, middle, low] = us.to_be_bytes();
        [x, y, p << 7 | high, middle, low]
    };
    // Two events of one pixel in one bin are one spike; the last comes too late.
    let events = [
        event(2, 1, 1, 999),
        event(2, 1, 1, 1),
        event(0, 0, 0, 1000),
        event(1, 0, 1, 70_000),
    ];
    let path = bench.path("events.bin");
    std::fs::write(&path, events.concat()).unwrap();
    let mut config = bench.config(path);
    config.timesteps = Some(3);
    let run = simulate(&config).unwrap();
    for population in ["spikes/input", "spikes/n"] {
        let spikes = bench.recorded(population);
        let fired: Vec<_> = spikes
            .indexed_iter()
            .filter(|(_, s)| **s == 1)
            .map(|(at, _)| (at[0], at[1]))
            .collect();
        assert_eq!(fired, [(0, 6 + 3 + 2), (1, 0)], "{population}");
    }
    assert!(
        run.notes
            .iter()
            .any(|note| note.starts_with("1 inputs come after")),
        "{:?}",
        run.notes
    );
    // Wider bins, as --dt-bin or --dt says.
    config.options.bin_s = Some(0.1);
    assert_eq!(
        simulate(&config).unwrap().outputs[0].iter().sum::<f64>(),
        3.0
    );
    assert_eq!(
        bench.recorded("spikes/input").iter().take(12).sum::<u8>(),
        3
    );
}

/// Four inputs, each into a neuron of its own that repeats its spikes.
fn repeater(bench: &Bench) {
    let ones = |value: f64| tensor(&[4], &[value; 4]);
    let neuron = Primitive::IF(IF {
        r: ones(1.0),
        v_threshold: ones(0.5),
        v_reset: ones(0.0),
    });
    let nodes = vec![("input", port(&[4])), ("n", neuron), ("output", exit(&[4]))];
    let network = graph(nodes, &[("input", "n"), ("n", "output")]);
    nir::write(&network, &bench.path("net.nir")).unwrap();
}

/// (sample, timestep, neuron) of each spike.
fn spikes_of(bench: &Bench) -> Vec<(usize, usize, usize)> {
    let spikes = bench.recorded("spikes/n");
    let fired = spikes.indexed_iter().filter(|(_, s)| **s == 1);
    fired.map(|(at, _)| (at[0], at[1], at[2])).collect()
}

/// `tests/reference/spikes/shd.h5`, which h5py wrote.
#[test]
fn reference_lists_of_spikes_as_h5py_stores_them() {
    let bench = Bench::new(0.0, 0.0);
    repeater(&bench);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = bench.config(root.join("tests/reference/spikes/shd.h5"));
    config.timesteps = Some(4);
    let run = simulate(&config).unwrap();
    assert_eq!(run.outputs[2], [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(spikes_of(&bench), [(0, 0, 3), (0, 2, 0), (2, 1, 1)]);
    // Without a length, that of the recording: the last spike is at 0.25 s.
    config.timesteps = None;
    assert_eq!(simulate(&config).unwrap().timesteps, 251);
    assert_eq!(spikes_of(&bench)[2], (0, 250, 2));

    let mut bytes = std::fs::read(config.input.unwrap()).unwrap();
    let heap = bytes
        .windows(4)
        .position(|window| window == b"GCOL")
        .unwrap();
    bytes[heap] = b'X';
    let damaged = bench.path("damaged.h5");
    std::fs::write(&damaged, bytes).unwrap();
    let said = simulate(&bench.config(damaged)).unwrap_err().to_string();
    assert!(said.contains("its lists are damaged"), "{said}");
}

#[test]
fn recordings_of_nir_are_input() {
    use nir::data::{EventSamples, GraphData, Grid, NodeData, Observable, TimeGridded, TimedEvent};
    let bench = Bench::new(0.0, 0.0);
    repeater(&bench);
    let event = |neuron, time_s| TimedEvent {
        neuron,
        time_s,
        value: (),
    };
    let events = Observable::Events(EventSamples {
        samples: vec![vec![event(2, 0.0), event(0, 0.0025)], vec![event(3, 0.001)]],
        neurons: 4,
        t_max_s: 0.01,
    });
    let mut data = vec![false; 24];
    data[2] = true;
    data[8] = true;
    data[12 + 4 + 3] = true;
    let grid = Observable::TimeGridded(TimeGridded {
        values: Grid::Spikes {
            dims: [2, 3, 4],
            data,
        },
        dt_s: 1e-3,
    });
    for (observable, name) in [(events, "input"), (grid, "camera")] {
        let node = NodeData::Node([("spikes".to_owned(), observable)].into());
        let nodes = [(name.to_owned(), node)].into();
        let path = bench.path("data.h5");
        nir::data::write(&GraphData { nodes }, &path).unwrap();
        let mut config = bench.config(path);
        config.timesteps = Some(3);
        simulate(&config).unwrap();
        assert_eq!(spikes_of(&bench), [(0, 0, 2), (0, 2, 0), (1, 1, 3)]);
    }
}

const NATIVE: &str = r#"
simulation = { dt_s = 1e-3, timesteps = 3000, seed = 3 }
[[populations]]
name = "e"
size = 30
neuron = { model = "lif", tau = 20e-3, v_threshold = 1.0, input = "delta" }
poisson = { rate_hz = 500.0, weight = 0.2 }
[[projections]]
source = "e"
target = "e"
rule = { fixed_indegree = 5 }
weight = 0.05
delay_s = 2e-3
"#;

/// More timesteps than the engine hands over at once, several samples, and any number of threads.
#[test]
fn recordings_of_native_networks_agree_with_counts_at_any_thread_count() {
    let folder = TempDir::new().unwrap();
    let network = folder.path().join("net.toml");
    std::fs::write(&network, NATIVE).unwrap();
    let mut found = Vec::new();
    for threads in [1, 3] {
        let record = folder.path().join(format!("{threads}.npz"));
        let config = SimulateConfig {
            network: network.clone(),
            samples: Some(4),
            record: Some(record.clone()),
            ..SimulateConfig::default()
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let run = pool.install(|| simulate(&config)).unwrap();
        let spikes = recorded(&record, "spikes/e");
        assert_eq!(spikes.shape(), [4, 3000, 30]);
        let sum = |values: &mut dyn Iterator<Item = u8>| values.map(u64::from).sum::<u64>();
        let total = sum(&mut spikes.iter().copied());
        assert!(total > 1000, "{total}");
        assert_eq!(total, run.counts.populations[0].spikes.iter().sum::<u64>());
        for (sample, outputs) in spikes.outer_iter().zip(&run.outputs) {
            for (neuron, &output) in outputs.iter().enumerate() {
                let train = sample.slice(ndarray::s![.., neuron]).to_owned();
                assert_eq!(sum(&mut train.into_iter()) as f64, output);
            }
        }
        // Every spike reaches the synapses of its neuron.
        assert!(
            (run.totals.synops_per_inference / run.totals.spikes_per_inference - 5.0).abs() < 1.0
        );
        found.push((std::fs::read(&record).unwrap(), run.outputs));
    }
    assert!(found[0] == found[1], "the thread count shows");
    assert_ne!(found[0].1[0], found[0].1[1], "samples draw from one stream");
    // Nothing but the recordings is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn options_reach_native_networks() {
    let folder = TempDir::new().unwrap();
    let network = folder.path().join("net.toml");
    std::fs::write(&network, NATIVE).unwrap();
    let base = SimulateConfig {
        network,
        timesteps: Some(500),
        ..SimulateConfig::default()
    };
    let outputs = |config: &SimulateConfig| simulate(config).unwrap().outputs;
    let usual = outputs(&base);
    assert_eq!(usual, outputs(&base));
    let option = |set: &dyn Fn(&mut NetworkOptions)| {
        let mut config = base.clone();
        set(&mut config.options);
        config
    };
    let changes = [
        ("dt", option(&|o| o.dt_s = Some(5e-4))),
        ("reset", option(&|o| o.reset = Some(ResetRule::Subtract))),
        (
            "initial",
            option(&|o| o.initial_potential = Some(StartPotential::Value(0.9))),
        ),
        (
            "seed",
            SimulateConfig {
                seed: Some(4),
                ..base.clone()
            },
        ),
        (
            "timesteps",
            SimulateConfig {
                timesteps: Some(400),
                ..base.clone()
            },
        ),
    ];
    for (name, config) in changes {
        assert_ne!(outputs(&config), usual, "{name}");
    }
    let unused = SimulateConfig {
        input: Some("x.npy".into()),
        ..base
    };
    assert!(matches!(
        simulate(&unused),
        Err(SimulateError::UnusedInput { .. })
    ));
}

#[test]
fn archives_hold_the_input_as_x_or_alone() {
    let bench = Bench::new(0.0, 0.0);
    let write = |names: &[&str]| {
        let path = bench.path("in.npz");
        let mut npz = NpzWriter::new(File::create(&path).unwrap());
        for name in names {
            let array = match *name {
                "y" => Array::from_elem(IxDyn(&[1]), 0.0f32),
                _ => Array::from_elem(IxDyn(&[1, 3, 1]), 2.0f32),
            };
            npz.add_array(*name, &array).unwrap();
        }
        npz.finish().unwrap();
        simulate(&bench.config(path))
    };
    assert_eq!(write(&["x", "y"]).unwrap().outputs, [[3.0]]);
    assert_eq!(write(&["events"]).unwrap().outputs, [[3.0]]);
    let said = write(&["a", "b"]).unwrap_err().to_string();
    assert!(said.contains("a.npy, b.npy"), "{said}");
}

#[test]
fn the_program_prints_and_fails_as_documented() {
    let bench = Bench::new(0.0, -0.5);
    let input = bench.input("in.npy", &[6, 1], &[0.75; 6]);
    let spikewatt = |flags: &[&str]| {
        let mut command = Command::cargo_bin("spikewatt").unwrap();
        command
            .arg("simulate")
            .arg(bench.path("net.nir"))
            .args(["--layout", "t"])
            .args(flags);
        command.arg("--input").arg(&input).assert()
    };
    spikewatt(&[]).success().stdout(
        predicate::str::contains("preset nir")
            .and(predicate::str::contains("dt 100 µs"))
            .and(predicate::str::contains("one timestep late"))
            .and(predicate::str::contains("SynOp/s")),
    );
    let out = spikewatt(&["--format", "json", "--seed", "7"]).success();
    let json: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    assert_eq!(json["outputs"], serde_json::json!([[2.0]]));
    assert_eq!((&json["seed"], &json["timesteps"]), (&7.into(), &6.into()));
    assert_eq!(json["totals"]["synops_per_inference"], 2.0);
    for key in [
        "name",
        "shape",
        "neurons",
        "synapses",
        "rate",
        "spikes_per_inference",
    ] {
        assert!(!json["populations"][1][key].is_null(), "{key}");
    }
    for key in ["simulate_s", "synops_per_s"] {
        assert!(json["timing"][key].as_f64().unwrap() > 0.0, "{key}");
    }
    spikewatt(&["--timesteps", "7"])
        .code(1)
        .stdout("")
        .stderr(predicate::str::contains("6 timesteps, 7 are asked for"));
    for usage in [
        ["--preset", "brian"],
        ["--timesteps", "0"],
        ["--dt", "-1"],
        ["--reset", "soft"],
    ] {
        spikewatt(&usage).code(2).stdout("");
    }
}

/// Two steps of Euler by hand: dt = tau_syn = tau_mem, so i(t) = x(t) and v(t) = i, of this timestep
/// or the one before.
#[test]
fn worked_every_flag_of_the_program_is_heard() {
    let bench = Bench::new(0.25, 0.0);
    let one = |value: f64| tensor(&[1], &[value]);
    let cuba = CubaLIF {
        tau_syn: one(1e-4),
        tau_mem: one(1e-4),
        r: one(1.0),
        v_leak: one(0.0),
        v_threshold: one(0.75),
        v_reset: one(0.0),
        w_in: one(1.0),
    };
    let mut network = graph(
        vec![
            ("input", port(&[1])),
            ("n", Primitive::CubaLIF(cuba)),
            ("output", exit(&[1])),
        ],
        &[("input", "n"), ("n", "output")],
    );
    network.starts.insert("n".into(), tensor(&[1], &[2.0]));
    nir::write(&network, &bench.path("cuba.nir")).unwrap();
    let halves = bench.input("halves.npy", &[1, 8, 1], &[0.5; 8]);
    let held = bench.input("held.npy", &[1], &[0.5]);
    let two = bench.input("two.npy", &[2, 3, 1], &[1.5; 6]);
    let events = bench.path("events.bin");
    // Two events, 0.4 ms apart; the polarity bit is 0.
    std::fs::write(&events, [0, 0, 0, 0, 100, 0, 0, 0, 1, 244]).unwrap();
    let pixels = |value: f64| tensor(&[2, 1, 1], &[value; 2]);
    let neurons = Primitive::IF(IF {
        r: pixels(1.0),
        v_threshold: pixels(0.5),
        v_reset: pixels(0.0),
    });
    let camera = graph(
        vec![
            ("input", port(&[2, 1, 1])),
            ("n", neurons),
            ("output", exit(&[2, 1, 1])),
        ],
        &[("input", "n"), ("n", "output")],
    );
    nir::write(&camera, &bench.path("camera.nir")).unwrap();
    let spikes = |network: &str, input: &Path, flags: &[&str]| -> serde_json::Value {
        let mut command = Command::cargo_bin("spikewatt").unwrap();
        command.arg("simulate").arg(bench.path(network));
        command.arg("--input").arg(input).args(flags);
        let out = command.args(["--format", "json"]).assert().success();
        let json: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
        json["outputs"].clone()
    };
    let [net, cuba, camera] = ["net.nir", "cuba.nir", "camera.nir"];
    let one: &[f64] = &[1.5];
    let step = bench.input("step.npy", &[1, 2, 1], &[one[0] as f32; 2]);
    for (network, input, flags, expected) in [
        (net, &halves, &[][..], vec![vec![3.0]]),
        (net, &halves, &["--threshold-test", "ge"], vec![vec![4.0]]),
        (net, &halves, &["--threshold-test", "gt"], vec![vec![3.0]]),
        (
            net,
            &halves,
            &["--initial-potential", "0.75"],
            vec![vec![4.0]],
        ),
        (net, &halves, &["--preset", "norse"], vec![vec![2.0]]),
        (net, &halves, &["--timesteps", "3"], vec![vec![1.0]]),
        (
            net,
            &held,
            &["--hold-input", "--timesteps", "8"],
            vec![vec![3.0]],
        ),
        // 1.5 → 0.25, 1.75 → 0.25, … against 1.5 → 0.5, 2 → 1, 2.5 → 1.5.
        (net, &two, &["--samples", "1"], vec![vec![3.0]]),
        (net, &two, &[], vec![vec![3.0], vec![3.0]]),
        // v: 1.5 → 0, 1.5 → 0; of the current before: 0, 1.5 → 0.
        (cuba, &step, &[], vec![vec![2.0]]),
        (cuba, &step, &["--current-order", "new"], vec![vec![2.0]]),
        (cuba, &step, &["--current-order", "old"], vec![vec![1.0]]),
        // dt = tau/2, v: 0.375 (i = 0.75), 0.75 (i = 1.125) stays below; from v = 2: 1.375 fires.
        (cuba, &step, &["--dt", "5e-5"], vec![vec![0.0]]),
        (
            cuba,
            &step,
            &["--dt", "5e-5", "--initial-potential", "metadata"],
            vec![vec![1.0]],
        ),
        // Both events in one timestep of 1 ms, in two of 0.2 ms.
        (camera, &events, &[], vec![vec![1.0, 0.0]]),
        (camera, &events, &["--dt-bin", "2e-4"], vec![vec![2.0, 0.0]]),
        (camera, &events, &["--dt", "2e-4"], vec![vec![2.0, 0.0]]),
    ] {
        let expected = serde_json::json!(expected);
        assert_eq!(spikes(network, input, flags), expected, "{flags:?}");
    }
    // v: .625, 1.25 → .25 or .25, .875, 1.5 → .25 or .5: apart from the fifth timestep on.
    let strong = bench.input("strong.npy", &[1, 5, 1], &[0.625; 5]);
    for (rule, count) in [("file", 2.0), ("value", 2.0), ("subtract", 3.0)] {
        let found = spikes(net, &strong, &["--reset", rule]);
        assert_eq!(found, serde_json::json!([[count]]), "{rule}");
    }
}

// ---------------------------------------------------------------- other simulators' spikes

fn shared(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: {variable} names no folder of recordings");
    }
    folder
}

/// An array (T, …) as (T, neurons).
fn frames(path: &Path) -> ArrayD<f32> {
    let array: ArrayD<f32> = match read_npy::<_, ArrayD<u8>>(path) {
        Ok(array) => array.mapv(f32::from),
        Err(_) => read_npy(path).unwrap(),
    };
    let timesteps = array.shape()[0];
    let neurons = array.len() / timesteps;
    array
        .into_shape_with_order(IxDyn(&[timesteps, neurons]))
        .unwrap()
}

fn spikes_or_potentials(path: &Path, population: &str) -> (ArrayD<f32>, bool) {
    let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
    match npz.by_name::<ArrayD<u8>>(&format!("spikes/{population}")) {
        Ok(spikes) => (spikes.mapv(f32::from), true),
        Err(_) => (
            npz.by_name(&format!("potential/{population}")).unwrap(),
            false,
        ),
    }
}

/// NIR files that norse, snnTorch, sinabs and a float64 reference ran: spikes exactly, potentials
/// to 1e-5.
#[test]
fn reference_recordings_of_other_simulators() {
    let Some(folder) = shared("SPIKEWATT_SHARED_MODELS").map(|folder| folder.join("nir")) else {
        return;
    };
    let temp = TempDir::new().unwrap();
    let record = temp.path().join("record.npz");
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("ref"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    let mut compared = 0;
    for path in paths {
        let file = path.file_name().unwrap().to_str().unwrap();
        let stem = file.strip_suffix(".npy");
        let Some((subject, rule)) = stem.and_then(|stem| {
            let ours = stem.split_once(".np_");
            ours.or_else(|| {
                stem.strip_suffix(".sinabs")
                    .map(|subject| (subject, "sinabs"))
            })
        }) else {
            continue;
        };
        let (name, node) = match subject.split_once('.') {
            Some((name, node)) => (name, Some(node)),
            None => (subject, None),
        };
        let mut config = SimulateConfig {
            network: folder.join(format!("{name}.nir")),
            input: Some(folder.join(format!("ref/{name}.in.npy"))),
            record: Some(record.clone()),
            ..SimulateConfig::default()
        };
        let options = &mut config.options;
        options.layout = Some(Layout::T);
        match rule {
            "value" => options.reset = Some(ResetRule::Value),
            "subtract" => options.reset = Some(ResetRule::Subtract),
            "value_oldI" => options.current_order = Some(CurrentOrder::Old),
            _ => options.preset = Some("sinabs".into()),
        }
        let run = simulate(&config).unwrap_or_else(|error| panic!("{file}: {error}"));
        let output = run.output_populations[0].population.clone();
        let (have, spiking) = spikes_or_potentials(&record, node.unwrap_or(&output));
        let want = frames(&path);
        assert_eq!(have.shape(), want.shape(), "{file}");
        let tolerance = if spiking { 0.0 } else { 1e-5 };
        for ((at, have), want) in have.indexed_iter().zip(&want) {
            let (t, neuron) = (at[0], at[1]);
            assert!(
                (have - want).abs() <= tolerance,
                "{file}: {have} in timestep {t} of neuron {neuron}, recorded {want}"
            );
        }
        compared += 1;
    }
    assert!(compared >= 30, "{compared} recordings");
}

/// A noise-free Brunel network on which NEST and GeNN agree: 45,965 spikes, every one.
#[test]
fn reference_brunel_2000() {
    let Some(folder) = shared("SPIKEWATT_SHARED_DATA") else {
        return;
    };
    let data = folder.join("brunel2000.npz");
    let text = include_str!("../reference/brunel2000_deterministic.toml");
    let text = text.replace("brunel2000.npz", data.to_str().unwrap());
    let temp = TempDir::new().unwrap();
    let network = temp.path().join("brunel.toml");
    std::fs::write(&network, text).unwrap();
    let record = temp.path().join("record.npz");
    let config = SimulateConfig {
        network,
        record: Some(record.clone()),
        ..SimulateConfig::default()
    };
    let run = simulate(&config).unwrap();
    assert_eq!(run.totals.spikes_per_inference, 45_965.0);

    let mut npz = NpzReader::new(File::open(folder.join("brunel2000.npz")).unwrap()).unwrap();
    let step: Array1<u16> = npz.by_name("spike_step").unwrap();
    let neuron: Array1<u16> = npz.by_name("spike_neuron").unwrap();
    let expected: Vec<(usize, usize)> = step
        .iter()
        .zip(&neuron)
        .map(|(&t, &n)| (usize::from(t), usize::from(n)))
        .collect();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (population, first) in [("spikes/excitatory", 0), ("spikes/inhibitory", 1600)] {
        // Step k of the recording is the end of timestep k − 1.
        let spikes = recorded(&record, population);
        found.extend(
            spikes
                .indexed_iter()
                .filter(|(_, s)| **s == 1)
                .map(|(at, _)| (at[0] + 1, at[1] + first)),
        );
    }
    found.sort_unstable();
    let wrong = found
        .iter()
        .zip(&expected)
        .find(|(have, want)| have != want);
    assert!(found == expected, "first difference: {wrong:?}");
}
