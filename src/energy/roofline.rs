//! Conventional devices: time from peak rates, power from idle and TDP.

use super::hardware::Figure;
use super::law::Law;
use super::receipt::{LineDraft, NO_DENSE, Receipt, sources_of};
use super::{Hardware, Job, PriceOptions, Work, quantised_bits};
use crate::counts::{DenseCounts, DenseLayer};
use crate::result::{Bill, Measure, Part, Roof, Scope, TargetReport, Workload};
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
    tables: &[],
    figures: &[&["compute.fp32", "compute.int8"], &SHARED],
    price: |job| price(job, FORMATS),
    divide: |_, _| None,
};

/// The same for a device that runs the original network with half precision.
pub(super) static LAW_FP16: Law = Law {
    name: "roofline-fp16",
    about: "the roofline of a device that runs the original network with fp16",
    tables: &[],
    figures: &[&["compute.fp16", "compute.int8"], &SHARED],
    price: |job| price(job, FORMATS_FP16),
    divide: |_, _| None,
};

/// The same for a device that runs quantised networks only.
pub(super) static LAW_INT8: Law = Law {
    name: "roofline-int8",
    about: "the roofline of a device that runs int8 networks only",
    tables: &[],
    figures: &[&["compute.int8"], &SHARED],
    price: |job| price(job, FORMATS_INT8),
    divide: |_, _| None,
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

const FORMATS: &[Format] = &[FP32, INT8];
const FORMATS_FP16: &[Format] = &[FP16, INT8];
const FORMATS_INT8: &[Format] = &[INT8];

/// Formats that carry as many values as the timesteps do, with each batch.
fn cases<'a>(
    formats: &'a [Format],
    work: &Work,
    options: &PriceOptions,
) -> impl Iterator<Item = (&'a Format, u64)> + use<'a> {
    let bits = quantised_bits(work.counts.timesteps);
    let large = options.large_batch;
    let batches = [1].into_iter().chain((large > 1).then_some(large));
    formats
        .iter()
        .filter(move |format| format.workload == Workload::Ann || bits <= 8)
        .flat_map(move |format| batches.clone().map(move |batch| (format, batch)))
}

/// What a device of one of these laws can reach and what the network reaches, per network and batch
/// that the law prices. Empty for other laws, without an original network, and where a figure is not
/// known.
#[must_use]
pub fn roofs(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Vec<Roof> {
    let laws = [
        (&LAW, FORMATS),
        (&LAW_FP16, FORMATS_FP16),
        (&LAW_INT8, FORMATS_INT8),
    ];
    let formats = laws.iter().find(|(law, _)| hardware.law.is(law));
    let formats = formats.map_or(&[][..], |(_, formats)| formats);
    cases(formats, work, options)
        .filter_map(|(format, batch)| roof(hardware, work.dense, format, batch))
        .collect()
}

fn roof(hardware: &Hardware, dense: &DenseCounts, format: &Format, batch: u64) -> Option<Roof> {
    if dense.macs() == 0 {
        return None;
    }
    let rates = rate_keys(format, batch).into_iter();
    let rates: Option<Vec<&Figure>> = rates.map(|key| hardware.figures.get(key)).collect();
    let rates: [&Figure; 6] = rates?.try_into().ok()?;
    let [peak, compute, bandwidth, memory, ..] = rates.map(|figure| figure.value.nominal);
    let work = dense
        .layers
        .iter()
        .map(|layer| layer_work(layer, format, batch));
    let (operations, bytes) = work.fold((0.0, 0.0), |sum, layer| {
        (sum.0 + layer.operations, sum.1 + layer.bytes)
    });
    let time_s = batch_time(dense, format, batch, &rates).nominal / batch as f64;
    let is_known = time_s.is_finite() && time_s > 0.0;
    is_known.then(|| Roof {
        target: hardware.name.clone(),
        workload: format.workload,
        batch,
        compute_ops_per_s: peak * compute,
        memory_bytes_per_s: bandwidth * memory,
        operations: operations / batch as f64,
        bytes: bytes / batch as f64,
        time_s,
        sources: sources_of(&rates).into_iter().map(String::from).collect(),
        unverified: rates.iter().any(|figure| figure.is_unverified()),
    })
}

fn price(job: &Job, formats: &[Format]) -> Vec<TargetReport> {
    let bits = quantised_bits(job.work.counts.timesteps);
    let mut reports = Vec::new();
    for (format, batch) in cases(formats, job.work, job.options) {
        let mut report = price_one(job, format, batch);
        if bits > 8 {
            report.notes.push(format!(
                "no quantised baseline: as many values as {} timesteps carry need {bits} bits, the \
                 table has int8",
                job.work.counts.timesteps
            ));
        }
        reports.push(report);
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
    let rates = receipt.figures(rate_keys(format, batch));
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
                receipt.line(LineDraft {
                    part,
                    bill: match part {
                        Part::Dynamic => Bill::EVENT,
                        Part::Static => Bill::SYSTEM,
                    },
                    event: event.to_owned(),
                    measure: Measure::SecondsRunning,
                    amount: (each.nominal, watts.nominal),
                    bounds: watts.zip(each, |watts, seconds| watts * seconds),
                    figure: None,
                    used: &used,
                });
            };
            line(
                Part::Dynamic,
                "power above idle while running",
                extra,
                &[tdp, idle, active],
            );
            line(
                Part::Static,
                "idle power while running",
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

/// What the time of a batch depends on.
fn rate_keys(format: &Format, batch: u64) -> [&'static str; 6] {
    let efficiency = match batch {
        1 => "efficiency.compute_batch_1",
        _ => "efficiency.compute_large_batch",
    };
    [
        format.peak,
        efficiency,
        "bandwidth.memory",
        "efficiency.memory",
        "latency.kernel_launch",
        "latency.host_overhead",
    ]
}

/// Operations and bytes of a batch.
struct LayerWork {
    operations: f64,
    bytes: f64,
}

fn layer_work(layer: &DenseLayer, format: &Format, batch: u64) -> LayerWork {
    let batch = batch as f64;
    let activations = (layer.inputs + layer.outputs) as f64 * batch;
    LayerWork {
        operations: 2.0 * layer.macs as f64 * batch,
        bytes: (layer.parameters as f64 + activations) * format.bytes,
    }
}

/// Time of one batch [s].
fn batch_time(dense: &DenseCounts, format: &Format, batch: u64, rates: &[&Figure; 6]) -> Range {
    let [peak, compute, bandwidth, memory, launch, host] = rates.map(|figure| figure.value);
    let fast = |range: Range| Range::new(range.high, range.nominal, range.low);
    let rate = |peak: Range, part: Range| fast(peak.zip(part, |peak, part| peak * part));
    let (operations_per_s, bytes_per_s) = (rate(peak, compute), rate(bandwidth, memory));
    let layers = dense.layers.iter().map(|layer| {
        let work = layer_work(layer, format, batch);
        operations_per_s
            .map(|rate| work.operations / rate)
            .zip(bytes_per_s.map(|rate| work.bytes / rate), f64::max)
            .zip(launch, f64::max)
    });
    layers.sum::<Range>() + host
}
