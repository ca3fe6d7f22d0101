//! What a picture of spikes is drawn from.

/// Spikes of one sample.
pub trait SpikeSource {
    /// What was recorded, to print.
    fn title(&self) -> &str;

    /// Index of the sample.
    fn sample(&self) -> usize;

    /// Number of timesteps.
    fn timesteps(&self) -> usize;

    /// Names of the populations in the order of the network, with the number of their neurons.
    fn populations(&self) -> Vec<(String, usize)>;

    /// Calls `f(timestep, neuron, spikes)` for each neuron of a population and timestep in which it
    /// fires.
    fn for_each(&self, population: usize, f: &mut dyn FnMut(usize, usize, u64));
}
