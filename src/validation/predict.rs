//! What a device's table says about a measured point.

use super::case::{Case, CaseNetwork, CasePoint, MeasuredQuantity};
use crate::counts::{DenseCounts, EventCounts};
use crate::energy::{Hardware, PriceOptions, Work, price};
use crate::network::Topology;
use crate::result::{Line, Part, TargetReport, Workload};
use crate::units::Range;
use std::collections::BTreeMap;

/// Counts of a point at the low, nominal and high end of what is assumed: the same for any values
/// of the device's figures.
pub(super) struct PointReplay {
    counts: [Option<EventCounts>; 3],
    dense: DenseCounts,
    batch: u64,
    replicas: Range,
    companion_j: Range,
    time_s: Option<f64>,
}

impl PointReplay {
    /// Counts of a point; `None` if nothing is known of what ran and only powers can be compared.
    pub fn new(case: &Case, point: &CasePoint) -> Self {
        let network = point.network.as_ref().or(case.network.as_ref());
        let timesteps = point.timesteps.unwrap_or(case.timesteps);
        let rate = match (case.rate, case.spikes_per_neuron, network) {
            (Some(rate), ..) => Some(rate),
            (None, Some(spikes), _) => Some(spikes * (1.0 / f64::from(timesteps.max(1)))),
            (None, None, Some(CaseNetwork::Events { .. })) => Some(Range::ZERO),
            _ => None,
        };
        let at = |rate: f64| network.and_then(|network| network.spiking(timesteps, rate));
        let counts = match rate {
            Some(rate) => [at(rate.low), at(rate.nominal), at(rate.high)],
            None => [None, None, None],
        };
        PointReplay {
            counts,
            dense: network.map(CaseNetwork::dense).unwrap_or_default(),
            batch: point.batch,
            replicas: case.replicas.unwrap_or(Range::exact(1.0)),
            companion_j: match (case.companion_w, point.time_s) {
                (Some(power), Some(time)) => power * time,
                _ => Range::ZERO,
            },
            time_s: point.time_s,
        }
    }

    /// Every quantity that can be predicted.
    pub fn predict(&self, hardware: &Hardware) -> BTreeMap<MeasuredQuantity, Range> {
        let mut found = BTreeMap::new();
        let idle = ["power.chip_static", "power.idle", "power.chip"]
            .iter()
            .find_map(|key| hardware.figures.get(*key));
        if let Some(idle) = idle {
            found.insert(MeasuredQuantity::IdleW, idle.value);
        }
        if self.counts.iter().all(Option::is_some) {
            self.predict_spiking(hardware, &mut found);
        } else if !self.dense.layers.is_empty() {
            self.predict_dense(hardware, &mut found);
        }
        if let (Some(power), Some(time_s), true) = (
            hardware.figures.get("power.chip"),
            self.time_s,
            self.dense.layers.is_empty(),
        ) {
            found.insert(MeasuredQuantity::TotalJ, power.value * time_s);
        }
        found
    }

    fn predict_spiking(&self, hardware: &Hardware, found: &mut BTreeMap<MeasuredQuantity, Range>) {
        let reports: Vec<TargetReport> = self
            .counts
            .iter()
            .flatten()
            .filter_map(|counts| {
                let dense = DenseCounts::default();
                let work = Work {
                    counts,
                    dense: &dense,
                };
                let reports = price(hardware, &work, &PriceOptions::default());
                reports.into_iter().find(|r| r.workload == Workload::Snn)
            })
            .collect();
        let [low, nominal, high] = reports.as_slice() else {
            return;
        };
        let sum = |keep: fn(&Line) -> bool| {
            let at = |report: &TargetReport, bound: fn(&Range) -> f64| {
                let lines = report.lines.iter().filter(|line| keep(line));
                lines.map(|line| bound(&line.joules_range)).sum::<f64>()
            };
            Range::new(
                at(low, |r| r.low),
                at(nominal, |r| r.nominal),
                at(high, |r| r.high),
            )
            .zip(self.replicas, |joules, replicas| joules * replicas)
                + self.companion_j
        };
        if nominal.dynamic_j.is_some() {
            found.insert(
                MeasuredQuantity::DynamicJ,
                sum(|line| line.part == Part::Dynamic),
            );
        }
        if nominal.energy_j.is_some() {
            let total = sum(|_| true);
            found.insert(MeasuredQuantity::TotalJ, total);
            if let Some(latency_s) = nominal.latency_s {
                found.insert(MeasuredQuantity::PowerW, total * (1.0 / latency_s));
            }
        }
        if let [Some(low), Some(nominal), Some(high)] =
            [low, nominal, high].map(|report| report.latency_s)
        {
            found.insert(MeasuredQuantity::LatencyS, Range::new(low, nominal, high));
        }
    }

    fn predict_dense(&self, hardware: &Hardware, found: &mut BTreeMap<MeasuredQuantity, Range>) {
        // Nothing spikes here; one timestep keeps the quantised network within int8.
        let nothing = Topology {
            populations: Vec::new(),
            edges: Vec::new(),
        };
        let counts = EventCounts::new(nothing, 1);
        let work = Work {
            counts: &counts,
            dense: &self.dense,
        };
        let options = PriceOptions {
            large_batch: self.batch,
            ..PriceOptions::default()
        };
        let reports = price(hardware, &work, &options);
        let of = |workload| {
            let wanted = |r: &&TargetReport| r.workload == workload && r.batch == self.batch;
            reports.iter().find(wanted).filter(|r| r.energy_j.is_some())
        };
        let Some(report) = of(Workload::Ann).or_else(|| of(Workload::Qann)) else {
            return;
        };
        if let Some(energy) = report.energy_j {
            found.insert(MeasuredQuantity::TotalJ, energy);
        }
        let dynamic = report
            .lines
            .iter()
            .filter(|line| line.part == Part::Dynamic);
        if report.static_j.is_some() {
            found.insert(
                MeasuredQuantity::DynamicJ,
                dynamic.map(|line| line.joules_range).sum(),
            );
        }
        if let Some(latency_s) = report.latency_s {
            // Idle power times time is a line of its own: its bounds give those of the time.
            let idle = hardware
                .figures
                .get("power.idle")
                .map(|figure| figure.value);
            let line = report.lines.iter().find(|line| line.part == Part::Static);
            let bounds = idle.zip(line).map(|(idle, line)| {
                let batch = self.batch as f64;
                line.joules_range
                    .zip(idle, |joules, watts| joules * batch / watts)
            });
            let range = bounds.unwrap_or(Range::exact(latency_s));
            found.insert(
                MeasuredQuantity::LatencyS,
                Range {
                    nominal: latency_s,
                    ..range
                },
            );
            if let Some(energy) = report.energy_j {
                let power = energy.nominal * self.batch as f64 / latency_s;
                found.insert(MeasuredQuantity::PowerW, Range::exact(power));
            }
        }
    }
}
