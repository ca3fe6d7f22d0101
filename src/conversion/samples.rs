//! What reaches a population of the converted network, sample by sample.
//!
//! Populations are visited in the order of a timestep, each several times. What the population in
//! front emits is simulated once and kept, so that a visit costs one projection and not the whole
//! network up to it.

use super::{Carrier, ConversionError};
use crate::ann::{Ann, Operation, Runtime};
use crate::encoding::{Drive, Encoding, EncodingError};
use crate::engine::{Probe, Recording, SimulationError, Simulator, SpikeTrain};
use crate::network::{Network, Population, Projection, Role};
use crate::neuron::Neuron;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Samples that are in memory at once; a multiple of the batch of the original.
const CHUNK: usize = 64;

/// Most events of one population that are kept, over all samples: 128 MiB of neuron indices.
const MOST_EVENTS: usize = 32 << 20;

/// Unlabelled calibration samples and the original that says what they should give.
pub(super) struct Samples<'a> {
    pub(super) ann: &'a Ann,
    pub(super) runtime: &'a Runtime,
    /// `[sample, …]`, row-major, in the order of the model.
    pub(super) inputs: &'a [f32],
    pub(super) timesteps: u32,
    pub(super) encoding: Encoding,
    pub(super) seed: u64,
    pub(super) emitted: Emitted,
}

/// What populations emit, per sample; `None` for one that emits too much to keep. A population is
/// entered when the first one behind it is visited: from then on it must not change.
#[derive(Default)]
pub(super) struct Emitted(Mutex<BTreeMap<usize, Option<Trains>>>);

type Trains = Arc<Vec<SpikeTrain>>;

/// What one sample does at a population.
pub(super) struct Seen<'a> {
    /// Input accumulated since the start, `[timestep, neuron]`, channels last.
    pub(super) accumulated: &'a [f32],
    /// What it stands for in the original, channels last.
    pub(super) original: &'a [f32],
    /// Spikes over all timesteps of each neuron of the source populations that were asked for.
    pub(super) spikes: &'a [Vec<f32>],
}

impl Seen<'_> {
    /// Input over all timesteps, per neuron.
    pub(super) fn total_input(&self) -> &[f32] {
        &self.accumulated[self.accumulated.len() - self.original.len()..]
    }
}

/// What to do with a sample, given by its index.
type Visit<'a, R> = &'a (dyn Fn(Seen, usize) -> R + Sync);

struct Collector<'a, R> {
    population: usize,
    /// Source populations and their sizes.
    sources: &'a [(usize, usize)],
    first_sample: usize,
    originals: &'a [Vec<f32>],
    visit: Visit<'a, R>,
    results: Vec<Mutex<Place<R>>>,
}

/// What becomes of one sample.
struct Place<R> {
    /// Spikes of each neuron of the sources.
    spikes: Vec<Vec<f32>>,
    result: Option<R>,
}

impl<R> Default for Place<R> {
    fn default() -> Self {
        Place {
            spikes: Vec::new(),
            result: None,
        }
    }
}

/// Copies what a population emits, and counts the events.
struct Recorder {
    population: usize,
    trains: Vec<Mutex<SpikeTrain>>,
    events: AtomicUsize,
}

impl Probe for Recorder {
    fn wants(&self, population: usize) -> bool {
        population == self.population
    }

    fn record(&self, recording: Recording) {
        if let Ok(mut train) = self.trains[recording.sample].lock() {
            for t in recording.timesteps {
                let events = recording.train.at(t);
                self.events
                    .fetch_add(events.neurons.len(), Ordering::Relaxed);
                for (event, &neuron) in events.neurons.iter().enumerate() {
                    train.push_value(neuron, events.values.map_or(1.0, |values| values[event]));
                }
                train.end_timestep();
            }
        }
    }
}

impl<R: Send> Probe for Collector<'_, R> {
    fn wants(&self, population: usize) -> bool {
        population == self.population || self.sources.iter().any(|s| s.0 == population)
    }

    /// A population comes behind its sources.
    fn record(&self, recording: Recording) {
        let Ok(mut place) = self.results[recording.sample].lock() else {
            return;
        };
        let Place { spikes, result } = &mut *place;
        spikes.resize(self.sources.len(), Vec::new());
        for (spikes, (source, neurons)) in spikes.iter_mut().zip(self.sources) {
            if *source == recording.population {
                spikes.resize(*neurons, 0.0);
                for &neuron in recording.train.neurons() {
                    spikes[neuron as usize] += 1.0;
                }
            }
        }
        if recording.population == self.population {
            let seen = Seen {
                accumulated: recording.potentials,
                original: &self.originals[recording.sample],
                spikes,
            };
            *result = Some((self.visit)(seen, self.first_sample + recording.sample));
            spikes.clear();
        }
    }
}

impl<'a> Samples<'a> {
    /// The same samples, for another network.
    pub(super) fn anew(&self) -> Samples<'a> {
        Samples {
            emitted: Emitted::default(),
            ..*self
        }
    }

    fn width(&self) -> usize {
        self.ann.sample_dims.iter().product::<usize>().max(1)
    }

    /// Shows what the original gives at `carrier`, batch by batch, channels last.
    pub(super) fn originals<R: Send>(
        &self,
        carrier: Carrier,
        visit: &(dyn Fn(&[f32]) -> R + Sync),
    ) -> Result<Vec<R>, ConversionError> {
        self.observe(self.inputs, carrier, &|values| visit(&values.concat()))
    }

    fn observe<R: Send>(
        &self,
        inputs: &[f32],
        carrier: Carrier,
        visit: &(dyn Fn(Vec<Vec<f32>>) -> R + Sync),
    ) -> Result<Vec<R>, ConversionError> {
        let layer = &self.ann.layers[carrier.observed];
        let (floor, ceiling) = match self.ann.layers[carrier.activation].operation {
            Operation::ClippedRelu { bound: most } | Operation::Staircase { step: most, .. } => {
                (0.0, most)
            }
            ref operation if operation.is_activation() => (0.0, f32::INFINITY),
            _ => (f32::NEG_INFINITY, f32::INFINITY),
        };
        let rows = |_, observed: Vec<crate::ann::Observed>| {
            let rows = observed.iter().flat_map(|values| {
                let rows = values.data.chunks_exact(values.width.max(1));
                rows.map(|row| {
                    let mut values = layer.shape.to_channels_last(row);
                    values.iter_mut().for_each(|v| *v = v.clamp(floor, ceiling));
                    values
                })
            });
            visit(rows.collect())
        };
        Ok(self.runtime.observe(inputs, &[&layer.output], &rows)?)
    }

    /// Runs the network up to a population, which accumulates its input without ever firing, and
    /// hands each sample to `visit`. Results come in the order of the samples.
    pub(super) fn visit<R: Send>(
        &self,
        network: &Network,
        carrier: Carrier,
        visit: &(dyn Fn(Seen) -> R + Sync),
    ) -> Result<Vec<R>, ConversionError> {
        self.visit_with_sources(network, carrier, &[], &|seen, _| visit(seen))
    }

    /// As [`Samples::visit`], with the spikes of some populations in front.
    pub(super) fn visit_with_sources<R: Send>(
        &self,
        network: &Network,
        carrier: Carrier,
        sources: &[usize],
        visit: Visit<R>,
    ) -> Result<Vec<R>, ConversionError> {
        // What is kept is what one population in front emits.
        let only = only_source(network, carrier.population);
        let trains = match sources.iter().all(|&source| Some(source) == only) {
            true => self.in_front_of(network, carrier.population)?,
            false => None,
        };
        let place = |&source: &usize| {
            let index = if trains.is_some() { 0 } else { source };
            (index, network.populations[source].shape.neurons())
        };
        let sources: Vec<(usize, usize)> = sources.iter().map(place).collect();
        let (part, population) = match &trains {
            Some((source, _)) => (pair(network, *source, carrier.population), 1),
            None => (prefix(network, carrier.population), carrier.population),
        };
        let part = silenced(part, population);
        let simulator = Simulator::new(&part, self.timesteps)?.with_seed(self.seed);
        let mut all = Vec::new();
        for (chunk, inputs) in self.inputs.chunks(CHUNK * self.width()).enumerate() {
            let originals = self.observe(inputs, carrier, &|values| values)?.concat();
            let collector = Collector {
                population,
                sources: &sources,
                first_sample: chunk * CHUNK,
                originals: &originals,
                visit,
                results: originals.iter().map(|_| Mutex::default()).collect(),
            };
            let drive = |sample: usize| self.drive(trains.as_ref(), chunk * CHUNK + sample);
            let go_on = |_| ControlFlow::Continue(());
            simulator.run_recorded(originals.len(), &drive, &collector, &go_on)?;
            let results = collector.results.into_iter();
            all.extend(results.filter_map(|place| place.into_inner().ok()?.result));
        }
        Ok(all)
    }

    /// The input of a sample: what the population in front emits, or the sample encoded.
    fn drive(
        &self,
        trains: Option<&(usize, Trains)>,
        sample: usize,
    ) -> Result<Drive, EncodingError> {
        if let Some((_, trains)) = trains {
            return Ok(Drive::Spikes(trains[sample].clone()));
        }
        let values = &self.inputs[sample * self.width()..(sample + 1) * self.width()];
        let values = self.ann.input_values(values);
        self.encoding
            .encode(values, self.timesteps, self.seed, sample)
    }

    /// The population in front of another and what it emits; `None` if several populations or the
    /// input stand there, or if it is too much to keep.
    fn in_front_of(
        &self,
        network: &Network,
        population: usize,
    ) -> Result<Option<(usize, Trains)>, ConversionError> {
        let Some(source) = only_source(network, population) else {
            return Ok(None);
        };
        let known = || {
            self.emitted
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(trains) = known().get(&source) {
            return Ok(trains.clone().map(|trains| (source, trains)));
        }
        let before = self.in_front_of(network, source)?;
        let (part, index) = match &before {
            Some((first, _)) => (pair(network, *first, source), 1),
            None => (prefix(network, source), source),
        };
        let samples = self.inputs.len() / self.width();
        let recorder = Recorder {
            population: index,
            trains: (0..samples).map(|_| Mutex::default()).collect(),
            events: AtomicUsize::new(0),
        };
        let drive = |sample: usize| self.drive(before.as_ref(), sample);
        let simulator = Simulator::new(&part, self.timesteps)?.with_seed(self.seed);
        // Samples are done one after the other: what is too much shows early.
        let limit = |_| match recorder.events.load(Ordering::Relaxed) > MOST_EVENTS {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let trains = match simulator.run_recorded(samples, &drive, &recorder, &limit) {
            Ok(_) => {
                let trains = recorder.trains.into_iter();
                let taken = trains.map(|train| train.into_inner().unwrap_or_default());
                Some(Arc::new(taken.collect::<Vec<_>>()))
            }
            Err(SimulationError::Stopped) => None,
            Err(error) => return Err(error.into()),
        };
        known().insert(source, trains.clone());
        Ok(trains.map(|trains| (source, trains)))
    }
}

/// The spiking population that all input of another one comes from, if there is only one.
fn only_source(network: &Network, population: usize) -> Option<usize> {
    if network.populations[population].poisson.is_some() {
        return None;
    }
    let mut sources = network
        .projections
        .iter()
        .filter(|projection| projection.target == population)
        .map(|projection| projection.source);
    let source = sources.next()?;
    let role = network.populations[source].neuron.role();
    let emits = matches!(role, Role::Spiking | Role::Pooling);
    (emits && source < population && sources.all(|other| other == source)).then_some(source)
}

/// A population behind one that is driven by what it emits.
fn pair(network: &Network, source: usize, target: usize) -> Network {
    let front = &network.populations[source];
    let front = Population::new(front.name.clone(), front.shape, Neuron::Input);
    let projections = network
        .projections
        .iter()
        .filter(|projection| projection.target == target)
        .map(|projection| Projection {
            source: 0,
            target: 1,
            ..projection.clone()
        });
    Network {
        name: network.name.clone(),
        populations: vec![front, network.populations[target].clone()],
        projections: projections.collect(),
    }
}

/// The network up to `population`.
fn prefix(network: &Network, population: usize) -> Network {
    let projections = network
        .projections
        .iter()
        .filter(|p| p.source <= population && p.target <= population)
        .cloned()
        .collect();
    Network {
        name: network.name.clone(),
        populations: network.populations[..=population].to_vec(),
        projections,
    }
}

/// The network with a population that never fires.
fn silenced(mut network: Network, population: usize) -> Network {
    network.populations[population].neuron = Neuron::Integrator;
    network
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::{Calibration, ConversionOptions, convert};
    use crate::formats::{dataset, onnx};
    use crate::neuron::MaxPoolRule;
    use std::path::Path;

    /// Accumulated inputs of every population behind a spiking one, and the spikes it got, with
    /// emissions kept or not.
    fn accumulated(samples: &Samples, network: &Network, carriers: &[Carrier]) -> Vec<Vec<u32>> {
        let bits = |seen: Seen, _| {
            let values = seen.accumulated.iter().chain(seen.spikes.iter().flatten());
            values.map(|v| v.to_bits()).collect()
        };
        let visit = |carrier: &Carrier| {
            let source = only_source(network, carrier.population);
            let sources: Vec<usize> = source.into_iter().collect();
            samples
                .visit_with_sources(network, *carrier, &sources, &bits)
                .unwrap()
        };
        carriers.iter().flat_map(visit).collect()
    }

    #[test]
    fn property_kept_emissions_give_the_bits_of_the_whole_network() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = onnx::load(&root.join("networks/fmnist_lenet_bn.onnx")).unwrap();
        let runtime = Runtime::load("lenet", model.bytes, &model.ann.sample_dims).unwrap();
        let options = dataset::LoadOptions {
            limit: Some(6),
            ..dataset::LoadOptions::default()
        };
        let data = root.join("data/fmnist-train1k-images-idx3-ubyte.gz");
        let data = dataset::load_with(&data, &options).unwrap();
        let calibration = Calibration::measure(&model.ann, &runtime, &data.inputs, 99.9).unwrap();
        for (rule, encoding) in [
            (MaxPoolRule::Gate, Encoding::Constant),
            (MaxPoolRule::CumulativeMax, Encoding::Bernoulli),
        ] {
            let options = ConversionOptions {
                timesteps: 5,
                use_max: false,
                initial_potential: 0.5,
                max_pool: Some(rule),
            };
            let conversion = convert(&model.ann, &calibration, &options).unwrap();
            let samples = Samples {
                ann: &model.ann,
                runtime: &runtime,
                inputs: &data.inputs,
                timesteps: 5,
                encoding,
                seed: 3,
                emitted: Emitted::default(),
            };
            let kept = accumulated(&samples, &conversion.network, &conversion.carriers);
            let known = samples.emitted.0.lock().unwrap().len();
            assert!(known >= 3, "convolution, pool and convolution are kept");
            let whole = samples.anew();
            let populations = 0..conversion.network.populations.len();
            *whole.emitted.0.lock().unwrap() = populations.map(|p| (p, None)).collect();
            assert!(
                kept == accumulated(&whole, &conversion.network, &conversion.carriers),
                "{rule:?}"
            );
        }
    }
}
