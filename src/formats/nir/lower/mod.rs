//! From a NIR graph to a network that runs.
//!
//! Neuron nodes become populations, and the linear nodes between them projections. One projection
//! holds factors, a delay, a pooling and one dense or convolution node; where linear nodes do not
//! fit into one, the value between them gets a population of [`Relay`]s that passes it on. Biases
//! are carried to the next population exactly.
//!
//! NIR fixes no order of evaluation. Here a timestep goes from the input through all populations;
//! an edge that leads back to a population earlier in that order closes a cycle and carries the
//! value of the previous timestep, and a delay in a cycle adds to that. Constants act from the
//! first timestep on.

mod map;
mod neuron;
mod order;
mod projection;
mod signal;

use super::graph::{Graph, GraphNode};
use super::primitives::Primitive;
use super::shapes::NodeShape;
use super::tensor::Tensor;
use super::{NodeProblem, list};
use crate::network::{Network, Population, Projection, Shape};

use crate::neuron::{InitialPotential, Neuron, Options, Relay};
use map::{LinearMap, MAX_DELAY, add, positions, shape_of};
use signal::{Link, LoweredSignal};
use std::collections::{BTreeMap, BTreeSet};

/// Most values that leave one node: a small file can ask for any number.
const MAX_ELEMENTS: usize = 1 << 26;

/// A network that runs, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowered {
    /// The network; its name is empty. Populations have the names of nodes, the first is the input.
    pub network: Network,
    /// Where data enters.
    pub input: Port,
    /// Where results leave, in the order of the names of the Output nodes.
    pub outputs: Vec<Port>,
    /// What was decided that the file does not say, a sentence each.
    pub notes: Vec<String>,
}

/// A population that data enters or leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Name of the Input or Output node.
    pub node: String,
    /// Index of the population.
    pub population: usize,
    /// Shape of a sample at one time, as the node says. Its row-major order is the channels-first
    /// order of the population.
    pub dims: Vec<usize>,
}

/// A graph that cannot be run: all nodes in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} of its parts cannot be run:\n{}", .problems.len(), list(.problems))]
#[non_exhaustive]
pub struct LowerError {
    /// What is wrong with which node.
    pub problems: Vec<NodeProblem>,
}

/// The network that a graph describes, run as the options say.
///
/// # Errors
/// All nodes that contradict each other, that the options refuse, or that cannot be expressed.
pub fn lower(graph: &Graph, options: &Options) -> Result<Lowered, LowerError> {
    let shapes = graph.shapes().map_err(|problems| LowerError { problems })?;
    let dt_s = options.dt_s;
    if !(dt_s > 0.0 && dt_s.is_finite()) {
        let reason = format!("a timestep of {dt_s} s; it must be above 0");
        let problems = vec![NodeProblem::graph("", reason)];
        return Err(LowerError { problems });
    }
    let maps = graph
        .nodes
        .iter()
        .zip(&shapes)
        .map(|(node, shape)| LinearMap::of(&node.primitive, shape, dt_s))
        .collect();
    Lowering::new(graph, &shapes, maps).run(options)
}

/// A population whose place in the order is not known yet.
struct Draft {
    node: usize,
    shape: Shape,
    neuron: Neuron,
    /// `None` until all signals are known.
    arriving: Option<LoweredSignal>,
}

struct Lowering<'a> {
    nodes: &'a [GraphNode],
    starts: &'a BTreeMap<String, Tensor>,
    shapes: &'a [NodeShape],
    maps: Vec<Option<LinearMap<'a>>>,
    /// The source of each edge into each node, ascending.
    sources: Vec<Vec<usize>>,
    targets: Vec<Vec<usize>>,
    drafts: Vec<Draft>,
    /// What leaves each node, as soon as it is known.
    signals: Vec<LoweredSignal>,
    notes: Vec<String>,
    problems: Vec<NodeProblem>,
}

impl<'a> Lowering<'a> {
    fn new(graph: &'a Graph, shapes: &'a [NodeShape], maps: Vec<Option<LinearMap<'a>>>) -> Self {
        let count = graph.nodes.len();
        let (mut sources, mut targets) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        let mut edges = graph.edges.clone();
        edges.sort_unstable();
        for (source, target) in edges {
            sources[target].push(source);
            targets[source].push(target);
        }
        Lowering {
            nodes: &graph.nodes,
            starts: &graph.starts,
            shapes,
            maps,
            sources,
            targets,
            drafts: Vec::new(),
            signals: vec![LoweredSignal::default(); count],
            notes: graph.repairs.clone(),
            problems: Vec::new(),
        }
    }

    fn run(mut self, options: &Options) -> Result<Lowered, LowerError> {
        self.check_nodes();
        self.check_delays(options.dt_s);
        self.neurons(options);
        if !self.problems.is_empty() {
            return Err(LowerError {
                problems: self.problems,
            });
        }
        for node in self.linear_nodes() {
            self.signals[node] = self.through(node);
            // Ways that meet here and part again would multiply.
            if self.signals[node].links.len() > 1 && self.targets[node].len() > 1 {
                self.relay(node);
            }
        }
        let outputs = self.outputs();
        let mut index = 0;
        while let Some(draft) = self.drafts.get(index) {
            if draft.arriving.is_none() {
                let arriving = match self.maps[draft.node] {
                    Some(_) => self.through(draft.node),
                    None => self.sum(draft.node),
                };
                self.drafts[index].arriving = Some(arriving);
            }
            index += 1;
        }
        self.finish(outputs)
    }

    fn problem(&mut self, node: usize, reason: impl Into<String>) {
        self.problems
            .push(NodeProblem::of(&self.nodes[node], reason.into()));
    }

    fn note(&mut self, node: usize, what: &str) {
        self.notes
            .push(format!("node \"{}\": {what}", self.nodes[node].name));
    }

    fn elements(&self, node: usize) -> usize {
        self.shapes[node].output.iter().product()
    }

    fn check_nodes(&mut self) {
        let nodes = self.nodes;
        let inputs = |node: &&GraphNode| matches!(node.primitive, Primitive::Input(_));
        let names: Vec<&str> = nodes.iter().filter(inputs).map(|n| &*n.name).collect();
        if names.len() != 1 {
            let reason = match names.len() {
                0 => String::from("it has no Input; add one in front of the first node"),
                _ => format!(
                    "it has {} Inputs, {}; join them to one",
                    names.len(),
                    names.join(", ")
                ),
            };
            self.problems.push(NodeProblem::graph("", reason));
        }
        for (index, node) in nodes.iter().enumerate() {
            let elements = self.elements(index);
            if elements > MAX_ELEMENTS {
                self.problem(
                    index,
                    format!(
                        "{elements} values, the most that is run is {MAX_ELEMENTS}; make it smaller"
                    ),
                );
            }
            match node.primitive {
                Primitive::Output(_) if self.sources[index].is_empty() => {
                    self.problem(index, "no edge leads to it; connect it or remove it");
                }
                Primitive::Output(_) => {}
                _ if self.maps[index].is_some() && self.targets[index].is_empty() => {
                    self.note(index, "no edge leaves it, so it is left out");
                }
                _ => {}
            }
        }
    }

    fn check_delays(&mut self, dt_s: f64) {
        let nodes = self.nodes;
        for (index, node) in nodes.iter().enumerate() {
            let Primitive::Delay(delay) = &node.primitive else {
                continue;
            };
            let steps = |delay_s: &f64| delay_s / dt_s;
            let longest = delay.delay.data.iter().map(steps).fold(0.0, f64::max);
            if longest > f64::from(MAX_DELAY) {
                self.problem(
                    index,
                    format!(
                        "a delay of {longest} timesteps of {dt_s} s, the most is {MAX_DELAY}; run it with a longer timestep"
                    ),
                );
            }
            let off = |steps: f64| (steps - steps.round_ties_even()).abs() > 1e-6 * steps.max(1.0);
            if let Some(steps) = delay.delay.data.iter().map(steps).find(|&steps| off(steps)) {
                self.note(
                    index,
                    &format!("a delay of {steps} timesteps is rounded to whole ones"),
                );
            }
        }
    }

    /// A population for each neuron node, that of the Input first.
    fn neurons(&mut self, options: &Options) {
        let nodes = self.nodes;
        let is_input = |index: &usize| matches!(nodes[*index].primitive, Primitive::Input(_));
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.retain(|&index| self.elements(index) <= MAX_ELEMENTS);
        order.sort_by_key(|index| !is_input(index));
        for index in order {
            let shape = self.layout(index);
            let is_output =
                |target: &usize| matches!(nodes[*target].primitive, Primitive::Output(_));
            let last = self.targets[index].iter().all(is_output);
            let start = self.start(index, options);
            match neuron::neuron(&nodes[index].primitive, shape, last, options, start) {
                None => {}
                Some(Ok(neuron)) => self.populate(index, neuron, None),
                Some(Err(problem)) => self.problem(index, problem.to_string()),
            }
        }
    }

    /// The potentials at which a node's metadata say its neurons start, if they are to be used.
    fn start(&mut self, index: usize, options: &Options) -> Option<&'a Tensor> {
        let start = self.starts.get(&self.nodes[index].name)?;
        let elements = self.elements(index);
        if options.initial != InitialPotential::Metadata {
            self.note(
                index,
                "its metadata state potentials before the first timestep, which NIR gives no meaning and which are not used; --initial-potential metadata uses them",
            );
            return None;
        }
        if start.data.len() != 1 && start.data.len() != elements {
            let have = start.data.len();
            self.problem(
                index,
                format!("metadata/v_initial has {have} values for {elements} neurons"),
            );
            return None;
        }
        Some(start)
    }

    /// Gives the output of a node a population.
    fn populate(&mut self, node: usize, neuron: Neuron, arriving: Option<LoweredSignal>) {
        self.signals[node] = LoweredSignal::of(self.drafts.len());
        self.drafts.push(Draft {
            node,
            shape: self.layout(node),
            neuron,
            arriving,
        });
    }

    /// Gives the output of a linear node a population that passes it on.
    fn relay(&mut self, node: usize) {
        let arriving = std::mem::take(&mut self.signals[node]);
        self.populate(node, Neuron::model(Relay), Some(arriving));
        self.note(node, "its output becomes a population of relays");
    }

    /// The shape in which the population of a node is numbered: that of the node, or for vectors
    /// the maps that they were before a Flatten, so that convolutions reach them directly.
    fn layout(&self, node: usize) -> Shape {
        let dims = &self.shapes[node].output;
        let mut at = node;
        for _ in 0..self.nodes.len() {
            if dims.len() != 1 {
                break;
            }
            let before = match (&self.maps[at], &self.sources[at][..]) {
                (Some(LinearMap::Reshape), _) => {
                    let before = &self.shapes[at].input;
                    if before.len() > 1 {
                        return shape_of(before);
                    }
                    &self.sources[at][..]
                }
                (Some(LinearMap::Scale(_) | LinearMap::Delay(_)), sources) => sources,
                (None, sources) if at == node => sources,
                _ => break,
            };
            match before {
                &[source] if self.maps[source].is_some() => at = source,
                _ => break,
            }
        }
        shape_of(dims)
    }

    /// Linear nodes, each behind those that lead to it. Where they form a cycle without a neuron,
    /// one of them becomes a population.
    fn linear_nodes(&mut self) -> Vec<usize> {
        let count = self.nodes.len();
        let linear = |index: usize| self.maps[index].is_some();
        let mut targets = vec![Vec::new(); count];
        for (index, node) in targets.iter_mut().enumerate().filter(|(i, _)| linear(*i)) {
            *node = self.targets[index].clone();
            node.retain(|&target| linear(target));
        }
        let cut: BTreeSet<usize> = order::closing(&targets, &vec![false; count], 0)
            .into_iter()
            .map(|(_, target)| target)
            .collect();
        for &node in &cut {
            self.populate(node, Neuron::model(Relay), None);
            self.note(
                node,
                "it is in a cycle without a neuron; its output becomes a population of relays",
            );
        }
        let edges = (0..count)
            .filter(|source| !cut.contains(source))
            .flat_map(|source| targets[source].iter().map(move |&target| (source, target)))
            .collect();
        let mut order = order::order(count, &edges, 0);
        order.retain(|node| {
            self.maps[*node].is_some() && !cut.contains(node) && !self.targets[*node].is_empty()
        });
        order
    }

    /// What arrives at a node.
    fn sum(&self, node: usize) -> LoweredSignal {
        let mut sum = LoweredSignal::default();
        for &source in &self.sources[node] {
            let signal = &self.signals[source];
            sum.links.extend(signal.links.iter().cloned());
            if let constant @ [_, ..] = &signal.constant[..] {
                add(&mut sum.constant, constant.len(), |i| constant[i]);
            }
        }
        sum
    }

    /// What leaves a linear node. What does not pass it in one projection gets a population.
    fn through(&mut self, node: usize) -> LoweredSignal {
        for source in self.sources[node].clone() {
            if !self.signals[source].passes(node, &self.maps) {
                self.relay(source);
            }
        }
        let arriving = self.sum(node);
        let links: Option<Vec<Link>> = arriving
            .links
            .iter()
            .map(|link| link.through(node, &self.maps))
            .collect();
        if links.is_none() {
            self.problem(node, "it cannot be joined to what leads to it");
        }
        LoweredSignal {
            links: links.unwrap_or_default(),
            constant: match &self.maps[node] {
                Some(map) => map.apply(arriving.constant),
                None => arriving.constant,
            },
        }
    }

    /// The population of each Output, by its number among the drafts.
    fn outputs(&mut self) -> Vec<Port> {
        let nodes = self.nodes;
        let mut outputs = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if !matches!(node.primitive, Primitive::Output(_)) {
                continue;
            }
            match self.sources[index][..] {
                [source] => {
                    if self.signals[source].population().is_none() {
                        self.relay(source);
                    }
                    self.signals[index] = self.signals[source].clone();
                }
                _ => {
                    self.populate(index, Neuron::model(Relay), None);
                    self.note(index, "its sum becomes a population of relays");
                }
            }
            match self.signals[index].population() {
                Some(population) => outputs.push(Port {
                    node: node.name.clone(),
                    population,
                    dims: self.shapes[index].output.clone(),
                }),
                None => self.problem(index, "it has no population; put a neuron in front of it"),
            }
        }
        outputs
    }

    /// Orders populations and builds projections.
    fn finish(mut self, mut outputs: Vec<Port>) -> Result<Lowered, LowerError> {
        let drafts = std::mem::take(&mut self.drafts);
        let (order, place) = visits(&drafts);
        let mut network = Network {
            name: String::new(),
            populations: Vec::with_capacity(drafts.len()),
            projections: Vec::new(),
        };
        for draft in order.iter().map(|&index| &drafts[index]) {
            let signal = draft.arriving.clone().unwrap_or_default();
            network
                .populations
                .push(self.population(draft, &signal.constant));
            let mut links = signal.links;
            links.sort_by_key(|link| place[link.source]);
            for link in links {
                let ends = [place[link.source], network.populations.len() - 1];
                let projection = self.project(&link, [&drafts[link.source], draft], ends);
                network.projections.extend(projection);
            }
        }
        if let (true, Err(reason)) = (self.problems.is_empty(), network.check()) {
            let problem = NodeProblem::graph("", reason.to_string());
            self.problems.push(problem);
        }
        if !self.problems.is_empty() {
            return Err(LowerError {
                problems: self.problems,
            });
        }
        for port in &mut outputs {
            port.population = place[port.population];
        }
        let input = drafts[0].node;
        Ok(Lowered {
            network,
            input: Port {
                node: self.nodes[input].name.clone(),
                population: place[0],
                dims: self.shapes[input].output.clone(),
            },
            outputs,
            notes: self.notes,
        })
    }

    /// The population of a draft, with what arrives in each timestep as its bias.
    fn population(&mut self, draft: &Draft, constant: &[f64]) -> Population {
        let bias: Vec<f32> = match constant.is_empty() {
            true => Vec::new(),
            false => positions(draft.shape)
                .into_iter()
                .map(|position| constant[position] as f32)
                .collect(),
        };
        if bias.iter().any(|value| !value.is_finite()) {
            self.problem(
                draft.node,
                "a bias into it exceeds single precision; scale weights and thresholds down",
            );
        }
        let name = self.nodes[draft.node].name.clone();
        Population {
            bias,
            ..Population::new(name, draft.shape, draft.neuron.clone())
        }
    }

    /// What joins two drafts, at these places among the populations, if anything does.
    fn project(
        &mut self,
        link: &Link,
        [from, to]: [&Draft; 2],
        [source, target]: [usize; 2],
    ) -> Option<Projection> {
        let forward = source < target;
        if !forward {
            self.note(
                to.node,
                &format!(
                    "what \"{}\" sends to it closes a cycle and arrives one timestep late",
                    self.nodes[from.node].name
                ),
            );
        }
        let shapes = [from.shape, to.shape];
        match projection::projection(link, &self.maps, shapes, forward) {
            Ok(found) => found.map(|(connectivity, weights, delay)| Projection {
                source,
                target,
                connectivity,
                weights,
                delay,
            }),
            Err(reason) => {
                self.problem(link.core.unwrap_or(to.node), reason);
                None
            }
        }
    }
}

/// Drafts in the order in which a timestep visits them, and the place of each in it.
fn visits(drafts: &[Draft]) -> (Vec<usize>, Vec<usize>) {
    let edges: BTreeSet<(usize, usize)> = (drafts.iter().enumerate())
        .flat_map(|(target, draft)| {
            let links = draft.arriving.iter().flat_map(|signal| &signal.links);
            links.map(move |link| (link.source, target))
        })
        .collect();
    let order = order::order(drafts.len(), &edges, 0);
    let mut place = vec![0; drafts.len()];
    for (index, &draft) in order.iter().enumerate() {
        place[draft] = index;
    }
    (order, place)
}
