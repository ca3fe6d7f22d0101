//! Dense matrices: the rows of the neurons that spike, summed panel by panel.

use crate::engine::panel::{self, Columns, Kernel, Selection, Sweep};

pub(super) fn sweep_dense(
    panels: &[impl Columns],
    selections: &[Selection],
    inputs: &mut [f32],
    neurons: usize,
) {
    for panel in panels {
        panel::run(&mut DenseSweep {
            panel,
            selections,
            inputs,
            neurons,
        });
    }
}

struct DenseSweep<'a, P> {
    panel: &'a P,
    selections: &'a [Selection<'a>],
    inputs: &'a mut [f32],
    neurons: usize,
}

impl<P: Columns> Sweep for DenseSweep<'_, P> {
    #[inline(always)]
    fn sweep(&mut self, kernel: impl Kernel) {
        let first = self.panel.first();
        let columns = first..first + self.panel.columns();
        let inputs = self.inputs.chunks_exact_mut(self.neurons);
        for (input, selection) in inputs.zip(self.selections) {
            if !selection.neurons.is_empty() {
                let sums = &mut input[columns.clone()];
                self.panel.add(kernel, std::iter::once(*selection), sums);
            }
        }
    }
}
