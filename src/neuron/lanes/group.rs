//! LaneBlocks of neurons that a rule drives.

use super::{LANES, LaneBlocks, LaneRule, Packed};
use crate::neuron::model::{Advance, is_reached};
use crate::simd::{Loops, SimdWidth, nonzero, widest};
use crate::spike_train::SpikeTrain;
use std::ops::Range;

/// Neurons of a model, each number of their state and each coefficient in a list of its own.
pub(in crate::neuron) struct LaneGroup<M, R, const K: usize, const S: usize> {
    model: M,
    /// Number of the first neuron in the population.
    first: usize,
    neurons: usize,
    lanes: LaneStates<R, K, S>,
    /// What one timestep makes.
    fired: Fired,
}

/// Numbers of all neurons, in whole blocks.
struct LaneStates<R, const K: usize, const S: usize> {
    rule: R,
    /// A block for each block of neurons, or one for all.
    rows: Vec<[[f64; LANES]; K]>,
    state: Vec<[[f64; LANES]; S]>,
    /// Timesteps left of refractory periods; empty without such.
    refractory: Vec<[u64; LANES]>,
}

/// What several blocks or timesteps emit, one after the other.
#[derive(Default)]
struct Fired {
    words: Vec<u64>,
    /// What each neuron emits; empty if it is one spike each.
    values: Vec<[f32; LANES]>,
    /// Which lanes had a nonzero potential before or any input; empty if nobody asks.
    active: Vec<u64>,
}

impl Fired {
    fn clear(&mut self) {
        self.words.clear();
        self.values.clear();
        self.active.clear();
    }
}

impl<M, R, const K: usize, const S: usize> LaneGroup<M, R, K, S>
where
    M: Packed<K, S>,
    R: LaneRule<K, S>,
{
    /// Neurons of a range of the population, at rest.
    pub(in crate::neuron) fn new(model: &M, rule: R, neurons: Range<usize>) -> Self {
        let blocks = neurons.len().div_ceil(LANES);
        let rows = match model.neurons() {
            None => vec![block_of(|_| model.row(0))],
            // A lane without a neuron does as the last one: nobody asks what.
            Some(_) => (0..blocks)
                .map(|block| {
                    let last = neurons.end - 1;
                    block_of(|lane| model.row(last.min(neurons.start + block * LANES + lane)))
                })
                .collect(),
        };
        let is_refractory = rule.firing().is_some_and(|firing| firing.refractory > 0);
        let mut group = LaneGroup {
            model: model.clone(),
            first: neurons.start,
            neurons: neurons.len(),
            lanes: LaneStates {
                rule,
                rows,
                state: vec![[[0.0; LANES]; S]; blocks],
                refractory: vec![[0; LANES]; if is_refractory { blocks } else { 0 }],
            },
            fired: Fired::default(),
        };
        group.reset();
        group
    }

    /// Neurons of a block.
    fn places(&self, block: usize) -> Range<usize> {
        block * LANES..self.neurons.min((block + 1) * LANES)
    }

    /// Whether neurons emit anything but single spikes.
    fn emits_values(&self) -> bool {
        !M::SPIKES || self.lanes.rule.firing().is_some_and(|firing| firing.many)
    }

    fn state(&self, neuron: usize) -> M::State {
        let (block, lane) = (neuron / LANES, neuron % LANES);
        let refractory = self.lanes.refractory.get(block).map_or(0, |r| r[lane]);
        let state = &self.lanes.state[block];
        M::unpack(std::array::from_fn(|k| state[k][lane]), refractory as u32)
    }

    fn set(&mut self, neuron: usize, state: &M::State) {
        let (block, lane) = (neuron / LANES, neuron % LANES);
        let (numbers, refractory) = M::pack(state);
        for (list, number) in self.lanes.state[block].iter_mut().zip(numbers) {
            list[lane] = number;
        }
        if let Some(left) = self.lanes.refractory.get_mut(block) {
            left[lane] = refractory.into();
        }
    }

    /// Drives blocks from `first` on, or one through timesteps, `stride` 1 or 0 blocks an input.
    fn sweep(&mut self, first: usize, stride: usize, inputs: &[[f32; LANES]], count: bool) {
        let with_values = self.emits_values();
        widest(Sweep {
            lanes: &mut self.lanes,
            first,
            stride,
            inputs,
            fired: &mut self.fired,
            with_values,
            potential: count.then_some(M::POTENTIAL),
        });
    }

    /// Lanes of a block that have a neuron.
    fn used(&self, block: usize) -> u64 {
        match self.places(block).len() {
            LANES => u64::MAX,
            used => (1 << used) - 1,
        }
    }
}

/// One list per number.
fn block_of<const K: usize>(row: impl Fn(usize) -> [f64; K]) -> [[f64; LANES]; K] {
    let mut block = [[0.0; LANES]; K];
    for lane in 0..LANES {
        for (list, number) in block.iter_mut().zip(row(lane)) {
            list[lane] = number;
        }
    }
    block
}

impl<M, R, const K: usize, const S: usize> LaneBlocks for LaneGroup<M, R, K, S>
where
    M: Packed<K, S>,
    R: LaneRule<K, S>,
{
    fn reset_block(&mut self, block: usize) {
        for neuron in self.places(block) {
            let rest = self.model.rest(self.first + neuron);
            self.set(neuron, &rest);
        }
    }

    fn advance_block(
        &mut self,
        block: usize,
        inputs: &[[f32; LANES]],
        fired: &mut Vec<u64>,
        active: Option<&mut [usize]>,
    ) {
        self.fired.clear();
        self.sweep(block, 0, inputs, active.is_some());
        let used = self.used(block);
        fired.extend(self.fired.words.iter().map(|word| word & used));
        for (sum, word) in active.into_iter().flatten().zip(&self.fired.active) {
            *sum += (word & used).count_ones() as usize;
        }
    }
}

impl<M, R, const K: usize, const S: usize> Advance for LaneGroup<M, R, K, S>
where
    M: Packed<K, S>,
    R: LaneRule<K, S>,
{
    fn reset(&mut self) {
        for block in 0..self.lanes.state.len() {
            self.reset_block(block);
        }
    }

    fn advance(&mut self, input: &[f32], emit: &mut dyn FnMut(u32, f32)) -> usize {
        let mut train = SpikeTrain::new();
        let active = self.advance_train(input, true, &mut train);
        train.end_timestep();
        train
            .at(0)
            .iter()
            .for_each(|(neuron, value)| emit(neuron, value));
        active
    }

    fn advance_train(&mut self, input: &[f32], count: bool, train: &mut SpikeTrain) -> usize {
        self.fired.clear();
        let (whole, rest) = input.as_chunks::<LANES>();
        self.sweep(0, 1, whole, count);
        if !rest.is_empty() {
            let mut padded = [-0.0; LANES];
            padded[..rest.len()].copy_from_slice(rest);
            self.sweep(whole.len(), 1, &[padded], count);
        }
        for (block, &word) in self.fired.words.iter().enumerate() {
            let (word, first) = (word & self.used(block), (block * LANES) as u32);
            match self.fired.values.get(block) {
                Some(values) => train.extend_values(word, first, values),
                None => train.extend_word(word, first),
            }
        }
        let active = self.fired.active.iter().enumerate();
        let active = active.map(|(block, word)| (word & self.used(block)).count_ones() as usize);
        active.sum()
    }

    fn blocks(&mut self) -> Option<&mut dyn LaneBlocks> {
        if self.emits_values() {
            None
        } else {
            Some(self)
        }
    }

    fn kernel(&self) -> &'static str {
        "64 neurons at once, double precision"
    }

    fn is_still(&self, neuron: usize) -> bool {
        self.model
            .is_still(self.first + neuron, &self.state(neuron))
    }

    fn idle(&mut self, neuron: usize, timesteps: u32) -> f64 {
        let mut state = self.state(neuron);
        let emitted = self.model.idle(self.first + neuron, &mut state, timesteps);
        self.set(neuron, &state);
        emitted
    }

    fn potential(&self, neuron: usize) -> f64 {
        self.model.potential(&self.state(neuron))
    }
}

/// LaneBlocks one after the other, or timesteps of one block.
struct Sweep<'a, R, const K: usize, const S: usize> {
    lanes: &'a mut LaneStates<R, K, S>,
    first: usize,
    stride: usize,
    inputs: &'a [[f32; LANES]],
    fired: &'a mut Fired,
    with_values: bool,
    /// Number of the state that is the potential, if active neurons are counted.
    potential: Option<usize>,
}

impl<R: LaneRule<K, S>, const K: usize, const S: usize> Loops for Sweep<'_, R, K, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, width: impl SimdWidth) {
        // What all neurons share is settled outside the loops.
        let Some(firing) = self.lanes.rule.firing() else {
            return self.over_blocks::<false, false>(width, 0);
        };
        let period = u64::from(firing.refractory);
        match (firing.many, period > 0) {
            (false, false) => self.over_blocks::<false, false>(width, period),
            (false, true) => self.over_blocks::<false, true>(width, period),
            (true, false) => self.over_blocks::<true, false>(width, period),
            (true, true) => self.over_blocks::<true, true>(width, period),
        }
    }
}

impl<R: LaneRule<K, S>, const K: usize, const S: usize> Sweep<'_, R, K, S> {
    #[inline(always)]
    fn over_blocks<const MANY: bool, const HOLDS: bool>(self, width: impl SimdWidth, period: u64) {
        let LaneStates {
            rule,
            rows,
            state,
            refractory,
        } = self.lanes;
        let mut emitted = [0.0; LANES];
        for (i, x) in self.inputs.iter().enumerate() {
            let block = self.first + i * self.stride;
            let row = &rows[if rows.len() == 1 { 0 } else { block }];
            let state = &mut state[block];
            if let Some(potential) = self.potential {
                let v = &state[potential];
                for i in 0..LANES {
                    let is_active = is_reached(x[i]) | (v[i] != 0.0);
                    emitted[i] = if is_active { 1.0 } else { 0.0 };
                }
                self.fired.active.push(nonzero(width, &emitted));
            }
            if HOLDS {
                advance::<R, K, S, MANY>(
                    rule,
                    row,
                    state,
                    &mut refractory[block],
                    period,
                    x,
                    &mut emitted,
                );
            } else {
                advance_free::<R, K, S, MANY>(rule, row, state, x, &mut emitted);
            }
            self.fired.words.push(nonzero(width, &emitted));
            if self.with_values {
                self.fired.values.push(emitted);
            }
        }
    }
}

/// One timestep of a block without refractory periods.
#[inline(always)]
fn advance_free<R: LaneRule<K, S>, const K: usize, const S: usize, const MANY: bool>(
    rule: &R,
    row: &[[f64; LANES]; K],
    state: &mut [[f64; LANES]; S],
    x: &[f32; LANES],
    emitted: &mut [f32; LANES],
) {
    for i in 0..LANES {
        let coefficients = std::array::from_fn(|k| row[k][i]);
        let before = std::array::from_fn(|k| state[k][i]);
        let (after, out) = rule.lane::<MANY>(coefficients, before, f64::from(x[i]), true);
        for k in 0..S {
            state[k][i] = after[k];
        }
        emitted[i] = out;
    }
}

/// One timestep of a block, some of whose neurons may be in their refractory period.
#[inline(always)]
fn advance<R: LaneRule<K, S>, const K: usize, const S: usize, const MANY: bool>(
    rule: &R,
    row: &[[f64; LANES]; K],
    state: &mut [[f64; LANES]; S],
    refractory: &mut [u64; LANES],
    period: u64,
    x: &[f32; LANES],
    emitted: &mut [f32; LANES],
) {
    for i in 0..LANES {
        let coefficients = std::array::from_fn(|k| row[k][i]);
        let before = std::array::from_fn(|k| state[k][i]);
        let left = refractory[i];
        let (after, out) = rule.lane::<MANY>(coefficients, before, f64::from(x[i]), left == 0);
        for k in 0..S {
            state[k][i] = after[k];
        }
        emitted[i] = out;
        let next = if left == 0 { 0 } else { left - 1 };
        refractory[i] = if out != 0.0 { period } else { next };
    }
}
