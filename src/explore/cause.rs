//! What energy is spent on, and which events a figure of a cost table prices.

use crate::report::{Line, Part};

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

    /// The colour of the cause in every figure and on every screen \[red, green, blue\].
    ///
    /// Source: Okabe and Ito 2008, "Color Universal Design".
    #[must_use]
    pub fn colour(self) -> [u8; 3] {
        match self {
            Cause::Synapse => [0, 114, 178],
            Cause::NeuronUpdate => [230, 159, 0],
            Cause::Spike => [213, 94, 0],
            Cause::Routing => [0, 158, 115],
            Cause::Static => [153, 153, 153],
            Cause::Input => [204, 121, 167],
        }
    }

    /// What the energy of a line is spent on; `None` if the figure behind it is not in the list.
    #[must_use]
    pub fn of(line: &Line) -> Option<Cause> {
        match line.part {
            Part::Static => Some(Cause::Static),
            Part::Dynamic => entry(line).map(|(_, cause, _)| *cause),
        }
    }
}

/// Events that can be told apart by neuron and timestep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Placed neurons × timesteps.
    Updates,
    /// Of these, with a nonzero potential, any input or bias.
    ActiveUpdates,
    /// The others.
    InactiveUpdates,
    /// Spikes of placed neurons.
    Spikes,
    /// Packets of placed neurons.
    Packets,
    /// Links crossed in x.
    HopsX,
    /// Links crossed in y.
    HopsY,
    /// Synaptic operations of all synapses.
    SynOps,
    /// Synaptic operations of dense projections.
    SynOpsDense,
    /// Synaptic operations of sparse projections.
    SynOpsSparse,
    /// Synaptic operations of convolutions.
    SynOpsConv,
    /// Multiply-accumulates, evaluated in each timestep.
    Macs,
    /// Multiply-accumulates, with constant input multiplied once.
    MacsOnce,
}

/// Figures of cost tables with what they are spent on and the events they price. A figure that is
/// not here is priced as ever, but not taken apart.
const FIGURES: [(&str, Cause, Measure); 16] = [
    ("energy.synop", Cause::Synapse, Measure::SynOps),
    ("energy.synop_dense", Cause::Synapse, Measure::SynOpsDense),
    ("energy.synop_sparse", Cause::Synapse, Measure::SynOpsSparse),
    ("energy.synop_conv", Cause::Synapse, Measure::SynOpsConv),
    ("energy.ac_fp32", Cause::Synapse, Measure::SynOps),
    (
        "energy.neuron_access",
        Cause::NeuronUpdate,
        Measure::Updates,
    ),
    (
        "energy.neuron_update",
        Cause::NeuronUpdate,
        Measure::ActiveUpdates,
    ),
    (
        "energy.neuron_active",
        Cause::NeuronUpdate,
        Measure::ActiveUpdates,
    ),
    (
        "energy.neuron_inactive",
        Cause::NeuronUpdate,
        Measure::InactiveUpdates,
    ),
    ("energy.spike", Cause::Spike, Measure::Spikes),
    ("energy.packet", Cause::Routing, Measure::Packets),
    ("energy.spike_within_tile", Cause::Routing, Measure::Packets),
    ("energy.hop_east_west", Cause::Routing, Measure::HopsX),
    ("energy.hop_north_south", Cause::Routing, Measure::HopsY),
    ("energy.host_mac", Cause::Input, Measure::MacsOnce),
    ("energy.mac_fp32", Cause::Input, Measure::Macs),
];

fn entry(line: &Line) -> Option<&'static (&'static str, Cause, Measure)> {
    let figure = line.figure.as_deref()?;
    FIGURES.iter().find(|(key, ..)| *key == figure)
}

impl Measure {
    /// The events that a dynamic line counts; `None` if they cannot be told apart.
    #[must_use]
    pub fn of(line: &Line) -> Option<Measure> {
        (line.part == Part::Dynamic)
            .then(|| entry(line))
            .flatten()
            .map(|(_, _, measure)| *measure)
    }
}
