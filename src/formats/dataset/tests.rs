use super::*;
use crate::formats::npy::Element;
use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{Array, Array1, Array2, Array3, Array4, Dimension, ShapeBuilder};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::io::{Cursor, Write};
use tempfile::TempDir;

/// A folder with one file of each given name.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// Loads one file without labels beside it.
fn load_bytes(name: &str, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    load(&folder(&[(name, bytes)]).path().join(name), None, None)
}

fn problem(name: &str, bytes: &[u8]) -> Problem {
    load_bytes(name, bytes).expect_err("refused").problem
}

fn idx(kind: u8, dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, dims.len() as u8];
    dims.iter().for_each(|d| bytes.extend(d.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn npy<T: Element, D: Dimension>(array: &Array<T, D>) -> Vec<u8> {
    let is_fortran = !array.is_standard_layout();
    let values: Vec<T> = match is_fortran {
        true => array.t().iter().copied().collect(),
        false => array.iter().copied().collect(),
    };
    let mut bytes = crate::formats::npy::encode(array.shape(), &values);
    if is_fortran {
        // Of the same length as False, so the header stays aligned.
        let at = bytes.windows(5).position(|word| word == b"False").unwrap();
        bytes[at..at + 5].copy_from_slice(b"True ");
    }
    bytes
}

/// Bytes of an `.npy` file with any header text.
fn raw_npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16 + 1).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend(data);
    bytes
}

/// A compressed archive of arrays.
fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        file.start_file(format!("{name}.npy"), options).unwrap();
        file.write_all(bytes).unwrap();
    }
    file.finish().unwrap().into_inner()
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}

#[test]
fn reference_shipped_fashion_mnist() {
    for (part, first, sum) in [
        ("t1k", [9, 2, 1, 1, 6], 33_456),
        ("train1k", [9, 0, 0, 3, 0], 76_247),
    ] {
        let data = load(
            &shipped(&format!("fmnist-{part}-images-idx3-ubyte.gz")),
            None,
            None,
        )
        .unwrap();
        assert_eq!(data.sample_dims, [28, 28]);
        assert_eq!(data.len(), 1000);
        let labels = data.labels.as_ref().unwrap();
        assert_eq!(labels[..5], first);
        assert_eq!(labels.iter().max(), Some(&9));
        assert_eq!(labels.len(), 1000);
        // The sum of the first image's bytes, computed with NumPy.
        let bytes: f32 = data.sample(0).iter().map(|v| (v * 255.0).round()).sum();
        assert_eq!(bytes, sum as f32);
        assert_eq!(data.inputs.iter().copied().fold(0.0, f32::max), 1.0);
    }
}

#[test]
fn reference_shipped_digits_scaled_to_the_unit_interval() {
    for (name, samples, first) in [("test360", 360, [2, 8, 2]), ("train1k", 1000, [6, 5, 3])] {
        let options = LoadOptions {
            preprocessing: Preprocessing {
                scale: Some(0.0625),
                ..Preprocessing::default()
            },
            ..LoadOptions::default()
        };
        let path = shipped(&format!("digits-{name}-images-idx3-ubyte.gz"));
        let data = load_with(&path, &options).unwrap();
        assert_eq!(
            (data.len(), data.sample_dims.as_slice()),
            (samples, &[8, 8][..])
        );
        assert_eq!(data.labels.as_ref().unwrap()[..3], first);
        assert_eq!(data.inputs.iter().copied().fold(0.0, f32::max), 1.0);
        assert_eq!(
            data.labels_file.unwrap().path,
            shipped(&format!("digits-{name}-labels-idx1-ubyte.gz"))
        );
    }
}

#[test]
fn reference_shipped_files_are_those_of_the_readme() {
    let readme = std::fs::read_to_string(shipped("README.md")).unwrap();
    let mut listed = 0;
    for entry in std::fs::read_dir(shipped("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with("-ubyte.gz") {
            let (_, source) = read(&path).unwrap();
            assert!(
                readme.contains(&format!("{}  {name}", source.sha256)),
                "{name}"
            );
            listed += 1;
        }
    }
    assert_eq!(listed, 8);
}

#[test]
fn worked_idx_bytes_become_fractions_of_255() {
    let bytes = idx(8, &[2, 1, 2], &[0, 255, 51, 102]);
    for (name, bytes) in [("a-ubyte", bytes.clone()), ("renamed", gz(&bytes))] {
        let data = load_bytes(name, &bytes).unwrap();
        assert_eq!(data.inputs, [0.0, 1.0, 0.2, 0.4]);
        assert_eq!(data.sample_dims, [1, 2]);
        assert_eq!(data.sample(1), [0.2, 0.4]);
        assert_eq!(data.labels, None);
    }
}

#[test]
fn idx_of_other_types_is_big_endian() {
    let floats: Vec<u8> = [1.5f32, -2.0]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect();
    assert_eq!(
        load_bytes("a", &idx(0x0D, &[1, 2], &floats))
            .unwrap()
            .inputs,
        [1.5, -2.0]
    );
    let doubles: Vec<u8> = [1.5f64, -2.0]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect();
    assert_eq!(
        load_bytes("a", &idx(0x0E, &[1, 2], &doubles))
            .unwrap()
            .inputs,
        [1.5, -2.0]
    );
    let shorts = idx(0x0B, &[1, 2], &[0xFF, 0xFE, 1, 0]);
    assert!(matches!(
        problem("a", &shorts),
        Problem::NoScale { found: "i16" }
    ));
    let dir = folder(&[("a", &shorts)]);
    let options = LoadOptions {
        preprocessing: Preprocessing {
            scale: Some(1.0),
            ..Preprocessing::default()
        },
        ..LoadOptions::default()
    };
    assert_eq!(
        load_with(&dir.path().join("a"), &options).unwrap().inputs,
        [-2.0, 256.0]
    );
}

#[test]
fn labels_are_found_beside_idx_images() {
    let images = idx(8, &[2, 1, 1], &[1, 2]);
    let labels = idx(8, &[2], &[7, 3]);
    for (name, beside, bytes) in [
        ("t-images-idx3-ubyte", "t-labels-idx1-ubyte", labels.clone()),
        ("t-images-idx3-ubyte", "t-labels-idx1-ubyte.gz", gz(&labels)),
        (
            "t-images-idx3-ubyte.gz",
            "t-labels-idx1-ubyte",
            labels.clone(),
        ),
        ("t-images.idx3-ubyte", "t-labels.idx1-ubyte", labels.clone()),
    ] {
        let dir = folder(&[(name, &images), (beside, &bytes)]);
        let data = load(&dir.path().join(name), None, None).unwrap();
        assert_eq!(data.labels, Some(vec![7, 3]), "{name} {beside}");
        assert_eq!(data.labels_file.unwrap().path, dir.path().join(beside));
    }
}

#[test]
fn given_labels_win_and_may_be_of_another_format() {
    let dir = folder(&[
        ("t-images-idx3-ubyte", &idx(8, &[2, 1, 1], &[1, 2])),
        ("t-labels-idx1-ubyte", &idx(8, &[2], &[7, 3])),
        ("other.npy", &npy(&Array1::from(vec![5i64, 6]))),
    ]);
    let data = load(
        &dir.path().join("t-images-idx3-ubyte"),
        Some(&dir.path().join("other.npy")),
        None,
    );
    assert_eq!(data.unwrap().labels, Some(vec![5, 6]));
}

#[test]
fn wrong_numbers_of_labels_are_refused_even_beyond_the_limit() {
    for labels in [1u32, 3] {
        let dir = folder(&[
            ("t-images-idx3-ubyte", &idx(8, &[2, 1, 1], &[1, 2])),
            (
                "t-labels-idx1-ubyte",
                &idx(8, &[labels], &vec![0; labels as usize]),
            ),
        ]);
        let error = load(&dir.path().join("t-images-idx3-ubyte"), None, Some(1)).unwrap_err();
        assert_eq!(error.file, dir.path().join("t-labels-idx1-ubyte"));
        assert!(matches!(
            error.problem,
            Problem::LabelCount { samples: 2, .. }
        ));
    }
}

#[test]
fn idx_sizes_are_compared_with_the_bytes_there() {
    let good = idx(8, &[2, 1, 2], &[1, 2, 3, 4]);
    for (cut, expected, found) in [(2, 4, 2), (10, 16, 10), (19, 20, 19)] {
        let short = &good[..cut];
        assert!(
            matches!(problem("a-ubyte", short), Problem::Truncated { expected: e, found: f } if (e, f) == (expected, found)),
            "{cut}"
        );
    }
    let long = [&good[..], &[0]].concat();
    assert!(matches!(
        problem("a", &long),
        Problem::Excess { expected: 20 }
    ));
    assert!(matches!(
        problem("a.gz", &gz(&long)),
        Problem::Excess { expected: 20 }
    ));
    assert!(matches!(
        problem("a.gz", &gz(&good[..18])),
        Problem::Truncated {
            expected: 20,
            found: 18
        }
    ));
    let broken = gz(&good);
    assert!(matches!(
        problem("a.gz", &broken[..broken.len() - 9]),
        Problem::Truncated { expected: 20, .. }
    ));
    let mut wrong_checksum = broken.clone();
    let at = broken.len() - 6;
    wrong_checksum[at] ^= 1;
    assert!(matches!(
        problem("a.gz", &wrong_checksum),
        Problem::Malformed { format: "gzip", .. }
    ));
}

#[test]
fn hostile_idx_headers_allocate_nothing() {
    let huge = idx(8, &[u32::MAX, u32::MAX, 1], &[0; 8]);
    assert!(matches!(
        problem("a", &huge),
        Problem::Truncated { found: 24, .. }
    ));
    assert!(matches!(
        problem("a.gz", &gz(&huge)),
        Problem::Implausible { .. }
    ));
    let overflow = idx(0x0E, &[u32::MAX; 4], &[0; 8]);
    assert!(matches!(
        problem("a", &overflow),
        Problem::Implausible {
            declared: u64::MAX,
            stored: 28
        }
    ));
    let empty = idx(8, &[0, u32::MAX, u32::MAX, u32::MAX], &[]);
    assert!(matches!(problem("a", &empty), Problem::Empty));
    assert!(matches!(
        problem("a", &idx(8, &[3], &[1, 2, 3])),
        Problem::NoSamples { .. }
    ));
}

#[test]
fn a_gzip_bomb_is_not_inflated() {
    // 64 MiB of zeros behind a header that announces four bytes.
    let bomb = gz(&[idx(8, &[2, 2], &[]), vec![0; 64 << 20]].concat());
    assert!(bomb.len() < 100_000);
    assert!(matches!(
        problem("a.gz", &bomb),
        Problem::Excess { expected: 16 }
    ));
    // The trailer of a CIFAR batch announces its size; a lie ends the inflation there.
    let mut bomb = gz(&vec![0; 64 << 20]);
    let end = bomb.len();
    bomb[end - 4..].copy_from_slice(&3073u32.to_le_bytes());
    assert!(matches!(
        problem("a.bin.gz", &bomb),
        Problem::Excess { expected: 3073 }
    ));
}

#[test]
fn cifar_batches_keep_their_planes() {
    let mut bytes = Vec::new();
    for label in [3u8, 9] {
        bytes.push(label);
        for plane in [51u8, 102, 153] {
            bytes.extend([plane; 1024]);
        }
    }
    for (name, bytes) in [("b.bin", bytes.clone()), ("b.bin.gz", gz(&bytes))] {
        let data = load_bytes(name, &bytes).unwrap();
        assert_eq!(data.sample_dims, [3, 32, 32]);
        assert_eq!(data.labels, Some(vec![3, 9]));
        assert_eq!(data.sample(1)[1023..1025], [0.2, 0.4]);
    }
    assert!(matches!(
        problem("b.bin", &bytes[..6145]),
        Problem::Malformed { .. }
    ));
    bytes[3073] = 10;
    assert!(matches!(
        problem("b.bin", &bytes),
        Problem::Malformed { .. }
    ));
    assert!(matches!(problem("b.bin", &[]), Problem::Empty));
}

#[test]
fn worked_mean_and_std_apply_per_channel() {
    let x = Array4::from_shape_vec((1, 3, 1, 2), vec![0u8, 255, 0, 255, 0, 255]).unwrap();
    let dir = folder(&[("x.npz", &npz(&[("x", npy(&x))]))]);
    let with = |mean: &[f64], std: &[f64]| {
        let preprocessing = Preprocessing {
            scale: None,
            mean: mean.to_vec(),
            std: std.to_vec(),
        };
        let options = LoadOptions {
            preprocessing,
            ..LoadOptions::default()
        };
        load_with(&dir.path().join("x.npz"), &options)
    };
    let data = with(&[0.0, 0.5, 1.0], &[1.0, 0.5, 0.25]).unwrap();
    assert_eq!(data.inputs, [0.0, 1.0, -1.0, 1.0, -4.0, 0.0]);
    assert_eq!(
        with(&[0.5], &[]).unwrap().inputs,
        [-0.5, 0.5, -0.5, 0.5, -0.5, 0.5]
    );
    for (mean, std) in [
        (&[0.0, 0.0][..], &[][..]),
        (&[f64::NAN], &[]),
        (&[], &[0.0]),
        (&[], &[1.0, -1.0, 1.0]),
        (&[], &[1e-60]),
    ] {
        let error = with(mean, std).unwrap_err();
        assert!(
            matches!(error.problem, Problem::Preprocessing(_)),
            "{error}"
        );
    }
}

fn labelled<T: Element>(labels: Vec<T>) -> Result<Dataset, DatasetError> {
    let x = Array2::from_shape_vec((2, 3), vec![0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    let labels = Array1::from(labels);
    load_bytes("a.npz", &npz(&[("x", npy(&x)), ("y", npy(&labels))]))
}

#[test]
fn npz_labels_of_every_integer_type() {
    for data in [
        labelled(vec![4i32, 2]),
        labelled(vec![4i64, 2]),
        labelled(vec![4u8, 2]),
        labelled(vec![4u16, 2]),
        labelled(vec![4i8, 2]),
        labelled(vec![4u64, 2]),
    ] {
        let data = data.unwrap();
        assert_eq!(data.labels, Some(vec![4, 2]));
        assert_eq!(data.sample(1), [3.0, 4.0, 5.0]);
    }
    let refused = |r: Result<Dataset, DatasetError>| r.unwrap_err().problem;
    assert!(matches!(
        refused(labelled(vec![0i64, -1])),
        Problem::LabelValue {
            index: 1,
            value: -1
        }
    ));
    assert!(matches!(
        refused(labelled(vec![0i64, 1 << 40])),
        Problem::LabelValue { .. }
    ));
    assert!(matches!(
        refused(labelled(vec![0.0f32, 0.5])),
        Problem::LabelFraction { .. }
    ));
    assert!(matches!(
        refused(labelled(vec![0u64, u64::MAX])),
        Problem::ElementType { .. }
    ));
    assert!(matches!(
        refused(labelled(vec![0i64])),
        Problem::LabelCount { .. }
    ));
}

#[test]
fn npz_inputs_of_each_type_and_order() {
    let values = |k: usize| Array3::from_shape_fn((2, 2, 3), |(n, i, j)| (n * 6 + i * 3 + j) * k);
    let expected: Vec<f32> = (0..12).map(|v| v as f32).collect();
    let c = values(1);
    let mut fortran = Array3::zeros((2, 2, 3).f());
    fortran.assign(&c);
    assert!(!fortran.is_standard_layout());
    for bytes in [
        npz(&[("x", npy(&c.mapv(|v| v as f32)))]),
        npz(&[("x", npy(&c.mapv(|v| v as f64)))]),
        npz(&[("x", npy(&fortran.mapv(|v| v as f32)))]),
        npz(&[("x", npy(&fortran.mapv(|v| v as f64)))]),
    ] {
        let data = load_bytes("a.npz", &bytes).unwrap();
        assert_eq!(
            (data.inputs, data.sample_dims),
            (expected.clone(), vec![2, 3])
        );
    }
    let bools = load_bytes("a.npz", &npz(&[("x", npy(&c.mapv(|v| v % 2 == 1)))])).unwrap();
    assert_eq!(bools.inputs[..4], [0.0, 1.0, 0.0, 1.0]);
    let wide = npz(&[("x", npy(&c.mapv(|v| v as i32)))]);
    assert!(matches!(
        problem("a.npz", &wide),
        Problem::NoScale { found: "i32" }
    ));
}

#[test]
fn npz_without_x_names_what_it_holds() {
    let bytes = npz(&[("images", npy(&Array1::from(vec![1.0f32])))]);
    let error = load_bytes("a.npz", &bytes).unwrap_err().to_string();
    assert!(
        error.contains("\"x\"") && error.contains("images.npy"),
        "{error}"
    );
}

#[test]
fn what_is_not_finite_is_named() {
    let x = Array2::from_shape_vec((2, 2), vec![0.0f64, 1.0, 2.0, f64::NAN]).unwrap();
    assert!(matches!(
        problem("a.npy", &npy(&x)),
        Problem::NotFinite {
            sample: 1,
            index: 1,
            ..
        }
    ));
    // Too large for an f32.
    let x = Array2::from_shape_vec((1, 2), vec![1e300f64, 1.0]).unwrap();
    assert!(matches!(
        problem("a.npy", &npy(&x)),
        Problem::NotFinite {
            sample: 0,
            index: 0,
            ..
        }
    ));
    // Beyond the limit nobody looks.
    let x = Array2::from_shape_vec((2, 1), vec![1.0f32, f32::INFINITY]).unwrap();
    let dir = folder(&[("a.npy", &npy(&x))]);
    assert_eq!(
        load(&dir.path().join("a.npy"), None, Some(1))
            .unwrap()
            .inputs,
        [1.0]
    );
}

#[test]
fn hostile_npy_headers_are_refused() {
    let header =
        |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    assert_eq!(
        load_bytes("a.npy", &raw_npy(&header("(1, 1)"), &[0; 4]))
            .unwrap()
            .inputs,
        [0.0]
    );
    let refused = |bytes: &[u8]| problem("a.npy", bytes);
    assert!(matches!(
        refused(&raw_npy(&header("(99999999999, 9)"), &[0; 4])),
        Problem::Truncated { found: 4, .. }
    ));
    assert!(matches!(
        refused(&raw_npy(&header("(18446744073709551615, 4)"), &[0; 4])),
        Problem::Implausible { .. }
    ));
    assert!(matches!(
        refused(&raw_npy(&header("(1, 1)"), &[0; 5])),
        Problem::Excess { .. }
    ));
    assert!(matches!(
        refused(&raw_npy(&"(".repeat(9000), &[])),
        Problem::Malformed { .. }
    ));
    assert!(matches!(
        refused(&raw_npy(&" ".repeat(20_000), &[])),
        Problem::Malformed { .. }
    ));
    assert!(matches!(
        refused(b"\x93NUMPY\x02\x00\xff\xff\xff\xff"),
        Problem::Malformed { .. }
    ));
    assert!(matches!(
        refused(b"\x93NUMPY\x01\x00\xff\x00"),
        Problem::Truncated { .. }
    ));
    assert!(matches!(refused(b"\x93NUMPY"), Problem::Malformed { .. }));
    let half = raw_npy(&header("(1, 1)").replace("<f4", "<f2"), &[0; 2]);
    assert!(matches!(refused(&half), Problem::ElementType { .. }));
    let bad_bool = raw_npy(&header("(1, 1)").replace("<f4", "|b1"), &[2]);
    assert!(matches!(refused(&bad_bool), Problem::Malformed { .. }));
}

fn hdf5_file(build: impl FnOnce(&mut ::hdf5::FileBuilder)) -> Vec<u8> {
    let mut file = ::hdf5::FileBuilder::new();
    build(&mut file);
    file.finish().unwrap()
}

#[test]
fn hdf5_holds_x_and_y() {
    let bytes = hdf5_file(|file| {
        file.create_dataset("x")
            .with_u8_data(&[0, 51, 102, 255])
            .with_shape(&[2, 1, 2]);
        file.create_dataset("y").with_i64_data(&[1, 8]);
    });
    let data = load_bytes("any-name", &bytes).unwrap();
    assert_eq!(data.inputs, [0.0, 0.2, 0.4, 1.0]);
    assert_eq!(
        (data.sample_dims, data.labels),
        (vec![1, 2], Some(vec![1, 8]))
    );
    let bytes = hdf5_file(|file| {
        file.create_dataset("x")
            .with_f64_data(&[0.5, -1.0])
            .with_shape(&[2, 1]);
    });
    assert_eq!(load_bytes("a.h5", &bytes).unwrap().inputs, [0.5, -1.0]);
    let bytes = hdf5_file(|file| {
        file.create_dataset("images").with_f64_data(&[0.5]);
    });
    assert!(matches!(
        problem("a.h5", &bytes),
        Problem::MissingArray { name: "x", .. }
    ));
    let bytes = hdf5_file(|file| {
        file.create_dataset("x").with_vlen_strings(&["a"]);
    });
    assert!(matches!(
        problem("a.h5", &bytes),
        Problem::ElementType { .. }
    ));
}

#[test]
fn reference_files_that_numpy_and_h5py_write() {
    const SCRIPT: &str = r#"
import sys, h5py, numpy as np
d = sys.argv[1] + "/"
x = np.arange(24).reshape(2, 3, 2, 2)
y = np.array([3, 1])
np.savez(d + "plain.npz", x=x.astype("f4"), y=y)
np.savez_compressed(d + "deflated.npz", y=y.astype("u1"), x=x.astype("f8"))
np.savez_compressed(d + "fortran.npz", x=np.asfortranarray(x.astype(">f4")), y=y.astype("u2"))
np.save(d + "x.npy", x.astype(">f8")); np.save(d + "y.npy", y.astype(">i4"))
with h5py.File(d + "chunked.h5", "w") as f:
    f.create_dataset("x", data=x.astype(">f4"), chunks=(1, 3, 1, 2), compression="gzip", shuffle=True)
    f["y"] = y
with h5py.File(d + "bool.h5", "w") as f:
    f["x"] = (x % 2).astype(bool)
"#;
    let has_modules = std::process::Command::new("python3")
        .args(["-c", "import h5py, numpy"])
        .output();
    if !has_modules.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 with h5py and numpy is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected: Vec<f32> = (0..24u8).map(f32::from).collect();
    let at = |name: &str| dir.path().join(name);
    for (name, labels) in [
        ("plain.npz", None),
        ("deflated.npz", None),
        ("fortran.npz", None),
        ("chunked.h5", None),
        ("x.npy", Some(at("y.npy"))),
    ] {
        let data = load(&at(name), labels.as_deref(), None).unwrap();
        assert_eq!(data.inputs, expected, "{name}");
        assert_eq!(data.sample_dims, [3, 2, 2], "{name}");
        assert_eq!(data.labels, Some(vec![3, 1]), "{name}");
    }
    let bools = load(&at("bool.h5"), None, None).unwrap();
    assert_eq!(bools.inputs[..3], [0.0, 1.0, 0.0]);
}

#[test]
fn unknown_content_lists_every_format() {
    let error = load_bytes("notes.txt", b"hello").unwrap_err().to_string();
    for reader in READERS {
        assert!(error.contains(reader.name), "{error}");
    }
    assert!(error.contains("notes.txt"));
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        load(dir.path(), None, None).unwrap_err().problem,
        Problem::NotAFile
    ));
    let missing = load(&dir.path().join("no.npz"), None, None).unwrap_err();
    assert!(matches!(missing.problem, Problem::Io(_)) && missing.to_string().contains("no.npz"));
}

#[test]
fn content_decides_before_the_name() {
    let x = Array2::from_shape_vec((1, 2), vec![1.0f32, 2.0]).unwrap();
    assert_eq!(load_bytes("a.h5", &npy(&x)).unwrap().inputs, [1.0, 2.0]);
    assert_eq!(
        load_bytes("a.npy", &npz(&[("x", npy(&x))])).unwrap().inputs,
        [1.0, 2.0]
    );
}

#[test]
fn limits_and_truncation_keep_the_first_samples() {
    let images = idx(8, &[3, 1, 1], &[0, 51, 255]);
    let dir = folder(&[
        ("t-images-idx3-ubyte", &images),
        ("t-labels-idx1-ubyte", &idx(8, &[3], &[4, 5, 6])),
    ]);
    let path = dir.path().join("t-images-idx3-ubyte");
    let mut data = load(&path, None, Some(2)).unwrap();
    assert_eq!((data.len(), data.labels.clone()), (2, Some(vec![4, 5])));
    data.truncate(9);
    assert_eq!(data.len(), 2);
    data.truncate(1);
    assert_eq!(
        (data.inputs.clone(), data.labels.clone()),
        (vec![0.0], Some(vec![4]))
    );
    assert_eq!(load(&path, None, Some(9)).unwrap().len(), 3);
    assert!(matches!(
        load(&path, None, Some(0)).unwrap_err().problem,
        Problem::Empty
    ));
}

#[test]
fn reference_sha256_is_of_the_bytes_on_disk() {
    let bytes = gz(&idx(8, &[1, 1], &[1]));
    let dir = folder(&[("a.gz", &bytes)]);
    let data = load(&dir.path().join("a.gz"), None, None).unwrap();
    let digest: Vec<String> = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(data.data.sha256, digest.concat());
    assert_eq!(data.data.path, dir.path().join("a.gz"));
}

/// A small valid file of each format.
fn valid_files() -> Vec<(&'static str, Vec<u8>)> {
    let x = Array2::from_shape_vec((2, 2), vec![1.0f32, 2.0, 3.0, 4.0]).unwrap();
    let y = Array1::from(vec![0u8, 1]);
    vec![
        ("a-ubyte", idx(8, &[2, 1, 2], &[1, 2, 3, 4])),
        ("a-ubyte.gz", gz(&idx(8, &[2, 1, 2], &[1, 2, 3, 4]))),
        ("a.npy", npy(&x)),
        ("a.npz", npz(&[("x", npy(&x)), ("y", npy(&y))])),
        ("a.bin.gz", gz(&[1; 3073])),
        (
            "a.h5",
            hdf5_file(|file| {
                file.create_dataset("x")
                    .with_f32_data(&[1.0, 2.0])
                    .with_shape(&[2, 1]);
                file.create_dataset("y").with_u8_data(&[0, 1]);
            }),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_never_panic(
        which in 0usize..6, cut in any::<prop::sample::Index>(), truncate in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 0..4),
    ) {
        let (name, mut bytes) = valid_files().swap_remove(which);
        prop_assert!(load_bytes(name, &bytes).is_ok());
        for (at, bits) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
            if flips.is_empty() {
                prop_assert!(load_bytes(name, &bytes).is_err());
            }
        }
        if let Ok(data) = load_bytes(name, &bytes) {
            prop_assert!(data.inputs.iter().all(|v| v.is_finite()));
            prop_assert!(data.labels.is_none_or(|labels| labels.len() * data.sample_dims.iter().product::<usize>() == data.inputs.len()));
        }
    }
}
