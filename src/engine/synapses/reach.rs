//! Which neurons each presynaptic neuron reaches.

use crate::network::Connectivity;

/// Targets of each presynaptic neuron, one row after the other.
pub(in crate::engine) struct Reach {
    starts: Vec<usize>,
    targets: Vec<u32>,
}

impl Reach {
    pub(in crate::engine) fn new(connectivity: &Connectivity) -> Self {
        let mut reach = Reach {
            starts: vec![0],
            targets: Vec::new(),
        };
        for source in 0..connectivity.sources() {
            connectivity.for_each_run(source, |first, length| {
                reach
                    .targets
                    .extend((first..first + length).map(|target| target as u32));
            });
            reach.starts.push(reach.targets.len());
        }
        reach
    }

    /// Number of presynaptic neurons.
    pub(in crate::engine) fn sources(&self) -> usize {
        self.starts.len() - 1
    }

    /// Targets of one presynaptic neuron.
    pub(in crate::engine) fn of(&self, source: u32) -> &[u32] {
        &self.targets[self.starts[source as usize]..self.starts[source as usize + 1]]
    }
}
