//! Panels of weights of any kind: what a projection needs to know of them.

use super::kernel::Kernel;
use super::panel::Panel;
use super::selection::{RowSelection, ask_for};
use std::ops::Range;

/// Some columns of a weight matrix, of any kind of weights.
pub(super) trait Columns {
    /// First column.
    fn first(&self) -> usize;
    /// Columns in use.
    fn columns(&self) -> usize;
    /// Whether sums may be added to piece by piece; otherwise all that a group of sums gets in a
    /// timestep comes at once.
    const PIECEWISE: bool;
    /// Asks for some rows to be brought into the cache.
    fn ask_for(&self, rows: Range<usize>);
    /// Adds the selected rows to `sums`, which has one entry per column in use.
    fn add<'a>(
        &self,
        kernel: impl Kernel,
        selections: impl Iterator<Item = RowSelection<'a>> + Clone,
        sums: &mut [f32],
    );
}

impl Columns for Panel {
    const PIECEWISE: bool = true;

    fn first(&self) -> usize {
        self.first
    }

    fn columns(&self) -> usize {
        self.columns
    }

    #[inline(always)]
    fn ask_for(&self, rows: Range<usize>) {
        ask_for(&self.rows, rows, self.width);
    }

    #[inline(always)]
    fn add<'a>(
        &self,
        kernel: impl Kernel,
        selections: impl Iterator<Item = RowSelection<'a>> + Clone,
        sums: &mut [f32],
    ) {
        kernel.add(self, selections, sums);
    }
}
