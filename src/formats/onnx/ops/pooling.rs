//! Pooling.

use super::one;
use super::window::{Slid, window};
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, OnnxSignal, Value};
use crate::formats::onnx::node::OnnxNode;
use crate::network::{Axis, Shape, Window};

pub(super) fn max_pool(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    if node.outputs().filter(|name| !name.is_empty()).count() > 1 {
        return Err("its second output (indices) is not supported".into());
    }
    let (signal, slid) = pooled(node, graph)?;
    let operation = Operation::MaxPool {
        window: slid.window,
    };
    finish(node, graph, &signal, operation, &slid)
}

pub(super) fn average_pool(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let (signal, slid) = pooled(node, graph)?;
    let padded = node
        .attribute("pads")
        .is_some_and(|a| a.ints.iter().any(|&pad| pad != 0))
        || node.string("auto_pad", "NOTSET").starts_with("SAME");
    let mut count_padding = node.int("count_include_pad", 0) != 0;
    if slid.overhangs && count_padding {
        // What hangs over never counts; without padding nothing else is outside.
        if padded {
            return Err("ceil_mode with count_include_pad and padding is not supported where windows hang over the border; choose a size that the stride divides".into());
        }
        count_padding = false;
    }
    let operation = Operation::AveragePool {
        window: slid.window,
        count_padding,
    };
    finish(node, graph, &signal, operation, &slid)
}

pub(super) fn global_average_pool(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let operation = Operation::AveragePool {
        window: whole(graph.shape(&signal)),
        count_padding: false,
    };
    global(node, graph, &signal, operation)
}

pub(super) fn global_max_pool(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let operation = Operation::MaxPool {
        window: whole(graph.shape(&signal)),
    };
    global(node, graph, &signal, operation)
}

/// The window that covers whole feature maps.
pub(super) fn whole(shape: Shape) -> Window {
    Window {
        vertical: Axis::new(shape.height, 1),
        horizontal: Axis::new(shape.width, 1),
    }
}

fn global(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    signal: &OnnxSignal,
    operation: Operation,
) -> Result<Vec<Value>, String> {
    if !matches!(signal.dims.len(), 2 | 3) {
        return Err(format!(
            "its input is {:?} per sample; channels and one or two spatial axes are expected",
            signal.dims
        ));
    }
    let mut dims = vec![1; signal.dims.len()];
    dims[0] = signal.dims[0];
    one(graph.push(node.name(), node.output(), operation, &[signal.layer], dims)?)
}

fn pooled(node: &OnnxNode, graph: &OnnxGraph) -> Result<(OnnxSignal, Slid), String> {
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len().saturating_sub(1);
    if !matches!(rank, 1 | 2) {
        return Err("only 1-d and 2-d pooling is supported".into());
    }
    let kernel = node
        .sizes("kernel_shape", rank)?
        .ok_or("kernel_shape is missing")?;
    let slid = window(node, &kernel, &signal, node.int("ceil_mode", 0) != 0)?;
    for axis in [slid.window.vertical, slid.window.horizontal] {
        if axis.pad_before >= axis.kernel * axis.dilation.max(1) {
            return Err("its padding is as wide as its window".into());
        }
    }
    Ok((signal, slid))
}

fn finish(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
    signal: &OnnxSignal,
    operation: Operation,
    slid: &Slid,
) -> Result<Vec<Value>, String> {
    let mut dims = vec![signal.dims[0]];
    dims.extend(&slid.outputs);
    one(graph.push(node.name(), node.output(), operation, &[signal.layer], dims)?)
}
