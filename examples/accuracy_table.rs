//! How accurate is each network after conversion with the defaults, at T = 4, 8, 16 and 32?
//!
//!     cargo run --release --example accuracy_table
//!
//! The shipped networks on the shipped test images; a folder of further models in
//! `SPIKEWATT_SHARED_MODELS` with data in `SPIKEWATT_SHARED_DATA` is added. Thresholds and
//! corrections see training images only. Arguments are names of networks, all unless given;
//! `--signed` converts with spikes that can be taken back.

use spikewatt::conversion::{FitOptions, fit, rule_name};
use spikewatt::encoding::Encoding;
use spikewatt::engine::Simulator;
use spikewatt::formats::dataset::{Dataset, LoadOptions, Preprocessing, load_with};
use spikewatt::formats::onnx;
use spikewatt::{ann::Runtime, conversion::Conversion};
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

struct Entry {
    name: &'static str,
    test: &'static str,
    train: &'static str,
    samples: usize,
    preprocessing: fn() -> Preprocessing,
    shipped: bool,
}

const FASHION: (&str, &str) = (
    "fmnist-t1k-images-idx3-ubyte.gz",
    "fmnist-train1k-images-idx3-ubyte.gz",
);

const fn fashion(name: &'static str, shipped: bool) -> Entry {
    Entry {
        name,
        test: FASHION.0,
        train: FASHION.1,
        samples: 1000,
        preprocessing: Preprocessing::default,
        shipped,
    }
}

const ENTRIES: [Entry; 7] = [
    fashion("fmnist_mlp", true),
    fashion("fmnist_lenet_bn", true),
    Entry {
        name: "digits_mlp",
        test: "digits-test360-images-idx3-ubyte.gz",
        train: "digits-train1k-images-idx3-ubyte.gz",
        samples: 360,
        preprocessing: || Preprocessing {
            scale: Some(1.0 / 16.0),
            ..Preprocessing::default()
        },
        shipped: true,
    },
    fashion("fmnist_cnn_qcfs8", true),
    fashion("keras_fmnist_cnn", true),
    Entry {
        name: "cifar_resnet8",
        test: "cifar10-test1k.bin.gz",
        train: "cifar10-train1k.bin.gz",
        samples: 500,
        preprocessing: || Preprocessing {
            scale: None,
            mean: vec![0.4914, 0.4822, 0.4465],
            std: vec![0.2470, 0.2435, 0.2616],
        },
        shipped: false,
    },
    Entry {
        name: "thirdparty/cntk_mnist8",
        test: "mnist-t10k-images-idx3-ubyte.gz",
        train: "mnist-train1k-images-idx3-ubyte.gz",
        samples: 1000,
        preprocessing: || Preprocessing {
            scale: Some(1.0),
            ..Preprocessing::default()
        },
        shipped: false,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = std::env::args().skip(1);
    let (flags, only): (Vec<String>, Vec<String>) = arguments.partition(|a| a.starts_with("--"));
    let signed_spikes = match &flags[..] {
        [] => false,
        [flag] if flag == "--signed" => true,
        _ => return Err("the only flag is --signed".into()),
    };
    println!(
        "| network | T | max pooling | error of the output | accuracy | spikes per sample | negative | fit [s] |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for entry in &ENTRIES {
        let wanted = only.is_empty() || only.iter().any(|name| name == entry.name);
        if let Some((models, data)) = folders(entry).filter(|_| wanted)
            && let Err(error) = rows(entry, &models, &data, signed_spikes)
        {
            eprintln!("{}: {error}", entry.name);
        }
    }
    Ok(())
}

fn folders(entry: &Entry) -> Option<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if entry.shipped {
        return Some((root.join("networks"), root.join("data")));
    }
    let folder = |variable| std::env::var_os(variable).map(PathBuf::from);
    folder("SPIKEWATT_SHARED_MODELS").zip(folder("SPIKEWATT_SHARED_DATA"))
}

fn rows(
    entry: &Entry,
    models: &Path,
    data: &Path,
    signed_spikes: bool,
) -> Result<(), Box<dyn Error>> {
    let model = onnx::load(&models.join(format!("{}.onnx", entry.name)))?;
    let runtime = Runtime::load(entry.name, model.bytes, &model.ann.sample_dims)?;
    let load = |file: &str, limit| {
        let options = LoadOptions {
            limit,
            preprocessing: (entry.preprocessing)(),
            ..LoadOptions::default()
        };
        load_with(&data.join(file), &options)
    };
    let (test, train) = (
        load(entry.test, Some(entry.samples))?,
        load(entry.train, None)?,
    );
    for timesteps in [4, 8, 16, 32] {
        let options = FitOptions {
            timesteps,
            signed_spikes,
            ..FitOptions::default()
        };
        let started = Instant::now();
        let fit = fit(&model.ann, &runtime, &train.inputs, &options)?;
        let fit_s = started.elapsed().as_secs_f64();
        let (accuracy, [spikes, negative]) = simulate(&fit.conversion, &test, timesteps)?;
        println!(
            "| {} | {timesteps} | {} | {:.1} % | {:.2} % | {spikes:.0} | {negative:.0} | {fit_s:.1} |",
            entry.name,
            fit.conversion.max_pool.map_or("–", rule_name),
            100.0 * fit.output_error,
            100.0 * accuracy,
        );
    }
    Ok(())
}

fn simulate(
    conversion: &Conversion,
    test: &Dataset,
    timesteps: u32,
) -> Result<(f64, [f64; 2]), Box<dyn Error>> {
    let shape = conversion.network.populations[0].shape;
    let drive = |i: usize| {
        let values = shape.to_channels_last(test.sample(i));
        Encoding::Constant.encode(values, timesteps, 0, i)
    };
    let go_on = |_| ControlFlow::Continue(());
    let simulation =
        Simulator::new(&conversion.network, timesteps)?.run(test.len(), &drive, &go_on)?;
    let labels = test
        .labels
        .as_ref()
        .ok_or("the test images have no labels")?;
    let outcomes = simulation.outcomes.iter().zip(labels);
    let hits = outcomes.filter(|(outcome, label)| outcome.predictions.last() == Some(label));
    let mut spikes = [0.0; 2];
    for population in 0..conversion.network.populations.len() {
        let figures = simulation.counts.per_inference(population);
        spikes[0] += figures.spikes;
        spikes[1] += figures.negative_spikes;
    }
    Ok((hits.count() as f64 / test.len() as f64, spikes))
}
