//! What a neuron model is: pure physics of one neuron, written once per model.

use crate::spike_train::SpikeTrain;
use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

/// A parameter that is the same for all neurons of a population or one value per neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    values: Vec<f64>,
    /// All ones for one value per neuron, zero for a shared one: an index needs no branch.
    mask: usize,
}

impl Parameter {
    /// One value for all neurons.
    #[must_use]
    pub fn uniform(value: f64) -> Self {
        Parameter {
            values: vec![value],
            mask: 0,
        }
    }

    /// One value per neuron; a list of equal values becomes a shared one.
    ///
    /// # Panics
    /// If there is no value.
    #[must_use]
    pub fn each(values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "a parameter needs a value");
        if values.iter().all(|v| v.to_bits() == values[0].to_bits()) {
            return Parameter::uniform(values[0]);
        }
        Parameter {
            values,
            mask: usize::MAX,
        }
    }

    /// The value of one neuron.
    ///
    /// # Panics
    /// If there is no such neuron.
    #[must_use]
    pub fn get(&self, neuron: usize) -> f64 {
        self.values[neuron & self.mask]
    }

    /// Number of values: `None` if one is shared.
    #[must_use]
    pub fn neurons(&self) -> Option<usize> {
        (self.mask != 0).then_some(self.values.len())
    }

    /// All values.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The same parameter with `f` applied to each value.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Parameter {
            values: self.values.iter().copied().map(f).collect(),
            mask: self.mask,
        }
    }
}

/// Physics of a neuron model. Pure: no counting, no input or output, no memory beyond the state.
pub trait NeuronModel: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// State of one neuron.
    type State: Copy + Debug + PartialEq + Send;

    /// Name of the model, as users write it.
    const NAME: &'static str;

    /// Whether it emits spikes; if not, it emits its value in each timestep.
    const SPIKES: bool;

    /// Whether the potential of a neuron without input moves in each timestep: a multiplication
    /// that a clock-driven chip performs for each neuron, spikes or not.
    fn leaks(&self) -> bool;

    /// Number of neurons its parameters are for; `None` if all are shared.
    fn neurons(&self) -> Option<usize>;

    /// State in which a sample starts: reset is an assignment.
    fn rest(&self, neuron: usize) -> Self::State;

    /// One timestep with the sum of synaptic input and bias. Returns what leaves the neuron: 0 for
    /// nothing, 1 for a spike, k for k spikes of a model that may fire more than once, and any
    /// value for a model that does not spike.
    fn step(&self, neuron: usize, state: &mut Self::State, input: f64) -> f32;

    /// The potential that a probe records.
    fn potential(&self, state: &Self::State) -> f64;

    /// Neurons of a range of the population at rest, for a model that knows a faster way than
    /// [`step`](Self::step) of one after the other, with the same results.
    fn fast_group(&self, neurons: Range<usize>) -> Option<Box<dyn Advance>> {
        let _ = neurons;
        None
    }

    /// Whether a timestep without input would neither change the state nor emit anything, so that
    /// it may be skipped.
    fn is_still(&self, neuron: usize, state: &Self::State) -> bool {
        let mut next = *state;
        self.step(neuron, &mut next, 0.0) == 0.0 && next == *state
    }

    /// `timesteps` timesteps without input; returns everything emitted.
    fn idle(&self, neuron: usize, state: &mut Self::State, timesteps: u32) -> f64 {
        let mut emitted = 0.0;
        for _ in 0..timesteps {
            if self.is_still(neuron, state) {
                break;
            }
            emitted += f64::from(self.step(neuron, state, 0.0));
        }
        emitted
    }
}

/// How a [`PlainGroup`] updates neurons, in words.
pub(crate) const ONE_BY_ONE: &str = "one neuron after the other";

/// Whether anything was added to an input, which starts as `-0.0`.
#[inline(always)]
pub(super) fn is_reached(input: f32) -> bool {
    input.to_bits() != (-0.0f32).to_bits()
}

/// Neurons that are updated together: what fires among them is one word.
pub const LANES: usize = 64;

/// Neurons in blocks of [`LANES`], each of which may be driven through many timesteps by itself.
pub trait LaneBlocks {
    /// Puts the neurons of a block back to rest.
    fn reset_block(&mut self, block: usize);

    /// Drives a block through as many timesteps as there are `inputs`, `-0.0` where nothing reaches
    /// a neuron or there is none. Appends a word of what fires for each of them to `fired`, and adds
    /// to `active` how many neurons had a nonzero potential before or any input.
    fn advance_block(
        &mut self,
        block: usize,
        inputs: &[[f32; LANES]],
        fired: &mut Vec<u64>,
        active: Option<&mut [usize]>,
    );
}

/// The state of neurons of one model, numbered from the first of them.
pub trait Advance: Send {
    /// Puts all neurons back to rest.
    fn reset(&mut self);

    /// One timestep of all neurons of the group with their input `[neurons]`, `-0.0` for a neuron that nothing
    /// reaches. Calls `emit(neuron, value)` for each neuron that emits something, ascending.
    /// Returns how many neurons had a nonzero potential before or any input.
    fn advance(&mut self, input: &[f32], emit: &mut dyn FnMut(u32, f32)) -> usize;

    /// As [`advance`](Self::advance), and adds what is emitted to the timestep of `train` that is being
    /// written. What it returns means something if `count` only.
    fn advance_train(&mut self, input: &[f32], count: bool, train: &mut SpikeTrain) -> usize {
        let _ = count;
        self.advance(input, &mut |neuron, value| train.push_value(neuron, value))
    }

    /// The same neurons as blocks that may be driven one after the other, if they emit nothing but
    /// single spikes.
    fn blocks(&mut self) -> Option<&mut dyn LaneBlocks> {
        None
    }

    /// How neurons are updated, in words.
    fn kernel(&self) -> &'static str {
        ONE_BY_ONE
    }

    /// Whether a timestep without input would neither change one neuron nor make it emit anything.
    fn is_still(&self, neuron: usize) -> bool;

    /// `timesteps` timesteps of one neuron without input; returns everything emitted.
    fn idle(&mut self, neuron: usize, timesteps: u32) -> f64;

    /// Potential of one neuron.
    fn potential(&self, neuron: usize) -> f64;
}

/// A [`NeuronModel`] behind one dynamic call per population and timestep.
pub trait Dynamics: Debug + Send + Sync {
    /// Name of the model.
    fn name(&self) -> &'static str;
    /// Whether it emits spikes.
    fn spikes(&self) -> bool;
    /// Whether the potential leaks.
    fn leaks(&self) -> bool;
    /// Number of neurons its parameters are for; `None` if all are shared.
    fn parameters_for(&self) -> Option<usize>;
    /// State of the neurons in a range of the population, at rest.
    fn group_of(&self, neurons: Range<usize>) -> Box<dyn Advance>;
    /// The same, one neuron after the other: what any faster way has to equal to the bit.
    fn plain_group_of(&self, neurons: Range<usize>) -> Box<dyn Advance>;
    /// State of a whole population of `neurons` neurons, at rest.
    fn group(&self, neurons: usize) -> Box<dyn Advance> {
        self.group_of(0..neurons)
    }
    /// The model itself, to be recognised by exporters.
    fn as_any(&self) -> &dyn Any;
    /// A copy.
    fn boxed(&self) -> Box<dyn Dynamics>;
    /// Whether `other` is the same model with the same parameters.
    fn equals(&self, other: &dyn Dynamics) -> bool;
}

impl Clone for Box<dyn Dynamics> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

impl PartialEq for Box<dyn Dynamics> {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other.as_ref())
    }
}

/// Neurons of one model: loops written once for all models.
pub(super) struct PlainGroup<M: NeuronModel> {
    model: M,
    /// Number of the first of them in the population.
    first: usize,
    states: Vec<M::State>,
}

impl<M: NeuronModel> PlainGroup<M> {
    /// The neurons of a range of the population, at rest.
    pub(super) fn new(model: M, neurons: Range<usize>) -> Self {
        PlainGroup {
            first: neurons.start,
            states: neurons.map(|neuron| model.rest(neuron)).collect(),
            model,
        }
    }
}

impl<M: NeuronModel> Advance for PlainGroup<M> {
    fn reset(&mut self) {
        for (neuron, state) in self.states.iter_mut().enumerate() {
            *state = self.model.rest(self.first + neuron);
        }
    }

    fn advance(&mut self, input: &[f32], emit: &mut dyn FnMut(u32, f32)) -> usize {
        let mut active = 0;
        for (neuron, (state, &input)) in self.states.iter_mut().zip(input).enumerate() {
            active += usize::from(is_reached(input) | (self.model.potential(state) != 0.0));
            let emitted = self
                .model
                .step(self.first + neuron, state, f64::from(input));
            if emitted != 0.0 {
                emit(neuron as u32, emitted);
            }
        }
        active
    }

    fn is_still(&self, neuron: usize) -> bool {
        self.model
            .is_still(self.first + neuron, &self.states[neuron])
    }

    fn idle(&mut self, neuron: usize, timesteps: u32) -> f64 {
        self.model
            .idle(self.first + neuron, &mut self.states[neuron], timesteps)
    }

    fn potential(&self, neuron: usize) -> f64 {
        self.model.potential(&self.states[neuron])
    }
}

impl<M: NeuronModel> Dynamics for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn spikes(&self) -> bool {
        M::SPIKES
    }

    fn leaks(&self) -> bool {
        NeuronModel::leaks(self)
    }

    fn parameters_for(&self) -> Option<usize> {
        self.neurons()
    }

    fn group_of(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        self.fast_group(neurons.clone())
            .unwrap_or_else(|| self.plain_group_of(neurons))
    }

    fn plain_group_of(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        Box::new(PlainGroup::new(self.clone(), neurons))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn boxed(&self) -> Box<dyn Dynamics> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn Dynamics) -> bool {
        other.as_any().downcast_ref::<M>() == Some(self)
    }
}
