//! Who wins, by how much, why, and whether the figures can carry that statement.

use super::escape::printable;
use super::text::bounds;
use super::{Part, Report, Scope, TargetReport, Workload};
use crate::units::{Range, si};
use std::fmt;

/// The two sides of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The spiking network.
    Snn,
    /// The original network, as it is or quantised.
    Conventional,
}

/// What the best target of a side costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// Name of the target.
    pub target: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Inferences that run together.
    pub batch: u64,
    /// Energy per inference [J].
    pub energy_j: Range,
    /// Latency (of the whole batch) [s].
    pub latency_s: Option<f64>,
    /// Accuracy of the network, 0 to 1; `None` if it was not evaluated.
    pub accuracy: Option<f64>,
    /// The most expensive dynamic line: its event and its share of the nominal energy, 0 to 1.
    pub largest_dynamic: Option<(String, f64)>,
    /// Share of the nominal energy paid for time, 0 to 1.
    pub static_share: Option<f64>,
    /// Lines whose cost nobody checked against its source: event and share of the nominal energy.
    pub unverified: Vec<(String, f64)>,
}

/// What follows from two ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// The dearer side's lower bound is above the cheaper side's upper bound.
    Wins {
        /// The cheaper side.
        side: Side,
        /// Nominal energy of the other side over that of the winner, more than 1.
        factor: f64,
    },
    /// The ranges overlap: the bounds allow either.
    NotDecided {
        /// The side with the lower nominal energy.
        favours: Side,
        /// Nominal energy of the other side over that of the favoured, at least 1.
        factor: f64,
    },
}

/// The best target of each side and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Best target that executes the spiking network.
    pub snn: Contender,
    /// Best target that executes the original network.
    pub conventional: Contender,
    /// What follows from their ranges.
    pub outcome: Outcome,
}

/// A condition under which the comparison is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    /// Only targets whose every figure was checked against its source.
    VerifiedOnly,
    /// Only targets that run one inference at a time.
    BatchOne,
}

/// Why a target takes no part.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The network does not fit; the limits that are exceeded.
    DoesNotFit(Vec<String>),
    /// The energy is unknown; the figures that are missing.
    Unknown(Vec<String>),
    /// The cost table does not state this scope: it stops before, or states only sums of it and
    /// what is wider.
    NotStated(Vec<String>),
}

/// A target that takes no part.
#[derive(Debug, Clone, PartialEq)]
pub struct Excluded {
    /// Name of the target.
    pub target: String,
    /// Which network would run there.
    pub workload: Workload,
    /// Why.
    pub reason: Reason,
    /// Whether it would be cheaper at nominal than every target that takes part.
    pub would_win: bool,
}

/// Where spiking arithmetic stops being cheaper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossover {
    /// Spikes per synapse and inference at which both sides cost the same; negative if the
    /// spiking network is dearer without a single spike.
    pub spikes_per_synapse: f64,
    /// Spikes per synapse and inference in this run.
    pub observed: f64,
}

/// The comparison of all targets whose figures include the same things.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeVerdict {
    /// What the figures include.
    pub scope: Scope,
    /// Best against best; `None` if a side has no target with a known total that fits.
    pub comparison: Option<Comparison>,
    /// The same under conditions, where that changes the targets compared. `None` inside: no
    /// such pair exists.
    pub restricted: Vec<(Restriction, Option<Comparison>)>,
    /// Targets that take no part.
    pub excluded: Vec<Excluded>,
    /// Sides that have no target with a known total that fits.
    pub missing: Vec<Side>,
    /// Crossover of the compared pair; only for [`Scope::Compute`].
    pub crossover: Option<Crossover>,
}

/// A verdict per scope. Figures of different scopes are never compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// One per scope that has targets.
    pub scopes: Vec<ScopeVerdict>,
}

/// Draws the conclusions that the figures of a report allow.
#[must_use]
pub fn verdict(report: &Report) -> Verdict {
    let scopes = Scope::ALL
        .into_iter()
        .filter_map(|scope| {
            let targets = report.targets_in(scope);
            (!targets.is_empty()).then(|| scope_verdict(report, scope, &targets))
        })
        .collect();
    Verdict { scopes }
}

fn side(target: &TargetReport) -> Side {
    match target.workload {
        Workload::Snn => Side::Snn,
        Workload::Ann | Workload::Qann | Workload::Pann => Side::Conventional,
    }
}

/// Cheapest target of each side among `targets`, which are sorted.
fn best<'a>(
    targets: &[&'a TargetReport],
    allowed: impl Fn(&TargetReport) -> bool,
) -> [Option<&'a TargetReport>; 2] {
    [Side::Snn, Side::Conventional].map(|wanted| {
        targets
            .iter()
            .copied()
            .find(|t| side(t) == wanted && allowed(t))
    })
}

fn scope_verdict(report: &Report, scope: Scope, targets: &[&TargetReport]) -> ScopeVerdict {
    let eligible: Vec<_> = targets
        .iter()
        .copied()
        .filter(|t| t.fits && known(t, scope).is_some())
        .collect();
    let pair = best(&eligible, |_| true);
    let missing = [Side::Snn, Side::Conventional]
        .into_iter()
        .zip(pair)
        .filter_map(|(side, found)| found.is_none().then_some(side))
        .collect();

    let mut restricted = Vec::new();
    if let [Some(snn), Some(conventional)] = pair {
        for restriction in [Restriction::VerifiedOnly, Restriction::BatchOne] {
            let allowed = |target: &TargetReport| match restriction {
                Restriction::VerifiedOnly => !target.is_unverified_in(scope),
                Restriction::BatchOne => target.batch == 1,
            };
            if !(allowed(snn) && allowed(conventional)) {
                restricted.push((
                    restriction,
                    compare(report, scope, best(&eligible, allowed)),
                ));
            }
        }
    }

    let cheapest = eligible.first().and_then(|t| known(t, scope));
    let excluded = targets
        .iter()
        .filter_map(|target| {
            let energy_j = known(target, scope);
            let reason = match energy_j {
                None => not_known(target, scope),
                Some(_) if !target.fits => Reason::DoesNotFit(target.exceeded.clone()),
                Some(_) => return None,
            };
            Some(Excluded {
                target: target.name.clone(),
                workload: target.workload,
                reason,
                would_win: energy_j
                    .zip(cheapest)
                    .is_some_and(|(own, best)| own.nominal < best.nominal),
            })
        })
        .collect();

    ScopeVerdict {
        scope,
        comparison: compare(report, scope, pair),
        restricted,
        excluded,
        missing,
        crossover: match (scope, pair) {
            (Scope::Compute, [Some(snn), Some(conventional)]) => {
                crossover(report, snn, conventional)
            }
            _ => None,
        },
    }
}

fn known(target: &TargetReport, scope: Scope) -> Option<Range> {
    target.scopes.get(scope).known()
}

/// Figures that are missing, or, if there are none, why the table says nothing about the scope.
fn not_known(target: &TargetReport, scope: Scope) -> Reason {
    let missing = &target.scopes.get(scope).missing;
    let figures: Vec<String> = missing
        .iter()
        .filter(|name| target.unpriced.contains(name))
        .cloned()
        .collect();
    if figures.is_empty() {
        Reason::NotStated(missing.clone())
    } else {
        Reason::Unknown(figures)
    }
}

fn compare(report: &Report, scope: Scope, pair: [Option<&TargetReport>; 2]) -> Option<Comparison> {
    let [snn, conventional] = pair;
    let snn = contender(report, scope, snn?)?;
    let conventional = contender(report, scope, conventional?)?;
    let (cheap, dear, side) = if snn.energy_j.nominal <= conventional.energy_j.nominal {
        (snn.energy_j, conventional.energy_j, Side::Snn)
    } else {
        (conventional.energy_j, snn.energy_j, Side::Conventional)
    };
    let factor = if dear.nominal == cheap.nominal {
        1.0
    } else {
        dear.nominal / cheap.nominal
    };
    let outcome = if cheap.high < dear.low {
        Outcome::Wins { side, factor }
    } else {
        Outcome::NotDecided {
            favours: side,
            factor,
        }
    };
    Some(Comparison {
        snn,
        conventional,
        outcome,
    })
}

fn contender(report: &Report, scope: Scope, target: &TargetReport) -> Option<Contender> {
    let energy_j = known(target, scope)?;
    let share = |joules: f64| {
        if energy_j.nominal > 0.0 {
            joules / energy_j.nominal
        } else {
            0.0
        }
    };
    Some(Contender {
        target: target.name.clone(),
        workload: target.workload,
        batch: target.batch,
        energy_j,
        latency_s: target.latency_s,
        accuracy: report.accuracy_of(target.workload),
        largest_dynamic: target
            .lines
            .iter()
            .filter(|line| line.part == Part::Dynamic && line.bill.scope <= scope)
            .max_by(|a, b| a.joules.total_cmp(&b.joules))
            .filter(|line| line.joules > 0.0)
            .map(|line| (line.event.clone(), share(line.joules))),
        static_share: target.static_share().filter(|_| scope == Scope::System),
        unverified: target
            .unverified_lines()
            .filter(|line| line.bill.scope <= scope)
            .map(|line| (line.event.clone(), share(line.joules)))
            .collect(),
    })
}

/// Spikes per synapse and inference at which `snn` costs what `conventional` does.
///
/// With S SynOps over N synapses, energy `E = E_rest + e·S` where `e` sums the costs of the lines
/// counted in SynOps: the crossover is `(E_conventional − E_rest) / (e·N)`. It exists only if the
/// synapses that see spikes can be told from those that see analog values.
///
/// Source: Dampfhoffer et al. 2023, "Are SNNs really more energy-efficient than ANNs?", states
/// break-even points in spikes per synapse and inference.
fn crossover(
    report: &Report,
    snn: &TargetReport,
    conventional: &TargetReport,
) -> Option<Crossover> {
    let synops = report.totals.synops_per_inference;
    let spiking = |p: &&super::PopulationReport| p.macs_per_inference == 0.0;
    if report
        .populations
        .iter()
        .any(|p| p.macs_per_inference > 0.0 && p.synops_per_inference > 0.0)
    {
        return None;
    }
    let synapses: u64 = report
        .populations
        .iter()
        .filter(spiking)
        .map(|p| p.synapses)
        .sum();
    let per_synop_j: f64 = snn
        .lines
        .iter()
        .filter(|line| (line.count - synops).abs() <= 1e-9 * synops)
        .map(|line| line.joules_each)
        .sum();
    if synapses == 0 || synops <= 0.0 || per_synop_j <= 0.0 {
        return None;
    }
    let rest_j = known(snn, Scope::Compute)?.nominal - per_synop_j * synops;
    let margin_j = known(conventional, Scope::Compute)?.nominal - rest_j;
    Some(Crossover {
        spikes_per_synapse: margin_j / (per_synop_j * synapses as f64),
        observed: synops / synapses as f64,
    })
}

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

/// A factor with two to three digits, `∞` if the cheaper side costs nothing.
fn times(factor: f64) -> String {
    match factor {
        f if f.is_infinite() => "∞×".into(),
        f if f >= 99.95 => format!("{f:.0}×"),
        f if f >= 9.995 => format!("{f:.1}×"),
        f if f < 1.095 => format!("{f:.3}×"),
        f => format!("{f:.2}×"),
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
        Outcome::Wins { side, factor } => {
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
        Outcome::NotDecided { factor: 1.0, .. } => {
            format!("Not decided: both cost the same at nominal, {pair}")
        }
        Outcome::NotDecided { favours, factor } => format!(
            "Not decided: the ranges overlap: nominal favours {} by {}, but the bounds allow \
             either. {pair}",
            favours.name(),
            times(factor)
        ),
    }
}

/// The least and the largest factor that the bounds of both sides allow.
fn factor_bounds(comparison: &Comparison) -> String {
    let (snn, conventional) = (comparison.snn.energy_j, comparison.conventional.energy_j);
    let (cheap, dear) = if snn.nominal <= conventional.nominal {
        (snn, conventional)
    } else {
        (conventional, snn)
    };
    format!(
        "[{} – {}]",
        times(dear.low / cheap.high),
        times(dear.high / cheap.low)
    )
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
        observed,
    } = crossover;
    if spikes_per_synapse <= 0.0 {
        format!(
            "No crossover: the SNN costs more even without spikes (this run: {observed:.3} spikes \
             per synapse and inference)."
        )
    } else {
        format!(
            "Crossover: both cost the same at {spikes_per_synapse:.3} spikes per synapse and \
             inference; this run has {observed:.3}."
        )
    }
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
