//! Networks in the forms that exporters write them, against what onnxruntime gave for them:
//! `tests/reference/onnx/make.py`.

use crate::npy::read_npy;
use spikewatt::ann::Runtime;
use spikewatt::conversion::{Calibration, ConversionOptions, convert};
use spikewatt::encoding::Encoding;
use spikewatt::engine::Simulator;
use spikewatt::formats::onnx;
use spikewatt::neuron::MaxPoolRule;
use std::ops::ControlFlow;
use std::path::Path;

/// Largest difference, relative to the largest expected value.
fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
    let scale = largest(&mut expected.iter().map(|e| e.abs()));
    largest(&mut found.iter().zip(expected).map(|(f, e)| (f - e).abs())) / scale
}

/// The original as imported, and the converted network after many timesteps.
fn check(name: &str) {
    const TIMESTEPS: u32 = 4096;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/onnx");
    let model = onnx::load(&folder.join(format!("{name}.onnx"))).unwrap();
    let read = |ending: &str| -> Vec<f32> {
        let array: ndarray::ArrayD<f32> = read_npy(folder.join(format!("{name}{ending}"))).unwrap();
        array.into_iter().collect()
    };
    let (inputs, expected) = (read(".x.npy"), read(".y.npy"));
    let runtime = Runtime::load(name, model.bytes, &model.ann.sample_dims).unwrap();
    let found = runtime
        .observe(&inputs, &[&model.ann.output], &|_, mut observed| {
            observed.remove(0).data
        })
        .unwrap()
        .concat();
    let error = difference(&found, &expected);
    assert!(error < 1e-4, "{name}, original: {error}");

    let calibration = Calibration::measure(&model.ann, &runtime, &inputs, 100.0).unwrap();
    let options = ConversionOptions {
        timesteps: TIMESTEPS,
        use_max: true,
        initial_potential: 0.5,
        max_pool: Some(MaxPoolRule::CumulativeMax),
        signed_spikes: false,
    };
    let network = convert(&model.ann, &calibration, &options).unwrap().network;
    let width: usize = model.ann.sample_dims.iter().product();
    let drive = |i: usize| {
        let values = model.ann.input_values(&inputs[i * width..(i + 1) * width]);
        Encoding::Constant.encode(values, TIMESTEPS, 0, i)
    };
    let outcomes = Simulator::new(&network, TIMESTEPS)
        .unwrap()
        .run(inputs.len() / width, &drive, &|_| ControlFlow::Continue(()))
        .unwrap()
        .outcomes;
    let shape = network.populations.last().unwrap().shape;
    let spiking: Vec<f32> = outcomes
        .iter()
        .flat_map(|outcome| shape.to_channels_first(&outcome.output))
        .map(|sum| sum / TIMESTEPS as f32)
        .collect();
    // A few spikes too many or too few in each of the layers.
    let error = difference(&spiking, &expected);
    eprintln!("{name}: spiking output within {error:.1e}");
    assert!(error < 5e-3, "{name}, spiking: {error}");
}

#[test]
fn reference_inverted_residuals() {
    check("inverted_residuals");
}

#[test]
fn reference_dense_blocks() {
    check("dense_blocks");
}

#[test]
fn reference_channels_last() {
    check("channels_last");
}

#[test]
fn reference_channel_shuffle() {
    check("shuffled");
}
