//! Threshold, reset and refractory period, shared by the models that spike.

use super::options::SpikeLimit;
use super::setup::{NeuronError, Setup};
use super::{Parameter, Reset, ThresholdTest};

/// What happens when the potential reaches the threshold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Firing {
    /// Smallest potential that fires: the threshold, or the next number above it.
    fires_at: Parameter,
    threshold: Parameter,
    /// `None` subtracts the threshold.
    v_reset: Option<Parameter>,
    above: bool,
    unbounded: bool,
    /// Timesteps after a spike in which the neuron does nothing.
    pub refractory: u32,
}

impl Firing {
    /// `file`: what the file of the network is taken to say about the reset.
    pub fn new(setup: &Setup, file: Reset) -> Result<Self, NeuronError> {
        let options = setup.options();
        let unbounded = options.spike_limit == SpikeLimit::Unbounded;
        let threshold = if unbounded {
            setup.positive("v_threshold")?
        } else {
            setup.get("v_threshold")?
        };
        let above = options.test == ThresholdTest::Above;
        Ok(Firing {
            fires_at: threshold.map(|v| if above { v.next_up() } else { v }),
            threshold: threshold.clone(),
            v_reset: match setup.reset(file) {
                Reset::Subtract => None,
                Reset::ToValue => Some(setup.v_reset()?),
            },
            above,
            unbounded,
            refractory: options.refractory_timesteps,
        })
    }

    /// Tests the potential `v`, resets it, and returns the number of spikes.
    #[inline]
    pub fn fire(&self, neuron: usize, v: &mut f64, refractory: &mut u32) -> f32 {
        if *v >= self.fires_at.get(neuron) {
            self.discharge(neuron, self.threshold.get(neuron), v, refractory)
        } else {
            0.0
        }
    }

    /// The same with `raised` added to the threshold.
    #[inline]
    pub fn fire_raised(
        &self,
        neuron: usize,
        raised: f64,
        v: &mut f64,
        refractory: &mut u32,
    ) -> f32 {
        let threshold = self.threshold.get(neuron) + raised;
        if *v > threshold || (!self.above && *v == threshold) {
            self.discharge(neuron, threshold, v, refractory)
        } else {
            0.0
        }
    }

    /// Resets the potential of a neuron that fires.
    fn discharge(&self, neuron: usize, threshold: f64, v: &mut f64, refractory: &mut u32) -> f32 {
        let spikes = match (self.unbounded, self.above) {
            (false, _) => 1.0,
            (true, false) => (*v / threshold).trunc(),
            (true, true) => ((*v / threshold).ceil() - 1.0).max(1.0),
        };
        match &self.v_reset {
            None => *v -= spikes * threshold,
            Some(v_reset) => *v = v_reset.get(neuron),
        }
        *refractory = self.refractory;
        spikes as f32
    }
}
