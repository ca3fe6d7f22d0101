//! Puts rounding behind values of a graph.

use rten_onnx::onnx::{DataType, GraphProto, ModelProto, NodeProto, TensorProto};

/// A value that is rounded to whole steps between 0 and a largest one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounding {
    /// Name of the value in the model.
    pub value: String,
    /// Width of a step; above 0.
    pub step: f32,
    /// Number of steps to the largest value.
    pub levels: f32,
}

/// Why a graph cannot be changed.
#[derive(Debug, thiserror::Error)]
#[error("the graph cannot be changed: {0}")]
pub struct GraphError(String);

/// The model with `y = step · clip(round(x / step), 0, levels)` behind each value; everything that
/// read the value reads the rounded one under the same name.
///
/// # Errors
/// If the graph cannot be read or written, or a value does not exist.
pub fn round_values(bytes: &[u8], roundings: &[Rounding]) -> Result<Vec<u8>, GraphError> {
    let mut model = ModelProto::parse_buf(bytes).map_err(|e| GraphError(e.to_string()))?;
    let graph = model
        .graph
        .as_mut()
        .ok_or_else(|| GraphError("it holds no graph".to_owned()))?;
    for rounding in roundings {
        insert(graph, rounding)?;
    }
    model.write_buf().map_err(|e| GraphError(e.to_string()))
}

fn insert(graph: &mut GraphProto, rounding: &Rounding) -> Result<(), GraphError> {
    let value = rounding.value.as_str();
    let made = graph.node.iter().position(|node| {
        let outputs = &node.output;
        outputs.iter().any(|output| output == value)
    });
    let place = made.ok_or_else(|| GraphError(format!("no node makes \"{value}\"")))?;
    // No exporter writes such names; a second rounding of the same value is refused by the engine.
    let name = |part: &str| format!("{value}\u{1}{part}");
    for output in &mut graph.node[place].output {
        if output == value {
            *output = name("exact");
        }
    }
    let constant = |part: &str, number: f32| TensorProto {
        name: Some(name(part)),
        data_type: Some(DataType::FLOAT),
        float_data: vec![number],
        ..TensorProto::default()
    };
    graph.initializer.extend([
        constant("step", rounding.step),
        constant("none", 0.0),
        constant("levels", rounding.levels),
    ]);
    let node = |operator: &str, inputs: &[&str], output: String| NodeProto {
        name: Some(output.clone()),
        op_type: Some(operator.to_owned()),
        input: inputs.iter().map(|part| name(part)).collect(),
        output: vec![output],
        ..NodeProto::default()
    };
    let nodes = [
        node("Div", &["exact", "step"], name("ratio")),
        node("Round", &["ratio"], name("whole")),
        node("Max", &["whole", "none"], name("positive")),
        node("Min", &["positive", "levels"], name("clipped")),
        node("Mul", &["clipped", "step"], value.to_owned()),
    ];
    for (offset, node) in nodes.into_iter().enumerate() {
        graph.node.insert(place + 1 + offset, node);
    }
    Ok(())
}
