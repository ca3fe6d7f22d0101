//! What a line of a receipt counts, and in which unit.

use serde::{Deserialize, Serialize};

/// What a line of a receipt counts, per inference. Its serde name is the word that files use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Spikes of neurons that are placed on the device.
    Spikes,
    /// Spikes of placed neurons that are encoded into packets.
    Encodings,
    /// Synaptic operations (one spike through one existing synapse) of all synapses.
    Synops,
    /// Synaptic operations of dense projections.
    SynopsDense,
    /// Synaptic operations of sparse projections.
    SynopsSparse,
    /// Synaptic operations of convolutions.
    SynopsConv,
    /// Multiply-accumulates of the spiking network (one nonzero real input times one existing
    /// synapse), evaluated in each timestep.
    MacsEachStep,
    /// The same with a constant input multiplied once per inference.
    MacsOnce,
    /// Synaptic operations and multiply-accumulates in each timestep: whatever reads a weight and
    /// changes a potential.
    SynapseEvents,
    /// Bits that synapse events move.
    SynapseBits,
    /// Placed neurons × timesteps.
    NeuronUpdates,
    /// Of these, with a nonzero potential, any input or bias.
    ActiveUpdates,
    /// The others.
    InactiveUpdates,
    /// Packets from neuron to neuron: one per spike and destination core.
    Packets,
    /// Spikes times the cores they are delivered to.
    Deliveries,
    /// Deliveries that are broadcast to the neurons of a core.
    Broadcasts,
    /// Links crossed from east to west or back, those from one chip to the next left out.
    HopsEastWest,
    /// Links crossed from north to south or back.
    HopsNorthSouth,
    /// Links crossed from one chip to the next.
    ChipLinks,
    /// Multiply-accumulates of the original network.
    DenseMacs,
    /// Of these, with a weight that pruning left.
    PrunedMacs,
    /// Of these, with neither weight nor activation zero.
    EffectiveMacs,
    /// Bits of activations that the multiply-accumulates of the original network read.
    ActivationBits,
    /// Outputs of the layers of the original network.
    LayerOutputs,
    /// Words of inputs read.
    InputReads,
    /// Words of weights and biases read.
    WeightReads,
    /// Words of potentials read and written.
    PotentialAccesses,
    /// Words of outputs written.
    OutputWrites,
    /// Multiplications of values.
    Multiplications,
    /// Multiplications of potentials that leak.
    LeakMultiplications,
    /// Additions of values.
    Additions,
    /// Multiplications that work out an address.
    AddressMultiplications,
    /// Additions that work out an address.
    AddressAdditions,
    /// Time that the device works on an inference.
    SecondsRunning,
    /// Time that the device waits for its host within an inference.
    SecondsAtHost,
    /// Time that its host works on an inference.
    SecondsOfHost,
    /// Time that the device waits for the next inference.
    SecondsWaiting,
}

/// Unit of a [`Measure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Unit {
    /// One spike.
    #[serde(rename = "spike")]
    Spike,
    /// One synaptic operation.
    #[serde(rename = "SynOp")]
    Synop,
    /// One multiply-accumulate.
    #[serde(rename = "MAC")]
    Mac,
    /// One synapse that a spike or a real number passes.
    #[serde(rename = "synapse event")]
    SynapseEvent,
    /// One neuron in one timestep.
    #[serde(rename = "update")]
    Update,
    /// One packet.
    #[serde(rename = "packet")]
    Packet,
    /// One spike at one core.
    #[serde(rename = "delivery")]
    Delivery,
    /// One link crossed by one packet.
    #[serde(rename = "hop")]
    Hop,
    /// One value.
    #[serde(rename = "value")]
    Value,
    /// One word of a memory read or written.
    #[serde(rename = "access")]
    Access,
    /// One arithmetic operation.
    #[serde(rename = "operation")]
    Operation,
    /// One bit.
    #[serde(rename = "bit")]
    Bit,
    /// One second.
    #[serde(rename = "s")]
    Second,
}

impl Measure {
    /// The unit in which it is counted.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Measure::Spikes | Measure::Encodings => Unit::Spike,
            Measure::Synops
            | Measure::SynopsDense
            | Measure::SynopsSparse
            | Measure::SynopsConv => Unit::Synop,
            Measure::MacsEachStep
            | Measure::MacsOnce
            | Measure::DenseMacs
            | Measure::PrunedMacs
            | Measure::EffectiveMacs => Unit::Mac,
            Measure::SynapseEvents => Unit::SynapseEvent,
            Measure::NeuronUpdates | Measure::ActiveUpdates | Measure::InactiveUpdates => {
                Unit::Update
            }
            Measure::Packets => Unit::Packet,
            Measure::Deliveries | Measure::Broadcasts => Unit::Delivery,
            Measure::HopsEastWest | Measure::HopsNorthSouth | Measure::ChipLinks => Unit::Hop,
            Measure::LayerOutputs => Unit::Value,
            Measure::InputReads
            | Measure::WeightReads
            | Measure::PotentialAccesses
            | Measure::OutputWrites => Unit::Access,
            Measure::Multiplications
            | Measure::LeakMultiplications
            | Measure::Additions
            | Measure::AddressMultiplications
            | Measure::AddressAdditions => Unit::Operation,
            Measure::SynapseBits | Measure::ActivationBits => Unit::Bit,
            Measure::SecondsRunning
            | Measure::SecondsAtHost
            | Measure::SecondsOfHost
            | Measure::SecondsWaiting => Unit::Second,
        }
    }

    /// Whether it is a time, priced by a power \[W\] instead of an energy \[J\].
    #[must_use]
    pub fn is_time(self) -> bool {
        self.unit() == Unit::Second
    }
}

impl Unit {
    /// Symbol to print.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Spike => "spike",
            Unit::Synop => "SynOp",
            Unit::Mac => "MAC",
            Unit::SynapseEvent => "synapse event",
            Unit::Update => "update",
            Unit::Packet => "packet",
            Unit::Delivery => "delivery",
            Unit::Hop => "hop",
            Unit::Value => "value",
            Unit::Access => "access",
            Unit::Operation => "operation",
            Unit::Bit => "bit",
            Unit::Second => "s",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_the_words_of_files() {
        for measure in [
            Measure::Spikes,
            Measure::SynapseBits,
            Measure::SecondsWaiting,
        ] {
            let unit = measure.unit();
            let word = serde_json::to_value(unit).unwrap();
            assert_eq!(word, unit.symbol());
        }
        let word = serde_json::to_value(Measure::SynopsDense).unwrap();
        assert_eq!(word, "synops_dense");
        assert!(Measure::SecondsRunning.is_time() && !Measure::Packets.is_time());
    }
}
