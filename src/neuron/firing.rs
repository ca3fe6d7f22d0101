//! Threshold, reset and refractory period, shared by the models that spike.

use super::coefficients::Coefficients;
use super::error::NeuronError;
use super::lanes::FiringRule;
use super::options::{ResetRule, SpikeLimit};
use super::setup::NeuronSetup;
use super::{Reset, ThresholdTest};

/// What happens when the potential reaches the threshold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Firing {
    rows: Coefficients<Row>,
    /// What a spike does in its timestep.
    reset: Option<Reset>,
    /// Whether the threshold is subtracted in the timestep after a spike.
    pending: bool,
    above: bool,
    unbounded: bool,
    /// Timesteps after a spike in which the neuron does nothing.
    pub refractory: u32,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    /// Smallest potential that fires: the threshold, or the next number above it.
    fires_at: f64,
    threshold: f64,
    v_reset: f64,
}

impl Firing {
    /// `file`: what the file of the network is taken to say about the reset.
    pub fn new(setup: &NeuronSetup, file: Reset) -> Result<Self, NeuronError> {
        match setup.options().reset {
            ResetRule::SubtractNext | ResetRule::ValueNext => Err(NeuronError::Unsupported {
                model: setup.model(),
                what: "a reset in the next timestep is not known for it",
                advice: "leave out --reset-timing",
            }),
            _ => Firing::settling(setup, file),
        }
    }

    /// The same of a model that calls [`settle`](Self::settle) in each timestep.
    pub fn settling(setup: &NeuronSetup, file: Reset) -> Result<Self, NeuronError> {
        let options = setup.options();
        let reset = setup.reset(file);
        if reset.is_none()
            && (options.spike_limit != SpikeLimit::One || options.refractory_timesteps > 0)
        {
            return Err(NeuronError::Unsupported {
                model: setup.model(),
                what: "several spikes a timestep and refractory periods need a reset at once",
                advice: "leave out --reset none and --reset-timing next",
            });
        }
        let unbounded = options.spike_limit == SpikeLimit::Unbounded;
        let threshold = if unbounded {
            setup.positive("v_threshold")?
        } else {
            setup.get("v_threshold")?
        };
        let above = options.test == ThresholdTest::Above;
        let v_reset = setup.v_reset()?;
        let row = |n| {
            let threshold = threshold.get(n);
            Row {
                fires_at: if above {
                    threshold.next_up()
                } else {
                    threshold
                },
                threshold,
                v_reset: v_reset.get(n),
            }
        };
        Ok(Firing {
            rows: Coefficients::new(&[threshold, &v_reset], row),
            reset,
            pending: options.reset == ResetRule::SubtractNext,
            above,
            unbounded,
            refractory: options.refractory_timesteps,
        })
    }

    /// The same for one lane of many.
    pub fn rule(&self) -> FiringRule {
        FiringRule {
            resets: self.reset.is_some(),
            subtract: self.reset == Some(Reset::Subtract),
            pending: self.pending,
            above: self.above,
            many: self.unbounded,
            refractory: self.refractory,
        }
    }

    /// Of one neuron: the smallest potential that fires, the threshold, and `v_reset`.
    pub fn row(&self, neuron: usize) -> [f64; 3] {
        let row = self.rows.get(neuron);
        [row.fires_at, row.threshold, row.v_reset]
    }

    /// [`FiringRule::settle`] of one neuron.
    #[inline(always)]
    pub fn settle(&self, neuron: usize, before: f64, next: f64) -> f64 {
        let row = self.rows.get(neuron);
        self.rule()
            .settle(before, next, row.fires_at, row.threshold)
    }

    /// Tests the potential `v`, resets it, and returns the number of spikes.
    #[inline(always)]
    pub fn fire(&self, neuron: usize, v: &mut f64, refractory: &mut u32) -> f32 {
        let row = self.rows.get(neuron);
        if *v >= row.fires_at {
            self.discharge(row, row.threshold, v, refractory)
        } else {
            0.0
        }
    }

    /// The same with `raised` added to the threshold.
    #[inline(always)]
    pub fn fire_raised(
        &self,
        neuron: usize,
        raised: f64,
        v: &mut f64,
        refractory: &mut u32,
    ) -> f32 {
        let row = self.rows.get(neuron);
        let threshold = row.threshold + raised;
        if *v > threshold || (!self.above && *v == threshold) {
            self.discharge(row, threshold, v, refractory)
        } else {
            0.0
        }
    }

    /// Resets the potential of a neuron that fires: rare, so kept out of the loop over neurons.
    #[cold]
    #[inline(never)]
    fn discharge(&self, row: &Row, threshold: f64, v: &mut f64, refractory: &mut u32) -> f32 {
        let spikes = match (self.unbounded, self.above) {
            (false, _) => 1.0,
            (true, false) => (*v / threshold).trunc(),
            (true, true) => ((*v / threshold).ceil() - 1.0).max(1.0),
        };
        match self.reset {
            Some(Reset::Subtract) => *v -= spikes * threshold,
            Some(Reset::ToValue) => *v = row.v_reset,
            None => {}
        }
        *refractory = self.refractory;
        spikes as f32
    }
}
