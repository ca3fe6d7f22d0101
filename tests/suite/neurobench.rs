//! NeuroBench's metrics: the same numbers as the Python package.
//!
//! `reference/neurobench/networks.json` is what neurobench 2.3.0 says, written by `make.py`
//! beside it.

use serde::Deserialize;
use serde_json::Value;
use spikewatt::counts::NeuroBench;
use spikewatt::encoding::{Drive, EncodingError};
use spikewatt::engine::{Simulator, SpikeTrain};
use spikewatt::network::{
    Axis, BitRows, Connectivity, Convolution, Network, Pattern, Population, Projection, Shape,
    Window,
};
use spikewatt::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use std::ops::ControlFlow;

#[derive(Deserialize)]
struct File {
    networks: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    layers: Vec<Value>,
    shapes: Vec<Vec<usize>>,
    /// Sample, timestep, value; channels first.
    inputs: Vec<Vec<Vec<f32>>>,
    buffer_bytes: u64,
    neurobench: Value,
}

fn shape(dims: &[usize]) -> Shape {
    match *dims {
        [channels, height, width] => Shape::maps(channels, height, width),
        [neurons] => Shape::vector(neurons),
        _ => panic!("a shape of one or three axes"),
    }
}

/// Weights in the order of the pattern, and which are not zero.
fn connect(source: Shape, target: Shape, weights: &Value, flat: bool) -> (Pattern, Vec<f32>) {
    if target.height > 1 {
        let kernel: Vec<Vec<Vec<Vec<f32>>>> = serde_json::from_value(weights.clone()).unwrap();
        // The only convolution of the file: 3×3, padding 1, stride 2.
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, 2)
        };
        let mut values = Vec::new();
        for ky in 0..3 {
            for kx in 0..3 {
                for c in 0..source.channels {
                    values.extend(kernel.iter().map(|map| map[c][ky][kx]));
                }
            }
        }
        let present = BitRows::nonzero(&values, target.channels);
        let convolution = Convolution {
            input: source,
            output: target,
            window: Window {
                vertical: axis,
                horizontal: axis,
            },
            groups: 1,
        };
        let pattern = Pattern::Convolution {
            convolution,
            present: (!present.is_full()).then_some(present),
        };
        return (pattern, values);
    }
    let rows: Vec<Vec<f32>> = serde_json::from_value(weights.clone()).unwrap();
    // Rows are targets, columns sources channels first; ours are sources, channels last.
    let mut columns: Vec<Vec<f32>> = (0..source.neurons())
        .map(|s| rows.iter().map(|row| row[s]).collect())
        .collect();
    if flat {
        let order: Vec<usize> = (0..columns.len()).collect();
        let order = source.to_channels_last(&order).into_iter();
        columns = order.map(|index| columns[index].clone()).collect();
    }
    let values = columns.concat();
    let present = BitRows::nonzero(&values, target.neurons());
    let pattern = Pattern::Dense {
        sources: source.neurons(),
        targets: target.neurons(),
        present: (!present.is_full()).then_some(present),
    };
    (pattern, values)
}

fn network(case: &Case) -> Network {
    let shapes: Vec<Shape> = case.shapes.iter().map(|dims| shape(dims)).collect();
    let weights = case.layers.iter().filter_map(|layer| layer.get("weights"));
    let thresholds = case
        .layers
        .iter()
        .filter_map(|layer| layer.get("threshold"));
    let input = Population::new("input", shapes[0], Neuron::Input);
    let neurons = thresholds.zip(&shapes[1..]).enumerate();
    let populations = neurons.map(|(index, (threshold, &shape))| {
        let neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![threshold.as_f64().unwrap() as f32; shape.neurons()],
            initial: 0.0,
            reset: Reset::Subtract,
            test: ThresholdTest::Above,
            signed: false,
        });
        Population::new(format!("layer {index}"), shape, neuron)
    });
    let projections = weights.zip(shapes.windows(2)).enumerate();
    let projections = projections.map(|(index, (weights, pair))| {
        let flat = pair[0].height > 1;
        let (pattern, values) = connect(pair[0], pair[1], weights, flat);
        Projection::new(index, index + 1, Connectivity::new(pattern), values)
    });
    Network {
        name: case.name.clone(),
        projections: projections.collect(),
        populations: std::iter::once(input).chain(populations).collect(),
    }
}

#[test]
fn reference_metrics_are_those_of_the_package() {
    let text = include_str!("../reference/neurobench/networks.json");
    let file: File = serde_json::from_str(text).unwrap();
    assert_eq!(file.networks.len(), 3);
    for case in &file.networks {
        let network = network(case);
        let input = network.populations[0].shape;
        let drive = |sample: usize| -> Result<Drive, EncodingError> {
            let mut train = SpikeTrain::new();
            for step in &case.inputs[sample] {
                for (neuron, value) in input.to_channels_last(step).into_iter().enumerate() {
                    if value != 0.0 {
                        train.push_value(neuron as u32, value);
                    }
                }
                train.end_timestep();
            }
            Ok(Drive::Spikes(train))
        };
        let timesteps = case.inputs[0].len() as u32;
        let simulation = Simulator::new(&network, timesteps)
            .unwrap()
            .run(case.inputs.len(), &drive, &|_| ControlFlow::Continue(()))
            .unwrap();
        let ours = NeuroBench::new(&network, &simulation.counts);
        let said = |path: &str| {
            let value = case.neurobench.pointer(path).and_then(Value::as_f64);
            value.unwrap_or_else(|| panic!("{path}"))
        };
        for (what, have, said) in [
            (
                "connection sparsity",
                ours.connection_sparsity,
                said("/ConnectionSparsity"),
            ),
            (
                "activation sparsity",
                ours.activation_sparsity,
                said("/ActivationSparsity"),
            ),
            (
                "effective MACs",
                ours.synaptic_operations.effective_macs,
                said("/SynapticOperations/Effective_MACs"),
            ),
            (
                "effective ACs",
                ours.synaptic_operations.effective_acs,
                said("/SynapticOperations/Effective_ACs"),
            ),
            (
                "dense",
                ours.synaptic_operations.dense,
                said("/SynapticOperations/Dense"),
            ),
            (
                "membrane updates",
                ours.membrane_updates,
                said("/MembraneUpdates"),
            ),
        ] {
            assert!(
                (have - said).abs() <= 1e-6 * said,
                "{}: {what}: {have}, {said}",
                case.name
            );
        }
        // Of the numbers that snntorch registers, a threshold of each layer is a parameter here;
        // the others are its own.
        let layers = network.populations.len() as u64 - 1;
        let shared = said("/Footprint") as u64 - (case.buffer_bytes - 4 * layers);
        assert_eq!(ours.footprint_bytes, shared, "{}: footprint", case.name);
    }
}
