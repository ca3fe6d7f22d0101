//! What counted events cost: [`price`] multiplies [`EventCounts`] and [`DenseCounts`] by the cost
//! table of a device.
//!
//! A device is data ([`Catalogue`], `data/hardware/*.toml`); how its figures turn counts into joules
//! is its cost law ([`LAWS`]). Each total is the sum of its printed lines. A figure that is needed
//! and missing makes the total unknown and is named; it is never taken as zero. Bounds combine low
//! with low and high with high.
//!
//! ```
//! use spikewatt::energy::Catalogue;
//! let catalogue = Catalogue::shipped()?;
//! let loihi = catalogue.get("loihi1")?;
//! let synop = loihi.figures.get("energy.synop_dense").expect("a figure of this table");
//! assert_eq!((synop.written.nominal, synop.unit.as_str()), (35.5, "pJ"));
//! # Ok::<(), spikewatt::energy::HardwareError>(())
//! ```

mod all_in;
mod all_in_at_rate;
mod arithmetic;
mod asynchronous;
pub mod carbon;
mod catalogue;
mod charge;
mod compare;
mod constant_power;
mod dampfhoffer;
mod davies;
mod deliveries;
mod duty;
mod dynap;
mod export;
mod feasibility;
mod hardware;
mod host;
mod keras_spiking;
mod law;
mod lemaire;
mod mac_array;
mod mapped;
mod memory;
mod mesh;
mod monte_carlo;
mod nj_per_mac;
mod options;
mod per_event;
mod profile;
mod quantity;
mod rates;
mod realtime;
mod receipt;
mod roofline;
mod sanafe;
mod sanafe_yaml;
mod tornado;
mod usage;
mod work;
mod yan;

pub use catalogue::{Catalogue, HardwareError};
pub use compare::{Largest, Spread, TableComparison, TableRow, compare};
pub use deliveries::broadcasts;
pub use export::device_file;
pub use hardware::{
    COMMON, Confidence, DeviceKind, Figure, FigureSection, Hardware, HostExchange, SpikeFormat,
};
pub use law::Law;
pub use mapped::placement;
pub use monte_carlo::distributions;
pub use options::{DeviceLimits, LargeBatch, PlacementRule, PriceOptions};
pub use profile::{EnergyProfile, profile};
pub use rates::rate_curves;
pub use roofline::roofs;
pub use tornado::sensitivities;
pub use usage::UsageConfig;
pub use work::Work;

pub use crate::counts::NumberFormat;
pub use crate::result::{Basis, DeviceClass};

use crate::mapping::Placement;
use crate::result::{Condition, RateCurve, Scope, Sensitivity, TargetReport, Workload};
use quantity::Quantities;

/// Average carbon intensity of the world's electricity in 2023 [g CO2e/kWh].
///
/// Source: Ember / Our World in Data, carbon intensity of electricity, 2023 values.
pub const WORLD_GRID_G_PER_KWH: f64 = 481.0;

/// Where [`WORLD_GRID_G_PER_KWH`] comes from.
pub const WORLD_GRID_SOURCE: &str =
    "world average 2023, Ember / Our World in Data, carbon intensity of electricity";

/// All cost laws.
pub static LAWS: &[&Law] = &[
    &sanafe::LAW,
    &davies::LAW,
    &per_event::LAW,
    &asynchronous::LAW,
    &all_in::LAW,
    &all_in_at_rate::LAW,
    &constant_power::LAW,
    &dynap::LAW,
    &roofline::LAW,
    &roofline::LAW_FP16,
    &roofline::LAW_INT8,
    &nj_per_mac::LAW,
    &mac_array::LAW,
    &arithmetic::LAW,
    &lemaire::LAW,
    &dampfhoffer::LAW,
    &yan::LAW,
    &keras_spiking::LAW,
];

/// One device and one piece of work, as a law sees them.
#[derive(Clone, Copy)]
struct Job<'a> {
    hardware: &'a Hardware,
    work: &'a Work<'a>,
    options: &'a PriceOptions,
    /// The number format that the device computes with; `None` if its table does not say.
    format: Option<NumberFormat>,
    /// Its counts per inference.
    quantities: &'a Quantities<'a>,
    /// Where the neurons sit, if that is settled.
    mapped: Option<&'a mapped::Mapped>,
}

/// Energy, latency and carbon of one inference on a device: one report per workload and batch that
/// the device's law distinguishes.
#[must_use]
pub fn price(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Vec<TargetReport> {
    price_mapped(hardware, work, options, None)
}

/// The same with neurons placed by hand. Devices without neurocores ignore the placement.
///
/// # Panics
/// If the placement is of another network.
#[must_use]
pub fn price_placed(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    placement: &Placement,
) -> Vec<TargetReport> {
    let mapped = mapped::Mapped::new(work.counts, placement.clone());
    price_mapped(hardware, work, options, Some(&mapped))
}

/// What [`price`], [`rate_curves`], [`sensitivities`] and [`profile()`] say about a device.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Analysis {
    /// One report per workload, number format and batch.
    pub targets: Vec<TargetReport>,
    /// Energy against spike rate, for each number format in which the device runs spiking networks.
    pub rate_curves: Vec<RateCurve>,
    /// Which figure matters, for each report with a total.
    pub sensitivities: Vec<Sensitivity>,
    /// Energy by timesteps and by layer, if the device runs spiking networks.
    pub profile: Option<EnergyProfile>,
}

/// All of it at once: the neurons are placed and their spikes routed a single time, which is most of
/// the work for large networks.
#[must_use]
pub fn analyse(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Analysis {
    let mapped = mapped::mapped(hardware, work, options);
    let mapped = mapped.as_ref();
    let targets = price_mapped(hardware, work, options, mapped);
    let options = &settled(options, &targets);
    Analysis {
        rate_curves: rates::curves(hardware, work, options, mapped),
        sensitivities: tornado::swings(hardware, work, options, mapped),
        profile: profile::profile_mapped(hardware, work, options, mapped),
        targets,
    }
}

/// The same options with the batches that a search found: figures at their bounds are compared on the
/// same batch.
fn settled(options: &PriceOptions, targets: &[TargetReport]) -> PriceOptions {
    let found = targets
        .iter()
        .filter(|report| report.condition == Some(Condition::Throughput))
        .filter_map(|report| Some((report.format?, report.batch)));
    match options.large_batch {
        LargeBatch::Search => PriceOptions {
            large_batch: LargeBatch::Each(found.collect()),
            ..options.clone()
        },
        _ => options.clone(),
    }
}

/// Number formats that a device is priced at, `None` where its table states none: of circuits, which
/// can have any, those that the network was counted at or that everybody computes with.
fn formats(hardware: &Hardware, work: &Work) -> Vec<Option<NumberFormat>> {
    let stated = match hardware.formats.as_slice() {
        [] => hardware.law.formats,
        stated => stated,
    };
    let usual = |format: NumberFormat| [NumberFormat::Fp32, NumberFormat::INT8].contains(&format);
    let asked = |format: &NumberFormat| usual(*format) || work.is_counted_at(*format);
    let has_any = hardware
        .law
        .tables
        .iter()
        .any(|table| table.format.is_some());
    match stated {
        [] => vec![None],
        // A chip holds weights of one format.
        [first, ..] if hardware.kind == DeviceKind::Neuromorphic => vec![Some(*first)],
        stated if has_any && stated.iter().any(asked) => {
            stated.iter().copied().filter(asked).map(Some).collect()
        }
        stated => stated.iter().copied().map(Some).collect(),
    }
}

fn price_mapped(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    mapped: Option<&mapped::Mapped>,
) -> Vec<TargetReport> {
    let formats = formats(hardware, work).into_iter();
    formats
        .flat_map(|format| price_at(hardware, &work.at(format), format, options, mapped))
        .collect()
}

/// At one of the number formats of a device.
fn price_at(
    hardware: &Hardware,
    work: &Work,
    format: Option<NumberFormat>,
    options: &PriceOptions,
    mapped: Option<&mapped::Mapped>,
) -> Vec<TargetReport> {
    let quantities = Quantities::of(work, format, options.first_layer);
    price_job(&Job {
        hardware,
        work,
        options,
        format,
        quantities: &quantities,
        mapped,
    })
}

/// What the law of the device says, but for the spiking network where there is none; then what depends on its host, on how it is used, and on whether
/// it can do it at all.
fn price_job(job: &Job) -> Vec<TargetReport> {
    let usage = &job.options.usage;
    let spiking = !job.work.counts.topology.populations.is_empty();
    let priced = |table: &law::LawTable| spiking || table.workload != Workload::Snn;
    let tables = job.hardware.law.tables;
    if !tables.is_empty() && !tables.iter().any(priced) {
        return Vec::new();
    }
    let mut reports = (job.hardware.law.price)(job);
    reports.retain(|report| spiking || report.workload != Workload::Snn);
    for report in &mut reports {
        report.condition = job.hardware.condition.or(report.condition);
        host::charge(job, report);
        if let Some(period_s) = usage.period_s {
            duty::charge_waiting(job.hardware, period_s, report);
        }
        receipt::refuse_zeros(report);
        feasibility::judge(job, report);
        report.carbon_g = report
            .energy_j
            .filter(|_| report.scope == Scope::System)
            .map(|energy_j| usage.carbon_g(energy_j));
        report.footprint = usage.footprints(report);
    }
    reports
}

/// Bits that an activation needs to take as many values as a spike count over `timesteps` can:
/// `ceil(log2(T + 1))`.
///
/// Source: Yan et al., Reconsidering the energy efficiency of spiking neural networks, 2024.
#[must_use]
pub fn quantised_bits(timesteps: u32) -> u32 {
    u32::BITS - timesteps.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form_quantised_bits() {
        for timesteps in 1..2000u32 {
            let exact = (f64::from(timesteps) + 1.0).log2().ceil() as u32;
            assert_eq!(quantised_bits(timesteps), exact, "T = {timesteps}");
        }
    }
}
