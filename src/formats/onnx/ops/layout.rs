//! Operators that only change shape or order.

use super::one;
use crate::formats::onnx::graph::{OnnxGraph, Value};
use crate::formats::onnx::layout;
use crate::formats::onnx::node::{OnnxNode, constant_axis, sample_axis};
use crate::formats::onnx::tensor::{BATCH, OnnxTensor};

const BATCH_MOVED: &str = "it mixes the batch axis with others; keep the batch as the first axis";

pub(super) fn flatten(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let axis = node.int("axis", 1);
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len();
    let axis = if axis < 0 {
        axis.saturating_add(rank as i64 + 1)
    } else {
        axis
    };
    let before = usize::try_from(axis - 1).ok().filter(|&b| b <= rank);
    // With a single sample the batch axis may be flattened along.
    let kept = before.map_or(graph.batch == Some(1) && axis == 0, |before| {
        signal.dims[..before].iter().product::<usize>() == 1
    });
    if !kept {
        return Err(format!(
            "axis {axis} is not supported; flatten from axis 1, which keeps the batch"
        ));
    }
    let dims = vec![signal.dims.iter().product()];
    one(graph.reshaped(node.name(), node.output(), &signal, dims)?)
}

pub(super) fn reshape(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let target = match node.attribute("shape") {
        Some(attribute) => attribute.ints.clone(),
        None => node.constant(1, graph)?.indices()?.to_vec(),
    };
    let zero_is_size = node.int("allowzero", 0) != 0;
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let dims: Vec<i64> = tensor.dims.iter().map(|&d| d as i64).collect();
        let dims = resolve(&target, &dims, tensor.data.len(), zero_is_size)?;
        let data = tensor.data.clone();
        return Ok(vec![Value::constant(OnnxTensor { dims, data })]);
    }
    let signal = node.signal(0, graph)?;
    let Some((&first, rest)) = target.split_first() else {
        return Err(BATCH_MOVED.into());
    };
    let neurons: usize = signal.dims.iter().product();
    let batch = graph.batch.map(|n| n as i64);
    let keeps = first == BATCH
        || (first == 0 && !zero_is_size)
        || Some(first) == batch
        // The batch is what is left over, or a single sample as it was exported.
        || (first == -1 && !rest.contains(&-1))
        || (first == 1 && batch.is_none());
    if !keeps || rest.contains(&BATCH) {
        return Err(BATCH_MOVED.into());
    }
    let own: Vec<i64> = signal.dims.iter().map(|&d| d as i64).collect();
    let dims = resolve(rest, &own, neurons, zero_is_size)
        .map_err(|reason| format!("{reason}; {BATCH_MOVED}"))?;
    if first == 1 && batch.is_none() {
        graph.single_sample();
    }
    one(graph.reshaped(node.name(), node.output(), &signal, dims)?)
}

/// The dimensions a Reshape asks for.
fn resolve(
    target: &[i64],
    own: &[i64],
    count: usize,
    zero_is_size: bool,
) -> Result<Vec<usize>, String> {
    let wrong = || format!("its target {target:?} does not fit {count} values");
    let mut dims = Vec::with_capacity(target.len());
    let mut inferred = None;
    for (axis, &size) in target.iter().enumerate() {
        dims.push(match size {
            -1 if inferred.is_none() => {
                inferred = Some(axis);
                1
            }
            0 if !zero_is_size => *own.get(axis).ok_or_else(wrong)?,
            _ => size,
        });
    }
    let product = dims.iter().try_fold(1i64, |product, &d| {
        product.checked_mul(d).filter(|_| d >= 0)
    });
    let product = product.ok_or_else(wrong)?;
    if let Some(axis) = inferred {
        dims[axis] = (count as i64).checked_div(product).ok_or_else(wrong)?;
    }
    if dims.iter().product::<i64>() != count as i64 {
        return Err(wrong());
    }
    Ok(dims.into_iter().map(|d| d as usize).collect())
}

pub(super) fn squeeze(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let axes = node.integers("axes", 1, graph)?;
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let rank = tensor.dims.len();
        let gone: Vec<usize> = match axes {
            Some(axes) => axes
                .iter()
                .map(|&a| constant_axis(a, rank))
                .collect::<Result<_, _>>()?,
            None => (0..rank).filter(|&a| tensor.dims[a] == 1).collect(),
        };
        let dims = without(&tensor.dims, &gone)?;
        let data = tensor.data.clone();
        return Ok(vec![Value::constant(OnnxTensor { dims, data })]);
    }
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len();
    let gone: Vec<usize> = match axes {
        Some(axes) => axes
            .iter()
            .map(|&a| sample_axis(a, rank))
            .collect::<Result<_, _>>()?,
        None => (0..rank).filter(|&a| signal.dims[a] == 1).collect(),
    };
    let dims = without(&signal.dims, &gone)?;
    one(graph.reshaped(node.name(), node.output(), &signal, dims)?)
}

fn without(dims: &[usize], gone: &[usize]) -> Result<Vec<usize>, String> {
    if let Some(axis) = gone.iter().find(|&&axis| dims[axis] != 1) {
        return Err(format!("it removes an axis of length {}", dims[*axis]));
    }
    Ok((0..dims.len())
        .filter(|a| !gone.contains(a))
        .map(|a| dims[a])
        .collect())
}

pub(super) fn unsqueeze(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let axes = node
        .integers("axes", 1, graph)?
        .ok_or("its axes are missing")?;
    let with = |dims: &[usize], axes: Vec<usize>| -> Vec<usize> {
        let mut rest = dims.iter().copied();
        (0..dims.len() + axes.len())
            .map(|axis| {
                if axes.contains(&axis) {
                    1
                } else {
                    rest.next().unwrap_or(1)
                }
            })
            .collect()
    };
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let rank = tensor.dims.len() + axes.len();
        let axes = axes
            .iter()
            .map(|&a| constant_axis(a, rank))
            .collect::<Result<_, _>>()?;
        let dims = with(&tensor.dims, axes);
        let data = tensor.data.clone();
        return Ok(vec![Value::constant(OnnxTensor { dims, data })]);
    }
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len() + axes.len();
    let axes = axes
        .iter()
        .map(|&a| sample_axis(a, rank))
        .collect::<Result<_, _>>()?;
    let dims = with(&signal.dims, axes);
    one(graph.reshaped(node.name(), node.output(), &signal, dims)?)
}

pub(super) fn transpose(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let order = node.attribute("perm").map(|a| a.ints.clone());
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let order = permutation(order, tensor.dims.len())?;
        let (dims, from) = layout::transpose(&tensor.dims, &order);
        let data = tensor.data.pick(from.into_iter());
        return Ok(vec![Value::constant(OnnxTensor { dims, data })]);
    }
    let signal = node.signal(0, graph)?;
    let order = permutation(order, signal.dims.len() + 1)?;
    let [0, inner @ ..] = order.as_slice() else {
        return Err(BATCH_MOVED.into());
    };
    let inner: Vec<usize> = inner.iter().map(|axis| axis - 1).collect();
    let (dims, from) = layout::transpose(&signal.dims, &inner);
    let from = from.into_iter().map(|i| i as u32).collect();
    one(graph.arranged(node.name(), node.output(), &signal, from, dims)?)
}

/// A permutation of axes; without one, the order is reversed.
fn permutation(order: Option<Vec<i64>>, rank: usize) -> Result<Vec<usize>, String> {
    let Some(order) = order else {
        return Ok((0..rank).rev().collect());
    };
    let order = order
        .iter()
        .map(|&axis| constant_axis(axis, rank))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.iter().copied().eq(0..rank) {
        Ok(order)
    } else {
        Err(format!("perm {order:?} is no order of {rank} axes"))
    }
}
