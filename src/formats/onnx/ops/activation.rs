//! Rectifiers, clipped rectifiers and staircases.

use super::one;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, OnnxSignal, Value};
use crate::formats::onnx::node::OnnxNode;
use crate::formats::onnx::tensor::OnnxTensor;

const NEGATIVE: &str = "a negative slope needs spikes that stand for negative values, which integrate-and-fire neurons do not send; train with ReLU instead";

pub(super) fn relu(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    rectified(node, graph, &signal, f32::INFINITY)
}

pub(super) fn clip(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    // Attributes up to operator set 10, inputs from 11 on.
    let limit = |name: &str, input: usize, none: f32| -> Result<f32, String> {
        match (node.attribute(name).and_then(|a| a.f), node.input(input)) {
            (Some(value), _) => Ok(value),
            (None, None) => Ok(none),
            (None, Some(_)) => node
                .constant(input, graph)?
                .scalar()
                .ok_or(format!("its {name} is not one number")),
        }
    };
    let low = limit("min", 1, f32::NEG_INFINITY)?;
    let high = limit("max", 2, f32::INFINITY)?;
    if low == 0.0 || (low < 0.0 && is_rectified(graph, &signal)) {
        return rectified(node, graph, &signal, high);
    }
    Err(format!(
        "it clips to {low}…{high}; only a lower limit of 0 has a spiking form, as in ReLU6"
    ))
}

/// `max(x, 0)`, as some exporters write ReLU.
pub(super) fn max(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let (signal, limit) = with_scalar(node, graph)?;
    if limit == 0.0 {
        rectified(node, graph, &signal, f32::INFINITY)
    } else {
        Err(format!(
            "the larger of a signal and {limit} has no spiking form; only 0 has, which is ReLU"
        ))
    }
}

/// `min(x, bound)` behind a rectifier, as some exporters write ReLU6.
pub(super) fn min(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let (signal, limit) = with_scalar(node, graph)?;
    if is_rectified(graph, &signal) {
        rectified(node, graph, &signal, limit)
    } else {
        Err(format!(
            "the smaller of a signal and {limit} has a spiking form only behind a ReLU; use Clip or ReLU6"
        ))
    }
}

pub(super) fn leaky_relu(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    match node.float("alpha", 0.01) {
        0.0 => rectified(node, graph, &signal, f32::INFINITY),
        1.0 => one(signal),
        slope => Err(format!("its slope below 0 is {slope}; {NEGATIVE}")),
    }
}

pub(super) fn p_relu(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let slopes = node.constant(1, graph)?;
    if slopes.floats().iter().all(|&slope| slope == 0.0) {
        return rectified(node, graph, &signal, f32::INFINITY);
    }
    Err(format!("it has trained slopes below 0; {NEGATIVE}"))
}

pub(super) fn floor(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    staircase(node, graph, 0.0)
}

pub(super) fn round(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    staircase(node, graph, 0.5)
}

/// A signal and a number, in either order.
fn with_scalar(node: &OnnxNode, graph: &OnnxGraph) -> Result<(OnnxSignal, f32), String> {
    if node.inputs().count() != 2 {
        return Err("only a signal and one number are supported".into());
    }
    let signal_first = matches!(node.value(0, graph)?, Value::Signal(_));
    let (signal, number) = if signal_first { (0, 1) } else { (1, 0) };
    let limit = node.constant(number, graph)?;
    let limit = limit
        .scalar()
        .ok_or("only a signal and one number are supported")?;
    Ok((node.signal(signal, graph)?, limit))
}

/// Whether a signal comes straight from a rectifier.
fn is_rectified(graph: &OnnxGraph<'_>, signal: &OnnxSignal) -> bool {
    graph.operation(signal).is_activation()
}

/// A rectifier of `signal` with an upper limit. Rectifiers in front of it change nothing.
fn rectified(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    signal: &OnnxSignal,
    bound: f32,
) -> Result<Vec<Value>, String> {
    if bound <= 0.0 {
        return Err(format!("its upper limit {bound} leaves nothing but zeros"));
    }
    let below = &graph.layers[signal.layer];
    let (input, bound) = match below.operation {
        Operation::Relu => (below.inputs[0], bound),
        Operation::ClippedRelu { bound: inner } => (below.inputs[0], bound.min(inner)),
        _ => (signal.layer, bound),
    };
    let operation = if bound == f32::INFINITY {
        Operation::Relu
    } else {
        Operation::ClippedRelu { bound }
    };
    let dims = signal.dims.clone();
    one(graph.push(node.name(), node.output(), operation, &[input], dims)?)
}

/// The staircase `⌊a · clip(k x + b, 0, c) + s⌋`: what quantisation-aware training leaves in the
/// graph. Its trained step appears when the factor behind it is met ([`rescaled`]).
fn staircase(node: &OnnxNode, graph: &mut OnnxGraph, rounding: f32) -> Result<Vec<Value>, String> {
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let whole = |v: &f32| {
            if rounding > 0.0 {
                v.round_ties_even()
            } else {
                v.floor()
            }
        };
        let values = tensor.floats().iter().map(whole).collect();
        return Ok(vec![Value::constant(OnnxTensor {
            dims: tensor.dims.clone(),
            data: crate::formats::onnx::tensor::Data::Floats(values),
        })]);
    }
    let refused = "rounding has a spiking form only as the staircase of quantisation-aware training: ⌊clip(x / λ, 0, 1) · L + 1/2⌋ / L · λ";
    let signal = node.signal(0, graph)?;
    let (gain, offset, clipped) = uniform_affine(graph, signal.layer);
    let Operation::ClippedRelu { bound } = graph.layers[clipped].operation else {
        return Err(refused.into());
    };
    let (inner_gain, inner_offset, input) = uniform_affine(graph, graph.layers[clipped].inputs[0]);
    let (offset, top) = (offset + rounding, gain * bound + offset + rounding);
    let levels = top.floor();
    if gain <= 0.0
        || inner_gain <= 0.0
        || !(0.0..1.0).contains(&offset)
        || !(1.0..=65535.0).contains(&levels)
    {
        return Err(refused.into());
    }
    let scale = vec![gain * inner_gain; graph.layers[input].shape.channels];
    let shift = vec![0.0; scale.len()];
    let dims = signal.dims;
    let name = node.name();
    let scaled = graph.push(
        name,
        "",
        Operation::Affine { scale, shift },
        &[input],
        dims.clone(),
    )?;
    let operation = Operation::Staircase {
        step: levels,
        levels: levels as u32,
        shift: offset + gain * inner_offset,
    };
    one(graph.push(name, node.output(), operation, &[scaled.layer], dims)?)
}

/// A layer as `gain · x + offset` of a layer `x`, the same for all channels.
fn uniform_affine(graph: &OnnxGraph<'_>, layer: usize) -> (f32, f32, usize) {
    if let Operation::Affine { scale, shift } = &graph.layers[layer].operation
        && let (Some(gain), Some(offset)) = (uniform(scale), uniform(shift))
    {
        return (gain, offset, graph.layers[layer].inputs[0]);
    }
    (1.0, 0.0, layer)
}

/// The value that all of a list have.
pub(super) fn uniform(values: &[f32]) -> Option<f32> {
    let first = *values.first()?;
    values.iter().all(|&v| v == first).then_some(first)
}

/// A staircase behind a factor and before its inverse, as one staircase in the units of its
/// input: `factor · staircase(x / factor)`. The inverse may come in several steps, as in `/ L · λ`.
pub(super) fn rescaled(
    graph: &OnnxGraph<'_>,
    layer: usize,
    factor: f32,
) -> Option<(Operation, usize)> {
    let (behind, 0.0, layer) = uniform_affine(graph, layer) else {
        return None;
    };
    let factor = factor * behind;
    let Operation::Staircase {
        step,
        levels,
        shift,
    } = graph.layers[layer].operation
    else {
        return None;
    };
    let (gain, offset, input) = uniform_affine(graph, graph.layers[layer].inputs[0]);
    let inverse = factor > 0.0 && offset == 0.0 && (gain * factor - 1.0).abs() < 1e-5;
    let step = step * factor;
    inverse.then_some((
        Operation::Staircase {
            step,
            levels,
            shift,
        },
        input,
    ))
}
