//! Delivery of events through the synapses of one projection.
//!
//! How weights lie in memory decides how events are delivered: panels of a matrix or of the kernel
//! of a convolution are summed in registers, listed synapses are scattered, and anything else goes
//! the plain way, synapse by synapse.

mod convolution;
mod dense;
mod listed;
mod plain;
mod reach;
#[cfg(test)]
mod tests;

pub(super) use listed::Segments;
pub(super) use reach::SourceTargets;

use super::aligned::Aligned;
use super::columns::Columns;
use super::panel::{self, Panel};
use super::panel_int8::{Int8Panel, int8_panels};
use super::plan::{longest_delay, shortest_delay};
use super::selection::RowSelection;
use crate::network::{Connectivity, Convolution, Delays, Pattern, Projection, Weights};
use crate::spike_train::{Events, SpikeTrain};
use convolution::{first_of_each_position, sort_by_position, sweep_convolution};
use dense::{Blocks, sweep_dense};
use listed::{Destination, Listed, SLACK};
use std::ops::Range;

/// A projection prepared for delivery: shared by all workers.
pub(super) struct Synapses<'n> {
    pub(super) projection: &'n Projection,
    /// Existing synapses per presynaptic neuron.
    pub(super) fan_outs: Vec<u32>,
    /// The fan-out, if it is the same for all.
    same_fan_out: Option<u32>,
    /// Row of the pattern for each presynaptic neuron ([`NO_ROW`] for none); `None` without
    /// pooling, where they agree.
    pooled: Option<Vec<u32>>,
    layout: Layout<'n>,
    /// Timesteps between an event and its first arrival.
    pub(super) delay: usize,
    /// Columns of each panel of a dense matrix; `None` for other layouts.
    pub(super) cuts: Option<Vec<Range<usize>>>,
}

/// Stands for the row of a neuron that no pooling window covers.
const NO_ROW: u32 = u32::MAX;

/// Panels of one kind of weights.
enum Panels {
    Float(Vec<Panel>),
    Int8(Vec<Int8Panel>),
}

impl Panels {
    /// Cuts a row-major matrix into panels; `None` if all weights are the same.
    fn new(weights: &Weights, columns: usize) -> Option<Self> {
        match weights {
            Weights::Each(weights) => Some(Panels::Float(panel::panels(weights, columns))),
            Weights::Int8 { values, scale } => {
                Some(Panels::Int8(int8_panels(values, *scale, columns)))
            }
            Weights::Uniform(_) => None,
        }
    }
}

/// How weights lie in memory.
enum Layout<'n> {
    /// Panels of a dense matrix.
    Dense(Panels),
    /// Panels of the kernel of a convolution.
    Convolution(Convolution, Panels),
    /// Listed synapses without pooling.
    Listed(Listed<'n>),
    /// Any other, as the network has it.
    Plain,
}

impl Layout<'_> {
    fn cuts(&self) -> Option<Vec<Range<usize>>> {
        fn of(panels: &[impl Columns]) -> Vec<Range<usize>> {
            let columns = panels.iter().map(|p| p.first()..p.first() + p.columns());
            columns.collect()
        }
        match self {
            Layout::Dense(Panels::Float(panels)) => Some(of(panels)),
            Layout::Dense(Panels::Int8(panels)) => Some(of(panels)),
            _ => None,
        }
    }
}

/// What a worker needs to deliver one projection.
#[derive(Default)]
pub(super) struct DeliveryScratch {
    /// Per timestep of a chunk: events as rows of the pattern.
    rows: Vec<(Vec<u32>, Vec<f32>)>,
    /// The same, sorted by position.
    sorted: Vec<(Vec<u32>, Vec<f32>)>,
    /// Per timestep of a chunk: first event of each input position of a convolution.
    starts: Vec<Vec<u32>>,
    /// Input that is on its way, for delays per synapse: a ring of timesteps.
    ring: Vec<f32>,
}

impl DeliveryScratch {
    /// Forgets input that is on its way.
    pub(super) fn reset(&mut self) {
        self.ring.fill(-0.0);
    }
}

/// Inputs of `neurons` neurons in some timesteps before anything arrives, as [`Synapses::deliver`]
/// takes them: what `base` says of each timestep.
pub(super) fn start_inputs<'b>(
    inputs: &mut Aligned<f32>,
    neurons: usize,
    timesteps: Range<usize>,
    base: impl Fn(usize) -> &'b [f32],
) {
    let used = neurons * timesteps.len();
    inputs.grow(used + SLACK);
    let rows = inputs[..used].chunks_exact_mut(neurons.max(1));
    for (t, row) in timesteps.zip(rows) {
        row.copy_from_slice(base(t));
    }
}

/// Events of some timesteps as rows of a dense matrix, and the order in which rows are swept.
pub(super) struct Selected<'a> {
    selections: Vec<RowSelection<'a>>,
    blocks: Blocks,
}

impl<'n> Synapses<'n> {
    pub(super) fn new(projection: &'n Projection) -> Self {
        let connectivity = &projection.connectivity;
        let layout = match &connectivity.pattern {
            Pattern::Dense { targets, .. } => {
                Panels::new(&projection.weights, *targets).map(Layout::Dense)
            }
            Pattern::Convolution { convolution, .. }
                if convolution.groups == 1 && convolution.window.horizontal.dilation == 1 =>
            {
                Panels::new(&projection.weights, convolution.outputs_per_group())
                    .map(|panels| Layout::Convolution(*convolution, panels))
            }
            Pattern::Sparse { .. } if connectivity.pooling.is_none() => {
                Listed::new(projection).map(Layout::Listed)
            }
            _ => None,
        };
        let fan_outs = connectivity.fan_outs();
        Synapses {
            projection,
            same_fan_out: fan_outs
                .first()
                .copied()
                .filter(|first| fan_outs.iter().all(|fan_out| fan_out == first)),
            fan_outs,
            pooled: connectivity.pooling.map(|pooling| {
                (0..connectivity.sources())
                    .map(|source| pooling.pooled(source).map_or(NO_ROW, |p| p as u32))
                    .collect()
            }),
            cuts: layout.as_ref().and_then(Layout::cuts),
            layout: layout.unwrap_or(Layout::Plain),
            delay: shortest_delay(projection),
        }
    }

    pub(super) fn source(&self) -> usize {
        self.projection.source
    }

    fn connectivity(&self) -> &'n Connectivity {
        &self.projection.connectivity
    }

    /// Whether weights are used only every now and then, so that a longer chunk finds them in cache
    /// more often.
    pub(super) fn is_dense(&self) -> bool {
        matches!(self.layout, Layout::Dense(_))
    }

    /// How synapses are summed, in words.
    pub(super) fn kernel(&self) -> &'static str {
        match &self.layout {
            Layout::Dense(Panels::Float(_)) => "rows of a matrix, single precision",
            Layout::Dense(Panels::Int8(_)) => "rows of a matrix, 8 bits",
            Layout::Convolution(_, Panels::Float(_)) => "rows of a kernel, single precision",
            Layout::Convolution(_, Panels::Int8(_)) => "rows of a kernel, 8 bits",
            Layout::Listed(_) => "listed synapses",
            Layout::Plain => "one synapse after the other",
        }
    }

    /// Memory that the weights of a dense matrix take [bytes].
    pub(super) fn dense_bytes(&self) -> usize {
        match (&self.layout, &self.connectivity().pattern) {
            (Layout::Dense(Panels::Float(_)), Pattern::Dense { targets, .. }) => {
                size_of::<f32>() * self.rows() * targets
            }
            (Layout::Dense(Panels::Int8(_)), Pattern::Dense { targets, .. }) => {
                self.rows() * targets
            }
            _ => 0,
        }
    }

    /// Whether anything arrives later than in the timestep in which it was sent.
    pub(super) fn is_delayed(&self) -> bool {
        self.delay > 0 || matches!(self.projection.delay, Delays::Each(_))
    }

    /// Rows of a dense pattern.
    fn rows(&self) -> usize {
        match &self.connectivity().pattern {
            Pattern::Dense { sources, .. } => *sources,
            _ => self.fan_outs.len(),
        }
    }

    /// Scratch for one worker.
    pub(super) fn scratch(&self, neurons: usize) -> DeliveryScratch {
        let ring = match self.projection.delay {
            Delays::Uniform(_) => 0,
            Delays::Each(_) => (longest_delay(self.projection) - self.delay + 1) * neurons,
        };
        DeliveryScratch {
            ring: vec![-0.0; ring],
            ..DeliveryScratch::default()
        }
    }

    /// Adds what arrives in the timesteps `chunk` to `inputs`, one row of neurons per timestep, after
    /// which [`SLACK`] numbers follow that stay as they are.
    pub(super) fn deliver(
        &self,
        train: &SpikeTrain,
        chunk: Range<usize>,
        inputs: &mut [f32],
        scratch: &mut DeliveryScratch,
    ) {
        let neurons = self.connectivity().targets();
        if !matches!(self.projection.delay, Delays::Each(_))
            && let Layout::Listed(_) = self.layout
        {
            return self.deliver_to(train, chunk, &(0..neurons), None, inputs);
        }
        let inputs = &mut inputs[..chunk.len() * neurons];
        match &self.layout {
            Layout::Listed(listed) => {
                for (t, input) in chunk.zip(inputs.chunks_exact_mut(neurons)) {
                    let events = self.arriving(train, t);
                    listed.deliver_delayed(events, self.delay, t, input, &mut scratch.ring);
                }
            }
            Layout::Plain => {
                for (t, input) in chunk.zip(inputs.chunks_exact_mut(neurons)) {
                    let events = self.arriving(train, t);
                    for (neuron, value) in events.iter() {
                        self.add_row(neuron as usize, value, input);
                    }
                }
            }
            Layout::Dense(panels) => {
                let Selected { selections, blocks } = self.select(train, chunk, scratch);
                match panels {
                    Panels::Float(panels) => {
                        sweep_dense(panels, &selections, &blocks, inputs, neurons);
                    }
                    Panels::Int8(panels) => {
                        sweep_dense(panels, &selections, &blocks, inputs, neurons);
                    }
                }
            }
            Layout::Convolution(convolution, panels) => {
                let steps = chunk.len();
                let mut selections = self.selections(train, chunk, &mut scratch.rows);
                scratch.starts.resize_with(steps, Vec::new);
                for (starts, selection) in scratch.starts.iter_mut().zip(&selections) {
                    first_of_each_position(convolution, selection.neurons, starts);
                }
                if self.pooled.is_some() {
                    scratch.sorted.resize_with(steps, Default::default);
                    let unsorted = selections.iter().zip(&scratch.starts);
                    for ((selection, starts), sorted) in unsorted.zip(&mut scratch.sorted) {
                        sort_by_position(convolution, selection, starts, sorted);
                    }
                    for (selection, (neurons, values)) in selections.iter_mut().zip(&scratch.sorted)
                    {
                        selection.neurons = neurons;
                        selection.values = selection.values.map(|_| &values[..]);
                    }
                }
                let starts = &scratch.starts;
                match panels {
                    Panels::Float(panels) => {
                        sweep_convolution(panels, convolution, &selections, starts, inputs);
                    }
                    Panels::Int8(panels) => {
                        sweep_convolution(panels, convolution, &selections, starts, inputs);
                    }
                }
            }
        }
    }

    /// What arrives in some timesteps, as rows of the panels of a dense matrix.
    pub(super) fn select<'t>(
        &self,
        train: &'t SpikeTrain,
        chunk: Range<usize>,
        scratch: &'t mut DeliveryScratch,
    ) -> Selected<'t> {
        let timesteps = chunk.clone().map(|t| self.arriving(train, t));
        let selections = self.selections(train, chunk, &mut scratch.rows);
        let blocks = match &self.layout {
            Layout::Dense(Panels::Float(panels)) => {
                let (sources, rows) = (self.fan_outs.len(), self.rows());
                let row_bytes = panels.first().map_or(1, |p| p.width * size_of::<f32>());
                let pooled = self.pooled.as_deref();
                Blocks::new(timesteps, sources, rows, row_bytes, pooled)
            }
            // All that a sum of 8-bit weights gets in a timestep comes at once.
            _ => Blocks::whole(&selections, self.rows()),
        };
        Selected { selections, blocks }
    }

    /// Adds what panel `i` of a dense matrix gives to the sums of its columns, which begin a row of
    /// `stride` numbers per timestep.
    pub(super) fn sweep_panel(
        &self,
        selected: &Selected,
        i: usize,
        sums: &mut [f32],
        stride: usize,
    ) {
        let Selected { selections, blocks } = selected;
        match &self.layout {
            Layout::Dense(Panels::Float(panels)) => {
                dense::sweep_panel(panels, i, selections, blocks, sums, stride);
            }
            Layout::Dense(Panels::Int8(panels)) => {
                dense::sweep_panel(panels, i, selections, blocks, sums, stride);
            }
            _ => {}
        }
    }

    /// Synapses that events of these neurons go through.
    pub(super) fn reached(&self, neurons: &[u32]) -> u64 {
        match self.same_fan_out {
            Some(fan_out) => u64::from(fan_out) * neurons.len() as u64,
            None => neurons
                .iter()
                .map(|&neuron| u64::from(self.fan_outs[neuron as usize]))
                .sum(),
        }
    }

    /// Events whose first arrival is timestep `t`.
    pub(super) fn arriving<'t>(&self, train: &'t SpikeTrain, t: usize) -> Events<'t> {
        match t.checked_sub(self.delay) {
            Some(emitted) => train.at(emitted),
            None => Events {
                neurons: &[],
                values: None,
            },
        }
    }

    /// Events of a chunk as rows of the pattern, in the order of the neurons that emitted them.
    fn selections<'t>(
        &self,
        train: &'t SpikeTrain,
        chunk: Range<usize>,
        scratch: &'t mut Vec<(Vec<u32>, Vec<f32>)>,
    ) -> Vec<RowSelection<'t>> {
        let Some(pooled) = &self.pooled else {
            return chunk
                .map(|t| {
                    let Events { neurons, values } = self.arriving(train, t);
                    RowSelection {
                        neurons,
                        values,
                        offset: 0,
                    }
                })
                .collect();
        };
        if scratch.len() < chunk.len() {
            scratch.resize_with(chunk.len(), Default::default);
        }
        for (t, (rows, values)) in chunk.clone().zip(scratch.iter_mut()) {
            let events = self.arriving(train, t);
            rows.clear();
            values.clear();
            match events.values {
                None => rows.extend(
                    events
                        .neurons
                        .iter()
                        .map(|&neuron| pooled[neuron as usize])
                        .filter(|&row| row != NO_ROW),
                ),
                Some(all) => {
                    for (&neuron, &value) in events.neurons.iter().zip(all) {
                        let row = pooled[neuron as usize];
                        if row != NO_ROW {
                            rows.push(row);
                            values.push(value);
                        }
                    }
                }
            }
        }
        scratch[..chunk.len()]
            .iter()
            .map(|(rows, values)| RowSelection {
                neurons: rows,
                values: (!values.is_empty()).then_some(&values[..]),
                offset: 0,
            })
            .collect()
    }

    /// Whether targets can be split into ranges that are delivered to separately.
    pub(super) fn can_split(&self) -> bool {
        matches!(&self.layout, Layout::Listed(listed) if listed.can_split())
    }

    /// Which synapses lead to the neurons in `range`; `None` if the targets cannot be split.
    pub(super) fn segments(&self, range: &Range<usize>) -> Option<Segments> {
        match &self.layout {
            Layout::Listed(listed) => Some(listed.segments(range)),
            _ => None,
        }
    }

    /// As [`Synapses::deliver`], but only to the neurons in `targets`, whose inputs are given and
    /// whose synapses are the `segments`, or all.
    pub(super) fn deliver_to(
        &self,
        train: &SpikeTrain,
        chunk: Range<usize>,
        targets: &Range<usize>,
        segments: Option<&Segments>,
        inputs: &mut [f32],
    ) {
        let Layout::Listed(listed) = &self.layout else {
            return;
        };
        // Nothing arrives before the first delay has passed.
        let silent = self.delay.saturating_sub(chunk.start).min(chunk.len());
        let emitted =
            (chunk.start + silent).saturating_sub(self.delay)..chunk.end.saturating_sub(self.delay);
        let to = Destination {
            first: targets.start,
            neurons: targets.len(),
            inputs: &mut inputs[silent * targets.len()..],
        };
        listed.deliver(train, emitted, segments, to);
    }

    /// Adds `value × weights` of one presynaptic neuron to `input`, synapse by synapse.
    pub(super) fn add_row(&self, source: usize, value: f32, input: &mut [f32]) {
        let row = match &self.pooled {
            None => source,
            Some(pooled) => match pooled[source] {
                NO_ROW => return,
                row => row as usize,
            },
        };
        let weights = &self.projection.weights;
        plain::add_row(self.connectivity(), weights, source, row, value, input);
    }

    /// The neurons that each presynaptic neuron reaches.
    pub(super) fn reach(&self) -> SourceTargets {
        SourceTargets::new(self.connectivity())
    }
}
