//! Sums rows of weights with the widest instructions of this processor.

#[cfg(target_arch = "x86_64")]
use super::int8_rows::sum_int8_avx2;
use super::int8_rows::{Int8Rows, Int8Sums, sum_int8_portable};
#[cfg(target_arch = "x86_64")]
use super::panel::sum_avx2;
use super::panel::{Panel, sum_portable};
use super::selection::RowSelection;
#[cfg(target_arch = "x86_64")]
use crate::simd::Avx2;

/// Sums rows of a panel, with one instruction set.
pub(super) trait Kernel: Copy {
    /// Sums the selected rows of 8-bit weights, so few that no sum overflows.
    fn sum_int8<'a>(
        self,
        rows: &Int8Rows,
        selections: impl Iterator<Item = RowSelection<'a>>,
    ) -> Int8Sums;

    /// Adds the selected rows to `sums`, which has one entry per column of the panel in use.
    fn add<'a>(
        self,
        panel: &Panel,
        selections: impl Iterator<Item = RowSelection<'a>>,
        sums: &mut [f32],
    );
}

/// Finds what is selected for each group of sums and lets a kernel add it.
pub(super) trait PanelSweep {
    /// Goes through all groups of sums that a panel contributes to.
    fn sweep(&mut self, kernel: impl Kernel);
}

/// Runs a sweep with the widest instructions that this processor has and a kernel exists for.
pub(super) fn run(sweep: &mut impl PanelSweep) {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Avx2::new() {
        return kernel.run(sweep);
    }
    sweep.sweep(Portable);
}

/// The plain loop; vectorised as far as the compiler sees it.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Kernel for Portable {
    fn sum_int8<'a>(
        self,
        rows: &Int8Rows,
        selections: impl Iterator<Item = RowSelection<'a>>,
    ) -> Int8Sums {
        sum_int8_portable(rows, selections)
    }

    fn add<'a>(
        self,
        panel: &Panel,
        selections: impl Iterator<Item = RowSelection<'a>>,
        sums: &mut [f32],
    ) {
        sum_portable(panel, selections, sums);
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// Runs a whole sweep as AVX2 code, so that the kernel is inlined into its loops.
    fn run(self, sweep: &mut impl PanelSweep) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { run_avx2(sweep, self) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(sweep: &mut impl PanelSweep, kernel: Avx2) {
    sweep.sweep(kernel);
}

#[cfg(target_arch = "x86_64")]
impl Kernel for Avx2 {
    #[inline(always)]
    fn sum_int8<'a>(
        self,
        rows: &Int8Rows,
        selections: impl Iterator<Item = RowSelection<'a>>,
    ) -> Int8Sums {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { sum_int8_avx2(rows, selections) }
    }

    #[inline(always)]
    fn add<'a>(
        self,
        panel: &Panel,
        selections: impl Iterator<Item = RowSelection<'a>>,
        sums: &mut [f32],
    ) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { sum_avx2(panel, selections, sums) }
    }
}
