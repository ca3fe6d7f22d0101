//! The graph while it is imported: what each name stands for, and the layers made so far.

use super::MAX_NEURONS;
use super::external::Folder;
use super::tensor::OnnxTensor;
use crate::ann::{Layer, Operation};
use crate::network::Shape;
use rten_onnx::onnx::DataType;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a name in the graph stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Values that depend on the input of the network.
    Signal(OnnxSignal),
    /// Class probabilities or the class itself: nothing but the output may come of them.
    Head {
        /// What they are made of.
        logits: OnnxSignal,
        /// The operator that made them.
        operator: String,
    },
    /// A constant.
    Constant(Rc<OnnxTensor>),
    /// Output of a node that could not be imported.
    Unknown,
}

impl Value {
    pub(super) fn constant(tensor: OnnxTensor) -> Self {
        Value::Constant(Rc::new(tensor))
    }
}

/// The output of a layer as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OnnxSignal {
    pub(super) layer: usize,
    /// Dimensions of one sample, batch axis left out. The order of the values is that of the
    /// layer, channels first.
    pub(super) dims: Vec<usize>,
    /// Scale and zero point, between QuantizeLinear and DequantizeLinear.
    pub(super) quantised: Option<(f32, i64)>,
}

/// Everything known about the graph so far.
pub(super) struct OnnxGraph<'f> {
    pub(super) values: BTreeMap<String, Value>,
    pub(super) layers: Vec<Layer>,
    /// Size of the batch axis; `None` where the model leaves it open.
    pub(super) batch: Option<usize>,
    /// Where weights outside the model may lie.
    pub(super) folder: &'f Folder,
    /// Element types of constants.
    pub(super) types: BTreeMap<String, DataType>,
    /// Roundings of signals that were left out.
    pub(super) left_out: usize,
    /// Whether any signal is rounded to 8 or 16 bits.
    pub(super) rounds: bool,
}

impl<'f> OnnxGraph<'f> {
    pub(super) fn new(folder: &'f Folder, batch: Option<usize>) -> Self {
        OnnxGraph {
            values: BTreeMap::new(),
            layers: Vec::new(),
            batch,
            folder,
            types: BTreeMap::new(),
            left_out: 0,
            rounds: false,
        }
    }

    /// Notes that the graph was exported for one sample at a time, whatever its input says.
    pub(super) fn single_sample(&mut self) {
        self.batch = Some(1);
    }

    /// What was left out, in words for the report.
    pub(super) fn notes(&self) -> Vec<String> {
        let left_out = (self.left_out > 0).then(|| {
            format!(
                "rounding of {} signals that are not rectified there left out: spikes have their own grid",
                self.left_out
            )
        });
        let rounds = self.rounds.then(|| {
            "the inference engine multiplies by reciprocals of quantisation scales: values halfway between two integers may round to the other one, a step off other engines".to_owned()
        });
        left_out.into_iter().chain(rounds).collect()
    }

    /// Adds a layer that reads `inputs`; `output` is the name of its values in the file, or empty
    /// if they do not occur there.
    ///
    /// # Errors
    /// If it has more neurons than can be numbered.
    pub(super) fn push(
        &mut self,
        name: &str,
        output: &str,
        operation: Operation,
        inputs: &[usize],
        dims: Vec<usize>,
    ) -> Result<OnnxSignal, String> {
        if let Some(value) = weights(&operation).find(|w| !w.is_finite()) {
            return Err(format!("its weights hold {value}; weights must be finite"));
        }
        let shape = shape(&dims)
            .filter(|shape| shape.neurons() > 0)
            .ok_or(format!(
                "its output {dims:?} is empty or has more neurons than can be numbered"
            ))?;
        self.layers.push(Layer {
            name: name.to_owned(),
            operation,
            inputs: inputs.to_vec(),
            output: output.to_owned(),
            shape,
        });
        Ok(OnnxSignal {
            layer: self.layers.len() - 1,
            dims,
            quantised: None,
        })
    }

    /// Adds a layer of another shape without changing the order of the values, unless the shape
    /// is the same already.
    pub(super) fn reshaped(
        &mut self,
        name: &str,
        output: &str,
        signal: &OnnxSignal,
        dims: Vec<usize>,
    ) -> Result<OnnxSignal, String> {
        let same = shape(&dims) == Some(self.layers[signal.layer].shape);
        if same {
            return Ok(OnnxSignal {
                dims,
                ..signal.clone()
            });
        }
        let operation = Operation::Arrange { from: None };
        let made = self.push(name, output, operation, &[signal.layer], dims)?;
        Ok(OnnxSignal {
            quantised: signal.quantised,
            ..made
        })
    }

    /// Adds a layer whose value `i` is value `from[i]` of `signal`.
    pub(super) fn arranged(
        &mut self,
        name: &str,
        output: &str,
        signal: &OnnxSignal,
        from: Vec<u32>,
        dims: Vec<usize>,
    ) -> Result<OnnxSignal, String> {
        let neurons = self.layers[signal.layer].shape.neurons();
        let same = from.len() == neurons && from.iter().enumerate().all(|(i, &f)| i == f as usize);
        if same {
            return self.reshaped(name, output, signal, dims);
        }
        let operation = Operation::Arrange { from: Some(from) };
        let made = self.push(name, output, operation, &[signal.layer], dims)?;
        Ok(OnnxSignal {
            quantised: signal.quantised,
            ..made
        })
    }

    pub(super) fn shape(&self, signal: &OnnxSignal) -> Shape {
        self.layers[signal.layer].shape
    }

    pub(super) fn operation(&self, signal: &OnnxSignal) -> &Operation {
        &self.layers[signal.layer].operation
    }
}

/// `[]`, `[n]`, `[C, L]` or `[C, H, W]` as a shape; more axes as a vector. `None` if it has more
/// neurons than can be numbered.
pub(super) fn shape(dims: &[usize]) -> Option<Shape> {
    let neurons = dims
        .iter()
        .try_fold(1usize, |product, &d| product.checked_mul(d))
        .filter(|&n| n <= MAX_NEURONS)?;
    Some(match *dims {
        [channels, length] => Shape::maps(channels, 1, length),
        [channels, height, width] => Shape::maps(channels, height, width),
        _ => Shape::vector(neurons),
    })
}

/// All numbers of a layer.
fn weights(operation: &Operation) -> impl Iterator<Item = f32> + '_ {
    let (a, b): (&[f32], &[f32]) = match operation {
        Operation::Dense { weight, bias } | Operation::Convolution { weight, bias, .. } => {
            (weight, bias)
        }
        Operation::Affine { scale, shift } => (scale, shift),
        _ => (&[], &[]),
    };
    a.iter().chain(b).copied()
}
