//! The energy of a run by timesteps and by layer: the same counts, priced in parts.

use super::mapped::{Mapped, mapped};
use super::quantity::Quantities;
use super::{Hardware, Job, PriceOptions, Work, formats, price_at};
use crate::counts::{EventCounts, NumberFormat};
use crate::result::{LayerBill, Part, Scope, TargetReport, TimeCurve, TimePoint, Workload};

/// Most points of a curve over timesteps.
const MOST_POINTS: u32 = 16;

/// Prices counts of one network on one device, with its neurons where they are.
struct Pricer<'a> {
    hardware: &'a Hardware,
    /// At the number format that the device prefers.
    work: Work<'a>,
    format: Option<NumberFormat>,
    options: &'a PriceOptions,
    mapped: Option<&'a Mapped>,
}

impl Pricer<'_> {
    /// The spiking network; `None` if the device does not run it.
    fn price(&self, counts: &EventCounts) -> Option<TargetReport> {
        let mapped = self.mapped.map(|mapped| {
            let placement = mapped.placement.clone();
            match (mapped.traffic).share(self.work.counts, counts, &placement) {
                Some(traffic) => Mapped {
                    placement,
                    traffic,
                    routed: None,
                    rule: None,
                },
                None => Mapped::new(counts, placement),
            }
        });
        let work = self.work.with_counts(counts);
        let reports = price_at(
            self.hardware,
            &work,
            self.format,
            self.options,
            mapped.as_ref(),
        );
        let mut reports = reports.into_iter();
        reports.find(|report| report.workload == Workload::Snn)
    }
}

/// Energy of the spiking network on a device by timesteps, and by layer where it is known. `None` if
/// the device does not run spiking networks.
#[must_use]
pub fn profile(hardware: &Hardware, work: &Work, options: &PriceOptions) -> Option<EnergyProfile> {
    profile_mapped(
        hardware,
        work,
        options,
        mapped(hardware, work, options).as_ref(),
    )
}

/// By timesteps, and by layer.
pub type EnergyProfile = (TimeCurve, Option<LayerBill>);

/// [`profile`] of a network that is placed already.
pub(super) fn profile_mapped(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
    mapped: Option<&Mapped>,
) -> Option<EnergyProfile> {
    let format = formats(hardware, work).into_iter().next().flatten();
    let pricer = Pricer {
        hardware,
        work: work.at(format),
        format,
        options,
        mapped,
    };
    Some((pricer.time_curve()?, pricer.layer_bill()))
}

impl Pricer<'_> {
    /// If it stopped earlier.
    fn time_curve(&self) -> Option<TimeCurve> {
        let all = self.work.counts.timesteps;
        let points = all.min(MOST_POINTS);
        let ends = (1..=points).map(|i| u64::from(all) * u64::from(i) / u64::from(points));
        let points = ends.map(|end| {
            let counts = self.work.counts.truncated(end as u32);
            let report = self.price(&counts)?;
            Some(TimePoint {
                timesteps: counts.timesteps,
                energy_j: Scope::ALL.map(|scope| report.scopes.get(scope).known()),
            })
        });
        Some(TimeCurve {
            target: self.hardware.name.clone(),
            points: points.collect::<Option<_>>()?,
        })
    }

    /// What the events of each population cost. A line that no population has a part of belongs to
    /// all layers together.
    fn layer_bill(&self) -> Option<LayerBill> {
        let counts = self.work.counts;
        let whole = self.price(counts)?;
        whole.known_energy_j()?;
        let quantities = Quantities::of(&self.work, self.format, self.options.first_layer);
        let job = Job {
            hardware: self.hardware,
            work: &self.work,
            options: self.options,
            format: self.format,
            quantities: &quantities,
            mapped: self.mapped,
        };
        let nodes = counts.topology.populations.iter();
        let mut bill = LayerBill {
            target: self.hardware.name.clone(),
            layers: nodes.map(|node| (node.name.clone(), 0.0)).collect(),
            common_j: 0.0,
            static_j: 0.0,
        };
        for line in &whole.lines {
            if line.part == Part::Static {
                bill.static_j += line.joules;
                continue;
            }
            match (self.hardware.law.divide)(&job, line) {
                Some(parts) => {
                    for (layer, joules) in bill.layers.iter_mut().zip(parts) {
                        layer.1 += joules;
                    }
                }
                None => bill.common_j += line.joules,
            }
        }
        Some(bill)
    }
}
