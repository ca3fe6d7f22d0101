//! Conventional devices: time from peak rates, power from idle and TDP.

use super::hardware::Figure;
use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Law, quantised_bits};
use crate::counts::DenseCounts;
use crate::report::{Bill, Part, Scope, TargetReport, Workload};
use crate::units::Range;

/// ```text
/// t = Σ_layers max( batch · 2 MACs / (peak · η_c), bytes / (bandwidth · η_m), launch ) + host
/// bytes = weights, once per batch, + batch · (activations in + out)
/// P = idle + u · (TDP − idle);     E = P · t / batch
/// ```
///
/// Bounds: the low end has every figure where it makes the energy small (high efficiencies, short
/// launches, little power), the high end the opposite. A device that computes faster draws more
/// power, so the true spread is narrower; the interval is one that surely holds.
///
/// Source: Williams, Waterman, Patterson, Roofline, Commun. ACM 52(4), 2009, with a least time
/// per layer and power between idle and TDP.
pub(super) static LAW: Law = Law {
    name: "roofline",
    about: "time from peak compute, bandwidth and launches; power between idle and TDP",
    groups: &[&["compute.fp32", "compute.int8"], &SHARED],
    price: |job| price(job, &[FP32, INT8]),
};

/// The same for a device that runs the original network with half precision.
pub(super) static LAW_FP16: Law = Law {
    name: "roofline-fp16",
    about: "the roofline of a device that runs the original network with fp16",
    groups: &[&["compute.fp16", "compute.int8"], &SHARED],
    price: |job| price(job, &[FP16, INT8]),
};

/// The same for a device that runs quantised networks only.
pub(super) static LAW_INT8: Law = Law {
    name: "roofline-int8",
    about: "the roofline of a device that runs int8 networks only",
    groups: &[&["compute.int8"], &SHARED],
    price: |job| price(job, &[INT8]),
};

/// The figures that all of them read.
const SHARED: [&str; 9] = [
    "bandwidth.memory",
    "power.tdp",
    "power.idle",
    "efficiency.compute_batch_1",
    "efficiency.compute_large_batch",
    "efficiency.memory",
    "efficiency.active_power",
    "latency.kernel_launch",
    "latency.host_overhead",
];

/// A number format: figure of its peak rate and width.
struct Format {
    workload: Workload,
    peak: &'static str,
    bytes: f64,
}

const FP32: Format = Format {
    workload: Workload::Ann,
    peak: "compute.fp32",
    bytes: 4.0,
};
const FP16: Format = Format {
    workload: Workload::Ann,
    peak: "compute.fp16",
    bytes: 2.0,
};
const INT8: Format = Format {
    workload: Workload::Qann,
    peak: "compute.int8",
    bytes: 1.0,
};

fn price(job: &Job, formats: &[Format]) -> Vec<TargetReport> {
    let bits = quantised_bits(job.work.counts.timesteps);
    let mut batches = vec![1];
    if job.options.large_batch > 1 {
        batches.push(job.options.large_batch);
    }
    let mut reports = Vec::new();
    for format in formats
        .iter()
        .filter(|f| f.workload == Workload::Ann || bits <= 8)
    {
        for &batch in &batches {
            let mut report = price_one(job, format, batch);
            if bits > 8 {
                report.notes.push(format!(
                    "no quantised baseline: as many values as {} timesteps carry need {bits} bits, \
                     the table has int8",
                    job.work.counts.timesteps
                ));
            }
            reports.push(report);
        }
    }
    if reports.is_empty() {
        let mut receipt = Receipt::new(job);
        receipt.lack(&format!("a rate for {bits} bits (the table has int8)"));
        receipt.lose(Part::Dynamic, Bill::EVENT);
        receipt.lose(Part::Static, Bill::SYSTEM);
        reports.push(receipt.finish(Workload::Qann, Scope::System, None));
    }
    reports
}

fn price_one(job: &Job, format: &Format, batch: u64) -> TargetReport {
    let mut receipt = Receipt::new(job);
    let efficiency = if batch == 1 {
        "efficiency.compute_batch_1"
    } else {
        "efficiency.compute_large_batch"
    };
    let rates = receipt.figures([
        format.peak,
        efficiency,
        "bandwidth.memory",
        "efficiency.memory",
        "latency.kernel_launch",
        "latency.host_overhead",
    ]);
    let power = receipt.figures(["power.tdp", "power.idle", "efficiency.active_power"]);
    if job.work.dense.layers.is_empty() {
        receipt.lack(NO_DENSE);
    }
    let time = rates
        .filter(|_| !job.work.dense.layers.is_empty())
        .map(|rates| batch_time(job.work.dense, format, batch, &rates));
    match (time, rates, power) {
        (Some(time), Some(rates), Some([tdp, idle, active])) => {
            let each = time * (1.0 / batch as f64);
            let span = tdp.value.zip(idle.value, |tdp, idle| (tdp - idle).max(0.0));
            let extra = span.zip(active.value, |span, active| span * active);
            let mut line = |part, event: &str, watts: Range, figures: &[&Figure]| {
                let used: Vec<&Figure> = figures.iter().copied().chain(rates).collect();
                let bounds = watts.zip(each, |watts, seconds| watts * seconds);
                let bill = match part {
                    Part::Dynamic => Bill::EVENT,
                    Part::Static => Bill::SYSTEM,
                };
                let amount = (each.nominal, watts.nominal);
                receipt.line(part, bill, event, amount, bounds, &used);
            };
            line(
                Part::Dynamic,
                "power above idle while running [s]",
                extra,
                &[tdp, idle, active],
            );
            line(
                Part::Static,
                "idle power while running [s]",
                idle.value,
                &[idle],
            );
        }
        _ => {
            receipt.lose(Part::Dynamic, Bill::EVENT);
            receipt.lose(Part::Static, Bill::SYSTEM);
        }
    }
    receipt.notes.push(format!(
        "{} at its peak rate times a typical efficiency; the range combines all favourable and all \
         unfavourable figures",
        format.peak
    ));
    TargetReport {
        batch,
        throughput_per_s: time.map(|time| batch as f64 / time.nominal),
        ..receipt.finish(
            format.workload,
            Scope::System,
            time.map(|time| time.nominal),
        )
    }
}

/// Time of one batch [s].
fn batch_time(dense: &DenseCounts, format: &Format, batch: u64, rates: &[&Figure; 6]) -> Range {
    let [peak, compute, bandwidth, memory, launch, host] = rates.map(|figure| figure.value);
    let fast = |range: Range| Range::new(range.high, range.nominal, range.low);
    let rate = |peak: Range, part: Range| fast(peak.zip(part, |peak, part| peak * part));
    let (operations_per_s, bytes_per_s) = (rate(peak, compute), rate(bandwidth, memory));
    let batch = batch as f64;
    let layers = dense.layers.iter().map(|layer| {
        let operations = 2.0 * layer.macs as f64 * batch;
        let activations = (layer.inputs + layer.outputs) as f64 * batch;
        let bytes = (layer.parameters as f64 + activations) * format.bytes;
        operations_per_s
            .map(|rate| operations / rate)
            .zip(bytes_per_s.map(|rate| bytes / rate), f64::max)
            .zip(launch, f64::max)
    });
    layers.sum::<Range>() + host
}
