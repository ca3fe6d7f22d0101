//! Conventional devices: time from peak rates, power from idle and TDP.

use super::hardware::Figure;
use super::law::Law;
use super::memory::MemoryNeed;
use super::receipt::{LineDraft, NO_DENSE, Receipt, sources_of};
use super::{Hardware, Job, LargeBatch, PriceOptions, Work, formats};
use crate::counts::{DenseCounts, DenseLayer, NumberFormat};
use crate::result::{Bill, Condition, Measure, Part, Roof, Scope, TargetReport, Workload};
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
    formats: &[NumberFormat::Fp32, NumberFormat::INT8],
    tables: &[],
    figures: &[&["compute.fp32", "compute.int8"], &SHARED],
    price,
    divide: |_, _| None,
};

/// The same for a device that runs the original network with half precision.
pub(super) static LAW_FP16: Law = Law {
    name: "roofline-fp16",
    about: "the roofline of a device that runs the original network with fp16",
    formats: &[NumberFormat::Fp16, NumberFormat::INT8],
    tables: &[],
    figures: &[&["compute.fp16", "compute.int8"], &SHARED],
    price,
    divide: |_, _| None,
};

/// The same for a device that runs quantised networks only.
pub(super) static LAW_INT8: Law = Law {
    name: "roofline-int8",
    about: "the roofline of a device that runs int8 networks only",
    formats: &[NumberFormat::INT8],
    tables: &[],
    figures: &[&["compute.int8"], &SHARED],
    price,
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

/// All formats that a law of this file can price.
const FORMATS: [(NumberFormat, Format); 3] = [
    (
        NumberFormat::Fp32,
        Format {
            workload: Workload::Ann,
            peak: "compute.fp32",
            bytes: 4.0,
        },
    ),
    (
        NumberFormat::Fp16,
        Format {
            workload: Workload::Ann,
            peak: "compute.fp16",
            bytes: 2.0,
        },
    ),
    (
        NumberFormat::INT8,
        Format {
            workload: Workload::Qann,
            peak: "compute.int8",
            bytes: 1.0,
        },
    ),
];

/// Largest batch that a search tries.
const LARGEST_BATCH: u64 = 1 << 16;

/// How far above the least energy a batch may be that is chosen for being smaller.
const PLATEAU: f64 = 1.05;

fn format_of(format: Option<NumberFormat>) -> Option<&'static Format> {
    let mut known = FORMATS.iter();
    known
        .find(|(known, _)| Some(*known) == format)
        .map(|(_, found)| found)
}

/// Batch 1, and that of throughput if it is another.
fn batches(
    hardware: &Hardware,
    work: &Work,
    format: &Format,
    options: &PriceOptions,
) -> impl Iterator<Item = (u64, Condition)> + use<> {
    let of_format = |(known, _): &&(NumberFormat, u64)| {
        format_of(Some(*known)).is_some_and(|known| known.peak == format.peak)
    };
    let large = match &options.large_batch {
        LargeBatch::Of(batch) => *batch,
        LargeBatch::Each(found) => found.iter().find(of_format).map_or(1, |(_, batch)| *batch),
        LargeBatch::Search => plateau(hardware, work.dense, format).unwrap_or(1),
    };
    let large = (large > 1).then_some((large, Condition::Throughput));
    [(1, Condition::Streaming)].into_iter().chain(large)
}

/// The smallest power of two whose nominal energy per inference is within 5 % of the least over all
/// powers of two that fit the memory; `None` if a figure is not known.
fn plateau(hardware: &Hardware, dense: &DenseCounts, format: &Format) -> Option<u64> {
    let room = hardware.figures.get("capacity.memory");
    let need = |batch: u64| MemoryNeed::of(dense, format.bytes, batch).total();
    let fits = |batch: &u64| room.is_none_or(|room| need(*batch) <= room.value.nominal);
    let powers = (0..).map(|power| 1_u64 << power);
    let tried = powers.take_while(|batch| *batch <= LARGEST_BATCH && fits(batch));
    let energies: Vec<(u64, f64)> = tried
        .map(|batch| Some((batch, energy_j(hardware, dense, format, batch)?)))
        .collect::<Option<_>>()?;
    let least = energies
        .iter()
        .map(|(_, joules)| *joules)
        .reduce(f64::min)?;
    let mut good = energies
        .iter()
        .filter(|(_, joules)| *joules <= PLATEAU * least);
    good.next().map(|(batch, _)| *batch)
}

/// Nominal energy of one inference \[J\] in a batch.
fn energy_j(hardware: &Hardware, dense: &DenseCounts, format: &Format, batch: u64) -> Option<f64> {
    let figure = |key: &str| hardware.figures.get(key);
    let found = rate_keys(format, batch).map(figure);
    let mut rates = [found[0]?; 6];
    for (slot, figure) in rates.iter_mut().zip(found) {
        *slot = figure?;
    }
    let watts = |key: &str| figure(key).map(|figure| figure.value.nominal);
    let (idle, tdp, active) = (
        watts("power.idle")?,
        watts("power.tdp")?,
        watts("efficiency.active_power")?,
    );
    let seconds = batch_time(dense, format, batch, &rates).nominal;
    Some(seconds * (idle + active * (tdp - idle).max(0.0)) / batch as f64)
}

/// What a device of one of these laws can reach and what the network reaches, per network and batch
/// that the law prices. Empty for other laws, without an original network, and where a figure is not
/// known.
#[must_use]
pub fn roofs(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Vec<Roof> {
    let laws = [&LAW, &LAW_FP16, &LAW_INT8];
    if !laws.iter().any(|law| hardware.law.is(law)) {
        return Vec::new();
    }
    let formats = formats(hardware, work).into_iter().filter_map(format_of);
    formats
        .flat_map(|format| {
            let batches = batches(hardware, work, format, options);
            batches.filter_map(|(batch, _)| roof(hardware, work.dense, format, batch))
        })
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

fn price(job: &Job) -> Vec<TargetReport> {
    let Some(format) = format_of(job.format) else {
        let format = job
            .format
            .map_or("none".to_owned(), |format| format.to_string());
        let mut receipt = Receipt::new(job);
        receipt.lack(&format!("a peak rate at the format {format}"));
        receipt.lose(Part::Dynamic, Bill::EVENT);
        receipt.lose(Part::Static, Bill::SYSTEM);
        return vec![receipt.finish(Workload::Ann, Scope::System, None)];
    };
    batches(job.hardware, job.work, format, job.options)
        .map(|(batch, condition)| {
            let mut report = price_one(job, format, batch);
            report.condition = Some(condition);
            if batch == LARGEST_BATCH && condition == Condition::Throughput {
                report.notes.push(format!(
                    "batch {LARGEST_BATCH} is the largest that is tried: a larger one may cost less"
                ));
            }
            report
        })
        .collect()
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
