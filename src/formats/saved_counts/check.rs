//! What later stages take for granted about counts, checked before writing and after reading.

use super::{SavedCounts, SavedCountsProblem as Problem};
use crate::counts::{DenseCounts, EventCounts};
use crate::network::{
    BitRows, Connectivity, Convolution, Edge, Node, Pattern, Pooling, Shape, Window,
};

/// Largest number of neurons and of any length in a geometry: neurons are numbered with u32, and
/// products of two lengths fit a u64.
const LARGEST: usize = u32::MAX as usize;

/// Number of neurons of a shape that can be computed with.
pub(super) fn check_shape(at: &str, shape: Shape) -> Result<usize, Problem> {
    shape
        .checked_neurons()
        .filter(|neurons| (1..=LARGEST).contains(neurons))
        .ok_or_else(|| Problem::inconsistent(at, format!("a population of shape {shape}")))
}

fn check_window(at: &str, input: Shape, output: Shape, window: &Window) -> Result<(), Problem> {
    check_shape(at, input)?;
    check_shape(at, output)?;
    for axis in [window.vertical, window.horizontal] {
        let lengths = [axis.kernel, axis.stride, axis.dilation];
        let pads = [axis.pad_before, axis.pad_after];
        if !lengths.iter().all(|n| (1..=LARGEST).contains(n)) || pads.iter().any(|&n| n > LARGEST) {
            return Err(Problem::inconsistent(
                at,
                format!("an impossible window: {axis:?}"),
            ));
        }
    }
    if window.outputs(input) != Some((output.height, output.width)) {
        return Err(Problem::inconsistent(
            at,
            format!("its window does not turn {input} into {output}"),
        ));
    }
    Ok(())
}

pub(super) fn check_convolution(at: &str, convolution: &Convolution) -> Result<(), Problem> {
    let Convolution {
        input,
        output,
        window,
        groups,
    } = convolution;
    check_window(at, *input, *output, window)?;
    if *groups == 0
        || !input.channels.is_multiple_of(*groups)
        || !output.channels.is_multiple_of(*groups)
    {
        return Err(Problem::inconsistent(
            at,
            format!(
                "{groups} groups of {} and {} channels",
                input.channels, output.channels
            ),
        ));
    }
    let kernel = [window.horizontal.kernel, input.channels, output.channels];
    kernel
        .iter()
        .try_fold(window.vertical.kernel, |n, &m| n.checked_mul(m))
        .map(|_| ())
        .ok_or_else(|| Problem::inconsistent(at, "its kernel is too large"))
}

fn check_present(
    at: &str,
    present: Option<&BitRows>,
    rows: usize,
    columns: usize,
) -> Result<(), Problem> {
    match present {
        Some(bits) if (bits.rows(), bits.columns()) != (rows, columns) => {
            Err(Problem::inconsistent(
                at,
                format!(
                    "presence of {} × {} synapses for {rows} × {columns}",
                    bits.rows(),
                    bits.columns()
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Everything that later stages take for granted.
pub(super) fn check(saved: &SavedCounts) -> Result<(), Problem> {
    check_text("/report_context", &saved.report_context)?;
    check_counts(&saved.counts)?;
    for other in &saved.others {
        check_counts(&other.counts)?;
    }
    check_dense(&saved.dense)
}

fn check_counts(counts: &EventCounts) -> Result<(), Problem> {
    let EventCounts {
        topology,
        timesteps,
        populations,
        projections,
        ..
    } = counts;
    let steps = *timesteps as usize;
    let count = |what: &str, expected: usize, found: usize| {
        if expected == found {
            return Ok(());
        }
        Err(Problem::inconsistent(
            "/",
            format!("counts of {found} {what}, the network has {expected}"),
        ))
    };
    count("populations", topology.populations.len(), populations.len())?;
    count("projections", topology.edges.len(), projections.len())?;
    for (i, (node, counts)) in topology.populations.iter().zip(populations).enumerate() {
        let at = format!("populations/{i}");
        let neurons = check_shape(&at, node.shape)?;
        check_text(&at, &node.name)?;
        check_values(&at, "spikes", &counts.spikes, neurons)?;
        check_values(&at, "touched", &counts.touched, neurons)?;
        for (name, values) in [
            ("spikes_per_timestep", &counts.spikes_per_timestep),
            (
                "negative_spikes_per_timestep",
                &counts.negative_spikes_per_timestep,
            ),
            ("touched_per_timestep", &counts.touched_per_timestep),
            ("active_per_timestep", &counts.active_per_timestep),
        ] {
            check_values(&at, name, values, steps)?;
        }
    }
    for (i, (edge, counts)) in topology.edges.iter().zip(projections).enumerate() {
        let at = format!("projections/{i}");
        check_edge(&at, edge, &topology.populations)?;
        check_values(
            &at,
            "synops_per_timestep",
            &counts.synops_per_timestep,
            steps,
        )?;
        check_values(&at, "macs_per_timestep", &counts.macs_per_timestep, steps)?;
    }
    Ok(())
}

fn check_dense(dense: &DenseCounts) -> Result<(), Problem> {
    let mut macs = Some(0u64);
    let mut parameters = Some(0u64);
    for (i, layer) in dense.layers.iter().enumerate() {
        check_text(&format!("dense_layers/{i}"), &layer.name)?;
        macs = macs.and_then(|sum| sum.checked_add(layer.macs));
        parameters = parameters.and_then(|sum| sum.checked_add(layer.parameters));
    }
    match (macs, parameters) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err(Problem::inconsistent(
            "dense_layers",
            "its sums exceed 64 bits",
        )),
    }
}

/// HDF5 ends strings at a NUL.
fn check_text(at: &str, text: &str) -> Result<(), Problem> {
    match text.contains('\0') {
        true => Err(Problem::inconsistent(at, "a text with a NUL character")),
        false => Ok(()),
    }
}

fn check_values(at: &str, name: &str, values: &[u64], len: usize) -> Result<(), Problem> {
    let at = format!("{at}/{name}");
    if values.len() != len {
        let problem = format!("{} values, expected {len}", values.len());
        return Err(Problem::inconsistent(&at, problem));
    }
    values
        .iter()
        .try_fold(0u64, |sum, &value| sum.checked_add(value))
        .map(|_| ())
        .ok_or_else(|| Problem::inconsistent(&at, "its sum exceeds 64 bits"))
}

fn check_edge(at: &str, edge: &Edge, populations: &[Node]) -> Result<(), Problem> {
    let node = |index: usize| {
        populations
            .get(index)
            .ok_or_else(|| Problem::inconsistent(at, format!("there is no population {index}")))
    };
    let (from, to) = (node(edge.source)?, node(edge.target)?);
    let Connectivity { pooling, pattern } = &edge.connectivity;
    // Sources of the pattern, which are those of the projection where nothing is pooled.
    let pattern_sources = match pattern {
        Pattern::Dense {
            sources,
            targets,
            present,
        } => {
            check_shape(at, Shape::vector(*sources))?;
            check_shape(at, Shape::vector(*targets))?;
            check_present(at, present.as_ref(), *sources, *targets)?;
            *sources
        }
        Pattern::Convolution {
            convolution,
            present,
        } => {
            check_convolution(at, convolution)?;
            let (rows, columns) = (convolution.kernel_rows(), convolution.outputs_per_group());
            check_present(at, present.as_ref(), rows, columns)?;
            convolution.input.neurons()
        }
        Pattern::Sparse {
            neurons,
            starts,
            targets,
        } => {
            let rows = starts.first() == Some(&0)
                && starts.is_sorted()
                && starts.last() == Some(&(targets.len() as u64));
            if !rows {
                let problem = format!(
                    "not the ascending starts of rows of {} synapses",
                    targets.len()
                );
                return Err(Problem::inconsistent(&format!("{at}/starts"), problem));
            }
            if let Some(target) = targets.iter().find(|&&t| t as usize >= *neurons) {
                let problem = format!("target {target} of {neurons} neurons");
                return Err(Problem::inconsistent(&format!("{at}/targets"), problem));
            }
            starts.len() - 1
        }
    };
    if let Some(Pooling {
        input,
        output,
        window,
    }) = pooling
    {
        check_window(at, *input, *output, window)?;
        if input.channels != output.channels
            || !window.is_disjoint()
            || output.neurons() != pattern_sources
        {
            let problem =
                format!("pooling of {input} to {output} before {pattern_sources} sources");
            return Err(Problem::inconsistent(at, problem));
        }
    }
    let (sources, targets) = (edge.connectivity.sources(), edge.connectivity.targets());
    if (sources, targets) != (from.shape.neurons(), to.shape.neurons()) {
        let problem = format!(
            "it joins {sources} to {targets} neurons, its populations have {} and {}",
            from.shape.neurons(),
            to.shape.neurons()
        );
        return Err(Problem::inconsistent(at, problem));
    }
    Ok(())
}
