//! The shape of every value of a model, from one run of the inference engine.

use super::InputShapes;
use super::bound::bounded;
use crate::formats::onnx::node::OnnxNode;
use rten::{Dimension, Model, ModelOptions, NodeId, RunOptions, Value};
use rten_onnx::onnx::{DataType, GraphProto, ValueInfoProto};
use rten_tensor::{AsView, Layout};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most numbers of an input.
const LARGEST_INPUT: usize = 1 << 28;

/// An input of the model.
pub(super) struct SurveyInput {
    pub name: String,
    pub shape: Vec<usize>,
    kind: DataType,
}

/// The inputs of a graph: declared sizes, 1 for an open first axis, else what is given.
pub(super) fn inputs(graph: &GraphProto, given: &InputShapes) -> Result<Vec<SurveyInput>, String> {
    let constants: BTreeSet<&str> = (graph.initializer.iter())
        .filter_map(|tensor| tensor.name.as_deref())
        .collect();
    let name = |input: &ValueInfoProto| input.name.clone().unwrap_or_default();
    let open: Vec<&ValueInfoProto> = (graph.input.iter())
        .filter(|input| !constants.contains(name(input).as_str()))
        .collect();
    let names: Vec<String> = open.iter().map(|input| name(input)).collect();
    if let Some(wanted) = given.keys().find(|wanted| !names.contains(wanted)) {
        return Err(format!(
            "it has no input \"{wanted}\"; its inputs are {}",
            names.join(", ")
        ));
    }
    let found = open.into_iter();
    found
        .map(|input| one(input, given.get(&name(input))))
        .collect()
}

fn one(input: &ValueInfoProto, given: Option<&Vec<usize>>) -> Result<SurveyInput, String> {
    let name = input.name.clone().unwrap_or_default();
    let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let tensor = tensor.ok_or_else(|| format!("input \"{name}\" is no tensor"))?;
    let declared: Option<Vec<Option<usize>>> = tensor.shape.as_ref().map(|shape| {
        let size = |size: i64| usize::try_from(size).ok().filter(|&size| size > 0);
        shape
            .dim
            .iter()
            .map(|dim| dim.dim_value.and_then(size))
            .collect()
    });
    let shape = match (given, declared) {
        (Some(given), Some(declared)) if given.len() != declared.len() => {
            return Err(format!(
                "input \"{name}\" has {} axes, not {}",
                declared.len(),
                given.len()
            ));
        }
        (Some(given), _) => given.clone(),
        (None, None) => return Err(open(&name, "its shape")),
        (None, Some(declared)) => declared
            .iter()
            .enumerate()
            .map(|(axis, size)| match (axis, size) {
                (_, Some(size)) => Ok(*size),
                (0, None) => Ok(1),
                (_, None) => Err(open(&name, &format!("axis {axis}"))),
            })
            .collect::<Result<_, _>>()?,
    };
    let values = shape
        .iter()
        .try_fold(1usize, |all, &size| all.checked_mul(size));
    if values.is_none_or(|values| values == 0 || values > LARGEST_INPUT) {
        return Err(format!(
            "input \"{name}\" has {shape:?} values, which is none or too many"
        ));
    }
    Ok(SurveyInput {
        kind: tensor.elem_type.unwrap_or(DataType::FLOAT),
        name,
        shape,
    })
}

fn open(name: &str, what: &str) -> String {
    format!("input \"{name}\" leaves {what} open; say it with --input-shape {name}=1x…")
}

/// The shape of every value.
pub(super) struct ValueShapes {
    values: BTreeMap<String, Vec<usize>>,
}

impl ValueShapes {
    /// Runs the model once, an operator at a time: what one is going to write is known before it does,
    /// and a value goes when nobody reads it any more.
    pub fn of(
        encoded: Vec<u8>,
        graph: &GraphProto,
        integers: Integers,
        inputs: &[SurveyInput],
    ) -> Result<Self, String> {
        let engine = |reason: String| format!("the inference engine cannot run it: {reason}");
        let load = || {
            ModelOptions::with_all_ops()
                .enable_optimization(false)
                .load(encoded)
        };
        let model = catch_unwind(AssertUnwindSafe(load))
            .map_err(|_| engine("it panicked".to_owned()))?
            .map_err(|error| engine(error.to_string()))?;
        let mut shapes = constants(&model, graph);
        let mut live = Live::of(graph, integers);
        for input in inputs {
            shapes.insert(input.name.clone(), input.shape.clone());
            live.values.insert(input.name.clone(), zeros(input));
        }
        for (index, proto) in graph.node.iter().enumerate() {
            let node = OnnxNode::new(proto);
            bounded(&node, &shapes, &live)?;
            let ids = node.outputs().filter(|name| !name.is_empty());
            let (names, ids): (Vec<&str>, Vec<NodeId>) = ids
                .filter_map(|name| Some((name, model.find_node(name)?)))
                .unzip();
            let mut read: Vec<&str> = node.inputs().collect();
            read.sort_unstable();
            read.dedup();
            let given = read.into_iter().filter_map(|name| {
                let value = live.values.get(name)?;
                Some((model.find_node(name)?, value.as_view().into()))
            });
            let given = given.collect();
            let run = || model.run(given, &ids, Some(RunOptions::default()));
            let failed =
                |reason: String| engine(format!("{} ({}): {reason}", node.name(), node.operator()));
            let found = catch_unwind(AssertUnwindSafe(run))
                .map_err(|_| failed("it panicked".to_owned()))?
                .map_err(|error| failed(error.to_string()))?;
            for (name, value) in names.into_iter().zip(found) {
                shapes.insert(name.to_owned(), value.shape().to_vec());
                live.values.insert(name.to_owned(), value);
            }
            live.forget(index, &node);
        }
        Ok(ValueShapes { values: shapes })
    }

    /// The shape of a value; `None` if it has none.
    pub fn get(&self, name: &str) -> Option<&[usize]> {
        self.values.get(name).map(Vec::as_slice)
    }

    /// How many numbers a value holds.
    pub fn elements(&self, name: &str) -> Option<u64> {
        self.get(name)
            .map(|shape| shape.iter().map(|&size| size as u64).product())
    }
}

/// Integer weights, by name: axes, sizes and numbers of repetitions.
pub(super) type Integers = BTreeMap<String, Vec<i64>>;

/// Values that somebody is still going to read.
pub(super) struct Live {
    values: BTreeMap<String, Value>,
    integers: Integers,
    /// The last node that reads each value.
    last: BTreeMap<String, usize>,
}

impl Live {
    fn of(graph: &GraphProto, integers: Integers) -> Self {
        let mut last = BTreeMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            last.extend(node.input.iter().map(|name| (name.clone(), index)));
        }
        Live {
            values: BTreeMap::new(),
            integers,
            last,
        }
    }

    fn forget(&mut self, index: usize, node: &OnnxNode) {
        for name in node.inputs().chain(node.outputs()) {
            if self.last.get(name).is_none_or(|&last| last <= index) {
                self.values.remove(name);
            }
        }
    }

    /// The integers of a value, if it has any.
    pub fn integers(&self, name: &str) -> Option<Vec<i64>> {
        if let Some(known) = self.integers.get(name) {
            return Some(known.clone());
        }
        match self.values.get(name)? {
            Value::Int32Tensor(tensor) => {
                Some(tensor.iter().map(|&value| i64::from(value)).collect())
            }
            _ => None,
        }
    }

    pub fn floats(&self, name: &str) -> Option<Vec<f64>> {
        match self.values.get(name)? {
            Value::FloatTensor(tensor) => {
                Some(tensor.iter().map(|&value| f64::from(value)).collect())
            }
            _ => None,
        }
    }
}

/// The shapes of the weights.
fn constants(model: &Model, graph: &GraphProto) -> BTreeMap<String, Vec<usize>> {
    let names = graph
        .initializer
        .iter()
        .filter_map(|tensor| tensor.name.as_ref());
    let shape = |name: &String| {
        let dims = model.node_info(model.find_node(name)?)?.shape()?;
        let size = |dim: Dimension| match dim {
            Dimension::Fixed(size) => Some(size),
            Dimension::Symbolic(_) => None,
        };
        dims.into_iter().map(size).collect::<Option<Vec<usize>>>()
    };
    names
        .filter_map(|name| Some((name.clone(), shape(name)?)))
        .collect()
}

/// An input of zeros: shapes of most models do not depend on values.
fn zeros(input: &SurveyInput) -> Value {
    let values = input.shape.iter().product();
    let made = match input.kind {
        DataType::INT64 | DataType::INT32 | DataType::BOOL => {
            Value::from_shape(&input.shape, vec![0i32; values]).ok()
        }
        DataType::INT8 => Value::from_shape(&input.shape, vec![0i8; values]).ok(),
        DataType::UINT8 => Value::from_shape(&input.shape, vec![0u8; values]).ok(),
        _ => Value::from_shape(&input.shape, vec![0f32; values]).ok(),
    };
    made.expect("as many zeros as the shape has")
}
