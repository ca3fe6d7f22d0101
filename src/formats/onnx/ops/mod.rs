//! The operators: one table from name to importer, one small file per family.

mod activation;
mod constant;
mod convolution;
mod dense;
mod elementwise;
mod head;
mod join;
mod layout;
mod normalization;
mod pad;
mod pooling;
mod quantize;
mod reduce;
mod slice;
mod window;

use super::graph::{OnnxGraph, Value};
use super::node::OnnxNode;

/// Turns a node into the values of its outputs, or says what is wrong with it and what to do.
/// Fewer values than outputs leave the others unknown.
pub(super) type Importer = fn(&OnnxNode, &mut OnnxGraph) -> Result<Vec<Value>, String>;

/// Every supported operator. A new one is a function and a row.
const OPERATORS: &[(&str, Importer)] = &[
    ("Add", elementwise::add),
    ("ArgMax", head::head),
    ("AveragePool", pooling::average_pool),
    ("BatchNormalization", normalization::batch_normalization),
    ("Cast", constant::cast),
    ("Clip", activation::clip),
    ("Concat", join::concat),
    ("Constant", constant::constant),
    ("ConstantOfShape", constant::constant_of_shape),
    ("Conv", convolution::conv),
    ("DequantizeLinear", quantize::dequantize_linear),
    ("Div", elementwise::div),
    ("Dropout", constant::dropout),
    ("Flatten", layout::flatten),
    ("Floor", activation::floor),
    ("Gather", slice::gather),
    ("Gemm", dense::gemm),
    ("GlobalAveragePool", pooling::global_average_pool),
    ("GlobalMaxPool", pooling::global_max_pool),
    ("Identity", constant::same),
    ("LeakyRelu", activation::leaky_relu),
    ("LogSoftmax", head::head),
    ("MatMul", dense::mat_mul),
    ("Max", activation::max),
    ("MaxPool", pooling::max_pool),
    ("Min", activation::min),
    ("Mul", elementwise::mul),
    ("Neg", elementwise::neg),
    ("PRelu", activation::p_relu),
    ("Pad", pad::pad),
    ("QuantizeLinear", quantize::quantize_linear),
    ("ReduceMean", reduce::reduce_mean),
    ("ReduceSum", reduce::reduce_sum),
    ("Relu", activation::relu),
    ("Reshape", layout::reshape),
    ("Round", activation::round),
    ("Shape", constant::shape),
    ("Slice", slice::slice),
    ("Softmax", head::head),
    ("Split", slice::split),
    ("Squeeze", layout::squeeze),
    ("Sub", elementwise::sub),
    ("Sum", join::sum),
    ("Transpose", layout::transpose),
    ("Unsqueeze", layout::unsqueeze),
];

/// The importer of an operator.
pub(super) fn importer(operator: &str) -> Option<Importer> {
    OPERATORS
        .iter()
        .find(|(name, _)| *name == operator)
        .map(|(_, importer)| *importer)
}

/// What to do about an operator that is not supported.
pub(super) fn advice(operator: &str) -> &'static str {
    match operator {
        "Sigmoid" | "Tanh" | "Elu" | "Selu" | "Gelu" | "Erf" | "HardSigmoid" | "HardSwish"
        | "Swish" | "Mish" | "Softplus" | "Softsign" | "Celu" | "ThresholdedRelu" => {
            "this activation has no spiking form; train with ReLU or ReLU6 instead"
        }
        "LSTM" | "GRU" | "RNN" | "Loop" | "Scan" => {
            "recurrent layers are not converted; train a spiking network and export it as NIR"
        }
        "If" => {
            "branches are not converted; export the model for one fixed case, after model.eval()"
        }
        "Pow" | "Exp" | "Log" | "Abs" | "Sqrt" | "Reciprocal" | "ReduceMax" | "ReduceMin" => {
            "this function of a signal is not linear and no rectifier, so it has no spiking form; leave it out of the network"
        }
        "LayerNormalization"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "LpNormalization"
        | "LRN" => {
            "it normalises by statistics of each input, which spikes cannot carry; train with batch normalisation"
        }
        "ConvTranspose" | "Resize" | "Upsample" | "DepthToSpace" | "SpaceToDepth" => {
            "not supported; classifiers do without it"
        }
        "QLinearConv"
        | "QLinearMatMul"
        | "ConvInteger"
        | "MatMulInteger"
        | "DynamicQuantizeLinear"
        | "com.microsoft.QLinearAdd"
        | "com.microsoft.QLinearGlobalAveragePool" => {
            "integer operators are not supported; quantise the model in QDQ form (onnxruntime: quant_format=QuantFormat.QDQ)"
        }
        _ => "this operator is not supported; leave it out of the exported network or replace it",
    }
}

/// The names of all supported operators.
pub(super) fn names() -> Vec<&'static str> {
    OPERATORS.iter().map(|(name, _)| *name).collect()
}

/// The only output of a node.
fn one(signal: super::graph::OnnxSignal) -> Result<Vec<Value>, String> {
    Ok(vec![Value::Signal(signal)])
}
