//! Spikes of one population over one sample.

/// Which neurons spiked in which timestep, ascending within a timestep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpikeTrain {
    ends: Vec<usize>,
    neurons: Vec<u32>,
}

impl SpikeTrain {
    /// A train without a timestep yet.
    #[must_use]
    pub fn new() -> Self {
        SpikeTrain::default()
    }

    /// Forgets all timesteps and keeps the memory.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.neurons.clear();
    }

    /// Adds a spike to the timestep that is being written.
    pub fn push(&mut self, neuron: u32) {
        self.neurons.push(neuron);
    }

    /// Ends the timestep that is being written.
    pub fn end_timestep(&mut self) {
        self.ends.push(self.neurons.len());
    }

    /// Number of finished timesteps.
    #[must_use]
    pub fn timesteps(&self) -> usize {
        self.ends.len()
    }

    /// Spikes of timestep `t`; empty beyond the last one.
    #[must_use]
    pub fn at(&self, t: usize) -> &[u32] {
        let Some(&end) = self.ends.get(t) else {
            return &[];
        };
        let start = if t == 0 { 0 } else { self.ends[t - 1] };
        &self.neurons[start..end]
    }

    /// All spikes, timestep after timestep.
    #[must_use]
    pub fn spikes(&self) -> &[u32] {
        &self.neurons
    }
}
