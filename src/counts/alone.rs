//! The counts of one population alone.

use super::EventCounts;

impl EventCounts {
    /// The counts if nothing but one population had any event: its spikes, what touches it and what
    /// arrives at its synapses. With `None` nothing happens at all.
    pub(crate) fn of_population(&self, kept: Option<usize>) -> EventCounts {
        let mut counts = self.clone();
        for (index, population) in counts.populations.iter_mut().enumerate() {
            if Some(index) != kept {
                for values in [
                    &mut population.spikes,
                    &mut population.touched,
                    &mut population.spikes_per_timestep,
                    &mut population.negative_spikes_per_timestep,
                    &mut population.touched_per_timestep,
                    &mut population.active_per_timestep,
                ] {
                    values.fill(0);
                }
            }
        }
        for (edge, projection) in self.topology.edges.iter().zip(&mut counts.projections) {
            if Some(edge.target) != kept {
                projection.synops_per_timestep.fill(0);
                projection.macs_per_timestep.fill(0);
                projection.macs_once = 0;
            }
        }
        counts
    }
}
