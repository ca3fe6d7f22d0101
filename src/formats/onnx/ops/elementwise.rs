//! Sums and products with constants; sums of signals are joins.

use super::activation::{rescaled, uniform};
use super::{join, one};
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, OnnxSignal, Value};
use crate::formats::onnx::layout::{broadcast, joint};
use crate::formats::onnx::node::OnnxNode;
use crate::formats::onnx::tensor::{BATCH, Data, OnnxTensor};

pub(super) fn add(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    binary(node, graph, Arithmetic::Add)
}

pub(super) fn sub(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    binary(node, graph, Arithmetic::Sub)
}

pub(super) fn mul(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    binary(node, graph, Arithmetic::Mul)
}

pub(super) fn div(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    binary(node, graph, Arithmetic::Div)
}

pub(super) fn neg(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let minus_one = OnnxTensor {
            dims: vec![],
            data: match tensor.data {
                Data::Floats(_) => Data::Floats(vec![-1.0]),
                Data::Integers(_) => Data::Integers(vec![-1]),
            },
        };
        return folded(tensor, &minus_one, Arithmetic::Mul).map(|t| vec![Value::constant(t)]);
    }
    let signal = node.signal(0, graph)?;
    one(affine(
        node,
        graph,
        &signal,
        vec![-1.0],
        vec![0.0],
        node.output(),
    )?)
}

#[derive(Clone, Copy, PartialEq)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

fn binary(node: &OnnxNode, graph: &mut OnnxGraph, kind: Arithmetic) -> Result<Vec<Value>, String> {
    let values = (node.value(0, graph)?.clone(), node.value(1, graph)?.clone());
    match values {
        (Value::Constant(a), Value::Constant(b)) => {
            folded(&a, &b, kind).map(|tensor| vec![Value::constant(tensor)])
        }
        (Value::Signal(_), Value::Constant(constant)) => {
            let signal = node.signal(0, graph)?;
            let constant = expanded(&constant, &signal)?;
            let ones = || vec![1.0; constant.len()];
            let zeros = || vec![0.0; constant.len()];
            let (scale, shift) = match kind {
                Arithmetic::Add => (ones(), constant),
                Arithmetic::Sub => (ones(), constant.iter().map(|v| -v).collect()),
                Arithmetic::Mul => {
                    let zeros = zeros();
                    (constant, zeros)
                }
                Arithmetic::Div => (constant.iter().map(|v| 1.0 / v).collect(), zeros()),
            };
            one(affine(node, graph, &signal, scale, shift, node.output())?)
        }
        (Value::Constant(constant), Value::Signal(_)) => {
            let signal = node.signal(1, graph)?;
            let constant = expanded(&constant, &signal)?;
            let fill = |value: f32| vec![value; constant.len()];
            let (scale, shift) = match kind {
                Arithmetic::Add => (fill(1.0), constant),
                Arithmetic::Sub => (fill(-1.0), constant),
                Arithmetic::Mul => {
                    let zeros = fill(0.0);
                    (constant, zeros)
                }
                Arithmetic::Div => {
                    return Err("it divides by a signal, which is not linear and has no spiking form".into());
                }
            };
            one(affine(node, graph, &signal, scale, shift, node.output())?)
        }
        (Value::Signal(_), Value::Signal(_)) => match kind {
            Arithmetic::Add => join::sum(node, graph),
            Arithmetic::Sub => {
                let (a, b) = (node.signal(0, graph)?, node.signal(1, graph)?);
                let minus = affine(node, graph, &b, vec![-1.0], vec![0.0], "")?;
                one(join::sum_of(node, graph, &[a, minus])?)
            }
            Arithmetic::Mul | Arithmetic::Div => Err(
                "it multiplies or divides two signals (attention, gates, squeeze-and-excitation), which has no spiking form; leave it out of the network".into(),
            ),
        },
        _ => Err("one of its inputs is not available".into()),
    }
}

/// `scale · x + shift`, each one number, one per channel or one per value, merged with what stands
/// in front of it.
pub(super) fn affine(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    signal: &OnnxSignal,
    scale: Vec<f32>,
    shift: Vec<f32>,
    output: &str,
) -> Result<OnnxSignal, String> {
    let shape = graph.shape(signal);
    if let (Some(0.0), Some(factor)) = (uniform(&shift), uniform(&scale))
        && let Some((operation, input)) = rescaled(graph, signal.layer, factor)
    {
        return graph.push(
            node.name(),
            output,
            operation,
            &[input],
            signal.dims.clone(),
        );
    }
    // One length for both: the longest that either needs.
    let spread = |values: &[f32], length: usize| -> Vec<f32> {
        let plane = shape.height * shape.width;
        match values.len() {
            1 => vec![values[0]; length],
            n if n == length => values.to_vec(),
            _ => (0..length).map(|i| values[i / plane]).collect(),
        }
    };
    let plane = shape.height * shape.width;
    let per_channel = |values: &[f32]| {
        values.len() != shape.neurons() || values.chunks_exact(plane).all(|c| uniform(c).is_some())
    };
    let length = if per_channel(&scale) && per_channel(&shift) {
        shape.channels
    } else {
        shape.neurons()
    };
    let narrow = |values: &[f32]| -> Vec<f32> {
        if values.len() == shape.neurons() && length == shape.channels {
            values.iter().step_by(plane).copied().collect()
        } else {
            spread(values, length)
        }
    };
    let (mut scale, mut shift) = (narrow(&scale), narrow(&shift));
    let mut input = signal.layer;
    if let Operation::Affine {
        scale: inner,
        shift: offset,
    } = &graph.layers[input].operation
    {
        let length = length.max(inner.len());
        let (inner, offset) = (spread(inner, length), spread(offset, length));
        (scale, shift) = (spread(&scale, length), spread(&shift, length));
        for i in 0..length {
            shift[i] += scale[i] * offset[i];
            scale[i] *= inner[i];
        }
        input = graph.layers[input].inputs[0];
    }
    let operation = Operation::Affine { scale, shift };
    graph.push(
        node.name(),
        output,
        operation,
        &[input],
        signal.dims.clone(),
    )
}

/// A constant operand, one number or one per value of the signal.
fn expanded(constant: &OnnxTensor, signal: &OnnxSignal) -> Result<Vec<f32>, String> {
    let floats = constant.floats();
    if let [value] = *floats
        && constant.dims.len() <= signal.dims.len() + 1
    {
        return Ok(vec![value]);
    }
    let mut dims = vec![1];
    dims.extend(&signal.dims);
    let from = broadcast(&constant.dims, &dims).ok_or(format!(
        "its constant {:?} cannot be broadcast to a signal of {:?} per sample",
        constant.dims, signal.dims
    ))?;
    Ok(from.into_iter().map(|i| floats[i]).collect())
}

/// Arithmetic of constants.
fn folded(a: &OnnxTensor, b: &OnnxTensor, kind: Arithmetic) -> Result<OnnxTensor, String> {
    let dims = joint(&a.dims, &b.dims).ok_or(format!(
        "constants {:?} and {:?} do not fit each other",
        a.dims, b.dims
    ))?;
    let (Some(left), Some(right)) = (broadcast(&a.dims, &dims), broadcast(&b.dims, &dims)) else {
        return Err("its constants do not fit each other".into());
    };
    let data = match (&a.data, &b.data) {
        (Data::Integers(a), Data::Integers(b)) => Data::Integers(
            left.into_iter()
                .zip(right)
                .map(|(i, j)| whole(a[i], b[j], kind))
                .collect::<Result<_, _>>()?,
        ),
        _ => {
            let (a, b) = (a.floats(), b.floats());
            let number = |(i, j): (usize, usize)| match kind {
                Arithmetic::Add => a[i] + b[j],
                Arithmetic::Sub => a[i] - b[j],
                Arithmetic::Mul => a[i] * b[j],
                Arithmetic::Div => a[i] / b[j],
            };
            Data::Floats(left.into_iter().zip(right).map(number).collect())
        }
    };
    Ok(OnnxTensor { dims, data })
}

fn whole(a: i64, b: i64, kind: Arithmetic) -> Result<i64, String> {
    let neutral = match kind {
        Arithmetic::Add | Arithmetic::Sub => 0,
        Arithmetic::Mul | Arithmetic::Div => 1,
    };
    match (a, b) {
        (BATCH, b) if b == neutral => Ok(BATCH),
        (a, BATCH) if a == neutral && matches!(kind, Arithmetic::Add | Arithmetic::Mul) => {
            Ok(BATCH)
        }
        (BATCH, _) | (_, BATCH) => {
            Err("it computes with the size of the batch, which must stay apart".into())
        }
        _ => match kind {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Sub => a.checked_sub(b),
            Arithmetic::Mul => a.checked_mul(b),
            Arithmetic::Div => a.checked_div(b),
        }
        .ok_or_else(|| "its shape arithmetic overflows or divides by 0".into()),
    }
}
