//! Shape of a population and the one numbering of its neurons.

use serde::{Deserialize, Serialize};

/// Channels × height × width of a population; a plain vector of `n` neurons is `n × 1 × 1`.
///
/// Neurons are numbered **channels last** everywhere inside the crate,
/// `index = (y · width + x) · channels + c`, so that the synapses of one spike through a
/// convolution lie in contiguous rows. Files are written in the channels-first order `[C, H, W]`
/// of the model ([`Shape::to_channels_first`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Feature maps, or the length of a vector.
    pub channels: usize,
    /// Rows of a feature map.
    pub height: usize,
    /// Columns of a feature map.
    pub width: usize,
}

impl Shape {
    /// A vector of `n` neurons.
    #[must_use]
    pub const fn vector(n: usize) -> Self {
        Shape {
            channels: n,
            height: 1,
            width: 1,
        }
    }

    /// `channels` feature maps of `height × width`.
    #[must_use]
    pub const fn maps(channels: usize, height: usize, width: usize) -> Self {
        Shape {
            channels,
            height,
            width,
        }
    }

    /// Number of neurons.
    #[must_use]
    pub const fn neurons(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Number of neurons, or `None` if it does not fit a `usize`.
    #[must_use]
    pub fn checked_neurons(&self) -> Option<usize> {
        self.channels
            .checked_mul(self.height)?
            .checked_mul(self.width)
    }

    /// Index of the neuron at channel `c`, row `y`, column `x`.
    #[must_use]
    pub const fn index(&self, c: usize, y: usize, x: usize) -> usize {
        (y * self.width + x) * self.channels + c
    }

    /// `(c, y, x)` of a neuron index: the inverse of [`Shape::index`].
    #[must_use]
    pub const fn coordinates(&self, index: usize) -> (usize, usize, usize) {
        let position = index / self.channels;
        (
            index % self.channels,
            position / self.width,
            position % self.width,
        )
    }

    /// The dimensions as a model states them: `[n]` for a vector, else `[C, H, W]`.
    #[must_use]
    pub fn dims(&self) -> Vec<usize> {
        if self.height == 1 && self.width == 1 {
            vec![self.channels]
        } else {
            vec![self.channels, self.height, self.width]
        }
    }

    /// Values per neuron, from channels-last to channels-first order.
    ///
    /// # Panics
    /// If `values` does not hold one value per neuron.
    #[must_use]
    pub fn to_channels_first<T: Copy>(&self, values: &[T]) -> Vec<T> {
        assert_eq!(values.len(), self.neurons(), "one value per neuron");
        let mut out = Vec::with_capacity(values.len());
        for c in 0..self.channels {
            for position in 0..self.height * self.width {
                out.push(values[position * self.channels + c]);
            }
        }
        out
    }

    /// Values per neuron, from channels-first to channels-last order.
    ///
    /// # Panics
    /// If `values` does not hold one value per neuron.
    #[must_use]
    pub fn to_channels_last<T: Copy>(&self, values: &[T]) -> Vec<T> {
        assert_eq!(values.len(), self.neurons(), "one value per neuron");
        let plane = self.height * self.width;
        let mut out = Vec::with_capacity(values.len());
        for position in 0..plane {
            for c in 0..self.channels {
                out.push(values[c * plane + position]);
            }
        }
        out
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dims: Vec<String> = self.dims().iter().map(usize::to_string).collect();
        f.write_str(&dims.join("×"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_inverse_to_each_other() {
        let shape = Shape::maps(2, 2, 3);
        let first: Vec<u32> = (0..12).collect();
        let last = shape.to_channels_last(&first);
        // Channel 0 of the first pixel is followed by channel 1 of the same pixel.
        assert_eq!(&last[..4], &[0, 6, 1, 7]);
        assert_eq!(shape.to_channels_first(&last), first);
        for i in 0..12 {
            let (c, y, x) = shape.coordinates(i);
            assert_eq!(shape.index(c, y, x), i);
        }
    }
}
