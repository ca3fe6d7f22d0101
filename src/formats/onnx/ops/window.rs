//! Windows of convolutions and poolings.

use crate::formats::onnx::graph::OnnxSignal;
use crate::formats::onnx::node::OnnxNode;
use crate::network::{Axis, Window};

/// A window, and what comes out of it.
pub(super) struct Slid {
    pub(super) window: Window,
    /// Lengths of the axes it slid along.
    pub(super) outputs: Vec<usize>,
    /// Whether the window hangs over the end of its padded input.
    pub(super) overhangs: bool,
}

/// The window a node slides over the last one or two axes of a signal.
pub(super) fn window(
    node: &OnnxNode,
    kernel: &[usize],
    signal: &OnnxSignal,
    ceil: bool,
) -> Result<Slid, String> {
    let rank = kernel.len();
    let sizes = &signal.dims[signal.dims.len() - rank..];
    let strides = node
        .sizes("strides", rank)?
        .unwrap_or_else(|| vec![1; rank]);
    let dilations = node
        .sizes("dilations", rank)?
        .unwrap_or_else(|| vec![1; rank]);
    let pads = node
        .sizes("pads", 2 * rank)?
        .unwrap_or_else(|| vec![0; 2 * rank]);
    let auto_pad = node.string("auto_pad", "NOTSET");
    let mut axes = Vec::with_capacity(rank);
    let mut outputs = Vec::with_capacity(rank);
    let mut overhangs = false;
    for (i, &size) in sizes.iter().enumerate() {
        let mut axis = Axis {
            kernel: kernel[i],
            stride: strides[i],
            dilation: dilations[i],
            pad_before: pads[i],
            pad_after: pads[i + rank],
        };
        if axis.kernel == 0 || axis.stride == 0 || axis.dilation == 0 {
            return Err("a kernel, stride or dilation of 0 makes no sense".into());
        }
        let span = (axis.kernel - 1)
            .checked_mul(axis.dilation)
            .and_then(|s| s.checked_add(1))
            .ok_or("its window is too large")?;
        (axis.pad_before, axis.pad_after) = padding(auto_pad, axis, size, span)?;
        if ceil {
            let extra = overhang(axis, size, span);
            axis.pad_after += extra;
            overhangs |= extra > 0;
        }
        let count = axis.outputs(size).filter(|&n| n > 0).ok_or(format!(
            "its window does not fit an input of {:?}",
            signal.dims
        ))?;
        axes.push(axis);
        outputs.push(count);
    }
    let window = match *axes.as_slice() {
        [horizontal] => Window {
            vertical: Axis::new(1, 1),
            horizontal,
        },
        [vertical, horizontal] => Window {
            vertical,
            horizontal,
        },
        _ => {
            return Err(
                "it slides along more than two axes; only 1-d and 2-d are supported".into(),
            );
        }
    };
    Ok(Slid {
        window,
        outputs,
        overhangs,
    })
}

/// Padding before and after an axis of a size; `auto_pad` may overrule what the axis says.
fn padding(auto_pad: &str, axis: Axis, size: usize, span: usize) -> Result<(usize, usize), String> {
    match auto_pad {
        "NOTSET" | "" => Ok((axis.pad_before, axis.pad_after)),
        "VALID" => Ok((0, 0)),
        "SAME_UPPER" | "SAME_LOWER" => {
            let count = size.div_ceil(axis.stride);
            let total = ((count - 1) * axis.stride + span).saturating_sub(size);
            let (small, large) = (total / 2, total - total / 2);
            Ok(if auto_pad == "SAME_UPPER" {
                (small, large)
            } else {
                (large, small)
            })
        }
        other => Err(format!("auto_pad \"{other}\" is not known")),
    }
}

/// By how much the last window may hang over the end: it must start inside or in the padding before
/// it.
fn overhang(axis: Axis, size: usize, span: usize) -> usize {
    let padded = size + axis.pad_before + axis.pad_after;
    let over = padded.saturating_sub(span) % axis.stride;
    if over > 0 && padded >= span {
        let extra = axis.stride - over;
        if padded + extra - span < size + axis.pad_before {
            return extra;
        }
    }
    0
}
