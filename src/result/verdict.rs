//! Who is cheaper, by how much, and whether the figures can carry that statement.

use super::{Meeting, Part, PopulationReport, Report, Scope, TargetReport, Workload};
use crate::units::Range;

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
#[non_exhaustive]
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
pub enum ComparisonOutcome {
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
#[non_exhaustive]
pub struct Comparison {
    /// Best target that executes the spiking network.
    pub snn: Contender,
    /// Best target that executes the original network.
    pub conventional: Contender,
    /// What follows from their ranges.
    pub outcome: ComparisonOutcome,
}

impl Comparison {
    /// The least and the largest factor by which the dearer side may cost more: the bounds of both
    /// sides against each other.
    #[must_use]
    pub fn factor_bounds(&self) -> [f64; 2] {
        let (snn, conventional) = (self.snn.energy_j, self.conventional.energy_j);
        let (cheap, dear) = if snn.nominal <= conventional.nominal {
            (snn, conventional)
        } else {
            (conventional, snn)
        };
        [dear.low / cheap.high, dear.high / cheap.low]
    }
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
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Crossover {
    /// Spikes per synapse and inference at which both sides cost the same; negative if the
    /// spiking network is dearer without a single spike.
    pub spikes_per_synapse: f64,
    /// Whether the neurons of this network can fire so often in its timesteps.
    pub possible: bool,
    /// Spikes per synapse and inference in this run.
    pub observed: f64,
}

/// The comparison of all targets whose figures include the same things.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
#[non_exhaustive]
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
        ComparisonOutcome::Wins { side, factor }
    } else {
        ComparisonOutcome::NotDecided {
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

/// Spikes per synapse and inference at which `snn` costs what `conventional` does, from the curve of
/// energy against rate: spikes of neurons on the chip are scaled, input stays as it is. It exists
/// only if the synapses that see spikes can be told from those that see analog values.
///
/// Source: Dampfhoffer et al. 2023, "Are SNNs really more energy-efficient than ANNs?", states
/// break-even points in spikes per synapse and inference.
fn crossover(
    report: &Report,
    snn: &TargetReport,
    conventional: &TargetReport,
) -> Option<Crossover> {
    let mixed = |p: &PopulationReport| p.macs_per_inference > 0.0 && p.synops_per_inference > 0.0;
    if report.populations.iter().any(mixed) {
        return None;
    }
    let spiking = report.populations.iter();
    let spiking = spiking.filter(|p| p.macs_per_inference == 0.0);
    let synapses: u64 = spiking.map(|p| p.synapses).sum();
    let curve = report.rate_curves.iter().find(|c| c.target == snn.name)?;
    let value = known(conventional, Scope::Compute)?.nominal;
    let equal = curve.equal(Scope::Compute, |energy| energy.nominal, value)?;
    let per_synapse = |synops: f64| synops / synapses as f64;
    Some(Crossover {
        spikes_per_synapse: equal.synops_per_inference.map(per_synapse)?,
        possible: equal.meeting != Meeting::AlwaysBelow,
        observed: per_synapse(report.totals.synops_per_inference),
    })
    .filter(|crossover| synapses > 0 && crossover.spikes_per_synapse.is_finite())
}
