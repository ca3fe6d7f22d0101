//! Where the verdict flips: the spike rate, the number of timesteps or the period at which the
//! spiking network and a baseline cost the same.
//!
//! There is one definition of the rate: all spikes of neurons on the chip are scaled alike, input and
//! timesteps stay as they are, and the network is priced again. Verdict, table, figure and window
//! read it from the same curve.

use super::{Line, Measure, NumberFormat, Part, Scope, TargetReport, Workload};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// Energy of the spiking network at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RatePoint {
    /// Spikes per neuron and timestep over all spiking populations, 0 to 1.
    pub rate: f64,
    /// Synaptic operations per inference, those of input spikes included; `None` in results of
    /// versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synops_per_inference: Option<f64>,
    /// Energy per inference [J] in each scope, in the order of [`Scope::ALL`]; `None` if unknown.
    pub energy_j: [Option<Range>; 3],
}

/// Energy of the spiking network on one target against its rate, everything else unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RateCurve {
    /// Name of the target.
    pub target: String,
    /// Its number format; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<NumberFormat>,
    /// Rate of this network: spikes per neuron and timestep.
    pub rate: f64,
    /// Points by rising rate, from no spike to the highest rate possible.
    pub points: Vec<RatePoint>,
    /// What one further timestep at this rate costs [J], in each scope.
    pub per_timestep_j: [Option<f64>; 3],
}

/// Where a curve meets a constant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Meeting {
    /// The curve lies below at each rate that is possible.
    AlwaysBelow,
    /// They cost the same at this rate; below it the curve is cheaper.
    At(f64),
    /// The curve lies above even without a spike.
    NeverBelow,
}

/// Where the spiking network on one target and a baseline cost the same, in one scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Crossing {
    /// What both energies include.
    pub scope: Scope,
    /// Target of the spiking network.
    pub snn: String,
    /// Target of the baseline.
    pub baseline: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Its number format; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<NumberFormat>,
    /// That of the spiking network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snn_format: Option<NumberFormat>,
    /// Inferences that run together there.
    pub batch: u64,
    /// Energy of the baseline [J].
    pub baseline_j: Range,
    /// Whether the baseline rests on figures that nobody has checked.
    pub unverified: bool,
    /// Whether the energy of the spiking network does.
    #[serde(default)]
    pub snn_unverified: bool,
    /// The rate of equal cost at nominal.
    pub rate: Meeting,
    /// With the spiking network at its upper and the baseline at its lower bound.
    pub rate_pessimistic: Meeting,
    /// With the spiking network at its lower and the baseline at its upper bound.
    pub rate_optimistic: Meeting,
    /// Number of timesteps of equal cost at this network's rate; `None` if below one or unknown.
    pub timesteps: Option<f64>,
    /// Time between inferences of equal cost [s], with idle power paid for all of it; only for
    /// [`Scope::System`], `None` if one side is cheaper at every period at which both keep up.
    pub period_s: Option<f64>,
}

/// Where a curve has a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equal {
    /// Whether a rate that is possible gives it.
    pub meeting: Meeting,
    /// The rate, beyond those that are possible by the slope of the last piece.
    pub rate: f64,
    /// Synaptic operations per inference there; `None` where the curve does not state them.
    pub synops_per_inference: Option<f64>,
}

impl RateCurve {
    /// Whether it is the curve of a target, at its number format.
    #[must_use]
    pub fn is_of(&self, target: &TargetReport) -> bool {
        self.target == target.name && (self.format.is_none() || self.format == target.format)
    }

    /// Where the energy in a scope has a value \[J\], linear between the points; `None` if the energy
    /// is not known, or if it does not rise where it would have to.
    #[must_use]
    pub fn equal(&self, scope: Scope, bound: fn(&Range) -> f64, value: f64) -> Option<Equal> {
        let energies = self.points.iter();
        let energies = energies.map(|point| point.energy_j[scope as usize].as_ref().map(bound));
        let energies: Vec<f64> = energies.collect::<Option<_>>()?;
        let above = energies.iter().position(|energy| *energy >= value);
        let (meeting, to) = match above {
            Some(0) => (Some(Meeting::NeverBelow), 1),
            Some(first) => (None, first),
            None => (Some(Meeting::AlwaysBelow), energies.len().checked_sub(1)?),
        };
        let from = to.checked_sub(1)?;
        let (a, b) = (self.points.get(from)?, self.points.get(to)?);
        let share = (value - energies[from]) / (energies[to] - energies[from]);
        let rate = a.rate + share * (b.rate - a.rate);
        let synops = a.synops_per_inference.zip(b.synops_per_inference);
        Some(Equal {
            meeting: meeting.unwrap_or(Meeting::At(rate)),
            rate,
            synops_per_inference: synops.map(|(a, b)| a + share * (b - a)),
        })
    }

    fn meets(&self, scope: Scope, bound: fn(&Range) -> f64, value: f64) -> Option<Meeting> {
        self.equal(scope, bound, value).map(|equal| equal.meeting)
    }
}

impl Crossing {
    /// Where a spiking target and a baseline cost the same in a scope; `None` where either energy is
    /// not known. `timesteps` are those of the run.
    #[must_use]
    pub fn between(
        curve: &RateCurve,
        snn: &TargetReport,
        baseline: &TargetReport,
        scope: Scope,
        timesteps: u32,
    ) -> Option<Crossing> {
        let index = scope as usize;
        let baseline_j = baseline.scopes.get(scope).known()?;
        let snn_j = snn.scopes.get(scope).known()?;
        let further_j = curve.per_timestep_j[index].filter(|j| *j > 0.0);
        let timesteps = further_j
            .map(|j| f64::from(timesteps) + (baseline_j.nominal - snn_j.nominal) / j)
            .filter(|steps| *steps >= 1.0);
        Some(Crossing {
            scope,
            snn: snn.name.clone(),
            baseline: baseline.name.clone(),
            workload: baseline.workload,
            format: baseline.format,
            snn_format: snn.format,
            batch: baseline.batch,
            baseline_j,
            unverified: baseline.is_unverified_in(scope),
            snn_unverified: snn.is_unverified_in(scope),
            rate: curve.meets(scope, |e| e.nominal, baseline_j.nominal)?,
            rate_pessimistic: curve.meets(scope, |e| e.high, baseline_j.low)?,
            rate_optimistic: curve.meets(scope, |e| e.low, baseline_j.high)?,
            timesteps,
            period_s: (scope == Scope::System)
                .then(|| crossover_period_s(snn, baseline))
                .flatten(),
        })
    }
}

fn static_lines(report: &TargetReport) -> impl Iterator<Item = &Line> {
    report.lines.iter().filter(|line| line.part == Part::Static)
}

/// Power that a target draws while nothing happens [W]; `None` if its receipt states none.
#[must_use]
pub fn idle_w(report: &TargetReport) -> Option<f64> {
    let mut watts = static_lines(report)
        .filter(|line| {
            // Other times of the same device are not further devices.
            let again = [
                Measure::SecondsWaiting,
                Measure::SecondsAtHost,
                Measure::SecondsOfHost,
            ];
            line.measure.is_none_or(|measure| !again.contains(&measure))
        })
        .map(|line| line.joules_each)
        .peekable();
    watts.peek()?;
    Some(watts.sum())
}

/// Period at which two targets cost the same [s]: with `E = E_dynamic + P_idle · period`,
///
/// ```text
/// period = (E_dynamic,b − E_dynamic,a) / (P_idle,a − P_idle,b)
/// ```
///
/// `None` if one costs less at any period at which both keep up, or a part is unknown.
#[must_use]
pub fn crossover_period_s(a: &TargetReport, b: &TargetReport) -> Option<f64> {
    let busy_s = |t: &TargetReport| t.latency_s.map(|s| s / t.batch as f64);
    let least_s = busy_s(a)?.max(busy_s(b)?);
    // A host is paid for while it works, not for the period.
    let paid_j = |t: &TargetReport| {
        let host = static_lines(t).filter(|line| line.measure == Some(Measure::SecondsOfHost));
        Some(t.dynamic_j? + host.map(|line| line.joules).sum::<f64>())
    };
    let period_s = (paid_j(b)? - paid_j(a)?) / (idle_w(a)? - idle_w(b)?);
    (period_s.is_finite() && period_s >= least_s).then_some(period_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> RateCurve {
        // 1 J without spikes, 10 J more at a rate of 1, bounds at half and twice.
        let points = [0.0, 0.01, 0.1, 1.0].map(|rate| {
            let energy = 1.0 + 10.0 * rate;
            let range = Range::new(energy / 2.0, energy, energy * 2.0);
            RatePoint {
                rate,
                synops_per_inference: Some(200.0 * rate),
                energy_j: [None, Some(range), Some(range)],
            }
        });
        RateCurve {
            target: "chip".into(),
            format: None,
            rate: 0.1,
            points: points.into(),
            per_timestep_j: [None; 3],
        }
    }

    #[test]
    fn closed_form_rates_beyond_those_that_are_possible() {
        let equal = curve().equal(Scope::System, |e| e.nominal, 20.0).unwrap();
        assert_eq!(equal.meeting, Meeting::AlwaysBelow);
        assert!((equal.rate - 1.9).abs() < 1e-12);
        let equal = curve().equal(Scope::System, |e| e.nominal, 0.5).unwrap();
        assert_eq!(equal.meeting, Meeting::NeverBelow);
        assert!((equal.rate + 0.05).abs() < 1e-12);
    }

    #[test]
    fn closed_form_meeting_of_a_straight_line() {
        let curve = curve();
        let nominal = |value| curve.meets(Scope::MemoryRouting, |e| e.nominal, value);
        assert_eq!(nominal(0.5), Some(Meeting::NeverBelow));
        assert_eq!(nominal(20.0), Some(Meeting::AlwaysBelow));
        assert_eq!(curve.meets(Scope::Compute, |e| e.nominal, 3.0), None);
        for energy in [1.05, 1.5, 3.0, 9.0] {
            let Some(Meeting::At(rate)) = nominal(energy) else {
                panic!("{energy} lies on the curve")
            };
            assert!((rate - (energy - 1.0) / 10.0).abs() < 1e-12);
            let equal = curve.equal(Scope::MemoryRouting, |e| e.nominal, energy);
            let synops = equal.and_then(|equal| equal.synops_per_inference);
            assert!(synops.is_some_and(|synops| (synops - 200.0 * rate).abs() < 1e-9));
            // Twice as dear meets earlier, half as dear later.
            let Some(Meeting::At(later)) = curve.meets(Scope::MemoryRouting, |e| e.low, energy)
            else {
                continue;
            };
            assert!(later > rate);
        }
    }
}
