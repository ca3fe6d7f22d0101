//! Whether a device can do what is asked, as far as its table says: before anybody asks what it costs.

use super::Job;
use super::hardware::{DeviceKind, SpikeFormat};
use super::memory;
use crate::network::Role;
use crate::result::{DeviceClass, Feasible, Scope, TargetReport, Workload};
use crate::units::si;

/// What is in the way, and what is not known.
#[derive(Default)]
struct Findings {
    against: Vec<String>,
    unknown: Vec<String>,
}

impl Findings {
    fn lack(&mut self, what: &str) {
        if !self.unknown.iter().any(|have| have == what) {
            self.unknown.push(what.to_owned());
        }
    }
}

/// Fills in whether the device can do it, and why not or what is not known.
pub(super) fn judge(job: &Job, report: &mut TargetReport) {
    let mut findings = Findings::default();
    if job.hardware.class != Some(DeviceClass::Circuit) && report.scope == Scope::System {
        room(job, report, &mut findings);
        spikes(job, report, &mut findings);
        chips(job, report, &mut findings);
        pace(job, report, &mut findings);
    }
    report.fits &= findings.against.is_empty();
    for reason in findings.against {
        if !report.exceeded.contains(&reason) {
            report.exceeded.push(reason);
        }
    }
    (report.feasible, report.why) = if !report.fits {
        (Feasible::No, report.exceeded.join("; "))
    } else if findings.unknown.is_empty() {
        (Feasible::Yes, String::new())
    } else {
        (Feasible::Unknown, findings.unknown.join(", "))
    };
}

fn room(job: &Job, report: &TargetReport, findings: &mut Findings) {
    match (report.workload, job.hardware.class) {
        (Workload::Snn, _) => spiking_room(job, findings),
        (_, Some(DeviceClass::Microcontroller)) => {
            let need = memory::need(job.work.dense, report.format, 1);
            for (key, what, need) in [
                ("capacity.flash", "weights", need.weights),
                ("capacity.ram", "activations", need.activations),
            ] {
                capacity(job, findings, key, what, need);
            }
        }
        _ => {
            let need = memory::need(job.work.dense, report.format, report.batch);
            let what = "weights and activations";
            capacity(job, findings, "capacity.memory", what, need.total());
        }
    }
}

fn capacity(job: &Job, findings: &mut Findings, key: &str, what: &str, need: f64) {
    match job.hardware.figures.get(key) {
        None => findings.lack(key),
        Some(have) if need > have.value.nominal => findings.against.push(format!(
            "{what} take {}, {} is {}",
            si(need, "B"),
            key.trim_start_matches("capacity."),
            si(have.value.nominal, "B")
        )),
        Some(_) => {}
    }
}

/// What a chip without a mesh of neurocores holds; a mesh has its placement.
fn spiking_room(job: &Job, findings: &mut Findings) {
    let figures = &job.hardware.figures;
    let topology = &job.work.counts.topology;
    let fan_in = || {
        let edges = topology.edges.iter();
        edges.flat_map(|edge| edge.connectivity.fan_ins()).max()
    };
    let outputs = || {
        let readouts = topology.populations.iter();
        let readouts = readouts.filter(|node| node.role == Role::Readout);
        readouts.map(|node| node.shape.neurons()).sum::<usize>()
    };
    let has_cores = figures.contains_key("capacity.neurons_per_core");
    if !has_cores {
        for key in ["capacity.neurons_per_chip", "capacity.synapses_per_chip"] {
            if !figures.contains_key(key) {
                findings.lack(key);
            }
        }
        if let Some(have) = figures.get("capacity.fan_in") {
            let need = fan_in().map_or(0.0, f64::from);
            if need > have.value.nominal {
                findings.against.push(format!(
                    "fan-in of a neuron: {need}, allowed {}",
                    have.value.nominal
                ));
            }
        }
    }
    if let Some(have) = figures.get("capacity.outputs") {
        let need = outputs() as f64;
        if need > have.value.nominal {
            findings
                .against
                .push(format!("outputs: {need}, allowed {}", have.value.nominal));
        }
    }
}

/// A network that sends negative spikes needs a chip whose spikes carry a sign.
fn spikes(job: &Job, report: &TargetReport, findings: &mut Findings) {
    if job.hardware.kind != DeviceKind::Neuromorphic || report.workload != Workload::Snn {
        return;
    }
    let counts = job.work.counts;
    let negative: f64 = (0..counts.populations.len())
        .map(|index| counts.per_inference(index).negative_spikes)
        .sum();
    if negative > 0.0 {
        match job.hardware.spike {
            Some(SpikeFormat::Graded(_)) => {}
            Some(SpikeFormat::Binary) => findings.against.push(format!(
                "negative spikes: {negative:.1} per inference; a spike of this chip carries no sign"
            )),
            None => findings.lack("formats.spike (the network sends negative spikes)"),
        }
    }
}

fn chips(job: &Job, report: &TargetReport, findings: &mut Findings) {
    if report.workload != Workload::Snn || report.chips <= 1 {
        return;
    }
    let figures = &job.hardware.figures;
    match figures.get("capacity.chips_built") {
        None => findings.lack("capacity.chips_built"),
        Some(built) if report.chips as f64 > built.value.nominal => findings.against.push(format!(
            "chips: {} needed, the largest system built has {}",
            report.chips, built.value.nominal
        )),
        Some(_) => {}
    }
    for key in ["energy.chip_link", "latency.chip_link"] {
        if !figures.contains_key(key) {
            findings.lack(key);
        }
    }
}

/// Latency, rate and power against what is asked.
fn pace(job: &Job, report: &TargetReport, findings: &mut Findings) {
    let limits = job.options.limits;
    let period_s = job.options.usage.period_s;
    let latency_s = report.latency_s;
    if let Some(allowed) = limits.latency_s {
        match latency_s {
            None => findings.lack("latency"),
            Some(latency_s) if latency_s > allowed => findings.against.push(format!(
                "latency: {}, allowed {}",
                si(latency_s, "s"),
                si(allowed, "s")
            )),
            Some(_) => {}
        }
    }
    if let Some(period_s) = period_s {
        let rate = report.throughput_per_s;
        match rate.or(latency_s.map(|latency_s| report.batch as f64 / latency_s)) {
            None => findings.lack("latency"),
            Some(rate) if rate * period_s < 1.0 - 1e-9 => findings.against.push(format!(
                "rate: {} inferences per second, asked {}",
                si(rate, "").trim_end(),
                si(period_s.recip(), "").trim_end()
            )),
            Some(_) => {}
        }
    }
    if let Some(allowed) = limits.power_w {
        let each_s = period_s.or(latency_s.map(|latency_s| latency_s / report.batch as f64));
        let watts = report
            .known_energy_j()
            .zip(each_s)
            .map(|(energy, seconds)| energy.nominal / seconds);
        match watts {
            None => findings.lack("power"),
            Some(watts) if watts > allowed => findings.against.push(format!(
                "power: {}, allowed {}",
                si(watts, "W"),
                si(allowed, "W")
            )),
            Some(_) => {}
        }
    }
}
