//! From counts to the bytes of a file.

use super::check::check;
use super::{SCHEMA, SavedCounts, SavedCountsProblem as Problem};
use crate::counts::{EventCounts, PopulationCounts, ProjectionCounts};
use crate::formats::hdf5_file::library;
use crate::network::{Axis, BitRows, Edge, Node, Pattern, Role, Shape, Topology};
use hdf5::{AttrValue, DatasetBuilder, FileBuilder, GroupBuilder};

/// The bytes of the file that [`save`](super::save) writes.
///
/// # Errors
/// The contradiction in the counts, if there is one.
pub fn encode(saved: &SavedCounts) -> Result<Vec<u8>, Problem> {
    check(saved)?;
    encode_unchecked(saved)
}

/// As [`encode`]; contradictions are written as they are.
pub(super) fn encode_unchecked(saved: &SavedCounts) -> Result<Vec<u8>, Problem> {
    let SavedCounts {
        counts,
        others,
        dense,
        report_context,
    } = saved;
    let mut file = FileBuilder::new();
    file.set_attr("schema", text(SCHEMA));
    for (name, value) in sizes(counts) {
        file.set_attr(name, value);
    }
    if let Some(macs) = saved.dense.pruned_macs {
        file.set_attr("pruned_macs", AttrValue::U64(macs));
    }
    file.set_attr("dense_layers", number(dense.layers.len()));
    file.create_dataset("report_context")
        .with_vlen_strings(&[report_context])
        .with_shape(&[]);
    for name in GROUPS {
        let mut group = file.create_group(name);
        write_counts(&mut group, name, counts);
        file.add_group(group.finish());
    }

    let mut group = file.create_group("dense_layers");
    for (i, layer) in dense.layers.iter().enumerate() {
        let mut one = group.create_group(&i.to_string());
        one.set_attr("name", text(&layer.name));
        one.set_attr("macs", AttrValue::U64(layer.macs));
        one.set_attr("parameters", AttrValue::U64(layer.parameters));
        one.set_attr("inputs", AttrValue::U64(layer.inputs));
        one.set_attr("outputs", AttrValue::U64(layer.outputs));
        group.add_group(one.finish());
    }
    file.add_group(group.finish());

    if !dense.effective.is_empty() {
        file.set_attr("effective_macs", number(dense.effective.len()));
        let mut group = file.create_group("effective_macs");
        for (i, found) in dense.effective.iter().enumerate() {
            let mut one = group.create_group(&i.to_string());
            one.set_attr("format", text(&found.format.to_string()));
            one.set_attr("total", AttrValue::U64(found.total));
            one.set_attr("samples", AttrValue::U64(found.samples));
            group.add_group(one.finish());
        }
        file.add_group(group.finish());
    }
    if !others.is_empty() {
        file.set_attr("formats", number(others.len()));
        let mut group = file.create_group("formats");
        for (i, other) in others.iter().enumerate() {
            let mut one = group.create_group(&i.to_string());
            one.set_attr("format", text(&other.format.to_string()));
            for (name, value) in sizes(&other.counts) {
                one.set_attr(name, value);
            }
            for name in GROUPS {
                let mut inner = one.create_group(name);
                write_counts(&mut inner, name, &other.counts);
                one.add_group(inner.finish());
            }
            group.add_group(one.finish());
        }
        file.add_group(group.finish());
    }
    Ok(file.finish().map_err(library("/"))?)
}

/// The groups of one network's counts.
const GROUPS: [&str; 2] = ["populations", "projections"];

/// The attributes beside them.
fn sizes(counts: &EventCounts) -> [(&'static str, AttrValue); 4] {
    [
        ("samples", AttrValue::U64(counts.samples)),
        ("timesteps", AttrValue::U64(counts.timesteps.into())),
        ("populations", number(counts.topology.populations.len())),
        ("projections", number(counts.topology.edges.len())),
    ]
}

/// The members of one of [`GROUPS`].
fn write_counts(group: &mut GroupBuilder, name: &str, counts: &EventCounts) {
    let Topology { populations, edges } = &counts.topology;
    if name == GROUPS[0] {
        for (i, (node, counts)) in populations.iter().zip(&counts.populations).enumerate() {
            let mut one = group.create_group(&i.to_string());
            write_population(&mut one, node, counts);
            group.add_group(one.finish());
        }
    } else {
        for (i, (edge, counts)) in edges.iter().zip(&counts.projections).enumerate() {
            let mut one = group.create_group(&i.to_string());
            write_projection(&mut one, edge, counts);
            group.add_group(one.finish());
        }
    }
}

fn text(value: &str) -> AttrValue {
    AttrValue::VarLenString(value.into())
}

fn number(value: usize) -> AttrValue {
    AttrValue::U64(value as u64)
}

fn numbers(values: &[usize]) -> AttrValue {
    AttrValue::U64Array(values.iter().map(|&v| v as u64).collect())
}

fn dims(shape: Shape) -> AttrValue {
    numbers(&[shape.channels, shape.height, shape.width])
}

fn axis(axis: Axis) -> AttrValue {
    numbers(&[
        axis.kernel,
        axis.stride,
        axis.dilation,
        axis.pad_before,
        axis.pad_after,
    ])
}

/// Compresses what is long enough to gain by it.
fn compress(dataset: &mut DatasetBuilder, len: usize) {
    const SHORT: usize = 256;
    const CHUNK: usize = 1 << 16;
    if len > SHORT {
        dataset
            .with_chunks(&[len.min(CHUNK) as u64])
            .with_shuffle()
            .with_deflate(6);
    }
}

fn write_u64s(group: &mut GroupBuilder, name: &str, values: &[u64]) {
    let dataset = group.create_dataset(name).with_u64_data(values);
    compress(dataset, values.len());
}

fn write_population(group: &mut GroupBuilder, node: &Node, counts: &PopulationCounts) {
    let role = match node.role {
        Role::Input => "input",
        Role::Spiking => "spiking",
        Role::Pooling => "pooling",
        Role::Readout => "readout",
    };
    group.set_attr("name", text(&node.name));
    group.set_attr("role", text(role));
    if counts.leak_updates > 0 {
        group.set_attr("leak_updates", AttrValue::U64(counts.leak_updates));
    }
    let negative = &counts.negative_spikes_per_timestep;
    let total: u64 = negative.iter().sum();
    if total > 0 {
        group.set_attr("negative_spikes", AttrValue::U64(total));
        write_u64s(group, "negative_spikes_per_timestep", negative);
    }
    let shape: Vec<u64> = node.shape.dims().iter().map(|&d| d as u64).collect();
    write_u64s(group, "shape", &shape);
    for (name, values) in [("spikes", &counts.spikes), ("touched", &counts.touched)] {
        write_u64s(group, name, &node.shape.to_channels_first(values));
    }
    write_u64s(group, "spikes_per_timestep", &counts.spikes_per_timestep);
    write_u64s(group, "touched_per_timestep", &counts.touched_per_timestep);
    write_u64s(group, "active_per_timestep", &counts.active_per_timestep);
}

fn write_projection(group: &mut GroupBuilder, edge: &Edge, counts: &ProjectionCounts) {
    group.set_attr("source", number(edge.source));
    group.set_attr("target", number(edge.target));
    group.set_attr("macs_once", AttrValue::U64(counts.macs_once));
    if edge.delay > 0 {
        group.set_attr("delay", AttrValue::U64(edge.delay.into()));
    }
    write_u64s(group, "synops_per_timestep", &counts.synops_per_timestep);
    write_u64s(group, "macs_per_timestep", &counts.macs_per_timestep);

    let pooling = &edge.connectivity.pooling;
    group.set_attr("pooling", number(usize::from(pooling.is_some())));
    if let Some(pooling) = pooling {
        group.set_attr("pooling_input", dims(pooling.input));
        group.set_attr("pooling_output", dims(pooling.output));
        group.set_attr("pooling_vertical", axis(pooling.window.vertical));
        group.set_attr("pooling_horizontal", axis(pooling.window.horizontal));
    }
    match &edge.connectivity.pattern {
        Pattern::Dense {
            sources,
            targets,
            present,
        } => {
            group.set_attr("pattern", text("dense"));
            group.set_attr("sources", number(*sources));
            group.set_attr("targets", number(*targets));
            write_present(group, present.as_ref());
        }
        Pattern::Convolution {
            convolution,
            present,
        } => {
            group.set_attr("pattern", text("convolution"));
            group.set_attr("input", dims(convolution.input));
            group.set_attr("output", dims(convolution.output));
            group.set_attr("vertical", axis(convolution.window.vertical));
            group.set_attr("horizontal", axis(convolution.window.horizontal));
            group.set_attr("groups", number(convolution.groups));
            write_present(group, present.as_ref());
        }
        Pattern::Sparse {
            neurons,
            starts,
            targets,
        } => {
            group.set_attr("pattern", text("sparse"));
            group.set_attr("neurons", number(*neurons));
            write_u64s(group, "starts", starts);
            let dataset = group.create_dataset("targets").with_u32_data(targets);
            compress(dataset, targets.len());
        }
    }
}

fn write_present(group: &mut GroupBuilder, present: Option<&BitRows>) {
    group.set_attr("all_present", number(usize::from(present.is_none())));
    if let Some(rows) = present {
        write_u64s(group, "present", rows.words());
    }
}
