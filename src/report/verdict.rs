//! The verdicts of a report as paragraphs.

use super::escape::printable;
use crate::result::{Crossover, Report, Verdict};

/// What each verdict says, with who does not compete; the headline first.
pub(super) fn paragraphs(report: &Report) -> Vec<String> {
    let verdicts = report.verdicts();
    if verdicts.is_empty() {
        return vec![report.without_verdict().to_owned()];
    }
    let mut paragraphs = Vec::new();
    for verdict in &verdicts {
        paragraphs.push(format!(
            "{}: {}",
            heading(verdict),
            printable(&verdict.sentence)
        ));
        paragraphs.extend(verdict.crossover.map(crossover_sentence));
        if verdict.winner.is_some() && verdict.class == "all" {
            paragraphs.extend(excluded(verdict));
        }
    }
    paragraphs
}

fn heading(verdict: &Verdict) -> String {
    let class = match verdict.class.as_str() {
        "all" => String::new(),
        class => format!(", {}", printable(class)),
    };
    format!(
        "{}, {}{class}",
        verdict.question.key(),
        verdict.scope.label()
    )
}

fn excluded(verdict: &Verdict) -> Option<String> {
    let one =
        |(contender, why): (&str, &str)| format!("{} ({})", printable(contender), printable(why));
    let excluded = verdict.excluded.iter();
    let named: Vec<String> = excluded
        .map(|found| one((found.contender.as_str(), found.why.as_str())))
        .collect();
    (!named.is_empty()).then(|| format!("Not compared: {}.", named.join("; ")))
}

fn crossover_sentence(crossover: Crossover) -> String {
    let Crossover {
        spikes_per_synapse,
        possible,
        observed,
        ..
    } = crossover;
    if spikes_per_synapse <= 0.0 {
        return format!(
            "No crossover: the SNN costs more even without spikes (this run: {observed:.3} spikes \
             per synapse and inference)."
        );
    }
    let reach = if possible {
        ""
    } else {
        ", more than its neurons can fire in these timesteps"
    };
    format!(
        "Crossover: both cost the same at {spikes_per_synapse:.3} spikes per synapse and \
         inference{reach}; this run has {observed:.3} (spikes of neurons scaled, input as it is)."
    )
}
