//! Synapses that are listed row by row: additions scattered over the targets.
//!
//! What limits this is memory. The lists are read once per spike and are larger than any cache, so
//! targets take two bytes where that is enough, and lines are asked for while those before them are
//! worked on. Two bytes can't index beyond [`SLACK`] inputs, which spares a test per synapse. A
//! thread that delivers to some of the neurons has the targets among them as a list of its own:
//! half the pages to look up for half of the synapses.

use crate::network::{Delays, Pattern, Projection, Weights};
use crate::simd::prefetch;
use crate::spike_train::{Events, SpikeTrain};
use std::ops::Range;
use std::sync::OnceLock;

/// Synapses that are asked for at a time: a line of two-byte targets.
const LINE: usize = 32;

/// Lines between asking for one and reading it.
const AHEAD: usize = 32;

/// Numbers that two bytes can index: inputs are followed by as many that are never reached.
pub(in crate::engine) const SLACK: usize = 1 << 16;

/// Listed synapses of one projection.
pub(super) struct Listed<'n> {
    starts: &'n [u64],
    wide: &'n [u32],
    /// The same targets in two bytes each, made when one thread delivers to all of them.
    narrow: OnceLock<Vec<u16>>,
    /// Whether two bytes are enough.
    fits: bool,
    weights: &'n Weights,
    /// Delay of each synapse, if they differ.
    delays: Option<&'n [u16]>,
    /// Whether each row is in the order of its targets.
    sorted: bool,
}

/// Where the synapses of one presynaptic neuron lie.
#[derive(Clone, Default)]
struct Row {
    /// In the list of targets.
    targets: Range<usize>,
    /// The first of them in the list of weights.
    weights: usize,
}

/// Rows that are looked up at a time, so that one needs not wait for the other.
const BATCH: usize = 16;

/// The lines that events will need, in their order: the next may be those of the next timestep.
struct Lines<'a, T, R> {
    /// Presynaptic neurons whose rows have not been looked up.
    coming: &'a [u32],
    /// Rows that have been and have not begun: the last ones of the batch.
    batch: [Row; BATCH],
    left: usize,
    /// What is left of the row that has begun.
    rest: Row,
    row: &'a R,
    targets: &'a [T],
    /// Weights, if each synapse has its own of four bytes.
    each: &'a [f32],
}

impl<'a, T, R: Fn(u32) -> Row> Lines<'a, T, R> {
    fn new(coming: &'a [u32], row: &'a R, targets: &'a [T], weights: &'a Weights) -> Self {
        Lines {
            coming,
            batch: Default::default(),
            left: 0,
            rest: Row::default(),
            row,
            targets,
            each: match weights {
                Weights::Each(weights) => weights,
                Weights::Uniform(_) | Weights::Int8 { .. } => &[],
            },
        }
    }

    /// Asks for the next line, if there is one.
    #[inline(always)]
    fn ask(&mut self) {
        if self.rest.targets.is_empty() && !self.begin() {
            return;
        }
        prefetch(&self.targets[self.rest.targets.start]);
        if let Some(last) = self.each.len().checked_sub(1) {
            prefetch(&self.each[self.rest.weights]);
            prefetch(&self.each[last.min(self.rest.weights + LINE / 2)]);
        }
        self.rest.targets.start += LINE;
        self.rest.weights += LINE;
    }

    /// Begins the next row with a synapse; whether there is one.
    fn begin(&mut self) -> bool {
        loop {
            if self.left == 0 {
                let (now, later) = self.coming.split_at(self.coming.len().min(BATCH));
                self.coming = later;
                self.left = now.len();
                let batch = &mut self.batch[BATCH - now.len()..];
                for (row, &neuron) in batch.iter_mut().zip(now) {
                    *row = (self.row)(neuron);
                }
            }
            if self.left == 0 {
                return false;
            }
            self.rest = self.batch[BATCH - self.left].clone();
            self.left -= 1;
            if !self.rest.targets.is_empty() {
                return true;
            }
        }
    }
}

/// Some of the synapses of each presynaptic neuron: those to neurons of one range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Segments {
    /// Where those of each presynaptic neuron begin among all synapses.
    origins: Vec<u64>,
    /// Where they begin among these, and how many these are.
    starts: Vec<u64>,
    /// Their targets, counted from the first neuron of the range; `None` if two bytes are not
    /// enough: then those of the projection are read.
    targets: Option<Vec<u16>>,
}

impl Segments {
    /// Those of a presynaptic neuron among these.
    fn own(&self, neuron: u32) -> Range<usize> {
        let neuron = neuron as usize;
        self.starts[neuron] as usize..self.starts[neuron + 1] as usize
    }

    /// Where they begin among all.
    fn origin(&self, neuron: u32) -> usize {
        self.origins[neuron as usize] as usize
    }
}

/// Where to deliver.
pub(super) struct Destination<'a> {
    /// First of the neurons that inputs are given for.
    pub(super) first: usize,
    /// How many these are.
    pub(super) neurons: usize,
    /// Their inputs, one row per timestep, and [`SLACK`].
    pub(super) inputs: &'a mut [f32],
}

/// The index of a target: in two bytes from the first of the neurons that inputs are given for, in
/// four from the first of the population.
trait Target: Copy {
    /// Inputs that it may be an index of.
    type Inputs: ?Sized;
    /// The inputs from the first one on.
    fn inputs(from: &mut [f32]) -> &mut Self::Inputs;
    /// Adds to the input of the target; inputs are given from the neuron `first` on.
    fn add(self, first: usize, inputs: &mut Self::Inputs, x: f32);
}

impl Target for u16 {
    type Inputs = [f32; SLACK];

    #[inline(always)]
    fn inputs(from: &mut [f32]) -> &mut [f32; SLACK] {
        from.first_chunk_mut()
            .expect("slack follows the last inputs")
    }

    #[inline(always)]
    fn add(self, _: usize, inputs: &mut [f32; SLACK], x: f32) {
        inputs[usize::from(self)] += x;
    }
}

impl Target for u32 {
    type Inputs = [f32];

    #[inline(always)]
    fn inputs(from: &mut [f32]) -> &mut [f32] {
        from
    }

    #[inline(always)]
    fn add(self, first: usize, inputs: &mut [f32], x: f32) {
        inputs[(self as usize).wrapping_sub(first)] += x;
    }
}

impl<'n> Listed<'n> {
    /// The synapses of a projection whose pattern lists them.
    pub(super) fn new(projection: &'n Projection) -> Option<Self> {
        let Pattern::Sparse {
            neurons,
            starts,
            targets,
        } = &projection.connectivity.pattern
        else {
            return None;
        };
        let delays = match &projection.delay {
            Delays::Uniform(_) => None,
            Delays::Each(delays) => Some(&delays[..]),
        };
        Some(Listed {
            starts,
            wide: targets,
            narrow: OnceLock::new(),
            fits: *neurons <= SLACK,
            weights: &projection.weights,
            delays,
            sorted: starts
                .windows(2)
                .all(|row| targets[row[0] as usize..row[1] as usize].is_sorted()),
        })
    }

    /// Whether targets can be split into ranges that are delivered to separately.
    pub(super) fn can_split(&self) -> bool {
        self.delays.is_none() && self.sorted
    }

    fn row(&self, neuron: u32) -> Range<usize> {
        self.starts[neuron as usize] as usize..self.starts[neuron as usize + 1] as usize
    }

    /// The synapses that lead to the neurons in `range`: looking them up anew for every spike would
    /// cost more than adding them.
    pub(super) fn segments(&self, range: &Range<usize>) -> Segments {
        let rows = self.starts.len() - 1;
        let (mut origins, mut starts) = (Vec::with_capacity(rows), Vec::with_capacity(rows + 1));
        let mut own = 0;
        starts.push(own);
        for neuron in 0..rows {
            let all = self.row(neuron as u32);
            let row = &self.wide[all.clone()];
            let from = row.partition_point(|&target| (target as usize) < range.start);
            let to = row.partition_point(|&target| (target as usize) < range.end);
            own += (to - from) as u64;
            origins.push((all.start + from) as u64);
            starts.push(own);
        }
        let mut segments = Segments {
            origins,
            starts,
            targets: None,
        };
        if range.len() <= SLACK {
            let mut targets = Vec::with_capacity(own as usize);
            for neuron in 0..rows as u32 {
                let origin = segments.origin(neuron);
                let row = &self.wide[origin..origin + segments.own(neuron).len()];
                targets.extend(
                    row.iter()
                        .map(|&target| (target as usize - range.start) as u16),
                );
            }
            segments.targets = Some(targets);
        }
        segments
    }

    /// Adds what was emitted in the timesteps `emitted`, through all synapses or only some.
    pub(super) fn deliver(
        &self,
        train: &SpikeTrain,
        emitted: Range<usize>,
        segments: Option<&Segments>,
        to: Destination,
    ) {
        let whole = |neuron| {
            let targets = self.row(neuron);
            let weights = targets.start;
            Row { targets, weights }
        };
        match segments {
            None if self.fits => {
                let narrow = || self.wide.iter().map(|&target| target as u16).collect();
                let narrow = self.narrow.get_or_init(narrow);
                self.scatter(narrow, whole, train, emitted, to);
            }
            None => self.scatter(self.wide, whole, train, emitted, to),
            Some(some) => match &some.targets {
                Some(targets) => {
                    let row = |neuron| Row {
                        targets: some.own(neuron),
                        weights: some.origin(neuron),
                    };
                    self.scatter(targets, row, train, emitted, to);
                }
                None => {
                    let row = |neuron| {
                        let weights = some.origin(neuron);
                        Row {
                            targets: weights..weights + some.own(neuron).len(),
                            weights,
                        }
                    };
                    self.scatter(self.wide, row, train, emitted, to);
                }
            },
        }
    }

    fn scatter<T: Target>(
        &self,
        targets: &[T],
        row: impl Fn(u32) -> Row,
        train: &SpikeTrain,
        emitted: Range<usize>,
        to: Destination,
    ) {
        let coming = train.over(emitted.clone());
        let mut lines = Lines::new(coming, &row, targets, self.weights);
        for _ in 0..AHEAD {
            lines.ask();
        }
        for (step, t) in emitted.enumerate() {
            let inputs = T::inputs(&mut to.inputs[step * to.neurons..]);
            let events = train.at(t);
            for (i, &neuron) in events.neurons.iter().enumerate() {
                let value = events.values.map_or(1.0, |values| values[i]);
                let Row {
                    targets: row,
                    weights: first,
                } = row(neuron);
                let own = first..first + row.len();
                let reached = targets[row].chunks(LINE);
                match self.weights {
                    Weights::Uniform(weight) => {
                        let addend = value * weight;
                        for line in reached {
                            lines.ask();
                            for target in line {
                                target.add(to.first, inputs, addend);
                            }
                        }
                    }
                    Weights::Each(weights) => {
                        for (line, weights) in reached.zip(weights[own].chunks(LINE)) {
                            lines.ask();
                            for (target, weight) in line.iter().zip(weights) {
                                target.add(to.first, inputs, value * weight);
                            }
                        }
                    }
                    weights @ Weights::Int8 { .. } => {
                        for (line, first) in reached.zip(own.step_by(LINE)) {
                            lines.ask();
                            for (target, synapse) in line.iter().zip(first..) {
                                target.add(to.first, inputs, value * weights.get(synapse));
                            }
                        }
                    }
                }
            }
        }
    }

    /// As [`Listed::deliver`] for timestep `t` of all neurons, for synapses that differ in their
    /// delay: input on its way waits in `ring`, a row per timestep. `shortest` is the delay that
    /// the events already have behind them.
    pub(super) fn deliver_delayed(
        &self,
        events: Events,
        shortest: usize,
        t: usize,
        input: &mut [f32],
        ring: &mut [f32],
    ) {
        let Some(delays) = self.delays else { return };
        let neurons = input.len();
        let slots = ring.len() / neurons.max(1);
        for (neuron, value) in events.iter() {
            for synapse in self.row(neuron) {
                let slot = (t + delays[synapse] as usize - shortest) % slots;
                ring[slot * neurons + self.wide[synapse] as usize] +=
                    value * self.weights.get(synapse);
            }
        }
        let slot = t % slots;
        let due = &mut ring[slot * neurons..(slot + 1) * neurons];
        for (sum, due) in input.iter_mut().zip(due) {
            *sum += std::mem::replace(due, -0.0);
        }
    }
}
