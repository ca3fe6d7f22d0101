//! Writes a model out in full before it goes to the inference engine.
//!
//! ONNX lets exporters leave out strides and dilations, ask for automatic padding, keep weights in
//! other files and compute in half or double precision; `rten` 0.27 refuses some of these and takes
//! `SAME_LOWER` for `SAME_UPPER`, which gives other numbers. What the importer worked out is stated
//! instead, and everything is computed in single precision.

use super::external::Folder;
use super::tensor::{Data, OnnxTensor};
use crate::ann::{Ann, Operation};
use crate::network::Window;
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, TensorProto,
};
use std::collections::BTreeSet;

/// The attributes that describe a window.
const WINDOW_ATTRIBUTES: [&str; 6] = [
    "kernel_shape",
    "strides",
    "dilations",
    "pads",
    "auto_pad",
    "ceil_mode",
];

/// Element types that are computed in single precision instead.
const OTHER_FLOATS: [DataType; 3] = [DataType::FLOAT16, DataType::DOUBLE, DataType::BFLOAT16];

/// The model with everything stated in full; `batch` is the size of its batch axis, if fixed.
pub(super) fn encode(
    mut model: ModelProto,
    ann: &Ann,
    batch: Option<usize>,
    folder: &Folder,
) -> Result<Vec<u8>, String> {
    if let Some(graph) = &mut model.graph {
        // Weights of convolutions along one axis.
        let narrow: BTreeSet<String> = graph
            .initializer
            .iter()
            .filter(|tensor| tensor.dims.len() == 3)
            .filter_map(|tensor| tensor.name.clone())
            .collect();
        plain(graph, folder)?;
        for node in &mut graph.node {
            state_window(node, ann, &narrow);
        }
        declare_inputs(graph, batch);
    }
    model.write_buf().map_err(|error| error.to_string())
}

/// All weights inside, everything in single precision.
pub(super) fn plain(graph: &mut GraphProto, folder: &Folder) -> Result<(), String> {
    for tensor in &mut graph.initializer {
        write_out(tensor, folder)?;
    }
    for node in &mut graph.node {
        for tensor in node.attribute.iter_mut().filter_map(|a| a.t.as_mut()) {
            write_out(tensor, folder)?;
        }
        single_precision(node);
    }
    Ok(())
}

/// Replaces a constant that lies elsewhere or is not of single precision.
fn write_out(tensor: &mut TensorProto, folder: &Folder) -> Result<(), String> {
    let kind = tensor.data_type.unwrap_or(DataType(0));
    let external = !tensor.external_data.is_empty();
    if !external && !OTHER_FLOATS.contains(&kind) {
        return Ok(());
    }
    let read = OnnxTensor::read(tensor, folder)?;
    let mut plain = TensorProto {
        name: tensor.name.take(),
        dims: std::mem::take(&mut tensor.dims),
        ..TensorProto::default()
    };
    match read.data {
        Data::Floats(values) => {
            plain.data_type = Some(DataType::FLOAT);
            plain.float_data = values;
        }
        Data::Integers(values) if kind == DataType::INT64 => {
            plain.data_type = Some(kind);
            plain.int64_data = values;
        }
        Data::Integers(values) => {
            plain.data_type = Some(kind);
            plain.int32_data = values.into_iter().map(|v| v as i32).collect();
        }
    }
    *tensor = plain;
    Ok(())
}

/// Casts to other precisions become casts to single precision.
fn single_precision(node: &mut NodeProto) {
    if node.op_type.as_deref() != Some("Cast") {
        return;
    }
    for attribute in &mut node.attribute {
        let to = DataType(attribute.i.unwrap_or(0) as i32);
        if attribute.name.as_deref() == Some("to") && OTHER_FLOATS.contains(&to) {
            attribute.i = Some(i64::from(DataType::FLOAT.0));
        }
    }
}

/// Inputs are of single precision, and of the batch size the graph was exported for.
fn declare_inputs(graph: &mut GraphProto, batch: Option<usize>) {
    for input in &mut graph.input {
        let Some(tensor) = input.r#type.as_mut().and_then(|t| t.tensor_type.as_mut()) else {
            continue;
        };
        let initialised = graph
            .initializer
            .iter()
            .any(|tensor| tensor.name == input.name);
        if initialised {
            if tensor
                .elem_type
                .is_some_and(|kind| OTHER_FLOATS.contains(&kind))
            {
                tensor.elem_type = Some(DataType::FLOAT);
            }
            continue;
        }
        tensor.elem_type = Some(DataType::FLOAT);
        let first = tensor
            .shape
            .as_mut()
            .and_then(|shape| shape.dim.first_mut());
        if let (Some(first), Some(batch)) = (first, batch) {
            first.dim_value = Some(batch as i64);
            first.dim_param = None;
        }
    }
}

/// States the window the importer worked out.
fn state_window(node: &mut NodeProto, ann: &Ann, narrow: &BTreeSet<String>) {
    let slides = ["Conv", "MaxPool", "AveragePool"];
    if !node
        .op_type
        .as_deref()
        .is_some_and(|op| slides.contains(&op))
    {
        return;
    }
    // A bias added behind a convolution was folded into it and gave it its own output.
    let made = |name: &str| {
        let found = ann.layers.iter().find(|layer| layer.output == name);
        let named = || {
            ann.layers
                .iter()
                .find(|layer| Some(&layer.name) == node.name.as_ref())
        };
        found.or_else(named).map(|layer| &layer.operation)
    };
    let (window, count_padding) = match node.output.first().and_then(|output| made(output)) {
        Some(Operation::Convolution { convolution, .. }) => (convolution.window, None),
        Some(Operation::MaxPool { window }) => (*window, None),
        Some(Operation::AveragePool {
            window,
            count_padding,
        }) => (*window, Some(*count_padding)),
        _ => return,
    };
    let one_axis = node.input.get(1).is_some_and(|name| narrow.contains(name))
        || node
            .attribute
            .iter()
            .any(|a| a.name.as_deref() == Some("kernel_shape") && a.ints.len() == 1);
    node.attribute.retain(|attribute| {
        let name = attribute.name.as_deref().unwrap_or("");
        let restated = WINDOW_ATTRIBUTES.contains(&name)
            || (name == "count_include_pad" && count_padding.is_some());
        !restated
    });
    node.attribute.extend(attributes(window, one_axis));
    node.attribute
        .extend(count_padding.map(|counts| AttributeProto {
            name: Some("count_include_pad".to_owned()),
            i: Some(i64::from(counts)),
            r#type: Some(AttributeType::INT),
            ..AttributeProto::default()
        }));
}

fn attributes(window: Window, one_axis: bool) -> [AttributeProto; 4] {
    let Window {
        vertical: v,
        horizontal: h,
    } = window;
    let ints = |name: &str, values: &[usize]| {
        // Values of the vertical axis come first of each pair.
        let values = values.iter().skip(usize::from(one_axis));
        AttributeProto {
            name: Some(name.to_owned()),
            ints: values
                .step_by(1 + usize::from(one_axis))
                .map(|&value| value as i64)
                .collect(),
            r#type: Some(AttributeType::INTS),
            ..AttributeProto::default()
        }
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
