//! From a network to a NIR graph, in which weights, biases, pooling and delays are nodes.

mod neuron;
mod projection;
mod synapses;

use super::graph::{Graph, GraphNode};
use super::primitives::{Input, Output, Primitive};
use super::tensor::Tensor;
use super::{NodeProblem, WRITTEN_VERSION, list};
use crate::network::{Network, Pattern, Population, Projection, Shape};
use std::collections::{BTreeMap, BTreeSet};

/// A graph, and what NIR has no place for.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// The graph. Nodes of populations have their names, with "/" replaced by "_".
    pub graph: Graph,
    /// What a simulator has to be told besides the graph, a sentence each.
    pub notes: Vec<String>,
}

/// A network that NIR cannot express: all populations in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} parts of the network cannot be written as NIR:\n{}", .problems.len(), list(.problems))]
#[non_exhaustive]
pub struct RaiseError {
    /// What is wrong with which population.
    pub problems: Vec<NodeProblem>,
}

/// The graph that a network, whose timestep is `dt_s` [s], describes. `outputs` are the
/// populations that the result leaves from.
///
/// [`super::lower`] with the options of the network gives the network back if its one-to-one
/// synapses are the only listed ones; other listed synapses come back as a matrix with absent
/// entries, and merged average pooling as sum pooling with smaller weights.
///
/// # Errors
/// All populations that NIR has no node for.
pub fn raise(network: &Network, dt_s: f64, outputs: &[usize]) -> Result<Raised, RaiseError> {
    let mut raising = Raising {
        network,
        dt_s,
        nodes: Vec::new(),
        names: BTreeSet::new(),
        edges: Vec::new(),
        starts: BTreeMap::new(),
        notes: Vec::new(),
        problems: Vec::new(),
    };
    if let Err(problem) = network.check() {
        raising
            .problems
            .push(NodeProblem::graph("", problem.to_string()));
    } else {
        raising.populations();
        raising.projections();
        raising.outputs(outputs);
    }
    if !raising.problems.is_empty() {
        return Err(RaiseError {
            problems: raising.problems,
        });
    }
    Ok(raising.finish())
}

struct Raising<'a> {
    network: &'a Network,
    dt_s: f64,
    /// Those of the populations first, in their order.
    nodes: Vec<GraphNode>,
    names: BTreeSet<String>,
    edges: Vec<(usize, usize)>,
    starts: BTreeMap<String, Tensor>,
    notes: Vec<String>,
    problems: Vec<NodeProblem>,
}

impl Raising<'_> {
    fn problem(&mut self, population: &Population, reason: impl Into<String>) {
        self.problems.push(NodeProblem {
            node: population.name.clone(),
            primitive: String::new(),
            reason: reason.into(),
        });
    }

    fn node(&mut self, name: &str, primitive: Primitive) -> usize {
        let plain = name.replace(['/', '\0'], "_");
        let mut name = plain.clone();
        let mut number = 2;
        while name.is_empty() || name == "." || !self.names.insert(name.clone()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        self.nodes.push(GraphNode { name, primitive });
        self.nodes.len() - 1
    }

    /// Adds a node behind another.
    fn chain(&mut self, from: usize, name: &str, primitive: Primitive) -> usize {
        let node = self.node(name, primitive);
        self.edges.push((from, node));
        node
    }

    /// Dimensions of a population's node: maps wherever a window reads them.
    fn dims(&self, index: usize) -> Vec<usize> {
        let shape = self.network.populations[index].shape;
        let windowed = |p: &Projection| {
            p.source == index
                && (p.connectivity.pooling.is_some()
                    || matches!(p.connectivity.pattern, Pattern::Convolution { .. }))
        };
        match self.network.projections.iter().any(windowed) {
            true => maps(shape),
            false => shape.dims(),
        }
    }

    fn populations(&mut self) {
        for (index, population) in self.network.populations.iter().enumerate() {
            let dims = self.dims(index);
            if population.poisson.is_some() {
                self.problem(
                    population,
                    "NIR has no random input; feed its events through an Input",
                );
            }
            let primitive = match self.primitive(population, &dims) {
                Ok(primitive) => primitive,
                Err(reason) => {
                    self.problem(population, reason);
                    Primitive::Input(Input { shape: dims })
                }
            };
            let node = self.node(&population.name, primitive);
            if let Some(data) = neuron::start(population) {
                let start = Tensor {
                    dims: self.dims(index),
                    data: population.shape.to_channels_first(&data),
                };
                self.starts.insert(self.nodes[node].name.clone(), start);
            }
        }
    }

    fn outputs(&mut self, outputs: &[usize]) {
        for &index in outputs {
            if index >= self.network.populations.len() {
                self.problems.push(NodeProblem::graph(
                    "",
                    format!(
                        "output {index} is none of its {} populations",
                        self.network.populations.len()
                    ),
                ));
                continue;
            }
            let shape = self.dims(index);
            self.chain(index, "output", Primitive::Output(Output { shape }));
        }
    }

    fn finish(self) -> Raised {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by(|&a, &b| self.nodes[a].name.cmp(&self.nodes[b].name));
        let mut place = vec![0; order.len()];
        for (index, &node) in order.iter().enumerate() {
            place[node] = index;
        }
        let mut edges: Vec<(usize, usize)> = self
            .edges
            .iter()
            .map(|&(source, target)| (place[source], place[target]))
            .collect();
        edges.sort_unstable();
        let mut nodes = self.nodes;
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Raised {
            graph: Graph {
                nodes,
                edges,
                version: Some(WRITTEN_VERSION.into()),
                starts: self.starts,
                repairs: Vec::new(),
            },
            notes: self.notes,
        }
    }
}

fn maps(shape: Shape) -> Vec<usize> {
    vec![shape.channels, shape.height, shape.width]
}
