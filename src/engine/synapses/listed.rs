//! Synapses that are listed row by row: additions scattered over the targets.
//!
//! What limits this is memory. The lists are read once per spike and are larger than any cache, so
//! targets take two bytes where that is enough, and lines are asked for while those before them are
//! worked on. Two bytes can't index beyond [`SLACK`] inputs, which spares a test per synapse.

use crate::engine::train::{Events, SpikeTrain};
use crate::network::{Delay, Pattern, Projection, Weights};
use crate::simd::prefetch;
use std::ops::Range;

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
    /// The same targets in two bytes each.
    narrow: Option<Vec<u16>>,
    weights: &'n Weights,
    /// Delay of each synapse, if they differ.
    delays: Option<&'n [u16]>,
    /// Whether each row is in the order of its targets.
    sorted: bool,
}

/// Some of the synapses of each presynaptic neuron: those to neurons of one range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Segments(Vec<Range<usize>>);

/// Where to deliver.
pub(super) struct Destination<'a> {
    /// First of the neurons that inputs are given for.
    pub(super) first: usize,
    /// How many these are.
    pub(super) neurons: usize,
    /// Their inputs, one row per timestep, and [`SLACK`].
    pub(super) inputs: &'a mut [f32],
}

/// The index of a target.
trait Target: Copy {
    /// Inputs that it may be an index of.
    type Inputs: ?Sized;
    /// The inputs from the first one on.
    fn inputs(from: &mut [f32]) -> &mut Self::Inputs;
    /// Adds to the input of the target, counted from `first`.
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
    fn add(self, first: usize, inputs: &mut [f32; SLACK], x: f32) {
        inputs[usize::from(self.wrapping_sub(first as u16))] += x;
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
            Delay::Uniform(_) => None,
            Delay::Each(delays) => Some(&delays[..]),
        };
        let fits = *neurons <= SLACK && delays.is_none();
        Some(Listed {
            starts,
            wide: targets,
            narrow: fits.then(|| targets.iter().map(|&target| target as u16).collect()),
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

    /// Which synapses of each presynaptic neuron lead to the neurons in `range`: looking them up
    /// anew for every spike would cost more than adding them.
    pub(super) fn segments(&self, range: &Range<usize>) -> Segments {
        let segment = |neuron| {
            let all = self.row(neuron as u32);
            let row = &self.wide[all.clone()];
            let from = row.partition_point(|&target| (target as usize) < range.start);
            let to = row.partition_point(|&target| (target as usize) < range.end);
            all.start + from..all.start + to
        };
        Segments((0..self.starts.len() - 1).map(segment).collect())
    }

    /// Adds what was emitted in the timesteps `emitted`, through all synapses or only some.
    pub(super) fn deliver(
        &self,
        train: &SpikeTrain,
        emitted: Range<usize>,
        segments: Option<&Segments>,
        to: Destination,
    ) {
        match (segments, &self.narrow) {
            (None, None) => self.scatter(self.wide, |n| self.row(n), train, emitted, to),
            (None, Some(narrow)) => self.scatter(narrow, |n| self.row(n), train, emitted, to),
            (Some(Segments(some)), None) => {
                self.scatter(self.wide, |n| some[n as usize].clone(), train, emitted, to);
            }
            (Some(Segments(some)), Some(narrow)) => {
                self.scatter(narrow, |n| some[n as usize].clone(), train, emitted, to);
            }
        }
    }

    fn scatter<T: Target>(
        &self,
        targets: &[T],
        row: impl Fn(u32) -> Range<usize>,
        train: &SpikeTrain,
        emitted: Range<usize>,
        to: Destination,
    ) {
        // The next lines may be those of the next timestep.
        let coming = train.over(emitted.clone()).iter();
        let mut lines = coming.flat_map(|&neuron| row(neuron).step_by(LINE));
        let mut ask = || {
            if let Some(synapse) = lines.next() {
                prefetch(&targets[synapse]);
                if let Weights::Each(weights) = self.weights {
                    let last = weights.len() - 1;
                    prefetch(&weights[synapse]);
                    prefetch(&weights[last.min(synapse + LINE / 2)]);
                }
            }
        };
        for _ in 0..AHEAD {
            ask();
        }
        for (step, t) in emitted.enumerate() {
            let inputs = T::inputs(&mut to.inputs[step * to.neurons..]);
            let events = train.at(t);
            for (i, &neuron) in events.neurons.iter().enumerate() {
                let value = events.values.map_or(1.0, |values| values[i]);
                let row = row(neuron);
                let reached = targets[row.clone()].chunks(LINE);
                match self.weights {
                    Weights::Uniform(weight) => {
                        let addend = value * weight;
                        for line in reached {
                            ask();
                            for target in line {
                                target.add(to.first, inputs, addend);
                            }
                        }
                    }
                    Weights::Each(weights) => {
                        for (line, weights) in reached.zip(weights[row].chunks(LINE)) {
                            ask();
                            for (target, weight) in line.iter().zip(weights) {
                                target.add(to.first, inputs, value * weight);
                            }
                        }
                    }
                    weights @ Weights::Int8 { .. } => {
                        for (line, first) in reached.zip(row.step_by(LINE)) {
                            ask();
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
        for (i, &neuron) in events.neurons.iter().enumerate() {
            let value = events.values.map_or(1.0, |values| values[i]);
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
