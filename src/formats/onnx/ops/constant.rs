//! Constants, shape arithmetic, and operators that do nothing in inference.

use crate::formats::onnx::graph::{OnnxGraph, Value};
use crate::formats::onnx::node::OnnxNode;
use crate::formats::onnx::tensor::{BATCH, Data, OnnxTensor};
use rten_onnx::onnx::DataType;

/// Largest constant a model may make up from a shape.
const MAX_FILLED: i64 = 1 << 28;

/// Passes its input on.
pub(super) fn same(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let name = node.input(0).ok_or("its input is missing")?;
    graph
        .values
        .get(name)
        .cloned()
        .map(|value| vec![value])
        .ok_or(format!(
            "input \"{name}\" is not computed by an earlier node"
        ))
}

pub(super) fn dropout(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    if let Some(training) = node.optional(2, graph)?
        && training.scalar() != Some(0.0)
    {
        return Err("it is in training mode; export the model after model.eval()".into());
    }
    same(node, graph)
}

pub(super) fn constant(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let tensor = if let Some(tensor) = node.attribute("value").and_then(|a| a.t.as_ref()) {
        OnnxTensor::read(tensor, graph.folder)?
    } else if let Some(value) = node.attribute("value_float").and_then(|a| a.f) {
        OnnxTensor {
            dims: vec![],
            data: Data::Floats(vec![value]),
        }
    } else if let Some(value) = node.attribute("value_int").and_then(|a| a.i) {
        OnnxTensor {
            dims: vec![],
            data: Data::Integers(vec![value]),
        }
    } else if let Some(attribute) = node.attribute("value_floats") {
        OnnxTensor {
            dims: vec![attribute.floats.len()],
            data: Data::Floats(attribute.floats.clone()),
        }
    } else if let Some(attribute) = node.attribute("value_ints") {
        OnnxTensor::integers(attribute.ints.clone())
    } else {
        return Err("only constants with dense numbers are supported".into());
    };
    Ok(vec![Value::constant(tensor)])
}

pub(super) fn constant_of_shape(
    node: &OnnxNode,
    graph: &mut OnnxGraph,
) -> Result<Vec<Value>, String> {
    let shape = node.constant(0, graph)?;
    let dims = shape.indices()?;
    let count = dims.iter().try_fold(1i64, |product, &d| {
        product
            .checked_mul(d)
            .filter(|&n| d >= 0 && n <= MAX_FILLED)
    });
    let count = count.ok_or("its shape is not known or too large")? as usize;
    let dims = dims.iter().map(|&d| d as usize).collect();
    let data = match node.attribute("value").and_then(|a| a.t.as_ref()) {
        None => Data::Floats(vec![0.0; count]),
        Some(value) => match OnnxTensor::read(value, graph.folder)?.data {
            data if data.len() == 1 => data.pick(std::iter::repeat_n(0, count)),
            _ => return Err("its value is not one number".into()),
        },
    };
    Ok(vec![Value::constant(OnnxTensor { dims, data })])
}

/// Between floating-point types nothing happens: all is computed in single precision.
pub(super) fn cast(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let to = DataType(node.int("to", 0) as i32);
    let floating = [
        DataType::FLOAT,
        DataType::DOUBLE,
        DataType::FLOAT16,
        DataType::BFLOAT16,
    ]
    .contains(&to);
    let name = node.input(0).ok_or("its input is missing")?;
    match graph.values.get(name) {
        Some(Value::Constant(tensor)) => {
            let data = match &tensor.data {
                Data::Integers(values) if floating => {
                    Data::Floats(values.iter().map(|&v| v as f32).collect())
                }
                Data::Floats(values) if !floating => {
                    // Towards zero, as the specification says.
                    Data::Integers(values.iter().map(|&v| v as i64).collect())
                }
                data => data.clone(),
            };
            let dims = tensor.dims.clone();
            Ok(vec![Value::constant(OnnxTensor { dims, data })])
        }
        Some(Value::Signal(_)) if !floating => Err(format!(
            "it rounds a signal to {to}, which has no spiking form; leave it out of the network"
        )),
        _ => same(node, graph),
    }
}

/// The dimensions of a value, the batch axis as a stand-in.
pub(super) fn shape(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let dims: Vec<i64> = match node.value(0, graph)? {
        Value::Constant(tensor) => tensor.dims.iter().map(|&d| d as i64).collect(),
        Value::Signal(signal) => std::iter::once(BATCH)
            .chain(signal.dims.iter().map(|&d| d as i64))
            .collect(),
        _ => return Err("its input is not available".into()),
    };
    let rank = dims.len() as i64;
    let place =
        |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (place(node.int("start", 0)), place(node.int("end", rank)));
    let part = dims.get(start..end).unwrap_or(&[]).to_vec();
    Ok(vec![Value::constant(OnnxTensor::integers(part))])
}
