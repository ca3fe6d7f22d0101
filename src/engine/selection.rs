//! Which rows of a weight matrix are to be summed.

use crate::simd::prefetch;
use std::ops::Range;

/// Consecutive entries of a list of events, with the row of the panel that each one selects.
#[derive(Clone, Copy)]
pub(super) struct RowSelection<'a> {
    /// Neurons that emitted.
    pub(super) neurons: &'a [u32],
    /// What they emitted; `None` if each emitted one spike.
    pub(super) values: Option<&'a [f32]>,
    /// Row of neuron `n` is `n - offset` (wrapping: rows may lie ahead of neurons).
    pub(super) offset: usize,
}

impl<'a> RowSelection<'a> {
    /// Some of the events.
    #[inline(always)]
    pub(super) fn part(&self, events: Range<usize>) -> Self {
        RowSelection {
            neurons: &self.neurons[events.clone()],
            values: self.values.map(|values| &values[events]),
            offset: self.offset,
        }
    }
}

/// Asks for those of the rows of a matrix that there are.
#[inline(always)]
pub(super) fn ask_for<T>(matrix: &[T], rows: Range<usize>, width: usize) {
    let end = matrix.len().min(rows.end * width);
    let start = end.min(rows.start * width);
    for line in matrix[start..end].chunks(64 / size_of::<T>()) {
        prefetch(&line[0]);
    }
}
