//! What the laws of neurocore meshes share: placement, latency, static power, the host.

use super::charge::{Machine, charge};
use super::hardware::{Figure, FigureSection};
use super::law::LawTable;
use super::mapped::{Mapped, map};
use super::receipt::{Receipt, Running};
use super::{Job, host};
use crate::counts::EventCounts;
use crate::mapping::{Pipeline, StageTimes, latency, pipeline};
use crate::result::{Bill, Part, TargetReport};
use crate::units::Range;

/// The other figures that each mesh law reads.
pub(super) const SHARED: [&str; 3] = ["capacity.max_delay", "latency.chip_link", "barrier_sync.*"];

/// How long the chip works.
struct Pace<'a> {
    /// Figures that the time comes from.
    figures: Vec<&'a Figure>,
    /// One inference, at the three bounds of the figures [s].
    pub latency_s: Range,
    /// Inference after inference, every figure nominal.
    pub pipeline: Pipeline,
}

/// Time of an inference, with the figures of `times`, those of links between chips and a barrier;
/// `None` if any that is needed is unknown.
fn pace<'a>(
    job: &Job<'a>,
    mapped: Option<&Mapped>,
    receipt: &mut Receipt<'a>,
    times: Option<Bounds<'a>>,
) -> Option<Pace<'a>> {
    let barrier = match mapped {
        Some(mapped) => barrier(job, receipt, mapped.placement.tiles()),
        None => None,
    };
    // Links that nothing crosses take no time.
    let link = match mapped {
        Some(mapped) if mapped.traffic.borders > 0 => Some(receipt.figure("latency.chip_link")),
        _ => None,
    };
    let link_s = link.map_or(Some(Range::ZERO), |link| link.map(|figure| figure.value));
    let (Some(times), Some(mapped), Some(barrier), Some(link_s)) = (times, mapped, barrier, link_s)
    else {
        receipt.lose(Part::Static, Bill::SYSTEM);
        return None;
    };
    let Bounds {
        low,
        nominal,
        high,
        mut figures,
    } = times;
    figures.push(barrier);
    figures.extend(link.flatten());
    let exchange_s = host::step(job);
    let complete = |times: StageTimes, bound: fn(Range) -> f64| StageTimes {
        barrier_s: bound(barrier.value),
        chip_link_s: bound(link_s),
        host_s: bound(exchange_s),
        ..times
    };
    let (
        counts,
        Mapped {
            placement, traffic, ..
        },
    ) = (job.work.counts, mapped);
    let at = |times: &StageTimes| latency(counts, placement, traffic, times);
    let nominal = complete(nominal, |range| range.nominal);
    Some(Pace {
        figures,
        latency_s: Range::new(
            at(&complete(low, |range| range.low)),
            at(&nominal),
            at(&complete(high, |range| range.high)),
        ),
        pipeline: pipeline(counts, placement, traffic, &nominal),
    })
}

/// Stage times with every figure at its low, nominal and high value.
pub(super) struct Bounds<'a> {
    low: StageTimes,
    nominal: StageTimes,
    high: StageTimes,
    figures: Vec<&'a Figure>,
}

impl<'a> Bounds<'a> {
    /// `figures` are those that `times` reads.
    pub fn new(figures: &[&'a Figure], times: impl Fn(fn(&Figure) -> f64) -> StageTimes) -> Self {
        Bounds {
            figures: figures.to_vec(),
            low: times(|figure| figure.value.low),
            nominal: times(|figure| figure.value.nominal),
            high: times(|figure| figure.value.high),
        }
    }
}

/// The barrier time of the largest number of tiles that is not above `tiles`.
fn barrier<'a>(job: &Job<'a>, receipt: &mut Receipt, tiles: usize) -> Option<&'a Figure> {
    let figures = job.hardware.figures.values();
    let found = figures
        .filter_map(|figure| match figure.section {
            FigureSection::BarrierSync { tiles: from } => {
                (from <= tiles.max(1)).then_some((from, figure))
            }
            _ => None,
        })
        .max_by_key(|(from, _)| *from);
    if found.is_none() {
        receipt.lack("barrier_sync");
    }
    found.map(|(_, figure)| figure)
}

/// What tells the times of the stages of a mesh.
type Times<'a> = fn(&mut Receipt<'a>) -> Option<Bounds<'a>>;

/// The spiking network on a mesh of neurocores whose stages take `times`.
pub(super) fn price<'a>(job: &Job<'a>, times: Times<'a>) -> Vec<TargetReport> {
    let tables = job.hardware.law.tables.iter();
    tables.map(|table| price_table(job, table, times)).collect()
}

fn price_table<'a>(job: &Job<'a>, table: &LawTable, times: Times<'a>) -> TargetReport {
    let mut receipt = Receipt::new(job);
    let mapped = map(job, &mut receipt);
    let mapped = mapped.as_deref();
    let mut pace = None;
    let mut running = |receipt: &mut Receipt<'a>| {
        let times = times(receipt);
        pace = self::pace(job, mapped, receipt, times);
        pace.as_ref().map(|pace| Running {
            seconds: pace.latency_s,
            chips: chips(mapped),
            figures: pace.figures.clone(),
        })
    };
    let mut machine = Machine {
        mapped,
        running: Some(&mut running),
    };
    charge(job, &mut receipt, table, &mut machine);
    finish(job, table, mapped, receipt, pace)
}

fn chips(mapped: Option<&Mapped>) -> u64 {
    mapped.map_or(1, |mapped| mapped.placement.chips() as u64)
}

/// Says what the price rests on and closes the receipt.
fn finish(
    job: &Job,
    table: &LawTable,
    mapped: Option<&Mapped>,
    mut receipt: Receipt,
    pace: Option<Pace>,
) -> TargetReport {
    let chips = chips(mapped);
    receipt.notes.extend([
        "input populations are driven by the host: neither placed nor charged, but their synaptic \
         operations are; learning is not charged"
            .into(),
        "static energy: whole chips, embedded processors idle, for the time the chip computes; a \
         chip that waits for its next input pays for that time too"
            .into(),
        "latency: busiest core of each timestep plus barrier, from means over samples".into(),
    ]);
    if chips > 1 {
        receipt.notes.push(
            "several chips: the mesh continues on the next chip over links with a price and a pace \
             of their own; the barrier is that of the largest table entry"
                .into(),
        );
    }
    if let Some(Pace { pipeline, .. }) = &pace {
        receipt.notes.push(pipelined(job.work.counts, pipeline));
    }
    let (fits, exceeded, cores) = match mapped {
        Some(Mapped { placement, .. }) => (
            placement.fits(),
            placement.exceeded().to_vec(),
            Some(placement.cores() as u64),
        ),
        None => (
            false,
            vec!["not known: the table lacks a capacity".into()],
            None,
        ),
    };
    TargetReport {
        fits,
        exceeded,
        chips,
        cores,
        throughput_per_s: pace.as_ref().map(|pace| 1.0 / pace.pipeline.period_s),
        ..receipt.finish(
            table.workload,
            table.widest,
            pace.map(|pace| pace.latency_s.nominal),
        )
    }
}

/// What the throughput rests on.
fn pipelined(counts: &EventCounts, pipeline: &Pipeline) -> String {
    let held_up = match pipeline.bottleneck {
        Some(population) => format!(
            "the busiest core is one of \"{}\"",
            counts.topology.populations[population].name
        ),
        None => "no core holds it up".to_owned(),
    };
    format!(
        "throughput: inference follows inference, each population on its own; {held_up}; the first \
         result comes {} timesteps later than the latency says",
        pipeline.fill_timesteps
    )
}
