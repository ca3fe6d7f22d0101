//! Networks converted, written as NIR, and run again: by this program and by numpy.

use crate::build;
use crate::npy::{NpzReader, write_npy};
use assert_cmd::Command;
use build::{int, ints, model, node, tensor};
use ndarray::{Array4, ArrayD, Axis};
use predicates::prelude::*;
use rten_onnx::onnx::{NodeProto, TensorProto};
use spikewatt::encoding::Encoding;
use spikewatt::engine::Simulator;
use spikewatt::experiment::{Converted, ConvertedExperiment, convert_model};
use spikewatt::formats::dataset::{LoadOptions, load_with};
use spikewatt::formats::recording::Recorder;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SAMPLES: usize = 40;
const TIMESTEPS: u32 = 16;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn spikewatt() -> Command {
    Command::cargo_bin("spikewatt").unwrap()
}

/// A converted network, its input, and a recording of the network in memory on that.
struct Case {
    folder: TempDir,
    converted: Converted,
}

impl Case {
    fn new(initial_potential: f32) -> Self {
        let path = root().join("examples/digits.toml");
        let set = format!("conversion.initial_potential={initial_potential}");
        Case::of(TempDir::new().unwrap(), &path, &set, [1, 8, 8])
    }

    /// The first samples of an experiment, which have the given shape.
    fn of(folder: TempDir, path: &Path, set: &str, [c, h, w]: [usize; 3]) -> Self {
        let experiment = ConvertedExperiment::load(path, &[set.to_owned()]).unwrap();
        let converted = convert_model(&experiment, &|_| ControlFlow::Continue(())).unwrap();

        let options = LoadOptions {
            limit: Some(SAMPLES),
            preprocessing: experiment.data.preprocessing.clone(),
            ..LoadOptions::default()
        };
        let data = load_with(&experiment.data.path, &options).unwrap();
        let inputs = Array4::from_shape_vec((SAMPLES, c, h, w), data.inputs.clone()).unwrap();
        let inputs = match &converted.network.populations[0].shape.dims()[..] {
            [n] => inputs
                .into_shape_with_order((SAMPLES, *n))
                .unwrap()
                .into_dyn(),
            _ => inputs.into_dyn(),
        };
        write_npy(folder.path().join("x.npy"), &inputs).unwrap();

        let network = &converted.network;
        let record = folder.path().join("memory.npz");
        let recorder = Recorder::new(&record, network, TIMESTEPS, Some(SAMPLES), false).unwrap();
        let shape = network.populations[0].shape;
        let drive = |i: usize| {
            let values = shape.to_channels_last(data.sample(i));
            Encoding::Constant.encode(values, TIMESTEPS, 0, i)
        };
        Simulator::new(network, TIMESTEPS)
            .unwrap()
            .run_recorded(SAMPLES, &drive, &recorder, &|_| ControlFlow::Continue(()))
            .unwrap();
        recorder.finish().unwrap();

        spikewatt()
            .arg("convert")
            .arg(path)
            .args(["--set", set, "--timesteps", &TIMESTEPS.to_string(), "--out"])
            .arg(folder.path().join("out"))
            .assert()
            .success()
            .stdout(predicate::str::contains("--threshold-test ge"));
        Case { folder, converted }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the written file with the given flags; what was recorded.
    fn simulate(&self, flags: &str) -> NpzReader<File> {
        let record = self.path("file.npz");
        spikewatt()
            .arg("simulate")
            .arg(self.path("out/network.nir"))
            .arg("--input")
            .arg(self.path("x.npy"))
            .args(flags.split(' '))
            .arg("--record")
            .arg(&record)
            .assert()
            .success();
        NpzReader::new(File::open(record).unwrap()).unwrap()
    }

    /// The flags that the report states.
    fn flags(&self) -> String {
        let json = std::fs::read_to_string(self.path("out/conversion.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json["flags"].as_str().unwrap().to_owned()
    }

    /// Every spike and every last potential of the file are those of the network in memory.
    fn check(&self, what: &str) {
        let mut npz = self.simulate(&self.flags());
        let mut memory = NpzReader::new(File::open(self.path("memory.npz")).unwrap()).unwrap();
        let mut total = 0u64;
        for (name, expected) in self.expected() {
            let node = name.replace('/', "_");
            let found: ArrayD<u8> = npz.by_name(&format!("spikes/{node}")).unwrap();
            assert_eq!(found, expected, "{name}, {what}");
            total += found.iter().map(|&s| u64::from(s)).sum::<u64>();
        }
        assert!(total > 1000, "{total} spikes, {what}");
        let last = self.converted.report.populations.last().unwrap();
        if last.threshold.is_some() {
            return;
        }
        let last = &last.name;
        let node = last.replace('/', "_");
        let found: ArrayD<f32> = npz.by_name(&format!("potential/{node}")).unwrap();
        let expected: ArrayD<f32> = memory.by_name(&format!("potential/{last}")).unwrap();
        assert_eq!(found, expected, "{what}");
    }

    /// What each spiking population did, in memory.
    fn expected(&self) -> Vec<(String, ArrayD<u8>)> {
        let mut npz = NpzReader::new(File::open(self.path("memory.npz")).unwrap()).unwrap();
        let populations = &self.converted.report.populations;
        let spiking = populations.iter().filter(|p| p.threshold.is_some());
        let spikes = |name: &String| npz.by_name(&format!("spikes/{name}")).unwrap();
        let names: Vec<String> = spiking.map(|p| p.name.clone()).collect();
        let all: Vec<ArrayD<u8>> = names.iter().map(spikes).collect();
        names.into_iter().zip(all).collect()
    }
}

/// The written file, read by our reader and run with the flags that the report states, gives
/// every spike and every last potential of the network in memory.
#[test]
fn reference_the_written_file_spikes_as_the_network_in_memory() {
    for initial in [0.5, 0.3, 0.0] {
        let case = Case::new(initial);
        case.check(&format!("starting at {initial}"));
        let flags = case.flags();

        // Each of the flags is needed.
        for (flag, other) in [
            ("--reset subtract", "--reset value"),
            ("--initial-potential metadata", "--initial-potential 0"),
        ] {
            if initial == 0.0 && flag.contains("initial") {
                continue;
            }
            let mut npz = case.simulate(&flags.replace(flag, other));
            let (name, expected) = &case.expected()[0];
            let found: ArrayD<u8> = npz.by_name(&format!("spikes/{name}")).unwrap();
            assert_ne!(found, expected, "{other}");
        }
    }
}

/// Outputs that are read by spikes have a threshold in the file and spike as in memory.
#[test]
fn reference_outputs_that_spike_survive_the_file() {
    let path = root().join("examples/digits.toml");
    for readout in ["spike-count", "first-spike"] {
        let set = format!("conversion.readout={readout}");
        let case = Case::of(TempDir::new().unwrap(), &path, &set, [1, 8, 8]);
        case.check(readout);
        let (last, spikes) = case.expected().pop().unwrap();
        assert_eq!(last, case.converted.network.populations[3].name);
        let each = spikes.sum_axis(Axis(0)).sum_axis(Axis(0));
        assert!(each.iter().any(|&spikes| spikes > 0), "{readout}: {each}");
    }
}

/// Numbers from −0.5 to 0.5 that look random.
fn weights(name: &str, dims: &[i64]) -> TensorProto {
    let seed = name
        .bytes()
        .fold(7u32, |s, b| s.wrapping_mul(31) + u32::from(b));
    let number = |i: u32| {
        let mixed = (i + seed).wrapping_mul(2_654_435_761);
        (mixed >> 16) as f32 / 65_536.0 - 0.5
    };
    let count = dims.iter().product::<i64>() as u32;
    tensor(name, dims, &(0..count).map(number).collect::<Vec<_>>())
}

/// Branches that are added, and branches that are joined behind one another's average pooling.
#[test]
fn reference_branches_survive_the_file() {
    let conv = |name: &str, input: &str, pad: i64| -> NodeProto {
        let weight = format!("w{name}");
        node(
            "Conv",
            name,
            &[input, &weight],
            name,
            vec![ints("pads", &[pad; 4])],
        )
    };
    let relu = |name: &str, input: &str| node("Relu", name, &[input], name, vec![]);
    let head = |input: &str| {
        let flat = node("Flatten", "flat", &[input], "flat", vec![]);
        vec![flat, node("MatMul", "y", &["flat", "wy"], "y", vec![])]
    };
    let added = [
        vec![
            conv("c", "x", 1),
            relu("a", "c"),
            conv("d", "a", 1),
            node("Add", "e", &["d", "a"], "e", vec![]),
            relu("f", "e"),
            node("GlobalAveragePool", "g", &["f"], "g", vec![]),
        ],
        head("g"),
    ];
    let pooling = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    let joined = [
        vec![
            conv("c", "x", 1),
            relu("a", "c"),
            conv("d", "x", 1),
            relu("b", "d"),
            node("Concat", "j", &["a", "b"], "j", vec![int("axis", 1)]),
            node("AveragePool", "p", &["j"], "p", pooling),
            conv("e", "p", 0),
            relu("f", "e"),
        ],
        head("f"),
    ];
    for (what, nodes, constants) in [
        (
            "added",
            added,
            vec![
                weights("wc", &[4, 2, 3, 3]),
                weights("wd", &[4, 4, 3, 3]),
                weights("wy", &[4, 3]),
            ],
        ),
        (
            "joined",
            joined,
            vec![
                weights("wc", &[3, 2, 3, 3]),
                weights("wd", &[2, 2, 3, 3]),
                weights("we", &[4, 5, 2, 2]),
                weights("wy", &[16, 3]),
            ],
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let file = |name: &str| folder.path().join(name);
        let bytes = model(&[2, 6, 6], nodes.concat(), constants, "y");
        std::fs::write(file("model.onnx"), bytes).unwrap();
        let inputs = weights("x", &[SAMPLES as i64, 2, 6, 6]).float_data;
        let inputs: Vec<f32> = inputs.iter().map(|v| v + 0.5).collect();
        let inputs = Array4::from_shape_vec((SAMPLES, 2, 6, 6), inputs).unwrap();
        write_npy(file("samples.npy"), &inputs).unwrap();
        let experiment = "model = \"model.onnx\"\ndata.path = \"samples.npy\"\n\
             calibration.path = \"samples.npy\"\n";
        let path = file("experiment.toml");
        std::fs::write(&path, experiment).unwrap();
        let case = Case::of(folder, &path, "conversion.initial_potential=0.5", [2, 6, 6]);
        case.check(what);
        let error = case.converted.report.output_error;
        assert!(error < 0.2, "{what}: {error}");
    }
}

/// Sixty lines of numpy on the graph that the package nir reads give the same spikes.
#[test]
fn reference_numpy_on_the_package_nir_gives_the_same_spikes() {
    let probe = std::process::Command::new("python3")
        .args(["-c", "import nir, numpy, h5py"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 with nir, numpy and h5py is not installed");
        return;
    }
    let case = Case::new(0.5);
    let output = std::process::Command::new("python3")
        .arg(root().join("tests/reference/convert/simulate.py"))
        .args([case.path("out/network.nir"), case.path("x.npy")])
        .arg(TIMESTEPS.to_string())
        .arg(case.path("numpy.npz"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut npz = NpzReader::new(File::open(case.path("numpy.npz")).unwrap()).unwrap();
    for (name, expected) in case.expected() {
        let found: ArrayD<u8> = npz.by_name(&name.replace('/', "_")).unwrap();
        assert_eq!(found.len_of(Axis(0)), SAMPLES);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_nir_cannot_say_and_missing_data_are_refused() {
    let folder = TempDir::new().unwrap();
    let refused = |model: &str, arguments: &[&str], words: &[&str]| {
        let mut command = spikewatt();
        command
            .arg("convert")
            .arg(root().join(model))
            .args(arguments);
        let out = command
            .arg("--out")
            .arg(folder.path().join("out"))
            .arg("--force")
            .assert();
        for word in words {
            out.get_output();
            let said = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
            assert!(said.contains(word), "{word}: {said}");
        }
        out.code(1);
    };
    refused("networks/digits_mlp.onnx", &[], &["--data"]);
    refused(
        "examples/fashion_mnist.toml",
        &["--samples", "50"],
        &["max pooling", "average pooling"],
    );
    assert!(!folder.path().join("out/network.nir").exists());
}
