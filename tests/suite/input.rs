//! Spiking input that can be read in two ways: labels and flags decide, and what they decide is told.

use crate::npy::{NpzReader, NpzWriter};
use assert_cmd::Command;
use ndarray::{Array, Array1, Array2, ArrayD, IxDyn};
use serde_json::Value;
use spikewatt::formats::nir::{
    self, Graph, GraphNode, IF, Input, Linear, Output, Primitive, Tensor,
};
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PIXELS: usize = 784;
const CLASSES: usize = 10;

/// A fixture of this project.
fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures/input").join(name)
}

/// A folder with a network of one layer, 784 inputs to 10 classes.
fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    let each = |value: f64| Tensor {
        dims: vec![CLASSES],
        data: vec![value; CLASSES],
    };
    let weight = |i: usize| ((i * 7 + i / PIXELS * 13) % 11) as f64 / 100.0 - 0.03;
    let weight = Tensor {
        dims: vec![CLASSES, PIXELS],
        data: (0..CLASSES * PIXELS).map(weight).collect(),
    };
    let neuron = IF {
        r: each(1.0),
        v_threshold: each(1.0),
        v_reset: each(0.0),
    };
    let shape = |neurons: usize| vec![neurons];
    let node = |name: &str, primitive| GraphNode {
        name: name.into(),
        primitive,
    };
    let graph = Graph {
        nodes: vec![
            node(
                "in",
                Primitive::Input(Input {
                    shape: shape(PIXELS),
                }),
            ),
            node("n", Primitive::IF(neuron)),
            node(
                "out",
                Primitive::Output(Output {
                    shape: shape(CLASSES),
                }),
            ),
            node("w", Primitive::Linear(Linear { weight })),
        ],
        edges: vec![(0, 3), (1, 2), (3, 1)],
        ..Graph::default()
    };
    nir::write(&graph, &folder.path().join("net.nir")).unwrap();
    folder
}

/// `run` of the network on data, with flags.
fn command(folder: &Path, data: &Path, flags: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("spikewatt").unwrap();
    command.current_dir(folder);
    command.args(["--format", "json", "run", "net.nir", "--data"]);
    command.arg(data).args(["--targets", "loihi1", "--force"]);
    command.args(["--out", "out"]).args(flags).assert()
}

/// The report of a run that succeeds.
fn run(folder: &Path, data: &Path, flags: &[&str]) -> Value {
    let done = command(folder, data, flags).success();
    serde_json::from_slice(&done.get_output().stdout).unwrap()
}

/// What a run that fails says.
fn refusal(folder: &Path, data: &Path, flags: &[&str]) -> String {
    let failed = command(folder, data, flags).code(1).stdout("");
    String::from_utf8(failed.get_output().stderr.clone()).unwrap()
}

fn codes(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array();
    let codes = warnings
        .into_iter()
        .flatten()
        .filter_map(|one| one["code"].as_str());
    codes.filter(|code| code.starts_with("input-")).collect()
}

/// What a reading decides.
fn figures(report: &Value) -> [&Value; 4] {
    ["samples", "timesteps", "totals", "accuracy"].map(|key| &report[key])
}

fn archive(folder: &Path, name: &str, x: &ArrayD<f32>, y: Option<&[i64]>) -> PathBuf {
    let path = folder.join(name);
    let mut npz = NpzWriter::new(File::create(&path).unwrap());
    npz.add_array("x", x).unwrap();
    if let Some(y) = y {
        npz.add_array("y", &Array1::from(y.to_vec())).unwrap();
    }
    npz.finish().unwrap();
    path
}

#[test]
fn as_many_labels_as_samples_hold_the_input() {
    let folder = bench();
    let images = fixture("images_25.npz");
    let said = refusal(folder.path(), &images, &[]);
    for part in ["--timesteps", "25 samples", "--hold-input", "--layout t"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let told = run(folder.path(), &images, &["-T", "25"]);
    assert_eq!(
        (&told["samples"], &told["timesteps"]),
        (&25.into(), &25.into())
    );
    assert_eq!(codes(&told), ["input-held"]);
    let held = run(folder.path(), &images, &["-T", "25", "--hold-input"]);
    assert!(codes(&held).is_empty());
    assert_eq!(figures(&told), figures(&held));
    let said = refusal(folder.path(), &images, &["--layout", "t"]);
    assert!(said.contains("are 25 labels for 1 sample"), "{said}");
}

#[test]
fn labels_of_the_second_axis_alone_put_time_first() {
    let folder = bench();
    let file = fixture("time_first.npz");
    let told = run(folder.path(), &file, &[]);
    assert_eq!(
        (&told["samples"], &told["timesteps"]),
        (&6.into(), &25.into())
    );
    assert_eq!(codes(&told), ["input-time-first"]);
    let stated = run(folder.path(), &file, &["--layout", "tn"]);
    assert!(codes(&stated).is_empty());
    assert_eq!(figures(&told), figures(&stated));
    // The same array with samples first.
    let mut npz = NpzReader::new(File::open(&file).unwrap()).unwrap();
    let x: ArrayD<f32> = npz.by_name("x").unwrap();
    let y: Array1<i64> = npz.by_name("y").unwrap();
    let turned = x
        .permuted_axes(IxDyn(&[1, 0, 2]))
        .as_standard_layout()
        .into_owned();
    let turned = archive(folder.path(), "nt.npz", &turned, Some(&y.to_vec()));
    let right = run(folder.path(), &turned, &[]);
    assert!(codes(&right).is_empty());
    assert_eq!(figures(&told), figures(&right));
    let said = refusal(folder.path(), &file, &["--layout", "nt"]);
    assert!(said.contains("are 6 labels for 25 samples"), "{said}");
}

#[test]
fn bytes_of_pixels_are_scaled_as_everywhere() {
    let folder = bench();
    let file = fixture("u8_50.npz");
    let flags = ["-T", "4", "--hold-input"];
    let told = run(folder.path(), &file, &flags);
    assert_eq!(codes(&told), ["input-scaled"]);
    let mut npz = NpzReader::new(File::open(&file).unwrap()).unwrap();
    let x: Array2<u8> = npz.by_name("x").unwrap();
    let y: Array1<i64> = npz.by_name("y").unwrap();
    let scaled = x.mapv(|byte| f32::from(byte) / 255.0).into_dyn();
    let scaled = archive(folder.path(), "scaled.npz", &scaled, Some(&y.to_vec()));
    assert_eq!(
        figures(&told),
        figures(&run(folder.path(), &scaled, &flags))
    );
    let raw = x.mapv(f32::from).into_dyn();
    let raw = archive(folder.path(), "raw.npz", &raw, Some(&y.to_vec()));
    assert_eq!(
        codes(&run(folder.path(), &raw, &flags)),
        ["input-not-scaled"]
    );
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_and_both_are_named() {
    let folder = bench();
    let of = |dims: &[usize], y: Option<&[i64]>| {
        let x = Array::from_elem(IxDyn(dims), 0.5f32);
        archive(folder.path(), "x.npz", &x, y)
    };
    for (dims, y, flags, parts) in [
        (
            &[25, PIXELS][..],
            None,
            &[][..],
            &["--hold-input", "--layout t"][..],
        ),
        (&[1, PIXELS], None, &[], &["1 sample,", "1 timestep ("]),
        (
            &[25, 6, PIXELS],
            None,
            &["-T", "25"],
            &["--layout nt", "--layout tn"],
        ),
        (&[25, 1, PIXELS], None, &[], &["--layout nt", "--layout tn"]),
        (
            &[3, 4, PIXELS],
            Some(&[0; 5][..]),
            &[],
            &["5 labels", "(3, 4, 784)"],
        ),
        (&[3, PIXELS], Some(&[0; 5]), &[], &["5 labels", "(3, 784)"]),
        (&[PIXELS, 3], None, &["--layout", "t"], &["transpose"]),
        (&[PIXELS], None, &[], &["--hold-input"]),
        (
            &[3, 4, PIXELS],
            None,
            &["--hold-input", "-T", "2"],
            &["(N, 784)"],
        ),
        (
            &[3, PIXELS],
            None,
            &["--hold-input", "--layout", "t"],
            &["exclude"],
        ),
        (
            &[3, PIXELS],
            Some(&[-1, 0, 0]),
            &[],
            &["\"y\"", "label 0 is -1"],
        ),
    ] {
        let said = refusal(folder.path(), &of(dims, y), flags);
        for part in parts {
            assert!(said.contains(part), "{dims:?} {flags:?}, {part}: {said}");
        }
        assert!(
            !folder.path().join("out").exists(),
            "{dims:?} left a folder"
        );
    }
    let square = run(folder.path(), &of(&[5, 5, PIXELS], Some(&[0; 5])), &[]);
    assert!(square["setup"]["notes"].to_string().contains("--layout tn"));
    let single = run(folder.path(), &of(&[5, PIXELS], Some(&[0])), &[]);
    assert_eq!(
        (&single["samples"], &single["timesteps"]),
        (&1.into(), &5.into())
    );
    let one = run(folder.path(), &of(&[5, 1, PIXELS], Some(&[0; 5])), &[]);
    assert_eq!(codes(&one), ["input-one-timestep"]);
    let short = run(
        folder.path(),
        &of(&[5, 4, PIXELS], Some(&[0; 5])),
        &["-T", "3"],
    );
    assert!(short["setup"]["notes"].to_string().contains("first 3 of 4"));
    let empty = Array::zeros(IxDyn(&[2, 3, PIXELS]));
    let empty = archive(folder.path(), "x.npz", &empty, Some(&[0; 2]));
    assert_eq!(codes(&run(folder.path(), &empty, &[])), ["input-empty"]);
}

#[test]
fn labels_are_never_dropped() {
    let folder = bench();
    let x = Array::from_elem(IxDyn(&[3, 4, PIXELS]), 0.5f32);
    let with = |name: &str, labels: ArrayD<f32>| {
        let path = folder.path().join("x.npz");
        let mut npz = NpzWriter::new(File::create(&path).unwrap());
        npz.add_array("x", &x).unwrap();
        npz.add_array(name, &labels).unwrap();
        npz.finish().unwrap();
        path
    };
    let numbers = Array::from_shape_vec(IxDyn(&[3]), vec![0.0, 1.0, 2.0]).unwrap();
    let usual = run(folder.path(), &with("y", numbers.clone()), &[]);
    assert!(usual["accuracy"]["snn"].is_number());
    let column = numbers
        .clone()
        .into_shape_with_order(IxDyn(&[3, 1]))
        .unwrap();
    let hot = Array::from_shape_fn(IxDyn(&[3, CLASSES]), |at| {
        f32::from(u8::from(at[0] == at[1]))
    });
    for (name, labels) in [("y", column), ("y", hot), ("targets", numbers.clone())] {
        let report = run(folder.path(), &with(name, labels), &[]);
        assert_eq!(figures(&report), figures(&usual), "{name}");
    }
    let other = run(folder.path(), &with("klass", numbers.clone()), &[]);
    assert_eq!(codes(&other), ["input-array-unused"]);
    let said = refusal(folder.path(), &with("y", numbers / 2.0), &[]);
    assert!(said.contains("label 1 is 0.5"), "{said}");
}
