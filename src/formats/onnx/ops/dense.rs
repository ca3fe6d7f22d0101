//! Linear layers: Gemm and MatMul.

use super::one;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, Value, shape};
use crate::formats::onnx::layout::transpose;
use crate::formats::onnx::node::OnnxNode;
use crate::formats::onnx::tensor::OnnxTensor;
use crate::network::{Axis, Convolution, Window};

pub(super) fn gemm(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let &[inputs] = signal.dims.as_slice() else {
        return Err(format!(
            "its input is {:?} per sample; put a Flatten in front of it",
            signal.dims
        ));
    };
    if node.int("transA", 0) != 0 && !(graph.batch == Some(1) && inputs == 1) {
        return Err(
            "transA is not supported; export a Gemm whose input has the batch first".into(),
        );
    }
    let matrix = node.constant(1, graph)?;
    let transposed = node.int("transB", 0) != 0;
    let (outputs, columns) = match *matrix.dims.as_slice() {
        [rows, columns] if transposed => (rows, columns),
        [rows, columns] => (columns, rows),
        _ => {
            return Err(format!(
                "its weights have dimensions {:?}; a matrix is expected",
                matrix.dims
            ));
        }
    };
    if columns != inputs || outputs == 0 {
        return Err(format!(
            "its weights {:?} do not fit an input of {inputs}",
            matrix.dims
        ));
    }
    let alpha = node.float("alpha", 1.0);
    let floats = matrix.floats();
    let weight: Vec<f32> = if transposed {
        floats.iter().map(|w| alpha * w).collect()
    } else {
        rows_of_outputs(&floats, inputs, outputs)
            .map(|w| alpha * w)
            .collect()
    };
    let beta = node.float("beta", 1.0);
    let bias = match node.optional(2, graph)? {
        None => vec![0.0; outputs],
        Some(bias) if bias.data.len() == outputs => {
            bias.floats().iter().map(|b| beta * b).collect()
        }
        Some(bias) if bias.data.len() == 1 => vec![beta * bias.floats()[0]; outputs],
        Some(bias) => {
            return Err(format!(
                "its bias has dimensions {:?}; {outputs} values are expected",
                bias.dims
            ));
        }
    };
    let operation = Operation::Dense { weight, bias };
    one(graph.push(
        node.name(),
        node.output(),
        operation,
        &[signal.layer],
        vec![outputs],
    )?)
}

pub(super) fn mat_mul(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    match (node.value(0, graph)?, node.value(1, graph)?) {
        (Value::Signal(_), Value::Signal(_)) => {
            return Err(
                "it multiplies two signals (attention), which has no spiking form; leave it out of the network".into(),
            );
        }
        (Value::Constant(_), _) => {
            return Err("its first input is a constant; export it as signal times weights".into());
        }
        _ => {}
    }
    let signal = node.signal(0, graph)?;
    let matrix = node.constant(1, graph)?;
    let (inputs, outputs) = match_matrix(&matrix, &signal.dims)?;
    let floats = matrix.floats();
    let weight: Vec<f32> = rows_of_outputs(&floats, inputs, outputs).collect();
    let bias = vec![0.0; outputs];
    let rank = signal.dims.len();
    let mut dims = signal.dims.clone();
    dims[rank - 1] = outputs;
    let positions: usize = dims[..rank - 1].iter().product();
    let (name, output) = (node.name(), node.output());
    if positions == 1 {
        let operation = Operation::Dense { weight, bias };
        return one(graph.push(name, output, operation, &[signal.layer], dims)?);
    }
    // The same matrix at each position: a convolution with a window of one, channels first.
    let (_, from) = transpose(&[positions, inputs], &[1, 0]);
    let from = from.into_iter().map(|i| i as u32).collect();
    let turned = graph.arranged(name, "", &signal, from, vec![inputs, positions])?;
    let convolution = Convolution {
        input: graph.shape(&turned),
        output: shape(&[outputs, positions])
            .ok_or("its output has more neurons than can be numbered")?,
        window: Window {
            vertical: Axis::new(1, 1),
            horizontal: Axis::new(1, 1),
        },
        groups: 1,
    };
    let operation = Operation::Convolution {
        convolution,
        weight,
        bias,
    };
    let mixed = graph.push(
        name,
        "",
        operation,
        &[turned.layer],
        vec![outputs, positions],
    )?;
    let (_, from) = transpose(&[outputs, positions], &[1, 0]);
    let from = from.into_iter().map(|i| i as u32).collect();
    one(graph.arranged(name, output, &mixed, from, dims)?)
}

/// Inputs and outputs of a matrix, axes of length 1 in front of it left out.
fn match_matrix(matrix: &OnnxTensor, dims: &[usize]) -> Result<(usize, usize), String> {
    let misfit = || {
        format!(
            "its weights {:?} do not fit an input of {dims:?} per sample",
            matrix.dims
        )
    };
    let ([front @ .., inputs, outputs], Some(last)) = (matrix.dims.as_slice(), dims.last()) else {
        return Err(misfit());
    };
    let fits = front.iter().all(|&d| d == 1) && inputs == last && *outputs > 0;
    // More axes than the signal has would add some to the result.
    if fits && matrix.dims.len() <= dims.len() + 1 {
        Ok((*inputs, *outputs))
    } else {
        Err(misfit())
    }
}

/// `[in, out]` as `[out, in]`.
fn rows_of_outputs(
    matrix: &[f32],
    inputs: usize,
    outputs: usize,
) -> impl Iterator<Item = f32> + use<'_> {
    (0..outputs * inputs).map(move |i| matrix[(i % inputs) * outputs + i / inputs])
}
