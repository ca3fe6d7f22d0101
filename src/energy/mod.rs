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
mod hardware;
mod keras_spiking;
mod law;
mod lemaire;
mod mapped;
mod mesh;
mod monte_carlo;
mod nj_per_mac;
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
pub use monte_carlo::{distributions, triangular};
pub use profile::profile;
pub use rates::rate_curve;
pub use roofline::roofs;
pub use tornado::sensitivities;
pub use usage::UsageConfig;

use crate::counts::{DenseCounts, EventCounts};
use crate::mapping::Placement;
pub use crate::result::{Basis, DeviceClass, NumberFormat};
use crate::result::{MonteCarlo, RateCurve, Scope, Sensitivity, TargetReport, Usage, Workload};
use quantity::Quantities;

/// Average carbon intensity of the world's electricity in 2023 [g CO2e/kWh].
///
/// Source: Ember / Our World in Data, carbon intensity of electricity, 2023 values.
pub const WORLD_GRID_G_PER_KWH: f64 = 481.0;

/// Where [`WORLD_GRID_G_PER_KWH`] comes from.
pub const WORLD_GRID_SOURCE: &str =
    "world average 2023, Ember / Our World in Data, carbon intensity of electricity";

/// What a device is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Events of the spiking network.
    pub counts: &'a EventCounts,
    /// Work of the original network; without layers if there is none.
    pub dense: &'a DenseCounts,
}

/// Assumptions of a price that are not properties of the device.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceOptions {
    /// Inferences that run together in the second report of a conventional device, well above 1;
    /// 1 leaves it out.
    pub large_batch: u64,
    /// Where and how often the devices work.
    pub usage: Usage,
    /// How to draw random figures; `None`: not at all.
    pub monte_carlo: Option<MonteCarlo>,
    /// How neurons are placed on chips with neurocores.
    pub placement: PlacementRule,
    /// Exchange with the host in each timestep of a chip with neurocores [s]; 0 for none.
    pub host_exchange_s: f64,
}

/// How neurons are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlacementRule {
    /// In the order of the network.
    #[default]
    Greedy,
    /// The same cores moved by simulated annealing so that the links which the counted packets cross
    /// cost less energy ([`crate::mapping::optimise`]); where the price of a link is not known, all
    /// weigh alike.
    Annealing {
        /// Seed of the search.
        seed: u64,
    },
}

impl PriceOptions {
    /// With another second batch; 1 leaves it out.
    #[must_use]
    pub fn with_large_batch(self, large_batch: u64) -> Self {
        PriceOptions {
            large_batch,
            ..self
        }
    }

    /// For devices that work elsewhere or more often.
    #[must_use]
    pub fn with_usage(self, usage: Usage) -> Self {
        PriceOptions { usage, ..self }
    }

    /// With figures drawn at random.
    #[must_use]
    pub fn with_monte_carlo(self, monte_carlo: MonteCarlo) -> Self {
        PriceOptions {
            monte_carlo: Some(monte_carlo),
            ..self
        }
    }

    /// With neurons placed by another rule.
    #[must_use]
    pub fn with_placement(self, placement: PlacementRule) -> Self {
        PriceOptions { placement, ..self }
    }

    /// With an exchange with the host in each timestep [s].
    #[must_use]
    pub fn with_host_exchange(self, host_exchange_s: f64) -> Self {
        PriceOptions {
            host_exchange_s,
            ..self
        }
    }
}

impl Default for PriceOptions {
    fn default() -> Self {
        PriceOptions {
            large_batch: 64,
            usage: Usage::default(),
            monte_carlo: None,
            placement: PlacementRule::Greedy,
            host_exchange_s: 0.0,
        }
    }
}

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

/// What [`price`], [`rate_curve`] and [`sensitivities`] say about a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// One report per workload and batch.
    pub targets: Vec<TargetReport>,
    /// Energy against spike rate, if the device runs spiking networks.
    pub rate_curve: Option<RateCurve>,
    /// Which figure matters, for each report with a total.
    pub sensitivities: Vec<Sensitivity>,
}

/// All of it at once: the neurons are placed and their spikes routed a single time, which is most of
/// the work for large networks.
#[must_use]
pub fn analyse(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Analysis {
    let mapped = mapped::mapped(hardware, work, options);
    let mapped = mapped.as_ref();
    Analysis {
        targets: price_mapped(hardware, work, options, mapped),
        rate_curve: rates::curve(hardware, work, options, mapped),
        sensitivities: tornado::swings(hardware, work, options, mapped),
    }
}

fn price_mapped(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    mapped: Option<&mapped::Mapped>,
) -> Vec<TargetReport> {
    let quantities = Quantities::of(work);
    price_job(&Job {
        hardware,
        work,
        options,
        quantities: &quantities,
        mapped,
    })
}

/// What the law of the device says, then what depends on how it is used.
fn price_job(job: &Job) -> Vec<TargetReport> {
    let usage = &job.options.usage;
    let mut reports = (job.hardware.law.price)(job);
    for report in &mut reports {
        refuse_signs(job, report);
        if let Some(period_s) = usage.period_s {
            duty::charge_waiting(job.hardware, period_s, report);
        }
        report.carbon_g = report
            .energy_j
            .filter(|_| report.scope == Scope::System)
            .map(|energy_j| usage.carbon_g(energy_j));
        report.footprint = usage.footprints(report);
    }
    reports
}

/// A network that sends negative spikes fits no chip whose spikes are not known to carry a sign.
fn refuse_signs(job: &Job, report: &mut TargetReport) {
    let hardware = job.hardware;
    if hardware.kind != DeviceKind::Neuromorphic
        || report.workload != Workload::Snn
        || hardware.info.contains_key("info.graded_spike_bits")
    {
        return;
    }
    let counts = job.work.counts;
    let negative: f64 = (0..counts.populations.len())
        .map(|index| counts.per_inference(index).negative_spikes)
        .sum();
    if negative > 0.0 {
        report.fits = false;
        report.exceeded.push(format!(
            "negative spikes: {negative:.1} per inference; the table has no info.graded_spike_bits, so a spike carries no sign"
        ));
    }
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
