//! A node that passes values on.

use super::NeuronModel;
use super::lanes::{FiringRule, LaneGroup, LaneRule, Packed};
use super::model::Advance;
use std::ops::Range;

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

    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        Some(Box::new(LaneGroup::new(self, RelayRule, neurons)))
    }
}

/// [`Relay`] for one lane of many, its potential a number that stays zero.
struct RelayRule;

impl LaneRule<0, 1> for RelayRule {
    fn firing(&self) -> Option<FiringRule> {
        None
    }

    #[inline(always)]
    fn lane<const MANY: bool>(
        &self,
        _: [f64; 0],
        zero: [f64; 1],
        input: f64,
        _: bool,
    ) -> ([f64; 1], f32) {
        (zero, input as f32)
    }
}

impl Packed<0, 1> for Relay {
    const POTENTIAL: usize = 0;

    fn row(&self, _: usize) -> [f64; 0] {
        []
    }

    fn pack((): &()) -> ([f64; 1], u32) {
        ([0.0], 0)
    }

    fn unpack(_: [f64; 1], _: u32) {}
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
