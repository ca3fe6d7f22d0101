//! What comes behind the logits: dropped, because the largest logit decides the class.

use crate::formats::onnx::graph::{Graph, Value};
use crate::formats::onnx::node::Node;

pub(super) fn head(node: &Node, graph: &mut Graph) -> Result<Vec<Value>, String> {
    let logits = match node.input(0).and_then(|name| graph.values.get(name)) {
        Some(Value::Head { logits, .. }) => logits.clone(),
        _ => node.signal(0, graph)?,
    };
    Ok(vec![Value::Head {
        logits,
        operator: node.operator(),
    }])
}
