//! Recordings of a network in the data format of `nir`: spikes and other observables of its nodes.
//!
//! Source: `nir/data_ir/graph.py` and `nir/serialization.py` of the package `nir` 1.0.8.

use super::decode::MAX_NESTING;
use super::fields::{SHORT, chunks};
use super::{NirError, NirProblem, NodeProblem, Tensor};
use crate::formats::hdf5_file::{
    Attributes, Hdf5Dataset, Hdf5File, Hdf5Group, Hdf5Problem, library,
};
use hdf5::{
    AttrValue, DatasetBuilder, Datatype, EnumTypeBuilder, FileBuilder, GroupBuilder, make_i8_type,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Recordings of the nodes of one graph (`NIRGraphData`), by name of the node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GraphData {
    /// By name.
    pub nodes: BTreeMap<String, NodeData>,
}

/// Recordings of one node.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeData {
    /// Of a nested graph.
    Graph(GraphData),
    /// Of a node (`NIRNodeData`), by name of the observable, such as "spikes" or "v".
    Node(BTreeMap<String, Observable>),
}

/// One recorded quantity.
#[derive(Debug, Clone, PartialEq)]
pub enum Observable {
    /// A value at each time step.
    TimeGridded(TimeGridded),
    /// Events without a value (`EventData`).
    Events(EventSamples<()>),
    /// Events with a value each (`ValuedEventData`).
    ValuedEvents(EventSamples<f64>),
}

/// A quantity on a grid of times (`TimeGriddedData`).
#[derive(Debug, Clone, PartialEq)]
pub struct TimeGridded {
    /// Values \[samples, time steps, neurons\].
    pub values: Grid,
    /// Length of a time step, above 0 \[s\].
    pub dt_s: f64,
}

/// Values on a grid.
#[derive(Debug, Clone, PartialEq)]
pub enum Grid {
    /// Whether a neuron spikes.
    Spikes {
        /// \[samples, time steps, neurons\].
        dims: [usize; 3],
        /// Row-major.
        data: Vec<bool>,
    },
    /// Numbers, such as potentials or counts.
    Numbers(Tensor),
}

/// Events of several samples; `V` is what each carries.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSamples<V> {
    /// The events of each sample, in the order of the file.
    pub samples: Vec<Vec<TimedEvent<V>>>,
    /// Neurons of the node.
    pub neurons: usize,
    /// Length of the recording \[s\].
    pub t_max_s: f64,
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedEvent<V> {
    /// Index of the neuron.
    pub neuron: usize,
    /// When, from 0 to the length of the recording \[s\].
    pub time_s: f64,
    /// What it carries.
    pub value: V,
}

/// The time step in which an event lies: ⌊time / dt⌋, as `nir` rounds.
///
/// A time on the border of two steps may fall into the earlier one, as 0.3 / 0.1 is below 3.
pub fn time_step(time_s: f64, dt_s: f64) -> u64 {
    (time_s / dt_s).floor() as u64
}

/// Reads recordings.
///
/// # Errors
/// The file, and all that is wrong with it.
pub fn read(path: &Path) -> Result<GraphData, NirError> {
    super::read_with(path, decode)
}

/// Writes recordings to `path`, replacing what is there.
///
/// # Errors
/// The file, and what is wrong with the recordings.
pub fn write(data: &GraphData, path: &Path) -> Result<(), NirError> {
    super::write_with(path, || encode(data))
}

/// Recordings from the bytes of a file.
///
/// # Errors
/// All that is missing, malformed or contradictory.
pub fn decode(bytes: Vec<u8>) -> Result<GraphData, NirProblem> {
    let file = Hdf5File::new(bytes)?;
    let root = file.root();
    let kind = root.attributes()?;
    match kind.str("__type__") {
        Ok("NIRGraphData") => {}
        Ok(other) => {
            return Err(NirProblem::NotNir(format!(
                "its root is a \"{other}\", expected NIRGraphData"
            )));
        }
        Err(problem) => return Err(NirProblem::NotNir(problem.to_string())),
    }
    let mut reader = Reader {
        problems: Vec::new(),
    };
    let data = reader.graph(&root, "", 0);
    if reader.problems.is_empty() {
        Ok(data)
    } else {
        Err(NirProblem::Nodes(reader.problems))
    }
}

struct Reader {
    problems: Vec<NodeProblem>,
}

/// Why one observable cannot be used.
enum Fault {
    Hdf5(Hdf5Problem),
    Content(String),
}

impl From<Hdf5Problem> for Fault {
    fn from(problem: Hdf5Problem) -> Self {
        Fault::Hdf5(problem)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Hdf5(problem) => problem.fmt(f),
            Fault::Content(reason) => f.write_str(reason),
        }
    }
}

impl Reader {
    fn problem(&mut self, node: &str, kind: &str, reason: impl ToString) {
        self.problems.push(NodeProblem {
            node: node.into(),
            primitive: kind.into(),
            reason: reason.to_string(),
        });
    }

    /// The groups inside `name` of a group.
    fn inner<'a>(
        &mut self,
        group: &Hdf5Group<'a>,
        name: &str,
        node: &str,
    ) -> BTreeMap<String, Hdf5Group<'a>> {
        let inner = group
            .groups()
            .and_then(|mut groups| match groups.remove(name) {
                Some(inner) => inner.groups().map(Some),
                None => Ok(None),
            });
        match inner {
            Ok(Some(groups)) => {
                for name in groups.keys().filter(|name| !storable(name)) {
                    self.problem(node, "", format!("{name:?} is no name in an HDF5 file"));
                }
                return groups;
            }
            Ok(None) => self.problem(node, "", format!("it has no group \"{name}\"")),
            Err(problem) => self.problem(node, "", problem),
        }
        BTreeMap::new()
    }

    fn graph(&mut self, group: &Hdf5Group, path: &str, depth: usize) -> GraphData {
        let mut data = GraphData::default();
        if depth > MAX_NESTING {
            self.problem(
                path,
                "NIRGraphData",
                format!("graphs are nested more than {MAX_NESTING} deep, or contain themselves"),
            );
            return data;
        }
        for (name, group) in self.inner(group, "nodes", path) {
            let full = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let attributes = group.attributes();
            let kind = attributes.as_ref().map_err(ToString::to_string);
            match kind.and_then(|a| a.str("__type__").map_err(|e| e.to_string())) {
                Ok("NIRNodeData") => {
                    let node = self.node(&group, &full);
                    data.nodes.insert(name, NodeData::Node(node));
                }
                Ok("NIRGraphData") => {
                    let graph = self.graph(&group, &full, depth + 1);
                    data.nodes.insert(name, NodeData::Graph(graph));
                }
                Ok(other) => self.problem(
                    &full,
                    other,
                    "unknown type; expected NIRNodeData or NIRGraphData",
                ),
                Err(reason) => self.problem(&full, "", reason),
            }
        }
        data
    }

    fn node(&mut self, group: &Hdf5Group, path: &str) -> BTreeMap<String, Observable> {
        let mut observables = BTreeMap::new();
        for (name, group) in self.inner(group, "observables", path) {
            match observable(&group) {
                Ok(observable) => {
                    observables.insert(name, observable);
                }
                Err(fault) => self.problem(path, "", format!("observable \"{name}\": {fault}")),
            }
        }
        observables
    }
}

fn observable(group: &Hdf5Group) -> Result<Observable, Fault> {
    let attributes = group.attributes()?;
    let mut datasets = group.datasets()?;
    let mut take = |name: &str| {
        let found = datasets.remove(name);
        found.ok_or_else(|| Fault::Content(format!("dataset \"{name}\" is missing")))
    };
    let observable = match attributes.str("__type__")? {
        "TimeGriddedData" => Observable::TimeGridded(grid(&take("data")?, &attributes)?),
        "EventData" => {
            let (idx, time) = (take("idx")?, take("time")?);
            Observable::Events(events(&idx, &time, None, &attributes, |_| ())?)
        }
        "ValuedEventData" => {
            let (idx, time) = (take("idx")?, take("time")?);
            let (dims, values) = take("value")?.numbers()?;
            Observable::ValuedEvents(events(&idx, &time, Some(&dims), &attributes, |at| {
                values[at]
            })?)
        }
        other => {
            return Err(Fault::Content(format!(
                "unknown type \"{other}\"; expected TimeGriddedData, EventData or ValuedEventData"
            )));
        }
    };
    if let Some(name) = datasets.keys().next() {
        return Err(Fault::Content(format!(
            "unknown dataset \"{name}\"; remove it"
        )));
    }
    check(&observable).map_err(Fault::Content)?;
    Ok(observable)
}

fn grid(data: &Hdf5Dataset, attributes: &Attributes) -> Result<TimeGridded, Fault> {
    let rank = |dims: Vec<usize>| {
        <[usize; 3]>::try_from(dims).map_err(|dims| {
            Fault::Content(format!(
                "data has the shape {dims:?}, expected [samples, time steps, neurons]"
            ))
        })
    };
    let values = if data.is_bool()? {
        let (dims, data) = data.bools()?;
        Grid::Spikes {
            dims: rank(dims)?,
            data,
        }
    } else {
        let (dims, data) = data.numbers()?;
        Grid::Numbers(Tensor {
            dims: rank(dims)?.to_vec(),
            data,
        })
    };
    Ok(TimeGridded {
        values,
        dt_s: attributes.f64("dt")?,
    })
}

fn events<V>(
    idx: &Hdf5Dataset,
    time: &Hdf5Dataset,
    value_dims: Option<&[usize]>,
    attributes: &Attributes,
    value: impl Fn(usize) -> V,
) -> Result<EventSamples<V>, Fault> {
    let (dims, indices) = idx.numbers()?;
    let (time_dims, times) = time.numbers()?;
    let [samples, slots] = dims[..] else {
        return Err(Fault::Content(format!(
            "idx has the shape {dims:?}, expected [samples, events]"
        )));
    };
    for (name, other) in [("time", Some(time_dims.as_slice())), ("value", value_dims)] {
        if let Some(other) = other.filter(|other| *other != dims) {
            return Err(Fault::Content(format!(
                "idx has the shape {dims:?}, but {name} {other:?}"
            )));
        }
    }
    let mut found: Vec<Vec<TimedEvent<V>>> = Vec::new();
    for sample in 0..samples {
        let mut list = Vec::new();
        for at in sample * slots..(sample + 1) * slots {
            let (index, time_s) = (indices[at], times[at]);
            if index == -1.0 {
                if time_s != f64::INFINITY {
                    return Err(Fault::Content(format!(
                        "slot {at} has the time {time_s} but no neuron; a slot without an event has the time inf"
                    )));
                }
                continue;
            }
            if index < 0.0 || index.fract() != 0.0 {
                return Err(Fault::Content(format!("idx: {index} is no neuron")));
            }
            list.push(TimedEvent {
                neuron: index as usize,
                time_s,
                value: value(at),
            });
        }
        found.push(list);
    }
    Ok(EventSamples {
        samples: found,
        neurons: attributes.usize("n_neurons")?,
        t_max_s: attributes.f64("t_max")?,
    })
}

/// What contradicts itself in an observable.
fn check(observable: &Observable) -> Result<(), String> {
    match observable {
        Observable::TimeGridded(TimeGridded { values, dt_s }) => {
            if !(*dt_s > 0.0 && dt_s.is_finite()) {
                return Err(format!("dt is {dt_s}, not above 0"));
            }
            let (dims, len) = match values {
                Grid::Spikes { dims, data } => (&dims[..], data.len()),
                Grid::Numbers(tensor) => (&tensor.dims[..], tensor.data.len()),
            };
            let product = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
            if dims.len() != 3 || product != Some(len) {
                return Err(format!("{len} values for the shape {dims:?}"));
            }
            match values {
                Grid::Numbers(tensor) => match tensor.data.iter().find(|v| !v.is_finite()) {
                    Some(value) => Err(format!("data holds {value}, not a finite number")),
                    None => Ok(()),
                },
                Grid::Spikes { .. } => Ok(()),
            }
        }
        Observable::Events(events) => check_events(events, |()| true),
        Observable::ValuedEvents(events) => check_events(events, |value| value.is_finite()),
    }
}

fn check_events<V: Copy>(
    events: &EventSamples<V>,
    sound: impl Fn(V) -> bool,
) -> Result<(), String> {
    let EventSamples {
        samples,
        neurons,
        t_max_s,
    } = events;
    if !(*t_max_s >= 0.0 && t_max_s.is_finite()) {
        return Err(format!("t_max is {t_max_s}, not a length"));
    }
    for (sample, list) in samples.iter().enumerate() {
        for &TimedEvent {
            neuron,
            time_s,
            value,
        } in list
        {
            if neuron >= *neurons {
                return Err(format!(
                    "sample {sample} has an event of neuron {neuron}, but n_neurons is {neurons}"
                ));
            }
            if !(0.0..=*t_max_s).contains(&time_s) {
                return Err(format!(
                    "sample {sample} has an event at {time_s} s, outside 0 to {t_max_s} s"
                ));
            }
            if !sound(value) {
                return Err(format!(
                    "sample {sample} has an event whose value is not finite"
                ));
            }
        }
    }
    Ok(())
}

/// The bytes of a file of recordings; the same recordings give the same bytes.
///
/// # Errors
/// All that contradicts itself.
pub fn encode(data: &GraphData) -> Result<Vec<u8>, NirProblem> {
    let mut problems = Vec::new();
    let mut file = FileBuilder::new();
    file.set_attr("__type__", text("NIRGraphData"));
    let mut nodes = file.create_group("nodes");
    write_nodes(&mut nodes, data, "", &bool_type()?, &mut problems);
    file.add_group(nodes.finish());
    if !problems.is_empty() {
        return Err(NirProblem::Nodes(problems));
    }
    Ok(file.finish().map_err(library("/"))?)
}

fn text(value: &str) -> AttrValue {
    AttrValue::VarLenString(value.into())
}

fn write_nodes(
    nodes: &mut GroupBuilder,
    data: &GraphData,
    path: &str,
    bools: &Datatype,
    problems: &mut Vec<NodeProblem>,
) {
    for (name, node) in &data.nodes {
        let full = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let mut reasons = Vec::new();
        if !storable(name) {
            reasons.push(String::from("an HDF5 file cannot hold this name"));
        }
        let mut group = nodes.create_group(name);
        match node {
            NodeData::Graph(graph) => {
                group.set_attr("__type__", text("NIRGraphData"));
                let mut inner = group.create_group("nodes");
                write_nodes(&mut inner, graph, &full, bools, problems);
                group.add_group(inner.finish());
            }
            NodeData::Node(observables) => {
                group.set_attr("__type__", text("NIRNodeData"));
                let mut inner = group.create_group("observables");
                for (name, observable) in observables {
                    if !storable(name) {
                        reasons.push(format!("an HDF5 file cannot hold the name \"{name}\""));
                    }
                    if let Err(reason) = check(observable) {
                        reasons.push(format!("observable \"{name}\": {reason}"));
                        continue;
                    }
                    let mut one = inner.create_group(name);
                    write_observable(&mut one, observable, bools);
                    inner.add_group(one.finish());
                }
                group.add_group(inner.finish());
            }
        }
        nodes.add_group(group.finish());
        problems.extend(reasons.into_iter().map(|reason| NodeProblem {
            node: full.clone(),
            primitive: String::new(),
            reason,
        }));
    }
}

fn write_observable(group: &mut GroupBuilder, observable: &Observable, bools: &Datatype) {
    match observable {
        Observable::TimeGridded(TimeGridded { values, dt_s }) => {
            group.set_attr("__type__", text("TimeGriddedData"));
            group.set_attr("dt", AttrValue::F64(*dt_s));
            let dataset = group.create_dataset("data");
            let dims = match values {
                Grid::Spikes { dims, data } => {
                    let bytes: Vec<u8> = data.iter().map(|&spike| spike.into()).collect();
                    dataset.with_enum_u8_data(bools.clone(), &bytes);
                    &dims[..]
                }
                Grid::Numbers(tensor) => {
                    dataset.with_f64_data(&tensor.data);
                    &tensor.dims[..]
                }
            };
            shape(dataset, dims);
        }
        Observable::Events(events) => {
            group.set_attr("__type__", text("EventData"));
            write_events(group, events);
        }
        Observable::ValuedEvents(events) => {
            group.set_attr("__type__", text("ValuedEventData"));
            let slots = write_events(group, events);
            let values: Vec<f64> = padded(events, slots, |event| event.value, 0.0);
            let dataset = group.create_dataset("value").with_f64_data(&values);
            shape(dataset, &[events.samples.len(), slots]);
        }
    }
}

/// Writes all but the values, and says how many slots each sample has.
fn write_events<V: Copy>(group: &mut GroupBuilder, events: &EventSamples<V>) -> usize {
    // One slot at least, so that samples without events keep their number.
    let slots = events
        .samples
        .iter()
        .map(Vec::len)
        .max()
        .unwrap_or(0)
        .max(1);
    let dims = [events.samples.len(), slots];
    group.set_attr("n_neurons", AttrValue::I64(events.neurons as i64));
    group.set_attr("t_max", AttrValue::F64(events.t_max_s));
    let indices: Vec<i64> = padded(events, slots, |event| event.neuron as i64, -1);
    shape(group.create_dataset("idx").with_i64_data(&indices), &dims);
    let times: Vec<f64> = padded(events, slots, |event| event.time_s, f64::INFINITY);
    shape(group.create_dataset("time").with_f64_data(&times), &dims);
    slots
}

fn padded<V, T: Copy>(
    events: &EventSamples<V>,
    slots: usize,
    get: impl Fn(&TimedEvent<V>) -> T,
    none: T,
) -> Vec<T> {
    let get = &get;
    let rows = events.samples.iter();
    rows.flat_map(|row| {
        row.iter()
            .map(get)
            .chain(std::iter::repeat(none))
            .take(slots)
    })
    .collect()
}

fn shape(dataset: &mut DatasetBuilder, dims: &[usize]) {
    let shape: Vec<u64> = dims.iter().map(|&dim| dim as u64).collect();
    dataset.with_shape(&shape);
    if dims.iter().product::<usize>() > SHORT {
        dataset.with_chunks(&chunks(dims)).with_deflate(6);
    }
}

/// How h5py stores NumPy's bool.
fn bool_type() -> Result<Datatype, Hdf5Problem> {
    EnumTypeBuilder::with_base(make_i8_type())
        .value("FALSE", 0)
        .value("TRUE", 1)
        .build()
        .map_err(|error| library("data")(error.into()))
}

fn storable(name: &str) -> bool {
    !name.is_empty() && name != "." && !name.contains(['/', '\0'])
}
