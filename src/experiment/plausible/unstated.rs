//! What a NIR file has no place for, and the flag that says it.

use super::warning;
use crate::experiment::loaded::LoadedNetwork;
use crate::neuron::Neuron;
use crate::result::Warning;

/// Choices that the framework's layers make otherwise than its importer of NIR files, unless stated.
pub(super) fn of_file(loaded: &LoadedNetwork) -> Vec<Warning> {
    let Some(stated) = &loaded.chosen else {
        return Vec::new();
    };
    let (preset, populations) = (loaded.preset, loaded.network.populations.iter());
    let models: Vec<&str> = populations
        .filter_map(|population| match &population.neuron {
            Neuron::Model(model) => Some(model.name()),
            _ => None,
        })
        .collect();
    let leaky = models.iter().any(|name| ["lif", "cuba_lif"].contains(name));
    let late = preset.name == "snntorch" && stated.reset.is_none() && leaky;
    let scaled = preset.name == "sinabs" && stated.norm_input.is_none() && models.contains(&"lif");
    let reset = late.then(|| {
        warning(
            "reset-not-stated",
            "a NIR file cannot say how snnTorch's layers reset; this run resets to 0 at once, as its \
             importer does, but its layers subtract the threshold in the next timestep unless told \
             otherwise: --reset subtract --reset-timing next (reset_mechanism=\"zero\": --reset \
             value, \"none\": --reset none)"
                .to_owned(),
        )
    });
    let input = scaled.then(|| {
        warning(
            "input-scaling-not-stated",
            "a NIR file cannot say whether sinabs' LIF scales its input; this run adds it whole, as \
             its importer does, but the layer scales it by 1 - decay unless told otherwise: \
             --norm-input on (norm_input=False: --norm-input off)"
                .to_owned(),
        )
    });
    [reset, input].into_iter().flatten().collect()
}
