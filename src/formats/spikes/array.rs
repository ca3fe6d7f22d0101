//! Arrays of NumPy: timestep by timestep, or held.

use super::{Content, Labels, Parsed, Request, SpikesProblem};
use crate::formats::dataset::{Archive, Array, ArrayValues, parse_npy};

pub(super) fn npy(bytes: &[u8], request: &Request) -> Result<Parsed, SpikesProblem> {
    parse(parse_npy(bytes)?, request)
}

/// The array `x`, with labels `y` where there are such, or the only one.
pub(super) fn npz(bytes: Vec<u8>, request: &Request) -> Result<Parsed, SpikesProblem> {
    let mut archive = Archive::new(bytes)?;
    if let Some(array) = archive.array("x")? {
        let mut parsed = parse(array, request)?;
        match archive.array("y")? {
            Some(labels) if labels.dims == [parsed.samples] => {
                let values = labels.into_labels(parsed.samples)?;
                parsed.labels = Some(Labels {
                    values,
                    source: None,
                });
            }
            Some(other) => parsed.notes.push(format!(
                "its array \"y\" {:?} is no list of {} classes and is left out",
                other.dims, parsed.samples
            )),
            None => {}
        }
        return Ok(parsed);
    }
    let names = archive.names();
    let only = names.strip_suffix(".npy").unwrap_or(&names);
    match archive.array(only)? {
        Some(array) => parse(array, request),
        None => Err(SpikesProblem::Content(format!(
            "it holds no array \"x\" and not just one; it holds {names}; name the input x"
        ))),
    }
}

fn parse(array: Array, request: &Request) -> Result<Parsed, SpikesProblem> {
    let mut notes = Vec::new();
    if let ArrayValues::U8(values) = &array.values
        && values.iter().any(|&value| value > 1)
    {
        notes.push("bytes of the input are taken as they are, not scaled to 0..1".to_owned());
    }
    let (samples, timesteps) = axes(&array.dims, request)?;
    let values = numbers(array.values)?;
    let neurons = request.neurons();
    let (has_sample_axis, samples) = (samples.is_some(), samples.unwrap_or(1));
    debug_assert_eq!(values.len(), samples * timesteps.unwrap_or(1) * neurons);
    Ok(Parsed {
        content: match timesteps {
            Some(timesteps) => Content::Grid { values, timesteps },
            None => Content::Held(values),
        },
        samples,
        has_sample_axis,
        labels: None,
        notes,
    })
}

/// Lengths of the axes of samples and of time, where there are such.
fn axes(
    dims: &[usize],
    request: &Request,
) -> Result<(Option<usize>, Option<usize>), SpikesProblem> {
    let neurons = request.neurons();
    let lead = dims
        .strip_suffix(request.dims)
        .filter(|lead| lead.len() <= 2)
        .or_else(|| dims.strip_suffix(&[neurons]));
    match (lead, request.hold) {
        (Some([]), true) => Ok((None, None)),
        (Some(&[samples]), true) => Ok((Some(samples), None)),
        (Some(&[timesteps]), false) => Ok((None, Some(timesteps))),
        (Some(&[samples, timesteps]), false) => Ok((Some(samples), Some(timesteps))),
        _ => Err(SpikesProblem::Shape {
            have: dims.to_vec(),
            expected: expected(dims, request),
        }),
    }
}

fn expected(dims: &[usize], request: &Request) -> String {
    let node = request.node;
    let shape: Vec<String> = request.dims.iter().map(usize::to_string).collect();
    let shape = shape.join(", ");
    if request.hold {
        return format!("\"{node}\" takes ({shape}) or (N, {shape}) when held in every timestep");
    }
    let advice = if dims == request.dims {
        "; to give the same in every timestep, hold the input (--hold-input)"
    } else {
        ""
    };
    format!("\"{node}\" takes (T, {shape}) or (N, T, {shape}){advice}")
}

fn numbers(values: ArrayValues) -> Result<Vec<f32>, SpikesProblem> {
    let values: Vec<f32> = match values {
        ArrayValues::U8(values) => values.into_iter().map(f32::from).collect(),
        ArrayValues::Bool(values) => values.into_iter().map(|v| f32::from(u8::from(v))).collect(),
        ArrayValues::Integer(_, values) => values.into_iter().map(|v| v as f32).collect(),
        ArrayValues::F32(values) => values,
        ArrayValues::F64(values) => values.into_iter().map(|v| v as f32).collect(),
    };
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(SpikesProblem::NotFinite {
            index,
            value: f64::from(values[index]),
        }),
        None => Ok(values),
    }
}
