//! A network as a NIR file describes it, with nested graphs flattened.

use super::primitives::Primitive;
use super::tensor::Tensor;
use std::collections::BTreeMap;

/// A network: nodes, and edges that carry a node's output to another's input unchanged.
///
/// Edges that meet in one node add up, so an edge that occurs twice counts twice. Cycles are
/// allowed: NIR describes continuous time, and fixes neither a time step nor an order of
/// evaluation.
///
/// Source: Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15,
/// 8122 (2024), <https://doi.org/10.1038/s41467-024-52259-9>.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    /// Sorted by name; names are unique.
    pub nodes: Vec<GraphNode>,
    /// (source, target): indices into `nodes`. Their order has no meaning; reading sorts them.
    pub edges: Vec<(usize, usize)>,
    /// Version of the `nir` package that wrote the file.
    pub version: Option<String>,
    /// Potentials of neurons before the first timestep, by name of the node: its
    /// `metadata/v_initial`. NIR has no parameter for them and gives metadata no meaning, so they
    /// act only where a simulator is told to use them.
    pub starts: BTreeMap<String, Tensor>,
    /// What reading supplied or overlooked, a sentence each, naming the node.
    pub repairs: Vec<String>,
}

/// A node with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphNode {
    /// Its name; for a node of a nested graph, the names on the way to it joined with `.`.
    pub name: String,
    /// What it computes.
    pub primitive: Primitive,
}

impl Graph {
    /// Index of a node.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.nodes
            .binary_search_by(|node| node.name.as_str().cmp(name))
            .ok()
    }
}
