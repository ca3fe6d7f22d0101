//! One function per kind of file: it hands the bytes to the reader and does with the result what
//! the program would do first. A refusal is fine; a panic, a hang or memory without end is not.
//!
//! The fuzz targets call these functions, and so does `tests/suite/hostile.rs`, which replays the corpus
//! and mutations of it with the stable toolchain.

use spikewatt::budget::{Budget, Measured};
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{ConvertedExperiment, SpikingExperiment};
use spikewatt::explore::open_recording;
use spikewatt::formats::dataset::{self, LoadOptions};
use spikewatt::formats::native::Description;
use spikewatt::formats::spikes::{self, Layout, Request};
use spikewatt::formats::{nir, onnx as onnx_format, sanafe as sanafe_format, saved_counts};
use spikewatt::report::Manifest;
use spikewatt::result::Report;
use spikewatt::sweep::{Merged, Plan, Shard, Store, Sweep, read_stores};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A reader by the name of its target.
pub type Reader = fn(&[u8]);

/// All targets; the corpus of each lies in the folder of its name.
pub const READERS: [(&str, Reader); 21] = [
    ("onnx", onnx),
    ("nir", nir),
    ("nir_data", nir_data),
    ("counts", counts),
    ("npy", npy),
    ("npz", npz),
    ("idx", idx),
    ("cifar", cifar),
    ("hdf5", hdf5),
    ("events", events),
    ("spikes", spikes),
    ("experiment", experiment),
    ("sweep", sweep),
    ("hardware", hardware),
    ("budget", budget),
    ("native", native),
    ("shapes", shapes),
    ("sanafe", sanafe),
    ("store", store),
    ("recording", recording),
    ("results", results),
];

/// Memory that a described network may take \[B\]: far below what the fuzzer allows.
const NETWORK_BYTES: u64 = 64 << 20;

/// Writes the bytes into a file of the thread's own folder, in memory where there is such.
fn with_file<T>(name: &str, data: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    thread_local! {
        static FOLDER: TempDir = {
            let memory = Path::new("/dev/shm");
            let folder = match memory.is_dir() {
                true => tempfile::tempdir_in(memory),
                false => tempfile::tempdir(),
            };
            folder.expect("a temporary folder")
        };
    }
    FOLDER.with(|folder| {
        let path = folder.path().join(name);
        std::fs::write(&path, data).expect("a file in the temporary folder");
        read(&path)
    })
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// ONNX: import into layers, and their dense work.
pub fn onnx(data: &[u8]) {
    if let Ok(model) = onnx_format::import("fuzz", "fuzz.onnx", data) {
        let _ = model.ann.dense_counts().macs();
    }
}

/// NIR: a network that can be run can be written and read again.
pub fn nir(data: &[u8]) {
    let Ok(graph) = nir::decode(data.to_vec()) else {
        return;
    };
    let options = spikewatt::neuron::PRESETS[0].options;
    if let Ok(lowered) = nir::lower(&graph, &options) {
        let outputs: Vec<usize> = lowered.outputs.iter().map(|port| port.population).collect();
        let _ = nir::raise(&lowered.network, options.dt_s, &outputs);
    }
    if let Ok(bytes) = nir::encode(&graph) {
        nir::decode(bytes).expect("what was written can be read");
    }
}

/// Recordings of NIR.
pub fn nir_data(data: &[u8]) {
    let _ = nir::data::decode(data.to_vec());
}

/// Saved counts: what can be read can be written again, and means the same.
pub fn counts(data: &[u8]) {
    let Ok(saved) = saved_counts::decode(data.to_vec()) else {
        return;
    };
    for population in 0..saved.counts.populations.len() {
        let _ = saved.counts.per_inference(population);
    }
    let bytes = saved_counts::encode(&saved).expect("what was read can be written");
    assert_eq!(
        saved,
        saved_counts::decode(bytes).expect("and be read again")
    );
}

fn load(name: &str, data: &[u8]) {
    with_file(name, data, |path| {
        let _ = dataset::load_with(path, &LoadOptions::default());
    });
}

/// Labelled data as `.npy`.
pub fn npy(data: &[u8]) {
    load("x.npy", data);
}

/// Labelled data as `.npz`.
pub fn npz(data: &[u8]) {
    load("x.npz", data);
}

/// Labelled data as IDX.
pub fn idx(data: &[u8]) {
    load("x-idx3-ubyte", data);
}

/// Labelled data as CIFAR batches, packed if the bytes begin as gzip.
pub fn cifar(data: &[u8]) {
    load("x.bin", data);
}

/// Labelled data as HDF5.
pub fn hdf5(data: &[u8]) {
    load("x.h5", data);
}

fn drive(name: &str, data: &[u8], dims: &[usize], hold: bool, layout: Option<Layout>) {
    let request = Request {
        node: "input",
        dims,
        hold,
        layout,
        timesteps: None,
        bin_s: 1e-3,
        samples: None,
        labels: None,
    };
    with_file(name, data, |path| {
        let _ = spikes::read(path, &request);
    });
}

/// Event recordings of N-MNIST.
pub fn events(data: &[u8]) {
    drive("x.bin", data, &[2, 34, 34], false, None);
}

/// Spiking input as `.npy`, `.npz` and HDF5; the first byte says for which network.
pub fn spikes(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let dims: &[usize] = [&[3][..], &[700], &[2, 3, 4], &[1]][usize::from(choice % 4)];
    let layout = [None, Some(Layout::T), Some(Layout::Nt), Some(Layout::Tn)];
    let layout = layout[usize::from(choice >> 3 & 3)];
    drive("x.data", data, dims, choice & 4 != 0, layout);
}

/// Experiment files, for conventional and for spiking networks.
pub fn experiment(data: &[u8]) {
    with_file("experiment.toml", data, |path| {
        if let Ok(experiment) = ConvertedExperiment::load(path, &[]) {
            let _ = experiment.check();
        }
        let _ = SpikingExperiment::load(path, &[]);
    });
}

/// Sweep files, with the plan of their points.
pub fn sweep(data: &[u8]) {
    with_file("sweep.toml", data, |path| {
        if let Ok(sweep) = Sweep::load(path, &[]) {
            let _ = Plan::new(&sweep, &SHIPPED);
        }
    });
}

static SHIPPED: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::shipped().expect("the shipped tables"));

/// Device tables, which may inherit from shipped ones.
pub fn hardware(data: &[u8]) {
    if let Some(text) = text(data) {
        let _ = SHIPPED.clone().add_text("fuzz", text);
    }
}

/// Budgets.
pub fn budget(data: &[u8]) {
    if let Some(text) = text(data) {
        let _ = Budget::parse("budget.toml", text);
    }
}

/// Native networks, built within a small memory.
pub fn native(data: &[u8]) {
    let Ok(mut description) = Description::parse(data, &PathBuf::from("network.toml")) else {
        return;
    };
    let simulation = &mut description.simulation;
    simulation.max_memory_bytes = simulation.max_memory_bytes.min(NETWORK_BYTES);
    let _ = description.build(description.simulation.seed);
}

/// Shapes of networks without weights.
pub fn shapes(data: &[u8]) {
    if let Some(text) = text(data) {
        let _ = spikewatt::formats::shapes::parse(text, "shapes.toml");
    }
}

/// Architectures of SANA-FE, and the devices that they become.
pub fn sanafe(data: &[u8]) {
    if text(data).is_some_and(|text| sanafe_format::parse(text).is_ok()) {
        with_file("chip.yaml", data, |path| {
            let _ = Catalogue::new().add_file(path);
        });
    }
}

/// The store of a sweep.
pub fn store(data: &[u8]) {
    with_file("shard-0-of-1.sqlite", data, |path| {
        let _ = read_stores(&[path.to_path_buf()]);
        let folder = path.parent().expect("a folder");
        let _ = Store::open(folder, Shard::WHOLE);
    });
}

/// Recordings of a simulation.
pub fn recording(data: &[u8]) {
    with_file("recording.npz", data, |path| {
        let _ = open_recording(path, 0);
    });
}

/// The JSON files of a result: summary, manifest, joined sweep.
pub fn results(data: &[u8]) {
    let _ = serde_json::from_slice::<Report>(data);
    let _ = Measured::parse("summary.json", data);
    with_file("results.json", data, |path| {
        let _ = Merged::load(path);
        let _ = Manifest::load(path);
    });
}
