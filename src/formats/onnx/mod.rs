//! ONNX models: from the file to an [`Ann`].

mod explicit;
mod node;
mod ops;
mod tensor;
mod wire;

use crate::ann::{Ann, Layer, Operation};
use crate::digest::sha256_hex;
use crate::network::Shape;
use node::{Built, Node, Value};
use rten_onnx::onnx::{GraphProto, ModelProto, ValueInfoProto};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tensor::Tensor;

/// Largest number of neurons in one layer: neuron indices are 32 bits wide.
const MAX_NEURONS: usize = u32::MAX as usize;

/// One reason why a node cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the node, or of its first output where it has none.
    pub node: String,
    /// Operator.
    pub operator: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl std::fmt::Display for Problem {
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
    /// Nodes that are not supported, all of them.
    #[error("{path}: {} of its nodes cannot be imported:\n{}\nsupported operators: {}", problems.len(), list(problems), ops::names().join(", "))]
    Unsupported {
        /// Path of the file.
        path: String,
        /// One entry per node.
        problems: Vec<Problem>,
    },
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|p| format!("  {p}")).collect();
    lines.join("\n")
}

/// An imported model.
#[derive(Debug)]
pub struct Model {
    /// The layers.
    pub ann: Ann,
    /// The model for the [runtime](crate::ann::Runtime) that executes the original: the same
    /// graph, with strides, dilations and padding stated in full.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

/// Reads and imports a model file.
///
/// # Errors
/// If the file cannot be read, is no ONNX model, or contains nodes that are not supported; those
/// are all listed at once.
pub fn load(path: &Path) -> Result<Model, OnnxError> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| OnnxError::Read {
        path: shown.clone(),
        source,
    })?;
    let name = path
        .file_stem()
        .map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    import(&name, &shown, &bytes)
}

/// Imports a model from its bytes; `path` is for messages.
///
/// # Errors
/// As [`load`].
pub fn import(name: &str, path: &str, bytes: &[u8]) -> Result<Model, OnnxError> {
    let not_onnx = |reason: String| OnnxError::NotOnnx {
        path: path.to_owned(),
        reason,
    };
    if bytes.is_empty() {
        return Err(not_onnx("the file is empty".to_owned()));
    }
    wire::check(bytes).map_err(not_onnx)?;
    let model = ModelProto::parse_buf(bytes).map_err(|error| not_onnx(error.to_string()))?;
    let opset = model
        .opset_import
        .iter()
        .find(|set| matches!(set.domain.as_deref(), None | Some("" | "ai.onnx")))
        .and_then(|set| set.version);
    let (Some(graph), Some(opset)) = (&model.graph, opset) else {
        return Err(not_onnx("it holds no graph or no operator set".to_owned()));
    };
    let refused = |reason: String| OnnxError::Graph {
        path: path.to_owned(),
        reason,
    };
    if !(7..=21).contains(&opset) {
        return Err(refused(format!(
            "operator set {opset} is not supported; export with opset 7 to 21"
        )));
    }
    let ann = Importer::new(name, graph)
        .map_err(refused)?
        .import(path, graph)?;
    let explicit = explicit::encode(model, &ann).map_err(|error| not_onnx(error.to_string()))?;
    Ok(Model {
        ann,
        bytes: explicit,
        sha256: sha256_hex(bytes),
    })
}

struct Importer {
    ann: Ann,
    values: BTreeMap<String, Value>,
    problems: Vec<Problem>,
}

impl Importer {
    fn new(name: &str, graph: &GraphProto) -> Result<Self, String> {
        let constants: BTreeSet<&str> = graph
            .initializer
            .iter()
            .filter_map(|tensor| tensor.name.as_deref())
            .collect();
        let inputs: Vec<&ValueInfoProto> = graph
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
        let input_name = input.name.clone().unwrap_or_default();
        let sample_dims =
            sample_dims(input).map_err(|reason| format!("input \"{input_name}\" {reason}"))?;
        let shape = input_shape(&sample_dims)
            .ok_or_else(|| format!("input \"{input_name}\" has dimensions {sample_dims:?} per sample; one to three are supported"))?;
        let mut values = BTreeMap::new();
        values.insert(input_name.clone(), Value::Layer(0));
        for proto in &graph.initializer {
            let name = proto.name.clone().unwrap_or_default();
            values.insert(name, Value::Constant(Tensor::read(proto)?));
        }
        Ok(Importer {
            ann: Ann {
                name: name.to_owned(),
                sample_dims,
                layers: vec![Layer {
                    name: input_name.clone(),
                    operation: Operation::Input,
                    inputs: Vec::new(),
                    output: input_name,
                    shape,
                }],
                notes: Vec::new(),
            },
            values,
            problems: Vec::new(),
        })
    }

    fn import(mut self, path: &str, graph: &GraphProto) -> Result<Ann, OnnxError> {
        for proto in &graph.node {
            self.add(Node::new(proto));
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
        let [output] = graph.output.as_slice() else {
            return Err(refused(format!(
                "it has {} outputs; only models with one output can be converted",
                graph.output.len()
            )));
        };
        let output = output.name.as_deref().unwrap_or("");
        let Some(Value::Layer(last)) = self.values.get(output) else {
            return Err(refused(format!(
                "output \"{output}\" is not computed by any node"
            )));
        };
        let last = *last;
        if last == 0 {
            return Err(refused(format!(
                "output \"{output}\" is the input itself; there is nothing to convert"
            )));
        }
        self.ann.layers.truncate(last + 1);
        Ok(self.ann)
    }

    fn add(&mut self, node: Node) {
        let unknown = |name| matches!(self.values.get(name), Some(Value::Unknown));
        let built = match ops::builder(node.operator()) {
            None => Err(ops::advice(node.operator()).to_owned()),
            // The node that should have made this value is on the list already.
            Some(_) if node.inputs().any(unknown) => Ok(None),
            Some(builder) => builder(&node, &self.scope()).map(Some),
        };
        let built = built.and_then(|built| match built {
            Some(Built::Layer(_, shape))
                if shape.checked_neurons().is_none_or(|n| n > MAX_NEURONS) =>
            {
                Err(format!(
                    "its output {shape} has more neurons than can be numbered"
                ))
            }
            other => Ok(other),
        });
        let value = match built {
            Ok(Some(Built::Layer(operation, shape))) => {
                self.ann.layers.push(Layer {
                    name: node.name().to_owned(),
                    operation,
                    inputs: node
                        .inputs()
                        .filter_map(|name| match self.values.get(name) {
                            Some(Value::Layer(index)) => Some(*index),
                            _ => None,
                        })
                        .collect(),
                    output: node.output().to_owned(),
                    shape,
                });
                Value::Layer(self.ann.layers.len() - 1)
            }
            Ok(Some(Built::Same(value))) => value,
            Ok(None) => Value::Unknown,
            Err(reason) => {
                self.problems.push(Problem {
                    node: node.name().to_owned(),
                    operator: node.operator().to_owned(),
                    reason,
                });
                Value::Unknown
            }
        };
        for output in node.outputs() {
            self.values.insert(output.to_owned(), value.clone());
        }
    }

    fn scope(&self) -> node::Scope<'_> {
        node::Scope {
            values: &self.values,
            layers: &self.ann.layers,
        }
    }
}

/// Dimensions of one sample: those of the input without its batch axis.
fn sample_dims(input: &ValueInfoProto) -> Result<Vec<usize>, String> {
    let shape = input
        .r#type
        .as_ref()
        .and_then(|t| t.tensor_type.as_ref())
        .and_then(|t| t.shape.as_ref())
        .ok_or("has no declared shape; export the model with an example input")?;
    shape
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
        .collect()
}

/// `[n]`, `[C, L]` or `[C, H, W]` as a shape.
fn input_shape(dims: &[usize]) -> Option<Shape> {
    let shape = match *dims {
        [n] => Shape::vector(n),
        [channels, length] => Shape::maps(channels, 1, length),
        [channels, height, width] => Shape::maps(channels, height, width),
        _ => return None,
    };
    (shape.checked_neurons()? <= MAX_NEURONS).then_some(shape)
}
