//! Arrays of NumPy: timestep by timestep, or held.

use super::layout::{self, Known, Reading};
use super::{Caution, Content, Labels, Parsed, Request, SpikesProblem, labels, scale};
use crate::formats::dataset::{Archive, Array, parse_npy};

/// Names under which labels are found beside the array `x`.
const LABELS: [&str; 5] = ["y", "labels", "label", "targets", "target"];

pub(super) fn npy(bytes: &[u8], request: &Request) -> Result<Parsed, SpikesProblem> {
    parse(parse_npy(bytes)?, request, None)
}

/// The array `x`, with its labels where there are such, or the only one.
pub(super) fn npz(bytes: Vec<u8>, request: &Request) -> Result<Parsed, SpikesProblem> {
    let mut archive = Archive::new(bytes)?;
    if let Some(array) = archive.array("x")? {
        let mut found = None;
        for name in LABELS {
            if let Some(labels) = archive.array(name)? {
                found = Some((name, labels));
                break;
            }
        }
        let known = ["x"]
            .into_iter()
            .chain(found.as_ref().map(|(name, _)| *name));
        let known: Vec<String> = known.map(|name| format!("{name}.npy")).collect();
        let others = archive.names();
        let others: Vec<&str> = others
            .split(", ")
            .filter(|name| !known.iter().any(|known| known == name))
            .collect();
        let labels = match found {
            Some((name, labels)) => Some(labels::of_array(name, labels)?),
            None => None,
        };
        let mut parsed = parse(array, request, labels)?;
        if !others.is_empty() {
            let others = others.join(", ").replace(".npy", "");
            parsed.cautions.push(Caution {
                code: "input-array-unused",
                message: format!(
                    "only the arrays x and y are read, not {others}; labels are called y"
                ),
            });
        }
        return Ok(parsed);
    }
    let names = archive.names();
    let only = names.strip_suffix(".npy").unwrap_or(&names);
    match archive.array(only)? {
        Some(array) => parse(array, request, None),
        None => Err(SpikesProblem::Content(format!(
            "it holds no array \"x\" and not just one; it holds {names}; name the input x"
        ))),
    }
}

/// The input, read as its own labels or, rather, those of the request say.
fn parse(array: Array, request: &Request, labels: Option<Labels>) -> Result<Parsed, SpikesProblem> {
    let labels = match request.labels {
        Some(file) => Some(labels::read(file)?),
        None => labels,
    };
    let known = Known {
        hold: request.hold,
        layout: request.layout,
        labels: labels.as_ref().map(|labels| labels.values.len()),
        timesteps: request.timesteps.map(|timesteps| timesteps as usize),
    };
    let reading = axes(&array.dims, request, known)?;
    let (values, cautions) = scale::numbers(array.values)?;
    let neurons = request.neurons();
    let samples = reading.samples.unwrap_or(1);
    debug_assert_eq!(
        values.len(),
        samples * reading.timesteps.unwrap_or(1) * neurons
    );
    let values = match (reading.time_first, reading.timesteps) {
        (true, Some(timesteps)) => samples_first(&values, samples, timesteps, neurons),
        _ => values,
    };
    Ok(Parsed {
        content: match reading.timesteps {
            Some(timesteps) => Content::Grid { values, timesteps },
            None => Content::Held(values),
        },
        samples,
        has_sample_axis: reading.samples.is_some(),
        labels,
        notes: reading.notes,
        cautions: reading.cautions.into_iter().chain(cautions).collect(),
        step_s: None,
    })
}

/// `[timestep, sample, neuron]` as `[sample, timestep, neuron]`.
fn samples_first(values: &[f32], samples: usize, timesteps: usize, neurons: usize) -> Vec<f32> {
    let mut turned = Vec::with_capacity(values.len());
    for sample in 0..samples {
        for timestep in 0..timesteps {
            let first = (timestep * samples + sample) * neurons;
            turned.extend_from_slice(&values[first..first + neurons]);
        }
    }
    turned
}

/// What the axes before the shape of the input are.
fn axes(dims: &[usize], request: &Request, known: Known) -> Result<Reading, SpikesProblem> {
    let neurons = request.neurons();
    let lead = dims
        .strip_suffix(request.dims)
        .filter(|lead| lead.len() <= 2)
        .or_else(|| dims.strip_suffix(&[neurons]));
    let reading = lead.map(|lead| layout::decide(lead, &shown(dims), known));
    match reading {
        Some(Ok(reading)) => Ok(reading),
        Some(Err(Some(why))) => Err(SpikesProblem::Content(why)),
        Some(Err(None)) | None => Err(SpikesProblem::Shape {
            have: dims.to_vec(),
            expected: expected(dims, request),
        }),
    }
}

/// `(25, 784)`.
fn shown(dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
    format!("({})", dims.join(", "))
}

/// What the network takes, and what is likely to be meant.
fn expected(dims: &[usize], request: &Request) -> String {
    let node = request.node;
    let shape: Vec<String> = request.dims.iter().map(usize::to_string).collect();
    let shape = shape.join(", ");
    if request.hold {
        return format!("\"{node}\" takes ({shape}) or (N, {shape}) when held in every timestep");
    }
    let takes = format!("\"{node}\" takes (N, T, {shape}), or (T, {shape}) with --layout t");
    if dims == request.dims {
        return format!(
            "{takes}; to give the same in every timestep, hold the input (--hold-input)"
        );
    }
    let advice = match request.dims {
        &[channels, height, width] if dims.ends_with(&[height, width, channels]) => {
            "; its channels stand last: move that axis before rows and columns"
        }
        _ if dims.first() == Some(&request.neurons()) || dims.starts_with(request.dims) => {
            "; its first axis is as long as the input is wide: transpose it"
        }
        _ => "",
    };
    format!("{takes}{advice}")
}
