//! What a layer computes.

use crate::network::{Convolution, Window};

/// What a layer computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The input of the network.
    Input,
    /// `y = W x + b`.
    Dense {
        /// Weights `[out, in]`, row-major; the columns in the model's own (channels-first) order.
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
    /// `y = scale · x + shift`, per channel: batch normalisation in inference form.
    Affine {
        /// Factor of each channel.
        scale: Vec<f32>,
        /// Summand of each channel.
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
    /// Feature maps as one vector, in channels-first order.
    Flatten,
}

impl Operation {
    /// Whether it is a rectifier: what integrate-and-fire neurons stand for.
    #[must_use]
    pub fn is_activation(&self) -> bool {
        matches!(
            self,
            Operation::Relu | Operation::ClippedRelu { .. } | Operation::Staircase { .. }
        )
    }
}
