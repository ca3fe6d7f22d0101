//! From a graph to the bytes of a file.

use super::fields::Writer;
use super::graph::Graph;
use super::shapes;
use super::{NirProblem, NodeProblem};
use crate::formats::hdf5_file::library;
use hdf5::FileBuilder;

/// The version that written files state: their layout is that of `nir` 1.0.8.
pub const WRITTEN_VERSION: &str = "1.0.8";

/// The bytes of a NIR file; the same graph gives the same bytes.
///
/// Numbers are written as f32 where that is exact for the whole parameter, else as f64.
/// `repairs` are not written, and the file states [`WRITTEN_VERSION`] as its version.
///
/// # Errors
/// All that contradicts itself in the graph, or that NIR cannot express.
pub fn encode(graph: &Graph) -> Result<Vec<u8>, NirProblem> {
    let mut problems = names(graph);
    if let Err(found) = shapes::examine(&graph.nodes, &graph.edges, problems.is_empty()) {
        problems.extend(found);
    }
    if !problems.is_empty() {
        return Err(NirProblem::Nodes(problems));
    }

    let mut file = FileBuilder::new();
    file.create_dataset("version")
        .with_vlen_strings(&[WRITTEN_VERSION])
        .with_shape(&[]);
    let mut top = file.create_group("node");
    top.create_dataset("type")
        .with_vlen_strings(&["NIRGraph"])
        .with_shape(&[]);
    let mut edges = graph.edges.clone();
    edges.sort_unstable();
    let ends: Vec<&str> = edges
        .iter()
        .flat_map(|&(source, target)| [source, target])
        .map(|index| graph.nodes[index].name.as_str())
        .collect();
    top.create_dataset("edges")
        .with_vlen_strings(&ends)
        .with_shape(&[edges.len() as u64, 2]);
    let mut nodes = top.create_group("nodes");
    for node in &graph.nodes {
        let mut out = Writer::new(nodes.create_group(&node.name));
        out.text("type", node.primitive.type_name());
        if let Err(reason) = node.primitive.body().write(&mut out) {
            problems.push(NodeProblem::of(node, reason));
        }
        let mut group = out.into_group();
        if let Some(start) = graph.starts.get(&node.name) {
            let mut metadata = Writer::new(group.create_group("metadata"));
            metadata.tensor("v_initial", start);
            group.add_group(metadata.into_group().finish());
        }
        nodes.add_group(group.finish());
    }
    top.add_group(nodes.finish());
    file.add_group(top.finish());
    if !problems.is_empty() {
        return Err(NirProblem::Nodes(problems));
    }
    Ok(file.finish().map_err(library("/"))?)
}

/// Names that HDF5 cannot hold, and names out of order.
fn names(graph: &Graph) -> Vec<NodeProblem> {
    let mut problems = Vec::new();
    if graph.nodes.is_empty() {
        problems.push(NodeProblem::graph("", String::from("it has no nodes")));
    }
    for node in &graph.nodes {
        if node.name.is_empty() || node.name == "." || node.name.contains(['/', '\0']) {
            problems.push(NodeProblem::of(
                node,
                String::from("an HDF5 file cannot hold this name; give one without \"/\" and NUL"),
            ));
        }
    }
    for pair in graph
        .nodes
        .windows(2)
        .filter(|pair| pair[0].name >= pair[1].name)
    {
        problems.push(NodeProblem::of(
            &pair[1],
            format!(
                "it follows \"{}\"; sort nodes by name, and give each its own",
                pair[0].name
            ),
        ));
    }
    problems
}
