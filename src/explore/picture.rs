//! The spikes of a record as a figure for a paper shows them.

use super::Record;
use crate::result::SpikeSource;

impl SpikeSource for Record {
    fn title(&self) -> &str {
        &self.title
    }

    fn sample(&self) -> usize {
        self.sample
    }

    fn timesteps(&self) -> usize {
        self.raster.timesteps()
    }

    fn populations(&self) -> Vec<(String, usize)> {
        let nodes = self.counts.topology.populations.iter();
        nodes
            .map(|node| (node.name.clone(), node.shape.neurons()))
            .collect()
    }

    fn for_each(&self, population: usize, f: &mut dyn FnMut(usize, usize, u64)) {
        let rows = self.rows_of(population);
        let role = self.counts.topology.populations[population].role;
        for t in 0..self.raster.timesteps() {
            self.raster.for_each(t, &rows, |row, value| {
                if let Some(spikes) = super::record::emitted(role, value).spikes {
                    f(t, (row - rows.start) as usize, spikes);
                }
            });
        }
    }
}
