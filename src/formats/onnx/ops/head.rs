//! What comes behind the logits: dropped, because the largest logit decides the class.

use crate::formats::onnx::graph::{OnnxGraph, Value};
use crate::formats::onnx::node::OnnxNode;

pub(super) fn head(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let logits = match node.input(0).and_then(|name| graph.values.get(name)) {
        Some(Value::Head { logits, .. }) => logits.clone(),
        _ => node.signal(0, graph)?,
    };
    Ok(vec![Value::Head {
        logits,
        operator: node.operator(),
    }])
}
