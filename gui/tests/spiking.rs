//! What the command line runs opens and is priced in the window, whatever it is.

mod common;

use common::{go_on, opened, rest, window};
use eframe::egui;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{
    self, Counted, Experiment, SimulateConfig, SpikingData, SpikingExperiment, simulate_network,
};
use spikewatt::formats::nir::{
    self, Graph, GraphNode, IF, Input, Linear, Output, Primitive, Tensor,
};
use spikewatt_gui::app::App;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn tensor(dims: &[usize], data: &[f64]) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data: data.to_vec(),
    }
}

/// One neuron hears both polarities of one pixel.
fn network(path: &Path) {
    let node = |name: &str, primitive| GraphNode {
        name: name.into(),
        primitive,
    };
    let flatten = nir::Flatten {
        start_dim: 0,
        end_dim: -1,
        input_shape: Some(vec![2, 1, 1]),
    };
    let graph = Graph {
        nodes: vec![
            node("flat", Primitive::Flatten(flatten)),
            node(
                "in",
                Primitive::Input(Input {
                    shape: vec![2, 1, 1],
                }),
            ),
            node(
                "n",
                Primitive::IF(IF {
                    r: tensor(&[1], &[1.0]),
                    v_threshold: tensor(&[1], &[0.5]),
                    v_reset: tensor(&[1], &[0.0]),
                }),
            ),
            node("out", Primitive::Output(Output { shape: vec![1] })),
            node(
                "w",
                Primitive::Linear(Linear {
                    weight: tensor(&[1, 2], &[1.0, 1.0]),
                }),
            ),
        ],
        edges: vec![(0, 4), (1, 0), (2, 3), (4, 2)],
        ..Graph::default()
    };
    nir::write(&graph, path).unwrap();
}

/// `net.nir`, two `recordings` with one and three events, and `spiking.toml`.
fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    network(&at("net.nir"));
    std::fs::create_dir(at("recordings")).unwrap();
    let event = |polarity: u8, ms: u32| {
        let [_, b, c, d] = (ms * 1000).to_be_bytes();
        [0, 0, polarity << 7 | b, c, d]
    };
    let write = |name: &str, events: &[[u8; 5]]| {
        std::fs::write(at("recordings").join(name), events.concat()).unwrap();
    };
    write("1.bin", &[event(0, 3)]);
    write("2.bin", &[event(0, 0), event(1, 1), event(0, 3)]);
    let text = "model = 'net.nir'\ndata.path = 'recordings'\noutput.targets = ['loihi1']\n";
    std::fs::write(at("spiking.toml"), text).unwrap();
    folder
}

/// The sample is shown, its receipt is known, and the counts of all samples are priced.
fn assert_priced(harness: &Harness<'_, App>, samples: usize) {
    let app = harness.state();
    assert_eq!(app.message, None);
    let state = &app.state;
    let open = state.open.as_ref().expect("a sample is shown");
    assert!(open.ledger.is_ok(), "{:?}", open.ledger.as_ref().err());
    assert_eq!(state.samples, samples);
    let report = state.report.as_ref().expect("all samples are counted");
    assert_eq!(report.samples as usize, samples);
    assert!(
        report
            .targets
            .iter()
            .any(|target| target.energy_j.is_some())
    );
}

fn spikes(harness: &Harness<'_, App>) -> u64 {
    let open = harness.state().state.open.as_ref().unwrap();
    let counts = &open.record.counts.populations;
    counts.last().unwrap().spikes.iter().sum()
}

#[test]
fn an_experiment_with_a_spiking_network_opens_sample_by_sample() {
    let folder = bench();
    let mut harness = opened(folder.path().join("spiking.toml"));
    rest(&mut harness);
    assert_priced(&harness, 2);
    // One event, one spike; then three.
    assert_eq!(spikes(&harness), 1);
    harness.state_mut().state.wanted_sample = Some(1);
    harness.run_steps(2);
    rest(&mut harness);
    assert_priced(&harness, 2);
    assert_eq!(spikes(&harness), 3);
}

#[test]
fn a_spiking_network_asks_for_its_input() {
    let folder = bench();
    let mut harness = window(App::new(&egui::Context::default(), None));
    let app = harness.state_mut();
    app.open(Some(folder.path().join("net.nir")), 0);
    assert!(app.model.is_some(), "it waits for its input");
    app.take(vec![folder.path().join("recordings")]);
    harness.run_steps(8);
    harness.get_by_label("Run the model").click();
    harness.run_steps(2);
    rest(&mut harness);
    assert_priced(&harness, 2);
}

/// The experiment of [`bench`], run.
fn run(folder: &Path) -> experiment::Run {
    let experiment = Experiment::load(&folder.join("spiking.toml"), &[]).unwrap();
    experiment::run(&experiment, &Catalogue::shipped().unwrap(), &go_on).unwrap()
}

/// A result folder with these counts.
fn result(folder: &Path, counted: Counted) -> PathBuf {
    let result = folder.join("result");
    std::fs::create_dir(&result).unwrap();
    std::fs::write(result.join("counts.h5"), counted.encode().unwrap()).unwrap();
    result
}

#[test]
fn the_result_of_a_spiking_network_opens_with_its_samples() {
    let folder = bench();
    let result = result(folder.path(), run(folder.path()).into());
    for path in [result.clone(), result.join("counts.h5")] {
        let mut harness = opened(path);
        rest(&mut harness);
        assert_priced(&harness, 2);
    }
}

#[test]
fn counts_that_do_not_say_what_made_them_are_priced_all_the_same() {
    let folder = bench();
    let mut counted = Counted::from(run(folder.path()));
    counted.context.experiment = None;
    let mut harness = opened(result(folder.path(), counted));
    rest(&mut harness);
    let app = harness.state();
    let message = app.message.as_deref().unwrap_or_default();
    assert!(message.contains("its counts are priced"), "{message}");
    let report = app.state.report.as_ref().expect("they are priced");
    assert!(
        report
            .targets
            .iter()
            .any(|target| target.energy_j.is_some())
    );
}

#[test]
fn a_recording_is_priced_where_its_network_is() {
    let folder = bench();
    let recording = folder.path().join("out.npz");
    let config = SimulateConfig {
        network: folder.path().join("net.nir"),
        input: Some(folder.path().join("recordings")),
        record: Some(recording.clone()),
        ..SimulateConfig::default()
    };
    simulate_network(&config, &go_on).unwrap();
    let mut harness = opened(recording.clone());
    rest(&mut harness);
    assert_priced(&harness, 2);
    assert_eq!(spikes(&harness), 1);

    // It is found from where the recording lies, and has to spike as it did.
    let moved = TempDir::new().unwrap();
    let all = moved.path().join("all");
    std::fs::rename(folder.path(), &all).unwrap();
    let mut harness = opened(all.join("out.npz"));
    rest(&mut harness);
    assert_priced(&harness, 2);
    // The same pixel, at once.
    std::fs::write(all.join("recordings/1.bin"), [0; 5]).unwrap();
    let mut harness = opened(all.join("out.npz"));
    rest(&mut harness);
    let message = harness.state().message.clone().unwrap_or_default();
    assert!(message.contains("run the experiment again"), "{message}");

    // Without its network the spikes can still be seen.
    let alone = moved.path().join("alone.npz");
    std::fs::copy(all.join("out.npz"), &alone).unwrap();
    let mut harness = opened(alone);
    rest(&mut harness);
    let state = &harness.state().state;
    assert!(state.open.as_ref().is_some_and(|open| open.ledger.is_err()));
}

#[test]
fn the_library_opens_the_same_experiment_as_the_window() {
    let folder = bench();
    let by_file = Experiment::load(&folder.path().join("spiking.toml"), &[]).unwrap();
    let mut by_hand: Experiment = SpikingExperiment {
        model: folder.path().join("net.nir"),
        data: Some(SpikingData {
            path: folder.path().join("recordings"),
            ..SpikingData::default()
        }),
        ..SpikingExperiment::default()
    }
    .into();
    by_hand.pricing_mut().0.targets = vec!["loihi1".to_owned()];
    assert_eq!(by_file, by_hand);
    let json = serde_json::to_string(&by_file).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&json).unwrap(), by_hand);
}
