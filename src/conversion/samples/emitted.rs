//! What populations emit, kept so that those behind them need not simulate it again.

use super::front::{pair, sources};
use super::{Samples, Seen};
use crate::conversion::ConversionError;
use crate::engine::{Probe, Recording, Simulator, SpikeTrain};
use crate::network::{Network, Role};
use crate::neuron::{IntegrateFire, Neuron};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Most events of one population that are kept, over all samples: 128 MiB of neuron indices.
const MOST_EVENTS: usize = 32 << 20;

/// What populations emit, per sample; `None` for one that emits too much to keep. A population is
/// entered once: from then on it must not change.
#[derive(Default)]
pub(in crate::conversion) struct Emitted(Mutex<BTreeMap<usize, Option<Trains>>>);

pub(super) type Trains = Arc<Vec<SpikeTrain>>;

impl Emitted {
    fn known(&self, population: usize) -> Option<Option<Trains>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&population).cloned()
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().flatten().count()
    }

    pub(super) fn enter(&self, population: usize, trains: Option<Vec<SpikeTrain>>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(population, trains.map(Arc::new));
    }
}

impl Samples<'_> {
    /// What a population emits; `None` if it is too much to keep, or if that of one in front of it
    /// is.
    pub(super) fn emitted_by(
        &self,
        network: &Network,
        population: usize,
    ) -> Result<Option<Trains>, ConversionError> {
        if let Some(known) = self.emitted.known(population) {
            return Ok(known);
        }
        for source in sources(network, population) {
            let is_input = network.populations[source].role() == Role::Input;
            if !is_input && self.emitted_by(network, source)?.is_none() {
                self.emitted.enter(population, None);
                return Ok(None);
            }
        }
        let trains = match &network.populations[population].neuron {
            Neuron::IntegrateFire(model) => self.fired(network, population, model)?,
            Neuron::MaxPool(_) => self.pooled(network, population)?,
            _ => None,
        };
        self.emitted.enter(population, trains);
        Ok(self.emitted.known(population).flatten())
    }

    fn fired(
        &self,
        network: &Network,
        population: usize,
        model: &IntegrateFire,
    ) -> Result<Option<Vec<SpikeTrain>>, ConversionError> {
        let limit = EventLimit::default();
        let train = |seen: Seen, _| limit.train(model, seen.accumulated);
        let trains = self.accumulate(network, population, None, &[], &train)?;
        Ok(limit.all(trains))
    }

    /// Max pooling keeps a state of its own, which the engine knows.
    fn pooled(
        &self,
        network: &Network,
        population: usize,
    ) -> Result<Option<Vec<SpikeTrain>>, ConversionError> {
        let Some(&source) = sources(network, population).first() else {
            return Ok(None);
        };
        let Some(before) = self.emitted_by(network, source)? else {
            return Ok(None);
        };
        let part = pair(network, source, population);
        let recorder = Recorder {
            trains: before.iter().map(|_| Mutex::default()).collect(),
        };
        let drive = |sample: usize| Ok(crate::encoding::Drive::Spikes(before[sample].clone()));
        let go_on = |_| ControlFlow::Continue(());
        Simulator::new(&part, self.timesteps)?
            .with_seed(self.seed)
            .run_recorded(before.len(), &drive, &recorder, &go_on)?;
        let trains = recorder.trains.into_iter();
        let trains = trains.map(|t| t.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(Some(trains.collect()))
    }
}

/// Counts the events of a population, of which no more are made once there are too many.
#[derive(Default)]
pub(super) struct EventLimit(AtomicUsize);

impl EventLimit {
    /// The spikes of neurons from their accumulated input `[timestep, neuron]`.
    pub(super) fn train(&self, model: &IntegrateFire, accumulated: &[f32]) -> SpikeTrain {
        let mut train = SpikeTrain::new();
        let neurons = model.threshold.len();
        let mut spikes = vec![0.0f32; neurons];
        for input in accumulated.chunks_exact(neurons.max(1)) {
            if self.0.load(Ordering::Relaxed) > MOST_EVENTS {
                break;
            }
            let mut events = 0;
            for (neuron, input) in input.iter().enumerate() {
                let emission = model.emission(model.threshold[neuron], *input, spikes[neuron]);
                if emission != 0.0 {
                    spikes[neuron] += emission;
                    train.push_value(neuron as u32, emission);
                    events += 1;
                }
            }
            train.end_timestep();
            self.0.fetch_add(events, Ordering::Relaxed);
        }
        train
    }

    /// The trains, if there are not too many events in all of them.
    pub(super) fn all(&self, trains: Vec<SpikeTrain>) -> Option<Vec<SpikeTrain>> {
        (self.0.load(Ordering::Relaxed) <= MOST_EVENTS).then_some(trains)
    }
}

/// Copies what the second population of a pair emits.
struct Recorder {
    trains: Vec<Mutex<SpikeTrain>>,
}

impl Probe for Recorder {
    fn wants(&self, population: usize) -> bool {
        population == 1
    }

    fn record(&self, recording: Recording) {
        let train = self.trains[recording.sample].lock();
        let mut train = train.unwrap_or_else(PoisonError::into_inner);
        for t in recording.timesteps {
            for (neuron, value) in recording.train.at(t).iter() {
                train.push_value(neuron, value);
            }
            train.end_timestep();
        }
    }
}
