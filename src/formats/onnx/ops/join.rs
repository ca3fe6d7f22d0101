//! Where branches meet: sums and concatenations.

use super::one;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, OnnxSignal, Value};
use crate::formats::onnx::layout::transpose;
use crate::formats::onnx::node::{OnnxNode, constant_axis, sample_axis};
use crate::formats::onnx::tensor::{Data, OnnxTensor};

pub(super) fn sum(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signals = (0..node.inputs().count())
        .map(|index| node.signal(index, graph))
        .collect::<Result<Vec<_>, _>>()?;
    one(sum_of(node, graph, &signals)?)
}

pub(super) fn sum_of(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    signals: &[OnnxSignal],
) -> Result<OnnxSignal, String> {
    let [first, others @ ..] = signals else {
        return Err("it has no input".into());
    };
    if let Some(other) = others.iter().find(|other| other.dims != first.dims) {
        return Err(format!(
            "it adds signals of {:?} and {:?} per sample; branches must have the same shape",
            first.dims, other.dims
        ));
    }
    let layers: Vec<usize> = signals.iter().map(|signal| signal.layer).collect();
    graph.push(
        node.name(),
        node.output(),
        Operation::Add,
        &layers,
        first.dims.clone(),
    )
}

pub(super) fn concat(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let inputs = node.inputs().count();
    let axis = node
        .attribute("axis")
        .and_then(|a| a.i)
        .ok_or("its axis is missing")?;
    let values = (0..inputs)
        .map(|index| node.value(index, graph).cloned())
        .collect::<Result<Vec<_>, _>>()?;
    if values
        .iter()
        .all(|value| matches!(value, Value::Constant(_)))
    {
        return concat_constants(&values, axis).map(|tensor| vec![Value::constant(tensor)]);
    }
    let signals = (0..inputs)
        .map(|index| node.signal(index, graph))
        .collect::<Result<Vec<_>, _>>()?;
    let [first, ..] = signals.as_slice() else {
        return Err("it has no input".into());
    };
    let rank = first.dims.len();
    let axis = sample_axis(axis, rank)?;
    let rest = |signal: &OnnxSignal| -> Vec<usize> {
        let mut dims = signal.dims.clone();
        if axis < dims.len() {
            dims.remove(axis);
        }
        dims
    };
    if signals
        .iter()
        .any(|s| s.dims.len() != rank || rest(s) != rest(first))
    {
        return Err("it joins signals that differ in more than the joined axis".into());
    }
    let total: usize = signals.iter().map(|signal| signal.dims[axis]).sum();
    let mut dims = first.dims.clone();
    dims[axis] = total;
    // Along the first axis of a sample the values stand one after another. Any other axis is
    // brought there and back.
    let mut layers = Vec::with_capacity(inputs);
    for signal in &signals {
        let front = to_front(rank, axis);
        let (outer, from) = transpose(&signal.dims, &front);
        let from = from.into_iter().map(|i| i as u32).collect();
        layers.push(graph.arranged(node.name(), "", signal, from, outer)?.layer);
    }
    let front = to_front(rank, axis);
    let joined: Vec<usize> = front.iter().map(|&a| dims[a]).collect();
    let output = if axis == 0 { node.output() } else { "" };
    let signal = graph.push(node.name(), output, Operation::Concat, &layers, joined)?;
    if axis == 0 {
        return one(signal);
    }
    let mut back: Vec<usize> = (1..=axis).collect();
    back.push(0);
    back.extend(axis + 1..rank);
    let (dims, from) = transpose(&signal.dims, &back);
    let from = from.into_iter().map(|i| i as u32).collect();
    one(graph.arranged(node.name(), node.output(), &signal, from, dims)?)
}

/// The order of axes with `axis` first.
fn to_front(rank: usize, axis: usize) -> Vec<usize> {
    std::iter::once(axis)
        .chain((0..rank).filter(|&a| a != axis))
        .collect()
}

fn concat_constants(values: &[Value], axis: i64) -> Result<OnnxTensor, String> {
    let parts: Vec<&OnnxTensor> = values
        .iter()
        .filter_map(|value| match value {
            Value::Constant(tensor) => Some(tensor.as_ref()),
            _ => None,
        })
        .collect();
    let [first, ..] = parts.as_slice() else {
        return Err("it has no input".into());
    };
    let axis = constant_axis(axis, first.dims.len())?;
    let mut dims = first.dims.clone();
    dims[axis] = 0;
    for part in &parts {
        let fits = part.dims.len() == dims.len()
            && (0..dims.len()).all(|a| a == axis || part.dims[a] == dims[a]);
        if !fits {
            return Err("it joins constants that differ in more than the joined axis".into());
        }
        dims[axis] += part.dims[axis];
    }
    // Of each element: the part it is in and its index there.
    let outer: usize = dims[..axis].iter().product();
    let inner: usize = dims[axis + 1..].iter().product();
    let mut floats = Vec::new();
    let mut integers = Vec::new();
    for o in 0..outer {
        for part in &parts {
            let block = part.dims[axis] * inner;
            match part.data.pick(o * block..(o + 1) * block) {
                Data::Floats(values) => floats.extend(values),
                Data::Integers(values) => integers.extend(values),
            }
        }
    }
    match (floats.is_empty(), integers.is_empty()) {
        (false, true) => Ok(OnnxTensor {
            dims,
            data: Data::Floats(floats),
        }),
        (true, _) => Ok(OnnxTensor {
            dims,
            data: Data::Integers(integers),
        }),
        (false, false) => Err("it joins integers with fractional numbers".into()),
    }
}
