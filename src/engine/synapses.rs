//! Delivery of events through the synapses of one projection.

use super::panel::{self, Columns, Kernel, Panel, Selection, Sweep};
use super::panel_int8::{Int8Panel, int8_panels};
use super::plan::{longest_delay, shortest_delay};
use super::train::{Events, SpikeTrain};
use crate::network::{Connectivity, Convolution, Delay, Pattern, Projection, Weights};
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
    layout: Layout,
    /// Timesteps between an event and its first arrival.
    pub(super) delay: usize,
    /// Whether the synapses are listed, each row in the order of its targets.
    sorted_rows: bool,
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
enum Layout {
    /// Panels of a dense matrix.
    Dense(Panels),
    /// Panels of the kernel of a convolution.
    Convolution(Convolution, Panels),
    /// Row by row, in the order of the pattern.
    Rows,
}

/// Targets of each presynaptic neuron, one row after the other.
pub(super) struct Reach {
    starts: Vec<usize>,
    targets: Vec<u32>,
}

impl Reach {
    /// Number of presynaptic neurons.
    pub(super) fn sources(&self) -> usize {
        self.starts.len() - 1
    }

    /// Targets of one presynaptic neuron.
    pub(super) fn of(&self, source: u32) -> &[u32] {
        &self.targets[self.starts[source as usize]..self.starts[source as usize + 1]]
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
            layout: layout.unwrap_or(Layout::Rows),
            delay: shortest_delay(projection),
            sorted_rows: match &connectivity.pattern {
                Pattern::Sparse {
                    starts, targets, ..
                } => starts
                    .windows(2)
                    .all(|row| targets[row[0] as usize..row[1] as usize].is_sorted()),
                _ => false,
            },
        }
    }

    pub(super) fn source(&self) -> usize {
        self.projection.source
    }

    fn connectivity(&self) -> &'n Connectivity {
        &self.projection.connectivity
    }

    /// Scratch for one worker.
    pub(super) fn scratch(&self, neurons: usize) -> DeliveryScratch {
        let ring = match self.projection.delay {
            Delay::Uniform(_) => 0,
            Delay::Each(_) => (longest_delay(self.projection) - self.delay + 1) * neurons,
        };
        DeliveryScratch {
            ring: vec![-0.0; ring],
            ..DeliveryScratch::default()
        }
    }

    /// Adds what arrives in the timesteps `chunk` to `inputs`, one row of neurons per timestep.
    pub(super) fn deliver(
        &self,
        train: &SpikeTrain,
        chunk: Range<usize>,
        inputs: &mut [f32],
        scratch: &mut DeliveryScratch,
    ) {
        let neurons = self.connectivity().targets();
        if let Delay::Each(delays) = &self.projection.delay {
            for (t, input) in chunk.zip(inputs.chunks_exact_mut(neurons)) {
                let events = self.arriving(train, t);
                self.deliver_delayed(events, delays, t, input, &mut scratch.ring);
            }
            return;
        }
        let steps = chunk.len();
        match &self.layout {
            Layout::Rows => {
                for (t, input) in chunk.zip(inputs.chunks_exact_mut(neurons)) {
                    let events = self.arriving(train, t);
                    for (i, &neuron) in events.neurons.iter().enumerate() {
                        let value = events.values.map_or(1.0, |values| values[i]);
                        self.add_row(neuron as usize, value, input);
                    }
                }
            }
            Layout::Dense(panels) => {
                let selections = self.selections(train, chunk, &mut scratch.rows);
                match panels {
                    Panels::Float(panels) => {
                        sweep_dense(panels, &selections, inputs, neurons);
                    }
                    Panels::Int8(panels) => sweep_dense(panels, &selections, inputs, neurons),
                }
            }
            Layout::Convolution(convolution, panels) => {
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
    ) -> Vec<Selection<'t>> {
        let Some(pooled) = &self.pooled else {
            return chunk
                .map(|t| {
                    let Events { neurons, values } = self.arriving(train, t);
                    Selection {
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
            .map(|(rows, values)| Selection {
                neurons: rows,
                values: (!values.is_empty()).then_some(&values[..]),
                offset: 0,
            })
            .collect()
    }

    /// Whether targets can be split into ranges that are delivered to separately.
    pub(super) fn can_split(&self) -> bool {
        matches!(self.projection.delay, Delay::Uniform(_))
            && self.pooled.is_none()
            && self.sorted_rows
    }

    /// Which synapses of each presynaptic neuron lead to the neurons in `range`: looking them up
    /// anew for every spike would cost more than adding them.
    pub(super) fn segments(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let Pattern::Sparse {
            starts, targets, ..
        } = &self.connectivity().pattern
        else {
            return Vec::new();
        };
        starts
            .windows(2)
            .map(|ends| {
                let start = ends[0] as usize;
                let row = &targets[start..ends[1] as usize];
                let from = row.partition_point(|&target| (target as usize) < range.start);
                let to = row.partition_point(|&target| (target as usize) < range.end);
                start + from..start + to
            })
            .collect()
    }

    /// As [`Synapses::deliver`], but only to the neurons in `targets`, whose inputs are given and
    /// whose synapses are the `segments`.
    pub(super) fn deliver_to(
        &self,
        train: &SpikeTrain,
        chunk: Range<usize>,
        targets: &Range<usize>,
        segments: &[Range<usize>],
        inputs: &mut [f32],
    ) {
        let Pattern::Sparse { targets: all, .. } = &self.connectivity().pattern else {
            return;
        };
        for (t, input) in chunk.zip(inputs.chunks_exact_mut(targets.len())) {
            let events = self.arriving(train, t);
            for (i, &neuron) in events.neurons.iter().enumerate() {
                let value = events.values.map_or(1.0, |values| values[i]);
                let segment = segments[neuron as usize].clone();
                let row = &all[segment.clone()];
                match &self.projection.weights {
                    Weights::Uniform(weight) => {
                        let addend = value * weight;
                        for &target in row {
                            input[target as usize - targets.start] += addend;
                        }
                    }
                    Weights::Each(weights) => {
                        for (&target, &weight) in row.iter().zip(&weights[segment]) {
                            input[target as usize - targets.start] += value * weight;
                        }
                    }
                    weights @ Weights::Int8 { .. } => {
                        for (&target, synapse) in row.iter().zip(segment) {
                            input[target as usize - targets.start] += value * weights.get(synapse);
                        }
                    }
                }
            }
        }
    }

    fn deliver_delayed(
        &self,
        events: Events,
        delays: &[u16],
        t: usize,
        input: &mut [f32],
        ring: &mut [f32],
    ) {
        let slots = ring.len() / input.len().max(1);
        let Pattern::Sparse {
            starts, targets, ..
        } = &self.connectivity().pattern
        else {
            return;
        };
        for (i, &neuron) in events.neurons.iter().enumerate() {
            let value = events.values.map_or(1.0, |values| values[i]);
            let row = starts[neuron as usize] as usize..starts[neuron as usize + 1] as usize;
            for synapse in row {
                let weight = self.projection.weights.get(synapse);
                let slot = (t + delays[synapse] as usize - self.delay) % slots;
                ring[slot * input.len() + targets[synapse] as usize] += value * weight;
            }
        }
        let slot = t % slots;
        let due = &mut ring[slot * input.len()..(slot + 1) * input.len()];
        for (sum, due) in input.iter_mut().zip(due) {
            *sum += std::mem::replace(due, -0.0);
        }
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
        let pattern = &self.connectivity().pattern;
        match (pattern, &self.projection.weights) {
            (
                Pattern::Sparse {
                    starts, targets, ..
                },
                weights,
            ) => {
                let range = starts[row] as usize..starts[row + 1] as usize;
                let targets = &targets[range.clone()];
                match weights {
                    Weights::Uniform(weight) => {
                        let addend = value * weight;
                        for &target in targets {
                            input[target as usize] += addend;
                        }
                    }
                    Weights::Each(weights) => {
                        for (&target, &weight) in targets.iter().zip(&weights[range]) {
                            input[target as usize] += value * weight;
                        }
                    }
                    Weights::Int8 { .. } => {
                        for (&target, synapse) in targets.iter().zip(range) {
                            input[target as usize] += value * weights.get(synapse);
                        }
                    }
                }
            }
            (_, Weights::Uniform(weight)) => {
                let addend = value * weight;
                self.connectivity().for_each_run(source, |first, length| {
                    for sum in &mut input[first..first + length] {
                        *sum += addend;
                    }
                });
            }
            (Pattern::Dense { targets, .. }, weights) => {
                add_present(input, value, weights, row * targets);
            }
            (Pattern::Convolution { convolution, .. }, weights) => {
                add_convolved(convolution, weights, row, value, input);
            }
        }
    }

    /// The neurons that each presynaptic neuron reaches.
    pub(super) fn reach(&self) -> Reach {
        let mut reach = Reach {
            starts: vec![0],
            targets: Vec::new(),
        };
        for source in 0..self.fan_outs.len() {
            self.connectivity().for_each_run(source, |first, length| {
                reach
                    .targets
                    .extend((first..first + length).map(|target| target as u32));
            });
            reach.starts.push(reach.targets.len());
        }
        reach
    }
}

/// Index of the first event of each input position, and the number of events behind the last.
fn first_of_each_position(convolution: &Convolution, events: &[u32], starts: &mut Vec<u32>) {
    let channels = convolution.input.channels as u32;
    let positions = convolution.input.height * convolution.input.width;
    starts.clear();
    starts.resize(positions + 1, 0);
    for &event in events {
        starts[(event / channels) as usize + 1] += 1;
    }
    let mut sum = 0;
    for start in starts.iter_mut() {
        sum += *start;
        *start = sum;
    }
}

/// Brings events that went through a pooling into the order of their positions; those of one
/// position stay in the order in which they were.
fn sort_by_position(
    convolution: &Convolution,
    selection: &Selection,
    starts: &[u32],
    (neurons, values): &mut (Vec<u32>, Vec<f32>),
) {
    let channels = convolution.input.channels as u32;
    let mut next = starts.to_vec();
    neurons.clear();
    neurons.resize(selection.neurons.len(), 0);
    values.clear();
    values.resize(selection.values.map_or(0, <[f32]>::len), 0.0);
    for (i, &neuron) in selection.neurons.iter().enumerate() {
        let place = &mut next[(neuron / channels) as usize];
        neurons[*place as usize] = neuron;
        if let Some(all) = selection.values {
            values[*place as usize] = all[i];
        }
        *place += 1;
    }
}

fn sweep_dense(
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

fn sweep_convolution(
    panels: &[impl Columns],
    convolution: &Convolution,
    selections: &[Selection],
    starts: &[Vec<u32>],
    inputs: &mut [f32],
) {
    for panel in panels {
        panel::run(&mut ConvolutionSweep {
            panel,
            convolution,
            selections,
            starts,
            inputs,
            neurons: convolution.output.neurons(),
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

struct ConvolutionSweep<'a, P> {
    panel: &'a P,
    convolution: &'a Convolution,
    selections: &'a [Selection<'a>],
    starts: &'a [Vec<u32>],
    inputs: &'a mut [f32],
    neurons: usize,
}

/// What one output position reads, a row of the kernel at a time.
#[derive(Clone)]
struct Taps<'a> {
    convolution: &'a Convolution,
    selection: &'a Selection<'a>,
    starts: &'a [u32],
    /// Columns of the input under the window.
    columns: Range<usize>,
    /// Tap that the first of them has.
    first_tap: usize,
    /// Row of the padded input under the first row of the kernel.
    top: usize,
    ky: usize,
}

impl<'a> Iterator for Taps<'a> {
    type Item = Selection<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Selection<'a>> {
        let Convolution { input, window, .. } = self.convolution;
        while self.ky < window.vertical.kernel {
            let ky = self.ky;
            self.ky += 1;
            let y =
                (self.top + ky * window.vertical.dilation).wrapping_sub(window.vertical.pad_before);
            if y >= input.height {
                continue;
            }
            let row = y * input.width;
            let first = self.starts[row + self.columns.start] as usize;
            let end = self.starts[row + self.columns.end] as usize;
            if first == end {
                continue;
            }
            // Events of neighbouring columns follow each other as their taps do.
            let tap = ky * window.horizontal.kernel + self.first_tap;
            return Some(Selection {
                neurons: &self.selection.neurons[first..end],
                values: self.selection.values.map(|values| &values[first..end]),
                offset: ((row + self.columns.start) * input.channels)
                    .wrapping_sub(tap * input.channels),
            });
        }
        None
    }
}

impl<P: Columns> Sweep for ConvolutionSweep<'_, P> {
    #[inline(always)]
    fn sweep(&mut self, kernel: impl Kernel) {
        let Convolution {
            input: shape,
            output,
            window,
            ..
        } = *self.convolution;
        let (v, h) = (window.vertical, window.horizontal);
        let steps = self.selections.iter().zip(self.starts);
        for ((selection, starts), input) in steps.zip(self.inputs.chunks_exact_mut(self.neurons)) {
            if selection.neurons.is_empty() {
                continue;
            }
            for oy in 0..output.height {
                for ox in 0..output.width {
                    // Columns of the input under the window, and the tap of the first one.
                    let left = ox * h.stride;
                    let first_tap = h.pad_before.saturating_sub(left);
                    let first = (left + first_tap).saturating_sub(h.pad_before);
                    let end = (left + h.kernel)
                        .saturating_sub(h.pad_before)
                        .min(shape.width);
                    if first >= end {
                        continue;
                    }
                    let taps = Taps {
                        convolution: self.convolution,
                        selection,
                        starts,
                        columns: first..end,
                        first_tap,
                        top: oy * v.stride,
                        ky: 0,
                    };
                    let at = output.index(self.panel.first(), oy, ox);
                    let sums = &mut input[at..at + self.panel.columns()];
                    self.panel.add(kernel, taps, sums);
                }
            }
        }
    }
}

fn add_convolved(
    convolution: &Convolution,
    weights: &Weights,
    source: usize,
    value: f32,
    input: &mut [f32],
) {
    let (c, y, x) = convolution.input.coordinates(source);
    let outputs = convolution.group_outputs(c);
    let window = &convolution.window;
    let columns = window.horizontal.reached(x, convolution.output.width);
    for (ky, oy) in window.vertical.reached(y, convolution.output.height) {
        for (kx, ox) in columns.clone() {
            let row = convolution.kernel_row(ky, kx, c) * outputs.len();
            let base = convolution.output.index(outputs.start, oy, ox);
            let sums = &mut input[base..base + outputs.len()];
            add_present(sums, value, weights, row);
        }
    }
}

/// `sums += value · weights[first ..]`, where a weight of zero is no synapse and leaves its sum
/// untouched.
fn add_present(sums: &mut [f32], value: f32, weights: &Weights, first: usize) {
    let add = |sum: &mut f32, weight: f32| {
        let product = value * weight;
        *sum += if weight == 0.0 { -0.0 } else { product };
    };
    match weights {
        Weights::Each(weights) => {
            let weights = &weights[first..first + sums.len()];
            sums.iter_mut()
                .zip(weights)
                .for_each(|(sum, &w)| add(sum, w));
        }
        weights => {
            for (i, sum) in sums.iter_mut().enumerate() {
                add(sum, weights.get(first + i));
            }
        }
    }
}
