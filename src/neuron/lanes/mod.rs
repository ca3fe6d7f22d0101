//! Many neurons of one model at once, without a branch on what one of them does.
//!
//! A model says as a [`LaneRule`] what one neuron does in a timestep, in the arithmetic of its
//! [`step`](super::NeuronModel::step) and with choices in place of branches; [`LaneGroup`] runs the
//! rule over blocks of [`LANES`] neurons, which the compiler makes vectors of.

mod group;

pub(super) use super::model::{LANES, LaneBlocks};
pub(super) use group::LaneGroup;

/// What one neuron does in a timestep, with `K` coefficients and `S` numbers of state.
pub(super) trait LaneRule<const K: usize, const S: usize>: Send + 'static {
    /// How neurons fire, for a model with threshold and reset.
    fn firing(&self) -> Option<FiringRule>;

    /// The state after a timestep with `input`, and what the neuron emits. `free`: whether it is not
    /// in its refractory period. `MANY`: whether it may fire more than once.
    fn lane<const MANY: bool>(
        &self,
        coefficients: [f64; K],
        state: [f64; S],
        input: f64,
        free: bool,
    ) -> ([f64; S], f32);
}

/// A model whose neurons can be written as rows of numbers.
pub(super) trait Packed<const K: usize, const S: usize>: super::NeuronModel {
    /// Which number of the state is the potential, or zero where it is.
    const POTENTIAL: usize;

    /// Coefficients of one neuron.
    fn row(&self, neuron: usize) -> [f64; K];

    /// A state as numbers, and the timesteps left of its refractory period.
    fn pack(state: &Self::State) -> ([f64; S], u32);

    /// The state of such numbers.
    fn unpack(state: [f64; S], refractory: u32) -> Self::State;
}

/// Threshold and reset without a branch: `super::firing::Firing` for one lane.
#[derive(Clone, Copy)]
pub(super) struct FiringRule {
    /// Whether a spike resets the potential in its timestep.
    pub(super) resets: bool,
    pub(super) subtract: bool,
    /// Whether the threshold is subtracted in the timestep after a spike.
    pub(super) pending: bool,
    pub(super) above: bool,
    pub(super) many: bool,
    /// Timesteps after a spike in which the neuron does nothing.
    pub(super) refractory: u32,
}

impl FiringRule {
    /// The potential after a timestep's decay and input, less what the spike of the timestep before
    /// left to subtract; `before` is the potential that was tested then.
    #[inline(always)]
    pub(super) fn settle(self, before: f64, next: f64, fires_at: f64, threshold: f64) -> f64 {
        if self.pending & (before >= fires_at) {
            next - threshold
        } else {
            next
        }
    }

    /// The potential after the test of the threshold, and the number of spikes.
    #[inline(always)]
    pub(super) fn discharge<const MANY: bool>(
        self,
        fires: bool,
        v: f64,
        threshold: f64,
        v_reset: f64,
    ) -> (f64, f64) {
        let spikes = match (MANY, self.above) {
            (false, _) => 1.0,
            (true, false) => (v / threshold).trunc(),
            (true, true) => ((v / threshold).ceil() - 1.0).max(1.0),
        };
        let after = if self.subtract {
            v - spikes * threshold
        } else {
            v_reset
        };
        let after = if self.resets { after } else { v };
        if fires { (after, spikes) } else { (v, 0.0) }
    }
}

/// The numbers of two lists.
pub(super) fn join<const A: usize, const B: usize, const K: usize>(
    a: [f64; A],
    b: [f64; B],
) -> [f64; K] {
    const { assert!(A + B == K) };
    std::array::from_fn(|k| if k < A { a[k] } else { b[k - A] })
}
