//! What reaches a population of the converted network, sample by sample.

use super::{Carrier, ConversionError};
use crate::ann::{Ann, Operation, Runtime};
use crate::encoding::Encoding;
use crate::engine::{Probe, Recording, Simulator};
use crate::network::Network;
use crate::neuron::Neuron;
use std::ops::ControlFlow;
use std::sync::Mutex;

/// Samples that are in memory at once; a multiple of the batch of the original.
const CHUNK: usize = 64;

/// Unlabelled calibration samples and the original that says what they should give.
pub(super) struct Samples<'a> {
    pub(super) ann: &'a Ann,
    pub(super) runtime: &'a Runtime,
    /// `[sample, …]`, row-major, in the order of the model.
    pub(super) inputs: &'a [f32],
    pub(super) timesteps: u32,
    pub(super) encoding: Encoding,
    pub(super) seed: u64,
}

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
    /// Spikes of the sources, and the result.
    results: Vec<Mutex<(Vec<Vec<f32>>, Option<R>)>>,
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
        let (spikes, result) = &mut *place;
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

impl Samples<'_> {
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
        let size = |&source: &usize| (source, network.populations[source].shape.neurons());
        let sources: Vec<(usize, usize)> = sources.iter().map(size).collect();
        let prefix = prefix(network, carrier.population);
        let simulator = Simulator::new(&prefix, self.timesteps)?.with_seed(self.seed);
        let mut all = Vec::new();
        for (chunk, inputs) in self.inputs.chunks(CHUNK * self.width()).enumerate() {
            let originals = self.observe(inputs, carrier, &|values| values)?.concat();
            let collector = Collector {
                population: carrier.population,
                sources: &sources,
                first_sample: chunk * CHUNK,
                originals: &originals,
                visit,
                results: originals.iter().map(|_| Mutex::default()).collect(),
            };
            let drive = |sample: usize| {
                let values = &inputs[sample * self.width()..(sample + 1) * self.width()];
                self.encoding.encode(
                    self.ann.input_values(values),
                    self.timesteps,
                    self.seed,
                    chunk * CHUNK + sample,
                )
            };
            let go_on = |_| ControlFlow::Continue(());
            simulator.run_recorded(originals.len(), &drive, &collector, &go_on)?;
            let results = collector.results.into_iter();
            all.extend(results.filter_map(|place| place.into_inner().ok()?.1));
        }
        Ok(all)
    }
}

/// The network up to `population`, which does not fire.
fn prefix(network: &Network, population: usize) -> Network {
    let mut populations = network.populations[..=population].to_vec();
    populations[population].neuron = Neuron::Integrator;
    let projections = network
        .projections
        .iter()
        .filter(|p| p.source <= population && p.target <= population)
        .cloned()
        .collect();
    Network {
        name: network.name.clone(),
        populations,
        projections,
    }
}
