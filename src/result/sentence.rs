//! A verdict in words: the same in every face.

use super::central::CENTRAL_SHARE;
use super::{
    Boundary, Condition, Contender, Feasible, FirstLayer, Question, Standing, Verdict, Why,
    Workload,
};
use crate::units::{si, times, two_digits};

/// Of two that met.
pub(super) fn met(verdict: &Verdict, snn: &Contender, other: &Contender) -> String {
    let Some((factor, [cheap, dear])) = verdict.factor.zip(sides(verdict, snn, other)) else {
        return nobody(verdict, &[]);
    };
    let range = match plain(factor.low) == plain(factor.high) {
        true => String::new(),
        false => format!(
            " [{} – {}, {:.0} %]",
            plain(factor.low),
            plain(factor.high),
            100.0 * CENTRAL_SHARE
        ),
    };
    let (winner, other) = (side(cheap), side(dear));
    let by = format!("{} times cheaper{range}", plain(factor.nominal));
    let terms = terms(verdict, cheap, dear);
    let text = if verdict.decided {
        format!("{winner} is {by} than {other} ({terms})")
    } else if factor.nominal == 1.0 {
        format!("undecided: {winner} and {other} cost the same at nominal ({terms})")
    } else {
        format!("undecided: at nominal {winner} is {by} than {other} ({terms})")
    };
    let text = match verdict.terms.checked_figures_only {
        true => format!("With checked figures alone: {text}"),
        false => capitalised(&text),
    };
    match (&verdict.decisive_figure, two_digits(factor.low) <= 1.0) {
        (Some(figure), true) => format!("{text}; {figure} would decide it."),
        _ => format!("{text}."),
    }
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

/// Scope, condition, evidence and doubts, in brackets behind the factor.
fn terms(verdict: &Verdict, cheap: &Contender, dear: &Contender) -> String {
    let both = [cheap, dear];
    let table = &cheap.target.name;
    let mut parts = vec![match verdict.scope {
        Boundary::CircuitOperations => format!("circuit {table}, operations"),
        Boundary::CircuitMemory => format!("circuit {table}, operations and memory"),
        Boundary::DeviceActive => "per event, without idle power and host".to_owned(),
        Boundary::DeviceTotal => "whole device".to_owned(),
    }];
    match (verdict.question, verdict.condition) {
        (Question::SameCircuit, _) => {
            if verdict.terms.first_layer == FirstLayer::EachStep {
                parts.push("constant input multiplied in each timestep".to_owned());
            }
            let skips = |one: &&Contender| one.target.workload == Workload::ZeroSkipping;
            if both.iter().any(skips) {
                parts.push("skip logic free".to_owned());
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
        [a, b] if a == b => parts.push((*a).to_owned()),
        [a, b] => parts.push(format!("{a} against {b}")),
        _ => {}
    }
    parts.extend(doubts(both));
    parts.join("; ")
}

/// What limits the statement, in a few words each; the figures stand in the verdict's data.
fn doubts(both: [&Contender; 2]) -> Vec<String> {
    let mut found = Vec::new();
    let unevaluated: Vec<String> = both
        .into_iter()
        .filter(|one| matches!(one.standing, Standing::NotEvaluated))
        .map(|one| match one.target.format {
            Some(format) => format!("{} at {}", network(one), format.label()),
            None => network(one).to_owned(),
        })
        .collect();
    if !unevaluated.is_empty() {
        found.push(format!(
            "accuracy not evaluated: {}",
            unevaluated.join(", ")
        ));
    }
    let unsure = |one: &&Contender| {
        matches!(
            one.standing,
            Standing::Within {
                not_excluded: true,
                ..
            }
        )
    };
    if both.iter().any(unsure) {
        found.push("accuracy difference not excluded".to_owned());
    }
    for one in both {
        if one.target.feasible == Feasible::Unknown && !one.boundary.is_circuit() {
            found.push(format!(
                "if it fits: {} of {} not known",
                match one.target.why.as_str() {
                    "" => "the room",
                    why => why,
                },
                one.target.name
            ));
        }
    }
    let starred: Vec<&str> = both
        .into_iter()
        .filter(|one| one.target.is_unverified_in(one.boundary.scope()))
        .map(|one| one.target.name.as_str())
        .collect();
    if let Some(first) = starred.first() {
        let names = match starred.get(1).filter(|second| *second != first) {
            Some(second) => format!("{first} and {second}"),
            None => (*first).to_owned(),
        };
        found.push(format!("assumed or unchecked figures: {names}"));
    }
    found
}

/// When nobody met: the first reason on either side.
pub(super) fn nobody(verdict: &Verdict, out: &[(&Contender, Why)]) -> String {
    let class = match verdict.class.as_str() {
        "all" => String::new(),
        class => format!(" with {class}"),
    };
    let checked = match verdict.terms.checked_figures_only {
        true => " from checked figures alone",
        false => "",
    };
    let scope = verdict.scope.label();
    let text = format!("No comparison{class}{checked} ({scope})");
    let telling = |(_, why): &&(&Contender, Why)| !matches!(why, Why::BetterTable(_));
    let first = |spiking: bool| {
        let mut side = out.iter().filter(telling);
        side.find(|(one, _)| one.is_spiking() == spiking)
    };
    let reasons: Vec<String> = [first(true), first(false)]
        .into_iter()
        .flatten()
        .map(|(one, why)| {
            let why = why.to_string();
            // Further reasons stand in the data.
            let why = why
                .split_once("; ")
                .map_or(why.as_str(), |(first, _)| first);
            format!("{}: {why}", side(one))
        })
        .collect();
    match reasons.is_empty() {
        true => text + ".",
        false => format!("{text}: {}.", reasons.join("; ")),
    }
}

fn network(one: &Contender) -> &'static str {
    match one.target.workload {
        Workload::Snn => "SNN",
        Workload::Ann | Workload::Qann => "ANN",
        Workload::Pann => "pruned ANN",
        Workload::ZeroSkipping => "zero-skipping ANN",
    }
}

/// `the 8-bit SNN on loihi1`; on a circuit, whose table is named with the terms, the network alone.
fn side(one: &Contender) -> String {
    let format = one.target.format.map(|format| format.label());
    let format = format.map_or_else(String::new, |format| format!("{format} "));
    let network = format!("the {format}{}", network(one));
    let batch = match one.target.batch {
        1 => String::new(),
        batch => format!(" at batch {batch}"),
    };
    match one.boundary.is_circuit() {
        true => network,
        false => format!("{network} on {}{batch}", one.target.name),
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
