//! The energy of a run by timesteps and by layer: the same counts, priced in parts.

use super::mesh::{Mapped, mapped};
use super::{Hardware, PriceOptions, Work, price_mapped};
use crate::counts::EventCounts;
use crate::network::Role;
use crate::result::{LayerBill, Line, Part, Scope, TargetReport, TimeCurve, TimePoint, Workload};

/// Most points of a curve over timesteps.
const MOST_POINTS: u32 = 16;

/// How closely the parts of a line have to add up to it, as a share of it: rounding of sums.
const SAME: f64 = 1e-9;

/// Prices counts of one network on one device, with its neurons where they are.
struct Pricer<'a> {
    hardware: &'a Hardware,
    work: &'a Work<'a>,
    options: &'a PriceOptions,
    mapped: Option<Mapped>,
}

impl<'a> Pricer<'a> {
    fn new(hardware: &'a Hardware, work: &'a Work<'a>, options: &'a PriceOptions) -> Self {
        Pricer {
            hardware,
            work,
            options,
            mapped: mapped(hardware, work, options),
        }
    }

    /// The spiking network; `None` if the device does not run it.
    fn price(&self, counts: &EventCounts) -> Option<TargetReport> {
        let mapped =
            (self.mapped.as_ref()).map(|mapped| Mapped::new(counts, mapped.placement.clone()));
        let work = Work {
            counts,
            dense: self.work.dense,
        };
        let reports = price_mapped(self.hardware, &work, self.options, mapped.as_ref());
        let mut reports = reports.into_iter();
        reports.find(|report| report.workload == Workload::Snn)
    }
}

/// Energy of the spiking network on a device by timesteps, and by layer where it is known. `None` if
/// the device does not run spiking networks.
#[must_use]
pub fn profile(
    hardware: &Hardware,
    work: &Work,
    options: &PriceOptions,
) -> Option<(TimeCurve, Option<LayerBill>)> {
    let pricer = Pricer::new(hardware, work, options);
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

    /// What a line counts is a sum over populations, beside what does not depend on events but on
    /// neurons and timesteps. So it is counted again with the events of one population alone, and
    /// with none. A line whose parts do not add up to it belongs to all layers together.
    fn layer_bill(&self) -> Option<LayerBill> {
        let counts = self.work.counts;
        let whole = self.price(counts)?;
        whole.known_energy_j()?;
        let populations = &counts.topology.populations;
        let idle = self.price(&counts.of_population(None))?;
        let alone = (0..populations.len())
            .map(|index| self.price(&counts.of_population(Some(index))))
            .collect::<Option<Vec<_>>>()?;
        let updates: Vec<f64> = (0..populations.len())
            .map(|index| match populations[index].role {
                Role::Input => 0.0,
                _ => counts.per_inference(index).neuron_updates,
            })
            .collect();
        let names = populations.iter().map(|node| node.name.clone());
        let mut bill = LayerBill {
            target: self.hardware.name.clone(),
            layers: names.map(|name| (name, 0.0)).collect(),
            common_j: 0.0,
            static_j: 0.0,
        };
        for line in &whole.lines {
            if line.part == Part::Static {
                bill.static_j += line.joules;
                continue;
            }
            let count = |report: &TargetReport| count_of(report, line);
            let alone: Vec<f64> = alone.iter().map(count).collect();
            match divided(line.count, count(&idle), &alone, &updates) {
                Some(parts) => {
                    for (layer, part) in bill.layers.iter_mut().zip(parts) {
                        layer.1 += line.joules * part;
                    }
                }
                None => bill.common_j += line.joules,
            }
        }
        Some(bill)
    }
}

/// What the same line of another receipt counts; a line that is not there counts nothing.
fn count_of(report: &TargetReport, line: &Line) -> f64 {
    let same = |other: &&Line| other.event == line.event && other.figure == line.figure;
    report.lines.iter().find(same).map_or(0.0, |l| l.count)
}

/// The share of each population in a count, from what is counted without any event, with the
/// events of each one alone, and their updates; `None` if they do not add up.
fn divided(whole: f64, idle: f64, alone: &[f64], updates: &[f64]) -> Option<Vec<f64>> {
    let is = |a: f64, b: f64| (a - b).abs() <= SAME * whole.abs();
    let events = |alone: &f64| alone - idle;
    let explained: f64 = alone.iter().map(events).sum();
    let counts_updates = idle != 0.0;
    let all_updates: f64 = updates.iter().sum();
    let adds_up = is(idle + explained, whole) && (!counts_updates || is(idle, all_updates));
    (whole != 0.0 && adds_up).then(|| {
        let parts = alone.iter().zip(updates).map(|(alone, updates)| {
            let updates = if counts_updates { *updates } else { 0.0 };
            (events(alone) + updates) / whole
        });
        parts.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_shares_of_lines() {
        let updates = [0.0, 60.0, 40.0];
        // Counted per event: 3 and 1 of 4.
        let shares = divided(4.0, 0.0, &[0.0, 3.0, 1.0], &updates);
        assert_eq!(shares, Some(vec![0.0, 0.75, 0.25]));
        // Counted per neuron and timestep, whatever happens.
        let shares = divided(100.0, 100.0, &[100.0; 3], &updates);
        assert_eq!(shares, Some(vec![0.0, 0.6, 0.4]));
        // Updates without those that are active: 60 − 20 and 40 − 30.
        let shares = divided(50.0, 100.0, &[100.0, 80.0, 70.0], &updates);
        assert_eq!(shares, Some(vec![0.0, 0.8, 0.2]));
        // The largest of all, not their sum.
        assert_eq!(divided(3.0, 0.0, &[0.0, 3.0, 1.0], &updates), None);
    }
}
