//! What the file of a spiking network states that a network ready to run no longer shows: time
//! constants beside the timestep, thresholds, nodes and edges.

use crate::formats::native::{Description, NeuronTable, PopulationTable, Quantity};
use crate::formats::nir::{Graph, Primitive, Tensor};
use crate::neuron::{InitialPotential, Options};

/// What a file states of its network.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::experiment) struct Stated {
    /// Layers of neurons with time constants or thresholds.
    pub(in crate::experiment) layers: Vec<StatedLayer>,
    /// Edges that are stated more than once, "a → b".
    pub(in crate::experiment) repeated: Vec<String>,
    /// Nodes that no input reaches.
    pub(in crate::experiment) unreached: Vec<String>,
    /// Nodes from which no output is reached.
    pub(in crate::experiment) unread: Vec<String>,
}

/// A layer of neurons as a file states it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::experiment) struct StatedLayer {
    /// Its name.
    pub(in crate::experiment) name: String,
    /// The least of each time constant [s], by name.
    pub(in crate::experiment) taus: Vec<(&'static str, f64)>,
    /// The lowest threshold [V].
    pub(in crate::experiment) threshold: Option<f64>,
    /// The highest potential before the first timestep [V].
    pub(in crate::experiment) start: Option<f64>,
}

impl Stated {
    /// Of a NIR graph, run as the options say.
    pub(super) fn of_graph(graph: &Graph, options: &Options) -> Self {
        let layers = graph.nodes.iter().filter_map(|node| {
            let (taus, threshold, leak) = constants(&node.primitive)?;
            let start = match options.initial {
                InitialPotential::Value(v) => Some(v),
                InitialPotential::Metadata => graph.starts.get(&node.name).and_then(most),
                InitialPotential::Leak => leak.and_then(most),
                InitialPotential::File => None,
            };
            let taus = taus.into_iter();
            Some(StatedLayer {
                name: node.name.clone(),
                taus: taus
                    .filter_map(|(name, tau)| Some((name, least(tau)?)))
                    .collect(),
                threshold: threshold.and_then(least),
                start,
            })
        });
        let name = |node: usize| graph.nodes[node].name.clone();
        let mut edges = graph.edges.clone();
        edges.sort_unstable();
        let mut repeated: Vec<(usize, usize)> = edges
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0])
            .collect();
        repeated.dedup();
        let is = |kind: fn(&Primitive) -> bool| {
            let nodes = graph.nodes.iter().enumerate();
            let nodes = nodes.filter(move |(_, node)| kind(&node.primitive));
            nodes.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let inputs = is(|primitive| matches!(primitive, Primitive::Input(_)));
        let outputs = is(|primitive| matches!(primitive, Primitive::Output(_)));
        let back: Vec<(usize, usize)> = edges.iter().map(|&(a, b)| (b, a)).collect();
        let count = graph.nodes.len();
        let missing = |from: &[usize], edges: &[(usize, usize)]| {
            let reached = reached(count, from, edges);
            let missing = (0..count).filter(|&node| !reached[node]);
            missing.map(name).collect::<Vec<String>>()
        };
        Stated {
            layers: layers.collect(),
            repeated: repeated
                .into_iter()
                .map(|(a, b)| format!("{} → {}", name(a), name(b)))
                .collect(),
            unreached: missing(&inputs, &edges),
            unread: missing(&outputs, &back),
        }
    }

    /// Of a native network.
    pub(super) fn of_description(description: &Description) -> Self {
        let tables = &description.populations;
        let layers = tables.iter().filter_map(|table| {
            let neuron = neuron_of(table, tables)?;
            let constant = |name: &str| match neuron.parameters.get(name)? {
                Quantity::Constant(value) => Some(*value),
                Quantity::Each(values) => values.iter().copied().reduce(f64::min),
                Quantity::Drawn(_) | Quantity::File(_) => None,
            };
            let taus = ["tau", "tau_mem", "tau_syn"];
            let taus = taus.map(|name| Some((name, constant(name)?)));
            Some(StatedLayer {
                name: table.name.clone(),
                taus: taus.into_iter().flatten().collect(),
                threshold: constant("v_threshold"),
                start: constant("v_initial"),
            })
        });
        let projections = &description.projections;
        let repeated = projections.iter().enumerate().filter_map(|(index, one)| {
            let is_again = projections[..index].contains(one);
            let [source, target] =
                [&one.source, &one.target].map(|names| names.as_slice().join(", "));
            is_again.then(|| format!("{source} → {target}"))
        });
        Stated {
            layers: layers.collect(),
            repeated: repeated.collect(),
            ..Stated::default()
        }
    }
}

/// Time constants, threshold and leak of a layer of neurons.
type Constants<'a> = (
    Vec<(&'static str, &'a Tensor)>,
    Option<&'a Tensor>,
    Option<&'a Tensor>,
);

fn constants(primitive: &Primitive) -> Option<Constants<'_>> {
    Some(match primitive {
        Primitive::IF(node) => (Vec::new(), Some(&node.v_threshold), None),
        Primitive::LIF(node) => (
            vec![("tau", &node.tau)],
            Some(&node.v_threshold),
            Some(&node.v_leak),
        ),
        Primitive::LI(node) => (vec![("tau", &node.tau)], None, None),
        Primitive::CubaLIF(node) => (
            vec![("tau_mem", &node.tau_mem), ("tau_syn", &node.tau_syn)],
            Some(&node.v_threshold),
            Some(&node.v_leak),
        ),
        Primitive::CubaLI(node) => (
            vec![("tau_mem", &node.tau_mem), ("tau_syn", &node.tau_syn)],
            None,
            None,
        ),
        _ => return None,
    })
}

fn least(tensor: &Tensor) -> Option<f64> {
    tensor.data.iter().copied().reduce(f64::min)
}

fn most(tensor: &Tensor) -> Option<f64> {
    tensor.data.iter().copied().reduce(f64::max)
}

/// Whether each node is one of `from` or is led to from them.
fn reached(nodes: usize, from: &[usize], edges: &[(usize, usize)]) -> Vec<bool> {
    let mut targets = vec![Vec::new(); nodes];
    for &(source, target) in edges {
        targets[source].push(target);
    }
    let mut reached = vec![false; nodes];
    let mut open = from.to_vec();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            open.extend(&targets[node]);
        }
    }
    reached
}

/// The neurons of a population, or of the one that it is like; one is only like an earlier one.
fn neuron_of<'a>(
    table: &'a PopulationTable,
    tables: &'a [PopulationTable],
) -> Option<&'a NeuronTable> {
    let mut table = table;
    for _ in tables {
        if let Some(neuron) = &table.neuron {
            return Some(neuron);
        }
        let like = table.like.as_ref()?;
        table = tables.iter().find(|other| other.name == *like)?;
    }
    None
}
