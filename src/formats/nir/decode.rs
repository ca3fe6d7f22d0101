//! From the bytes of a file to a graph; nothing in the file is trusted.

use super::fields::Fields;
use super::graph::{Graph, GraphNode};
use super::primitives::{self, Input, Output, Primitive};
use super::shapes::{self, ShapePart};
use super::tensor::Tensor;
use super::{NirProblem, NodeProblem};
use crate::formats::hdf5_file::{Hdf5File, Hdf5Group, Hdf5Problem};
use std::collections::{BTreeMap, BTreeSet};

/// Nested graphs in nested graphs; deeper files are refused.
pub const MAX_NESTING: usize = 16;

/// Edges after flattening; more are refused. Edges through ports of nested graphs multiply.
pub const MAX_EDGES: usize = 1 << 20;

/// No HDF5 group with a member takes fewer bytes than this: its object header (11), and the links
/// to it (16) and to its member (19 for "type").
/// Source: HDF5 File Format Specification 3.0, IV.A.1.b and IV.A.2.g.
const BYTES_PER_NODE: u64 = 40;

/// A graph from the bytes of a NIR file, versions 0.x and 1.x of the layout.
///
/// Nested graphs are flattened: their nodes get names such as `outer.inner`, and their Input and
/// Output nodes vanish. Shapes that follow from other nodes are supplied. Of `metadata`,
/// only `v_initial` is read: see [`Graph::starts`].
///
/// # Errors
/// If the bytes are no NIR file; else all nodes that cannot be used, each with the reason.
pub fn decode(bytes: Vec<u8>) -> Result<Graph, NirProblem> {
    let file = Hdf5File::new(bytes)?;
    let root = file.root();
    let mut groups = root.groups()?;
    let Some(top) = groups.remove("node") else {
        return Err(NirProblem::NotNir(String::from("it has no group \"node\"")));
    };
    let version = match root.datasets()?.get("version") {
        Some(version) => Some(version.string()?),
        None => None,
    };
    let mut flat = Flat::new(file.bytes());
    match top.datasets()?.get("type").map(|kind| kind.string()) {
        Some(Ok(kind)) if kind == "NIRGraph" => {
            flat.read_graph(&top, "", 0);
        }
        Some(Ok(kind)) => {
            return Err(NirProblem::NotNir(format!(
                "its root is a \"{kind}\", expected a NIRGraph"
            )));
        }
        Some(Err(problem)) => return Err(problem.into()),
        None => return Err(NirProblem::NotNir(String::from("its root has no type"))),
    }
    flat.into_graph(version)
}

/// What a name in a graph stands for.
enum Member {
    Node(usize),
    /// A nested graph with its Inputs and Outputs.
    Graph {
        inputs: Vec<usize>,
        outputs: Vec<usize>,
    },
}

enum NodeKind {
    Primitive(Box<Primitive>),
    /// Input (or output) of a nested graph.
    Port {
        output: bool,
        shape: Vec<usize>,
    },
    /// Reading it failed.
    Broken,
}

struct FlatNode {
    name: String,
    kind: NodeKind,
}

/// The nodes of all graphs of the file.
struct Flat {
    nodes: Vec<FlatNode>,
    edges: Vec<(usize, usize)>,
    /// Nodes and nested graphs that the file may still show: links let a group occur many times.
    nodes_left: u64,
    problems: Vec<NodeProblem>,
    /// (node, what was done).
    repairs: Vec<(String, String)>,
    starts: BTreeMap<String, Tensor>,
}

impl Flat {
    fn new(bytes: u64) -> Self {
        Flat {
            nodes: Vec::new(),
            edges: Vec::new(),
            nodes_left: bytes / BYTES_PER_NODE,
            problems: Vec::new(),
            repairs: Vec::new(),
            starts: BTreeMap::new(),
        }
    }

    /// Reports what went wrong with a graph as a whole.
    fn graph_problem(&mut self, name: &str, reason: impl ToString) {
        self.problems
            .push(NodeProblem::graph(name, reason.to_string()));
    }

    fn read_graph(&mut self, group: &Hdf5Group, name: &str, depth: usize) -> Member {
        let mut member = Member::Graph {
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        if let Err(problem) = self.try_read_graph(group, name, depth, &mut member) {
            self.graph_problem(name, problem);
        }
        member
    }

    fn try_read_graph(
        &mut self,
        group: &Hdf5Group,
        name: &str,
        depth: usize,
        member: &mut Member,
    ) -> Result<(), Hdf5Problem> {
        if depth > MAX_NESTING {
            self.graph_problem(
                name,
                format!("graphs are nested more than {MAX_NESTING} deep, or contain themselves"),
            );
            return Ok(());
        }
        let mut datasets = group.datasets()?;
        let mut groups = group.groups()?;
        datasets.remove("type");
        groups.remove("metadata");
        let edges = datasets.remove("edges");
        let nodes = groups.remove("nodes");
        for field in datasets.keys().chain(groups.keys()) {
            self.graph_problem(name, format!("unknown field \"{field}\"; remove it"));
        }
        let mut members = BTreeMap::new();
        match nodes {
            Some(nodes) => {
                for (short, node) in nodes.groups()? {
                    if self.nodes_left == 0 {
                        self.graph_problem(name, "it shows more nodes than the file can hold");
                        return Ok(());
                    }
                    self.nodes_left -= 1;
                    let full = if name.is_empty() {
                        short.clone()
                    } else {
                        format!("{name}.{short}")
                    };
                    let read = self.read_node(&node, full, depth);
                    if let (Member::Node(index), Member::Graph { inputs, outputs }) =
                        (&read, &mut *member)
                    {
                        match &self.nodes[*index].kind {
                            NodeKind::Port { output: false, .. } => inputs.push(*index),
                            NodeKind::Port { output: true, .. } => outputs.push(*index),
                            _ => {}
                        }
                    }
                    members.insert(short, read);
                }
                for stray in nodes.datasets()?.keys() {
                    self.graph_problem(name, format!("\"nodes/{stray}\" is no node"));
                }
            }
            None => self.graph_problem(name, "it has no group \"nodes\""),
        }
        match edges {
            Some(edges) => {
                let (dims, ends) = edges.strings()?;
                if !ends.is_empty() && (dims.len() != 2 || dims[1] != 2) {
                    self.graph_problem(
                        name,
                        format!("edges have the shape {dims:?}, expected [edges, 2]"),
                    );
                    return Ok(());
                }
                for edge in ends.chunks_exact(2) {
                    self.read_edge(&members, name, &edge[0], &edge[1]);
                }
            }
            None => self.graph_problem(name, "it has no dataset \"edges\""),
        }
        Ok(())
    }

    fn read_edge(
        &mut self,
        members: &BTreeMap<String, Member>,
        graph: &str,
        source: &str,
        target: &str,
    ) {
        let ends = [(source, "source"), (target, "target")].map(|(end, role)| {
            let found = members.get(end);
            if found.is_none() {
                let known: Vec<&str> = members.keys().map(String::as_str).take(20).collect();
                self.graph_problem(graph, format!(
                    "the edge \"{source}\" → \"{target}\" has no {role}: there is no node \"{end}\", only \"{}\"{}",
                    known.join("\", \""),
                    if members.len() > known.len() { ", …" } else { "" },
                ));
            }
            found
        });
        let [Some(from), Some(to)] = ends else {
            return;
        };
        let mut port = |name: &str, ports: &[usize], role: &str| match ports {
            [port] => Some(*port),
            _ => {
                self.graph_problem(graph, format!(
                    "the edge \"{source}\" → \"{target}\": the graph \"{name}\" has {} {role} nodes, expected one to tell which is meant",
                    ports.len()
                ));
                None
            }
        };
        let from = match from {
            Member::Node(index) => Some(*index),
            Member::Graph { outputs, .. } => port(source, outputs, "Output"),
        };
        let to = match to {
            Member::Node(index) => Some(*index),
            Member::Graph { inputs, .. } => port(target, inputs, "Input"),
        };
        if let (Some(from), Some(to)) = (from, to) {
            self.edges.push((from, to));
        }
    }

    fn read_node(&mut self, group: &Hdf5Group, name: String, depth: usize) -> Member {
        let kind = match self.try_read_node(group, &name, depth) {
            Ok(Ok(member)) => return member,
            Ok(Err(kind)) => kind,
            Err(problem) => {
                self.problems.push(NodeProblem {
                    node: name.clone(),
                    primitive: String::new(),
                    reason: problem.to_string(),
                });
                NodeKind::Broken
            }
        };
        self.nodes.push(FlatNode { name, kind });
        Member::Node(self.nodes.len() - 1)
    }

    /// A nested graph, or the kind of a node.
    fn try_read_node(
        &mut self,
        group: &Hdf5Group,
        name: &str,
        depth: usize,
    ) -> Result<Result<Member, NodeKind>, Hdf5Problem> {
        let mut problem = |primitive: &str, reason: String| {
            self.problems.push(NodeProblem {
                node: name.into(),
                primitive: primitive.into(),
                reason,
            });
        };
        let mut datasets = group.datasets()?;
        let Some(kind) = datasets.remove("type") else {
            problem(
                "",
                "it has no type; a \"/\" in a name makes such nodes".into(),
            );
            return Ok(Err(NodeKind::Broken));
        };
        let kind = kind.string()?;
        if kind == "NIRGraph" {
            return Ok(Ok(self.read_graph(group, name, depth + 1)));
        }
        let Some(read) = primitives::reader(&kind) else {
            problem(
                &kind,
                format!(
                    "unknown primitive; supported are {}",
                    Primitive::TYPE_NAMES.join(", ")
                ),
            );
            return Ok(Err(NodeKind::Broken));
        };
        let mut broken = false;
        let groups = group.groups()?;
        for stray in groups.keys().filter(|stray| *stray != "metadata") {
            problem(&kind, format!("unknown field \"{stray}\"; remove it"));
            broken = true;
        }
        if let Some(metadata) = groups.get("metadata") {
            let repair = match start(metadata) {
                Ok(Some(start)) => {
                    self.starts.insert(name.to_owned(), start);
                    None
                }
                Ok(None) => None,
                Err(problem) => Some(format!("its metadata are left out: {problem}")),
            };
            let repair = repair.map(|repair| (name.to_owned(), repair));
            self.repairs.extend(repair);
        }
        let mut fields = Fields::new(datasets);
        let primitive = read(&mut fields);
        let (reasons, repairs) = fields.finish();
        broken |= !reasons.is_empty();
        reasons
            .into_iter()
            .for_each(|reason| problem(&kind, reason));
        let repairs = repairs.into_iter().map(|repair| (name.to_owned(), repair));
        self.repairs.extend(repairs);
        Ok(Err(match primitive {
            _ if broken => NodeKind::Broken,
            Primitive::Input(Input { shape }) if depth > 0 => NodeKind::Port {
                output: false,
                shape,
            },
            Primitive::Output(Output { shape }) if depth > 0 => NodeKind::Port {
                output: true,
                shape,
            },
            primitive => NodeKind::Primitive(Box::new(primitive)),
        }))
    }

    fn repair(&mut self, node: usize, repair: String) {
        self.repairs.push((self.nodes[node].name.clone(), repair));
    }

    /// Ports that no edge joins to the outer graph are where data enters or leaves after all.
    fn promote_ports(&mut self) {
        let sources: BTreeSet<usize> = self.edges.iter().map(|edge| edge.0).collect();
        let targets: BTreeSet<usize> = self.edges.iter().map(|edge| edge.1).collect();
        for index in 0..self.nodes.len() {
            let primitive = match &self.nodes[index].kind {
                NodeKind::Port {
                    output: false,
                    shape,
                } if !targets.contains(&index) => Primitive::Input(Input {
                    shape: shape.clone(),
                }),
                NodeKind::Port {
                    output: true,
                    shape,
                } if !sources.contains(&index) => Primitive::Output(Output {
                    shape: shape.clone(),
                }),
                _ => continue,
            };
            self.repair(
                index,
                format!(
                    "no edge joins its graph there; it is an {} of the whole network",
                    primitive.type_name()
                ),
            );
            self.nodes[index].kind = NodeKind::Primitive(Box::new(primitive));
        }
    }

    /// Supplies shapes that follow from others.
    fn fill_shapes(&mut self) {
        let parts: Vec<ShapePart> = self
            .nodes
            .iter()
            .map(|node| match &node.kind {
                NodeKind::Primitive(primitive) if primitive.body().check().is_empty() => {
                    ShapePart::Primitive(primitive)
                }
                NodeKind::Port { .. } => ShapePart::Port,
                NodeKind::Primitive(_) | NodeKind::Broken => ShapePart::Broken,
            })
            .collect();
        let found = shapes::infer(&parts, &self.edges);
        let mut arriving: Vec<Option<Vec<usize>>> = vec![None; self.nodes.len()];
        for &(source, target) in &self.edges {
            if arriving[target].is_none() {
                arriving[target].clone_from(&found.outputs[source]);
            }
        }
        for (index, (input, arriving)) in found.inputs.into_iter().zip(arriving).enumerate() {
            let repair = match (&mut self.nodes[index].kind, arriving) {
                (NodeKind::Port { shape, .. }, Some(arriving))
                    if !shapes::alike(shape, &arriving) =>
                {
                    Some(format!(
                        "its shape {shape:?} is not that of its input {arriving:?}; it only passes on, so its shape was not used"
                    ))
                }
                (NodeKind::Primitive(primitive), arriving) => match (&mut **primitive, arriving) {
                    (Primitive::Output(output), Some(arriving))
                        if output.shape != arriving && shapes::alike(&output.shape, &arriving) =>
                    {
                        let stated = std::mem::replace(&mut output.shape, arriving);
                        Some(format!(
                            "its shape {stated:?} was replaced by that of its input {:?}; dimensions of 1 make no difference",
                            output.shape
                        ))
                    }
                    (primitive, _) => input.and_then(|input| primitive.body_mut().fill(&input)),
                },
                _ => None,
            };
            if let Some(repair) = repair {
                self.repair(index, repair);
            }
        }
    }

    /// Replaces ways through ports by edges between nodes.
    fn splice_ports(&mut self) {
        let is_port: Vec<bool> = self
            .nodes
            .iter()
            .map(|node| matches!(node.kind, NodeKind::Port { .. }))
            .collect();
        let mut targets: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut entries = vec![0usize; self.nodes.len()];
        for &(source, target) in &self.edges {
            if is_port[source] {
                targets[source].push(target);
                entries[target] += usize::from(is_port[target]);
            }
        }
        // Ports in the order of their edges; those left over lie on or behind a loop.
        let mut order: Vec<usize> = (0..is_port.len())
            .filter(|&n| is_port[n] && entries[n] == 0)
            .collect();
        let mut next = 0;
        while let Some(&port) = order.get(next) {
            next += 1;
            for &target in targets[port].iter().filter(|&&target| is_port[target]) {
                entries[target] -= 1;
                if entries[target] == 0 {
                    order.push(target);
                }
            }
        }
        if let Some(port) = (0..is_port.len()).find(|&n| is_port[n] && entries[n] > 0) {
            let name = self.nodes[port].name.clone();
            self.graph_problem(
                "",
                format!("a loop of edges passes \"{name}\" but no node that computes anything"),
            );
            return;
        }
        let mut edges = Vec::new();
        let mut steps = 0;
        for &(source, target) in self.edges.iter().filter(|edge| !is_port[edge.0]) {
            let mut ways = vec![target];
            while let Some(target) = ways.pop() {
                steps += 1;
                if steps > MAX_EDGES {
                    self.graph_problem(
                        "",
                        format!(
                            "it has more than {MAX_EDGES} edges once nested graphs are flattened"
                        ),
                    );
                    return;
                }
                if is_port[target] {
                    ways.extend(&targets[target]);
                } else {
                    edges.push((source, target));
                }
            }
        }
        self.edges = edges;
    }

    fn into_graph(mut self, version: Option<String>) -> Result<Graph, NirProblem> {
        if self.nodes.is_empty() && self.problems.is_empty() {
            self.graph_problem("", "it has no nodes");
        }
        self.promote_ports();
        self.fill_shapes();
        self.splice_ports();
        let complete = self.problems.is_empty();

        let mut kept: Vec<(usize, GraphNode)> = Vec::new();
        for (index, FlatNode { name, kind }) in self.nodes.into_iter().enumerate() {
            if let NodeKind::Primitive(primitive) = kind {
                let primitive = *primitive;
                kept.push((index, GraphNode { name, primitive }));
            }
        }
        kept.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let place: BTreeMap<usize, usize> = kept
            .iter()
            .enumerate()
            .map(|(place, (index, _))| (*index, place))
            .collect();
        let nodes: Vec<GraphNode> = kept.into_iter().map(|(_, node)| node).collect();
        let mut edges: Vec<(usize, usize)> = self
            .edges
            .iter()
            .filter_map(|(source, target)| Some((*place.get(source)?, *place.get(target)?)))
            .collect();
        edges.sort_unstable();

        for pair in nodes.windows(2).filter(|pair| pair[0].name == pair[1].name) {
            self.problems.push(NodeProblem::of(
                &pair[0],
                String::from(
                    "two nodes have this name once nested graphs are flattened; rename one",
                ),
            ));
        }
        self.repairs.sort();
        let mut repairs: Vec<String> = self
            .repairs
            .into_iter()
            .map(|(node, repair)| format!("node \"{node}\": {repair}"))
            .collect();
        match shapes::examine(&nodes, &edges, complete) {
            Ok((_, notes)) => repairs.extend(notes),
            Err(problems) => self.problems.extend(problems),
        }
        if !self.problems.is_empty() {
            return Err(NirProblem::Nodes(self.problems));
        }
        Ok(Graph {
            nodes,
            edges,
            version,
            starts: self.starts,
            repairs,
        })
    }
}

/// The potentials that a node's metadata state.
fn start(metadata: &Hdf5Group) -> Result<Option<Tensor>, Hdf5Problem> {
    match metadata.datasets()?.get("v_initial") {
        Some(dataset) => {
            let (dims, data) = dataset.numbers()?;
            Ok(Some(Tensor { dims, data }))
        }
        None => Ok(None),
    }
}
