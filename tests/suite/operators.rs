//! Each operator by hand, and random networks of all of them against the theory.

use crate::build;

use build::{bytes, float, indices, int, ints, model, node, tensor, text};
use proptest::prelude::*;
use rten_onnx::onnx::{DataType, NodeProto, TensorProto};
use spikewatt::ann::{Operation, Runtime};
use spikewatt::conversion::{
    Calibration, Conversion, ConversionOptions, Correction, FitOptions, convert, fit,
};
use spikewatt::encoding::Encoding;
use spikewatt::engine::Simulator;
use spikewatt::formats::onnx::{OnnxError, OnnxModel, import};
use spikewatt::network::{Network, Pattern, Projection};
use spikewatt::neuron::{MaxPoolRule, Neuron};
use std::ops::ControlFlow;

/// A network by the original's runtime, and converted.
struct Both {
    model: OnnxModel,
    runtime: Runtime,
    inputs: Vec<f32>,
    conversion: Conversion,
}

impl Both {
    fn new(bytes: &[u8], inputs: &[f32]) -> Result<Self, String> {
        let model = import("test", "test.onnx", bytes).map_err(|e| e.to_string())?;
        let runtime = Runtime::load("test", model.bytes.clone(), &model.ann.sample_dims)
            .map_err(|e| e.to_string())?;
        let calibration =
            Calibration::measure(&model.ann, &runtime, inputs, 99.9).map_err(|e| e.to_string())?;
        let options = ConversionOptions {
            timesteps: 1,
            use_max: true,
            initial_potential: 0.5,
            max_pool: Some(MaxPoolRule::CumulativeMax),
            signed_spikes: false,
        };
        let conversion = convert(&model.ann, &calibration, &options).map_err(|e| e.to_string())?;
        Ok(Both {
            model,
            runtime,
            inputs: inputs.to_vec(),
            conversion,
        })
    }

    /// Values of the last layer, as the runtime computes them.
    fn original(&self) -> Vec<f32> {
        let output = &self.model.ann.layers.last().unwrap().output;
        self.runtime
            .observe(&self.inputs, &[output], &|_, mut observed| {
                observed.remove(0).data
            })
            .unwrap()
            .concat()
    }

    /// Accumulated potentials per timestep, channels first.
    fn spiking(&self, timesteps: u32) -> Vec<f32> {
        let ann = &self.model.ann;
        let network = &self.conversion.network;
        let width: usize = ann.sample_dims.iter().product();
        let drive = |i: usize| {
            let values = ann.input_values(&self.inputs[i * width..(i + 1) * width]);
            Encoding::Constant.encode(values, timesteps, 0, i)
        };
        let shape = network.populations.last().unwrap().shape;
        Simulator::new(network, timesteps)
            .unwrap()
            .run(self.inputs.len() / width, &drive, &|_| {
                ControlFlow::Continue(())
            })
            .unwrap()
            .outcomes
            .iter()
            .flat_map(|outcome| shape.to_channels_first(&outcome.output))
            .map(|sum| sum / timesteps as f32)
            .collect()
    }
}

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(
        found.len(),
        expected.len(),
        "{what}: {found:?} {expected:?}"
    );
    for (f, e) in found.iter().zip(expected) {
        assert!(
            (f - e).abs() <= 1e-5 * (1.0 + e.abs()),
            "{what}: {found:?} {expected:?}"
        );
    }
}

/// Linear operators need no spike: one timestep of the converted network gives their values.
fn by_hand(
    what: &str,
    sample: &[i64],
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    expected: &[f32],
) {
    let inputs: Vec<f32> = (1..=sample.iter().product::<i64>())
        .map(|i| i as f32)
        .collect();
    let both = Both::new(&model(sample, nodes, constants, "y"), &inputs)
        .unwrap_or_else(|reason| panic!("{what}: {reason}"));
    close(&both.original(), expected, &format!("{what}, original"));
    close(&both.spiking(1), expected, &format!("{what}, spiking"));
}

fn op(
    operator: &str,
    inputs: &[&str],
    attributes: Vec<rten_onnx::onnx::AttributeProto>,
) -> NodeProto {
    node(operator, operator, inputs, "y", attributes)
}

/// All inputs count from 1.
#[test]
fn worked_convolutions() {
    let kernel = || vec![tensor("w", &[1, 1, 2], &[1.0, 10.0])];
    by_hand(
        "1-d, padded on the left",
        &[1, 4],
        vec![op(
            "Conv",
            &["x", "w"],
            vec![ints("pads", &[1, 0]), ints("kernel_shape", &[2])],
        )],
        kernel(),
        &[10.0, 21.0, 32.0, 43.0],
    );
    by_hand(
        "1-d, dilated",
        &[1, 5],
        vec![op(
            "Conv",
            &["x", "w"],
            vec![ints("dilations", &[2]), ints("kernel_shape", &[2])],
        )],
        kernel(),
        &[31.0, 42.0, 53.0],
    );
    by_hand(
        "depthwise, with bias",
        &[2, 1, 2],
        vec![op("Conv", &["x", "w", "b"], vec![int("group", 2)])],
        vec![
            tensor("w", &[2, 1, 1, 1], &[2.0, 3.0]),
            tensor("b", &[2], &[0.5, -0.5]),
        ],
        &[2.5, 4.5, 8.5, 11.5],
    );
    // Even windows: the extra zero comes last, or first.
    for (mode, expected) in [
        ("SAME_UPPER", [21.0, 32.0, 3.0]),
        ("SAME_LOWER", [10.0, 21.0, 32.0]),
    ] {
        by_hand(
            mode,
            &[1, 1, 3],
            vec![op("Conv", &["x", "w"], vec![text("auto_pad", mode)])],
            vec![tensor("w", &[1, 1, 1, 2], &[1.0, 10.0])],
            &expected,
        );
    }
    // Two convolutions without a ReLU: (x · 2, x · 3) summed over pairs.
    by_hand(
        "depthwise separable without ReLU",
        &[2, 1, 2],
        vec![
            node("Conv", "depth", &["x", "d"], "z", vec![int("group", 2)]),
            node("Conv", "point", &["z", "p"], "y", vec![]),
        ],
        vec![
            tensor("d", &[2, 1, 1, 1], &[2.0, 3.0]),
            tensor("p", &[1, 2, 1, 1], &[1.0, 10.0]),
        ],
        &[92.0, 124.0],
    );
}

#[test]
fn worked_normalisation_in_front_of_zero_padding() {
    // (x − 1) / 2 = [0, 0.5, 1], padded with zeros, not with −1/2.
    by_hand(
        "normalised input",
        &[1, 3],
        vec![
            node("Sub", "sub", &["x", "mean"], "a", vec![]),
            node("Div", "div", &["a", "std"], "b", vec![]),
            op(
                "Conv",
                &["b", "w"],
                vec![ints("pads", &[1, 1]), ints("kernel_shape", &[3])],
            ),
        ],
        vec![
            tensor("mean", &[1, 1, 1], &[1.0]),
            tensor("std", &[], &[2.0]),
            tensor("w", &[1, 1, 3], &[1.0, 1.0, 1.0]),
        ],
        &[0.5, 1.5, 1.5],
    );
    // scale = 2 / sqrt(3.75 + 0.25) = 1, shift = 1 − 2 = −1, alone.
    by_hand(
        "batch normalisation alone",
        &[1, 2],
        vec![op(
            "BatchNormalization",
            &["x", "g", "b", "m", "v"],
            vec![float("epsilon", 0.25)],
        )],
        vec![
            tensor("g", &[1], &[2.0]),
            tensor("b", &[1], &[1.0]),
            tensor("m", &[1], &[2.0]),
            tensor("v", &[1], &[3.75]),
        ],
        &[0.0, 1.0],
    );
}

#[test]
fn worked_averages() {
    let window = |extra: Vec<_>| {
        let mut attributes = vec![ints("kernel_shape", &[1, 3]), ints("pads", &[0, 1, 0, 1])];
        attributes.extend(extra);
        vec![op("AveragePool", &["x"], attributes)]
    };
    by_hand(
        "padding left out",
        &[1, 1, 3],
        window(vec![]),
        vec![],
        &[1.5, 2.0, 2.5],
    );
    by_hand(
        "padding counted",
        &[1, 1, 3],
        window(vec![int("count_include_pad", 1)]),
        vec![],
        &[1.0, 2.0, 5.0 / 3.0],
    );
    for count in [0, 1] {
        by_hand(
            "a window over the end",
            &[1, 1, 3],
            vec![op(
                "AveragePool",
                &["x"],
                vec![
                    ints("kernel_shape", &[1, 2]),
                    ints("strides", &[1, 2]),
                    int("ceil_mode", 1),
                    int("count_include_pad", count),
                ],
            )],
            vec![],
            &[1.5, 3.0],
        );
    }
    by_hand(
        "global",
        &[2, 1, 2],
        vec![op("GlobalAveragePool", &["x"], vec![])],
        vec![],
        &[1.5, 3.5],
    );
    by_hand(
        "mean over space",
        &[2, 1, 2],
        vec![op(
            "ReduceMean",
            &["x"],
            vec![ints("axes", &[2, 3]), int("keepdims", 0)],
        )],
        vec![],
        &[1.5, 3.5],
    );
    by_hand(
        "mean over the first axis",
        &[2, 1, 2],
        vec![op("ReduceMean", &["x"], vec![ints("axes", &[1])])],
        vec![],
        &[2.0, 3.0],
    );
    by_hand(
        "sum over the last axis",
        &[2, 2],
        vec![op("ReduceSum", &["x", "axes"], vec![int("keepdims", 0)])],
        vec![indices("axes", &[-1])],
        &[3.0, 7.0],
    );
}

#[test]
fn worked_matrices() {
    by_hand(
        "matrix at each position, and a bias in front",
        &[2, 2],
        vec![
            node("MatMul", "m", &["x", "w"], "z", vec![]),
            op("Add", &["b", "z"], vec![]),
        ],
        vec![
            tensor("w", &[2, 1], &[1.0, 10.0]),
            tensor("b", &[1], &[0.5]),
        ],
        &[21.5, 43.5],
    );
    by_hand(
        "two matrices without ReLU",
        &[2],
        vec![
            node("Gemm", "g", &["x", "w", "b"], "z", vec![]),
            op("MatMul", &["z", "v"], vec![]),
        ],
        vec![
            tensor("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            tensor("b", &[2], &[1.0, -1.0]),
            tensor("v", &[2, 1], &[1.0, 10.0]),
        ],
        // [1 + 6 + 1, 2 + 8 − 1] = [8, 9].
        &[98.0],
    );
    // 8-bit weights: (q − 1) · [0.5, 2] per column.
    by_hand(
        "dequantised weights",
        &[2],
        vec![
            node(
                "DequantizeLinear",
                "dq",
                &["q", "s", "z"],
                "w",
                vec![int("axis", 1)],
            ),
            op("MatMul", &["x", "w"], vec![]),
        ],
        vec![
            bytes("q", DataType::INT8, &[2, 2], &[3, 2, -1, 5]),
            tensor("s", &[2], &[0.5, 2.0]),
            bytes("z", DataType::INT8, &[2], &[1, 1]),
        ],
        // [[1, 2], [−1, 8]].
        &[-1.0, 18.0],
    );
}

#[test]
fn worked_order_and_shape() {
    by_hand(
        "transpose",
        &[2, 3],
        vec![op("Transpose", &["x"], vec![ints("perm", &[0, 2, 1])])],
        vec![],
        &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0],
    );
    by_hand(
        "shuffled channels",
        &[4, 1, 1],
        vec![
            node("Reshape", "r", &["x", "five"], "a", vec![]),
            node(
                "Transpose",
                "t",
                &["a"],
                "b",
                vec![ints("perm", &[0, 2, 1, 3, 4])],
            ),
            op("Reshape", &["b", "four"], vec![]),
        ],
        vec![
            indices("five", &[0, 2, 2, 1, 1]),
            indices("four", &[-1, 4, 1, 1]),
        ],
        &[1.0, 3.0, 2.0, 4.0],
    );
    by_hand(
        "the size of the batch from the shape",
        &[2, 2],
        vec![
            node("Shape", "shape", &["x"], "s", vec![]),
            node("Gather", "gather", &["s", "zero"], "n", vec![]),
            node(
                "Concat",
                "concat",
                &["n", "rest"],
                "t",
                vec![int("axis", 0)],
            ),
            op("Reshape", &["x", "t"], vec![]),
        ],
        vec![indices("zero", &[0]), indices("rest", &[-1])],
        &[1.0, 2.0, 3.0, 4.0],
    );
    by_hand(
        "slice backwards",
        &[1, 4],
        vec![op("Slice", &["x", "from", "to", "axis", "step"], vec![])],
        vec![
            indices("from", &[-1]),
            indices("to", &[0]),
            indices("axis", &[2]),
            indices("step", &[-2]),
        ],
        &[4.0, 2.0],
    );
    by_hand(
        "gather",
        &[3],
        vec![op("Gather", &["x", "which"], vec![int("axis", 1)])],
        vec![indices("which", &[2, 0])],
        &[3.0, 1.0],
    );
    by_hand(
        "reflected",
        &[1, 3],
        vec![op("Pad", &["x", "pads"], vec![text("mode", "reflect")])],
        vec![indices("pads", &[0, 0, 2, 0, 0, 1])],
        &[3.0, 2.0, 1.0, 2.0, 3.0, 2.0],
    );
    by_hand(
        "padded, then convolved",
        &[1, 1, 2],
        vec![
            node("Pad", "p", &["x", "pads"], "z", vec![]),
            op("Conv", &["z", "w"], vec![]),
        ],
        vec![
            indices("pads", &[0, 0, 0, 2, 0, 0, 0, 1]),
            tensor("w", &[1, 1, 1, 2], &[1.0, 10.0]),
        ],
        &[0.0, 10.0, 21.0, 2.0],
    );
}

#[test]
fn worked_branches() {
    by_hand(
        "split and joined the other way round, along the last axis",
        &[1, 3],
        vec![
            NodeProto {
                output: vec!["a".into(), "b".into()],
                ..node("Split", "s", &["x", "sizes"], "a", vec![int("axis", 2)])
            },
            op("Concat", &["b", "a"], vec![int("axis", -1)]),
        ],
        vec![indices("sizes", &[1, 2])],
        &[2.0, 3.0, 1.0],
    );
    by_hand(
        "x + 2 x − (1 − x)",
        &[2],
        vec![
            node("Mul", "twice", &["two", "x"], "a", vec![]),
            node("Sub", "rest", &["one", "x"], "b", vec![]),
            node("Add", "sum", &["x", "a"], "c", vec![]),
            op("Sub", &["c", "b"], vec![]),
        ],
        vec![tensor("two", &[], &[2.0]), tensor("one", &[1], &[1.0])],
        &[3.0, 7.0],
    );
}

/// As PyTorch writes it: Div, Clip, Mul, Add, Floor, Div, Mul.
#[test]
fn worked_staircase_of_quantisation_aware_training() {
    let bytes = model(
        &[2],
        vec![
            node("Div", "d", &["x", "step"], "a", vec![]),
            node("Clip", "c", &["a", "zero", "one"], "b", vec![]),
            node("Mul", "m", &["b", "levels"], "e", vec![]),
            node("Add", "p", &["e", "half"], "f", vec![]),
            node("Floor", "g", &["f"], "h", vec![]),
            node("Div", "i", &["h", "levels"], "j", vec![]),
            node("Mul", "k", &["j", "step"], "y", vec![]),
        ],
        vec![
            tensor("step", &[], &[3.0]),
            tensor("zero", &[], &[0.0]),
            tensor("one", &[], &[1.0]),
            tensor("levels", &[], &[4.0]),
            tensor("half", &[], &[0.5]),
        ],
        "y",
    );
    let both = Both::new(&bytes, &[1.0, 9.0]).unwrap();
    let layers = &both.model.ann.layers;
    assert_eq!(layers.len(), 2);
    assert_eq!(
        layers[1].operation,
        Operation::Staircase {
            step: 3.0,
            levels: 4,
            shift: 0.5
        }
    );
    assert_eq!(both.conversion.thresholds[0].1, 3.0);
    // ⌊1/3 · 4 + 1/2⌋ = 1 step of 3/4; clipped at 3. Four timesteps give the same.
    close(&both.original(), &[0.75, 3.0], "original");
    let spikes: Vec<f32> = both.spiking(4).iter().map(|rate| rate * 3.0).collect();
    close(&spikes, &[0.75, 3.0], "spiking");
}

/// 255 levels of 1/64: a clipped ReLU, whose threshold the data decide, up to the limit.
#[test]
fn worked_staircase_of_eight_bits() {
    let bytes = model(
        &[2],
        vec![
            node("Relu", "r", &["x"], "a", vec![]),
            node("QuantizeLinear", "q", &["a", "scale", "zero"], "b", vec![]),
            node(
                "DequantizeLinear",
                "d",
                &["b", "scale", "zero"],
                "y",
                vec![],
            ),
        ],
        vec![
            tensor("scale", &[], &[1.0 / 64.0]),
            TensorProto {
                name: Some("zero".to_owned()),
                data_type: Some(DataType::UINT8),
                int32_data: vec![0],
                ..TensorProto::default()
            },
        ],
        "y",
    );
    let limit = 255.0 / 64.0;
    for (inputs, threshold) in [([0.5, 1.0], 1.0), ([0.5, 9.0], limit)] {
        let both = Both::new(&bytes, &inputs).unwrap();
        let rectifier = both.model.ann.layers.last().unwrap();
        assert_eq!(
            rectifier.operation,
            Operation::Staircase {
                step: limit,
                levels: 255,
                shift: 0.5
            }
        );
        assert_eq!(both.conversion.thresholds[0].1, f64::from(threshold));
        close(&both.original(), &[0.5, inputs[1].min(limit)], "original");
        let samples = [inputs; 8].concat();
        let options = FitOptions {
            timesteps: 4,
            correction: Correction::None,
            ..FitOptions::default()
        };
        let chosen = fit(&both.model.ann, &both.runtime, &samples, &options).unwrap();
        let (_, chosen) = chosen.conversion.thresholds[0];
        assert!(chosen > 0.0 && chosen <= f64::from(threshold), "{chosen}");
    }
}

#[test]
fn worked_rectifiers() {
    let layer = |nodes: Vec<NodeProto>, constants: Vec<TensorProto>| {
        let bytes = model(&[2], nodes, constants, "y");
        let ann = import("test", "test.onnx", &bytes).unwrap().ann;
        ann.layers.last().unwrap().operation.clone()
    };
    let six = || vec![tensor("zero", &[], &[0.0]), tensor("six", &[], &[6.0])];
    let clipped = Operation::ClippedRelu { bound: 6.0 };
    assert_eq!(
        layer(vec![op("Clip", &["x", "zero", "six"], vec![])], six()),
        clipped
    );
    assert_eq!(
        layer(
            vec![op(
                "Clip",
                &["x"],
                vec![float("min", 0.0), float("max", 6.0)]
            )],
            vec![]
        ),
        clipped
    );
    let relu = || node("Relu", "r", &["x"], "r", vec![]);
    assert_eq!(
        layer(vec![relu(), op("Min", &["r", "six"], vec![])], six()),
        clipped
    );
    assert_eq!(
        layer(vec![op("Max", &["x", "zero"], vec![])], six()),
        Operation::Relu
    );
    assert_eq!(
        layer(
            vec![op("LeakyRelu", &["x"], vec![float("alpha", 0.0)])],
            vec![]
        ),
        Operation::Relu
    );
}

#[test]
fn what_has_no_spiking_form_is_refused_by_name() {
    for (nodes, word) in [
        (vec![op("LeakyRelu", &["x"], vec![])], "negative"),
        (vec![op("PRelu", &["x", "c"], vec![])], "negative"),
        (
            vec![op(
                "Clip",
                &["x"],
                vec![float("min", -1.0), float("max", 1.0)],
            )],
            "ReLU6",
        ),
        (vec![op("Mul", &["x", "x"], vec![])], "two signals"),
        (vec![op("Div", &["c", "x"], vec![])], "divides"),
        (vec![op("Floor", &["x"], vec![])], "staircase"),
        (
            vec![
                node("Softmax", "s", &["x"], "p", vec![]),
                op("Relu", &["p"], vec![]),
            ],
            "Softmax",
        ),
        (vec![op("Transpose", &["x"], vec![])], "batch"),
        (vec![op("Reshape", &["x", "flat"], vec![])], "batch"),
    ] {
        let constants = vec![tensor("c", &[2], &[0.5, 0.5]), indices("flat", &[-1])];
        let error = import("test", "test.onnx", &model(&[2], nodes, constants, "y")).unwrap_err();
        assert!(matches!(error, OnnxError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn data_outside_the_folder_of_the_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("model");
    std::fs::create_dir(&inner).unwrap();
    let weights: Vec<u8> = [2.0f32, 3.0].iter().flat_map(|w| w.to_le_bytes()).collect();
    std::fs::write(
        inner.join("weights.bin"),
        [vec![0; 4], weights.clone()].concat(),
    )
    .unwrap();
    std::fs::write(folder.path().join("weights.bin"), weights).unwrap();
    let entry = |key: &str, value: &str| rten_onnx::onnx::StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    let file = inner.join("model.onnx");
    let load = |location: &str, offset: &str, length: &str| {
        let weight = TensorProto {
            name: Some("w".to_owned()),
            dims: vec![2, 1],
            data_type: Some(DataType::FLOAT),
            data_location: Some(rten_onnx::onnx::DataLocation::EXTERNAL),
            external_data: vec![
                entry("location", location),
                entry("offset", offset),
                entry("length", length),
            ],
            ..TensorProto::default()
        };
        let bytes = model(
            &[2],
            vec![op("MatMul", &["x", "w"], vec![])],
            vec![weight],
            "y",
        );
        std::fs::write(&file, bytes).unwrap();
        spikewatt::formats::onnx::load(&file)
    };
    let model = load("weights.bin", "4", "8").unwrap();
    let runtime = Runtime::load("external", model.bytes, &model.ann.sample_dims).unwrap();
    let found = runtime
        .observe(&[1.0, 10.0], &["y"], &|_, mut o| o.remove(0).data)
        .unwrap();
    assert_eq!(found, [[32.0]]);
    let outside = folder.path().join("weights.bin");
    for (location, offset, length, word) in [
        ("../weights.bin", "0", "8", "outside"),
        (outside.to_str().unwrap(), "0", "8", "outside"),
        ("weights.bin", "8", "8", "beyond the end"),
        ("weights.bin", "0", "4", "declares 2 elements"),
        ("missing.bin", "0", "8", "beside the model"),
    ] {
        let message = load(location, offset, length).unwrap_err().to_string();
        assert!(message.contains(word), "{location}: {message}");
    }
}

/// How far the mean output of each neuron can be from the activation of the original, after
/// `timesteps`, where no activation exceeds its threshold.
///
/// If the sum of the input up to any time `t` is within `D` of `z t`, that of a neuron with reset
/// by subtraction is within `D + θ` of `max(z, 0) t`: its spikes follow the running maximum of the
/// sum, rounded down to a multiple of θ, and at most one spike a timestep delays none for good
/// while `z <= θ`. Linear maps multiply `D` by `|W|`, the maximum of sums keeps it.
fn theory(network: &Network, timesteps: u32) -> Vec<f64> {
    let mut bounds: Vec<Vec<f64>> = Vec::new();
    for (index, population) in network.populations.iter().enumerate() {
        let mut bound = vec![0.0; population.shape.neurons()];
        let pooled = matches!(population.neuron, Neuron::MaxPool(_));
        for projection in network.projections.iter().filter(|p| p.target == index) {
            for (source, &error) in bounds[projection.source].iter().enumerate() {
                for_each_synapse(projection, source, |target, weight| {
                    let share = f64::from(weight.abs()) * error;
                    bound[target] = if pooled {
                        share.max(bound[target])
                    } else {
                        bound[target] + share
                    };
                });
            }
        }
        if let Neuron::IntegrateFire(neuron) = &population.neuron {
            for (bound, &threshold) in bound.iter_mut().zip(&neuron.threshold) {
                // The populations behind multiply the number of spikes by the threshold.
                *bound = *bound / f64::from(threshold) + 1.0 / f64::from(timesteps);
            }
        }
        bounds.push(bound);
    }
    bounds.pop().unwrap()
}

fn for_each_synapse(projection: &Projection, source: usize, mut f: impl FnMut(usize, f32)) {
    let Projection {
        connectivity,
        weights,
        ..
    } = projection;
    let source = match &connectivity.pooling {
        None => source,
        Some(pooling) => match pooling.pooled(source) {
            None => return,
            Some(pooled) => pooled,
        },
    };
    match &connectivity.pattern {
        Pattern::Dense { targets, .. } => {
            (0..*targets).for_each(|t| f(t, weights.get(source * targets + t)));
        }
        Pattern::Convolution { convolution: c, .. } => {
            let (channel, y, x) = c.input.coordinates(source);
            let outputs = c.group_outputs(channel);
            for (ky, oy) in c.window.vertical.reached(y, c.output.height) {
                for (kx, ox) in c.window.horizontal.reached(x, c.output.width) {
                    let row = c.kernel_row(ky, kx, channel) * outputs.len();
                    for (i, out) in outputs.clone().enumerate() {
                        f(c.output.index(out, oy, ox), weights.get(row + i));
                    }
                }
            }
        }
        Pattern::Sparse {
            starts, targets, ..
        } => {
            let row = starts[source] as usize..starts[source + 1] as usize;
            for (at, target) in row.clone().zip(&targets[row]) {
                f(*target as usize, weights.get(at));
            }
        }
    }
}

/// Builds a random network node by node.
struct Random {
    seed: u64,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        // Knuth's linear congruential generator; the upper bits are good enough here.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % n
    }

    fn numbers(&mut self, count: usize, from: f32, to: f32) -> Vec<f32> {
        (0..count)
            .map(|_| from + (to - from) * self.below(1000) as f32 / 1000.0)
            .collect()
    }

    fn constant(&mut self, dims: &[usize], from: f32, to: f32) -> String {
        let name = format!("c{}", self.constants.len());
        let data = self.numbers(dims.iter().product(), from, to);
        let dims: Vec<i64> = dims.iter().map(|&d| d as i64).collect();
        self.constants.push(tensor(&name, &dims, &data));
        name
    }

    fn list(&mut self, values: &[i64]) -> String {
        let name = format!("c{}", self.constants.len());
        self.constants.push(indices(&name, values));
        name
    }

    fn push(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<rten_onnx::onnx::AttributeProto>,
    ) -> String {
        let output = format!("v{}", self.nodes.len());
        self.nodes.push(node(
            operator,
            &format!("{operator}{output}"),
            inputs,
            &output,
            attributes,
        ));
        output
    }

    /// A convolution that keeps the size of the maps.
    fn conv(&mut self, x: &str, from: usize, to: usize) -> String {
        let groups = if from.is_multiple_of(2) && to.is_multiple_of(2) && self.below(3) == 0 {
            2
        } else {
            1
        };
        let dilation = 1 + self.below(2) as i64;
        let kernel = [1, 3][self.below(2) as usize];
        let spread = 1.5 / ((from / groups * kernel * kernel) as f32).sqrt();
        let weights = self.constant(&[to, from / groups, kernel, kernel], -spread, spread);
        let bias = self.constant(&[to], -0.2, 0.3);
        let pad = dilation * (kernel as i64 - 1) / 2;
        self.push(
            "Conv",
            &[x, &weights, &bias],
            vec![
                int("group", groups as i64),
                ints("dilations", &[dilation; 2]),
                ints("pads", &[pad; 4]),
            ],
        )
    }

    fn relu(&mut self, x: &str) -> String {
        match self.below(3) {
            0 => self.push("Clip", &[x], vec![float("min", 0.0), float("max", 0.7)]),
            _ => self.push("Relu", &[x], vec![]),
        }
    }

    fn norm(&mut self, x: &str, channels: usize) -> String {
        let scale = self.constant(&[1, channels, 1, 1], 0.5, 1.5);
        let shift = self.constant(&[channels, 1, 1], -0.2, 0.2);
        let scaled = self.push("Mul", &[x, &scale], vec![]);
        self.push("Add", &[&scaled, &shift], vec![])
    }

    /// Feature maps behind another random block.
    fn block(&mut self, x: String, channels: usize, size: usize) -> (String, usize, usize) {
        match self.below(9) {
            0 => {
                let branch = self.conv(&x, channels, channels);
                let branch = self.relu(&branch);
                let branch = self.conv(&branch, channels, channels);
                let sum = self.push("Add", &[&branch, &x], vec![]);
                (self.relu(&sum), channels, size)
            }
            1 => {
                let a = self.conv(&x, channels, 2);
                let a = self.relu(&a);
                let b = self.conv(&x, channels, 4);
                let joined = self.push("Concat", &[&a, &b, &x], vec![int("axis", 1)]);
                let joined = self.norm(&joined, channels + 6);
                (self.relu(&joined), channels + 6, size)
            }
            2 => {
                let pads = self.list(&[0, 0, 1, 0, 0, 0, 0, 1]);
                let padded = self.push("Pad", &[&x, &pads], vec![]);
                let conv = self.conv(&padded, channels, 4);
                (self.relu(&conv), 4, size + 1)
            }
            3 if size >= 4 => {
                let attributes = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
                (self.push("MaxPool", &[&x], attributes), channels, size / 2)
            }
            4 if size >= 3 => {
                let attributes = vec![
                    ints("kernel_shape", &[3, 3]),
                    ints("pads", &[1; 4]),
                    ints("strides", &[1, 1]),
                ];
                let pooled = self.push("AveragePool", &[&x], attributes);
                let conv = self.conv(&pooled, channels, 3);
                (self.relu(&conv), 3, size)
            }
            5 => {
                // Batch normalisation behind the ReLU, max pooling, zero padding behind both.
                let shifted = self.norm(&x, channels);
                let attributes = vec![
                    ints("kernel_shape", &[3, 3]),
                    ints("pads", &[1; 4]),
                    ints("strides", &[1, 1]),
                ];
                let pooled = self.push("MaxPool", &[&shifted], attributes);
                let conv = self.conv(&pooled, channels, 4);
                (self.relu(&conv), 4, size)
            }
            6 => {
                // No ReLU between the two.
                let first = self.conv(&x, channels, 5);
                let second = self.conv(&first, 5, 4);
                (self.relu(&second), 4, size)
            }
            7 => {
                let last = self.push("Transpose", &[&x], vec![ints("perm", &[0, 2, 3, 1])]);
                let weights = self.constant(&[channels, 3], -1.0, 1.0);
                let mixed = self.push("MatMul", &[&last, &weights], vec![]);
                let mixed = self.relu(&mixed);
                (
                    self.push("Transpose", &[&mixed], vec![ints("perm", &[0, 3, 1, 2])]),
                    3,
                    size,
                )
            }
            _ => {
                let conv = self.conv(&x, channels, 4);
                let pooled = self.push("MaxPool", &[&conv], vec![ints("kernel_shape", &[2, 2])]);
                (self.relu(&pooled), 4, size - 1)
            }
        }
    }

    fn network(seed: u64) -> Vec<u8> {
        let mut random = Random {
            seed,
            nodes: Vec::new(),
            constants: Vec::new(),
        };
        let first = random.conv("x", 2, 4);
        let mut at = (random.relu(&first), 4, 5);
        for _ in 0..2 {
            at = random.block(at.0, at.1, at.2);
        }
        let mut x = at.0;
        if random.below(2) == 0 {
            x = random.push("GlobalAveragePool", &[&x], vec![]);
        }
        let output = random.push("Flatten", &[&x], vec![]);
        model(&[2, 5, 5], random.nodes, random.constants, &output)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn property_random_networks_stay_within_the_bound_of_the_theory(seed in any::<u64>()) {
        const TIMESTEPS: u32 = 4096;
        let bytes = Random::network(seed);
        let inputs = Random { seed: seed ^ 0x5555, nodes: vec![], constants: vec![] }.numbers(2 * 50, -0.5, 1.0);
        let both = Both::new(&bytes, &inputs).map_err(TestCaseError::fail)?;
        let (expected, found) = (both.original(), both.spiking(TIMESTEPS));
        prop_assert_eq!(expected.len(), found.len());
        let network = &both.conversion.network;
        let shape = network.populations.last().unwrap().shape;
        let bound = shape.to_channels_first(&theory(network, TIMESTEPS));
        let unit = match &network.populations.last().unwrap().neuron {
            Neuron::IntegrateFire(neuron) => neuron.threshold[0],
            _ => 1.0,
        };
        for (i, (e, f)) in expected.iter().zip(&found).enumerate() {
            let allowed = bound[i % bound.len()] * f64::from(unit) + 1e-3;
            let difference = f64::from((e - f * unit).abs());
            prop_assert!(difference <= allowed, "seed {seed}, output {i}: {e} {} ± {allowed}", f * unit);
        }
        // A bound that allows anything would prove nothing.
        let scale = expected.iter().fold(0f32, |max, v| max.max(v.abs()));
        let widest = bound.iter().fold(0f64, |max, b| max.max(*b)) * f64::from(unit);
        prop_assert!(widest < 0.5 * f64::from(scale) + 0.05, "{widest} {scale}");
    }
}
