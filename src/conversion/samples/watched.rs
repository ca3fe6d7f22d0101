//! Several looks at a population for one simulation.

use super::emitted::EventLimit;
use super::{Samples, Seen, Visit};
use crate::conversion::{Carrier, ConversionError};
use crate::network::{Network, Population};
use crate::neuron::Neuron;
use rayon::prelude::*;

/// Most numbers that are kept of one population, over all samples: 512 MiB.
const MOST_VALUES: usize = 128 << 20;

/// What reaches a population, kept if memory allows and else simulated again for each look. Its
/// weights and all in front of it must not change meanwhile; its biases and thresholds may.
pub(in crate::conversion) struct Watched<'s, 'a> {
    samples: &'s Samples<'a>,
    carrier: Carrier,
    kept: Option<Kept>,
}

struct Kept {
    /// Biases of the population when it was simulated.
    biases: Vec<f32>,
    samples: Vec<(Vec<f32>, Vec<f32>)>,
}

impl<'a> Samples<'a> {
    /// Simulates what reaches a population, to be looked at several times.
    pub(in crate::conversion) fn watch<'s>(
        &'s self,
        network: &Network,
        carrier: Carrier,
    ) -> Result<Watched<'s, 'a>, ConversionError> {
        let population = &network.populations[carrier.population];
        let neurons = population.shape.neurons();
        let values = (self.timesteps as usize + 1)
            .saturating_mul(neurons)
            .saturating_mul(self.inputs.len() / self.width());
        let kept = match values <= MOST_VALUES {
            true => Some(Kept {
                biases: biases(population),
                samples: self.visit(network, carrier, &|seen: Seen| {
                    (seen.accumulated.to_vec(), seen.original.to_vec())
                })?,
            }),
            false => None,
        };
        Ok(Watched {
            samples: self,
            carrier,
            kept,
        })
    }
}

impl Watched<'_, '_> {
    /// Timesteps, as a number to divide by.
    pub(in crate::conversion) fn timesteps(&self) -> f32 {
        self.samples.timesteps as f32
    }

    /// Shows what the original gives, sample by sample or several at once, channels last.
    pub(in crate::conversion) fn originals<R: Send>(
        &self,
        visit: &(dyn Fn(&[f32]) -> R + Sync),
    ) -> Result<Vec<R>, ConversionError> {
        match &self.kept {
            Some(kept) => Ok(kept.samples.par_iter().map(|(_, o)| visit(o)).collect()),
            None => self.samples.originals(self.carrier, visit),
        }
    }

    /// As [`Samples::visit`], with the biases that the population has now.
    pub(in crate::conversion) fn visit<R: Send>(
        &self,
        network: &Network,
        visit: &(dyn Fn(Seen) -> R + Sync),
    ) -> Result<Vec<R>, ConversionError> {
        self.visit_numbered(network, &|seen, _| visit(seen))
    }

    /// As [`Watched::visit`], with the index of the sample.
    pub(in crate::conversion) fn visit_numbered<R: Send>(
        &self,
        network: &Network,
        visit: Visit<R>,
    ) -> Result<Vec<R>, ConversionError> {
        let Some(kept) = &self.kept else {
            let samples = self.samples;
            return samples.visit_with_sources(network, self.carrier, &[], visit);
        };
        let now = biases(&network.populations[self.carrier.population]);
        let added = now.iter().zip(&kept.biases).map(|(now, was)| now - was);
        let added: Vec<f32> = added.collect();
        let is_same = added.iter().all(|a| *a == 0.0);
        let see = |(sample, (accumulated, original)): (usize, &(Vec<f32>, Vec<f32>))| {
            let show = |accumulated: &[f32]| {
                let seen = Seen {
                    accumulated,
                    original,
                    spikes: &[],
                };
                visit(seen, sample)
            };
            if is_same {
                return show(accumulated);
            }
            let mut accumulated = accumulated.clone();
            for (t, inputs) in accumulated.chunks_exact_mut(added.len()).enumerate() {
                let timesteps = (t + 1) as f32;
                let inputs = inputs.iter_mut().zip(&added);
                inputs.for_each(|(input, added)| *input += timesteps * added);
            }
            show(&accumulated)
        };
        let samples = kept.samples.par_iter().enumerate();
        Ok(samples.map(see).collect())
    }

    /// Notes what the population emits, which from now on must not change.
    pub(in crate::conversion) fn emit(&self, network: &Network) -> Result<(), ConversionError> {
        let population = self.carrier.population;
        if let (Some(_), Neuron::IntegrateFire(model)) =
            (&self.kept, &network.populations[population].neuron)
        {
            let limit = EventLimit::default();
            let trains = self.visit(network, &|seen: Seen| limit.train(model, seen.accumulated))?;
            self.samples.emitted.enter(population, limit.all(trains));
        }
        Ok(())
    }
}

fn biases(population: &Population) -> Vec<f32> {
    let mut biases = population.bias.clone();
    biases.resize(population.shape.neurons(), 0.0);
    biases
}
