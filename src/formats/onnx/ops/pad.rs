//! Padding.

use super::one;
use crate::ann::Operation;
use crate::formats::onnx::graph::{OnnxGraph, Value};
use crate::formats::onnx::layout::select;
use crate::formats::onnx::node::{OnnxNode, sample_axis};

/// Most positions of an axis after padding.
const MAX_POSITIONS: i64 = u32::MAX as i64;

pub(super) fn pad(node: &OnnxNode, graph: &mut OnnxGraph) -> Result<Vec<Value>, String> {
    let signal = node.signal(0, graph)?;
    let rank = signal.dims.len();
    let pads = node
        .integers("pads", 1, graph)?
        .ok_or("its pads are missing")?;
    let fill = match (
        node.attribute("value").and_then(|a| a.f),
        node.optional(2, graph)?,
    ) {
        (Some(value), _) => value,
        (None, Some(tensor)) => tensor.scalar().ok_or("its fill value is not one number")?,
        (None, None) => 0.0,
    };
    let axes: Vec<usize> = match node.optional(3, graph)? {
        Some(axes) => axes
            .indices()?
            .iter()
            .map(|&a| sample_axis(a, rank))
            .collect::<Result<_, _>>()?,
        // All axes, the batch first.
        None if pads.len() == 2 * (rank + 1) && pads[0] == 0 && pads[rank + 1] == 0 => {
            (0..rank).collect()
        }
        None => return Err("it pads the batch axis, or its pads do not fit its input".into()),
    };
    let offset = pads.len() / 2 - axes.len().min(pads.len() / 2);
    let (before, after) = pads.split_at(pads.len() / 2);
    if before.len() != axes.len() + offset || offset > 1 {
        return Err("its pads do not fit its axes".into());
    }
    let mode = node.string("mode", "constant");
    let mut amounts = vec![(0i64, 0i64); rank];
    for (i, &axis) in axes.iter().enumerate() {
        amounts[axis] = (before[i + offset], after[i + offset]);
    }
    if mode == "constant" && fill != 0.0 {
        return Err(format!(
            "it pads with {fill}; only 0, \"reflect\", \"edge\" and \"wrap\" are supported"
        ));
    }
    let positions = signal
        .dims
        .iter()
        .zip(&amounts)
        .map(|(&size, &(before, after))| positions(size as i64, before, after, mode))
        .collect::<Result<Vec<_>, _>>()?;
    let dims: Vec<usize> = positions.iter().map(Vec::len).collect();
    if amounts
        .iter()
        .all(|&(before, after)| before == 0 && after == 0)
    {
        return one(signal);
    }
    let spatial = mode == "constant"
        && matches!(rank, 2 | 3)
        && amounts[0] == (0, 0)
        && amounts
            .iter()
            .all(|&(before, after)| before >= 0 && after >= 0);
    if spatial {
        let amount = |axis: usize| (amounts[axis].0 as usize, amounts[axis].1 as usize);
        let operation = Operation::Pad {
            vertical: if rank == 3 { amount(1) } else { (0, 0) },
            horizontal: amount(rank - 1),
        };
        return one(graph.push(node.name(), node.output(), operation, &[signal.layer], dims)?);
    }
    crate::formats::onnx::graph::shape(&dims)
        .ok_or("its output has more neurons than can be numbered")?;
    let from = select(&signal.dims, &positions)
        .into_iter()
        .map(|element| element.map_or(Operation::ZERO, |i| i as u32))
        .collect();
    one(graph.arranged(node.name(), node.output(), &signal, from, dims)?)
}

/// Where each position of a padded axis reads; `None` for a zero.
fn positions(size: i64, before: i64, after: i64, mode: &str) -> Result<Vec<Option<usize>>, String> {
    let length = size
        .checked_add(before)
        .and_then(|n| n.checked_add(after))
        .filter(|n| (1..=MAX_POSITIONS).contains(n))
        .ok_or("its pads leave nothing or too much")?;
    let inside = |at: i64| (0..size).contains(&at).then_some(at as usize);
    (0..length)
        .map(|i| {
            let at = i - before;
            match mode {
                "constant" => Ok(inside(at)),
                "edge" => Ok(inside(at.clamp(0, size - 1))),
                "wrap" => Ok(inside(at.rem_euclid(size))),
                "reflect" => {
                    let mirrored = if at < 0 {
                        -at
                    } else if at >= size {
                        2 * (size - 1) - at
                    } else {
                        at
                    };
                    inside(mirrored)
                        .map(Some)
                        .ok_or_else(|| "it reflects further than its input is wide".to_owned())
                }
                other => Err(format!("mode \"{other}\" is not known")),
            }
        })
        .collect()
}
