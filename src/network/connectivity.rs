//! Which synapses exist: the structure of a projection without its weights.

use super::{Axis, Convolution, Shape, SynapseKind, Window};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A matrix of bits in rows of whole words; set bits mark existing synapses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BitRows {
    columns: usize,
    words_per_row: usize,
    words: Vec<u64>,
}

impl BitRows {
    /// Marks the nonzero entries of a row-major matrix with `columns` columns.
    ///
    /// # Panics
    /// If `columns` is zero or does not divide the number of values.
    #[must_use]
    pub fn nonzero(values: &[f32], columns: usize) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns));
        let words_per_row = columns.div_ceil(64);
        let mut words = Vec::with_capacity(values.len() / columns * words_per_row);
        for row in values.chunks_exact(columns) {
            for chunk in row.chunks(64) {
                let mut word = 0u64;
                for (bit, value) in chunk.iter().enumerate() {
                    word |= u64::from(*value != 0.0) << bit;
                }
                words.push(word);
            }
        }
        BitRows {
            columns,
            words_per_row,
            words,
        }
    }

    /// Rebuilds a matrix from its words; `None` unless they fill whole rows and no bit is set
    /// beyond the last column.
    #[must_use]
    pub fn from_words(columns: usize, words: Vec<u64>) -> Option<Self> {
        let words_per_row = columns.div_ceil(64);
        if columns == 0 || !words.len().is_multiple_of(words_per_row) {
            return None;
        }
        let spare = words_per_row * 64 - columns;
        let overhang = |row: &[u64]| spare > 0 && row[words_per_row - 1] >> (64 - spare) != 0;
        if words.chunks_exact(words_per_row).any(overhang) {
            return None;
        }
        Some(BitRows {
            columns,
            words_per_row,
            words,
        })
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.words.len() / self.words_per_row
    }

    /// All words, row after row.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words of one row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u64] {
        &self.words[row * self.words_per_row..(row + 1) * self.words_per_row]
    }

    /// Set bits of one row.
    #[must_use]
    pub fn count(&self, row: usize) -> u64 {
        self.row(row)
            .iter()
            .map(|w| u64::from(w.count_ones()))
            .sum()
    }

    /// Whether every bit is set.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let set: u64 = self.words.iter().map(|w| u64::from(w.count_ones())).sum();
        set == (self.rows() * self.columns) as u64
    }

    /// Calls `f(first, length)` for each run of set bits of a row, ascending.
    pub fn for_each_run(&self, row: usize, mut f: impl FnMut(usize, usize)) {
        // The run that reached the end of the last word.
        let mut open = None;
        for (w, &word) in self.row(row).iter().enumerate() {
            let (mut word, mut bit) = (word, 0);
            while bit < 64 {
                // At the start of a run if one is open, else somewhere before the next.
                let (length, is_run) = match word & 1 {
                    1 => (word.trailing_ones(), true),
                    _ => (word.trailing_zeros().min(64 - bit), false),
                };
                let at = w * 64 + bit as usize;
                if is_run {
                    open.get_or_insert(at);
                } else if let Some(first) = open.take() {
                    f(first, at - first);
                }
                bit += length;
                word = word.checked_shr(length).unwrap_or(0);
            }
        }
        if let Some(first) = open {
            f(first, self.columns - first);
        }
    }
}

/// The pattern of synapses behind an optional pooling stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Pattern {
    /// Each source reaches each target. `present` marks the synapses that exist, `[source, target]`;
    /// `None` means all.
    Dense {
        /// Presynaptic neurons.
        sources: usize,
        /// Postsynaptic neurons.
        targets: usize,
        /// Existing synapses.
        present: Option<BitRows>,
    },
    /// A convolution. `present` marks the nonzero kernel entries,
    /// `[ky · kx · input channel, output channel of the group]`; `None` means all.
    Convolution {
        /// Shapes, window and groups.
        convolution: Convolution,
        /// Existing kernel entries.
        present: Option<BitRows>,
    },
    /// Compressed rows: source `i` reaches `targets[starts[i]..starts[i + 1]]`.
    Sparse {
        /// Postsynaptic neurons.
        neurons: usize,
        /// One more entry than sources.
        starts: Vec<u64>,
        /// Target of each synapse; a list that may fill most of the memory, so it is held once
        /// however many networks and counts refer to it.
        #[serde(with = "once")]
        targets: Arc<Vec<u32>>,
    },
}

impl Pattern {
    /// A convolution with every kernel entry to `channels` output maps, and their shape; `None` if
    /// the window does not fit the input.
    #[must_use]
    pub fn convolution(
        input: Shape,
        channels: usize,
        window: Window,
        groups: usize,
    ) -> Option<(Self, Shape)> {
        let (height, width) = window.outputs(input)?;
        let output = Shape::maps(channels, height, width);
        let convolution = Convolution {
            input,
            output,
            window,
            groups,
        };
        let pattern = Pattern::Convolution {
            convolution,
            present: None,
        };
        Some((pattern, output))
    }
}

/// A shared list, written and read like its contents.
mod once {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::sync::Arc;

    pub(super) fn serialize<S: Serializer>(list: &Arc<Vec<u32>>, to: S) -> Result<S::Ok, S::Error> {
        list.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<Vec<u32>>, D::Error> {
        Vec::deserialize(from).map(Arc::new)
    }
}

/// Average or sum pooling merged into the projection behind it: the windows do not overlap, so
/// each source neuron stands for at most one pooled position of its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pooling {
    /// Shape of the presynaptic population.
    pub input: Shape,
    /// Shape after pooling.
    pub output: Shape,
    /// The window; disjoint.
    pub window: Window,
}

impl Pooling {
    /// The pooled neuron that stands for `source`, if a window covers it.
    #[must_use]
    pub fn pooled(&self, source: usize) -> Option<usize> {
        let (c, y, x) = self.input.coordinates(source);
        let (_, py) = self.window.vertical.reached(y, self.output.height).next()?;
        let (_, px) = self
            .window
            .horizontal
            .reached(x, self.output.width)
            .next()?;
        Some(self.output.index(c, py, px))
    }
}

/// Which synapses a projection has, from presynaptic to postsynaptic neurons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connectivity {
    /// Pooling between the source population and the pattern.
    pub pooling: Option<Pooling>,
    /// The synapses.
    pub pattern: Pattern,
}

impl Connectivity {
    /// A pattern without pooling in front.
    #[must_use]
    pub fn new(pattern: Pattern) -> Self {
        Connectivity {
            pooling: None,
            pattern,
        }
    }

    /// Number of presynaptic neurons.
    #[must_use]
    pub fn sources(&self) -> usize {
        match (&self.pooling, &self.pattern) {
            (Some(pooling), _) => pooling.input.neurons(),
            (None, Pattern::Dense { sources, .. }) => *sources,
            (None, Pattern::Convolution { convolution, .. }) => convolution.input.neurons(),
            (None, Pattern::Sparse { starts, .. }) => starts.len().saturating_sub(1),
        }
    }

    /// Number of postsynaptic neurons.
    #[must_use]
    pub fn targets(&self) -> usize {
        match &self.pattern {
            Pattern::Dense { targets, .. } => *targets,
            Pattern::Convolution { convolution, .. } => convolution.output.neurons(),
            Pattern::Sparse { neurons, .. } => *neurons,
        }
    }

    /// The kind of synapse as cost tables distinguish it.
    ///
    /// A dense matrix with absent synapses is stored sparsely on a chip.
    #[must_use]
    pub fn kind(&self) -> SynapseKind {
        match &self.pattern {
            Pattern::Dense { present: None, .. } => SynapseKind::Dense,
            Pattern::Dense { .. } | Pattern::Sparse { .. } => SynapseKind::Sparse,
            Pattern::Convolution { .. } => SynapseKind::Conv,
        }
    }

    /// Number of synapses: (source, target) pairs with a nonzero weight.
    #[must_use]
    pub fn synapses(&self) -> u64 {
        match self.even_fan_ins() {
            Some(EvenFanIns { channels, fan_ins }) => {
                fan_ins.iter().map(|&fan_in| u64::from(fan_in)).sum::<u64>() * channels as u64
            }
            None => self.fan_outs().iter().map(|&f| u64::from(f)).sum(),
        }
    }

    /// Weights that are stored, shared ones once: what a parameter count counts.
    #[must_use]
    pub fn stored_weights(&self) -> u64 {
        match &self.pattern {
            Pattern::Dense {
                sources, targets, ..
            } => (sources * targets) as u64,
            Pattern::Convolution { convolution, .. } => {
                (convolution.kernel_rows() * convolution.outputs_per_group()) as u64
            }
            Pattern::Sparse { targets, .. } => targets.len() as u64,
        }
    }

    /// Synapses that leave each presynaptic neuron, borders and absent weights respected.
    #[must_use]
    pub fn fan_outs(&self) -> Vec<u32> {
        // What one row of stored weights holds, so that no run is walked twice.
        let rows: Option<Vec<u32>> = match &self.pattern {
            Pattern::Convolution {
                present: Some(present),
                ..
            } => Some(
                (0..present.rows())
                    .map(|r| present.count(r) as u32)
                    .collect(),
            ),
            _ => None,
        };
        (0..self.sources())
            .map(|source| {
                let mut fan_out = 0u32;
                match (&rows, &self.pattern) {
                    (Some(rows), Pattern::Convolution { convolution, .. }) => {
                        if let Some(source) = self.stands_for(source) {
                            convolution.each_tap(source, |row, _| fan_out += rows[row]);
                        }
                    }
                    _ => self.for_each_run(source, |_, length| fan_out += length as u32),
                }
                fan_out
            })
            .collect()
    }

    /// Synapses that enter each postsynaptic neuron, where neighbours are known to have as many;
    /// `None` where each has to be looked at.
    #[must_use]
    pub fn even_fan_ins(&self) -> Option<EvenFanIns> {
        match &self.pattern {
            Pattern::Dense {
                targets,
                present: None,
                sources,
            } => {
                let covered = match &self.pooling {
                    None => *sources,
                    Some(pooling) => {
                        let Window {
                            vertical,
                            horizontal,
                        } = pooling.window;
                        let Shape {
                            height,
                            width,
                            channels,
                        } = pooling.input;
                        let rows = covered(vertical, height, pooling.output.height);
                        rows * covered(horizontal, width, pooling.output.width) * channels
                    }
                };
                Some(EvenFanIns {
                    channels: *targets,
                    fan_ins: vec![covered as u32],
                })
            }
            Pattern::Convolution {
                convolution,
                present: None,
            } => {
                let Convolution {
                    input,
                    output,
                    window,
                    groups,
                } = *convolution;
                let pooling = self.pooling;
                let down = pooling.map(|p| (p.window.vertical, p.input.height));
                let across = pooling.map(|p| (p.window.horizontal, p.input.width));
                let rows = reads(window.vertical, down, input.height, output.height);
                let columns = reads(window.horizontal, across, input.width, output.width);
                let channels = (input.channels / groups) as u32;
                let at = |row: u32| columns.iter().map(move |column| row * column * channels);
                Some(EvenFanIns {
                    channels: output.channels,
                    fan_ins: rows.into_iter().flat_map(at).collect(),
                })
            }
            _ => None,
        }
    }

    /// Synapses that enter each postsynaptic neuron.
    #[must_use]
    pub fn fan_ins(&self) -> Vec<u32> {
        if let Some(EvenFanIns { channels, fan_ins }) = self.even_fan_ins() {
            let each = |&fan_in: &u32| std::iter::repeat_n(fan_in, channels);
            return fan_ins.iter().flat_map(each).collect();
        }
        // Differences at the ends of runs, summed up at the end.
        let mut change = vec![0i64; self.targets() + 1];
        for source in 0..self.sources() {
            self.for_each_run(source, |first, length| {
                change[first] += 1;
                change[first + length] -= 1;
            });
        }
        change[..self.targets()]
            .iter()
            .scan(0i64, |sum, c| {
                *sum += c;
                Some(*sum as u32)
            })
            .collect()
    }

    /// The neuron of the pattern that a presynaptic neuron stands for, if any.
    fn stands_for(&self, source: usize) -> Option<usize> {
        match &self.pooling {
            Some(pooling) => pooling.pooled(source),
            None => Some(source),
        }
    }

    /// Whether two presynaptic neurons are known to reach the same targets through as many synapses
    /// each, without a look at one of them: the channels of one position, all sources of a layer.
    #[must_use]
    pub fn same_reach(&self, one: usize, other: usize) -> bool {
        let (Some(one), Some(other)) = (self.stands_for(one), self.stands_for(other)) else {
            return self.stands_for(one).is_none() && self.stands_for(other).is_none();
        };
        match &self.pattern {
            Pattern::Dense { present, .. } => one == other || present.is_none(),
            Pattern::Convolution {
                convolution,
                present,
            } => {
                let (a, y, x) = convolution.input.coordinates(one);
                let (b, other_y, other_x) = convolution.input.coordinates(other);
                let groups = convolution.group_outputs(a) == convolution.group_outputs(b);
                one == other || (present.is_none() && groups && (y, x) == (other_y, other_x))
            }
            Pattern::Sparse { .. } => one == other,
        }
    }

    /// One past the last of the neighbours from `source` on that are known to reach the same
    /// targets as it, without a look at each: those of its group of channels at its position, all
    /// sources of a layer. There may be more of them ([`same_reach`](Self::same_reach)).
    #[must_use]
    pub fn reach_end(&self, source: usize) -> usize {
        let input = match (&self.pooling, &self.pattern) {
            (
                None,
                Pattern::Dense {
                    sources,
                    present: None,
                    ..
                },
            ) => return *sources,
            (Some(pooling), Pattern::Dense { present: None, .. }) => pooling.input,
            (Some(pooling), Pattern::Convolution { present: None, .. }) => pooling.input,
            (
                None,
                Pattern::Convolution {
                    convolution,
                    present: None,
                },
            ) => convolution.input,
            _ => return source + 1,
        };
        let together = match &self.pattern {
            Pattern::Convolution { convolution, .. } => input.channels / convolution.groups,
            _ => input.channels,
        };
        // Groups divide the channels, so that none lies at two positions.
        (source / together + 1) * together
    }

    /// Calls `f(first target, length)` for each contiguous run of existing synapses of `source`.
    ///
    /// Runs of one source never overlap, except where a sparse pattern lists a target twice.
    pub fn for_each_run(&self, source: usize, mut f: impl FnMut(usize, usize)) {
        let Some(source) = self.stands_for(source) else {
            return;
        };
        match &self.pattern {
            Pattern::Dense {
                targets, present, ..
            } => match present {
                None => f(0, *targets),
                Some(rows) => rows.for_each_run(source, f),
            },
            Pattern::Convolution {
                convolution,
                present,
            } => {
                let outputs = convolution.outputs_per_group();
                let Some(rows) = present else {
                    // Positions next to each other are one run.
                    let (mut first, mut end) = (0, 0);
                    convolution.each_tap(source, |_, base| {
                        if base != end {
                            if first < end {
                                f(first, end - first);
                            }
                            first = base;
                        }
                        end = base + outputs;
                    });
                    if first < end {
                        f(first, end - first);
                    }
                    return;
                };
                convolution.each_tap(source, |row, base| {
                    rows.for_each_run(row, |first, length| f(base + first, length));
                });
            }
            Pattern::Sparse {
                starts, targets, ..
            } => {
                for &target in &targets[starts[source] as usize..starts[source + 1] as usize] {
                    f(target as usize, 1);
                }
            }
        }
    }
}

/// Synapses into neurons of which those at one position have as many each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvenFanIns {
    /// Neurons of a position, neighbours in the numbering.
    pub channels: usize,
    /// Synapses into each of them, position by position.
    pub fan_ins: Vec<u32>,
}

/// Input positions that some output reads.
fn covered(axis: Axis, inputs: usize, outputs: usize) -> usize {
    let read = |&input: &usize| axis.reached(input, outputs).next().is_some();
    (0..inputs).filter(read).count()
}

/// Input positions that each output reads along an axis, of `inputs` or, behind a pooling, of those
/// that are pooled to them.
fn reads(axis: Axis, pooled: Option<(Axis, usize)>, inputs: usize, outputs: usize) -> Vec<u32> {
    let mut reads = vec![0; outputs];
    let mut read = |input: usize| {
        for (_, output) in axis.reached(input, outputs) {
            reads[output] += 1;
        }
    };
    match pooled {
        None => (0..inputs).for_each(read),
        Some((pooling, sources)) => (0..sources)
            .filter_map(|source| Some(pooling.reached(source, inputs).next()?.1))
            .for_each(&mut read),
    }
    reads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Axis;

    #[test]
    fn runs_of_bits_are_found_across_words() {
        let mut values = vec![0.0; 200];
        for i in [0, 1, 63, 64, 65, 128, 199] {
            values[i] = 1.0;
        }
        let rows = BitRows::nonzero(&values, 200);
        let mut runs = Vec::new();
        rows.for_each_run(0, |first, length| runs.push((first, length)));
        assert_eq!(runs, [(0, 2), (63, 3), (128, 1), (199, 1)]);
        assert_eq!(rows.count(0), 7);
        assert_eq!(BitRows::from_words(200, rows.words().to_vec()), Some(rows));
        assert_eq!(BitRows::from_words(3, vec![0b1000]), None);
    }

    #[test]
    fn a_merged_pooling_reaches_what_its_window_covers() {
        // 3×3 pooled 2×2 with stride 2: the last row and column are in no window.
        let input = Shape::maps(1, 3, 3);
        let window = Window {
            vertical: Axis::new(2, 2),
            horizontal: Axis::new(2, 2),
        };
        let connectivity = Connectivity {
            pooling: Some(Pooling {
                input,
                output: Shape::vector(1),
                window,
            }),
            pattern: Pattern::Dense {
                sources: 1,
                targets: 10,
                present: None,
            },
        };
        assert_eq!(connectivity.fan_outs(), [10, 10, 0, 10, 10, 0, 0, 0, 0]);
        assert_eq!(connectivity.fan_ins(), [4; 10]);
        assert_eq!(connectivity.synapses(), 40);
    }

    #[test]
    fn closed_form_even_patterns_equal_a_walk_over_their_synapses() {
        let axis = |kernel, stride, pad| Axis {
            pad_before: pad,
            pad_after: pad,
            ..Axis::new(kernel, stride)
        };
        let window = |kernel, stride, pad| Window {
            vertical: axis(kernel, stride, pad),
            horizontal: axis(kernel + 1, stride, pad),
        };
        let pooling = Pooling {
            input: Shape::maps(4, 9, 11),
            output: Shape::maps(4, 4, 3),
            window: window(2, 2, 0),
        };
        let pooling = Pooling {
            window: Window {
                horizontal: axis(3, 3, 0),
                ..pooling.window
            },
            ..pooling
        };
        let maps = |groups, window| {
            let (pattern, _) = Pattern::convolution(pooling.output, 6, window, groups).unwrap();
            pattern
        };
        let all = Pattern::Dense {
            sources: 48,
            targets: 5,
            present: None,
        };
        let patterns = [
            maps(1, window(3, 1, 1)),
            maps(2, window(2, 2, 0)),
            maps(2, window(1, 1, 0)),
            all,
        ];
        for (pattern, pooling) in patterns
            .iter()
            .flat_map(|p| [(p, None), (p, Some(pooling))])
        {
            let connectivity = Connectivity {
                pooling,
                pattern: pattern.clone(),
            };
            let (mut ins, mut outs) = (vec![0; connectivity.targets()], Vec::new());
            let mut reached = Vec::new();
            for source in 0..connectivity.sources() {
                let mut of = Vec::new();
                connectivity.for_each_run(source, |first, length| of.extend(first..first + length));
                for &target in &of {
                    ins[target] += 1;
                }
                outs.push(of.len() as u32);
                reached.push(of);
            }
            assert!(connectivity.even_fan_ins().is_some());
            assert_eq!(connectivity.fan_ins(), ins);
            assert_eq!(connectivity.fan_outs(), outs);
            assert_eq!(connectivity.synapses(), u64::from(ins.iter().sum::<u32>()));
            let mut source = 0;
            while source < reached.len() {
                let end = connectivity.reach_end(source);
                assert!(end > source && end <= reached.len());
                for other in source..end {
                    assert_eq!(reached[other], reached[source]);
                    assert!(connectivity.same_reach(source, other));
                }
                source = end;
            }
            assert!(outs.iter().sum::<u32>() > 0);
        }
    }
}
