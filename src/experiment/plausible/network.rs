//! Warnings about a spiking network, its input and what it did.

use super::{activity, near_chance_share, structure, time, unstated, warning};
use crate::counts::EventCounts;
use crate::engine::{Outcome, Simulation};
use crate::experiment::loaded::LoadedNetwork;
use crate::formats::spikes::SpikingInput;
use crate::network::Role;
use crate::result::{Evaluation, Warning, Workload};

/// What may be wrong with a network that was given as it spikes.
const CAUSES: &str = "compare preset and reset with its framework, scaling and order of the input \
                      with its training, and labels with its classes";

/// What may be wrong with a network that was converted.
const CONVERTED: &str = "the conversion lost it: more timesteps, or `spikewatt doctor`";

/// What is suspicious about a network, its input and what it did.
pub(in crate::experiment) fn of_network(
    loaded: &LoadedNetwork,
    input: Option<&SpikingInput>,
    counts: &EventCounts,
    outcomes: &[Outcome],
) -> Vec<Warning> {
    let cautions = input.into_iter().flat_map(|input| &input.cautions);
    let mut found: Vec<Warning> = cautions
        .map(|caution| warning(caution.code, caution.message.clone()))
        .collect();
    found.extend(time::bins(loaded, input));
    found.extend(of_structure(loaded));
    found.extend(activity::rates(counts, &loaded.outputs));
    if let [output] = loaded.outputs[..]
        && loaded.network.populations[output].role() == Role::Spiking
    {
        found.extend(activity::mute(outcomes));
    }
    found.extend(unused_labels(loaded, input));
    found
}

/// What is suspicious about a network before it runs.
pub(in crate::experiment) fn of_structure(loaded: &LoadedNetwork) -> Vec<Warning> {
    let mut found = unstated::of_file(loaded);
    found.extend(structure::disconnected(loaded));
    found.extend(time::unstable(loaded));
    found.extend(time::started(loaded));
    found.extend(structure::repeated(loaded));
    found.extend(structure::fixed_point(loaded));
    found.extend(structure::wide(&loaded.network));
    found
}

/// A spiking network whose answers are hardly better than guesses.
pub(in crate::experiment) fn of_answers(
    evaluation: &Evaluation,
    classes: Option<usize>,
    outcomes: &[Outcome],
) -> Option<Warning> {
    activity::chance(evaluation, classes?, &last_answers(outcomes), CAUSES)
}

/// The answers after the last timestep.
fn last_answers(outcomes: &[Outcome]) -> Vec<u32> {
    let answers = outcomes.iter();
    answers
        .filter_map(|outcome| outcome.predictions.last().copied())
        .collect()
}

/// What is suspicious about a converted network and what it did, if its original is none the worse.
pub(in crate::experiment) fn of_conversion(
    evaluations: &[Evaluation],
    classes: usize,
    simulation: &Simulation,
) -> Vec<Warning> {
    let of = |workload: Workload| evaluations.iter().find(|one| one.workload == workload);
    let works = of(Workload::Ann)
        .and_then(Evaluation::share)
        .is_some_and(|share| share.value >= near_chance_share(classes));
    let answers = last_answers(&simulation.outcomes);
    let chance = of(Workload::Snn)
        .filter(|_| works)
        .and_then(|snn| activity::chance(snn, classes, &answers, CONVERTED));
    let mut found = activity::rates(&simulation.counts, &[]);
    found.extend(chance);
    found
}

/// Labels without one population that answers.
fn unused_labels(loaded: &LoadedNetwork, input: Option<&SpikingInput>) -> Option<Warning> {
    let outputs = loaded.outputs.len();
    let labels = input?.labels.as_ref()?;
    (outputs != 1).then(|| {
        warning(
            "labels-unused",
            format!(
                "the {} labels are not used: the network has {outputs} outputs, and only one can \
                 answer with a class",
                labels.values.len()
            ),
        )
    })
}
