//! Means and sums over axes: average pooling by another name.

use super::elementwise::affine;
use super::one;
use super::pooling::whole;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, OnnxSignal, Value};
use crate::formats::onnx::layout::transpose;
use crate::formats::onnx::node::{OnnxNode, sample_axis};

pub(super) fn reduce_mean(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    one(mean(node, graph, node.output())?.0)
}

pub(super) fn reduce_sum(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let (signal, count) = mean(node, graph, "")?;
    let scale = vec![count as f32];
    one(affine(
        node,
        graph,
        &signal,
        scale,
        vec![0.0],
        node.output(),
    )?)
}

/// The mean over the axes of a reduction, and over how many values.
fn mean(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    output: &str,
) -> Result<(OnnxSignal, usize), String> {
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len();
    let Some(axes) = node
        .integers("axes", 1, graph)?
        .filter(|axes| !axes.is_empty())
    else {
        return Err("it reduces all axes, the batch included; name the axes".into());
    };
    let mut gone = axes
        .iter()
        .map(|&axis| sample_axis(axis, rank))
        .collect::<Result<Vec<_>, _>>()?;
    gone.sort_unstable();
    gone.dedup();
    let kept: Vec<usize> = (0..rank).filter(|axis| !gone.contains(axis)).collect();
    let count: usize = gone.iter().map(|&axis| signal.dims[axis]).product();
    let dims: Vec<usize> = if node.int("keepdims", 1) != 0 {
        (0..rank)
            .map(|axis| {
                if gone.contains(&axis) {
                    1
                } else {
                    signal.dims[axis]
                }
            })
            .collect()
    } else {
        kept.iter().map(|&axis| signal.dims[axis]).collect()
    };
    // Where only the channels are kept, the feature maps are the window as they stand; otherwise
    // the reduced axes are brought to the end.
    let maps = if kept == [0] && matches!(rank, 2 | 3) {
        signal.clone()
    } else {
        let order: Vec<usize> = kept.iter().chain(&gone).copied().collect();
        let (_, from) = transpose(&signal.dims, &order);
        let from = from.into_iter().map(|i| i as u32).collect();
        let rows: usize = kept.iter().map(|&axis| signal.dims[axis]).product();
        graph.arranged(node.name(), "", &signal, from, vec![rows, count])?
    };
    let operation = Operation::AveragePool {
        window: whole(graph.shape(&maps)),
        count_padding: false,
    };
    let channels = graph.shape(&maps).channels;
    let pooled = graph.push(
        node.name(),
        output,
        operation,
        &[maps.layer],
        vec![channels],
    )?;
    let signal = graph.reshaped(node.name(), output, &pooled, dims)?;
    Ok((signal, count))
}
