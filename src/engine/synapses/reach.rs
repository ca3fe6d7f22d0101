//! Which neurons each presynaptic neuron reaches.

use crate::network::Connectivity;

/// Targets of each presynaptic neuron, one row after the other.
pub(in crate::engine) struct SourceTargets {
    starts: Vec<usize>,
    targets: Vec<u32>,
}

impl SourceTargets {
    pub(in crate::engine) fn new(connectivity: &Connectivity) -> Self {
        let mut reach = SourceTargets {
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

    /// The same the other way round: presynaptic neurons of each neuron, ascending.
    pub(in crate::engine) fn reversed(&self, neurons: usize) -> Self {
        let mut starts = vec![0; neurons + 1];
        for &target in &self.targets {
            starts[target as usize + 1] += 1;
        }
        for neuron in 0..neurons {
            starts[neuron + 1] += starts[neuron];
        }
        let mut next = starts.clone();
        let mut targets = vec![0; self.targets.len()];
        for source in 0..self.sources() as u32 {
            for &target in self.of(source) {
                let place = &mut next[target as usize];
                targets[*place] = source;
                *place += 1;
            }
        }
        SourceTargets { starts, targets }
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
