//! Recordings in NIR's data format as input.

use super::events::{Event, binary, summed};
use super::{Content, Parsed, Request, SpikesProblem};
use crate::formats::hdf5_file::Hdf5File;
use crate::formats::nir::data::{self, GraphData, Grid, NodeData, Observable};
use crate::units::si;

/// Observable that is taken where a node has several.
const SPIKES: &str = "spikes";

pub(super) fn recognises(bytes: &[u8]) -> Result<bool, SpikesProblem> {
    let file = Hdf5File::new(bytes.to_vec())?;
    let root = file.root().attributes()?;
    Ok(root.str("__type__").is_ok())
}

pub(super) fn read(bytes: Vec<u8>, request: &Request) -> Result<Parsed, SpikesProblem> {
    if request.hold {
        return Err(SpikesProblem::Held);
    }
    let data = data::decode(bytes)?;
    let (name, observable) = choose(&data, request)?;
    let neurons = request.neurons();
    let mut notes = vec![format!("input is {name}")];
    let fits = |have: usize| {
        if have == neurons {
            return Ok(());
        }
        Err(SpikesProblem::Content(format!(
            "{name} is of {have} neurons, but \"{}\" takes {neurons}",
            request.node
        )))
    };
    let binned = || format!("events are binned into timesteps of {} s", request.bin_s);
    let step = |time_s| data::time_step(time_s, request.bin_s);
    let mut step_s = None;
    let (content, samples) = match observable {
        Observable::TimeGridded(grid) => {
            let (dims, values) = on_grid(grid.values)?;
            fits(dims[2])?;
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                let value = f64::from(values[index]);
                return Err(SpikesProblem::NotFinite { index, value });
            }
            notes.push(format!("it is on a grid of {}", si(grid.dt_s, "s")));
            step_s = Some(grid.dt_s);
            let timesteps = dims[1];
            (Content::Grid { values, timesteps }, dims[0])
        }
        Observable::Events(events) => {
            fits(events.neurons)?;
            notes.push(binned());
            let samples = events.samples.into_iter();
            let samples: Vec<Vec<Event>> = samples
                .map(|sample| binary(sample.iter().map(|e| (step(e.time_s), e.neuron as u32))))
                .collect();
            let count = samples.len();
            (Content::Events(samples), count)
        }
        Observable::ValuedEvents(events) => {
            fits(events.neurons)?;
            notes.push(binned());
            let event = |e: data::TimedEvent<f64>| Event {
                step: step(e.time_s),
                neuron: e.neuron as u32,
                value: e.value as f32,
            };
            let samples = events.samples.into_iter();
            let samples: Vec<Vec<Event>> = samples
                .map(|sample| summed(sample.into_iter().map(event).collect()))
                .collect();
            let mut values = samples.iter().flatten().map(|event| event.value);
            if let Some(index) = values.position(|value| !value.is_finite()) {
                let value = f64::NAN;
                return Err(SpikesProblem::NotFinite { index, value });
            }
            let count = samples.len();
            (Content::Events(samples), count)
        }
    };
    Ok(Parsed {
        content,
        samples,
        has_sample_axis: true,
        labels: None,
        notes,
        cautions: Vec::new(),
        step_s,
    })
}

/// Values on a grid with their dimensions: samples, timesteps, neurons.
fn on_grid(grid: Grid) -> Result<([usize; 3], Vec<f32>), SpikesProblem> {
    match grid {
        Grid::Spikes { dims, data } => {
            let values = data.into_iter().map(|v| f32::from(u8::from(v)));
            Ok((dims, values.collect()))
        }
        Grid::Numbers(tensor) => {
            let dims =
                <[usize; 3]>::try_from(tensor.dims).map_err(|have| SpikesProblem::Shape {
                    have,
                    expected: "a grid is [samples, timesteps, neurons]".into(),
                })?;
            Ok((dims, tensor.data.into_iter().map(|v| v as f32).collect()))
        }
    }
}

/// What the node of the network's input recorded, or the only node: its spikes, or the only
/// observable.
fn choose(data: &GraphData, request: &Request) -> Result<(String, Observable), SpikesProblem> {
    let mut found = Vec::new();
    list(data, "", &mut found);
    let names = || {
        let names: Vec<String> = found
            .iter()
            .map(|(n, key, _)| format!("{n}/{key}"))
            .collect();
        names.join(", ")
    };
    let of_input: Vec<_> = found.iter().filter(|(n, ..)| n == request.node).collect();
    let candidates = if of_input.is_empty() {
        found.iter().collect()
    } else {
        of_input
    };
    let spikes: Vec<_> = candidates
        .iter()
        .filter(|(_, key, _)| key == SPIKES)
        .collect();
    let chosen = match (&candidates[..], &spikes[..]) {
        ([only], _) => only,
        (_, [only]) => *only,
        _ => {
            return Err(SpikesProblem::Content(format!(
                "it is not clear which of its recordings is the input; record one of a node \"{}\"; it holds {}",
                request.node,
                names()
            )));
        }
    };
    let (node, key, observable) = chosen;
    Ok((
        format!("\"{key}\" of node \"{node}\""),
        (*observable).clone(),
    ))
}

fn list<'d>(data: &'d GraphData, path: &str, found: &mut Vec<(String, String, &'d Observable)>) {
    for (name, node) in &data.nodes {
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match node {
            NodeData::Graph(graph) => list(graph, &path, found),
            NodeData::Node(observables) => {
                let named = |(key, value)| (path.clone(), String::clone(key), value);
                found.extend(observables.iter().map(named));
            }
        }
    }
}
