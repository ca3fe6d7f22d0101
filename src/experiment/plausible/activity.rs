//! Activity: layers that never spike or always do, outputs that say nothing, answers by chance.

use super::{near_chance_share, warning};
use crate::counts::EventCounts;
use crate::engine::Outcome;
use crate::network::Role;
use crate::result::{Evaluation, Warning};

/// Spikes per neuron and timestep above which a layer is said to fire always.
const ALWAYS: f64 = 0.95;

/// Share of samples without any spike of the output above which answers mean nothing.
const MUTE: f64 = 0.5;

/// Fewest samples whose accuracy says anything.
const FEWEST: u64 = 10;

/// Layers that never spike and layers that always do; `outputs` are read.
pub(super) fn rates(counts: &EventCounts, outputs: &[usize]) -> Vec<Warning> {
    let populations = counts.topology.populations.iter();
    let spiking = populations.zip(&counts.populations).enumerate();
    let spiking = spiking.filter(|(_, (node, _))| node.role == Role::Spiking);
    let (mut silent, mut full) = (Vec::new(), Vec::new());
    for (index, (node, population)) in spiking {
        let spikes = population.spikes.sum();
        let chances = node.shape.neurons() as f64 * f64::from(counts.timesteps);
        let rate = spikes as f64 / (chances * counts.samples as f64);
        let role = if outputs.contains(&index) {
            " (the output)"
        } else {
            ""
        };
        if spikes == 0 {
            silent.push(format!("\"{}\"{role}", node.name));
        } else if rate >= ALWAYS {
            full.push(format!("\"{}\"{role}, {:.1} %", node.name, 100.0 * rate));
        }
    }
    let silence = (!silent.is_empty()).then(|| {
        warning(
            "never-spikes",
            format!(
                "no neuron of {} ever spikes: the energy is that of a network that does not work. \
                 Likely causes: input of another scale than in training, a timestep (--dt) or \
                 preset (--preset) of another framework, thresholds or weights of another unit",
                silent.join(", ")
            ),
        )
    });
    let saturation = (!full.is_empty()).then(|| {
        warning(
            "always-spikes",
            format!(
                "neurons spike in nearly every timestep: {}. Likely causes: input that is not \
                 scaled (pixels of 0 to 255), r = 1/dt that is not multiplied by dt (--preset), \
                 thresholds of another unit",
                full.join(", ")
            ),
        )
    });
    silence.into_iter().chain(saturation).collect()
}

/// Samples for which the output does not spike, though it does for others.
pub(super) fn mute(outcomes: &[Outcome]) -> Option<Warning> {
    let is_mute = |outcome: &&Outcome| outcome.output.iter().all(|&count| count == 0.0);
    let mute = outcomes.iter().filter(is_mute).count();
    let (mute, all) = (mute as f64, outcomes.len() as f64);
    (mute > MUTE * all && mute < all).then(|| {
        warning(
            "output-silent",
            format!(
                "the output spikes for no class in {mute} of {all} samples, which count as class 0: \
                 more timesteps, or the input and conventions of training, may be missing"
            ),
        )
    })
}

/// A spiking network that answers by chance, or the same for every sample.
pub(super) fn chance(
    evaluation: &Evaluation,
    classes: usize,
    answers: &[u32],
    causes: &str,
) -> Option<Warning> {
    evaluation.correct?;
    let share = evaluation.share()?;
    let chance = 1.0 / classes.max(1) as f64;
    if evaluation.samples < FEWEST || share.value >= near_chance_share(classes) {
        return None;
    }
    let same = match answers {
        [first, rest @ ..] if rest.iter().all(|answer| answer == first) => {
            format!("; every sample is answered with class {first}")
        }
        _ => String::new(),
    };
    Some(warning(
        "spiking-near-chance",
        format!(
            "the spiking network answers {:.1} % right, where guessing gives {:.1} %{same}: it does \
             hardly what was trained ({causes})",
            100.0 * share.value,
            100.0 * chance
        ),
    ))
}
