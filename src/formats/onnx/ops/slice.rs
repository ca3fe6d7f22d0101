//! Parts of tensors: Slice, Split, Gather.

use crate::formats::onnx::graph::{OnnxGraph, Value};
use crate::formats::onnx::layout::select;
use crate::formats::onnx::node::{OnnxNode, constant_axis, sample_axis};
use crate::formats::onnx::tensor::{Data, OnnxTensor};

pub(super) fn slice(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let starts = node
        .integers("starts", 1, graph)?
        .ok_or("its starts are missing")?;
    let ends = node
        .integers("ends", 2, graph)?
        .ok_or("its ends are missing")?;
    let axes = node.integers("axes", 3, graph)?;
    let steps = node.integers("", 4, graph)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err("its starts, ends, axes and steps differ in number".into());
    }
    pick(node, graph, |axis_of, dims| {
        let mut positions = everything(dims);
        for (i, &axis) in axes.iter().enumerate() {
            let axis = axis_of(axis)?;
            positions[axis] = range(dims[axis], starts[i], ends[i], steps[i])?;
        }
        Ok((positions, None))
    })
    .map(|value| vec![value])
}

/// Positions of a slice along one axis. Source: ONNX operator Slice-13.
fn range(size: usize, start: i64, end: i64, step: i64) -> Result<Vec<Option<usize>>, String> {
    let size = size as i64;
    let place = |at: i64, low: i64, high: i64| {
        (if at < 0 { at.saturating_add(size) } else { at }).clamp(low, high)
    };
    let mut positions = Vec::new();
    let (mut at, end) = match step {
        0 => return Err("a step of 0 makes no sense".into()),
        1.. => (place(start, 0, size), place(end, 0, size)),
        _ => (place(start, 0, size - 1), place(end, -1, size - 1)),
    };
    while if step > 0 { at < end } else { at > end } {
        positions.push(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    Ok(positions)
}

pub(super) fn gather(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let indices = node.constant(1, graph)?;
    let wanted = indices.indices()?.to_vec();
    let scalar = indices.dims.is_empty();
    if indices.dims.len() > 1 {
        return Err("only a list of indices is supported".into());
    }
    let axis = node.int("axis", 0);
    pick(node, graph, |axis_of, dims| {
        let axis = axis_of(axis)?;
        let mut positions = everything(dims);
        positions[axis] = wanted
            .iter()
            .map(|&i| constant_axis(i, dims[axis]).map(Some))
            .collect::<Result<_, _>>()?;
        Ok((positions, scalar.then_some(axis)))
    })
    .map(|value| vec![value])
}

pub(super) fn split(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let sizes = node.integers("split", 1, graph)?;
    let parts = node.outputs().count();
    let axis = node.int("axis", 0);
    let mut start = 0;
    let mut made = Vec::with_capacity(parts);
    for (part, output) in node.outputs().enumerate() {
        let value = pick_as(node, graph, output, |axis_of, dims| {
            let axis = axis_of(axis)?;
            let length = match &sizes {
                Some(sizes) => sizes.get(part).and_then(|&s| usize::try_from(s).ok()),
                None => Some(
                    dims[axis]
                        .div_ceil(parts)
                        .min(dims[axis].saturating_sub(start)),
                ),
            };
            let end = length
                .and_then(|length| start.checked_add(length))
                .filter(|&end| end <= dims[axis])
                .ok_or("its parts do not fit its input")?;
            let mut positions = everything(dims);
            positions[axis] = (start..end).map(Some).collect();
            start = end;
            Ok((positions, None))
        })?;
        made.push(value);
    }
    Ok(made)
}

fn everything(dims: &[usize]) -> Vec<Vec<Option<usize>>> {
    dims.iter().map(|&d| (0..d).map(Some).collect()).collect()
}

/// Positions along each axis, and the axis that is dropped.
type Choice = (Vec<Vec<Option<usize>>>, Option<usize>);

fn pick(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    choose: impl FnMut(&dyn Fn(i64) -> Result<usize, String>, &[usize]) -> Result<Choice, String>,
) -> Result<Value, String> {
    pick_as(node, graph, node.output(), choose)
}

/// Part of input 0, constant or signal.
fn pick_as(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    output: &str,
    mut choose: impl FnMut(&dyn Fn(i64) -> Result<usize, String>, &[usize]) -> Result<Choice, String>,
) -> Result<Value, String> {
    let kept = |positions: &[Vec<Option<usize>>], dropped: Option<usize>| -> Vec<usize> {
        (0..positions.len())
            .filter(|&axis| Some(axis) != dropped)
            .map(|axis| positions[axis].len())
            .collect()
    };
    if let Value::Constant(tensor) = node.value(0, graph)? {
        let rank = tensor.dims.len();
        let (positions, dropped) = choose(&|axis| constant_axis(axis, rank), &tensor.dims)?;
        let from = select(&tensor.dims, &positions);
        let data: Data = tensor.data.pick(from.into_iter().flatten());
        let dims = kept(&positions, dropped);
        return Ok(Value::constant(OnnxTensor { dims, data }));
    }
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len();
    let (positions, dropped) = choose(&|axis| sample_axis(axis, rank), &signal.dims)?;
    let from = select(&signal.dims, &positions);
    let from = from.into_iter().flatten().map(|i| i as u32).collect();
    let dims = kept(&positions, dropped);
    let arranged = graph.arranged(node.name(), output, &signal, from, dims)?;
    Ok(Value::Signal(arranged))
}
