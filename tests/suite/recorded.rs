//! Event recordings straight into converted ONNX networks.

use crate::build;

use build::{ints, model, node, tensor};
use rten_onnx::onnx::TensorProto;
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{
    self, CalibrationConfig, ConversionConfig, Correction, NetworkOptions, Readout, Run,
    SpikingData, SpikingExperiment, SpikingSimulation,
};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An event of the N-MNIST format at `time_ms`.
fn event(x: u8, y: u8, polarity: u8, time_ms: u32) -> [u8; 5] {
    let [_, high, middle, low] = (time_ms * 1000).to_be_bytes();
    [x, y, polarity << 7 | high, middle, low]
}

/// Recordings in one folder per class.
fn write(folder: &Path, class: usize, name: &str, events: &[[u8; 5]]) {
    let folder = folder.join(class.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), events.concat()).unwrap();
}

fn experiment(folder: &TempDir, timesteps: u32) -> SpikingExperiment {
    let recordings = folder.path().join("recordings");
    SpikingExperiment {
        model: folder.path().join("model.onnx"),
        data: Some(SpikingData {
            path: recordings.clone(),
            ..SpikingData::default()
        }),
        calibration: Some(CalibrationConfig {
            path: recordings,
            samples: None,
        }),
        conversion: Some(ConversionConfig::default()),
        simulation: SpikingSimulation {
            timesteps: Some(timesteps),
            ..SpikingSimulation::default()
        },
        network: NetworkOptions {
            bin_s: Some(1e-3),
            ..NetworkOptions::default()
        },
        ..SpikingExperiment::default()
    }
}

fn run(experiment: &SpikingExperiment) -> Run {
    let catalogue = Catalogue::shipped().unwrap();
    experiment::run(experiment, &catalogue, &|_| ControlFlow::Continue(())).unwrap()
}

/// Two outputs of four inputs, [2, 1, 2]: channel 0 left and right, channel 1 left and right.
fn linear() -> TempDir {
    let folder = TempDir::new().unwrap();
    let weights = [1.0, 0.0, 0.0, -0.5, 0.0, 1.0, 0.25, 0.0];
    let bytes = model(
        &[2, 1, 2],
        vec![
            node("Flatten", "flat", &["x"], "f", vec![]),
            node(
                "Gemm",
                "head",
                &["f", "w", "b"],
                "y",
                vec![build::int("transB", 1)],
            ),
        ],
        vec![
            tensor("w", &[2, 4], &weights),
            tensor("b", &[2], &[0.5, 0.0]),
        ],
        "y",
    );
    std::fs::write(folder.path().join("model.onnx"), bytes).unwrap();
    let recordings = folder.path().join("recordings");
    // Left, off, three times (once twice within a timestep), and right, on, once.
    let zero = [
        event(0, 0, 0, 0),
        event(0, 0, 0, 1),
        event(0, 0, 0, 1),
        event(1, 0, 1, 1),
        event(0, 0, 0, 2),
    ];
    // Right, off, twice, and left, on, in each timestep; the last event comes too late.
    let one = [
        event(1, 0, 0, 0),
        event(0, 0, 1, 0),
        event(0, 0, 1, 1),
        event(1, 0, 0, 2),
        event(0, 0, 1, 2),
        event(0, 0, 1, 3),
        event(0, 0, 0, 9),
    ];
    write(&recordings, 0, "00001.bin", &zero);
    write(&recordings, 1, "00002.bin", &one);
    folder
}

#[test]
fn worked_potentials_are_those_of_the_accumulated_events() {
    let folder = linear();
    let mut experiment = experiment(&folder, 4);
    let conversion = experiment.conversion.as_mut().unwrap();
    conversion.correction = Correction::None;
    let found = run(&experiment);
    // Frames [3, 0, 0, 1] and [0, 2, 4, 0]: logits [3 − 0.5 + 0.5, 0] and [0.5, 2 + 1], in each of
    // four timesteps on average.
    let outputs: Vec<&[f32]> = found.outcomes.iter().map(|o| &o.output[..]).collect();
    assert_eq!(outputs, [[12.0, 0.0], [2.0, 12.0]]);
    // Each input has one synapse: 4 and 6 spikes.
    assert_eq!(found.report.totals.synops_per_inference, 5.0);
    assert_eq!(found.report.totals.macs_per_inference, 0.0);
    let accuracy = found.report.accuracy.as_ref().unwrap();
    assert_eq!((accuracy.ann, accuracy.snn), (Some(1.0), 1.0));
    assert_eq!(accuracy.agreement, Some(1.0));
    // The original is what conventional targets execute.
    assert_eq!(found.report.model.macs, Some(8));
    let setup = &found.report.setup;
    assert_eq!(setup.calibration_samples, 2);
    let said = |word: &str| setup.notes.iter().any(|note| note.contains(word));
    assert!(
        said("accumulated events") && said("come after the last"),
        "{:?}",
        setup.notes
    );
}

/// Numbers from −0.5 to 0.5 that look random.
fn weights(name: &str, dims: &[i64]) -> TensorProto {
    let seed = name.bytes().fold(7u32, |sum, b| sum * 31 + u32::from(b));
    let count = dims.iter().product::<i64>() as u32;
    let value = |i: u32| (i + seed).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let values: Vec<f32> = (0..count).map(value).collect();
    tensor(name, dims, &values)
}

/// A convolution and two polarities, or both in one channel: over many timesteps the network
/// answers as the original does for frames.
#[test]
fn convolutions_of_events_answer_as_for_frames() {
    const TIMESTEPS: u32 = 64;
    for channels in [2, 1] {
        let folder = TempDir::new().unwrap();
        let pads = vec![ints("pads", &[1, 1, 1, 1]), ints("kernel_shape", &[3, 3])];
        let bytes = model(
            &[channels, 5, 6],
            vec![
                node("Conv", "conv", &["x", "wc"], "c", pads),
                node("Relu", "relu", &["c"], "r", vec![]),
                node("Flatten", "flat", &["r"], "f", vec![]),
                node("Gemm", "head", &["f", "wy"], "y", vec![]),
            ],
            vec![
                weights("wc", &[4, channels, 3, 3]),
                weights("wy", &[4 * 5 * 6, 3]),
            ],
            "y",
        );
        std::fs::write(folder.path().join("model.onnx"), bytes).unwrap();
        let recordings = folder.path().join("recordings");
        let mut state = 1u32;
        for sample in 0..24u32 {
            let events: Vec<[u8; 5]> = (0..300)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let [a, b, c, d] = state.to_be_bytes();
                    // Each sample has its own corner.
                    let x = (a % 4) + (sample % 3) as u8;
                    event(x, b % 5, c % 2, u32::from(d) % TIMESTEPS)
                })
                .collect();
            let class = sample as usize % 3;
            write(&recordings, class, &format!("{sample:05}.bin"), &events);
        }
        let mut experiment = experiment(&folder, TIMESTEPS);
        let potential = run(&experiment);
        let accuracy = potential.report.accuracy.unwrap();
        assert!(
            accuracy.agreement.unwrap() >= 0.9,
            "{channels}: {accuracy:?}"
        );
        experiment.conversion.as_mut().unwrap().readout = Readout::SpikeCount;
        let spikes = run(&experiment);
        let last = spikes.report.populations.last().unwrap();
        assert!(last.spikes_per_inference > 0.0, "{channels}");
        assert_eq!(
            potential
                .report
                .populations
                .last()
                .unwrap()
                .spikes_per_inference,
            0.0
        );
    }
}

/// The command line: a folder of recordings, or the length of a bin, says what the data are.
#[test]
fn the_command_line_takes_recordings_for_onnx_models() {
    let folder = linear();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let run = |arguments: &[&str]| {
        assert_cmd::Command::cargo_bin("spikewatt")
            .unwrap()
            .arg("run")
            .arg(path("model.onnx"))
            .arg("--data")
            .arg(path("recordings"))
            .args([
                "--targets",
                "loihi1",
                "--format",
                "json",
                "--force",
                "--out",
            ])
            .arg(path("out"))
            .args(arguments)
            .assert()
    };
    let calibration = path("recordings").display().to_string();
    let good = [
        "--timesteps",
        "4",
        "--correction",
        "none",
        "--calibration",
        &calibration,
    ];
    run(&good).success();
    let summary = std::fs::read_to_string(path("out/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["accuracy"]["ann"], 1.0);
    assert_eq!(summary["totals"]["synops_per_inference"], 5.0);
    assert_eq!(summary["setup"]["normalization"], "mmse for T = 4");

    let refused = |arguments: &[&str], word: &str| {
        let output = run(arguments).failure().get_output().stderr.clone();
        let said = String::from_utf8_lossy(&output).into_owned();
        assert!(said.contains(word), "{word}: {said}");
    };
    refused(&["--timesteps", "4"], "--calibration");
    refused(&["--calibration", &calibration], "--timesteps");
    refused(
        &[&good[..], &["--readout", "first-spike"]].concat(),
        "spike-count",
    );
    refused(
        &[&good[..], &["--encoding", "regular"]].concat(),
        "--encoding: recorded events are spikes already",
    );
}
