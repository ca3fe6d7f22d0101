//! Spiking max pooling.

use super::synapses::Reach;
use crate::neuron::MaxPoolRule;
use crate::spike_train::{Events, SpikeTrain};

/// Spike counts that decide which spikes pass.
pub(super) struct Pool<'s> {
    rule: MaxPoolRule,
    /// Windows that each input is in.
    windows: &'s Reach,
    /// Spikes so far of each input.
    counts: Vec<u32>,
    /// Largest count in each window.
    largest: Vec<u32>,
    /// The input that has it, the first of equals.
    winner: Vec<u32>,
    /// Marks of the timestep in work.
    touched: Vec<bool>,
    fires: Vec<bool>,
}

impl<'s> Pool<'s> {
    pub(super) fn new(rule: MaxPoolRule, windows: &'s Reach, neurons: usize) -> Self {
        Pool {
            rule,
            windows,
            counts: vec![0; windows.sources()],
            largest: vec![0; neurons],
            winner: vec![u32::MAX; neurons],
            touched: vec![false; neurons],
            fires: vec![false; neurons],
        }
    }

    pub(super) fn reset(&mut self) {
        self.counts.fill(0);
        self.largest.fill(0);
        self.winner.fill(u32::MAX);
    }

    /// One timestep; returns how many neurons were touched.
    pub(super) fn advance(
        &mut self,
        arriving: Events,
        touched: &mut [u32],
        train: &mut SpikeTrain,
    ) -> usize {
        self.touched.fill(false);
        self.fires.fill(false);
        for &source in arriving.neurons {
            self.counts[source as usize] += 1;
            let count = self.counts[source as usize];
            for &target in self.windows.of(source) {
                let target = target as usize;
                self.touched[target] = true;
                let grows = count > self.largest[target];
                if grows || (count == self.largest[target] && source < self.winner[target]) {
                    self.largest[target] = count;
                    self.winner[target] = source;
                }
                if grows && self.rule == MaxPoolRule::CumulativeMax {
                    self.fires[target] = true;
                }
            }
        }
        if self.rule == MaxPoolRule::Gate {
            for &source in arriving.neurons {
                for &target in self.windows.of(source) {
                    if self.winner[target as usize] == source {
                        self.fires[target as usize] = true;
                    }
                }
            }
        }
        let mut visited = 0;
        for (neuron, (&is_touched, &fires)) in self.touched.iter().zip(&self.fires).enumerate() {
            visited += usize::from(is_touched);
            touched[neuron] += u32::from(is_touched);
            if fires {
                train.push(neuron as u32);
            }
        }
        visited
    }
}
