//! Writes windows out in full before a model goes to the inference engine.
//!
//! ONNX lets exporters leave out strides and dilations and ask for automatic padding; `rten` 0.27
//! refuses some of these and takes `SAME_LOWER` for `SAME_UPPER`, which gives other numbers. What
//! the importer worked out is stated instead.

use crate::ann::{Ann, Operation};
use crate::network::Window;
use rten_onnx::onnx::{AttributeProto, ModelProto};
use rten_onnx::protobuf::ProtobufError;

/// The attributes that describe a window.
const WINDOW_ATTRIBUTES: [&str; 5] = ["kernel_shape", "strides", "dilations", "pads", "auto_pad"];

/// The model with every window stated in full.
pub(super) fn encode(mut model: ModelProto, ann: &Ann) -> Result<Vec<u8>, ProtobufError> {
    let windows = |output: &str| {
        ann.layers
            .iter()
            .find(|layer| layer.output == output)
            .and_then(|layer| match &layer.operation {
                Operation::Convolution { convolution, .. } => Some(convolution.window),
                Operation::MaxPool { window } | Operation::AveragePool { window, .. } => {
                    Some(*window)
                }
                _ => None,
            })
    };
    for node in model.graph.iter_mut().flat_map(|graph| &mut graph.node) {
        let global = node.op_type.as_deref() == Some("GlobalAveragePool");
        let Some(window) = node.output.first().and_then(|output| windows(output)) else {
            continue;
        };
        if global {
            continue;
        }
        node.attribute.retain(|attribute| {
            let name = attribute.name.as_deref().unwrap_or("");
            !WINDOW_ATTRIBUTES.contains(&name)
        });
        node.attribute.extend(attributes(window));
    }
    model.write_buf()
}

fn attributes(window: Window) -> [AttributeProto; 4] {
    let Window {
        vertical: v,
        horizontal: h,
    } = window;
    let ints = |name: &str, values: &[usize]| AttributeProto {
        name: Some(name.to_owned()),
        ints: values.iter().map(|&value| value as i64).collect(),
        r#type: Some(rten_onnx::onnx::AttributeType::INTS),
        ..AttributeProto::default()
    };
    [
        ints("kernel_shape", &[v.kernel, h.kernel]),
        ints("strides", &[v.stride, h.stride]),
        ints("dilations", &[v.dilation, h.dilation]),
        ints(
            "pads",
            &[v.pad_before, h.pad_before, v.pad_after, h.pad_after],
        ),
    ]
}
