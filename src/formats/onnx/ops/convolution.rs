//! Convolution.

use super::one;
use super::window::window;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, Value, shape};
use crate::formats::onnx::node::OnnxNode;
use crate::network::Convolution;

pub(super) fn conv(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let weight = node.constant(1, graph)?;
    let [channels, per_group, kernel @ ..] = weight.dims.as_slice() else {
        return Err(format!(
            "its weights have dimensions {:?}; a convolution has three or four",
            weight.dims
        ));
    };
    if !matches!(kernel.len(), 1 | 2) {
        return Err("only 1-d and 2-d convolutions are supported".into());
    }
    let (channels, per_group) = (*channels, *per_group);
    let groups = node.int("group", 1);
    let groups = usize::try_from(groups)
        .ok()
        .filter(|&g| {
            g > 0
                && channels > 0
                && channels.is_multiple_of(g)
                && signal.dims.len() == kernel.len() + 1
                && per_group.checked_mul(g) == Some(signal.dims[0])
        })
        .ok_or(format!(
            "its weights {:?} with group {groups} do not fit an input of {:?}",
            weight.dims, signal.dims
        ))?;
    let stated = node.sizes("kernel_shape", kernel.len())?;
    if let Some(stated) = stated
        && stated != kernel
    {
        return Err(format!(
            "kernel_shape {stated:?} contradicts its weights {:?}",
            weight.dims
        ));
    }
    let slid = window(node, kernel, &signal, false)?;
    let mut dims = vec![channels];
    dims.extend(slid.outputs);
    let bias = match node.optional(2, graph)? {
        None => vec![0.0; channels],
        Some(bias) if bias.data.len() == channels => bias.floats().into_owned(),
        Some(bias) => {
            return Err(format!(
                "its bias has dimensions {:?}; {channels} values are expected",
                bias.dims
            ));
        }
    };
    let convolution = Convolution {
        input: graph.shape(&signal),
        output: shape(&dims).ok_or("its output has more neurons than can be numbered")?,
        window: slid.window,
        groups,
    };
    let operation = Operation::Convolution {
        convolution,
        weight: weight.floats().into_owned(),
        bias,
    };
    one(graph.push(node.name(), node.output(), operation, &[signal.layer], dims)?)
}
