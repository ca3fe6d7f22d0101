//! Import of hand-made ONNX models: operators by hand, problems by name, damage without panic.

use crate::build;

use build::{float, int, ints, model, node, tensor, text};
use proptest::prelude::*;
use spikewatt::ann::{Ann, Operation, Runtime};
use spikewatt::formats::onnx::{OnnxError, OnnxModel, import};
use spikewatt::network::Shape;

fn imported(bytes: &[u8]) -> Ann {
    import("test", "test.onnx", bytes).unwrap().ann
}

#[test]
fn worked_gemm_with_factors_and_both_orders() {
    // y = 2 · x B + 3 · c with B = [[1, 2, 3], [4, 5, 6]], stored as it is and transposed.
    for (transposed, dims, data) in [
        (0, [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (1, [3, 2], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
    ] {
        let attributes = vec![
            float("alpha", 2.0),
            float("beta", 3.0),
            int("transB", transposed),
        ];
        let bytes = model(
            &[2],
            vec![node("Gemm", "g", &["x", "B", "c"], "y", attributes)],
            vec![
                tensor("B", &dims, &data),
                tensor("c", &[3], &[1.0, 0.0, -1.0]),
            ],
            "y",
        );
        let ann = imported(&bytes);
        assert_eq!(
            ann.layers[1].operation,
            Operation::Dense {
                weight: vec![2.0, 8.0, 4.0, 10.0, 6.0, 12.0],
                bias: vec![3.0, 0.0, -3.0],
            }
        );
    }
}

#[test]
fn worked_batch_normalisation() {
    // scale = 3 / sqrt(3.75 + 0.25) = 1.5; shift = 1 − 1.5 · 2 = −2.
    let bytes = model(
        &[1, 2, 2],
        vec![node(
            "BatchNormalization",
            "bn",
            &["x", "g", "b", "m", "v"],
            "y",
            vec![float("epsilon", 0.25)],
        )],
        vec![
            tensor("g", &[1], &[3.0]),
            tensor("b", &[1], &[1.0]),
            tensor("m", &[1], &[2.0]),
            tensor("v", &[1], &[3.75]),
        ],
        "y",
    );
    assert_eq!(
        imported(&bytes).layers[1].operation,
        Operation::Affine {
            scale: vec![1.5],
            shift: vec![-2.0],
        }
    );
}

#[test]
fn worked_automatic_padding() {
    // 5 inputs, stride 2: 3 outputs need (3 − 1) · 2 + 4 = 8 positions, so 3 zeros.
    for (mode, before, after) in [("SAME_UPPER", 1, 2), ("SAME_LOWER", 2, 1)] {
        let bytes = model(
            &[1, 5, 5],
            vec![node(
                "Conv",
                "c",
                &["x", "w"],
                "y",
                vec![text("auto_pad", mode), ints("strides", &[2, 2])],
            )],
            vec![tensor("w", &[1, 1, 4, 4], &[1.0; 16])],
            "y",
        );
        let ann = imported(&bytes);
        assert_eq!(ann.layers[1].shape, Shape::maps(1, 3, 3));
        let Operation::Convolution { convolution, .. } = &ann.layers[1].operation else {
            panic!("{:?}", ann.layers[1]);
        };
        let axis = convolution.window.vertical;
        assert_eq!((axis.pad_before, axis.pad_after), (before, after));
    }
}

/// Our structure and the engine's arithmetic agree on shapes, for every kind of window.
#[test]
fn shapes_agree_with_the_runtime() {
    for (strides, dilations, padding) in [
        ([2, 1], [1, 1], ints("pads", &[1, 0, 2, 1])),
        ([1, 1], [2, 2], ints("pads", &[0, 0, 0, 0])),
        ([1, 1], [1, 1], text("auto_pad", "SAME_LOWER")),
        ([2, 2], [1, 1], text("auto_pad", "SAME_UPPER")),
        ([3, 3], [1, 2], text("auto_pad", "VALID")),
    ] {
        let attributes = vec![
            ints("strides", &strides),
            ints("dilations", &dilations),
            padding,
        ];
        let weights: Vec<f32> = (0..2 * 3 * 3 * 2).map(|i| i as f32 / 10.0).collect();
        let bytes = model(
            &[2, 9, 8],
            vec![node("Conv", "c", &["x", "w"], "y", attributes)],
            vec![tensor("w", &[2, 2, 3, 3], &weights)],
            "y",
        );
        let OnnxModel { ann, bytes, .. } = import("test", "test.onnx", &bytes).unwrap();
        let runtime = Runtime::load("test", bytes, &ann.sample_dims).unwrap();
        let widths = runtime
            .observe(&[1.0; 2 * 9 * 8], &["y"], &|_, observed| observed[0].width)
            .unwrap();
        assert_eq!(widths, [ann.layers[1].shape.neurons()]);
    }
}

#[test]
fn every_unsupported_node_is_listed_with_its_name_and_a_way_out() {
    let bytes = model(
        &[4],
        vec![
            node("Gemm", "first", &["x", "w"], "a", vec![]),
            node("Sigmoid", "squash", &["a"], "b", vec![]),
            // Reads what could not be made: not a problem of its own.
            node("Relu", "innocent", &["b"], "c", vec![]),
            // Unsupported itself, though its input is missing too.
            node("LSTM", "memory", &["b"], "d", vec![]),
            node("Gemm", "misfit", &["x", "narrow"], "e", vec![]),
        ],
        vec![
            tensor("w", &[4, 4], &[0.0; 16]),
            tensor("narrow", &[3, 2], &[0.0; 6]),
        ],
        "c",
    );
    let error = import("test", "test.onnx", &bytes).unwrap_err();
    let OnnxError::Unsupported { problems, .. } = &error else {
        panic!("{error}");
    };
    let nodes: Vec<_> = problems.iter().map(|p| p.node.as_str()).collect();
    assert_eq!(nodes, ["squash", "memory", "misfit"]);
    let message = error.to_string();
    for word in ["test.onnx", "Sigmoid", "LSTM", "Relu", "[3, 2]"] {
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn weights_that_are_not_numbers_are_refused_by_name() {
    let bytes = model(
        &[1],
        vec![node("Gemm", "g", &["x", "poison"], "y", vec![])],
        vec![tensor("poison", &[1, 1], &[f32::NAN])],
        "y",
    );
    let message = import("test", "test.onnx", &bytes).unwrap_err().to_string();
    assert!(
        message.contains("poison") && message.contains("NaN"),
        "{message}"
    );
}

fn shipped() -> Vec<u8> {
    std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/networks/digits_mlp.onnx"
    ))
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_cut_model_is_refused(at in 0usize..11_438) {
        let bytes = shipped();
        prop_assert!(import("cut", "cut.onnx", &bytes[..at.min(bytes.len() - 1)]).is_err());
    }

    #[test]
    fn a_damaged_model_never_panics(
        flips in proptest::collection::vec((0usize..11_438, 0u8..8), 1..20),
    ) {
        let mut bytes = shipped();
        for (at, bit) in flips {
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
        }
        let _ = import("damaged", "damaged.onnx", &bytes);
    }
}
