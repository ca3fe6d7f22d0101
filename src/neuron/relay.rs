//! A node that passes values on.

use super::NeuronModel;

/// Emits the sum of its input unchanged, in the timestep in which it arrives.
///
/// ```text
/// y = input
/// ```
///
/// No threshold, no reset, no parameters, no memory: a place where values meet that belong to no
/// neuron, such as the output of one linear map that is the input of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relay;

impl NeuronModel for Relay {
    type State = ();

    const NAME: &'static str = "relay";
    const SPIKES: bool = false;

    fn leaks(&self) -> bool {
        false
    }

    fn neurons(&self) -> Option<usize> {
        None
    }

    fn rest(&self, _neuron: usize) -> Self::State {}

    fn step(&self, _neuron: usize, _state: &mut Self::State, input: f64) -> f32 {
        input as f32
    }

    fn potential(&self, _state: &Self::State) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_a_relay_keeps_values_and_is_still_without_them() {
        assert_eq!(Relay.step(0, &mut (), -2.5), -2.5);
        assert!(Relay.is_still(0, &()));
    }
}
