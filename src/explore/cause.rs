//! What energy is spent on.

use crate::result::{FirstLayer, Measure};

/// What energy is spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Spikes that pass synapses.
    Synapse,
    /// Neurons that are updated in each timestep, firing or not.
    NeuronUpdate,
    /// Neurons that fire.
    Spike,
    /// Packets and the links they cross.
    Routing,
    /// Time: what the device draws whether anything happens or not.
    Static,
    /// Input that is no spike: multiplications, on the chip or on its host.
    Input,
}

impl Cause {
    /// Every cause, in the order in which they are stacked.
    pub const ALL: [Cause; 6] = [
        Cause::Synapse,
        Cause::NeuronUpdate,
        Cause::Spike,
        Cause::Routing,
        Cause::Static,
        Cause::Input,
    ];

    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Cause::Synapse => "synapse",
            Cause::NeuronUpdate => "neuron update",
            Cause::Spike => "spike",
            Cause::Routing => "routing",
            Cause::Static => "static",
            Cause::Input => "input",
        }
    }
}

/// What the events of a measure are spent on, each with those of a selection that count; empty for
/// a measure whose events cannot be told apart by neuron and timestep.
pub(super) fn causes(measure: Measure, first_layer: FirstLayer) -> &'static [(Cause, Measure)] {
    match measure {
        Measure::Synops => &[(Cause::Synapse, Measure::Synops)],
        Measure::SynopsDense => &[(Cause::Synapse, Measure::SynopsDense)],
        Measure::SynopsSparse => &[(Cause::Synapse, Measure::SynopsSparse)],
        Measure::SynopsConv => &[(Cause::Synapse, Measure::SynopsConv)],
        Measure::SynapseEvents | Measure::SynapseBits => match first_layer {
            FirstLayer::Once => &[
                (Cause::Synapse, Measure::Synops),
                (Cause::Input, Measure::MacsOnce),
            ],
            FirstLayer::EachStep => &[
                (Cause::Synapse, Measure::Synops),
                (Cause::Input, Measure::MacsEachStep),
            ],
        },
        Measure::MacsEachStep => &[(Cause::Input, Measure::MacsEachStep)],
        Measure::MacsOnce => &[(Cause::Input, Measure::MacsOnce)],
        Measure::NeuronUpdates => &[(Cause::NeuronUpdate, Measure::NeuronUpdates)],
        Measure::ActiveUpdates => &[(Cause::NeuronUpdate, Measure::ActiveUpdates)],
        Measure::InactiveUpdates => &[(Cause::NeuronUpdate, Measure::InactiveUpdates)],
        Measure::Spikes => &[(Cause::Spike, Measure::Spikes)],
        Measure::Encodings => &[(Cause::Routing, Measure::Spikes)],
        Measure::Packets => &[(Cause::Routing, Measure::Packets)],
        Measure::Deliveries | Measure::Broadcasts => &[(Cause::Routing, Measure::Deliveries)],
        Measure::HopsEastWest => &[(Cause::Routing, Measure::HopsEastWest)],
        Measure::HopsNorthSouth => &[(Cause::Routing, Measure::HopsNorthSouth)],
        Measure::ChipLinks => &[(Cause::Routing, Measure::ChipLinks)],
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
        | Measure::SecondsWaiting => &[],
    }
}
