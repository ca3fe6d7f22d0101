//! The row of a point whose samples stop early: the mean over groups of samples that run equally long.

use super::row::{Candidate, Energies, PointResult};
use crate::result::{Report, Totals, Workload};
use crate::units::Range;

impl PointResult {
    /// The row of an experiment from its report for all timesteps, in which accuracies are those of
    /// answers at the stop, and the reports of its groups with their shares of the samples.
    ///
    /// Energy, latency and carbon of the spiking network are means over the groups, the energy-delay
    /// product that of both means; other networks are as in the whole report.
    pub(super) fn of_stopped(
        whole: &Report,
        groups: &[(f64, Report)],
        mean_timesteps: f64,
    ) -> Self {
        let parts: Vec<(f64, PointResult)> = (groups.iter())
            .map(|(share, report)| (*share, PointResult::of(report)))
            .collect();
        let mut result = PointResult::of(whole);
        result.mean_timesteps = Some(mean_timesteps);
        result.totals = Totals {
            spikes_per_inference: mean(&parts, |p| p.totals.spikes_per_inference),
            negative_spikes_per_inference: mean(&parts, |p| p.totals.negative_spikes_per_inference),
            synops_per_inference: mean(&parts, |p| p.totals.synops_per_inference),
            macs_per_inference: mean(&parts, |p| p.totals.macs_per_inference),
            macs_once_per_inference: mean(&parts, |p| p.totals.macs_once_per_inference),
            neuron_updates_per_inference: mean(&parts, |p| p.totals.neuron_updates_per_inference),
            touched_updates_per_inference: mean(&parts, |p| p.totals.touched_updates_per_inference),
        };
        let spiking = |candidate: &&mut Candidate| candidate.workload == Workload::Snn;
        for candidate in result.candidates.iter_mut().filter(spiking) {
            candidate.stop_early(&parts);
        }
        result
    }
}

impl Candidate {
    fn stop_early(&mut self, parts: &[(f64, PointResult)]) {
        let same: Option<Vec<(f64, &Candidate)>> = (parts.iter())
            .map(|(share, part)| {
                let mine = |other: &&Candidate| self.names_as(other);
                part.candidates.iter().find(mine).map(|c| (*share, c))
            })
            .collect();
        // A law that has no price for short runs has none for their mean.
        let same = same.unwrap_or_default();
        let range = |of: fn(&Candidate) -> Option<Range>| -> Option<Range> {
            let parts = same
                .iter()
                .map(|(share, c)| of(c).map(|range| range * *share));
            parts.sum::<Option<Range>>().filter(|_| !same.is_empty())
        };
        self.energy_j = Energies {
            compute: range(|c| c.energy_j.compute),
            memory_routing: range(|c| c.energy_j.memory_routing),
            system: range(|c| c.energy_j.system),
        };
        let exact = |value: f64| Range::new(value, value, value);
        self.carbon_g = range(|c| c.carbon_g);
        let has_product = self.edp_js.is_some();
        let energy = range(|c| c.widest_j());
        let latency = same
            .iter()
            .map(|(share, c)| Some(exact(c.latency_s?) * *share));
        let latency = latency.sum::<Option<Range>>().filter(|_| !same.is_empty());
        self.latency_s = latency.map(|latency| latency.nominal);
        let product = energy.zip(self.latency_s).filter(|_| has_product);
        self.edp_js = product.map(|(energy, latency)| energy.nominal * latency);
        self.fits = same.iter().all(|(_, c)| c.fits);
        self.unverified = same.iter().any(|(_, c)| c.unverified);
    }

    /// Energy in the widest scope that is known [J].
    fn widest_j(&self) -> Option<Range> {
        let all = [
            self.energy_j.system,
            self.energy_j.memory_routing,
            self.energy_j.compute,
        ];
        all.into_iter().flatten().next()
    }

    fn names_as(&self, other: &Candidate) -> bool {
        let names = |c: &Candidate| (c.target.clone(), c.workload, c.format, c.batch);
        names(self) == names(other)
    }
}

fn mean(parts: &[(f64, PointResult)], of: impl Fn(&PointResult) -> f64) -> f64 {
    parts.iter().map(|(share, part)| share * of(part)).sum()
}
