//! What reaches a population of the converted network, sample by sample.
//!
//! Populations are visited in the order of a timestep. What those in front emit is simulated once
//! and kept, so that a visit costs the projections into one population and not the whole network up
//! to it: each source drives the population alone, and what arrives is added up.

mod emitted;
mod front;
mod watched;

use super::{Carrier, ConversionError};
use crate::ann::{Ann, Operation, Runtime};
use crate::encoding::{Drive, Encoding, EncodingError};
use crate::engine::{Probe, Recording, Simulator, SpikeTrain};
use crate::network::{Network, Role};
pub(super) use emitted::Emitted;
use emitted::Trains;
use front::{PopulationFront, sources};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};
pub(super) use watched::Watched;

/// Most samples that are in memory at once; a multiple of the batch of the original.
const CHUNK: usize = 64;

/// Most numbers that they may have at one population: 128 MiB.
const CHUNK_VALUES: usize = 32 << 20;

/// Unlabelled calibration samples and the original that says what they should give.
pub(super) struct Samples<'a> {
    pub(super) ann: &'a Ann,
    pub(super) runtime: &'a Runtime,
    /// `[sample, …]`, row-major, in the order of the model.
    pub(super) inputs: &'a [f32],
    /// What drives the network, per sample, where it is not the encoded inputs.
    pub(super) recordings: Option<&'a [SpikeTrain]>,
    pub(super) timesteps: u32,
    pub(super) encoding: Encoding,
    pub(super) seed: u64,
    pub(super) emitted: Emitted,
}

/// What one sample does at a population.
pub(super) struct Seen<'a> {
    /// Input accumulated since the start, `[timestep, neuron]`, channels last.
    pub(super) accumulated: &'a [f32],
    /// What it stands for in the original, channels last.
    pub(super) original: &'a [f32],
    /// Sum over all timesteps of what each neuron of the source populations that were asked for
    /// emitted: its spikes.
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

/// What arrives at a population from all fronts, and the spikes of the sources that were asked for.
#[derive(Default)]
struct Arrived {
    accumulated: Vec<f32>,
    spikes: Vec<Vec<f32>>,
}

/// Adds what arrives from one front.
struct Collector<'a> {
    front: &'a PopulationFront,
    /// Sources that were asked for.
    asked: &'a [usize],
    arrived: &'a [Mutex<Arrived>],
}

impl Collector<'_> {
    fn target(&self) -> usize {
        self.front.network.populations.len() - 1
    }
}

impl Probe for Collector<'_> {
    fn wants(&self, population: usize) -> bool {
        let mut sources = self.front.sources.iter();
        population == self.target()
            || sources.any(|(place, source)| *place == population && self.asked.contains(source))
    }

    fn record(&self, recording: Recording) {
        let arrived = self.arrived[recording.sample].lock();
        let mut arrived = arrived.unwrap_or_else(PoisonError::into_inner);
        let Arrived {
            accumulated,
            spikes,
        } = &mut *arrived;
        if recording.population == self.target() {
            if accumulated.is_empty() {
                accumulated.extend_from_slice(recording.potentials);
            } else {
                let more = accumulated.iter_mut().zip(recording.potentials);
                more.for_each(|(sum, v)| *sum += v);
            }
            return;
        }
        spikes.resize(self.asked.len(), Vec::new());
        let neurons = self.front.network.populations[recording.population]
            .shape
            .neurons();
        for (spikes, asked) in spikes.iter_mut().zip(self.asked) {
            if self.front.sources.contains(&(recording.population, *asked)) {
                spikes.resize(neurons, 0.0);
                for t in recording.timesteps.clone() {
                    for (neuron, value) in recording.train.at(t).iter() {
                        spikes[neuron as usize] += value;
                    }
                }
            }
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

    /// Lets a population accumulate its input without ever firing, and hands each sample to `visit`.
    /// Results come in the order of the samples.
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
        asked: &[usize],
        visit: Visit<R>,
    ) -> Result<Vec<R>, ConversionError> {
        self.accumulate(network, carrier.population, Some(carrier), asked, visit)
    }

    /// As [`Samples::visit_with_sources`]; without a carrier nothing stands beside in the original.
    fn accumulate<R: Send>(
        &self,
        network: &Network,
        population: usize,
        carrier: Option<Carrier>,
        asked: &[usize],
        visit: Visit<R>,
    ) -> Result<Vec<R>, ConversionError> {
        let fronts = self.fronts(network, population)?;
        let simulators: Vec<Simulator> = fronts
            .iter()
            .map(|(front, _)| {
                let simulator = Simulator::new(&front.network, self.timesteps)?;
                Ok(simulator.with_seed(self.seed))
            })
            .collect::<Result<_, ConversionError>>()?;
        let neurons = network.populations[population].shape.neurons();
        let values = neurons.saturating_mul(self.timesteps as usize).max(1);
        let chunk = (CHUNK_VALUES / values).clamp(1, CHUNK);
        let samples = self.inputs.len() / self.width();
        let mut all = Vec::with_capacity(samples);
        for first in (0..samples).step_by(chunk) {
            let chunk = first..samples.min(first + chunk);
            let arrived: Vec<Mutex<Arrived>> = chunk.clone().map(|_| Mutex::default()).collect();
            for ((front, trains), simulator) in fronts.iter().zip(&simulators) {
                let collector = Collector {
                    front,
                    asked,
                    arrived: &arrived,
                };
                let drive = |sample: usize| self.drive(trains.as_ref(), first + sample);
                let go_on = |_| ControlFlow::Continue(());
                simulator.run_recorded(chunk.len(), &drive, &collector, &go_on)?;
            }
            all.extend(self.show(carrier, chunk, arrived, visit)?);
        }
        Ok(all)
    }

    fn show<R: Send>(
        &self,
        carrier: Option<Carrier>,
        chunk: Range<usize>,
        arrived: Vec<Mutex<Arrived>>,
        visit: Visit<R>,
    ) -> Result<Vec<R>, ConversionError> {
        let width = self.width();
        let inputs = &self.inputs[chunk.start * width..chunk.end * width];
        let originals = match carrier {
            Some(carrier) => self.observe(inputs, carrier, &|values| values)?.concat(),
            None => vec![Vec::new(); chunk.len()],
        };
        let samples = arrived.into_par_iter().zip(originals).zip(chunk);
        let results = samples.map(|((arrived, original), sample)| {
            let arrived = arrived.into_inner().unwrap_or_else(PoisonError::into_inner);
            let seen = Seen {
                accumulated: &arrived.accumulated,
                original: &original,
                spikes: &arrived.spikes,
            };
            visit(seen, sample)
        });
        Ok(results.collect())
    }

    /// The input of a sample: what the population in front emits, or the sample encoded.
    fn drive(&self, trains: Option<&Trains>, sample: usize) -> Result<Drive, EncodingError> {
        if let Some(trains) = trains {
            return Ok(Drive::Spikes(trains[sample].clone()));
        }
        if let Some(recordings) = self.recordings {
            return Ok(Drive::Spikes(recordings[sample].clone()));
        }
        let values = &self.inputs[sample * self.width()..(sample + 1) * self.width()];
        let values = self.ann.input_values(values);
        self.encoding
            .encode(values, self.timesteps, self.seed, sample)
    }

    /// What drives a population: each of its sources alone or, if one emits too much to keep, the
    /// whole network up to it.
    fn fronts(
        &self,
        network: &Network,
        population: usize,
    ) -> Result<Vec<(PopulationFront, Option<Trains>)>, ConversionError> {
        let mut fronts = Vec::new();
        for (index, source) in sources(network, population).into_iter().enumerate() {
            let front = PopulationFront::pair(network, source, population, index == 0);
            let is_input = network.populations[source].role() == Role::Input;
            let trains = match is_input {
                true => None,
                false => match self.emitted_by(network, source)? {
                    None => return Ok(vec![(PopulationFront::whole(network, population), None)]),
                    trains => trains,
                },
            };
            fronts.push((front, trains));
        }
        if fronts.is_empty() {
            fronts.push((PopulationFront::whole(network, population), None));
        }
        Ok(fronts)
    }
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
            let sources = sources(network, carrier.population);
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
                signed_spikes: encoding == Encoding::Bernoulli,
            };
            let conversion = convert(&model.ann, &calibration, &options).unwrap();
            let samples = Samples {
                ann: &model.ann,
                runtime: &runtime,
                inputs: &data.inputs,
                recordings: None,
                timesteps: 5,
                encoding,
                seed: 3,
                emitted: Emitted::default(),
            };
            let kept = accumulated(&samples, &conversion.network, &conversion.carriers);
            let known = samples.emitted.entries();
            assert!(known >= 3, "convolution, pool and convolution are kept");
            let whole = samples.anew();
            let populations = 0..conversion.network.populations.len();
            populations.for_each(|p| whole.emitted.enter(p, None));
            assert!(
                kept == accumulated(&whole, &conversion.network, &conversion.carriers),
                "{rule:?}"
            );
        }
    }

    /// Behind two sources, what arrives from each is added up: nearly the bits of the whole network,
    /// whose sums have another order.
    #[test]
    fn property_sources_add_up_in_front_of_residual_sums() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = onnx::load(&root.join("networks/cifar_resnet8.onnx")).unwrap();
        let runtime = Runtime::load("resnet", model.bytes, &model.ann.sample_dims).unwrap();
        let noise = |i: u32| i.wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 * 4.0 - 2.0;
        let inputs: Vec<f32> = (0..2 * 3 * 32 * 32).map(noise).collect();
        let calibration = Calibration::measure(&model.ann, &runtime, &inputs, 99.9).unwrap();
        let options = ConversionOptions {
            timesteps: 3,
            use_max: false,
            initial_potential: 0.5,
            max_pool: None,
            signed_spikes: false,
        };
        let conversion = convert(&model.ann, &calibration, &options).unwrap();
        let network = &conversion.network;
        let samples = Samples {
            ann: &model.ann,
            runtime: &runtime,
            inputs: &inputs,
            recordings: None,
            timesteps: 3,
            encoding: Encoding::Constant,
            seed: 0,
            emitted: Emitted::default(),
        };
        let whole = samples.anew();
        (0..network.populations.len()).for_each(|p| whole.emitted.enter(p, None));
        let mut joined = 0;
        for carrier in &conversion.carriers {
            joined += usize::from(sources(network, carrier.population).len() > 1);
            let values = |samples: &Samples| {
                let see = |seen: Seen| seen.accumulated.to_vec();
                samples.visit(network, *carrier, &see).unwrap().concat()
            };
            let (kept, whole) = (values(&samples), values(&whole));
            let largest = whole.iter().fold(0.0f32, |most, v| most.max(v.abs()));
            let pairs = kept.iter().zip(&whole);
            let far = pairs.filter(|(a, b)| (*a - *b).abs() > 1e-4 * largest);
            let far = far.count();
            assert!(
                far * 1000 <= kept.len(),
                "{carrier:?}: {far} of {}",
                kept.len()
            );
        }
        assert_eq!(joined, 3);
    }
}
