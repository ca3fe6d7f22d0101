//! Warnings about a spiking network and its input.

use super::warning;
use crate::experiment::loaded::LoadedNetwork;
use crate::formats::spikes::SpikingInput;
use crate::result::Warning;

/// What is suspicious about a network, its input and what it did.
pub(in crate::experiment) fn of_network(
    _loaded: &LoadedNetwork,
    input: Option<&SpikingInput>,
) -> Vec<Warning> {
    let cautions = input.into_iter().flat_map(|input| &input.cautions);
    let found = cautions.map(|caution| warning(caution.code, caution.message.clone()));
    found.collect()
}
