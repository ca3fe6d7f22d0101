//! Cores that a spike is delivered to, where chips broadcast it to all neurons of a core.

use super::Hardware;
use crate::network::Topology;
use crate::result::Measure;
use std::collections::BTreeSet;

/// Cores that a spike of each population is delivered to, of `per_core` neurons each.
fn reached(topology: &Topology, per_core: u64) -> Vec<u64> {
    let joined: BTreeSet<(usize, usize)> = topology
        .edges
        .iter()
        .map(|edge| (edge.source, edge.target))
        .collect();
    let mut reached = vec![0; topology.populations.len()];
    for (source, target) in joined {
        let neurons = topology.populations[target].shape.neurons() as u64;
        reached[source] += neurons.div_ceil(per_core);
    }
    reached
}

/// Cores that a spike of each population is delivered to; `None` for a device that does not
/// broadcast spikes in its cores, or whose cores are of unknown size.
#[must_use]
pub fn broadcasts(hardware: &Hardware, topology: &Topology) -> Option<Vec<u64>> {
    let per_core = hardware.figures.get("capacity.neurons_per_core");
    let per_core = per_core.filter(|_| hardware.law.charges(Measure::Broadcasts))?;
    // A whole number above 0: checked when the file was read.
    Some(reached(topology, per_core.value.nominal as u64))
}
