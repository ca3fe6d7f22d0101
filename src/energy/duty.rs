//! Idle power of the real waiting time: a device that works once a period pays for all of it.

use super::hardware::Hardware;
use super::receipt::{add_static, lose_whole};
use crate::result::{Bill, Line, Measure, Part, Scope, TargetReport};
use crate::units::{Range, si};

/// Figures that state what a waiting device draws, the first that a table has counts, and whether
/// it is of one chip.
const IDLE: [(&str, bool); 3] = [
    ("power.chip_static", true),
    ("power.sleep", false),
    ("power.idle", false),
];

/// Adds a line for the time a device waits for its next inference, so that idle power is paid for
/// the whole period:
///
/// ```text
/// E = E_dynamic + P_idle · period        where  period >= latency / batch
/// ```
///
/// A device that cannot keep up gets a note and no line; one whose idle power is not known loses
/// its total.
pub(super) fn charge_waiting(hardware: &Hardware, period_s: f64, report: &mut TargetReport) {
    if report.scope != Scope::System || report.energy_j.is_none() {
        return;
    }
    let idle = IDLE.iter().find_map(|&(key, per_chip)| {
        let figure = hardware.figures.get(key)?;
        let chips = if per_chip { report.chips as f64 } else { 1.0 };
        Some((key, figure, figure.value * chips))
    });
    let (Some((key, figure, watts)), Some(latency_s)) = (idle, report.latency_s) else {
        let name = match idle {
            Some(_) => "latency",
            None => "power.sleep or power.idle (while waiting for the next inference)",
        };
        return lose_whole(report, name);
    };
    let busy_s = latency_s / report.batch as f64;
    report.duty_cycle = Some(busy_s / period_s);
    let wait_s = period_s - busy_s;
    if wait_s < 0.0 {
        report.notes.push(format!(
            "cannot keep up: it is busy for {} per inference, one comes every {}; {} of them would \
             have to share the work",
            si(busy_s, "s"),
            si(period_s, "s"),
            (busy_s / period_s).ceil()
        ));
        return;
    }
    if report.batch > 1 {
        report.notes.push(format!(
            "a batch of {} is complete after {}: the first inference waits that long",
            report.batch,
            si(period_s * (report.batch - 1) as f64, "s")
        ));
    }
    let running = report
        .lines
        .iter()
        .filter(|line| line.part == Part::Static && line.measure != Some(Measure::SecondsOfHost));
    // The wait is what the time of the work leaves.
    let unverified = key != "power.sleep" && running.clone().any(|line| line.unverified);
    let running: Range = running.map(|line| line.joules_range).sum();
    let joules = wait_s * watts.nominal;
    // A figure of its own for the wait does not vary with that of the work.
    let rest = match key {
        "power.sleep" => watts * wait_s,
        _ => (watts * period_s).zip(running, |whole, running| whole - running),
    };
    let line = Line {
        event: "idle power while waiting".into(),
        measure: Some(Measure::SecondsWaiting),
        count: wait_s,
        joules_each: watts.nominal,
        joules,
        joules_range: Range::new(rest.low.clamp(0.0, joules), joules, rest.high.max(joules)),
        part: Part::Static,
        bill: Bill::SYSTEM,
        figure: Some(key.to_owned()),
        source: figure.source.clone(),
        unverified: unverified || figure.is_unverified(),
    };
    add_static(report, line);
    report.edp_js = report.energy_j.map(|energy| energy.nominal * latency_s);
}
