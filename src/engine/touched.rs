//! Which neurons a timestep touches.

/// Input of a neuron that nothing has touched. Adding any weight to it, even weights that cancel
/// each other, gives another number, so touched neurons need no bookkeeping of their own.
pub(super) const UNTOUCHED: f32 = -0.0;

/// Whether anything was added to an input that started as [`UNTOUCHED`].
#[inline(always)]
pub(super) fn is_touched(input: f32) -> bool {
    input.to_bits() != UNTOUCHED.to_bits()
}

/// What one timestep visited.
#[derive(Clone, Copy, Default)]
pub(super) struct Visit {
    /// Neurons with any input or a bias.
    pub(super) touched: usize,
    /// Neurons with a nonzero potential before, any input or a bias.
    pub(super) active: usize,
}
