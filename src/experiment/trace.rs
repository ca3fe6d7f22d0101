//! What stands at the output of a converted network after each timestep of each sample.

use super::{Imported, Observer, Progress};
use crate::conversion::{AnswerTrace, FitOptions};
use crate::encoding::{Drive, EncodingError};
use crate::engine::{Probe, Recording, Simulation, SimulationError, Simulator, SpikeReadout};
use crate::network::{Network, Role};
use std::sync::{Mutex, PoisonError};

/// Drives a converted network with samples of its model.
pub(super) struct Driver<'a> {
    pub(super) network: &'a Network,
    /// How it was converted, and for how many timesteps it is traced.
    pub(super) options: &'a FitOptions,
}

impl Driver<'_> {
    /// What drives a sample in some timesteps.
    pub(super) fn encode(
        &self,
        values: &[f32],
        sample: usize,
        timesteps: u32,
    ) -> Result<Drive, EncodingError> {
        let values = self.network.populations[0].shape.to_channels_last(values);
        let options = self.options;
        options
            .encoding
            .encode(values, timesteps, options.seed, sample)
    }

    /// Simulates all samples and keeps what stands at the output after each timestep.
    pub(super) fn trace(
        &self,
        samples: &[&[f32]],
        observer: Observer,
    ) -> Result<(Simulation, Vec<AnswerTrace>), SimulationError> {
        let timesteps = self.options.timesteps;
        let last = self.network.populations.len() - 1;
        let output = &self.network.populations[last];
        let tracer = Tracer {
            population: last,
            neurons: output.shape.neurons(),
            spikes: (output.role() != Role::Readout).then(|| self.options.readout.of_spikes()),
            samples: samples.iter().map(|_| Mutex::default()).collect(),
        };
        let drive = |sample: usize| self.encode(samples[sample], sample, timesteps);
        let of = samples.len();
        let progress = |done| observer(Progress::Simulating { done, of });
        let simulation = Simulator::new(self.network, timesteps)?
            .with_readout(self.options.readout.of_spikes())
            .run_recorded(of, &drive, &tracer, &progress)?;
        let traces = tracer.samples.into_iter().map(|traced| {
            let traced = traced.into_inner().unwrap_or_else(PoisonError::into_inner);
            traced.0
        });
        Ok((simulation, traces.collect()))
    }
}

/// Keeps the leads of the output.
struct Tracer {
    population: usize,
    neurons: usize,
    /// How spikes are read; `None` if potentials are.
    spikes: Option<SpikeReadout>,
    /// The trace and, for an output that spikes, what stands for each output so far.
    samples: Vec<Mutex<(AnswerTrace, Vec<f32>)>>,
}

impl Probe for Tracer {
    fn wants(&self, population: usize) -> bool {
        population == self.population
    }

    fn record(&self, recording: Recording) {
        let mut traced = self.samples[recording.sample]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (trace, counts) = &mut *traced;
        let Some(readout) = self.spikes else {
            for potentials in recording.potentials.chunks_exact(self.neurons.max(1)) {
                trace.push(potentials);
            }
            return;
        };
        counts.resize(self.neurons, 0.0);
        for t in recording.timesteps {
            for (neuron, value) in recording.train.at(t).iter() {
                let output = &mut counts[neuron as usize];
                match readout {
                    SpikeReadout::Count => *output += value,
                    SpikeReadout::First if *output == 0.0 => {
                        *output = 1.0 / (t + 1) as f32;
                    }
                    SpikeReadout::First => {}
                }
            }
            trace.push(counts);
        }
    }
}

impl Imported {
    /// Samples of the data or of the calibration data.
    pub(super) fn data_of(&self, calibration: bool) -> Vec<&[f32]> {
        let data = if calibration {
            &self.calibration_data
        } else {
            &self.data
        };
        (0..data.len()).map(|sample| data.sample(sample)).collect()
    }
}
