use super::*;
use std::io::Write as _;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn zip_of(names: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(b"content").unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn kind(name: &str, content: &[u8]) -> FileKind {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    kind_of(&path).unwrap()
}

#[test]
fn shipped_files_are_what_their_folders_say() {
    let all = |folder: &str, ending: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let found: Vec<_> = paths.filter(|path| extension(path) == ending).collect();
        assert!(!found.is_empty(), "{folder}");
        found
    };
    for (folder, ending, expected) in [
        ("data/hardware", "toml", FileKind::Device),
        ("data/validation", "toml", FileKind::Measurements),
        ("examples/shapes", "toml", FileKind::Shapes),
        ("networks", "onnx", FileKind::Onnx),
        ("data", "gz", FileKind::Dataset),
    ] {
        for path in all(folder, ending) {
            assert_eq!(kind_of(&path).unwrap(), expected, "{}", path.display());
        }
    }
    for (name, expected) in [
        ("anytime", FileKind::Sweep),
        ("brunel10000", FileKind::NativeNetwork),
        ("brunel2000", FileKind::NativeNetwork),
        ("budget", FileKind::Budget),
        ("digits", FileKind::ConvertedExperiment),
        ("early_exit", FileKind::Sweep),
        ("fashion_mnist", FileKind::ConvertedExperiment),
        ("students", FileKind::Sweep),
        ("sweep", FileKind::Sweep),
    ] {
        let path = root().join("examples").join(name).with_extension("toml");
        assert_eq!(kind_of(&path).unwrap(), expected, "{name}");
    }
}

#[test]
fn content_comes_before_the_name() {
    let legacy = [
        &[0x80, 2][..],
        &[
            0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
        ],
    ]
    .concat();
    for (content, expected) in [
        (zip_of(&["archive/data.pkl"]), FileKind::TorchCheckpoint),
        (legacy, FileKind::TorchCheckpoint),
        (b"\x80\x04\x95".to_vec(), FileKind::Pickle),
        (
            zip_of(&["config.json", "model.weights.h5"]),
            FileKind::Keras,
        ),
        (
            zip_of(&["spikes/a.npy", "spikes/b.npy"]),
            FileKind::Recording,
        ),
        (zip_of(&["x.npy", "y.npy"]), FileKind::Dataset),
        (b"\x93NUMPY\x01\x00".to_vec(), FileKind::Dataset),
        (b"\x1c\0\0\0TFL3".to_vec(), FileKind::TfLite),
        (
            b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec(),
            FileKind::Matlab,
        ),
        (
            b"\x10\0\0\0\0\0\0\0{\"a\":{}}".to_vec(),
            FileKind::Safetensors,
        ),
        (
            b"{\n  \"schema\": \"spikewatt.run/1\"".to_vec(),
            FileKind::Summary,
        ),
        (
            b"{\"schema\":\"spikewatt.sweep/1\"".to_vec(),
            FileKind::SweepResults,
        ),
    ] {
        for name in ["model.onnx", "file", "network.nir", "x.bin"] {
            assert_eq!(kind(name, &content), expected, "{name}");
        }
    }
}

#[test]
fn without_a_mark_the_name_decides() {
    for (name, expected) in [
        ("a.onnx", FileKind::Onnx),
        ("a.ONNX", FileKind::Onnx),
        ("a.nir", FileKind::Nir),
        ("a.h5", FileKind::SavedCounts),
        ("a.pth", FileKind::TorchCheckpoint),
        ("train-images-idx3-ubyte", FileKind::Dataset),
        ("a.docx", FileKind::Unknown),
        ("a", FileKind::Unknown),
    ] {
        assert_eq!(kind(name, b""), expected, "{name}");
    }
}

#[test]
fn an_experiment_is_what_its_model_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("net.toml", "populations = []");
    write("net.nir", "");
    let of = |text: &str| kind_of_experiment(&text.parse().unwrap(), folder.path());
    for (text, expected) in [
        ("model = 'm.onnx'", FileKind::ConvertedExperiment),
        ("model = 'net.toml'", FileKind::SpikingExperiment),
        ("model = 'net.nir'", FileKind::SpikingExperiment),
        ("model = 'missing.nir'", FileKind::SpikingExperiment),
        ("model = 'missing.toml'", FileKind::ConvertedExperiment),
        (
            "model = 'm.onnx'\nnetwork.bin_s = 1e-3",
            FileKind::SpikingExperiment,
        ),
        ("data.path = 'x'", FileKind::ConvertedExperiment),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn folders_are_told_apart_by_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(kind_of(folder.path()).unwrap(), FileKind::Folder);
    std::fs::create_dir(folder.path().join("3")).unwrap();
    std::fs::write(folder.path().join("3/00001.bin"), b"").unwrap();
    assert_eq!(kind_of(folder.path()).unwrap(), FileKind::EventFolder);
    for (name, expected) in [
        ("summary.json", FileKind::ResultFolder),
        ("results.json", FileKind::SweepResults),
    ] {
        std::fs::write(folder.path().join(name), b"{}").unwrap();
        assert_eq!(kind_of(folder.path()).unwrap(), expected, "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let missing = kind_of(Path::new("no/such.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("no/such.toml: "), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.toml");
    std::fs::write(&path, "a = 1\nmodel = ").unwrap();
    let broken = kind_of(&path).unwrap_err().to_string();
    assert!(
        broken.contains("broken.toml") && broken.contains("line 2"),
        "{broken}"
    );
}

#[test]
fn each_kind_says_what_it_is_and_what_to_do() {
    let error = WrongKind {
        path: "net.pt".into(),
        kind: FileKind::TorchCheckpoint,
        wanted: "an experiment",
    };
    assert_eq!(
        error.to_string(),
        "net.pt: this is a PyTorch checkpoint, not an experiment; export it with \
         torch.onnx.export and give the .onnx file"
    );
}
