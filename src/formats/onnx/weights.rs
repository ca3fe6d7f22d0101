//! Changes the weights of an imported model: both of the layers and of the graph that the
//! inference engine runs, so that the accuracy of the changed original is measured, too.

use super::external::Folder;
use super::tensor::{Data, OnnxTensor};
use super::{OnnxError, OnnxModel, read};
use rten_onnx::onnx::{DataType, ModelProto, NodeProto, TensorProto};
use std::collections::{BTreeMap, BTreeSet};

/// The weights of a convolution or linear layer, without its bias.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightTensor {
    /// Name of the tensor in the model.
    pub name: String,
    /// Dimensions as stored.
    pub dims: Vec<usize>,
    /// The axis of `dims` that counts output channels; `None` where the model rearranges the
    /// tensor before use.
    pub output_axis: Option<usize>,
    /// The weights, row-major.
    pub values: Vec<f32>,
}

impl WeightTensor {
    /// Output channels that can be told apart; 1 if they cannot.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.output_axis.map_or(1, |axis| self.dims[axis].max(1))
    }

    /// The output channel that weight `index` belongs to.
    #[must_use]
    pub fn channel(&self, index: usize) -> usize {
        self.output_axis.map_or(0, |axis| {
            let inner: usize = self.dims[axis + 1..].iter().product();
            index / inner.max(1) % self.dims[axis].max(1)
        })
    }
}

/// The model with other weights. `edit` sees all weight tensors at once, each tensor once, and may
/// change their values, not their number.
///
/// # Errors
/// If the model cannot be read again, which only a change of the number of values brings about.
pub fn edit_weights(
    model: OnnxModel,
    edit: &mut dyn FnMut(&mut [WeightTensor]),
) -> Result<OnnxModel, OnnxError> {
    let name = model.ann.name.clone();
    let refused = |reason: String| OnnxError::Graph {
        path: name.clone(),
        reason: format!("its weights cannot be changed: {reason}"),
    };
    let mut proto =
        ModelProto::parse_buf(&model.bytes).map_err(|error| refused(error.to_string()))?;
    let Some(graph) = &mut proto.graph else {
        return Err(refused("it holds no graph".to_owned()));
    };
    let uses = uses(&graph.node);
    let constants = graph
        .node
        .iter_mut()
        .filter(|node| node.op_type.as_deref() == Some("Constant"))
        .filter_map(|node| {
            let name = node.output.first()?.clone();
            let value = node.attribute.iter_mut().find_map(|a| a.t.as_mut())?;
            Some((name, value))
        });
    let mut protos: Vec<&mut TensorProto> = Vec::new();
    let mut tensors = Vec::new();
    let initialisers = graph
        .initializer
        .iter_mut()
        .map(|tensor| (tensor.name.clone().unwrap_or_default(), tensor));
    for (name, proto) in initialisers.chain(constants) {
        let Some(axis) = uses.get(&name) else {
            continue;
        };
        let read = OnnxTensor::read(proto, &Folder(None)).map_err(&refused)?;
        // Integer weights are quantised already.
        let Data::Floats(values) = read.data else {
            continue;
        };
        tensors.push(WeightTensor {
            name,
            output_axis: axis.filter(|axis| *axis < read.dims.len()),
            dims: read.dims,
            values,
        });
        protos.push(proto);
    }
    edit(&mut tensors);
    for (proto, tensor) in protos.into_iter().zip(tensors) {
        proto.data_type = Some(DataType::FLOAT);
        proto.raw_data = None;
        proto.double_data = Vec::new();
        proto.int32_data = Vec::new();
        proto.float_data = tensor.values;
    }
    let bytes = proto
        .write_buf()
        .map_err(|error| refused(error.to_string()))?;
    let edited = read(&name, &name, &bytes, &Folder(None))?;
    Ok(OnnxModel {
        sha256: model.sha256,
        ..edited
    })
}

/// Names of the tensors that convolutions and linear layers take as weights, with the axis of their
/// output channels. Nodes that only pass a tensor on are followed; where they rearrange it, or two
/// users disagree, the axis is unknown.
fn uses(nodes: &[NodeProto]) -> BTreeMap<String, Option<usize>> {
    let makers: BTreeMap<&str, &NodeProto> = nodes
        .iter()
        .filter_map(|node| Some((node.output.first()?.as_str(), node)))
        .collect();
    let mut uses: BTreeMap<String, Option<usize>> = BTreeMap::new();
    for node in nodes {
        let mut axis = match node.op_type.as_deref() {
            Some("Conv") => Some(0),
            Some("MatMul") => Some(1),
            Some("Gemm") => {
                let transposed = node.attribute.iter().any(|attribute| {
                    attribute.name.as_deref() == Some("transB") && attribute.i == Some(1)
                });
                Some(usize::from(!transposed))
            }
            _ => continue,
        };
        let Some(mut name) = node.input.get(1).map(String::as_str) else {
            continue;
        };
        // A damaged graph may pass a tensor on in a circle.
        let mut seen = BTreeSet::new();
        while seen.insert(name)
            && let Some(maker) = makers.get(name)
            && let Some(from) = maker.input.first()
        {
            match maker.op_type.as_deref() {
                Some("Identity") => {}
                Some("Reshape" | "Transpose" | "Squeeze" | "Unsqueeze" | "Flatten") => axis = None,
                _ => break,
            }
            name = from;
        }
        uses.entry(name.to_owned())
            .and_modify(|known| *known = known.filter(|known| Some(*known) == axis))
            .or_insert(axis);
    }
    uses
}
