//! Files that no honest program writes, and the command that meets each.

use crate::build::{ints, model, node, tensor};
use flate2::Compression;
use flate2::write::GzEncoder;
use rten_onnx::onnx::{AttributeProto, NodeProto};
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;

/// A hostile file.
pub struct Case {
    /// What is hostile about it.
    pub kind: &'static str,
    /// Its name.
    pub file: &'static str,
    /// Its bytes; `None` for what is no file.
    pub bytes: Option<Vec<u8>>,
    /// The command that meets it, in a folder with the file and honest ones beside it.
    pub command: &'static str,
}

/// Honest files that commands need beside the hostile one.
pub fn honest(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (from, to) in [
        ("networks/digits_mlp.onnx", "digits.onnx"),
        ("data/digits-test360-images-idx3-ubyte.gz", "x-idx3.gz"),
        ("fuzz/corpus/nir/seed-small.nir", "small.nir"),
        ("fuzz/corpus/results/seed-summary.json", "good.json"),
        ("data/hardware/loihi1.toml", "loihi1.toml"),
    ] {
        std::fs::copy(root.join(from), folder.join(to)).unwrap();
    }
    std::fs::create_dir_all(folder.join("folder.npy")).unwrap();
}

fn seed(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    std::fs::read(folder.join(path)).unwrap()
}

fn half(path: &str) -> Vec<u8> {
    let bytes = seed(path);
    bytes[..bytes.len() / 2].to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An array of NumPy with this header and these bytes behind it.
pub fn npy(descriptor: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': {descriptor}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out.extend(data);
    out
}

fn archive(arrays: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(zip::DateTime::default());
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn idx(kind: u8, dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, kind, dims.len() as u8];
    out.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    out.extend(data);
    out
}

fn gemm(weights: &[f32]) -> Vec<u8> {
    let gemm = node("Gemm", "fc", &["x", "fc.weight"], "y", vec![]);
    model(
        &[2],
        vec![gemm],
        vec![tensor("fc.weight", &[2, 1], weights)],
        "y",
    )
}

fn conv(sample: &[i64], pads: i64) -> Vec<u8> {
    let attributes = vec![ints("pads", &[pads; 4]), ints("kernel_shape", &[1, 1])];
    let conv = node("Conv", "conv", &["x", "w"], "y", attributes);
    model(
        sample,
        vec![conv],
        vec![tensor("w", &[1, 1, 1, 1], &[1.0])],
        "y",
    )
}

/// One node `Relu` after the other.
pub fn chain(nodes: usize) -> Vec<u8> {
    let name = |i: usize| {
        if i == 0 {
            "x".to_owned()
        } else {
            format!("v{i}")
        }
    };
    let relu = |i: usize| -> NodeProto {
        node(
            "Relu",
            "",
            &[&name(i)],
            &name(i + 1),
            Vec::<AttributeProto>::new(),
        )
    };
    model(&[2], (0..nodes).map(relu).collect(), vec![], &name(nodes))
}

const RUN: &str = "run digits.onnx --out out --data";
const NATIVE: &str = r#"
    simulation = { dt_s = 1e-3, timesteps = 10 }
    populations = [{ name = "a", size = SIZE, neuron = { model = "lif", tau = 0.02, v_threshold = 1, v_leak = 0, r = 1 } }]
"#;

fn native(size: &str, more: &str) -> Vec<u8> {
    (NATIVE.replace("SIZE", size) + more).into_bytes()
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |kind, file, bytes: Vec<u8>, command| {
        all.push(Case {
            kind,
            file,
            bytes: Some(bytes),
            command,
        });
    };
    models(&mut add);
    data(&mut add);
    spiking(&mut add);
    texts(&mut add);
    results(&mut add);
    for (kind, file, command) in [
        ("a folder in place of data", "folder.npy", RUN),
        ("a device without an end as data", "/dev/zero", RUN),
        (
            "a device without an end as an experiment",
            "/dev/zero",
            "sweep run",
        ),
        ("no such file", "absent.nir", "simulate"),
    ] {
        all.push(Case {
            kind,
            file,
            bytes: None,
            command,
        });
    }
    all
}

type Add<'a> = &'a mut dyn FnMut(&'static str, &'static str, Vec<u8>, &'static str);

fn models(add: Add) {
    const INSPECT: &str = "inspect";
    add("an empty model", "empty.onnx", vec![], INSPECT);
    add(
        "a model cut short",
        "cut.onnx",
        half("onnx/seed-digits_mlp.onnx"),
        INSPECT,
    );
    add(
        "text in place of a model",
        "text.onnx",
        b"once upon a time".to_vec(),
        INSPECT,
    );
    add(
        "a length beyond the end of the model",
        "long.onnx",
        vec![0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        INSPECT,
    );
    add(
        "weights that are NaN",
        "nan.onnx",
        gemm(&[1.0, f32::NAN]),
        INSPECT,
    );
    add(
        "weights that are infinite",
        "inf.onnx",
        gemm(&[f32::INFINITY, 1.0]),
        INSPECT,
    );
    add(
        "fewer weights than declared",
        "few.onnx",
        gemm(&[1.0]),
        INSPECT,
    );
    add(
        "a tensor with a negative dimension",
        "negative.onnx",
        {
            let gemm = node("Gemm", "fc", &["x", "fc.weight"], "y", vec![]);
            model(
                &[2],
                vec![gemm],
                vec![tensor("fc.weight", &[-2, 1], &[1.0, 1.0])],
                "y",
            )
        },
        INSPECT,
    );
    add(
        "a tensor whose size overflows",
        "overflow.onnx",
        {
            let gemm = node("Gemm", "fc", &["x", "fc.weight"], "y", vec![]);
            model(
                &[2],
                vec![gemm],
                vec![tensor("fc.weight", &[i64::MAX, i64::MAX], &[1.0])],
                "y",
            )
        },
        INSPECT,
    );
    add(
        "an input of more neurons than can be numbered",
        "wide.onnx",
        conv(&[1, 1 << 20, 1 << 20], 0),
        INSPECT,
    );
    add(
        "padding without end",
        "padded.onnx",
        conv(&[1, 2, 2], 1 << 40),
        INSPECT,
    );
    add(
        "an operator nobody knows",
        "operator.onnx",
        {
            model(
                &[2],
                vec![node("Launch", "missile\u{1b}[2J", &["x"], "y", vec![])],
                vec![],
                "y",
            )
        },
        INSPECT,
    );
    add(
        "a node that reads what no node computes",
        "dangling.onnx",
        {
            model(
                &[2],
                vec![node("Relu", "r", &["nothing"], "y", vec![])],
                vec![],
                "y",
            )
        },
        INSPECT,
    );
    add(
        "weights in a file outside the folder",
        "outside.onnx",
        external("../../etc/passwd"),
        INSPECT,
    );
    add(
        "weights in a file with an absolute path",
        "absolute.onnx",
        external("/etc/passwd"),
        INSPECT,
    );
}

fn external(location: &str) -> Vec<u8> {
    use rten_onnx::onnx::{DataLocation, StringStringEntryProto, TensorProto};
    let entry = |key: &str, value: &str| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    let weights = TensorProto {
        float_data: vec![],
        data_location: Some(DataLocation::EXTERNAL),
        external_data: vec![entry("location", location)],
        ..tensor("fc.weight", &[2, 1], &[])
    };
    let gemm = node("Gemm", "fc", &["x", "fc.weight"], "y", vec![]);
    model(&[2], vec![gemm], vec![weights], "y")
}

fn data(add: Add) {
    add(
        "random bytes as data",
        "noise.dat",
        (0..200u8).collect(),
        RUN,
    );
    add(
        "a NumPy array that declares more than it holds",
        "declares.npy",
        npy("'<f4'", "(1000000, 64)", &[0; 64]),
        RUN,
    );
    add(
        "a NumPy array whose size overflows",
        "overflow.npy",
        npy("'<f8'", "(4294967296, 4294967296)", &[]),
        RUN,
    );
    add(
        "a NumPy array of objects, which Python would execute",
        "pickle.npy",
        npy("'|O'", "(1,)", b"cos\nsystem\n"),
        RUN,
    );
    add(
        "a NumPy array of records",
        "record.npy",
        npy("[('a', '<f4')]", "(1,)", &[0; 4]),
        RUN,
    );
    add(
        "a NumPy header that is no header",
        "header.npy",
        npy("'<f4'", "((((((((", &[]),
        RUN,
    );
    add(
        "a NumPy header that goes on behind the end",
        "cut.npy",
        b"\x93NUMPY\x01\x00\xff\x00{".to_vec(),
        RUN,
    );
    add(
        "data with NaN",
        "nan.npy",
        {
            let mut values = vec![0u8; 64 * 4];
            values[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
            npy("'<f4'", "(1, 64)", &values)
        },
        RUN,
    );
    add(
        "data of another shape than the model takes",
        "shape.npy",
        npy("'<f4'", "(2, 3)", &[0; 24]),
        RUN,
    );
    add(
        "no samples at all",
        "none.npy",
        npy("'<f4'", "(0, 64)", &[]),
        RUN,
    );
    add("an archive cut short", "cut.npz", half("npz/seed.npz"), RUN);
    add(
        "an archive without the array x",
        "other.npz",
        archive(&[("z.npy", &npy("'|u1'", "(1,)", &[1]))]),
        RUN,
    );
    add(
        "a zip bomb in NumPy's clothes",
        "bomb.npz",
        archive(&[("x.npy", &npy("'|u1'", "(4000000, 64)", &vec![0; 1000]))]),
        RUN,
    );
    add(
        "an archive entry with a wrong checksum",
        "sum.npz",
        {
            let mut bytes = seed("npz/seed.npz");
            let at = bytes.windows(6).position(|w| w == b"\x93NUMPY").unwrap();
            bytes[at + 140] ^= 1;
            bytes
        },
        RUN,
    );
    add(
        "an IDX file that declares more than it holds",
        "declares-idx3-ubyte",
        idx(8, &[4_000_000_000, 8, 8], &[0; 10]),
        RUN,
    );
    add(
        "a gzip bomb that declares 4 GB",
        "bomb-idx3-ubyte.gz",
        {
            let mut bytes = gzip(&idx(8, &[67_108_863, 8, 8], &[0; 1000]));
            let end = bytes.len();
            bytes[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
            bytes
        },
        RUN,
    );
    add(
        "an IDX file that goes on behind its end",
        "excess-idx3-ubyte",
        idx(8, &[1, 8, 8], &[0; 100]),
        RUN,
    );
    add(
        "a gzip stream cut short",
        "cut-idx3-ubyte.gz",
        {
            let bytes = gzip(&idx(
                8,
                &[100, 8, 8],
                &(0..6400).map(|i| (i * i % 251) as u8).collect::<Vec<_>>(),
            ));
            bytes[..bytes.len() / 2].to_vec()
        },
        RUN,
    );
    add(
        "an image batch with a label beyond its classes",
        "label.bin",
        [vec![77], vec![0; 3072]].concat(),
        RUN,
    );
    add(
        "an image batch that is not whole",
        "part.bin",
        vec![0; 1000],
        RUN,
    );
    add(
        "an HDF5 file cut short",
        "cut.h5",
        half("hdf5/seed.h5"),
        RUN,
    );
    add(
        "an HDF5 dataset that declares more than the file holds",
        "declares.h5",
        {
            let mut bytes = seed("hdf5/seed.h5");
            // The first dimension, 2, of `x` (2, 3, 2, 2).
            let dims: Vec<u8> = [2u64, 3, 2, 2]
                .iter()
                .flat_map(|d| d.to_le_bytes())
                .collect();
            let at = bytes.windows(dims.len()).position(|w| w == dims).unwrap();
            bytes[at..at + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
            bytes
        },
        RUN,
    );
}

fn spiking(add: Add) {
    const SIMULATE: &str = "simulate";
    const INPUT: &str = "simulate small.nir --dt 0.5 --input";
    add(
        "a NIR file cut short",
        "cut.nir",
        half("nir/seed-small.nir"),
        SIMULATE,
    );
    add(
        "an HDF5 file that is no network",
        "other.nir",
        seed("hdf5/seed.h5"),
        SIMULATE,
    );
    add(
        "text in place of a NIR file",
        "text.nir",
        b"once upon a time".to_vec(),
        SIMULATE,
    );
    add(
        "a network with weights that are NaN",
        "nan.nir",
        seed("nir/seed-nan.nir"),
        SIMULATE,
    );
    add(
        "spikes for another network",
        "shape.npy",
        npy("'<f4'", "(4, 3)", &[0; 48]),
        INPUT,
    );
    add(
        "spikes that are infinite",
        "inf.npy",
        npy(
            "'<f4'",
            "(1, 2)",
            &[f32::INFINITY.to_le_bytes(), [0; 4]].concat(),
        ),
        INPUT,
    );
    add(
        "events that are not whole",
        "part.bin",
        vec![1, 2, 3],
        INPUT,
    );
    add(
        "events in a file of no known kind",
        "noise.xyz",
        vec![7; 32],
        INPUT,
    );
    add(
        "a population of 10^18 neurons",
        "huge.toml",
        native("1000000000000000000", ""),
        SIMULATE,
    );
    add(
        "10^19 synapses",
        "synapses.toml",
        native(
            "3000000000",
            "projections = [{ source = \"a\", target = \"a\", rule = \"all_to_all\", weight = 1 }]",
        ),
        SIMULATE,
    );
    add(
        "a threshold that is no number",
        "nan.toml",
        native("1", "").replaced("v_threshold = 1", "v_threshold = nan"),
        SIMULATE,
    );
    add(
        "a weight that is infinite",
        "inf.toml",
        native(
            "1",
            "projections = [{ source = \"a\", target = \"a\", rule = \"all_to_all\", weight = inf, delay_s = 1e-3 }]",
        ),
        SIMULATE,
    );
    add(
        "a timestep of no length",
        "dt.toml",
        native("1", "").replaced("1e-3", "0.0"),
        SIMULATE,
    );
    add(
        "four billion timesteps",
        "long.toml",
        native("1", "").replaced("timesteps = 10", "timesteps = 4000000000"),
        "simulate --memory-limit 4GB",
    );
    add(
        "a population that projects to nobody",
        "nobody.toml",
        native(
            "1",
            "projections = [{ source = \"a\", target = \"b\", rule = \"all_to_all\", weight = 1 }]",
        ),
        SIMULATE,
    );
}

trait Replace {
    fn replaced(self, from: &str, to: &str) -> Vec<u8>;
}

impl Replace for Vec<u8> {
    fn replaced(self, from: &str, to: &str) -> Vec<u8> {
        let text = String::from_utf8(self).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    }
}

fn texts(add: Add) {
    add(
        "an experiment that is no TOML",
        "broken.toml",
        b"model = [[[".to_vec(),
        "run",
    );
    add(
        "an experiment with a key nobody knows",
        "key.toml",
        b"model = \"digits.onnx\"\nshell = \"rm\"\n[data]\npath = \"x-idx3.gz\"\n".to_vec(),
        "run",
    );
    add("an experiment of four billion timesteps", "timesteps.toml", b"model = \"digits.onnx\"\n[data]\npath = \"x-idx3.gz\"\n[simulation]\ntimesteps = 4000000000\n".to_vec(), "run");
    add(
        "an experiment that is no text",
        "bytes.toml",
        vec![0xff, 0xfe, 0, 1],
        "run",
    );
    add(
        "an experiment of 17 MB",
        "long-text.toml",
        vec![b'#'; 17 << 20],
        "run",
    );
    add(
        "a sweep of more points than anyone waits for",
        "points.toml",
        {
            let values: Vec<String> = (1..=1100).map(|v| v.to_string()).collect();
            let values = values.join(",");
            format!("experiment = {{ model = \"digits.onnx\", data = {{ path = \"x-idx3.gz\" }} }}\n[parameters]\n\"simulation.timesteps\" = [{values}]\n\"simulation.seed\" = [{values}]\n").into_bytes()
        },
        "sweep run",
    );
    add(
        "a sweep whose experiment is a device",
        "device.toml",
        b"experiment = \"/dev/zero\"\n[parameters]\na = [1]\n".to_vec(),
        "sweep run",
    );
    add("a device whose energy is negative", "negative.toml", b"inherits = \"loihi1\"\n[energy]\nspike = { typ = -1.0, unit = \"J\", source = \"none\", confidence = \"measured\" }\n".to_vec(), "hardware show loihi1 --hardware-file");
    add(
        "a device that inherits from nobody",
        "orphan.toml",
        b"inherits = \"nobody\"\n".to_vec(),
        "hardware show loihi1 --hardware-file",
    );
    add(
        "a budget without a limit",
        "nothing.toml",
        b"".to_vec(),
        "check good.json --budget",
    );
    add(
        "a budget below zero",
        "below.toml",
        b"[synops]\nmax = -1\n".to_vec(),
        "check good.json --budget",
    );
    add(
        "an architecture of more tiles than its mesh",
        "chip.yaml",
        String::from_utf8(seed("sanafe/seed-chip.yaml"))
            .unwrap()
            .replace("width: ", "width: 0 # ")
            .into_bytes(),
        "hardware show loihi1 --hardware-file",
    );
    add(
        "YAML whose aliases explode",
        "aliases.yaml",
        {
            let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
            for level in 1..12 {
                let aliases = vec![format!("*a{}", level - 1); 9].join(",");
                text += &format!("a{level}: &a{level} [{aliases}]\n");
            }
            (text + "architecture: *a11\n").into_bytes()
        },
        "hardware show loihi1 --hardware-file",
    );
    add(
        "shapes of a layer without end",
        "shapes.toml",
        b"input = [3, 4000000000, 4000000000]\n[[block]]\nlayers = [{ conv = { channels = 64, kernel = 3 } }]\n"
            .to_vec(),
        "estimate --rate 0.1 --timesteps 1",
    );
}

fn results(add: Add) {
    const PRICE: &str = "price";
    add(
        "saved counts cut short",
        "cut-counts.h5",
        half("counts/seed-counts.h5"),
        PRICE,
    );
    add(
        "an HDF5 file that holds no counts",
        "other.h5",
        seed("hdf5/seed.h5"),
        PRICE,
    );
    add(
        "a summary cut short",
        "cut.json",
        half("results/seed-summary.json"),
        "report",
    );
    add(
        "a manifest of somebody else",
        "manifest.json",
        b"{\"schema\": \"theirs/1\"}".to_vec(),
        "reproduce",
    );
    add(
        "JSON nested without end",
        "nested.json",
        vec![b'['; 100_000],
        "report",
    );
    add(
        "the results of no sweep",
        "results.json",
        b"{}".to_vec(),
        "pareto",
    );
}
