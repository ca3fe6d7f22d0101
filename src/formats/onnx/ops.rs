//! The operators: one table from name to builder, one function each.

use super::node::{Built, Node, Scope, Value};
use super::tensor::Tensor;
use crate::ann::Operation;
use crate::network::{Axis, Convolution, Shape, Window};

/// Turns a node into a layer, or says what is wrong with it and what to do.
pub(super) type Builder = for<'a> fn(&Node<'a>, &Scope<'a>) -> Result<Built, String>;

/// Every supported operator. A new one is a function and a row.
const OPERATORS: &[(&str, Builder)] = &[
    ("AveragePool", average_pool),
    ("BatchNormalization", batch_normalization),
    ("Constant", constant),
    ("Conv", conv),
    ("Dropout", same),
    ("Flatten", flatten),
    ("Gemm", gemm),
    ("GlobalAveragePool", global_average_pool),
    ("Identity", same),
    ("MaxPool", max_pool),
    ("Relu", relu),
];

/// The builder of an operator.
pub(super) fn builder(operator: &str) -> Option<Builder> {
    OPERATORS
        .iter()
        .find(|(name, _)| *name == operator)
        .map(|(_, builder)| *builder)
}

/// What to do about an operator that is not supported.
pub(super) fn advice(operator: &str) -> &'static str {
    match operator {
        "Add" | "Sum" | "Concat" => {
            "joining branches is not supported; use a network without skip connections, or a Gemm or Conv with bias where a bias is meant"
        }
        "Reshape" | "Squeeze" | "Unsqueeze" | "Transpose" | "Shape" | "Gather" | "Slice"
        | "Cast" => {
            "shape arithmetic is not supported; export with constant folding and use Flatten"
        }
        "MatMul" => "not supported; export the linear layer as Gemm",
        "Softmax" | "LogSoftmax" | "ArgMax" => {
            "not supported; export the network without it, its input decides the class"
        }
        "Clip" | "LeakyRelu" | "PRelu" | "Sigmoid" | "Tanh" | "Elu" | "Gelu" | "HardSwish"
        | "Erf" => "this activation has no spiking form here; train with ReLU",
        "LSTM" | "GRU" | "RNN" => {
            "recurrent layers are not converted; train a spiking network and export it as NIR"
        }
        _ => "this operator is not supported; leave it out of the exported network or replace it",
    }
}

/// The names of all supported operators.
pub(super) fn names() -> Vec<&'static str> {
    OPERATORS.iter().map(|(name, _)| *name).collect()
}

fn same<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    node.value(0, scope).cloned().map(Built::Same)
}

fn constant<'a>(node: &Node<'a>, _: &Scope<'a>) -> Result<Built, String> {
    let tensor = node
        .attribute("value")
        .and_then(|a| a.t.as_ref())
        .ok_or("only constants with a tensor value are supported")?;
    Tensor::read(tensor).map(|tensor| Built::Same(Value::Constant(tensor)))
}

fn relu<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let layer = node.layer(0, scope)?;
    Ok(Built::Layer(Operation::Relu, layer.shape))
}

fn flatten<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let axis = node.int("axis", 1);
    if axis != 1 {
        return Err(format!(
            "axis {axis} is not supported; flatten from axis 1, which keeps the batch"
        ));
    }
    let layer = node.layer(0, scope)?;
    Ok(Built::Layer(
        Operation::Flatten,
        Shape::vector(layer.shape.neurons()),
    ))
}

fn gemm<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let input = node.layer(0, scope)?.shape;
    if input.height != 1 || input.width != 1 {
        return Err(format!(
            "its input is {input}; put a Flatten in front of it"
        ));
    }
    if node.int("transA", 0) != 0 {
        return Err(
            "transA is not supported; export a Gemm whose input has the batch first".into(),
        );
    }
    let matrix = node.constant(1, scope)?;
    let &[rows, columns] = matrix.dims.as_slice() else {
        return Err(format!(
            "its weights have dimensions {:?}; a matrix is expected",
            matrix.dims
        ));
    };
    let transposed = node.int("transB", 0) != 0;
    let (outputs, inputs) = if transposed {
        (rows, columns)
    } else {
        (columns, rows)
    };
    if inputs != input.channels || outputs == 0 {
        return Err(format!(
            "its weights {:?} do not fit an input of {}",
            matrix.dims, input.channels
        ));
    }
    let alpha = node.float("alpha", 1.0);
    let weight: Vec<f32> = if transposed {
        matrix.data.iter().map(|w| alpha * w).collect()
    } else {
        (0..outputs * inputs)
            .map(|i| alpha * matrix.data[(i % inputs) * outputs + i / inputs])
            .collect()
    };
    let beta = node.float("beta", 1.0);
    let bias = match node.optional(2, scope)? {
        None => vec![0.0; outputs],
        Some(bias) if bias.data.len() == outputs => bias.data.iter().map(|b| beta * b).collect(),
        Some(bias) if bias.data.len() == 1 => vec![beta * bias.data[0]; outputs],
        Some(bias) => {
            return Err(format!(
                "its bias has dimensions {:?}; {outputs} values are expected",
                bias.dims
            ));
        }
    };
    Ok(Built::Layer(
        Operation::Dense { weight, bias },
        Shape::vector(outputs),
    ))
}

fn conv<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let input = node.layer(0, scope)?.shape;
    let weight = node.constant(1, scope)?;
    let &[channels, per_group, height, width] = weight.dims.as_slice() else {
        return Err(format!(
            "its weights have dimensions {:?}; a 2-d convolution has four",
            weight.dims
        ));
    };
    let groups = node.int("group", 1);
    let groups = usize::try_from(groups)
        .ok()
        .filter(|&g| {
            g > 0
                && channels > 0
                && channels.is_multiple_of(g)
                && per_group.checked_mul(g) == Some(input.channels)
        })
        .ok_or(format!(
            "its weights {:?} with group {groups} do not fit an input of {input}",
            weight.dims
        ))?;
    let kernel = node.sizes("kernel_shape", [height, width])?;
    if kernel != [height, width] {
        return Err(format!(
            "kernel_shape {kernel:?} contradicts its weights {:?}",
            weight.dims
        ));
    }
    let (window, rows, columns) = window(node, kernel, input, false)?;
    let output = Shape::maps(channels, rows, columns);
    let bias = match node.optional(2, scope)? {
        None => vec![0.0; channels],
        Some(bias) if bias.data.len() == channels => bias.data.clone(),
        Some(bias) => {
            return Err(format!(
                "its bias has dimensions {:?}; {channels} values are expected",
                bias.dims
            ));
        }
    };
    let convolution = Convolution {
        input,
        output,
        window,
        groups,
    };
    Ok(Built::Layer(
        Operation::Convolution {
            convolution,
            weight: weight.data.clone(),
            bias,
        },
        output,
    ))
}

fn batch_normalization<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let shape = node.layer(0, scope)?.shape;
    if node.int("training_mode", 0) != 0 {
        return Err("it is in training mode; export the model after model.eval()".into());
    }
    let parameter = |index: usize, what: &str| -> Result<&'a [f32], String> {
        let tensor = node.constant(index, scope)?;
        if tensor.data.len() == shape.channels {
            Ok(&tensor.data)
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
    Ok(Built::Layer(Operation::Affine { scale, shift }, shape))
}

fn max_pool<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    if node.outputs().count() > 1 {
        return Err("its second output (indices) is not supported".into());
    }
    let (window, shape) = pooling(node, scope)?;
    Ok(Built::Layer(Operation::MaxPool { window }, shape))
}

fn average_pool<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let (window, shape) = pooling(node, scope)?;
    let count_padding = node.int("count_include_pad", 0) != 0;
    Ok(Built::Layer(
        Operation::AveragePool {
            window,
            count_padding,
        },
        shape,
    ))
}

fn global_average_pool<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<Built, String> {
    let input = node.layer(0, scope)?.shape;
    let window = Window {
        vertical: Axis::new(input.height, 1),
        horizontal: Axis::new(input.width, 1),
    };
    Ok(Built::Layer(
        Operation::AveragePool {
            window,
            count_padding: false,
        },
        Shape::vector(input.channels),
    ))
}

fn pooling<'a>(node: &Node<'a>, scope: &Scope<'a>) -> Result<(Window, Shape), String> {
    let input = node.layer(0, scope)?.shape;
    if node.attribute("kernel_shape").is_none() {
        return Err("kernel_shape is missing".into());
    }
    let kernel = node.sizes("kernel_shape", [1, 1])?;
    let (window, rows, columns) = window(node, kernel, input, node.int("ceil_mode", 0) != 0)?;
    for axis in [window.vertical, window.horizontal] {
        if axis.pad_before >= axis.kernel || axis.pad_after >= axis.kernel {
            return Err("its padding is as wide as its window".into());
        }
    }
    Ok((window, Shape::maps(input.channels, rows, columns)))
}

/// The window a node slides, and the height and width of what comes out.
fn window(
    node: &Node,
    kernel: [usize; 2],
    input: Shape,
    ceil: bool,
) -> Result<(Window, usize, usize), String> {
    let strides = node.sizes("strides", [1, 1])?;
    let dilations = node.sizes("dilations", [1, 1])?;
    let pads = node.sizes("pads", [0, 0, 0, 0])?;
    let auto_pad = node.string("auto_pad", "NOTSET");
    let axis = |i: usize, size: usize| -> Result<(Axis, usize), String> {
        let mut axis = Axis {
            kernel: kernel[i],
            stride: strides[i],
            dilation: dilations[i],
            pad_before: pads[i],
            pad_after: pads[i + 2],
        };
        if axis.kernel == 0 || axis.stride == 0 || axis.dilation == 0 {
            return Err("a kernel, stride or dilation of 0 makes no sense".into());
        }
        let span = (axis.kernel - 1)
            .checked_mul(axis.dilation)
            .and_then(|s| s.checked_add(1))
            .ok_or("its window is too large")?;
        match auto_pad {
            "NOTSET" | "" => {}
            "VALID" => (axis.pad_before, axis.pad_after) = (0, 0),
            "SAME_UPPER" | "SAME_LOWER" => {
                let outputs = size.div_ceil(axis.stride);
                let total = ((outputs - 1) * axis.stride + span).saturating_sub(size);
                let (small, large) = (total / 2, total - total / 2);
                (axis.pad_before, axis.pad_after) = if auto_pad == "SAME_UPPER" {
                    (small, large)
                } else {
                    (large, small)
                };
            }
            other => return Err(format!("auto_pad \"{other}\" is not known")),
        }
        if ceil {
            // The last window may hang over the end, but must start inside or in the padding
            // before it.
            let padded = size + axis.pad_before + axis.pad_after;
            let over = (padded.saturating_sub(span)) % axis.stride;
            if over > 0 {
                let extra = axis.stride - over;
                let starts_inside = padded + extra - span < size + axis.pad_before;
                if starts_inside {
                    return Err("ceil_mode with a window that hangs over the border is not supported; choose a size that the stride divides".into());
                }
            }
        }
        let outputs = axis
            .outputs(size)
            .filter(|&n| n > 0)
            .ok_or(format!("its window does not fit an input of {input}"))?;
        Ok((axis, outputs))
    };
    let (vertical, rows) = axis(0, input.height)?;
    let (horizontal, columns) = axis(1, input.width)?;
    Ok((
        Window {
            vertical,
            horizontal,
        },
        rows,
        columns,
    ))
}
