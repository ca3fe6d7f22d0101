//! How many of each measure one inference has, in all and by population.

use super::deliveries::broadcasts;
use super::mapped::Mapped;
use super::{Hardware, Work, quantised_bits};
use crate::counts::{NumberFormat, PerInference};
use crate::mapping::Sent;
use crate::network::{Role, SynapseKind};
use crate::result::{FirstLayer, Measure};

/// The counts of some work per inference, summed once for all terms.
#[derive(Debug)]
pub(super) struct Quantities<'a> {
    work: Work<'a>,
    /// Format at which the zeros of the original network are counted; `None` if unknown.
    zeros_at: Option<NumberFormat>,
    first_layer: FirstLayer,
    populations: Vec<PerInference>,
}

impl<'a> Quantities<'a> {
    pub fn of(work: &Work<'a>, format: Option<NumberFormat>, first_layer: FirstLayer) -> Self {
        let indices = 0..work.counts.populations.len();
        Quantities {
            work: *work,
            zeros_at: format,
            first_layer,
            populations: indices.map(|i| work.counts.per_inference(i)).collect(),
        }
    }

    /// Whether a measure is of the original network and there is none.
    pub fn lacks_dense(&self, what: Measure) -> bool {
        let is_dense = matches!(
            what,
            Measure::DenseMacs
                | Measure::PrunedMacs
                | Measure::ActivationBits
                | Measure::LayerOutputs
        );
        is_dense && self.work.dense.layers.is_empty()
    }

    /// So many per inference; `None` if it is not known, or if only a law of its own knows.
    pub fn total(
        &self,
        what: Measure,
        hardware: &Hardware,
        mapped: Option<&Mapped>,
    ) -> Option<f64> {
        let total = |what| self.total(what, hardware, mapped);
        let (counts, dense) = (self.work.counts, self.work.dense);
        match what {
            Measure::InactiveUpdates => {
                Some(total(Measure::NeuronUpdates)? - total(Measure::ActiveUpdates)?)
            }
            Measure::SynapseEvents | Measure::SynapseBits => {
                Some(total(Measure::Synops)? + total(self.input_macs())?)
            }
            Measure::SynopsDense => Some(self.synops(SynapseKind::Dense, None)),
            Measure::SynopsSparse => Some(self.synops(SynapseKind::Sparse, None)),
            Measure::SynopsConv => Some(self.synops(SynapseKind::Conv, None)),
            Measure::DenseMacs => Some(dense.macs() as f64),
            Measure::PrunedMacs => dense.pruned_macs.map(|macs| macs as f64),
            Measure::EffectiveMacs => dense.effective_macs(self.zeros_at?),
            Measure::ActivationBits => {
                Some(dense.macs() as f64 * f64::from(quantised_bits(counts.timesteps)))
            }
            Measure::LayerOutputs => {
                let outputs: u64 = dense.layers.iter().map(|layer| layer.outputs).sum();
                Some(outputs as f64)
            }
            Measure::Packets => self.sent(mapped?, |sent| sent.packets),
            Measure::HopsEastWest => self.sent(mapped?, |sent| sent.hops_x),
            Measure::HopsNorthSouth => self.sent(mapped?, |sent| sent.hops_y),
            Measure::ChipLinks => self.sent(mapped?, |sent| sent.borders),
            what => Some(self.parts(what, hardware, mapped)?.iter().sum()),
        }
    }

    /// The same by population, in the order of the network: synapses belong to the population that
    /// they enter, packets to the one that sends.
    pub fn parts(
        &self,
        what: Measure,
        hardware: &Hardware,
        mapped: Option<&Mapped>,
    ) -> Option<Vec<f64>> {
        let all = |figure: fn(&PerInference) -> f64| self.populations.iter().map(figure).collect();
        let sent = |figure: fn(&Sent) -> u64| -> Option<Vec<f64>> {
            let samples = self.samples();
            let sent = mapped?.traffic.sent.iter();
            Some(sent.map(|sent| figure(sent) as f64 / samples).collect())
        };
        match what {
            Measure::Spikes | Measure::Encodings => Some(self.placed(|p| p.spikes)),
            Measure::NeuronUpdates => Some(self.placed(|p| p.neuron_updates)),
            Measure::ActiveUpdates => Some(self.placed(|p| p.active_updates)),
            Measure::InactiveUpdates => Some(self.placed(|p| p.neuron_updates - p.active_updates)),
            Measure::Synops => Some(all(|p| p.synops)),
            Measure::SynopsDense => Some(self.synops_into(SynapseKind::Dense)),
            Measure::SynopsSparse => Some(self.synops_into(SynapseKind::Sparse)),
            Measure::SynopsConv => Some(self.synops_into(SynapseKind::Conv)),
            Measure::MacsEachStep => Some(all(|p| p.macs)),
            Measure::MacsOnce => Some(all(|p| p.macs_once)),
            Measure::SynapseEvents | Measure::SynapseBits => Some(match self.first_layer {
                FirstLayer::Once => all(|p| p.synops + p.macs_once),
                FirstLayer::EachStep => all(|p| p.synops + p.macs),
            }),
            Measure::Packets => sent(|sent| sent.packets),
            Measure::HopsEastWest => sent(|sent| sent.hops_x),
            Measure::HopsNorthSouth => sent(|sent| sent.hops_y),
            Measure::ChipLinks => sent(|sent| sent.borders),
            Measure::Deliveries | Measure::Broadcasts => {
                let cores = broadcasts(hardware, &self.work.counts.topology)?;
                let spikes = self.populations.iter().zip(cores);
                Some(spikes.map(|(p, cores)| p.spikes * cores as f64).collect())
            }
            Measure::DenseMacs
            | Measure::PrunedMacs
            | Measure::EffectiveMacs
            | Measure::ActivationBits
            | Measure::LayerOutputs
            | Measure::InputReads
            | Measure::WeightReads
            | Measure::PotentialAccesses
            | Measure::OutputWrites
            | Measure::Multiplications
            | Measure::LeakMultiplications
            | Measure::Additions
            | Measure::AddressMultiplications
            | Measure::AddressAdditions
            | Measure::SecondsRunning
            | Measure::SecondsAtHost
            | Measure::SecondsOfHost
            | Measure::SecondsWaiting => None,
        }
    }

    /// The multiply-accumulates of an input, as often as the options say.
    fn input_macs(&self) -> Measure {
        match self.first_layer {
            FirstLayer::Once => Measure::MacsOnce,
            FirstLayer::EachStep => Measure::MacsEachStep,
        }
    }

    fn samples(&self) -> f64 {
        self.work.counts.samples.max(1) as f64
    }

    /// A figure of each population, 0 for inputs: they are driven by the host.
    fn placed(&self, figure: fn(&PerInference) -> f64) -> Vec<f64> {
        let counts = self.work.counts;
        let nodes = counts.topology.populations.iter().zip(&self.populations);
        nodes
            .map(|(node, figures)| match node.role {
                Role::Input => 0.0,
                _ if counts.samples == 0 => 0.0,
                _ => figure(figures),
            })
            .collect()
    }

    fn sent(&self, mapped: &Mapped, figure: fn(&Sent) -> u64) -> Option<f64> {
        let sent = mapped.traffic.sent.iter().map(figure);
        // Links that a large network crosses at high rates are more than 64 bits count.
        let total: u128 = sent.map(u128::from).sum();
        Some(total as f64 / self.samples())
    }

    /// Synaptic operations of one kind of synapse, those into one population if one is named.
    fn synops(&self, kind: SynapseKind, into: Option<usize>) -> f64 {
        let counts = self.work.counts;
        let edges = counts.topology.edges.iter().zip(&counts.projections);
        let total: u64 = edges
            .filter(|(edge, _)| edge.connectivity.kind() == kind)
            .filter(|(edge, _)| into.is_none_or(|population| edge.target == population))
            .map(|(_, counted)| counted.synops_per_timestep.iter().sum::<u64>())
            .sum();
        total as f64 / self.samples()
    }

    fn synops_into(&self, kind: SynapseKind) -> Vec<f64> {
        let populations = 0..self.populations.len();
        populations
            .map(|index| self.synops(kind, Some(index)))
            .collect()
    }
}
