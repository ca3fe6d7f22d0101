//! Who is cheaper: the contenders of a report against each other, question by question.

use super::central::central_factor;
use super::eligible::{eligible, factor, qualifies};
use super::verdict::{Crossover, Excluded, Party, Question, Verdict, VerdictTerms};
use super::{
    Boundary, Condition, Contender, DeviceClass, Measure, Meeting, NumberFormat, PopulationReport,
    Report, Standing, Swing, TargetReport, Why, Workload, sentence,
};

use crate::units::two_digits;

impl Report {
    /// The verdicts: those that are stored, or drawn anew where none are.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        match self.verdict.as_slice() {
            [] => verdicts(self),
            stored => stored.to_vec(),
        }
    }

    /// Why there is no verdict at all.
    #[must_use]
    pub fn without_verdict(&self) -> &'static str {
        match self.populations.is_empty() {
            true => "No comparison: the model has no spiking form.",
            false => "No comparison: it takes a spiking and a conventional target.",
        }
    }

    /// The verdicts that answer first: whole devices, one inference at a time; then the same circuit,
    /// against the opponent that skips zeros where it was measured, at 8 bits where both sides were.
    #[must_use]
    pub fn headlines(&self) -> Vec<Verdict> {
        let verdicts = self.verdicts();
        let whole = |one: &&Verdict| {
            one.question == Question::Streaming
                && one.scope == Boundary::DeviceTotal
                && one.class == "all"
                && !one.terms.checked_figures_only
        };
        let circuit = |one: &&Verdict| {
            one.question == Question::SameCircuit && one.scope == Boundary::CircuitOperations
        };
        let strict = |one: &&Verdict| {
            let mut parties = one.parties.iter();
            circuit(one) && parties.any(|party| party.workload == Workload::ZeroSkipping)
        };
        let same = verdicts.iter().find(strict);
        let same = same.or_else(|| verdicts.iter().find(circuit));
        let found = verdicts.iter().find(whole).into_iter().chain(same);
        found.cloned().collect()
    }
}

/// Draws the conclusions that the figures of a report allow: the whole device first, then the same
/// circuit at 8 bits, then the rest.
#[must_use]
pub fn verdicts(report: &Report) -> Vec<Verdict> {
    let mut found = Vec::new();
    for (question, condition) in [
        (Question::Streaming, Condition::Streaming),
        (Question::Throughput, Condition::Throughput),
    ] {
        found.extend(devices(report, question, condition));
        if question == Question::Streaming {
            found.extend(circuits(report));
        }
    }
    found
}

/// Every target of a boundary and condition with the reason why it does not compete, if there is one;
/// the cheapest first, those of unknown energy last.
#[must_use]
pub fn standings(
    report: &Report,
    boundary: Boundary,
    condition: Condition,
) -> Vec<(Contender<'_>, Option<Why>)> {
    let field = field(report, boundary, condition);
    let mut found: Vec<(Contender, Option<Why>)> = field
        .iter()
        .map(|one| (*one, competes(one, &field, false).err()))
        .collect();
    let nominal = |one: &Contender| {
        one.energy_j()
            .map_or(f64::INFINITY, |energy| energy.nominal)
    };
    found.sort_by(|(a, _), (b, _)| nominal(a).total_cmp(&nominal(b)));
    found
}

/// The questions about whole devices.
fn devices(report: &Report, question: Question, condition: Condition) -> Vec<Verdict> {
    let mut found = Vec::new();
    for boundary in [Boundary::DeviceTotal, Boundary::DeviceActive] {
        let field = field(report, boundary, condition);
        let both = |spiking: bool| field.iter().any(|one| one.is_spiking() == spiking);
        if !(both(true) && both(false)) {
            continue;
        }
        let ask = |class: Option<DeviceClass>, checked: bool| {
            let field: Vec<Contender> = field
                .iter()
                .filter(|one| {
                    one.is_spiking() || class.is_none_or(|class| one.target.class == Some(class))
                })
                .copied()
                .collect();
            let name = class.map_or("all", DeviceClass::key);
            answer(report, question, boundary, condition, name, &field, checked)
        };
        let all = ask(None, false);
        let starred = all.parties.iter().any(|party| party.unverified);
        found.push(all);
        if boundary == Boundary::DeviceTotal {
            if starred {
                found.push(ask(None, true));
            }
            for class in DeviceClass::ALL {
                let has = |one: &Contender| !one.is_spiking() && one.target.class == Some(class);
                if field.iter().any(has) {
                    found.push(ask(Some(class), false));
                }
            }
        }
    }
    found
}

/// The questions about circuits: each table, format and opponent.
fn circuits(report: &Report) -> Vec<Verdict> {
    let mut found = Vec::new();
    for boundary in [Boundary::CircuitOperations, Boundary::CircuitMemory] {
        let field = field(report, boundary, Condition::Streaming);
        let known = |one: &&Contender| one.energy_j().is_some();
        let spiking = field.iter().filter(known).filter(|one| one.is_spiking());
        for snn in spiking {
            let others = field.iter().filter(known);
            let others = others.filter(|one| !one.is_spiking());
            let same = others.filter(|one| {
                one.target.name == snn.target.name && one.target.format == snn.target.format
            });
            for other in same {
                let pair = [*snn, *other];
                found.push(answer(
                    report,
                    Question::SameCircuit,
                    boundary,
                    Condition::Streaming,
                    &snn.target.name,
                    &pair,
                    false,
                ));
            }
        }
    }
    // Eight bits first: what both kinds of hardware compute with.
    found.sort_by_key(|verdict| verdict.terms.format != Some(NumberFormat::INT8));
    found
}

/// Every target of a boundary and condition. A device that has no report of many inferences together
/// works one by one there, too.
fn field(report: &Report, boundary: Boundary, condition: Condition) -> Vec<Contender<'_>> {
    let of_condition = |target: &&TargetReport| {
        let own = target.condition.unwrap_or(match target.batch {
            1 => Condition::Streaming,
            _ => Condition::Throughput,
        });
        let batched = |other: &TargetReport| {
            other.name == target.name
                && other.workload == target.workload
                && other.format == target.format
                && other.batch > 1
        };
        match condition {
            Condition::Streaming => own == Condition::Streaming,
            Condition::Throughput => {
                own == Condition::Throughput || !report.targets.iter().any(batched)
            }
        }
    };
    let targets = report
        .targets
        .iter()
        .filter(|target| boundary.is_of(target));
    targets
        .filter(of_condition)
        .map(|target| Contender::new(report, target, boundary, condition))
        .collect()
}

/// The best spiking contender against the best conventional one that it may meet.
fn answer(
    report: &Report,
    question: Question,
    boundary: Boundary,
    condition: Condition,
    class: &str,
    field: &[Contender],
    checked: bool,
) -> Verdict {
    let (mut ranked, mut out) = (Vec::new(), Vec::new());
    for one in field {
        match competes(one, field, checked) {
            Ok(()) => ranked.push(one),
            Err(why) => out.push((one, why)),
        }
    }
    let nominal = |one: &Contender| {
        one.energy_j()
            .map_or(f64::INFINITY, |energy| energy.nominal)
    };
    ranked.sort_by(|a, b| nominal(a).total_cmp(&nominal(b)));
    let spiking = ranked.iter().filter(|one| one.is_spiking());
    let pair = spiking
        .filter_map(|snn| {
            let mut others = ranked.iter().filter(|one| !one.is_spiking());
            let other = others.find(|other| eligible(snn, other).is_ok())?;
            Some((**snn, **other))
        })
        .next();
    let best = pair.as_ref().map(|(snn, _)| snn);
    if let Some(snn) = best.or_else(|| ranked.iter().copied().find(|one| one.is_spiking())) {
        for other in ranked.iter().filter(|one| !one.is_spiking()) {
            if let Err(why) = eligible(snn, other) {
                out.push((other, why));
            }
        }
    }
    let terms = report.terms.unwrap_or_default();
    let mut verdict = Verdict {
        question,
        scope: boundary,
        condition,
        class: class.to_owned(),
        terms: VerdictTerms {
            format: None,
            other_format: None,
            first_layer: terms.first_layer,
            accuracy_tolerance: terms.accuracy_tolerance,
            period_s: report.usage.period_s,
            checked_figures_only: checked,
        },
        winner: None,
        runner_up: None,
        factor: None,
        factor_bounds: None,
        decided: false,
        decisive_figure: None,
        parties: Vec::new(),
        excluded: out.iter().map(|(one, why)| excluded(one, why)).collect(),
        crossover: None,
        sentence: String::new(),
    };
    if let Some((snn, other)) = &pair {
        decide(report, &mut verdict, snn, other);
        verdict.sentence = sentence::met(&verdict, snn, other);
    } else {
        // The two of a circuit have one format, also where they may not meet.
        let first = field.first().filter(|_| question == Question::SameCircuit);
        verdict.terms.format = first.and_then(|one| one.target.format);
        verdict.sentence = sentence::nobody(&verdict, &out);
    }
    verdict
}

/// Whether a contender competes in a field.
fn competes(one: &Contender, field: &[Contender], checked: bool) -> Result<(), Why> {
    if checked && one.target.is_unverified_in(one.boundary.scope()) {
        return Err(Why::Unchecked);
    }
    qualifies(one)?;
    better_table(one, field, checked).map_or(Ok(()), |better| Err(Why::BetterTable(better)))
}

/// Winner, runner-up and factor of two that may meet.
fn decide(report: &Report, verdict: &mut Verdict, snn: &Contender, other: &Contender) {
    let nominal = |one: &Contender| {
        one.energy_j()
            .map_or(f64::INFINITY, |energy| energy.nominal)
    };
    let (cheap, dear) = match nominal(snn) <= nominal(other) {
        true => (snn, other),
        false => (other, snn),
    };
    let Ok(bounds) = factor(dear, cheap) else {
        return;
    };
    let factor = central_factor(report, dear, cheap, bounds);
    let evaluated = |one: &Contender| matches!(one.standing, Standing::Within { .. });
    verdict.terms.format = cheap.target.format;
    verdict.terms.other_format = dear
        .target
        .format
        .filter(|_| dear.target.format != cheap.target.format);
    verdict.winner = Some(cheap.name());
    verdict.runner_up = Some(dear.name());
    // As it is printed: what rounds to 1 leaves it open.
    verdict.decided = two_digits(factor.low) > 1.0 && evaluated(cheap) && evaluated(dear);
    verdict.factor = Some(factor);
    verdict.factor_bounds = Some(bounds);
    verdict.decisive_figure = decisive(report, cheap, dear);
    verdict.parties = [cheap, dear].into_iter().filter_map(party).collect();
    if verdict.scope == Boundary::CircuitOperations {
        verdict.crossover = crossover(report, snn, other);
    }
}

fn excluded(one: &Contender, why: &Why) -> Excluded {
    Excluded {
        contender: one.name(),
        why: why.to_string(),
    }
}

fn party(one: &Contender) -> Option<Party> {
    let target = one.target;
    Some(Party {
        name: one.name(),
        target: target.name.clone(),
        class: target.class,
        workload: target.workload,
        format: target.format,
        batch: target.batch,
        energy_j: one.energy_j()?,
        latency_s: target.latency_s,
        accuracy: match one.standing {
            Standing::Within { share, .. } | Standing::Below { share, .. } => Some(share.value),
            Standing::NotEvaluated => None,
        },
        evidence: target
            .basis
            .map_or_else(|| "unstated".to_owned(), |basis| basis.to_string()),
        unverified: target.is_unverified_in(one.boundary.scope()),
    })
}

/// The table of the same chip and network that decides instead, if there is one.
fn better_table(one: &Contender, field: &[Contender], checked: bool) -> Option<String> {
    let scope = one.boundary.scope();
    let rank = |one: &Contender| {
        let target = one.target;
        let basis = target.basis.map_or(u8::MAX, |basis| basis.rank());
        (
            basis,
            target.unverified_lines().count(),
            target.name.clone(),
        )
    };
    let same = |other: &&Contender| {
        !one.target.chip.is_empty()
            && other.target.chip == one.target.chip
            && other.target.name != one.target.name
            && other.target.workload == one.target.workload
            && qualifies(other).is_ok()
            && !(checked && other.target.is_unverified_in(scope))
    };
    let best = field.iter().filter(same).min_by_key(|other| rank(other))?;
    (rank(best) < rank(one)).then(|| best.target.name.clone())
}

/// Outer bounds further apart than this are told, with the figure that would narrow them.
const WIDE: f64 = 30.0;

impl Report {
    /// Targets whose total spans more than 30 times, each with how many times it spans and the figure
    /// that would narrow it most.
    #[must_use]
    pub fn wide_totals(&self) -> Vec<(&TargetReport, f64, Option<&str>)> {
        let spans = self.targets.iter().filter_map(|target| {
            let energy = target.known_energy_j()?;
            let span = energy.high / energy.low;
            (span > WIDE).then_some((target, span))
        });
        spans
            .map(|(target, span)| {
                let mut found = self.sensitivities.iter();
                let found = found.find(|one| {
                    one.target == target.name
                        && one.workload == target.workload
                        && one.format == target.format
                        && one.batch == target.batch
                });
                let width = |swing: &Swing| (swing.at_high_j / swing.at_low_j).ln().abs();
                let swings = found.into_iter().flat_map(|one| &one.swings);
                let widest = swings
                    .filter(|swing| width(swing).is_finite())
                    .max_by(|a, b| width(a).total_cmp(&width(b)));
                (target, span, widest.map(|swing| swing.figure.as_str()))
            })
            .collect()
    }
}

/// The figure with the widest range, as a factor, in the energy of either side.
fn decisive(report: &Report, a: &Contender, b: &Contender) -> Option<String> {
    let swings = report.sensitivities.iter().filter(|found| {
        [a, b].iter().any(|one| {
            let target = one.target;
            found.target == target.name
                && found.workload == target.workload
                && found.format == target.format
                && found.batch == target.batch
        })
    });
    let width = |low: f64, high: f64| (high / low).ln().abs();
    swings
        .flat_map(|found| found.swings.iter().map(move |swing| (found, swing)))
        .filter(|(_, swing)| swing.at_low_j > 0.0 && swing.at_high_j > 0.0)
        .max_by(|(_, a), (_, b)| {
            width(a.at_low_j, a.at_high_j).total_cmp(&width(b.at_low_j, b.at_high_j))
        })
        .map(|(found, swing)| format!("{} of {}", swing.figure, found.target))
}

/// Spikes per synapse and inference at which `snn` costs what `other` does, from the curve of
/// energy against rate: spikes of neurons on the chip are scaled, input stays as it is. It exists
/// only if the synapses that see spikes can be told from those that see analog values.
///
/// Source: Dampfhoffer et al. 2023, "Are SNNs really more energy-efficient than ANNs?", states
/// break-even points in spikes per synapse and inference.
fn crossover(report: &Report, snn: &Contender, other: &Contender) -> Option<Crossover> {
    let mixed = |p: &PopulationReport| p.macs_per_inference > 0.0 && p.synops_per_inference > 0.0;
    if report.populations.iter().any(mixed) {
        return None;
    }
    let spiking = report.populations.iter();
    let spiking = spiking.filter(|p| p.macs_per_inference == 0.0);
    let synapses: u64 = spiking.map(|p| p.synapses).sum();
    let mut curves = report.rate_curves.iter();
    let curve = curves.find(|curve| {
        curve.target == snn.target.name
            && (curve.format.is_none() || curve.format == snn.target.format)
    })?;
    let value = other.energy_j()?.nominal;
    let equal = curve.equal(snn.boundary.scope(), |energy| energy.nominal, value)?;
    let per_synapse = |synops: f64| synops / synapses as f64;
    let observed = snn
        .target
        .lines
        .iter()
        .filter(|line| line.measure == Some(Measure::Synops))
        .map(|line| line.count)
        .sum::<f64>();
    Some(Crossover {
        spikes_per_synapse: equal.synops_per_inference.map(per_synapse)?,
        possible: equal.meeting != Meeting::AlwaysBelow,
        observed: per_synapse(observed),
    })
    .filter(|crossover| synapses > 0 && crossover.spikes_per_synapse.is_finite())
}
