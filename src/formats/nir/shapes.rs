//! Shapes along the edges of a graph.

use super::NodeProblem;
use super::graph::{Graph, GraphNode};
use super::primitives::Primitive;
use super::tensor::elements;
use std::collections::{BTreeSet, VecDeque};

/// Shapes of one node, without a batch dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeShape {
    /// Of its input. The source of an edge may have further dimensions of length 1; the order of
    /// the values is the same.
    pub input: Vec<usize>,
    /// Of its output.
    pub output: Vec<usize>,
}

impl Graph {
    /// Shapes that enter and leave each node, in the order of `nodes`.
    ///
    /// Shapes have no batch dimension; neurons behind a convolution have (C, H, W). A graph that
    /// was read has them all.
    ///
    /// # Errors
    /// All nodes that have contradictory, impossible or unknown shapes.
    pub fn shapes(&self) -> Result<Vec<NodeShape>, Vec<NodeProblem>> {
        examine(&self.nodes, &self.edges, true).map(|(shapes, _)| shapes)
    }
}

/// A node as far as shapes are concerned.
pub(super) enum ShapePart<'a> {
    /// A sound primitive.
    Primitive(&'a Primitive),
    /// Input or output of a nested graph: passes everything on.
    Port,
    /// Not known, because reading it failed.
    Broken,
}

/// What could be found out.
pub(super) struct Inferred {
    pub inputs: Vec<Option<Vec<usize>>>,
    pub outputs: Vec<Option<Vec<usize>>>,
    /// (node, reason).
    pub problems: Vec<(usize, String)>,
}

/// Takes shapes from the parameters, and passes them on along the edges to nodes that have none.
pub(super) fn infer(parts: &[ShapePart], edges: &[(usize, usize)]) -> Inferred {
    let mut found = Inferred {
        inputs: vec![None; parts.len()],
        outputs: vec![None; parts.len()],
        problems: Vec::new(),
    };
    let mut targets: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    for &(source, target) in edges {
        targets[source].push(target);
    }
    let mut ready = VecDeque::new();
    for (node, part) in parts.iter().enumerate() {
        if let ShapePart::Primitive(primitive) = part {
            found.inputs[node] = primitive.body().input_shape();
            if found.inputs[node].is_some() {
                ready.push_back(node);
            }
        }
    }
    while let Some(node) = ready.pop_front() {
        let Some(input) = &found.inputs[node] else {
            continue;
        };
        let output = match &parts[node] {
            ShapePart::Primitive(primitive) => primitive.body().output_shape(input),
            ShapePart::Port => Ok(input.clone()),
            ShapePart::Broken => continue,
        };
        match output {
            Ok(output) if elements(input).is_none() || elements(&output).is_none() => {
                found.problems.push((node, format!(
                    "its shapes {input:?} and {output:?} have more elements than 32 bits can number"
                )));
            }
            Ok(output) => {
                for &target in &targets[node] {
                    if found.inputs[target].is_none() && !matches!(parts[target], ShapePart::Broken)
                    {
                        found.inputs[target] = Some(output.clone());
                        ready.push_back(target);
                    }
                }
                found.outputs[node] = Some(output);
            }
            Err(reason) => found.problems.push((node, reason)),
        }
    }
    found
}

/// Whether shapes differ in dimensions of length 1 at most.
pub(super) fn alike(a: &[usize], b: &[usize]) -> bool {
    let long = |dims: &&usize| **dims != 1;
    a.iter().filter(long).eq(b.iter().filter(long))
}

/// Checks all nodes and edges. The shapes of all nodes, and edges whose ends are alike but not
/// the same.
///
/// In a graph that is not `complete`, because other nodes could not be read, unknown shapes are no
/// problem and are left out.
pub(super) fn examine(
    nodes: &[GraphNode],
    edges: &[(usize, usize)],
    complete: bool,
) -> Result<(Vec<NodeShape>, Vec<String>), Vec<NodeProblem>> {
    let mut problems: Vec<NodeProblem> = Vec::new();
    if let Some((source, target)) = edges.iter().find(|(s, t)| (*s).max(*t) >= nodes.len()) {
        problems.push(NodeProblem::graph(
            "",
            format!(
                "an edge joins nodes {source} and {target}, but there are {}",
                nodes.len()
            ),
        ));
        return Err(problems);
    }
    let mut parts = Vec::with_capacity(nodes.len());
    for node in nodes {
        let faults = node.primitive.body().check();
        parts.push(if faults.is_empty() {
            ShapePart::Primitive(&node.primitive)
        } else {
            ShapePart::Broken
        });
        problems.extend(
            faults
                .into_iter()
                .map(|reason| NodeProblem::of(node, reason)),
        );
    }
    let found = infer(&parts, edges);
    let faults = found.problems.iter();
    problems.extend(faults.map(|(node, reason)| NodeProblem::of(&nodes[*node], reason.clone())));
    let complete = complete && problems.is_empty();
    let notes = examine_edges(nodes, edges, &found, &mut problems);
    let mut shapes = Vec::with_capacity(nodes.len());
    for ((node, input), output) in nodes.iter().zip(found.inputs).zip(found.outputs) {
        match (input, output) {
            (Some(input), Some(output)) => shapes.push(NodeShape { input, output }),
            _ if complete => problems.push(NodeProblem::of(node, String::from(
                "its shape follows neither from its parameters nor from its inputs; connect it to an Input, or give it parameters of full shape",
            ))),
            _ => {}
        }
    }
    if problems.is_empty() {
        Ok((shapes, notes))
    } else {
        Err(problems)
    }
}

/// Checks what each edge joins. Notes on edges whose ends are alike but not the same.
fn examine_edges(
    nodes: &[GraphNode],
    edges: &[(usize, usize)],
    found: &Inferred,
    problems: &mut Vec<NodeProblem>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let distinct: BTreeSet<(usize, usize)> = edges.iter().copied().collect();
    for (source, target) in distinct {
        let (from, to) = (&nodes[source], &nodes[target]);
        if matches!(to.primitive, Primitive::Input(_)) {
            problems.push(NodeProblem::of(
                to,
                format!(
                    "an edge from \"{}\" leads to it; data enters there, remove the edge",
                    from.name
                ),
            ));
        }
        if matches!(from.primitive, Primitive::Output(_)) {
            problems.push(NodeProblem::of(from, format!(
                "an edge to \"{}\" leaves it; data leaves the network there, start the edge at the Output's source", to.name
            )));
        }
        let (Some(output), Some(input)) = (&found.outputs[source], &found.inputs[target]) else {
            continue;
        };
        if output != input && alike(output, input) {
            notes.push(format!(
                "node \"{}\": its input {input:?} takes {output:?} of \"{}\"; dimensions of 1 make no difference",
                to.name, from.name
            ));
        } else if output != input {
            let flatten = match &from.primitive {
                Primitive::Flatten(flatten) if flatten.start_dim != 0 => {
                    "; NIR counts no batch dimension, so start_dim 0 flattens everything"
                }
                _ => "",
            };
            problems.push(NodeProblem::of(to, format!(
                "it is for inputs of the shape {input:?}, but \"{}\" has the output {output:?}{flatten}",
                from.name
            )));
        }
    }
    notes
}
