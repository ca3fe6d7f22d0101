//! What a layer computes.

use crate::network::{Convolution, Window};

/// What a layer computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The input of the network.
    Input,
    /// `y = W x + b`; `x` may have any shape.
    Dense {
        /// Weights `[out, in]`, row-major; the columns in the channels-first order of the input.
        weight: Vec<f32>,
        /// Biases `[out]`.
        bias: Vec<f32>,
    },
    /// Convolution (cross-correlation).
    Convolution {
        /// Shapes, window and groups.
        convolution: Convolution,
        /// Weights `[out channel, in channel of the group, ky, kx]`, row-major.
        weight: Vec<f32>,
        /// Biases `[out channel]`.
        bias: Vec<f32>,
    },
    /// `y = scale · x + shift`: batch normalisation in inference form, normalised inputs, and
    /// constants added or multiplied.
    Affine {
        /// Factor of each channel, or of each value in channels-first order.
        scale: Vec<f32>,
        /// Summand of each channel, or of each value; as many as factors.
        shift: Vec<f32>,
    },
    /// `y = max(x, 0)`.
    Relu,
    /// `y = min(max(x, 0), bound)`: ReLU6 and its like.
    ClippedRelu {
        /// Largest output, > 0.
        bound: f32,
    },
    /// `y = step / levels · min(max(⌊x · levels / step + shift⌋, 0), levels)`: a clipped ReLU on a
    /// grid, which integrate-and-fire neurons with threshold `step` reproduce in `levels`
    /// timesteps.
    /// Source: Bu et al., Optimal ANN-SNN conversion (QCFS), ICLR 2022, eq. 10.
    Staircase {
        /// Largest output, > 0: the trained threshold.
        step: f32,
        /// Number of steps of the staircase.
        levels: u32,
        /// Offset in steps: 1/2 rounds to the nearest.
        shift: f32,
    },
    /// Largest value of each window; padding never wins.
    MaxPool {
        /// The window.
        window: Window,
    },
    /// Mean of each window.
    AveragePool {
        /// The window.
        window: Window,
        /// Whether padding zeros count as values.
        count_padding: bool,
    },
    /// Zeros around feature maps.
    Pad {
        /// Rows above and below.
        vertical: (usize, usize),
        /// Columns left and right.
        horizontal: (usize, usize),
    },
    /// The same values in another shape or order, some left out or repeated: Flatten, Reshape,
    /// Transpose, Slice and their like.
    Arrange {
        /// For each value, in channels-first order, the index of the value it is in the input, in
        /// channels-first order, or [`Operation::ZERO`]; `None` leaves the order as it is.
        from: Option<Vec<u32>>,
    },
    /// `y = Σ x` over all inputs, value by value: where branches meet.
    Add,
    /// The values of all inputs one after another, in channels-first order: more channels.
    Concat,
}

impl Operation {
    /// In [`Operation::Arrange`]: no value of the input, but 0.
    pub const ZERO: u32 = u32::MAX;

    /// Whether it is a rectifier: what integrate-and-fire neurons stand for.
    #[must_use]
    pub fn is_activation(&self) -> bool {
        matches!(
            self,
            Operation::Relu | Operation::ClippedRelu { .. } | Operation::Staircase { .. }
        )
    }
}
