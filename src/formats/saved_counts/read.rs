//! From the bytes of a file to counts; nothing in the file is trusted.

use super::check::{check, check_convolution, check_shape};
use super::{SCHEMA, SavedCounts, SavedCountsProblem as Problem};
use crate::counts::{
    DenseCounts, DenseLayer, EffectiveMacs, EventCounts, FormatCounts, NumberFormat,
    PopulationCounts, ProjectionCounts,
};
use crate::formats::hdf5_file::{Attributes, Hdf5File};
use crate::network::{
    Axis, BitRows, Connectivity, Convolution, Edge, Node, Pattern, Pooling, Role, Shape, Topology,
    Window,
};

/// Counts from the bytes of a file.
///
/// # Errors
/// What is missing, malformed or contradictory.
pub fn decode(bytes: Vec<u8>) -> Result<SavedCounts, Problem> {
    let file = Hdf5File::new(bytes)?;
    let root = file.attributes("/")?;
    let schema = root.str("schema")?;
    if schema != SCHEMA {
        return Err(Problem::Schema {
            found: schema.into(),
        });
    }
    let counts = read_counts(&file, &root, "")?;
    let mut dense = DenseCounts {
        layers: Vec::new(),
        pruned_macs: root.optional_u64("pruned_macs")?,
        effective: Vec::new(),
    };
    for i in 0..root.usize("dense_layers")? {
        let layer = file.attributes(&format!("dense_layers/{i}"))?;
        dense.layers.push(DenseLayer {
            name: layer.str("name")?.into(),
            macs: layer.u64("macs")?,
            parameters: layer.u64("parameters")?,
            inputs: layer.u64("inputs")?,
            outputs: layer.u64("outputs")?,
        });
    }
    for i in 0..root.optional_u64("effective_macs")?.unwrap_or(0) {
        let path = format!("effective_macs/{i}");
        let found = file.attributes(&path)?;
        dense.effective.push(EffectiveMacs {
            format: read_format(&path, &found)?,
            total: found.u64("total")?,
            samples: found.u64("samples")?,
        });
    }
    let mut others = Vec::new();
    for i in 0..root.optional_u64("formats")?.unwrap_or(0) {
        let path = format!("formats/{i}");
        let found = file.attributes(&path)?;
        others.push(FormatCounts {
            format: read_format(&path, &found)?,
            counts: read_counts(&file, &found, &format!("{path}/"))?,
        });
    }
    let saved = SavedCounts {
        counts,
        others,
        dense,
        report_context: file.string("report_context")?,
    };
    check(&saved)?;
    Ok(saved)
}

fn read_format(path: &str, attributes: &Attributes) -> Result<NumberFormat, Problem> {
    let name = attributes.str("format")?;
    name.parse()
        .map_err(|reason| Problem::inconsistent(path, reason))
}

/// Counts of one network; `below` is the group that they stand in, with its slash.
fn read_counts(
    file: &Hdf5File,
    attributes: &Attributes,
    below: &str,
) -> Result<EventCounts, Problem> {
    let steps = attributes.u64("timesteps")?;
    let timesteps = u32::try_from(steps).map_err(|_| {
        Problem::inconsistent(
            &format!("/{below}@timesteps"),
            format!("{steps} are too many"),
        )
    })?;
    let steps = timesteps as usize;
    let mut topology = Topology {
        populations: Vec::new(),
        edges: Vec::new(),
    };
    let mut populations = Vec::new();
    for i in 0..attributes.usize("populations")? {
        let (node, counts) = read_population(file, &format!("{below}populations/{i}"), steps)?;
        topology.populations.push(node);
        populations.push(counts);
    }
    let mut projections = Vec::new();
    for i in 0..attributes.usize("projections")? {
        let (edge, counts) = read_projection(file, &format!("{below}projections/{i}"), steps)?;
        topology.edges.push(edge);
        projections.push(counts);
    }
    Ok(EventCounts {
        topology,
        samples: attributes.u64("samples")?,
        timesteps,
        populations,
        projections,
    })
}

fn read_population(
    file: &Hdf5File,
    path: &str,
    steps: usize,
) -> Result<(Node, PopulationCounts), Problem> {
    let attributes = file.attributes(path)?;
    let role = match attributes.str("role")? {
        "input" => Role::Input,
        "spiking" => Role::Spiking,
        "pooling" => Role::Pooling,
        "readout" => Role::Readout,
        other => {
            return Err(Problem::inconsistent(
                path,
                format!("unknown role \"{other}\""),
            ));
        }
    };
    let stored = file.u64s(&format!("{path}/shape"))?;
    let dims: Option<Vec<usize>> = stored.iter().map(|&d| usize::try_from(d).ok()).collect();
    let shape = match dims.as_deref() {
        Some(&[n]) => Shape::vector(n),
        Some(&[c, h, w]) => Shape::maps(c, h, w),
        _ => return Err(Problem::inconsistent(path, format!("shape {stored:?}"))),
    };
    let neurons = check_shape(path, shape)?;
    let per_neuron = |name: &str| -> Result<Vec<u64>, Problem> {
        let values = file.u64s_of(&format!("{path}/{name}"), neurons)?;
        Ok(shape.to_channels_last(&values))
    };
    let per_step = |name: &str| file.u64s_of(&format!("{path}/{name}"), steps);
    let negative_spikes_per_timestep = match attributes.optional_u64("negative_spikes")? {
        Some(_) => per_step("negative_spikes_per_timestep")?,
        None => vec![0; steps],
    };
    let counts = PopulationCounts {
        negative_spikes_per_timestep,
        spikes: per_neuron("spikes")?.into(),
        touched: per_neuron("touched")?.into(),
        spikes_per_timestep: per_step("spikes_per_timestep")?,
        touched_per_timestep: per_step("touched_per_timestep")?,
        active_per_timestep: per_step("active_per_timestep")?,
        leak_updates: attributes.optional_u64("leak_updates")?.unwrap_or(0),
    };
    let node = Node {
        name: attributes.str("name")?.into(),
        shape,
        role,
    };
    Ok((node, counts))
}

fn read_projection(
    file: &Hdf5File,
    path: &str,
    steps: usize,
) -> Result<(Edge, ProjectionCounts), Problem> {
    let attributes = file.attributes(path)?;
    let per_step = |name: &str| file.u64s_of(&format!("{path}/{name}"), steps);
    let counts = ProjectionCounts {
        synops_per_timestep: per_step("synops_per_timestep")?,
        macs_per_timestep: per_step("macs_per_timestep")?,
        macs_once: attributes.u64("macs_once")?,
    };
    let pooling = if flag(&attributes, "pooling")? {
        Some(Pooling {
            input: shape(&attributes, "pooling_input")?,
            output: shape(&attributes, "pooling_output")?,
            window: window(&attributes, "pooling_")?,
        })
    } else {
        None
    };
    let present = |columns: usize| -> Result<Option<BitRows>, Problem> {
        if flag(&attributes, "all_present")? {
            return Ok(None);
        }
        let at = format!("{path}/present");
        let words = file.u64s(&at)?;
        let rows = BitRows::from_words(columns, words).ok_or_else(|| {
            Problem::inconsistent(&at, format!("no whole rows of {columns} bits"))
        })?;
        Ok(Some(rows))
    };
    let pattern = match attributes.str("pattern")? {
        "dense" => {
            let targets = attributes.usize("targets")?;
            check_shape(path, Shape::vector(targets))?;
            Pattern::Dense {
                sources: attributes.usize("sources")?,
                targets,
                present: present(targets)?,
            }
        }
        "convolution" => {
            let convolution = Convolution {
                input: shape(&attributes, "input")?,
                output: shape(&attributes, "output")?,
                window: window(&attributes, "")?,
                groups: attributes.usize("groups")?,
            };
            check_convolution(path, &convolution)?;
            Pattern::Convolution {
                convolution,
                present: present(convolution.outputs_per_group())?,
            }
        }
        "sparse" => Pattern::Sparse {
            neurons: attributes.usize("neurons")?,
            starts: file.u64s(&format!("{path}/starts"))?,
            targets: file.u32s(&format!("{path}/targets"))?.into(),
        },
        other => {
            return Err(Problem::inconsistent(
                path,
                format!("unknown pattern \"{other}\""),
            ));
        }
    };
    let edge = Edge {
        source: attributes.usize("source")?,
        target: attributes.usize("target")?,
        connectivity: Connectivity { pooling, pattern },
        delay: delay(path, &attributes)?,
    };
    Ok((edge, counts))
}

fn delay(path: &str, attributes: &Attributes) -> Result<u32, Problem> {
    let delay = attributes.optional_u64("delay")?.unwrap_or(0);
    u32::try_from(delay).map_err(|_| Problem::inconsistent(path, format!("delay {delay}")))
}

fn flag(attributes: &Attributes, name: &str) -> Result<bool, Problem> {
    match attributes.u64(name)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Problem::inconsistent(
            attributes.object(),
            format!("{name} is {other}, not 0 or 1"),
        )),
    }
}

fn shape(attributes: &Attributes, name: &str) -> Result<Shape, Problem> {
    let [channels, height, width] = attributes.usizes(name)?;
    Ok(Shape::maps(channels, height, width))
}

fn window(attributes: &Attributes, prefix: &str) -> Result<Window, Problem> {
    let axis = |name: &str| -> Result<Axis, Problem> {
        let [kernel, stride, dilation, pad_before, pad_after] =
            attributes.usizes(&format!("{prefix}{name}"))?;
        Ok(Axis {
            kernel,
            stride,
            dilation,
            pad_before,
            pad_after,
        })
    };
    Ok(Window {
        vertical: axis("vertical")?,
        horizontal: axis("horizontal")?,
    })
}
