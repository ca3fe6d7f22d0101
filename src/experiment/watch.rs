//! Reads the outputs of a network while it runs.

use crate::answer::largest;
use crate::engine::{NoProbe, Outcome, Probe, Recording, SpikeTrain};
use crate::formats::nir::Port;
use crate::formats::recording::Recorder;
use crate::formats::spikes::SpikingInput;
use crate::network::{Network, Shape};
use crate::neuron::Neuron;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// What the numbers of an output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// Spikes in all timesteps.
    SpikeCount,
    /// Potential after the last timestep; for a node without potential, its last value.
    FinalPotential,
}

impl OutputKind {
    /// What the numbers of such neurons are.
    pub(super) fn of(neuron: &Neuron) -> Self {
        match neuron {
            Neuron::Integrator => OutputKind::FinalPotential,
            Neuron::Model(model) if !model.spikes() => OutputKind::FinalPotential,
            _ => OutputKind::SpikeCount,
        }
    }
}

/// Reads outputs, and records if asked to.
pub(super) struct Watch<'a> {
    network: &'a Network,
    outputs: &'a [usize],
    input: Option<(&'a Port, &'a SpikingInput)>,
    recorder: Option<Recorder>,
    /// Who else looks on.
    also: &'a dyn Probe,
    /// Place of each neuron of each output in channels-first order.
    places: Vec<Vec<usize>>,
    /// Whether the class after each timestep is asked for.
    predicts: bool,
    /// Per sample.
    outcomes: Vec<Mutex<Outcome>>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        network: &'a Network,
        outputs: &'a [usize],
        input: Option<(&'a Port, &'a SpikingInput)>,
        recorder: Option<Recorder>,
        samples: usize,
    ) -> Self {
        let place = |&index: &usize| {
            let shape: Shape = network.populations[index].shape;
            shape.to_channels_last(&(0..shape.neurons()).collect::<Vec<_>>())
        };
        let places: Vec<Vec<usize>> = outputs.iter().map(place).collect();
        let neurons = places.iter().map(Vec::len).sum();
        let rest = || {
            Mutex::new(Outcome {
                output: vec![0.0; neurons],
                predictions: Vec::new(),
            })
        };
        Watch {
            network,
            outputs,
            input,
            recorder,
            also: &NoProbe,
            predicts: false,
            outcomes: (0..samples).map(|_| rest()).collect(),
            places,
        }
    }

    /// Shows another probe the same.
    pub(super) fn showing(self, also: &'a dyn Probe) -> Self {
        Watch { also, ..self }
    }

    /// Asks for the class after each timestep; there is one only where a single population is the
    /// output.
    pub(super) fn predicting(self, predicts: bool) -> Self {
        Watch { predicts, ..self }
    }

    /// Whether something could not be recorded.
    pub(super) fn has_failed(&self) -> bool {
        self.recorder.as_ref().is_some_and(Recorder::has_failed)
    }

    /// The recorder, and what each sample did at the outputs.
    pub(super) fn finish(self) -> (Option<Recorder>, Vec<Outcome>) {
        let outcomes = self.outcomes.into_iter();
        let outcomes = outcomes.map(|o| o.into_inner().unwrap_or_else(PoisonError::into_inner));
        (self.recorder, outcomes.collect())
    }

    /// Input that the engine takes once and for all, timestep by timestep.
    fn constant(&self, recording: &Recording) -> Option<SpikeTrain> {
        let (port, input) = self.input?;
        if port.population != recording.population {
            return None;
        }
        let shape = self.network.populations[port.population].shape;
        let values = input.constant(recording.sample, shape)?;
        let mut train = SpikeTrain::new();
        for t in 0..recording.timesteps.end {
            if recording.timesteps.contains(&t) {
                for (neuron, &value) in values.iter().enumerate() {
                    train.push_value(neuron as u32, value);
                }
            }
            train.end_timestep();
        }
        Some(train)
    }
}

impl Probe for Watch<'_> {
    fn wants(&self, population: usize) -> bool {
        self.recorder.is_some() || self.outputs.contains(&population) || self.also.wants(population)
    }

    fn record(&self, recording: Recording) {
        let mut first = 0;
        for (&output, place) in self.outputs.iter().zip(&self.places) {
            if output == recording.population {
                let outcome = &self.outcomes[recording.sample];
                let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                let Outcome {
                    output: values,
                    predictions,
                } = &mut *outcome;
                let values = &mut values[first..first + place.len()];
                let neuron = &self.network.populations[output].neuron;
                for t in recording.timesteps.clone() {
                    read_out(neuron, place, &recording, t, values);
                    if self.predicts && self.outputs.len() == 1 {
                        predictions.push(largest(values.iter().copied()));
                    }
                }
            }
            first += place.len();
        }
        if self.also.wants(recording.population) {
            self.also.record(recording.clone());
        }
        if let Some(recorder) = &self.recorder {
            match self.constant(&recording) {
                Some(train) => recorder.record(Recording {
                    train: &train,
                    ..recording
                }),
                None => recorder.record(recording),
            }
        }
    }
}

/// Adds the spikes of a timestep, or keeps its potentials; channels first.
fn read_out(neuron: &Neuron, place: &[usize], recording: &Recording, t: usize, values: &mut [f32]) {
    if OutputKind::of(neuron) == OutputKind::FinalPotential {
        if matches!(neuron, Neuron::Integrator) {
            let first = (t - recording.timesteps.start) * place.len();
            for (&place, &v) in place.iter().zip(&recording.potentials[first..]) {
                values[place] = v;
            }
            return;
        }
        values.fill(0.0);
    }
    let events = recording.train.at(t);
    for (neuron, value) in events.iter() {
        values[place[neuron as usize]] += value;
    }
}
