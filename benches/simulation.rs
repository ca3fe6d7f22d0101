//! Simulation speed of `run`: the shipped networks on shipped test images, T = 8.
//!
//! `cargo bench --bench simulation` prints samples per second and, above the table, the synaptic
//! operations per sample that turn it into SynOps per second.

use divan::Bencher;
use divan::counter::ItemsCount;
use spikewatt::ann::Runtime;
use spikewatt::conversion::{Calibration, Conversion, ConversionOptions, convert};
use spikewatt::encoding::Encoding;
use spikewatt::engine::Simulator;
use spikewatt::formats::dataset::{Dataset, load};
use spikewatt::formats::onnx;
use std::ops::ControlFlow;
use std::path::Path;

const TIMESTEPS: u32 = 8;
const SAMPLES: usize = 100;

fn main() {
    divan::main();
}

fn prepared(network: &str) -> (Conversion, Dataset) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = |name: &str| {
        let path = root.join(format!("data/{name}-images-idx3-ubyte.gz"));
        load(&path, None, None).expect("shipped data")
    };
    let model = onnx::load(&root.join(network)).expect("shipped network");
    let runtime =
        Runtime::load(network, model.bytes, &model.ann.sample_dims).expect("shipped network");
    let train = data("fmnist-train1k");
    let calibration =
        Calibration::measure(&model.ann, &runtime, &train.inputs, 99.9).expect("calibration");
    let options = ConversionOptions {
        timesteps: TIMESTEPS,
        use_max: false,
        initial_potential: 0.5,
        max_pool: None,
        signed_spikes: false,
    };
    let conversion = convert(&model.ann, &calibration, &options).expect("conversion");
    (conversion, data("fmnist-t1k"))
}

#[divan::bench(args = ["networks/fmnist_mlp.onnx", "networks/fmnist_lenet_bn.onnx"])]
fn run(bencher: Bencher, network: &str) {
    let (conversion, data) = prepared(network);
    let simulator = Simulator::new(&conversion.network, TIMESTEPS).expect("network");
    let shape = conversion.network.populations[0].shape;
    let simulate = || {
        let drive = |i: usize| {
            let values = shape.to_channels_last(data.sample(i));
            Encoding::Constant.encode(values, TIMESTEPS, 0, i)
        };
        simulator
            .run(SAMPLES, &drive, &|_| ControlFlow::Continue(()))
            .expect("simulation")
    };
    let counts = simulate().counts;
    let synops: f64 = (0..counts.populations.len())
        .map(|i| counts.per_inference(i).synops)
        .sum();
    println!("{network}: {synops:.0} SynOps per sample");
    bencher.counter(ItemsCount::new(SAMPLES)).bench(simulate);
}
