//! Spiking max pooling.

use super::synapses::SourceTargets;
use crate::neuron::MaxPoolRule;
use crate::spike_train::{Events, SpikeTrain};

/// Spike counts that decide which spikes pass.
pub(super) struct Pool<'s> {
    rule: MaxPoolRule,
    /// Windows that each input is in.
    windows: &'s SourceTargets,
    /// Spikes so far of each input.
    counts: Vec<u32>,
    /// Largest count in each window.
    largest: Vec<u32>,
    /// The input that has it, the first of equals.
    winner: Vec<u32>,
    /// Marks of the timestep in work.
    touched: Vec<bool>,
    fires: Vec<bool>,
    /// Inputs of each window, once a spike was taken back.
    inputs: Option<SourceTargets>,
}

impl<'s> Pool<'s> {
    pub(super) fn new(rule: MaxPoolRule, windows: &'s SourceTargets, neurons: usize) -> Self {
        Pool {
            rule,
            windows,
            counts: vec![0; windows.sources()],
            largest: vec![0; neurons],
            winner: vec![u32::MAX; neurons],
            touched: vec![false; neurons],
            fires: vec![false; neurons],
            inputs: None,
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
        let taken_back = |values: &[f32]| values.iter().any(|&value| value < 0.0);
        if arriving.values.is_some_and(taken_back) {
            return self.take_back(arriving, touched, train);
        }
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

    /// A timestep in which inputs take spikes back: counts may fall, so each window that is touched
    /// is looked through again.
    fn take_back(
        &mut self,
        arriving: Events,
        touched: &mut [u32],
        train: &mut SpikeTrain,
    ) -> usize {
        self.touched.fill(false);
        for (source, value) in arriving.iter() {
            let count = &mut self.counts[source as usize];
            *count = count.saturating_add_signed(value as i32);
            for &target in self.windows.of(source) {
                self.touched[target as usize] = true;
            }
        }
        let neurons = self.touched.len();
        let inputs = self
            .inputs
            .get_or_insert_with(|| self.windows.reversed(neurons));
        let mut visited = 0;
        for neuron in (0..neurons).filter(|&neuron| self.touched[neuron]) {
            visited += 1;
            touched[neuron] += 1;
            let (mut largest, mut winner) = (0, u32::MAX);
            for &source in inputs.of(neuron as u32) {
                if self.counts[source as usize] > largest {
                    (largest, winner) = (self.counts[source as usize], source);
                }
            }
            let value = match self.rule {
                MaxPoolRule::CumulativeMax => largest as f32 - self.largest[neuron] as f32,
                MaxPoolRule::Gate => arriving.value_of(winner),
            };
            self.largest[neuron] = largest;
            self.winner[neuron] = winner;
            if value != 0.0 {
                train.push_value(neuron as u32, value);
            }
        }
        visited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Connectivity, Pattern};

    /// Both inputs of one window.
    fn windows() -> SourceTargets {
        SourceTargets::new(&Connectivity::new(Pattern::Dense {
            sources: 2,
            targets: 1,
            present: None,
        }))
    }

    fn emitted(rule: MaxPoolRule, steps: &[&[(u32, f32)]]) -> Vec<f32> {
        let windows = windows();
        let mut pool = Pool::new(rule, &windows, 1);
        let mut out = SpikeTrain::new();
        let emit = |step: &&[(u32, f32)]| {
            let mut train = SpikeTrain::new();
            for &(neuron, value) in *step {
                train.push_value(neuron, value);
            }
            train.end_timestep();
            pool.advance(train.at(0), &mut [0], &mut out);
            out.end_timestep();
            let t = out.timesteps() - 1;
            out.at(t).iter().map(|(_, value)| value).sum()
        };
        steps.iter().map(emit).collect()
    }

    #[test]
    fn worked_the_largest_count_falls_with_the_spikes_that_are_taken_back() {
        // Counts (1, 0), (2, 1), (1, 1), (1, 2), (0, 1), (0, 0), (1, 0): largest 1 2 1 2 1 0 1.
        let steps: [&[(u32, f32)]; 7] = [
            &[(0, 1.0)],
            &[(0, 1.0), (1, 1.0)],
            &[(0, -1.0)],
            &[(1, 1.0)],
            &[(0, -1.0), (1, -1.0)],
            &[(1, -1.0)],
            &[(0, 1.0)],
        ];
        assert_eq!(
            emitted(MaxPoolRule::CumulativeMax, &steps),
            [1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0]
        );
        // The input ahead after each timestep: 0, 0, 0 (of equals), 1, 1, none, 0.
        assert_eq!(
            emitted(MaxPoolRule::Gate, &steps),
            [1.0, 1.0, -1.0, 1.0, -1.0, 0.0, 1.0]
        );
    }
}
