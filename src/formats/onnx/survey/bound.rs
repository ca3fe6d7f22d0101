//! How much an operator is going to write, before it does.

use super::shapes::Live;
use super::work::{einsum, inner};
use crate::formats::onnx::node::OnnxNode;
use std::collections::BTreeMap;

/// Most numbers that an operator may write: more than any known network does for one inference.
const LARGEST_VALUE: f64 = (1u64 << 31) as f64;

/// Refuses an operator that would write more than [`LARGEST_VALUE`].
pub(super) fn bounded(
    node: &OnnxNode,
    shapes: &BTreeMap<String, Vec<usize>>,
    live: &Live,
) -> Result<(), String> {
    let reading = Reading { node, shapes, live };
    let written = reading.written();
    match written <= LARGEST_VALUE {
        true => Ok(()),
        false => Err(format!(
            "node \"{}\" ({}) would write {written:.1e} numbers, more than {LARGEST_VALUE:.1e}",
            node.name(),
            node.operator()
        )),
    }
}

/// What an operator reads.
struct Reading<'a> {
    node: &'a OnnxNode<'a>,
    shapes: &'a BTreeMap<String, Vec<usize>>,
    live: &'a Live,
}

impl Reading<'_> {
    /// Numbers that it writes at most.
    fn written(&self) -> f64 {
        let sum: f64 = self.inputs().map(|index| self.size(index)).sum();
        let operator = self.node.operator();
        match operator.as_str() {
            "Pad" => {
                let pads = self.numbers(1).unwrap_or_else(|| self.listed("pads"));
                let most = largest(0.0, &pads);
                let axes = self.shape(0).iter();
                axes.map(|&axis| axis as f64 + 2.0 * most).product()
            }
            "Expand" | "OneHot" => self.size(0).max(1.0) * self.product(1),
            "Tile" => self.size(0) * self.product(1),
            "ConstantOfShape" => self.product(0),
            "Range" => self.span(),
            "Resize" | "Upsample" => self.resized(),
            "Gather" => self.rows(self.node.int("axis", 0)) * self.size(1).max(1.0),
            "GatherND" => self.rows(0) * self.size(1).max(1.0),
            "Conv" | "ConvInteger" | "QLinearConv" | "ConvTranspose" | "MaxPool"
            | "AveragePool" | "LpPool" => self.windowed(&operator),
            "MatMul" | "MatMulInteger" | "QLinearMatMul" | "Gemm" | "com.microsoft.FusedMatMul" => {
                let second = if operator == "QLinearMatMul" { 3 } else { 1 };
                let summed = inner(self.node, self.shape(0)).unwrap_or(1).max(1) as f64;
                (self.size(0) / summed).max(1.0) * (self.size(second) / summed).max(1.0)
            }
            "Einsum" => {
                let labels = einsum(self.node, &[self.shape(0), self.shape(1)]);
                labels.map_or(f64::INFINITY, |(_, written)| written as f64)
            }
            // States of all steps, and the last ones again.
            "LSTM" | "GRU" | "RNN" => {
                let steps = self.shape(0).iter().take(2).map(|&size| size as f64);
                let cells = self.shape(2).iter().copied().max().unwrap_or(0) as f64;
                4.0 * (steps.product::<f64>() + 2.0) * cells
            }
            _ => self.broadcast().unwrap_or(0.0).max(sum),
        }
    }

    fn inputs(&self) -> std::ops::Range<usize> {
        0..self.node.inputs().count()
    }

    fn shape(&self, index: usize) -> &[usize] {
        let name = self.node.input(index);
        let shape = name.and_then(|name| self.shapes.get(name));
        shape.map_or(&[], Vec::as_slice)
    }

    /// How many numbers an input has; 0 for none.
    fn size(&self, index: usize) -> f64 {
        let given = self.node.input(index);
        given.map_or(0.0, |_| {
            self.shape(index).iter().map(|&size| size as f64).product()
        })
    }

    /// The numbers of an input.
    fn numbers(&self, index: usize) -> Option<Vec<f64>> {
        let name = self.node.input(index)?;
        let integers = self.live.integers(name);
        integers
            .map(|values| values.into_iter().map(|value| value as f64).collect())
            .or_else(|| self.live.floats(name))
    }

    /// Their product.
    fn product(&self, index: usize) -> f64 {
        let numbers = self.numbers(index).unwrap_or_default();
        numbers.into_iter().map(f64::abs).product()
    }

    /// The integers of an attribute.
    fn listed(&self, name: &str) -> Vec<f64> {
        let found = self.node.attribute(name);
        found.map_or_else(Vec::new, |a| a.ints.iter().map(|&i| i as f64).collect())
    }

    fn span(&self) -> f64 {
        let of = |index| {
            self.numbers(index)
                .and_then(|values| values.first().copied())
        };
        let span = of(1).unwrap_or(0.0) - of(0).unwrap_or(0.0);
        (span / of(2).filter(|step| *step != 0.0).unwrap_or(1.0)).abs()
    }

    fn resized(&self) -> f64 {
        let scales = (1..3)
            .filter_map(|index| self.numbers(index))
            .map(|scales| self.size(0) * scales.into_iter().product::<f64>());
        let stated = self.node.attribute("scales");
        let stated = stated.map(|a| a.floats.iter().map(|&s| f64::from(s)).product::<f64>());
        let sizes = self.numbers(3).map(|_| self.product(3));
        let stated = stated.map(|factor| self.size(0) * factor);
        scales.chain(stated).chain(sizes).fold(0.0, f64::max)
    }

    /// What one index of an axis stands for.
    fn rows(&self, axis: i64) -> f64 {
        let shape = self.shape(0);
        let axis = if axis < 0 {
            axis + shape.len() as i64
        } else {
            axis
        };
        let along = usize::try_from(axis).ok().and_then(|axis| shape.get(axis));
        self.size(0) / along.copied().unwrap_or(1).max(1) as f64
    }

    /// A window that slides over the padded input, or spreads it.
    fn windowed(&self, operator: &str) -> f64 {
        let spreads = operator == "ConvTranspose";
        let weights = self.shape(if operator == "QLinearConv" { 3 } else { 1 });
        let weights: Vec<f64> = weights.iter().map(|&size| size as f64).collect();
        let axes: Vec<f64> = self.shape(0).iter().map(|&size| size as f64).collect();
        let (widened, reach) = match spreads {
            true => {
                let kernel = largest(1.0, weights.get(2..).unwrap_or(&[]));
                let reach = kernel * largest(1.0, &self.listed("dilations"));
                let more = largest(0.0, &self.listed("output_padding"));
                (largest(1.0, &self.listed("strides")), reach + more)
            }
            false => (1.0, 2.0 * largest(0.0, &self.listed("pads"))),
        };
        let groups = if spreads {
            self.node.int("group", 1) as f64
        } else {
            1.0
        };
        let filters = weights
            .iter()
            .take(2)
            .fold(1.0, |most: f64, &size| most.max(size));
        let channels = (filters * groups).max(axes.get(1).copied().unwrap_or(1.0));
        let places = axes.iter().skip(2).map(|size| size * widened + reach);
        axes.first().unwrap_or(&1.0) * channels * places.product::<f64>()
    }

    /// Numbers of the common shape of all inputs; `None` if they have none.
    fn broadcast(&self) -> Option<f64> {
        let mut common: Vec<usize> = Vec::new();
        for index in self.inputs() {
            let shape = self.shape(index);
            let missing = shape.len().saturating_sub(common.len());
            common.splice(0..0, std::iter::repeat_n(1, missing));
            for (have, &size) in common.iter_mut().rev().zip(shape.iter().rev()) {
                match (*have, size) {
                    (1, size) => *have = size,
                    (have, size) if size == 1 || size == have => {}
                    _ => return None,
                }
            }
        }
        Some(common.iter().map(|&size| size as f64).product())
    }
}

/// The largest of some numbers and one at least.
fn largest(least: f64, numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(least, f64::max)
}
