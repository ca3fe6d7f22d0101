//! Batch normalisation in inference form.

use super::elementwise::affine;
use super::one;
use crate::formats::onnx::graph::{OnnxGraph, Value};
use crate::formats::onnx::node::OnnxNode;

pub(super) fn batch_normalization(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let shape = graph.shape(&signal);
    if node.int("training_mode", 0) != 0 {
        return Err("it is in training mode; export the model after model.eval()".into());
    }
    let parameter = |index: usize, what: &str| -> Result<Vec<f32>, String> {
        let tensor = node.constant(index, graph)?;
        if tensor.data.len() == shape.channels {
            Ok(tensor.floats().into_owned())
        } else {
            Err(format!(
                "its {what} has {} values for {} channels",
                tensor.data.len(),
                shape.channels
            ))
        }
    };
    let gamma = parameter(1, "scale")?;
    let beta = parameter(2, "bias")?;
    let mean = parameter(3, "mean")?;
    let variance = parameter(4, "variance")?;
    let epsilon = node.float("epsilon", 1e-5);
    let scale: Vec<f32> = gamma
        .iter()
        .zip(variance)
        .map(|(g, v)| g / (v + epsilon).sqrt())
        .collect();
    if scale.iter().any(|s| !s.is_finite()) {
        return Err("its variance is negative; the running statistics are damaged".into());
    }
    let shift = beta
        .iter()
        .zip(&scale)
        .zip(mean)
        .map(|((b, s), m)| b - s * m)
        .collect();
    one(affine(node, graph, &signal, scale, shift, node.output())?)
}
