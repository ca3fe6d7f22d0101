//! Synapses listed in a file, in compressed rows.

use super::arrays::Arrays;
use super::problem::NativeProblem;
use crate::network::Shape;
use crate::network::rules::CompressedRows;
use std::path::Path;

/// The synapses of a file; `synapses[starts[i]..starts[i + 1]]` leave neuron `i` of its numbering.
pub(super) struct SynapseList {
    pub(super) starts: Vec<u64>,
    pub(super) targets: Vec<u32>,
    weights: Option<Vec<f32>>,
    delays: Option<Vec<u16>>,
}

/// The part of a numbering that a population takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Number of its first neuron.
    pub(super) first: usize,
    /// Its shape; files number maps in the order `[C, H, W]`.
    pub(super) shape: Shape,
}

/// Synapses between two populations.
pub(super) struct Picked {
    pub(super) rows: CompressedRows,
    pub(super) weights: Option<Vec<f32>>,
    pub(super) delays: Option<Vec<u16>>,
}

/// Index in the order `[C, H, W]` of neuron `index`.
pub(super) fn file_order(shape: Shape, index: usize) -> usize {
    let (c, y, x) = shape.coordinates(index);
    (c * shape.height + y) * shape.width + x
}

/// Neuron whose index in the order `[C, H, W]` is `position`: the inverse of [`file_order`].
pub(super) fn from_file_order(shape: Shape, position: usize) -> usize {
    let plane = shape.height * shape.width;
    position % plane * shape.channels + position / plane
}

impl SynapseList {
    /// Reads and checks a file.
    pub(super) fn read(key: &str, path: &Path, limit: u64) -> Result<Self, NativeProblem> {
        let mut file = Arrays::open(key, path, limit)?;
        let starts: Vec<u64> = file.required_integers("indptr")?;
        let targets: Vec<u32> = file.required_integers("target")?;
        if starts.first() != Some(&0) || !starts.is_sorted() {
            return Err(file.refuse("\"indptr\" must start with 0 and never decrease"));
        }
        if starts.last() != Some(&(targets.len() as u64)) {
            return Err(file.refuse(format_args!(
                "\"indptr\" must end with the number of synapses, {}",
                targets.len()
            )));
        }
        let weights = file.numbers("weight")?;
        let delays: Option<Vec<u16>> = file.integers("delay")?;
        let lengths = [
            ("weight", weights.as_ref().map(Vec::len)),
            ("delay", delays.as_ref().map(Vec::len)),
        ];
        for (name, length) in lengths {
            if let Some(length) = length.filter(|&length| length != targets.len()) {
                return Err(file.refuse(format_args!(
                    "\"{name}\" has {length} entries for {} synapses",
                    targets.len()
                )));
            }
        }
        Ok(SynapseList {
            starts,
            targets,
            weights: weights.map(|weights| weights.into_iter().map(|w| w as f32).collect()),
            delays,
        })
    }

    /// Neurons that synapses leave.
    pub(super) fn sources(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether it states a weight of each synapse.
    pub(super) fn has_weights(&self) -> bool {
        self.weights.is_some()
    }

    /// Whether it states a delay of each synapse.
    pub(super) fn has_delays(&self) -> bool {
        self.delays.is_some()
    }

    fn row(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    /// Number of synapses from one part of the numbering to another.
    pub(super) fn count(&self, from: Stretch, to: Stretch) -> usize {
        let range = to.first..to.first + to.shape.neurons();
        let synapses = self.starts[from.first] as usize
            ..self.starts[from.first + from.shape.neurons()] as usize;
        self.targets[synapses]
            .iter()
            .filter(|&&target| range.contains(&(target as usize)))
            .count()
    }

    /// Synapses from one part of the numbering to another.
    pub(super) fn pick(&self, from: Stretch, to: Stretch) -> Picked {
        let total = self.count(from, to);
        let mut starts = Vec::with_capacity(from.shape.neurons() + 1);
        let mut targets = Vec::with_capacity(total);
        let mut chosen = Vec::with_capacity(total);
        let mut row: Vec<(u32, usize)> = Vec::new();
        starts.push(0);
        for source in 0..from.shape.neurons() {
            row.clear();
            for synapse in self.row(from.first + file_order(from.shape, source)) {
                let target = (self.targets[synapse] as usize).checked_sub(to.first);
                if let Some(target) = target.filter(|&target| target < to.shape.neurons()) {
                    row.push((from_file_order(to.shape, target) as u32, synapse));
                }
            }
            row.sort_unstable();
            targets.extend(row.iter().map(|(target, _)| *target));
            chosen.extend(row.iter().map(|(_, synapse)| *synapse));
            starts.push(targets.len() as u64);
        }
        fn gather<T: Copy>(values: &Option<Vec<T>>, chosen: &[usize]) -> Option<Vec<T>> {
            values
                .as_ref()
                .map(|values| chosen.iter().map(|&synapse| values[synapse]).collect())
        }
        Picked {
            weights: gather(&self.weights, &chosen),
            delays: gather(&self.delays, &chosen),
            rows: CompressedRows { starts, targets },
        }
    }
}
