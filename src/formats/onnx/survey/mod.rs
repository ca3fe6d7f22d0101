//! What a model computes, operator by operator, whether or not it has a spiking form.
//!
//! Conventional devices run any model: what they are charged for follows from the shapes alone. The
//! shapes are those of one run of the inference engine, so nothing is left to a second definition of
//! ONNX.

mod bound;
mod shapes;
mod work;

pub use work::OperatorClass;

use super::external::Folder;
use super::node::OnnxNode;
use super::tensor::{Data, OnnxTensor};
use super::{OnnxError, explicit, ops, parse};
use crate::counts::{DenseCounts, DenseLayer};
use crate::digest::sha256_hex;
use crate::files;
use rten_onnx::onnx::{DataType, GraphProto, TensorProto};
use serde::Serialize;
use shapes::{Integers, ValueShapes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use work::{is_known, multiplies, work};

/// Sizes of inputs that the model leaves open, by name of the input.
pub type InputShapes = BTreeMap<String, Vec<usize>>;

/// One operator of a model and its work per inference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnnxOperator {
    /// Name of the node, or of its first output where it has none.
    pub name: String,
    /// Operator of ONNX, such as `Conv`.
    pub operator: String,
    /// What kind of work it is.
    pub class: OperatorClass,
    /// Shape of its first output, the batch axis included.
    pub shape: Vec<usize>,
    /// Multiply-accumulates of a weight and an activation, padding taps left out.
    pub macs: u64,
    /// Multiply-accumulates of two activations, as in attention.
    pub products: u64,
    /// Trained numbers that it reads, shared ones where they are read first.
    pub parameters: u64,
    /// Activations read.
    pub inputs: u64,
    /// Activations written.
    pub outputs: u64,
    /// Why it has no spiking form; `None` if it has one as far as it can be told alone.
    pub no_spiking_form: Option<String>,
}

/// Every operator of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// In the order of the graph; what is computed from weights alone is left out.
    pub operators: Vec<OnnxOperator>,
    /// Shape of each input.
    pub inputs: InputShapes,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

/// Reads a model and works out what each operator does.
///
/// # Errors
/// If the file is no model, an input's size is open and not given, the inference engine refuses it, or
/// the work of an operator cannot be counted.
pub fn survey(path: &Path, given: &InputShapes) -> Result<Survey, OnnxError> {
    let shown = path.display().to_string();
    let bytes = files::read(path).map_err(|source| OnnxError::Read {
        path: shown.clone(),
        source,
    })?;
    let place = files::place(path);
    let folder = Folder(Some(files::folder_of(&place).to_owned()));
    let refused = |reason: String| OnnxError::Graph {
        path: shown.clone(),
        reason,
    };
    let (mut model, _) = parse(&shown, &bytes)?;
    let graph = model.graph.as_mut().expect("a parsed model has one");
    known(graph).map_err(refused)?;
    let inputs = shapes::inputs(graph, given).map_err(refused)?;
    let integers = integers(graph, &folder).map_err(refused)?;
    finite(graph, &folder).map_err(refused)?;
    explicit::plain(graph, &folder).map_err(refused)?;
    let encoded = model
        .write_buf()
        .map_err(|error| refused(error.to_string()))?;
    let sha256 = sha256_hex(&bytes);
    drop(bytes);
    let mut graph = model.graph.expect("a parsed model has one");
    graph.initializer.iter_mut().for_each(leave_out_values);
    let shapes = ValueShapes::of(encoded, &graph, integers, &inputs).map_err(refused)?;
    Ok(Survey {
        operators: operators(&graph, &shapes).map_err(refused)?,
        inputs: inputs
            .into_iter()
            .map(|input| (input.name, input.shape))
            .collect(),
        sha256,
    })
}

/// Names and shapes are all that is still asked of weights.
fn leave_out_values(tensor: &mut TensorProto) {
    *tensor = TensorProto {
        name: tensor.name.take(),
        dims: std::mem::take(&mut tensor.dims),
        data_type: tensor.data_type,
        ..TensorProto::default()
    };
}

fn operators(graph: &GraphProto, shapes: &ValueShapes) -> Result<Vec<OnnxOperator>, String> {
    let mut constants = Constants::of(graph);
    let mut found = Vec::new();
    for proto in &graph.node {
        let node = OnnxNode::new(proto);
        if constants.fold(&node) {
            continue;
        }
        let operator = node.operator();
        let work = work(&node, shapes, &|name| constants.is_constant(name));
        let work = work.ok_or_else(|| {
            format!(
                "node \"{}\" ({operator}): its work cannot be counted",
                node.name()
            )
        })?;
        let size = |name: &str| shapes.elements(name).unwrap_or(0);
        let activations = node.inputs().filter(|name| !constants.is_constant(name));
        found.push(OnnxOperator {
            inputs: activations.map(size).sum(),
            outputs: node.outputs().map(size).sum(),
            shape: shapes.get(node.output()).unwrap_or(&[]).to_vec(),
            parameters: node.inputs().map(|name| constants.take(name)).sum(),
            name: node.name().to_owned(),
            no_spiking_form: ops::importer(&operator)
                .is_none()
                .then(|| ops::advice(&operator).to_owned()),
            class: work.class,
            macs: work.macs,
            products: work.products,
            operator,
        });
    }
    Ok(found)
}

/// Refuses operators whose work cannot be told, before anything is run.
fn known(graph: &GraphProto) -> Result<(), String> {
    let mut uncounted: BTreeMap<String, usize> = BTreeMap::new();
    for proto in &graph.node {
        let operator = OnnxNode::new(proto).operator();
        if !is_known(&operator) {
            *uncounted.entry(operator).or_default() += 1;
        }
    }
    match uncounted.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "the work of some operators cannot be counted: {}; export the model without them",
            grouped(&uncounted)
        )),
    }
}

/// Refuses weights that are no numbers; constants elsewhere may be infinite, as masks are.
fn finite(graph: &GraphProto, folder: &Folder) -> Result<(), String> {
    let multiplying = graph.node.iter().map(OnnxNode::new);
    let multiplying = multiplying.filter(|node| multiplies(&node.operator()));
    let read: BTreeSet<&str> = multiplying.flat_map(|node| node.inputs()).collect();
    let is_weight = |tensor: &&TensorProto| {
        let name = tensor.name.as_deref();
        name.is_some_and(|name| read.contains(name))
    };
    for tensor in graph.initializer.iter().filter(is_weight) {
        let values = OnnxTensor::read(tensor, folder)?;
        if let Data::Floats(values) = &values.data
            && let Some(value) = values.iter().find(|value| !value.is_finite())
        {
            return Err(format!(
                "\"{}\" holds {value}; weights must be finite",
                tensor.name.as_deref().unwrap_or("")
            ));
        }
    }
    Ok(())
}

/// Integers among the weights that an operator may read as sizes.
fn integers(graph: &GraphProto, folder: &Folder) -> Result<Integers, String> {
    let small = |tensor: &&TensorProto| {
        let kind = tensor.data_type.unwrap_or(DataType(0));
        let numbers: u64 = tensor.dims.iter().map(|&dim| dim.unsigned_abs()).product();
        [DataType::INT64, DataType::INT32].contains(&kind) && numbers <= 64
    };
    let tensors = graph.initializer.iter().filter(small);
    tensors
        .map(|tensor| {
            let read = OnnxTensor::read(tensor, folder)?;
            Ok((
                tensor.name.clone().unwrap_or_default(),
                read.indices()?.to_vec(),
            ))
        })
        .collect()
}

/// `3 × Loop, 1 × If`.
fn grouped(counts: &BTreeMap<String, usize>) -> String {
    let mut counts: Vec<(&String, &usize)> = counts.iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let parts = counts
        .iter()
        .map(|(name, count)| format!("{count} × {name}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// What is known before any input is.
struct Constants {
    /// Weights that make up each constant value.
    made_of: BTreeMap<String, Vec<usize>>,
    /// Numbers of each weight that nobody has read yet.
    unread: Vec<u64>,
}

impl Constants {
    fn of(graph: &GraphProto) -> Self {
        let mut constants = Constants {
            made_of: BTreeMap::new(),
            unread: Vec::new(),
        };
        for tensor in &graph.initializer {
            let index = constants.unread.len();
            // ValueShapes, axes and masks are no trained numbers.
            let kind = tensor.data_type.unwrap_or(DataType(0));
            let structure = [DataType::INT64, DataType::INT32, DataType::BOOL].contains(&kind);
            let numbers = tensor.dims.iter().map(|&dim| dim.unsigned_abs()).product();
            constants.unread.push(if structure { 0 } else { numbers });
            let name = tensor.name.clone().unwrap_or_default();
            constants.made_of.insert(name, vec![index]);
        }
        constants
    }

    fn is_constant(&self, name: &str) -> bool {
        name.is_empty() || self.made_of.contains_key(name)
    }

    /// Takes a node for a constant if it reads nothing else.
    fn fold(&mut self, node: &OnnxNode) -> bool {
        let structural = ["Shape", "Size"].contains(&node.operator().as_str());
        if !structural && !node.inputs().all(|name| self.is_constant(name)) {
            return false;
        }
        let made_of: Vec<usize> = match structural {
            true => Vec::new(),
            false => node
                .inputs()
                .filter_map(|name| self.made_of.get(name))
                .flatten()
                .copied()
                .collect(),
        };
        for output in node.outputs() {
            self.made_of.insert(output.to_owned(), made_of.clone());
        }
        true
    }

    /// Trained numbers of a value that nobody read before.
    fn take(&mut self, name: &str) -> u64 {
        let weights = self.made_of.get(name).into_iter().flatten();
        let unread = &mut self.unread;
        weights
            .map(|&weight| std::mem::take(&mut unread[weight]))
            .sum()
    }
}

impl Survey {
    /// The work that a conventional device is charged for: operators that are a kernel of their own;
    /// what works element by element is done as their results are written.
    #[must_use]
    pub fn dense_counts(&self) -> DenseCounts {
        let mut layers: Vec<DenseLayer> = Vec::new();
        let mut before = 0;
        for operator in &self.operators {
            match (operator.class.is_kernel(), layers.last_mut()) {
                (true, _) => layers.push(DenseLayer {
                    name: operator.name.clone(),
                    macs: operator.macs + operator.products,
                    parameters: operator.parameters + std::mem::take(&mut before),
                    inputs: operator.inputs,
                    outputs: operator.outputs,
                }),
                (false, Some(last)) => last.parameters += operator.parameters,
                (false, None) => before += operator.parameters,
            }
        }
        DenseCounts {
            layers,
            ..DenseCounts::default()
        }
    }

    /// Operators without a spiking form, the most frequent first: `65 × Sigmoid, 49 × Mul`.
    #[must_use]
    pub fn without_spiking_form(&self) -> Option<String> {
        let mut counts = BTreeMap::new();
        for operator in &self.operators {
            if operator.no_spiking_form.is_some() {
                *counts.entry(operator.operator.clone()).or_default() += 1;
            }
        }
        (!counts.is_empty()).then(|| grouped(&counts))
    }

    /// What to do about each kind of operator without a spiking form.
    #[must_use]
    pub fn advice(&self) -> BTreeSet<(String, String)> {
        let found = self.operators.iter();
        found
            .filter_map(|one| Some((one.operator.clone(), one.no_spiking_form.clone()?)))
            .collect()
    }
}
