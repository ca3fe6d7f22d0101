//! Lists of events.

use crate::network::Shape;
use crate::spike_train::SpikeTrain;

/// One input of one timestep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Event {
    pub(super) step: u64,
    /// Channels first.
    pub(super) neuron: u32,
    pub(super) value: f32,
}

/// Spikes: one per neuron and timestep in which there is an event, however many there are.
pub(super) fn binary(events: impl Iterator<Item = (u64, u32)>) -> Vec<Event> {
    let mut events: Vec<(u64, u32)> = events.collect();
    events.sort_unstable();
    events.dedup();
    let spike = |(step, neuron)| Event {
        step,
        neuron,
        value: 1.0,
    };
    events.into_iter().map(spike).collect()
}

/// The sum of the values of each neuron and timestep.
pub(super) fn summed(mut events: Vec<Event>) -> Vec<Event> {
    // Stable: equal files give equal sums.
    events.sort_by_key(|event| (event.step, event.neuron));
    events.dedup_by(|next, kept| {
        let same = (next.step, next.neuron) == (kept.step, kept.neuron);
        if same {
            kept.value += next.value;
        }
        same
    });
    events
}

/// The events of `timesteps` timesteps as a train, neurons channels last.
pub(super) fn train(events: &[Event], timesteps: usize, shape: Shape) -> SpikeTrain {
    let plane = shape.height * shape.width;
    let channels_last = |neuron: u32| {
        let neuron = neuron as usize;
        ((neuron % plane) * shape.channels + neuron / plane) as u32
    };
    let mut train = SpikeTrain::new();
    let mut rest = events;
    let mut now: Vec<(u32, f32)> = Vec::new();
    for t in 0..timesteps as u64 {
        let count = rest.partition_point(|event| event.step <= t);
        now.clear();
        now.extend(
            rest[..count]
                .iter()
                .map(|e| (channels_last(e.neuron), e.value)),
        );
        now.sort_unstable_by_key(|(neuron, _)| *neuron);
        for &(neuron, value) in now.iter().filter(|(_, value)| *value != 0.0) {
            train.push_value(neuron, value);
        }
        train.end_timestep();
        rest = &rest[count..];
    }
    train
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_events_are_binned_once_and_numbered_channels_last() {
        // Two channels of 1×2; neuron 2 is channel 1, column 0.
        let shape = Shape::maps(2, 1, 2);
        let events = binary([(1, 2), (1, 0), (0, 1), (1, 2), (5, 0)].into_iter());
        let train = train(&events, 3, shape);
        assert_eq!(train.timesteps(), 3);
        assert_eq!(train.at(0).neurons, [2]);
        assert_eq!(train.at(1).neurons, [0, 1]);
        assert_eq!(train.at(1).values, None);
        assert!(train.at(2).neurons.is_empty());
    }

    #[test]
    fn worked_values_of_one_timestep_add_up() {
        let event = |step, neuron, value| Event {
            step,
            neuron,
            value,
        };
        let sum = summed(vec![event(1, 0, 0.5), event(0, 1, 2.0), event(1, 0, 0.25)]);
        assert_eq!(sum, [event(0, 1, 2.0), event(1, 0, 0.75)]);
    }
}
