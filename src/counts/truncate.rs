//! What the first timesteps of a run would have counted on their own.

use super::{EventCounts, PopulationCounts, ProjectionCounts};

impl EventCounts {
    /// Counts in which nothing happened after the first `timesteps` timesteps, as those of a run
    /// that ended there.
    pub(crate) fn first_timesteps(&self, timesteps: u32) -> EventCounts {
        let mut counts = self.clone();
        counts.timesteps = counts.timesteps.min(timesteps);
        let steps = counts.timesteps as usize;
        for population in &mut counts.populations {
            population.spikes_per_timestep.truncate(steps);
            population.negative_spikes_per_timestep.truncate(steps);
            population.touched_per_timestep.truncate(steps);
            population.active_per_timestep.truncate(steps);
        }
        for projection in &mut counts.projections {
            projection.synops_per_timestep.truncate(steps);
            projection.macs_per_timestep.truncate(steps);
        }
        counts
    }

    /// The counts of the first `timesteps` timesteps, at most all of them.
    ///
    /// Everything that is kept per timestep is exact. Which neurons spiked early is not kept: the
    /// spikes of a population in these timesteps are spread over its neurons in proportion to those
    /// of the whole run, which only the routing of packets can tell.
    #[must_use]
    pub fn truncated(&self, timesteps: u32) -> EventCounts {
        let steps = self.timesteps.min(timesteps) as usize;
        let first = |values: &[u64]| values[..steps.min(values.len())].to_vec();
        let sum = |values: &[u64]| values.iter().sum();
        let populations = self.populations.iter().map(|counts| {
            let spikes = first(&counts.spikes_per_timestep);
            let touched = first(&counts.touched_per_timestep);
            PopulationCounts {
                spikes: counts
                    .spikes
                    .share(sum(&spikes), sum(&counts.spikes_per_timestep)),
                touched: (counts.touched).share(sum(&touched), sum(&counts.touched_per_timestep)),
                spikes_per_timestep: spikes,
                negative_spikes_per_timestep: first(&counts.negative_spikes_per_timestep),
                touched_per_timestep: touched,
                active_per_timestep: first(&counts.active_per_timestep),
                leak_updates: counts.leak_updates / u64::from(self.timesteps.max(1)) * steps as u64,
            }
        });
        let projections = self.projections.iter().map(|counts| ProjectionCounts {
            synops_per_timestep: first(&counts.synops_per_timestep),
            macs_per_timestep: first(&counts.macs_per_timestep),
            macs_once: counts.macs_once,
        });
        EventCounts {
            topology: self.topology.clone(),
            samples: self.samples,
            timesteps: steps as u32,
            populations: populations.collect(),
            projections: projections.collect(),
        }
    }
}
