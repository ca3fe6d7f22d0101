//! Networks converted, written as NIR, and run again: by this program and by numpy.

use assert_cmd::Command;
use ndarray::{Array4, ArrayD, Axis};
use ndarray_npy::{NpzReader, write_npy};
use predicates::prelude::*;
use spikewatt::encoding::Encoding;
use spikewatt::engine::Simulator;
use spikewatt::experiment::{Converted, Experiment, convert_model};
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

/// Test images of the digits, and the folder of the converted network with a recording of the
/// network in memory on them.
struct Case {
    folder: TempDir,
    converted: Converted,
}

impl Case {
    fn new(initial_potential: f32) -> Self {
        let folder = TempDir::new().unwrap();
        let path = root().join("examples/digits.toml");
        let set = format!("conversion.initial_potential={initial_potential}");
        let experiment = Experiment::load(&path, std::slice::from_ref(&set)).unwrap();
        let converted = convert_model(&experiment, &|_| ControlFlow::Continue(())).unwrap();

        let mut options = LoadOptions {
            limit: Some(SAMPLES),
            ..LoadOptions::default()
        };
        options.preprocessing.scale = Some(1.0 / 16.0);
        let data = load_with(&experiment.data.path, &options).unwrap();
        let shape = (SAMPLES, 1, 8, 8);
        let inputs = Array4::from_shape_vec(shape, data.inputs.clone()).unwrap();
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
            .arg(&path)
            .args([
                "--set",
                &set,
                "--timesteps",
                &TIMESTEPS.to_string(),
                "--out",
            ])
            .arg(folder.path().join("out"))
            .assert()
            .success()
            .stdout(predicate::str::contains("--threshold-test ge"));
        Case { folder, converted }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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
        let json = std::fs::read_to_string(case.path("out/conversion.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let flags = json["flags"].as_str().unwrap();
        spikewatt()
            .arg("simulate")
            .arg(case.path("out/network.nir"))
            .arg("--input")
            .arg(case.path("x.npy"))
            .args(flags.split(' '))
            .arg("--record")
            .arg(case.path("file.npz"))
            .assert()
            .success();
        let mut npz = NpzReader::new(File::open(case.path("file.npz")).unwrap()).unwrap();
        let mut memory = NpzReader::new(File::open(case.path("memory.npz")).unwrap()).unwrap();
        let mut total = 0u64;
        for (name, expected) in case.expected() {
            let node = name.replace('/', "_");
            let found: ArrayD<u8> = npz.by_name(&format!("spikes/{node}")).unwrap();
            assert_eq!(found, expected, "{name}, starting at {initial}");
            total += found.iter().map(|&s| u64::from(s)).sum::<u64>();
        }
        assert!(total > 1000, "{total} spikes");
        let last = &case.converted.report.populations.last().unwrap().name;
        let node = last.replace('/', "_");
        let found: ArrayD<f32> = npz.by_name(&format!("potential/{node}")).unwrap();
        let expected: ArrayD<f32> = memory.by_name(&format!("potential/{last}")).unwrap();
        assert_eq!(found, expected, "starting at {initial}");

        // Each of the flags is needed.
        for (flag, other) in [
            ("--reset subtract", "--reset value"),
            ("--initial-potential metadata", "--initial-potential 0"),
        ] {
            if initial == 0.0 && flag.contains("initial") {
                continue;
            }
            let without = case.path("without.npz");
            spikewatt()
                .arg("simulate")
                .arg(case.path("out/network.nir"))
                .arg("--input")
                .arg(case.path("x.npy"))
                .args(flags.replace(flag, other).split(' '))
                .arg("--record")
                .arg(&without)
                .assert()
                .success();
            let mut npz = NpzReader::new(File::open(&without).unwrap()).unwrap();
            let (name, expected) = &case.expected()[0];
            let found: ArrayD<u8> = npz.by_name(&format!("spikes/{name}")).unwrap();
            assert_ne!(found, expected, "{other}");
        }
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
