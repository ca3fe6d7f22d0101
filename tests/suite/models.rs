//! The development models against the logits that onnxruntime 1.31 gave for them.
//!
//! They are too many to ship; `SPIKEWATT_SHARED_MODELS` and `SPIKEWATT_SHARED_DATA` name the
//! folders they lie in.

use crate::npy::read_npy;
use spikewatt::ann::Runtime;
use spikewatt::conversion::{Calibration, ConversionOptions, convert};
use spikewatt::formats::dataset::{LoadOptions, Preprocessing, load_with};
use spikewatt::formats::onnx;
use std::path::{Path, PathBuf};

/// Name, test data, preprocessing.
fn models() -> Vec<(&'static str, &'static str, Preprocessing)> {
    let scaled = |scale: f64| Preprocessing {
        scale: Some(scale),
        ..Preprocessing::default()
    };
    let plain = Preprocessing::default;
    let fashion = "fmnist-t1k-images-idx3-ubyte.gz";
    let mnist = "mnist-t10k-images-idx3-ubyte.gz";
    let cifar = Preprocessing {
        mean: vec![0.4914, 0.4822, 0.4465],
        std: vec![0.2470, 0.2435, 0.2616],
        ..Preprocessing::default()
    };
    vec![
        (
            "digits_mlp",
            "digits-test360-images-idx3-ubyte.gz",
            scaled(1.0 / 16.0),
        ),
        ("fmnist_mlp", fashion, plain()),
        ("fmnist_lenet_bn", fashion, plain()),
        ("fmnist_cnn_qcfs8", fashion, plain()),
        ("cifar_resnet8", "cifar10-test1k.bin.gz", cifar),
        ("keras_fmnist_cnn", fashion, plain()),
        ("thirdparty/cntk_mnist8", mnist, scaled(1.0)),
        ("thirdparty/wonnx_opt_mnist", mnist, scaled(1.0)),
    ]
}

fn folders() -> Option<(PathBuf, PathBuf)> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    let both = folder("SPIKEWATT_SHARED_MODELS").zip(folder("SPIKEWATT_SHARED_DATA"));
    if both.is_none() {
        eprintln!("SKIPPED: SPIKEWATT_SHARED_MODELS or SPIKEWATT_SHARED_DATA is not set");
    }
    both
}

fn file(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}{ending}"))
}

/// Compares the outputs of a network with its reference, then converts it.
fn check(name: &str, model: &Path, expected: &Path, data: &Path, preprocessing: Preprocessing) {
    let model = onnx::load(model).unwrap();
    let expected: ndarray::Array2<f32> = read_npy(expected).unwrap();
    let options = LoadOptions {
        limit: Some(expected.nrows()),
        preprocessing,
        ..LoadOptions::default()
    };
    let data = load_with(data, &options).unwrap();
    let inputs = model.ann.fit(&data.sample_dims, data.inputs).unwrap();
    let runtime = Runtime::load(name, model.bytes, &model.ann.sample_dims).unwrap();
    let found = runtime
        .observe(&inputs, &[&model.ann.output], &|_, mut observed| {
            observed.remove(0).data
        })
        .unwrap()
        .concat();
    let scale = expected.iter().fold(0f32, |max, v| max.max(v.abs()));
    assert_eq!(found.len(), expected.len(), "{name}");
    let worst = found
        .iter()
        .zip(&expected)
        .fold(0f32, |max, (f, e)| max.max((f - e).abs()));
    assert!(worst < 1e-4 * scale, "{name}: {worst} of {scale}");
    let calibration = Calibration::measure(&model.ann, &runtime, &inputs, 99.9).unwrap();
    let options = ConversionOptions {
        timesteps: 8,
        use_max: false,
        initial_potential: 0.5,
        max_pool: None,
        signed_spikes: false,
    };
    let conversion = convert(&model.ann, &calibration, &options).unwrap();
    conversion.network.check().unwrap();
}

#[test]
fn reference_outputs_of_shipped_networks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fashion = root.join("data/fmnist-t1k-images-idx3-ubyte.gz");
    for name in ["fmnist_cnn_qcfs8", "keras_fmnist_cnn"] {
        let model = file(&root.join("networks"), name, ".onnx");
        let expected = file(&root.join("tests/reference"), name, ".logits100.npy");
        check(name, &model, &expected, &fashion, Preprocessing::default());
    }
}

#[test]
fn reference_logits_of_every_development_model() {
    let Some((models_in, data_in)) = folders() else {
        return;
    };
    for (name, data, preprocessing) in models() {
        let model = file(&models_in, name, ".onnx");
        let expected = file(&models_in, name, ".logits100.npy");
        check(name, &model, &expected, &data_in.join(data), preprocessing);
    }
}

/// Two branches of the original are two projections into one population.
#[test]
fn worked_residual_network_joins_its_branches() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ann = onnx::load(&root.join("networks/cifar_resnet8.onnx"))
        .unwrap()
        .ann;
    let options = ConversionOptions {
        timesteps: 1,
        use_max: false,
        initial_potential: 0.5,
        max_pool: None,
        signed_spikes: false,
    };
    let network = convert(&ann, &Calibration::unit(&ann), &options)
        .unwrap()
        .network;
    // Input, stem, two of each of three blocks, readout.
    assert_eq!(network.populations.len(), 9);
    let into = |target: usize| {
        network
            .projections
            .iter()
            .filter(|p| p.target == target)
            .count()
    };
    let projections: Vec<usize> = (0..9).map(into).collect();
    assert_eq!(projections, [0, 1, 1, 2, 1, 2, 1, 2, 1]);
    // The first shortcut has no weights of its own: one synapse per neuron.
    let shortcut = network
        .projections
        .iter()
        .find(|p| (p.source, p.target) == (1, 3))
        .unwrap();
    assert_eq!(shortcut.connectivity.synapses(), 16 * 32 * 32);
    assert!(shortcut.weights.all(|w| w == 1.0));
}
