//! What a builder sees of a node: its attributes, its constants and the layer it reads.

use super::tensor::Tensor;
use crate::ann::{Layer, Operation};
use crate::network::Shape;
use rten_onnx::onnx::{AttributeProto, NodeProto};
use std::collections::BTreeMap;

/// What a name in the graph stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Output of a layer.
    Layer(usize),
    /// A constant.
    Constant(Tensor),
    /// Output of a node that could not be imported.
    Unknown,
}

/// What a node became.
pub(super) enum Built {
    /// A layer with the shape of its output.
    Layer(Operation, Shape),
    /// Nothing: its output is a value that already exists.
    Same(Value),
}

/// The values that nodes may refer to.
pub(super) struct Scope<'a> {
    pub(super) values: &'a BTreeMap<String, Value>,
    pub(super) layers: &'a [Layer],
}

/// A node of the graph.
pub(super) struct Node<'a> {
    proto: &'a NodeProto,
}

impl<'a> Node<'a> {
    pub(super) fn new(proto: &'a NodeProto) -> Self {
        Node { proto }
    }

    pub(super) fn operator(&self) -> &'a str {
        self.proto.op_type.as_deref().unwrap_or("")
    }

    /// Its name, or that of its first output where it has none.
    pub(super) fn name(&self) -> &'a str {
        match self.proto.name.as_deref() {
            Some(name) if !name.is_empty() => name,
            _ => self.output(),
        }
    }

    pub(super) fn output(&self) -> &'a str {
        self.proto.output.first().map_or("", String::as_str)
    }

    pub(super) fn outputs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.proto.output.iter().map(String::as_str)
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.proto.input.iter().map(String::as_str)
    }

    /// Name of input `index`; `None` where it is left out.
    fn input(&self, index: usize) -> Option<&'a str> {
        self.proto
            .input
            .get(index)
            .map(String::as_str)
            .filter(|name| !name.is_empty())
    }

    /// The value of input `index`.
    pub(super) fn value(&self, index: usize, scope: &Scope<'a>) -> Result<&'a Value, String> {
        let name = self
            .input(index)
            .ok_or(format!("input {index} is missing"))?;
        scope.values.get(name).ok_or(format!(
            "input \"{name}\" is not computed by an earlier node"
        ))
    }

    /// The layer that input `index` comes from.
    pub(super) fn layer(&self, index: usize, scope: &Scope<'a>) -> Result<&'a Layer, String> {
        match self.value(index, scope)? {
            Value::Layer(layer) => Ok(&scope.layers[*layer]),
            _ => Err(format!(
                "input {index} is a constant where a signal is expected"
            )),
        }
    }

    /// The constant at input `index`.
    pub(super) fn constant(&self, index: usize, scope: &Scope<'a>) -> Result<&'a Tensor, String> {
        match self.value(index, scope)? {
            Value::Constant(tensor) => Ok(tensor),
            _ => Err(format!(
                "input {index} is a signal where trained weights are expected"
            )),
        }
    }

    /// The constant at input `index`, or `None` where the input is left out.
    pub(super) fn optional(
        &self,
        index: usize,
        scope: &Scope<'a>,
    ) -> Result<Option<&'a Tensor>, String> {
        match self.input(index) {
            None => Ok(None),
            Some(_) => self.constant(index, scope).map(Some),
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.proto
            .attribute
            .iter()
            .find(|a| a.name.as_deref() == Some(name))
    }

    /// An integer attribute or its default.
    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).and_then(|a| a.i).unwrap_or(default)
    }

    /// A float attribute or its default.
    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).and_then(|a| a.f).unwrap_or(default)
    }

    /// A string attribute or its default.
    pub(super) fn string(&self, name: &str, default: &'a str) -> &'a str {
        self.attribute(name)
            .and_then(|a| a.s.as_deref())
            .unwrap_or(default)
    }

    /// A list of non-negative integers of the given length, or its default.
    pub(super) fn sizes<const N: usize>(
        &self,
        name: &str,
        default: [usize; N],
    ) -> Result<[usize; N], String> {
        let Some(attribute) = self.attribute(name) else {
            return Ok(default);
        };
        let sizes: Option<Vec<usize>> = attribute
            .ints
            .iter()
            .map(|&i| usize::try_from(i).ok().filter(|&i| i <= u32::MAX as usize))
            .collect();
        sizes.and_then(|sizes| sizes.try_into().ok()).ok_or(format!(
            "{name} {:?} is not supported; {N} non-negative numbers are expected",
            attribute.ints
        ))
    }
}
