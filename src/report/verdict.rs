//! Who wins, by how much, why, and whether the figures can carry that statement.

use super::escape::printable;
use super::text::bounds;
use crate::result::{
    Comparison, ComparisonOutcome, Contender, Crossover, Excluded, Reason, Restriction,
    ScopeVerdict, Side, Verdict,
};
use crate::units::{si, times};
use std::fmt;

impl ScopeVerdict {
    /// The verdict as plain sentences, the decision and its doubts first.
    #[must_use]
    pub fn paragraphs(&self) -> Vec<String> {
        let mut paragraphs = Vec::new();
        let scope = self.scope.label();
        if let Some(comparison) = &self.comparison {
            paragraphs.push(format!("{scope}: {}", decided(comparison)));
            paragraphs.push(reasons(comparison));
        } else {
            let sides: Vec<_> = self.missing.iter().map(|side| side.name()).collect();
            paragraphs.push(format!(
                "{scope}: nothing to compare: no target with a known energy that fits executes {}.",
                sides.join(" or ")
            ));
        }
        for (restriction, comparison) in &self.restricted {
            let condition = match restriction {
                Restriction::VerifiedOnly => "With verified figures alone",
                Restriction::BatchOne => "At batch 1",
            };
            paragraphs.push(match comparison {
                Some(comparison) => format!("{condition}: {}", decided(comparison)),
                None => format!("{condition} there is nothing to compare."),
            });
        }
        paragraphs.extend(self.crossover.map(crossover_sentence));
        paragraphs.extend(self.excluded.iter().filter_map(excluded_sentence));
        paragraphs.extend(not_stated_sentence(&self.excluded));
        paragraphs
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scopes.is_empty() {
            return f.write_str("No target was priced, so there is nothing to compare.");
        }
        let scopes: Vec<_> = self
            .scopes
            .iter()
            .map(|scope| scope.paragraphs().join("\n"))
            .collect();
        f.write_str(&scopes.join("\n\n"))
    }
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Snn => "the SNN",
            Side::Conventional => "the conventional network",
        }
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p > 0.0 && p < 1.0 => "<1 %".into(),
        p => format!("{p:.0} %"),
    }
}

/// The decision and, right behind it, what is doubtful about it.
fn decided(comparison: &Comparison) -> String {
    let sentences = [Some(decision(comparison)), caveat(comparison)];
    sentences
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

fn decision(comparison: &Comparison) -> String {
    let Comparison {
        snn,
        conventional,
        outcome,
    } = comparison;
    let sure = snn.unverified.is_empty() && conventional.unverified.is_empty();
    let pair = format!("{} against {}.", describe(snn), describe(conventional));
    match *outcome {
        ComparisonOutcome::Wins { side, factor } => {
            let verb = match (side, sure) {
                (Side::Snn, true) => "wins by",
                (Side::Snn, false) => "would win by",
                (Side::Conventional, true) => "loses: it costs",
                (Side::Conventional, false) => "would lose: it costs",
            };
            let end = match side {
                Side::Snn => "",
                Side::Conventional => " as much",
            };
            format!(
                "The SNN {verb} {}{end} {}: {pair}",
                times(factor),
                factor_bounds(comparison)
            )
        }
        ComparisonOutcome::NotDecided { factor: 1.0, .. } => {
            format!("Not decided: both cost the same at nominal, {pair}")
        }
        ComparisonOutcome::NotDecided { favours, factor } => format!(
            "Not decided: the ranges overlap: nominal favours {} by {}, but the bounds allow \
             either. {pair}",
            favours.name(),
            times(factor)
        ),
    }
}

/// The least and the largest factor that the bounds allow.
fn factor_bounds(comparison: &Comparison) -> String {
    let [least, largest] = comparison.factor_bounds();
    format!("[{} – {}]", times(least), times(largest))
}

fn describe(contender: &Contender) -> String {
    let mut text = format!(
        "{} on {} {} {}",
        contender.workload.label(),
        printable(&contender.target),
        si(contender.energy_j.nominal, "J"),
        bounds(contender.energy_j)
    );
    let mut at = Vec::new();
    if let Some(latency_s) = contender.latency_s {
        at.push(match contender.batch {
            1 => si(latency_s, "s"),
            batch => format!("{} for a batch of {batch}", si(latency_s, "s")),
        });
    } else if contender.batch > 1 {
        at.push(format!("batch {}", contender.batch));
    }
    at.push(match contender.accuracy {
        Some(accuracy) => format!("accuracy {:.2} %", accuracy * 100.0),
        None => "accuracy not evaluated".into(),
    });
    text.push_str(&format!(" ({})", at.join(", ")));
    text
}

fn reasons(comparison: &Comparison) -> String {
    let why = |contender: &Contender| {
        let mut parts = Vec::new();
        if let Some(share) = contender.static_share.filter(|share| *share > 0.0) {
            parts.push(format!("{} is idle power", percent(share)));
        }
        if let Some((event, share)) = &contender.largest_dynamic {
            parts.push(format!(
                "most activity is {} ({})",
                printable(event),
                percent(*share)
            ));
        }
        (!parts.is_empty()).then(|| {
            format!(
                "{} on {}: {}",
                contender.workload.label(),
                printable(&contender.target),
                parts.join(", ")
            )
        })
    };
    let sides: Vec<_> = [&comparison.snn, &comparison.conventional]
        .into_iter()
        .filter_map(why)
        .collect();
    if sides.is_empty() {
        "Why: the receipts have no line that costs anything.".into()
    } else {
        format!("Why: {}.", sides.join("; "))
    }
}

/// What is doubtful about a comparison that rests on unverified figures.
fn caveat(comparison: &Comparison) -> Option<String> {
    let figures: Vec<_> = [&comparison.snn, &comparison.conventional]
        .into_iter()
        .flat_map(|contender| {
            contender.unverified.iter().map(|(event, share)| {
                format!(
                    "{} ({} on {}, {})",
                    printable(event),
                    contender.workload.label(),
                    printable(&contender.target),
                    percent(*share)
                )
            })
        })
        .collect();
    (!figures.is_empty())
        .then(|| format!("This rests on unverified figures: {}.", figures.join("; ")))
}

fn crossover_sentence(crossover: Crossover) -> String {
    let Crossover {
        spikes_per_synapse,
        possible,
        observed,
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

/// Targets whose cost tables do not state a scope, in one sentence.
fn not_stated_sentence(excluded: &[Excluded]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let not_stated = |e: &&Excluded| matches!(e.reason, Reason::NotStated(_));
    for one in excluded.iter().filter(not_stated) {
        let name = printable(&one.target);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| {
        format!(
            "Not stated in this scope by the tables of: {}.",
            names.join(", ")
        )
    })
}

fn excluded_sentence(excluded: &Excluded) -> Option<String> {
    let (state, names) = match &excluded.reason {
        Reason::DoesNotFit(limits) => ("does not fit", limits),
        Reason::Unknown(figures) => ("has an unknown total", figures),
        Reason::NotStated(_) => return None,
    };
    let names: Vec<_> = names.iter().map(|name| printable(name)).collect();
    let names = match names.as_slice() {
        [] => String::new(),
        names => format!(" ({})", names.join("; ")),
    };
    let would = if excluded.would_win {
        "would win, but "
    } else {
        ""
    };
    Some(format!(
        "Not counted: {} on {} {would}{state}{names}.",
        excluded.workload.label(),
        printable(&excluded.target)
    ))
}
