//! A verdict in words: the same in every face.

use super::{
    Boundary, Condition, Contender, Feasible, FirstLayer, Question, Standing, Verdict, Workload,
};
use crate::units::{Range, si, times};

/// Of two that met.
pub(super) fn met(verdict: &Verdict, snn: &Contender, other: &Contender) -> String {
    let Some((factor, [cheap, dear])) = verdict.factor.zip(sides(verdict, snn, other)) else {
        return nobody(verdict);
    };
    let mut sentences = vec![decision(verdict, factor, cheap, dear)];
    sentences.extend(doubts(verdict, factor, cheap, dear));
    sentences.join(" ")
}

fn sides<'c, 'a>(
    verdict: &Verdict,
    snn: &'c Contender<'a>,
    other: &'c Contender<'a>,
) -> Option<[&'c Contender<'a>; 2]> {
    let winner = verdict.winner.as_ref()?;
    Some(match snn.name() == *winner {
        true => [snn, other],
        false => [other, snn],
    })
}

fn decision(verdict: &Verdict, factor: Range, cheap: &Contender, dear: &Contender) -> String {
    let by = match plain(factor.low) == plain(factor.high) {
        true => format!("{} times cheaper", plain(factor.nominal)),
        false => format!(
            "{} times cheaper [{} – {}]",
            plain(factor.nominal),
            plain(factor.low),
            plain(factor.high)
        ),
    };
    let condition = terms(verdict);
    let checked = match verdict.terms.checked_figures_only {
        true => "With checked figures alone: ",
        false => "",
    };
    let (winner, other) = (side(cheap), side(dear));
    let text = if verdict.decided {
        format!("{winner} is {by} than {other} ({condition}).")
    } else if factor.nominal == 1.0 {
        format!("undecided: {winner} and {other} cost the same at nominal ({condition}).")
    } else {
        format!("undecided: at nominal {winner} is {by} than {other} ({condition}).")
    };
    match checked {
        "" => capitalised(&text),
        checked => format!("{checked}{text}"),
    }
}

/// What stands between the figures and a decision, or limits one.
fn doubts(verdict: &Verdict, factor: Range, cheap: &Contender, dear: &Contender) -> Vec<String> {
    let mut found = Vec::new();
    if factor.low <= 1.0 {
        found.push(match &verdict.decisive_figure {
            Some(figure) => format!("The range contains 1; {figure} would decide it."),
            None => "The range contains 1.".to_owned(),
        });
    }
    let unevaluated: Vec<String> = [cheap, dear]
        .into_iter()
        .filter(|one| matches!(one.standing, Standing::NotEvaluated))
        .map(side)
        .collect();
    if !unevaluated.is_empty() {
        found.push(format!(
            "Accuracy not evaluated: {}.",
            unevaluated.join(", ")
        ));
    }
    for one in [cheap, dear] {
        if let Standing::Within {
            difference,
            not_excluded: true,
            ..
        } = one.standing
        {
            found.push(format!(
                "A loss of accuracy beyond {:.1} points is not excluded for {} ({:+.1}, 95 % interval \
                 {:+.1} to {:+.1}).",
                100.0 * verdict.terms.accuracy_tolerance,
                side(one),
                100.0 * difference.value,
                100.0 * difference.low,
                100.0 * difference.high
            ));
        }
        if one.target.feasible == Feasible::Unknown && !one.boundary.is_circuit() {
            found.push(format!(
                "If it fits: {} of {} not known.",
                match one.target.why.as_str() {
                    "" => "the room",
                    why => why,
                },
                one.target.name
            ));
        }
    }
    if [cheap, dear]
        .iter()
        .any(|one| one.target.workload == Workload::ZeroSkipping)
    {
        found.push("Operations only: the logic that skips zeros is not charged.".to_owned());
    }
    let starred: Vec<&str> = [cheap, dear]
        .into_iter()
        .filter(|one| one.target.is_unverified_in(one.boundary.scope()))
        .map(|one| one.target.name.as_str())
        .collect();
    if let Some(first) = starred.first() {
        let names = match starred.get(1).filter(|second| *second != first) {
            Some(second) => format!("{first} and {second}"),
            None => (*first).to_owned(),
        };
        found.push(format!("Assumed or unchecked figures: {names}."));
    }
    found
}

/// The scope, condition and evidence, in brackets behind the figures.
fn terms(verdict: &Verdict) -> String {
    let scope = match verdict.scope {
        Boundary::CircuitOperations => "same circuit, operations alone",
        Boundary::CircuitMemory => "same circuit, operations and memory",
        Boundary::DeviceActive => "what the device pays per event, without idle power and host",
        Boundary::DeviceTotal => "whole device",
    };
    let mut parts = vec![scope.to_owned()];
    match (verdict.question, verdict.condition) {
        (Question::SameCircuit, _) => {
            if verdict.terms.first_layer == FirstLayer::EachStep {
                parts.push("constant input multiplied in each timestep".to_owned());
            }
        }
        (_, Condition::Streaming) => parts.push(match verdict.terms.period_s {
            Some(period_s) => format!("one inference every {}", si(period_s, "s")),
            None => "one inference at a time".to_owned(),
        }),
        (_, Condition::Throughput) => parts.push("as many together as pays".to_owned()),
    }
    let evidence: Vec<&str> = verdict
        .parties
        .iter()
        .map(|party| party.evidence.as_str())
        .collect();
    match evidence.as_slice() {
        [a, b] if a == b => parts.push(format!("evidence: {a}")),
        [a, b] => parts.push(format!("evidence: {a} against {b}")),
        _ => {}
    }
    parts.join("; ")
}

/// When nobody met.
pub(super) fn nobody(verdict: &Verdict) -> String {
    let checked = match verdict.terms.checked_figures_only {
        true => "With checked figures alone ",
        false => "",
    };
    let mut text = capitalised(&format!("{checked}nothing to compare"));
    let class = match verdict.class.as_str() {
        "all" => String::new(),
        class => format!(" with {class}"),
    };
    text += &format!("{class} ({})", verdict.scope.label());
    let reasons: Vec<String> = verdict
        .excluded
        .iter()
        .take(3)
        .map(|one| format!("{}: {}", one.contender, one.why))
        .collect();
    match reasons.is_empty() {
        true => text + ".",
        false => format!("{text}: {}.", reasons.join("; ")),
    }
}

/// `the 8-bit SNN on loihi1`.
fn side(one: &Contender) -> String {
    let network = match one.target.workload {
        Workload::Snn => "SNN",
        Workload::Ann | Workload::Qann => "ANN",
        Workload::Pann => "pruned ANN",
        Workload::ZeroSkipping => "zero-skipping ANN",
    };
    let format = one.target.format.map(|format| format.label());
    let format = format.map_or_else(String::new, |format| format!("{format} "));
    let batch = match one.target.batch {
        1 => String::new(),
        batch => format!(" at batch {batch}"),
    };
    match one.boundary.is_circuit() {
        true => format!("the {format}{network} on {}", one.target.name),
        false => format!("the {format}{network} on {}{batch}", one.target.name),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A factor with two digits and without its sign.
fn plain(factor: f64) -> String {
    times(factor).trim_end_matches('×').to_owned()
}
