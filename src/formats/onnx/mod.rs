//! ONNX models: from the file to an [`Ann`].

mod explicit;
mod external;
mod graph;
mod layout;
mod node;
mod ops;
mod rounding;
mod simplify;
mod survey;
mod tensor;
mod weights;
mod wire;

pub use rounding::{GraphError, Rounding, round_values};
pub use survey::{InputShapes, OnnxOperator, OperatorClass, Survey, survey};
pub use weights::{WeightTensor, edit_weights};

use crate::ann::{Ann, Layer, Operation};
use crate::digest::sha256_hex;
use crate::files;
use crate::network::Shape;
use external::Folder;
use graph::{OnnxGraph, OnnxSignal, Value};
use node::OnnxNode;
use rten_onnx::onnx::{GraphProto, ModelProto, ValueInfoProto};
use std::collections::BTreeSet;
use std::path::Path;
use tensor::OnnxTensor;

/// Largest number of neurons in one layer: neuron indices are 32 bits wide.
const MAX_NEURONS: usize = u32::MAX as usize;

/// One reason why a node cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnnxProblem {
    /// Name of the node, or of its first output where it has none.
    pub node: String,
    /// Operator.
    pub operator: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl std::fmt::Display for OnnxProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "node \"{}\" ({}): {}",
            self.node, self.operator, self.reason
        )
    }
}

/// Why a model cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Path of the file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is no ONNX model, or it is damaged.
    #[error(
        "{path}: not an ONNX model, or cut short: {reason}; export it again, for example with torch.onnx.export"
    )]
    NotOnnx {
        /// Path of the file.
        path: String,
        /// What does not make sense.
        reason: String,
    },
    /// The graph as a whole cannot be used.
    #[error("{path}: {reason}")]
    Graph {
        /// Path of the file.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A graph of another form than those that become spiking networks.
    #[error("{path}: {reason}")]
    Form {
        /// Path of the file.
        path: String,
        /// What is different and what to do.
        reason: String,
    },
    /// Nodes that are not supported, all of them.
    #[error("{path}: {} of its nodes cannot be imported:\n{}\nsupported operators: {}", problems.len(), list(problems), ops::names().join(", "))]
    Unsupported {
        /// Path of the file.
        path: String,
        /// One entry per node.
        problems: Vec<OnnxProblem>,
    },
}

/// A line for each operator and reason: deep models repeat them.
fn list(problems: &[OnnxProblem]) -> String {
    let mut kinds: Vec<(&OnnxProblem, usize)> = Vec::new();
    for problem in problems {
        let alike = |(first, _): &&mut (&OnnxProblem, usize)| {
            (&first.operator, &first.reason) == (&problem.operator, &problem.reason)
        };
        match kinds.iter_mut().find(alike) {
            Some((_, count)) => *count += 1,
            None => kinds.push((problem, 1)),
        }
    }
    let lines = kinds.into_iter().map(|(first, count)| match count {
        1 => format!("  {first}"),
        _ => format!(
            "  {count} × {}, first \"{}\": {}",
            first.operator, first.node, first.reason
        ),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An imported model.
#[derive(Debug)]
pub struct OnnxModel {
    /// The layers.
    pub ann: Ann,
    /// The model for the [runtime](crate::ann::Runtime) that executes the original: the same
    /// graph in single precision, with strides, dilations and padding stated in full and all
    /// weights inside.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

/// Reads and imports a model file. Weights that it keeps in other files are read from its folder,
/// and from nowhere else.
///
/// # Errors
/// If the file cannot be read, is no ONNX model, or contains nodes that are not supported; those
/// are all listed at once.
pub fn load(path: &Path) -> Result<OnnxModel, OnnxError> {
    let shown = path.display().to_string();
    let bytes = files::read(path).map_err(|source| OnnxError::Read {
        path: shown.clone(),
        source,
    })?;
    let name = path
        .file_stem()
        .map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    let place = files::place(path);
    let folder = files::folder_of(&place);
    read(&name, &shown, &bytes, &Folder(Some(folder.to_owned())))
}

/// Imports a model from its bytes; `path` is for messages. Its weights must all be inside.
///
/// # Errors
/// As [`load`].
pub fn import(name: &str, path: &str, bytes: &[u8]) -> Result<OnnxModel, OnnxError> {
    read(name, path, bytes, &Folder(None))
}

/// The parsed model, which has a graph, and the version of its operators.
fn parse(path: &str, bytes: &[u8]) -> Result<(ModelProto, i64), OnnxError> {
    let not_onnx = |reason: String| OnnxError::NotOnnx {
        path: path.to_owned(),
        reason,
    };
    if bytes.is_empty() {
        return Err(not_onnx("the file is empty".to_owned()));
    }
    wire::check(bytes).map_err(not_onnx)?;
    let model = ModelProto::parse_buf(bytes).map_err(|error| not_onnx(error.to_string()))?;
    match (&model.graph, opset(&model)) {
        (Some(_), Some(opset)) => Ok((model, opset)),
        _ => Err(not_onnx("it holds no graph or no operator set".to_owned())),
    }
}

/// The version of ONNX's own operators.
fn opset(model: &ModelProto) -> Option<i64> {
    let own = |domain: Option<&str>| matches!(domain, None | Some("" | "ai.onnx"));
    let mut sets = model.opset_import.iter();
    sets.find(|set| own(set.domain.as_deref()))
        .and_then(|set| set.version)
}

fn read(name: &str, path: &str, bytes: &[u8], folder: &Folder) -> Result<OnnxModel, OnnxError> {
    let (model, opset) = parse(path, bytes)?;
    let graph = model.graph.as_ref().expect("a parsed model has one");
    let refused = |reason: String| OnnxError::Graph {
        path: path.to_owned(),
        reason,
    };
    if !(7..=21).contains(&opset) {
        return Err(refused(format!(
            "operator set {opset} is not supported; export with opset 7 to 21"
        )));
    }
    let other_form = |reason: String| OnnxError::Form {
        path: path.to_owned(),
        reason,
    };
    let input = only_input(graph).map_err(other_form)?;
    let importer = Importer::new(name, graph, input, folder).map_err(refused)?;
    let (ann, batch) = importer.import(path, graph)?;
    let explicit = explicit::encode(model, &ann, batch, folder).map_err(refused)?;
    Ok(OnnxModel {
        ann,
        bytes: explicit,
        sha256: sha256_hex(bytes),
    })
}

struct Importer<'f> {
    name: String,
    sample_dims: Vec<usize>,
    graph: OnnxGraph<'f>,
    problems: Vec<OnnxProblem>,
}

/// What a model reads.
struct OnlyInput {
    name: String,
    /// Size of its batch axis, if that is fixed.
    batch: Option<usize>,
    sample_dims: Vec<usize>,
    shape: Shape,
}

/// The only input of a model.
fn only_input(proto: &GraphProto) -> Result<OnlyInput, String> {
    let constants: BTreeSet<&str> = proto
        .initializer
        .iter()
        .filter_map(|tensor| tensor.name.as_deref())
        .collect();
    let inputs: Vec<&ValueInfoProto> = proto
        .input
        .iter()
        .filter(|input| !constants.contains(input.name.as_deref().unwrap_or("")))
        .collect();
    let [input] = inputs.as_slice() else {
        return Err(format!(
            "it has {} inputs; only models with one input can be converted",
            inputs.len()
        ));
    };
    let name = input.name.clone().unwrap_or_default();
    let (batch, sample_dims) =
        input_dims(input).map_err(|reason| format!("input \"{name}\" {reason}"))?;
    let shape = graph::shape(&sample_dims)
        .filter(|_| (1..=3).contains(&sample_dims.len()))
        .ok_or_else(|| {
            format!(
                "input \"{name}\" has dimensions {sample_dims:?} per sample; one to three are \
                 supported"
            )
        })?;
    Ok(OnlyInput {
        name,
        batch,
        sample_dims,
        shape,
    })
}

impl<'f> Importer<'f> {
    fn new(
        name: &str,
        proto: &GraphProto,
        input: OnlyInput,
        folder: &'f Folder,
    ) -> Result<Self, String> {
        let OnlyInput {
            name: input_name,
            batch,
            sample_dims,
            shape,
        } = input;
        let mut graph = OnnxGraph::new(folder, batch);
        graph.layers.push(Layer {
            name: input_name.clone(),
            operation: Operation::Input,
            inputs: Vec::new(),
            output: input_name.clone(),
            shape,
        });
        let signal = OnnxSignal {
            layer: 0,
            dims: sample_dims.clone(),
            quantised: None,
        };
        graph.values.insert(input_name, Value::Signal(signal));
        for tensor in &proto.initializer {
            let name = tensor.name.clone().unwrap_or_default();
            graph
                .types
                .extend(tensor.data_type.map(|kind| (name.clone(), kind)));
            let value = Value::constant(OnnxTensor::read(tensor, folder)?);
            graph.values.insert(name, value);
        }
        Ok(Importer {
            name: name.to_owned(),
            sample_dims,
            graph,
            problems: Vec::new(),
        })
    }

    /// The network, and the size of its batch axis if that is fixed.
    fn import(mut self, path: &str, proto: &GraphProto) -> Result<(Ann, Option<usize>), OnnxError> {
        for node in &proto.node {
            self.add(&OnnxNode::new(node));
        }
        let refused = |reason: String| OnnxError::Graph {
            path: path.to_owned(),
            reason,
        };
        if !self.problems.is_empty() {
            return Err(OnnxError::Unsupported {
                path: path.to_owned(),
                problems: self.problems,
            });
        }
        let [output] = proto.output.as_slice() else {
            return Err(OnnxError::Form {
                path: path.to_owned(),
                reason: format!(
                    "it has {} outputs; only models with one output can be converted",
                    proto.output.len()
                ),
            });
        };
        let output = output.name.as_deref().unwrap_or("");
        let mut notes = self.graph.notes();
        let last = match self.graph.values.get(output) {
            Some(Value::Signal(signal)) => signal.layer,
            Some(Value::Head { logits, operator }) => {
                notes.push(format!(
                    "{operator} at the output left out: the largest of its inputs decides the class"
                ));
                logits.layer
            }
            _ => {
                return Err(refused(format!(
                    "output \"{output}\" is not computed by any node"
                )));
            }
        };
        if last == 0 {
            return Err(refused(format!(
                "output \"{output}\" is the input itself; there is nothing to convert"
            )));
        }
        let mut ann = Ann {
            name: self.name,
            sample_dims: self.sample_dims,
            channels_last: false,
            layers: self.graph.layers,
            output: output.to_owned(),
            notes,
        };
        simplify::simplify(&mut ann, last);
        Ok((ann, self.graph.batch))
    }

    fn add(&mut self, node: &OnnxNode) {
        let unknown = |name| matches!(self.graph.values.get(name), Some(Value::Unknown));
        let operator = node.operator();
        let made = match ops::importer(&operator) {
            None => Err(ops::advice(&operator).to_owned()),
            // The node that should have made this value is on the list already.
            Some(_) if node.inputs().any(unknown) => Ok(Vec::new()),
            Some(importer) => importer(node, &mut self.graph),
        };
        let values = made.unwrap_or_else(|reason| {
            self.problems.push(OnnxProblem {
                node: node.name().to_owned(),
                operator,
                reason,
            });
            Vec::new()
        });
        let values = values.into_iter().chain(std::iter::repeat(Value::Unknown));
        for (output, value) in node.outputs().zip(values) {
            if !output.is_empty() {
                self.graph.values.insert(output.to_owned(), value);
            }
        }
        if let Some(tensor) = node.attribute("value").and_then(|a| a.t.as_ref()) {
            let kind = tensor
                .data_type
                .map(|kind| (node.output().to_owned(), kind));
            self.graph.types.extend(kind);
        }
    }
}

/// The size of the batch axis, if it is fixed, and the dimensions of one sample.
fn input_dims(input: &ValueInfoProto) -> Result<(Option<usize>, Vec<usize>), String> {
    let shape = input
        .r#type
        .as_ref()
        .and_then(|t| t.tensor_type.as_ref())
        .and_then(|t| t.shape.as_ref())
        .ok_or("has no declared shape; export the model with an example input")?;
    let Some(first) = shape.dim.first() else {
        return Err("is a single number; a batch of samples is expected".into());
    };
    let batch = first
        .dim_value
        .and_then(|d| usize::try_from(d).ok())
        .filter(|&d| d > 0);
    let dims = shape
        .dim
        .iter()
        .enumerate()
        .skip(1)
        .map(|(axis, dim)| {
            dim.dim_value
                .and_then(|d| usize::try_from(d).ok())
                .filter(|&d| d > 0)
                .ok_or(format!(
                    "has no fixed size on axis {axis}; only the batch axis may be dynamic"
                ))
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok((batch, dims))
}
