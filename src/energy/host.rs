//! The host of a chip: when the two exchange data, for how long, and what that costs.

use super::hardware::{DeviceKind, Figure};
use super::law::CostTerm;
use super::receipt::{add_static, lose_whole, sources_of};
use super::{HostExchange, Job};
use crate::network::Role;
use crate::result::{Bill, Line, Measure, Part, Scope, TargetReport, Workload};
use crate::units::{Range, si};

/// Power of the host while the chip works.
const POWER: &str = "power.host";
const STEP: &str = "latency.host_step";
const SAMPLE: &str = "latency.host_sample";

/// When the chip and its host exchange data in this work; `None` if nobody says. A constant input is
/// handed over once per sample, whatever the chip does with events.
fn when(job: &Job) -> Option<HostExchange> {
    if let Some(told) = job.options.host {
        return Some(told);
    }
    if job.options.host_exchange_s.is_some() {
        return Some(HostExchange::PerStep);
    }
    match job.hardware.host {
        Some(HostExchange::PerStep) if input_is_held(job) => Some(HostExchange::PerSample),
        stated => stated,
    }
}

/// Whether the input of each sample is a current that stays as it is: no event enters the network,
/// and what is multiplied in each timestep is what is multiplied once.
fn input_is_held(job: &Job) -> bool {
    let counts = job.work.counts;
    let is_input = |node: usize| counts.topology.populations[node].role == Role::Input;
    let mut inputs = counts.populations.iter().enumerate();
    let silent = inputs.all(|(node, counted)| {
        !is_input(node) || counted.spikes_per_timestep.iter().all(|&n| n == 0)
    });
    let edges = counts.topology.edges.iter().zip(&counts.projections);
    let mut from_inputs = edges.filter(|(edge, _)| is_input(edge.source));
    silent
        && from_inputs.all(|(_, counted)| {
            let each_step: u64 = counted.macs_per_timestep.iter().sum();
            each_step == counted.macs_once * u64::from(counts.timesteps)
        })
}

/// Whether a term is for a device of its own beside the host, whose power for all of the time is
/// charged: then its multiply-accumulates are paid already.
pub(super) fn pays(job: &Job, term: &CostTerm) -> bool {
    term.figure() == Some("energy.host_mac")
        && job.hardware.figures.contains_key(POWER)
        && when(job).is_some_and(|when| when != HostExchange::Streamed)
}

/// Time of the exchange in each timestep \[s\], as far as it is known.
pub(super) fn step(job: &Job) -> Range {
    match when(job) {
        Some(HostExchange::PerStep) => step_time(job).unwrap_or(Range::ZERO),
        _ => Range::ZERO,
    }
}

fn step_time(job: &Job) -> Option<Range> {
    let told = job.options.host_exchange_s.map(Range::exact);
    told.or_else(|| Some(job.hardware.figures.get(STEP)?.value))
}

/// Adds time and energy of the host to a whole spiking device:
///
/// ```text
/// latency = Σ_steps max(chip, exchange) + exchange per sample
/// E = E_chip + P_static · (latency − latency of the chip) + P_host · latency · chips
/// ```
///
/// Where the exchange or the power is not known, so is the total: that a chip had no host would be a
/// claim of its own.
pub(super) fn charge(job: &Job, report: &mut TargetReport) {
    let is_whole_chip = job.hardware.kind == DeviceKind::Neuromorphic
        && report.workload == Workload::Snn
        && report.scope == Scope::System;
    if !is_whole_chip {
        return;
    }
    let Some(when) = when(job) else {
        return lose(
            report,
            "host: when the chip exchanges data with it (give --host, or the key host of its table)",
        );
    };
    if when == HostExchange::Streamed {
        report
            .notes
            .push("host: none; input streams into the chip while it works".into());
        return;
    }
    let figures = &job.hardware.figures;
    let step = match when {
        HostExchange::PerStep => step_time(job),
        _ => Some(Range::ZERO),
    };
    let Some(step) = step else {
        return lose(
            report,
            "latency.host_step (give --host-exchange-s, or --host)",
        );
    };
    let sample = match (figures.get(SAMPLE), job.options.host_exchange_s) {
        (Some(figure), _) => figure.value,
        (None, Some(_)) => Range::ZERO,
        (None, None) => {
            return lose(
                report,
                "latency.host_sample (give --host-exchange-s, or --host streamed)",
            );
        }
    };
    let Some(chip_s) = report.latency_s else {
        return lose(report, "latency of the chip, beside that of its host");
    };
    let steps = f64::from(job.work.counts.timesteps);
    // A mesh has waited for its host in each timestep already.
    let each = chip_s / steps.max(1.0);
    let waits = step.map(|step| (step - each).max(0.0) * steps);
    let extra = waits + sample;
    let latency_s = chip_s + extra.nominal;
    wait(report, extra);
    let used: Vec<&Figure> = [STEP, SAMPLE]
        .iter()
        .filter_map(|key| figures.get(*key))
        .collect();
    match figures.get(POWER) {
        Some(power) => {
            let busy = Range::new(chip_s + extra.low, latency_s, chip_s + extra.high);
            draw(report, power, busy, &used);
        }
        None if figures.contains_key("energy.host_mac") => {}
        None => return lose(report, POWER),
    }
    report.latency_s = Some(latency_s);
    report.edp_js = report.energy_j.map(|energy| energy.nominal * latency_s);
    let exchange_s = step.nominal * steps + sample.nominal;
    let rate = report.throughput_per_s;
    report.throughput_per_s = rate.map(|rate| match exchange_s {
        0.0 => rate,
        busy => rate.min(busy.recip()),
    });
    report.notes.push(format!(
        "host: exchanges data {}, {} per inference",
        when.key().replace("per-", "per "),
        si(exchange_s, "s")
    ));
}

/// The chip's own power while it waits for its host.
fn wait(report: &mut TargetReport, extra: Range) {
    if extra.high <= 0.0 {
        return;
    }
    let running = report.lines.iter();
    let running: Vec<Line> = running
        .filter(|line| line.measure == Some(Measure::SecondsRunning) && line.count > 0.0)
        .cloned()
        .collect();
    for line in running {
        let share = |seconds: f64| seconds / line.count;
        let bounds = line.joules_range;
        add_static(
            report,
            Line {
                event: format!("{}, waiting for the host", line.event),
                measure: Some(Measure::SecondsAtHost),
                count: extra.nominal,
                joules: line.joules_each * extra.nominal,
                joules_range: Range::new(
                    bounds.low * share(extra.low),
                    line.joules_each * extra.nominal,
                    bounds.high * share(extra.high),
                ),
                ..line
            },
        );
    }
}

/// The power of the host for all of the time.
fn draw(report: &mut TargetReport, power: &Figure, busy: Range, used: &[&Figure]) {
    let watts = power.value * report.chips as f64;
    let sources = sources_of(&used.iter().copied().chain([power]).collect::<Vec<_>>());
    let joules_range = watts.zip(busy, |watts, seconds| watts * seconds);
    add_static(
        report,
        Line {
            event: match report.chips {
                1 => "host processor".to_owned(),
                chips => format!("host processors of {chips} chips"),
            },
            measure: Some(Measure::SecondsOfHost),
            count: busy.nominal,
            joules_each: watts.nominal,
            joules: watts.nominal * busy.nominal,
            joules_range,
            part: Part::Static,
            bill: Bill::SYSTEM,
            figure: Some(POWER.to_owned()),
            source: sources.join("; "),
            unverified: power.is_unverified() || used.iter().any(|figure| figure.is_unverified()),
        },
    );
}

/// How long a device with an unknown host takes is not known either.
fn lose(report: &mut TargetReport, name: &str) {
    report.latency_s = None;
    report.throughput_per_s = None;
    lose_whole(report, name);
}
