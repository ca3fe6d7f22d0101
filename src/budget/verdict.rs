//! What a budget asks of a verdict.

use super::check::{Check, Status};
use serde::Deserialize;

/// Limits on the answer to one question.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VerdictLimit {
    /// Who has to be cheaper: `snn` or `conventional`.
    pub(super) winner: Option<Side>,
    /// Whether it has to be decided.
    pub(super) decided: Option<bool>,
    /// Least factor by which it is cheaper, at the lower end of its range.
    pub(super) min_factor: Option<f64>,
    /// Class of the conventional devices, or the table of a circuit; `all` unless given.
    pub(super) class: Option<String>,
    /// Number format; any unless given.
    pub(super) format: Option<String>,
}

/// A side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Snn,
    Conventional,
}

/// The answer of a result to a question, as far as budgets look at it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct MeasuredVerdict {
    question: String,
    class: String,
    terms: MeasuredTerms,
    factor: Option<MeasuredFactor>,
    decided: bool,
    #[serde(default)]
    parties: Vec<MeasuredParty>,
}

#[derive(Debug, Clone, Deserialize)]
struct MeasuredTerms {
    format: Option<String>,
    #[serde(default)]
    checked_figures_only: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct MeasuredFactor {
    low: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct MeasuredParty {
    workload: String,
}

impl VerdictLimit {
    /// Holds the limits on a question against the answers of a result.
    pub(super) fn check(
        &self,
        question: &str,
        answers: &[MeasuredVerdict],
        checks: &mut Vec<Check>,
    ) {
        let answer = self.answer(question, answers);
        let add = |limit: &'static str, value: Option<f64>, allowed: f64, holds: Option<bool>| {
            let reason = match (&answer, holds) {
                (None, _) => Some(format!(
                    "the result does not answer the question \"{question}\""
                )),
                (Some(_), None) => Some("nobody met on equal terms".to_owned()),
                _ => None,
            };
            Check {
                metric: "verdict",
                target: Some(question.to_owned()),
                unit: "×",
                limit,
                value,
                allowed: Some(allowed),
                baseline: None,
                status: match holds {
                    Some(true) => Status::Pass,
                    Some(false) => Status::Exceeded,
                    None => Status::Unknown,
                },
                reason,
            }
        };
        let factor = answer.and_then(|found| Some(found.factor.as_ref()?.low));
        if let Some(wanted) = self.winner {
            let winner = answer.and_then(|found| found.parties.first());
            let holds = winner.map(|party| (party.workload == "snn") == (wanted == Side::Snn));
            checks.push(add("winner", factor, 1.0, holds));
        }
        if let Some(wanted) = self.decided {
            let known = answer.filter(|found| found.factor.is_some());
            checks.push(add(
                "decided",
                factor,
                1.0,
                known.map(|found| found.decided == wanted),
            ));
        }
        if let Some(least) = self.min_factor {
            checks.push(add(
                "min_factor",
                factor,
                least,
                factor.map(|low| low >= least),
            ));
        }
    }

    fn answer<'m>(
        &self,
        question: &str,
        answers: &'m [MeasuredVerdict],
    ) -> Option<&'m MeasuredVerdict> {
        let circuit = question == "same-circuit";
        answers.iter().find(|found| {
            let class = match &self.class {
                Some(class) => found.class == *class,
                None => circuit || found.class == "all",
            };
            let format = self.format.is_none() || self.format == found.terms.format;
            found.question == question && class && format && !found.terms.checked_figures_only
        })
    }
}
