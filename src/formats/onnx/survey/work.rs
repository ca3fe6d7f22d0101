//! How much an operator has to do.

use super::shapes::ValueShapes;
use crate::formats::onnx::node::OnnxNode;
use serde::Serialize;
use std::collections::BTreeMap;

/// What kind of work an operator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorClass {
    /// Weights times activations: dense layers and convolutions.
    Linear,
    /// Activations times activations, as in attention.
    Product,
    /// Layers with a state that runs along a sequence.
    Recurrent,
    /// Means and variances of activations.
    Normalization,
    /// Exponentials over their sum.
    Softmax,
    /// Maxima, sums and means of several activations.
    Pooling,
    /// Rows of a table.
    Embedding,
    /// Each number by itself, or with its like in another tensor.
    Elementwise,
    /// Copies, shapes and order.
    Layout,
}

impl OperatorClass {
    /// Whether a device launches it by itself.
    pub(super) fn is_kernel(self) -> bool {
        !matches!(self, OperatorClass::Elementwise | OperatorClass::Layout)
    }

    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            OperatorClass::Linear => "linear",
            OperatorClass::Product => "product",
            OperatorClass::Recurrent => "recurrent",
            OperatorClass::Normalization => "normalization",
            OperatorClass::Softmax => "softmax",
            OperatorClass::Pooling => "pooling",
            OperatorClass::Embedding => "embedding",
            OperatorClass::Elementwise => "elementwise",
            OperatorClass::Layout => "layout",
        }
    }
}

/// What an operator does.
pub(super) struct OperatorWork {
    pub class: OperatorClass,
    /// Weights times activations.
    pub macs: u64,
    /// Activations times activations.
    pub products: u64,
}

/// Operators without a multiplication, by class.
const OTHERS: &[(OperatorClass, &str)] = &[
    (
        OperatorClass::Normalization,
        "LayerNormalization InstanceNormalization GroupNormalization BatchNormalization \
         LpNormalization LRN MeanVarianceNormalization RMSNormalization \
         SimplifiedLayerNormalization com.microsoft.SkipLayerNormalization \
         com.microsoft.SkipSimplifiedLayerNormalization",
    ),
    (OperatorClass::Softmax, "Softmax LogSoftmax Hardmax"),
    (
        OperatorClass::Pooling,
        "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool \
         ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 \
         ReduceLogSum ReduceLogSumExp ReduceSumSquare ArgMax ArgMin TopK CumSum",
    ),
    (
        OperatorClass::Elementwise,
        "Relu LeakyRelu PRelu Elu Celu Selu ThresholdedRelu Sigmoid HardSigmoid \
         HardSwish Swish Mish Tanh Gelu com.microsoft.Gelu com.microsoft.FastGelu \
         com.microsoft.QuickGelu com.microsoft.BiasGelu Softplus Softsign Erf Exp Log \
         Sqrt Reciprocal Abs Neg Sign Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh \
         Cosh Asinh Acosh Atanh Clip Add Sub Mul Div Mod Pow Min Max Mean Sum Where Not \
         And Or Xor Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf Cast \
         CastLike Dropout QuantizeLinear DequantizeLinear DynamicQuantizeLinear Shrink \
         BitShift RandomNormalLike RandomUniformLike Bernoulli",
    ),
    (
        OperatorClass::Layout,
        "Identity Reshape Flatten Transpose Squeeze Unsqueeze Concat Split Slice Pad \
         Expand Tile DepthToSpace SpaceToDepth ConstantOfShape Range GatherElements \
         GatherND ScatterND ScatterElements OneHot Resize Upsample Trilu EyeLike \
         NonZero Compress ReverseSequence",
    ),
];

/// Operators that multiply, pick rows of a table or are constants and shapes.
const MULTIPLYING: &str = "Conv ConvInteger QLinearConv ConvTranspose MatMul MatMulInteger \
    QLinearMatMul com.microsoft.FusedMatMul Gemm Einsum LSTM GRU RNN \
    Gather Constant Shape Size";

fn lists_it(list: &str, operator: &str) -> bool {
    list.split_whitespace().any(|one| one == operator)
}

/// Whether an operator multiplies, so that it may have weights.
pub(super) fn multiplies(operator: &str) -> bool {
    lists_it(MULTIPLYING, operator)
}

/// Whether the work of an operator can be told.
pub(super) fn is_known(operator: &str) -> bool {
    let mut lists = OTHERS.iter().map(|(_, operators)| *operators);
    lists.any(|list| lists_it(list, operator)) || multiplies(operator)
}

/// The work of an operator that reads activations; `None` if it cannot be told.
pub(super) fn work(
    node: &OnnxNode,
    shapes: &ValueShapes,
    is_constant: &dyn Fn(&str) -> bool,
) -> Option<OperatorWork> {
    let operator = node.operator();
    let shape = |index: usize| node.input(index).and_then(|name| shapes.get(name));
    let output = shapes.get(node.output())?;
    // A weight makes it linear; without one it is a product of activations.
    let of = |macs: u64, operands: [usize; 2]| {
        let weighted = operands
            .iter()
            .any(|&index| node.input(index).is_none_or(is_constant));
        match weighted {
            true => linear(macs),
            false => OperatorWork {
                class: OperatorClass::Product,
                macs: 0,
                products: macs,
            },
        }
    };
    Some(match operator.as_str() {
        "Conv" | "ConvInteger" => of(convolution(node, shape(0)?, shape(1)?, output)?, [1, 1]),
        "QLinearConv" => of(convolution(node, shape(0)?, shape(3)?, output)?, [3, 3]),
        "ConvTranspose" => of(transposed(node, shape(0)?, shape(1)?, output)?, [1, 1]),
        "MatMul" | "MatMulInteger" => of(elements(output) * last(shape(0)?)?, [0, 1]),
        "com.microsoft.FusedMatMul" => of(elements(output) * inner(node, shape(0)?)?, [0, 1]),
        "QLinearMatMul" => of(elements(output) * last(shape(0)?)?, [0, 3]),
        "Gemm" => of(elements(output) * inner(node, shape(0)?)?, [0, 1]),
        "Einsum" => of(einsum(node, &[shape(0)?, shape(1)?])?.0, [0, 1]),
        "LSTM" | "GRU" | "RNN" => OperatorWork {
            class: OperatorClass::Recurrent,
            ..linear(recurrent(&operator, node, shape(0)?, shape(1)?, shape(2)?)?)
        },
        "Gather" => OperatorWork {
            class: match node.input(0).is_some_and(is_constant) {
                true => OperatorClass::Embedding,
                false => OperatorClass::Layout,
            },
            ..linear(0)
        },
        other => {
            let mut known = OTHERS.iter();
            let (class, _) = known.find(|(_, operators)| lists_it(operators, other))?;
            OperatorWork {
                class: *class,
                ..linear(0)
            }
        }
    })
}

fn linear(macs: u64) -> OperatorWork {
    OperatorWork {
        class: OperatorClass::Linear,
        macs,
        products: 0,
    }
}

fn elements(shape: &[usize]) -> u64 {
    shape.iter().map(|&size| size as u64).product()
}

fn last(shape: &[usize]) -> Option<u64> {
    shape.last().map(|&size| size as u64)
}

/// The axis that a matrix product sums over.
pub(super) fn inner(node: &OnnxNode, first: &[usize]) -> Option<u64> {
    let axis = match node.int("transA", 0) {
        0 => first.len().checked_sub(1)?,
        _ => first.len().checked_sub(2)?,
    };
    first.get(axis).map(|&size| size as u64)
}

/// Multiply-accumulates of a convolution of any number of axes, padding taps left out: along each axis
/// so many pairs of output and tap that read an input, all combined.
fn convolution(
    node: &OnnxNode,
    input: &[usize],
    weight: &[usize],
    output: &[usize],
) -> Option<u64> {
    let taps = taps(node, input, weight, output)?;
    let (batch, channels) = (*output.first()? as u64, *output.get(1)? as u64);
    Some(batch * channels * *weight.get(1)? as u64 * taps)
}

/// The same of a transposed one, whose inputs are the outputs of the convolution that it undoes.
fn transposed(node: &OnnxNode, input: &[usize], weight: &[usize], output: &[usize]) -> Option<u64> {
    let taps = taps(node, output, weight, input)?;
    let (batch, channels) = (*input.first()? as u64, *input.get(1)? as u64);
    Some(batch * channels * *weight.get(1)? as u64 * taps)
}

/// Pairs of output and tap within the input, over all axes.
fn taps(node: &OnnxNode, input: &[usize], weight: &[usize], output: &[usize]) -> Option<u64> {
    let axes = weight.len().checked_sub(2)?;
    if input.len() != axes + 2 || output.len() != axes + 2 {
        return None;
    }
    let strides = node.sizes("strides", axes).ok()?.unwrap_or(vec![1; axes]);
    let dilations = node.sizes("dilations", axes).ok()?.unwrap_or(vec![1; axes]);
    let pads = node.sizes("pads", 2 * axes).ok()?;
    let mut all = 1u64;
    for axis in 0..axes {
        let (size, kernel, outputs) = (input[axis + 2], weight[axis + 2], output[axis + 2]);
        let reach = (kernel.checked_sub(1)?) * dilations[axis] + 1;
        let before = match (&pads, node.string("auto_pad", "NOTSET")) {
            (_, "VALID") => 0,
            (_, same @ ("SAME_UPPER" | "SAME_LOWER")) => {
                let padded = outputs.checked_sub(1)? * strides[axis] + reach;
                let total = padded.saturating_sub(size);
                total / 2 + usize::from(same == "SAME_LOWER" && total % 2 == 1)
            }
            (Some(pads), _) => pads[axis],
            (None, _) => 0,
        };
        // For each tap the outputs whose input is there.
        let inside = |tap: usize| {
            let shift = tap * dilations[axis];
            let first = before.saturating_sub(shift).div_ceil(strides[axis]);
            let end = (size + before)
                .saturating_sub(shift)
                .div_ceil(strides[axis]);
            end.min(outputs).saturating_sub(first) as u64
        };
        all = all.checked_mul((0..kernel).map(inside).sum())?;
    }
    Some(all)
}

/// `seq × batch × directions × gates × hidden × (input + hidden)`.
///
/// Source: ONNX operators LSTM (4 gates), GRU (3) and RNN (1).
fn recurrent(
    operator: &str,
    node: &OnnxNode,
    input: &[usize],
    weight: &[usize],
    recurrence: &[usize],
) -> Option<u64> {
    let gates = match operator {
        "LSTM" => 4,
        "GRU" => 3,
        _ => 1,
    };
    let [directions, rows, inputs] = *weight else {
        return None;
    };
    let hidden = *recurrence.last()?;
    if input.len() != 3 || rows != gates * hidden || node.int("layout", 0) > 1 {
        return None;
    }
    let steps = (input[0] * input[1]) as u64;
    Some(steps * (directions * rows * (inputs + hidden)) as u64)
}

/// Of an equation of two operands the product of the sizes of all labels, and of those that are written.
pub(super) fn einsum(node: &OnnxNode, operands: &[&[usize]; 2]) -> Option<(u64, u64)> {
    let equation = node.string("equation", "").replace(' ', "");
    let (read, written) = equation.split_once("->")?;
    let terms: Vec<&str> = read.split(',').collect();
    if terms.len() != operands.len() {
        return None;
    }
    let mut sizes = BTreeMap::new();
    for (term, shape) in terms.iter().zip(operands) {
        if term.chars().count() != shape.len() {
            return None;
        }
        sizes.extend(term.chars().zip(shape.iter().map(|&size| size as u64)));
    }
    let times = |all: u64, size: u64| all.checked_mul(size);
    let all = sizes.values().copied().try_fold(1, times)?;
    let kept = written
        .chars()
        .map(|label| sizes.get(&label).copied().unwrap_or(1));
    let mut kept = kept;
    let kept = kept.try_fold(1, times)?;
    Some((all, kept))
}
