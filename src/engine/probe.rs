//! Looking at populations while they run.

use crate::spike_train::SpikeTrain;
use std::ops::Range;

/// What a population did in some timesteps of a sample.
#[derive(Clone)]
pub struct Recording<'a> {
    /// Index of the sample.
    pub sample: usize,
    /// Index of the population.
    pub population: usize,
    /// The timesteps, following those of the recording before.
    pub timesteps: Range<usize>,
    /// What it emitted.
    pub train: &'a SpikeTrain,
    /// For a population that does not spike: potentials `[timestep, neuron]`, channels last.
    pub potentials: &'a [f32],
}

/// Receives what populations do, block by block, so that a recording need not fit memory.
///
/// Blocks of one sample come in order; samples come in any order and from several threads.
pub trait Probe: Sync {
    /// Whether to record a population.
    fn wants(&self, population: usize) -> bool;

    /// Takes a block.
    fn record(&self, recording: Recording);
}

/// Records nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn wants(&self, _: usize) -> bool {
        false
    }

    fn record(&self, _: Recording) {}
}
