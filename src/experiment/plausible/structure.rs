//! Structure: edges stated twice, nodes that do nothing, weights that a number format cannot hold.

use super::warning;
use crate::experiment::loaded::LoadedNetwork;
use crate::network::{Network, Role, Weights};
use crate::neuron::Neuron;
use crate::result::Warning;

/// Largest weight of a Loihi synapse, in weight units: eight bits and an exponent of at most 7.
///
/// Source: M. Davies et al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE
/// Micro 38:82–99, 2018; `weight_exp` of Intel's Lava.
const LARGEST_UNITS: f64 = 32_768.0;

/// Share of the weights of a projection that may be lost to rounding without a word.
const LOST: f64 = 0.5;

/// Steps of an 8-bit weight on one side of 0.
const STEPS: f32 = 127.0;

/// Edges that are stated twice count twice.
pub(super) fn repeated(loaded: &LoadedNetwork) -> Option<Warning> {
    let repeated = &loaded.stated.repeated;
    (!repeated.is_empty()).then(|| {
        warning(
            "repeated-edges",
            format!(
                "edges are stated more than once, and count as often: {}; if that is not meant \
                 (some exporters list an edge twice), remove the others from the file",
                named(repeated)
            ),
        )
    })
}

/// Nodes without a way from an input or to an output.
pub(super) fn disconnected(loaded: &LoadedNetwork) -> Vec<Warning> {
    let undriven = undriven(&loaded.network);
    let unreached = match loaded.stated.unreached.is_empty() {
        true => &undriven,
        false => &loaded.stated.unreached,
    };
    let of = |nodes: &[String], what: &str| {
        (!nodes.is_empty()).then(|| {
            warning(
                "disconnected-nodes",
                format!(
                    "{what}: {}; an edge is probably missing in the file, and the energy is that of \
                     another network",
                    named(nodes)
                ),
            )
        })
    };
    [
        of(unreached, "no input reaches these nodes"),
        of(
            &loaded.stated.unread,
            "no output is reached from these nodes",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Populations that nothing drives.
fn undriven(network: &Network) -> Vec<String> {
    let is_driven = |index: usize| {
        let population = &network.populations[index];
        matches!(population.neuron, Neuron::Input)
            || population.poisson.is_some()
            || population.bias.iter().any(|&bias| bias != 0.0)
            || network.projections.iter().any(|one| one.target == index)
    };
    let count = network.populations.len();
    let undriven = (0..count).filter(|&index| count > 1 && !is_driven(index));
    let spiking = undriven.filter(|&index| network.populations[index].role() == Role::Spiking);
    spiking
        .map(|index| network.populations[index].name.clone())
        .collect()
}

/// Weights beyond what integers of the chip hold, or too small for one of them.
pub(super) fn fixed_point(loaded: &LoadedNetwork) -> Option<Warning> {
    let scale = loaded.options.fixed_point?.weight_scale;
    let network = &loaded.network;
    let mut found = Vec::new();
    for one in &network.projections {
        let units = |weight: f32| f64::from(weight).abs() * scale;
        let [mut largest, mut nonzero, mut lost] = [0.0f64, 0.0, 0.0];
        for_each(&one.weights, |weight| {
            largest = largest.max(units(weight));
            nonzero += f64::from(u8::from(weight != 0.0));
            lost += f64::from(u8::from(weight != 0.0 && units(weight) < 1.0));
        });
        let target = &network.populations[one.target].name;
        if largest >= LARGEST_UNITS {
            found.push(format!(
                "into \"{target}\" up to {largest:.0} weight units, of {LARGEST_UNITS:.0} that fit"
            ));
        } else if lost > LOST * nonzero {
            found.push(format!(
                "into \"{target}\" {:.0} % of the weights below one weight unit, 1/{scale} V",
                100.0 * lost / nonzero
            ));
        }
    }
    (!found.is_empty()).then(|| {
        warning(
            "weights-out-of-range",
            format!(
                "weights do not suit the integers of the chip: {}; scale weights and thresholds \
                 together, so that the largest weight is near 1 V",
                found.join(", ")
            ),
        )
    })
}

/// Weights of which eight bits would lose most.
pub(super) fn wide(network: &Network) -> Option<Warning> {
    let mut found = Vec::new();
    for one in &network.projections {
        let mut largest = 0.0f32;
        for_each(&one.weights, |weight| largest = largest.max(weight.abs()));
        let [mut nonzero, mut lost] = [0.0, 0.0];
        for_each(&one.weights, |weight| {
            nonzero += f64::from(u8::from(weight != 0.0));
            let is_lost = weight != 0.0 && weight.abs() < 0.5 * largest / STEPS;
            lost += f64::from(u8::from(is_lost));
        });
        if lost > LOST * nonzero {
            let target = &network.populations[one.target].name;
            found.push(format!(
                "{:.0} % of those into \"{target}\", whose largest is {largest}",
                100.0 * lost / nonzero
            ));
        }
    }
    (!found.is_empty()).then(|| {
        warning(
            "weights-wide-range",
            format!(
                "with 8-bit weights most would be 0: {}; on chips that hold 8 bits the network \
                 does something else; look for single large weights, or train with quantisation",
                found.join(", ")
            ),
        )
    })
}

fn for_each(weights: &Weights, mut visit: impl FnMut(f32)) {
    for index in 0..weights.count().unwrap_or(1) {
        visit(weights.get(index));
    }
}

/// The first of many names.
fn named(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let mut shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        shown += &format!(" and {} more", names.len() - SHOWN);
    }
    shown
}
