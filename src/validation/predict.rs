//! What a device's table says about a measured point.

use super::case::{Case, CaseNetwork, CasePoint, MeasuredQuantity};
use crate::counts::{DenseCounts, EventCounts};
use crate::energy::{
    FigureSection, Hardware, HostExchange, NumberFormat, PriceOptions, Work, price,
};
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
    format: Option<NumberFormat>,
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
            format: case.format,
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
            .filter_map(|counts| spiking(hardware, counts))
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
        let at = |index: usize, hardware: &Hardware| {
            let counts = self.counts[index].as_ref()?;
            spiking(hardware, counts)?.latency_s
        };
        if let Some(nominal) = nominal.latency_s
            && let Some([fast, slow]) = extremes(hardware, |device| at(1, device))
            && let [Some(low), Some(high)] = [at(0, &fast), at(2, &slow)]
        {
            let range = Range::new(low.min(nominal), nominal, high.max(nominal));
            found.insert(MeasuredQuantity::LatencyS, range);
        }
    }

    fn predict_dense(&self, hardware: &Hardware, found: &mut BTreeMap<MeasuredQuantity, Range>) {
        let Some(report) = self.conventional(hardware) else {
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
        let Some(nominal) = report.latency_s else {
            return;
        };
        let at = |device: &Hardware| self.conventional(device)?.latency_s;
        let range = extremes(hardware, at)
            .and_then(|[fast, slow]| Some(Range::new(at(&fast)?, nominal, at(&slow)?)))
            .unwrap_or(Range::exact(nominal));
        found.insert(MeasuredQuantity::LatencyS, range);
        if let Some(energy) = report.energy_j {
            let power = energy.nominal * self.batch as f64 / nominal;
            found.insert(MeasuredQuantity::PowerW, Range::exact(power));
        }
    }

    /// What the device states of the network with real values at the batch and format of the point.
    fn conventional(&self, hardware: &Hardware) -> Option<TargetReport> {
        // Nothing spikes here; one timestep keeps the quantised network within int8.
        let nothing = Topology {
            populations: Vec::new(),
            edges: Vec::new(),
        };
        let counts = EventCounts::new(nothing, 1);
        let work = Work::new(&counts, &self.dense);
        let options = PriceOptions::default().with_large_batch(self.batch);
        let reports = price(hardware, &work, &options);
        let of = |workload| {
            let wanted = |r: &&TargetReport| r.workload == workload && r.batch == self.batch;
            reports
                .iter()
                .find(wanted)
                .filter(|r| r.latency_s.is_some())
        };
        let report = match self.format {
            Some(NumberFormat::Int(_)) => of(Workload::Qann),
            Some(_) => of(Workload::Ann),
            None => of(Workload::Ann).or_else(|| of(Workload::Qann)),
        };
        report.cloned()
    }
}

/// What the device states of a spiking network.
fn spiking(hardware: &Hardware, counts: &EventCounts) -> Option<TargetReport> {
    let dense = DenseCounts::default();
    let work = Work::new(counts, &dense);
    // The chips of these points were measured without their host, or its part is a case's companion.
    let options = PriceOptions::default().with_host(HostExchange::Streamed);
    let reports = price(hardware, &work, &options);
    reports.into_iter().find(|r| r.workload == Workload::Snn)
}

/// The device with each figure at the end of its range where the time is short, and where it is
/// long; `None` if the time is not known.
fn extremes(hardware: &Hardware, time: impl Fn(&Hardware) -> Option<f64>) -> Option<[Hardware; 2]> {
    let [mut fast, mut slow] = [hardware.clone(), hardware.clone()];
    for (key, figure) in &hardware.figures {
        let Range { low, high, .. } = figure.value;
        if low == high || !sets_time(hardware, figure.section) {
            continue;
        }
        let set = |device: &mut Hardware, value: f64| {
            if let Some(figure) = device.figures.get_mut(key) {
                figure.value = Range::exact(value);
            }
        };
        let at = |value: f64| {
            let mut device = hardware.clone();
            set(&mut device, value);
            time(&device)
        };
        let (short, long) = match at(low)? <= at(high)? {
            true => (low, high),
            false => (high, low),
        };
        set(&mut fast, short);
        set(&mut slow, long);
    }
    Some([fast, slow])
}

/// Whether figures of a section can change a time: those of energy and power only where time is
/// energy over power.
fn sets_time(hardware: &Hardware, section: FigureSection) -> bool {
    match section {
        FigureSection::Latency
        | FigureSection::BarrierSync { .. }
        | FigureSection::Compute
        | FigureSection::Bandwidth
        | FigureSection::Efficiency => true,
        FigureSection::Energy | FigureSection::Power => hardware.law.name == "nj-per-mac",
        FigureSection::Capacity
        | FigureSection::PowerShare
        | FigureSection::Rate
        | FigureSection::Info => false,
    }
}
