//! What an importer sees of a node: its attributes, its constants and the signals it reads.

use super::graph::{OnnxGraph, OnnxSignal, Value};
use super::tensor::OnnxTensor;
use rten_onnx::onnx::{AttributeProto, NodeProto};
use std::rc::Rc;

/// A node of the graph.
pub(super) struct OnnxNode<'a> {
    proto: &'a NodeProto,
}

impl<'a> OnnxNode<'a> {
    pub(super) fn new(proto: &'a NodeProto) -> Self {
        OnnxNode { proto }
    }

    /// Its operator, with the domain where that is not ONNX's own.
    pub(super) fn operator(&self) -> String {
        let operator = self.proto.op_type.as_deref().unwrap_or("");
        match self.proto.domain.as_deref() {
            None | Some("" | "ai.onnx") => operator.to_owned(),
            Some(domain) => format!("{domain}.{operator}"),
        }
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

    /// The names it reads; those left out are empty.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.proto.input.iter().map(String::as_str)
    }

    /// Name of input `index`; `None` where it is left out.
    pub(super) fn input(&self, index: usize) -> Option<&'a str> {
        self.inputs().nth(index).filter(|name| !name.is_empty())
    }

    /// The value of input `index`.
    pub(super) fn value<'g>(
        &self,
        index: usize,
        graph: &'g OnnxGraph,
    ) -> Result<&'g Value, String> {
        let name = self
            .input(index)
            .ok_or(format!("input {index} is missing"))?;
        match graph.values.get(name) {
            None => Err(format!(
                "input \"{name}\" is not computed by an earlier node"
            )),
            Some(Value::Head { operator, .. }) => Err(format!(
                "it reads the {operator} \"{name}\", which is converted only at the end of the network"
            )),
            Some(value) => Ok(value),
        }
    }

    /// The signal at input `index`.
    pub(super) fn signal(&self, index: usize, graph: &OnnxGraph) -> Result<OnnxSignal, String> {
        match self.value(index, graph)? {
            Value::Signal(OnnxSignal {
                quantised: Some(_), ..
            }) => Err(
                "it computes with quantised integers; export the quantised model in QDQ form, with DequantizeLinear in front of each operator".into(),
            ),
            Value::Signal(signal) => Ok(signal.clone()),
            _ => Err(format!(
                "input {index} is a constant where a signal is expected"
            )),
        }
    }

    /// The constant at input `index`.
    pub(super) fn constant(
        &self,
        index: usize,
        graph: &OnnxGraph,
    ) -> Result<Rc<OnnxTensor>, String> {
        match self.value(index, graph)? {
            Value::Constant(tensor) => Ok(tensor.clone()),
            _ => Err(format!(
                "input {index} is a signal where trained weights or constants are expected"
            )),
        }
    }

    /// The constant at input `index`, or `None` where the input is left out.
    pub(super) fn optional(
        &self,
        index: usize,
        graph: &OnnxGraph,
    ) -> Result<Option<Rc<OnnxTensor>>, String> {
        match self.input(index) {
            None => Ok(None),
            Some(_) => self.constant(index, graph).map(Some),
        }
    }

    /// Integers that older operator sets state as an attribute and newer ones as an input.
    pub(super) fn integers(
        &self,
        attribute: &str,
        input: usize,
        graph: &OnnxGraph,
    ) -> Result<Option<Vec<i64>>, String> {
        if let Some(attribute) = self.attribute(attribute) {
            return Ok(Some(attribute.ints.clone()));
        }
        self.optional(input, graph)?
            .map(|tensor| tensor.indices().map(<[i64]>::to_vec))
            .transpose()
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

    /// A list of `count` non-negative integers; `None` where the attribute is absent or empty.
    pub(super) fn sizes(&self, name: &str, count: usize) -> Result<Option<Vec<usize>>, String> {
        let Some(attribute) = self.attribute(name).filter(|a| !a.ints.is_empty()) else {
            return Ok(None);
        };
        let sizes: Option<Vec<usize>> = attribute
            .ints
            .iter()
            .map(|&i| usize::try_from(i).ok().filter(|&i| i <= u32::MAX as usize))
            .collect();
        sizes
            .filter(|sizes| sizes.len() == count)
            .map(Some)
            .ok_or(format!(
                "{name} {:?} is not supported; {count} non-negative numbers are expected",
                attribute.ints
            ))
    }
}

/// An axis of the model as an axis of a sample of `rank` axes.
///
/// # Errors
/// If it does not exist or is the batch axis.
pub(super) fn sample_axis(axis: i64, rank: usize) -> Result<usize, String> {
    let all = rank as i64 + 1;
    let from_front = if axis < 0 {
        axis.saturating_add(all)
    } else {
        axis
    };
    match from_front {
        0 => Err("it works along the batch axis, which must stay apart".into()),
        _ if (1..all).contains(&from_front) => Ok(from_front as usize - 1),
        _ => Err(format!("axis {axis} does not exist; its input has {all}")),
    }
}

/// An axis of a constant of `rank` axes.
///
/// # Errors
/// If it does not exist.
pub(super) fn constant_axis(axis: i64, rank: usize) -> Result<usize, String> {
    let from_front = if axis < 0 {
        axis.saturating_add(rank as i64)
    } else {
        axis
    };
    usize::try_from(from_front)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or(format!("axis {axis} does not exist; there are {rank}"))
}
