//! Dense matrices: the rows of the neurons that spike, summed panel by panel.
//!
//! A panel is swept in blocks of rows that stay in a near cache: all timesteps of a chunk take
//! what they need from one block, and ask for the next one meanwhile. Each sum still grows in the
//! order of the spikes.

use super::NO_ROW;
use crate::engine::columns::Columns;
use crate::engine::kernel::{self, Kernel, PanelSweep};
use crate::engine::selection::RowSelection;
use crate::spike_train::Events;

/// Rows that the first two levels of cache keep while everything else passes [bytes].
const NEAR: usize = 64 * 1024;

/// Rows that fill half of a second-level cache [bytes].
const FAR: usize = 256 * 1024;

/// Events that a sum should get from a block on average: fewer are not worth loading it again.
const FEWEST_EVENTS: usize = 16;

/// Where the events of each timestep go over from one block of presynaptic neurons to the next.
pub(super) struct Blocks {
    count: usize,
    /// Rows of a block, if nearly all of them are used.
    rows: Option<usize>,
    /// For each timestep, where each block ends in the list of its events.
    ends: Vec<u32>,
}

impl Blocks {
    /// Cuts the events of some timesteps from `sources` neurons to the `rows` of a panel with
    /// `row_bytes` a row.
    pub(super) fn new<'t>(
        timesteps: impl Iterator<Item = Events<'t>> + Clone,
        sources: usize,
        rows: usize,
        row_bytes: usize,
        pooled: Option<&[u32]>,
    ) -> Self {
        let total: usize = timesteps.clone().map(|events| events.neurons.len()).sum();
        let steps = timesteps.clone().count();
        let sources_in = |bytes: usize| (bytes / row_bytes * sources / rows.max(1)).max(1);
        // Rows that are hardly used twice gain nothing from being near.
        let size = if total < 2 * rows {
            sources_in(FAR)
        } else {
            let fewest = FEWEST_EVENTS * steps * sources / total;
            sources_in(NEAR).max(fewest).min(sources_in(FAR))
        };
        let count = sources.div_ceil(size).max(1);
        let mut ends = Vec::with_capacity(steps * count);
        for (step, events) in timesteps.enumerate() {
            let (mut kept, mut limit) = (0, size);
            for &neuron in events.neurons {
                while neuron as usize >= limit {
                    ends.push(kept);
                    limit += size;
                }
                kept += u32::from(pooled.is_none_or(|pooled| pooled[neuron as usize] != NO_ROW));
            }
            ends.resize((step + 1) * count, kept);
        }
        Blocks {
            count,
            rows: (total >= sources).then(|| (size * rows).div_ceil(sources)),
            ends,
        }
    }

    /// All events in one block.
    pub(super) fn whole(selections: &[RowSelection], rows: usize) -> Self {
        let ends: Vec<u32> = selections.iter().map(|s| s.neurons.len() as u32).collect();
        let total: usize = selections.iter().map(|s| s.neurons.len()).sum();
        Blocks {
            count: 1,
            rows: (total >= rows).then_some(rows),
            ends,
        }
    }
}

pub(super) fn sweep_dense(
    panels: &[impl Columns],
    selections: &[RowSelection],
    blocks: &Blocks,
    inputs: &mut [f32],
    neurons: usize,
) {
    for (i, panel) in panels.iter().enumerate() {
        kernel::run(&mut DenseSweep {
            panel,
            next: panels.get(i + 1),
            selections,
            blocks,
            inputs,
            neurons,
            first: panel.first(),
        });
    }
}

/// Sums of one panel alone, `stride` of them per timestep.
pub(super) fn sweep_panel(
    panels: &[impl Columns],
    i: usize,
    selections: &[RowSelection],
    blocks: &Blocks,
    sums: &mut [f32],
    stride: usize,
) {
    kernel::run(&mut DenseSweep {
        panel: &panels[i],
        next: panels.get(i + 1),
        selections,
        blocks,
        inputs: sums,
        neurons: stride,
        first: 0,
    });
}

struct DenseSweep<'a, P> {
    panel: &'a P,
    /// The panel to be swept after this one.
    next: Option<&'a P>,
    selections: &'a [RowSelection<'a>],
    blocks: &'a Blocks,
    inputs: &'a mut [f32],
    neurons: usize,
    /// Where the sums of the panel begin in each timestep.
    first: usize,
}

impl<P: Columns> PanelSweep for DenseSweep<'_, P> {
    #[inline(always)]
    fn sweep(&mut self, kernel: impl Kernel) {
        let columns = self.first..self.first + self.panel.columns();
        let Blocks { count, rows, ends } = self.blocks;
        for block in 0..*count {
            let inputs = self.inputs.chunks_exact_mut(self.neurons);
            let steps = self.selections.iter().zip(ends.chunks_exact(*count));
            let (coming, first_row) = match block + 1 {
                next if next < *count => (Some(self.panel), next * rows.unwrap_or(0)),
                _ => (self.next, 0),
            };
            // Each timestep asks for its share of the rows.
            let share = rows.map_or(0, |rows| rows.div_ceil(self.selections.len()));
            for (step, (input, (selection, ends))) in inputs.zip(steps).enumerate() {
                if let Some(coming) = coming {
                    let from = step * share;
                    let to = (from + share).min(rows.unwrap_or(0));
                    coming.ask_for(first_row + from..first_row + to);
                }
                let start = if block == 0 { 0 } else { ends[block - 1] };
                let events = start as usize..ends[block] as usize;
                if !events.is_empty() {
                    let part = std::iter::once(selection.part(events));
                    self.panel.add(kernel, part, &mut input[columns.clone()]);
                }
            }
        }
    }
}
