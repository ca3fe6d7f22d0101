//! What one population emits, timestep by timestep.

/// The events of one timestep: which neurons emitted, and what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Events<'a> {
    /// Neurons, ascending.
    pub neurons: &'a [u32],
    /// What each emitted; `None` if every event is one spike.
    pub values: Option<&'a [f32]>,
}

impl Events<'_> {
    /// What a neuron emitted: 0 for nothing.
    pub(crate) fn value_of(&self, neuron: u32) -> f32 {
        let place = self.neurons.binary_search(&neuron);
        place.map_or(0.0, |i| self.values.map_or(1.0, |values| values[i]))
    }

    /// Each neuron with what it emitted: 1 for a spike.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        let value = |i: usize| self.values.map_or(1.0, |values| values[i]);
        let neurons = self.neurons.iter().enumerate();
        neurons.map(move |(i, &neuron)| (neuron, value(i)))
    }
}

/// Events of one population over the timesteps that are still needed.
///
/// An event is a spike (value 1) unless the population emits other values: k for k spikes at once,
/// or a real number for a population that does not spike.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpikeTrain {
    /// Timestep of the first entry of `ends`.
    first: usize,
    ends: Vec<usize>,
    neurons: Vec<u32>,
    /// Empty as long as every event is a spike.
    values: Vec<f32>,
}

impl SpikeTrain {
    /// A train without a timestep yet.
    #[must_use]
    pub fn new() -> Self {
        SpikeTrain::default()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.first = 0;
        self.ends.clear();
        self.neurons.clear();
        self.values.clear();
    }

    /// Adds a spike to the timestep that is being written. Neurons come in ascending order.
    pub fn push(&mut self, neuron: u32) {
        self.push_value(neuron, 1.0);
    }

    /// Adds spikes to the timestep that is being written. Neurons come in ascending order.
    #[inline]
    pub(crate) fn extend(&mut self, neurons: &[u32]) {
        self.neurons.extend_from_slice(neurons);
        // Either all events have a stored value or none has.
        if !self.values.is_empty() {
            self.values.resize(self.neurons.len(), 1.0);
        }
    }

    /// Adds the neurons of a word, the first of which is `first`, as spikes.
    #[inline(always)]
    pub(crate) fn extend_word(&mut self, mut word: u64, first: u32) {
        if word == 0 {
            return;
        }
        let mut neurons = [0; 64];
        let mut count = 0;
        while word != 0 {
            neurons[count] = first + word.trailing_zeros();
            count += 1;
            word &= word - 1;
        }
        self.extend(&neurons[..count]);
    }

    /// The same with what each of them emits.
    pub(crate) fn extend_values(&mut self, mut word: u64, first: u32, values: &[f32; 64]) {
        while word != 0 {
            let lane = word.trailing_zeros();
            self.push_value(first + lane, values[lane as usize]);
            word &= word - 1;
        }
    }

    /// Adds an event to the timestep that is being written. Neurons come in ascending order.
    pub fn push_value(&mut self, neuron: u32, value: f32) {
        if value != 1.0 && self.values.is_empty() {
            self.values.resize(self.neurons.len(), 1.0);
        }
        // Either all events have a stored value or none has.
        if value != 1.0 || !self.values.is_empty() {
            self.values.push(value);
        }
        self.neurons.push(neuron);
    }

    /// Ends the timestep that is being written.
    pub fn end_timestep(&mut self) {
        self.ends.push(self.neurons.len());
    }

    /// Number of finished timesteps, forgotten ones included.
    #[must_use]
    pub fn timesteps(&self) -> usize {
        self.first + self.ends.len()
    }

    /// Events of timestep `t`; none before the first and beyond the last one that is kept.
    #[must_use]
    pub fn at(&self, t: usize) -> Events<'_> {
        let range = match t.checked_sub(self.first) {
            Some(index) if index < self.ends.len() => {
                let start = if index == 0 { 0 } else { self.ends[index - 1] };
                start..self.ends[index]
            }
            _ => 0..0,
        };
        Events {
            neurons: &self.neurons[range.clone()],
            values: (!self.values.is_empty()).then(|| &self.values[range]),
        }
    }

    /// All neurons that emitted something, timestep after timestep.
    #[must_use]
    pub fn neurons(&self) -> &[u32] {
        &self.neurons
    }

    /// Neurons that emitted something in a range of timesteps.
    pub(crate) fn over(&self, timesteps: std::ops::Range<usize>) -> &[u32] {
        let kept = timesteps.start.max(self.first)..timesteps.end.min(self.timesteps());
        let end = |t: usize| match t.checked_sub(self.first) {
            None | Some(0) => 0,
            Some(index) => self.ends[index - 1],
        };
        if kept.is_empty() {
            return &[];
        }
        &self.neurons[end(kept.start)..end(kept.end)]
    }

    /// Adds the first `timesteps` timesteps of another train, empty ones where it has fewer.
    pub(crate) fn append(&mut self, other: &SpikeTrain, timesteps: usize) {
        for t in 0..timesteps {
            for (neuron, value) in other.at(t).iter() {
                self.push_value(neuron, value);
            }
            self.end_timestep();
        }
    }

    /// Forgets the timesteps before `t`.
    pub fn forget_before(&mut self, t: usize) {
        let drop = t.saturating_sub(self.first).min(self.ends.len());
        if drop == 0 {
            return;
        }
        let events = self.ends[drop - 1];
        self.neurons.drain(..events);
        if !self.values.is_empty() {
            self.values.drain(..events);
        }
        self.ends.drain(..drop);
        self.ends.iter_mut().for_each(|end| *end -= events);
        self.first += drop;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_appear_with_the_first_event_that_is_no_spike() {
        let mut train = SpikeTrain::new();
        train.push(3);
        train.end_timestep();
        assert_eq!(train.at(0).values, None);
        train.push_value(1, 2.0);
        train.push(4);
        train.end_timestep();
        train.end_timestep();
        assert_eq!(train.at(0).values, Some(&[1.0][..]));
        assert_eq!(train.at(1).neurons, [1, 4]);
        assert_eq!(train.at(1).values, Some(&[2.0, 1.0][..]));
        assert_eq!(train.over(0..2), [3, 1, 4]);
        assert_eq!(train.over(2..9), [0; 0]);
        train.forget_before(1);
        assert_eq!(train.over(0..9), [1, 4]);
        assert_eq!(train.at(0).neurons, [0; 0]);
        assert_eq!(train.at(1).neurons, [1, 4]);
        assert_eq!(train.timesteps(), 3);
    }
}
