//! 8-bit models in QDQ form: weights are dequantised, activations become staircases.

use super::one;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, OnnxSignal, Value};
use crate::formats::onnx::layout::broadcast;
use crate::formats::onnx::node::{OnnxNode, constant_axis};
use crate::formats::onnx::tensor::{Data, OnnxTensor};
use rten_onnx::onnx::DataType;

pub(super) fn quantize_linear(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
) -> Result<Vec<Value>, String> {
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let tensor = tensor.clone();
        let (scale, zero) = parameters(node, graph, &tensor.dims)?;
        let (low, high) = limits(node, graph)?;
        let floats = tensor.floats();
        let integers = (0..floats.len())
            .map(|i| {
                let steps = (f64::from(floats[i]) / f64::from(scale[i])).round_ties_even();
                (steps as i64).saturating_add(zero[i]).clamp(low, high)
            })
            .collect();
        let data = Data::Integers(integers);
        return Ok(vec![Value::constant(OnnxTensor {
            dims: tensor.dims.clone(),
            data,
        })]);
    }
    let signal = node.signal(0, graph)?;
    let (scale, zero) = signal_parameters(node, graph)?;
    let (low, high) = limits(node, graph)?;
    let quantised = Some((scale, zero));
    graph.rounds = true;
    let below = &graph.layers[signal.layer];
    let bound = match below.operation {
        Operation::Relu => Some(f32::INFINITY),
        Operation::ClippedRelu { bound } => Some(bound),
        _ => None,
    };
    if high > zero && (low == zero || bound.is_some()) {
        // Rounding behind a rectifier is the staircase of what the rectifier reads.
        let input = if bound.is_some() {
            below.inputs[0]
        } else {
            signal.layer
        };
        let reached = (bound.unwrap_or(f32::INFINITY) / scale)
            .round_ties_even()
            .max(1.0);
        let levels = (high - zero).min(reached as i64);
        let step = levels as f32 * scale;
        let repeats = is_not_negative(graph, signal.layer) && input == signal.layer;
        if !repeats {
            let operation = Operation::Staircase {
                step,
                levels: levels as u32,
                shift: 0.5,
            };
            let made = graph.push(node.name(), node.output(), operation, &[input], signal.dims)?;
            return one(OnnxSignal { quantised, ..made });
        }
    }
    graph.left_out += 1;
    one(OnnxSignal {
        quantised,
        ..signal
    })
}

pub(super) fn dequantize_linear(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
) -> Result<Vec<Value>, String> {
    match node.value(0, graph)?.clone() {
        Value::Constant(tensor) => {
            let (scale, zero) = parameters(node, graph, &tensor.dims)?;
            let integers = tensor.indices()?;
            let floats = (0..integers.len())
                .map(|i| (integers[i] - zero[i]) as f32 * scale[i])
                .collect();
            let data = Data::Floats(floats);
            Ok(vec![Value::constant(OnnxTensor {
                dims: tensor.dims.clone(),
                data,
            })])
        }
        Value::Signal(OnnxSignal {
            quantised: Some(quantised),
            layer,
            dims,
        }) => {
            if signal_parameters(node, graph)? != quantised {
                return Err("its scale or zero point differs from those of the QuantizeLinear in front of it".into());
            }
            // The runtime can be asked for the real numbers only here.
            if Some(graph.layers[layer].output.as_str()) == node.input(0) {
                graph.layers[layer].output = node.output().to_owned();
            }
            one(OnnxSignal {
                layer,
                dims,
                quantised: None,
            })
        }
        _ => Err("it reads a signal that was not quantised; quantise the model in QDQ form".into()),
    }
}

/// Whether all that a layer can give is 0 or more, because spikes carry it.
fn is_not_negative(graph: &OnnxGraph<'_>, layer: usize) -> bool {
    let layer = &graph.layers[layer];
    match &layer.operation {
        operation if operation.is_activation() => true,
        Operation::MaxPool { .. }
        | Operation::AveragePool { .. }
        | Operation::Arrange { .. }
        | Operation::Pad { .. }
        | Operation::Concat => layer
            .inputs
            .iter()
            .all(|&input| is_not_negative(graph, input)),
        _ => false,
    }
}

/// Scale and zero point of a signal: one each.
fn signal_parameters(node: &OnnxNode, graph: &OnnxGraph) -> Result<(f32, i64), String> {
    let scale = node.constant(1, graph)?;
    let zero = match node.optional(2, graph)? {
        None => 0,
        Some(zero) => match *zero.indices()? {
            [zero] => zero,
            _ => {
                return Err(
                    "it quantises a signal per channel; quantise activations per tensor".into(),
                );
            }
        },
    };
    match scale.scalar() {
        Some(scale) if scale > 0.0 => Ok((scale, zero)),
        Some(scale) => Err(format!("its scale is {scale}")),
        None => Err("it quantises a signal per channel; quantise activations per tensor".into()),
    }
}

/// Scale and zero point of each element of a constant.
fn parameters(
    node: &OnnxNode,
    graph: &OnnxGraph<'_>,
    dims: &[usize],
) -> Result<(Vec<f32>, Vec<i64>), String> {
    if node.int("block_size", 0) != 0 {
        return Err(
            "quantisation in blocks is not supported; quantise per tensor or per channel".into(),
        );
    }
    let scale = node.constant(1, graph)?;
    let zero = node.optional(2, graph)?;
    let scales = scale.floats();
    let zeros = match &zero {
        None => vec![0; scales.len()],
        Some(zero) => zero.indices()?.to_vec(),
    };
    if zeros.len() != scales.len() || scales.is_empty() {
        return Err("its scales and zero points differ in number".into());
    }
    let from = if scales.len() == 1 {
        vec![0; dims.iter().product()]
    } else {
        let axis = constant_axis(node.int("axis", 1), dims.len())?;
        let mut along = vec![1; dims.len()];
        along[axis] = scales.len();
        broadcast(&along, dims).ok_or(format!(
            "{} scales do not fit axis {axis} of {dims:?}",
            scales.len()
        ))?
    };
    Ok((
        from.iter().map(|&i| scales[i]).collect(),
        from.iter().map(|&i| zeros[i]).collect(),
    ))
}

/// Smallest and largest integer of the type it quantises to: that of its zero point.
fn limits(node: &OnnxNode, graph: &OnnxGraph) -> Result<(i64, i64), String> {
    let stated = DataType(node.int("output_dtype", 0) as i32);
    let kind = node
        .input(2)
        .and_then(|name| graph.types.get(name).copied())
        .unwrap_or(if stated == DataType(0) {
            DataType::UINT8
        } else {
            stated
        });
    match kind {
        DataType::UINT8 => Ok((0, 255)),
        DataType::INT8 => Ok((-128, 127)),
        DataType::UINT16 => Ok((0, 65535)),
        DataType::INT16 => Ok((-32768, 32767)),
        other => Err(format!(
            "it quantises to {other}; 8 or 16 bits are supported"
        )),
    }
}
