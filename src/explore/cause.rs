//! What energy is spent on, and which events a figure of a cost table prices.

use super::Tally;
use crate::result::{Line, Part};

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
    /// Spikes times the cores they are broadcast in.
    Deliveries,
    /// Links crossed in x, those from one chip to the next left out.
    HopsX,
    /// Links crossed in y.
    HopsY,
    /// Links crossed from one chip to the next.
    Borders,
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

/// A way to count the events behind a figure: each measure with what its energy is spent on.
type Parts = &'static [(Cause, Measure)];

/// Synaptic operations alone.
const SYNOPS: Parts = &[(Cause::Synapse, Measure::SynOps)];

/// Synapses that add a spike, and those that multiply a real number.
const SYNAPSES: Parts = &[
    (Cause::Synapse, Measure::SynOps),
    (Cause::Input, Measure::Macs),
];

/// Figures of cost tables with the events they price. Laws differ in what they count for the same
/// figure; the first way that gives the count of the receipt is taken. A figure that is not here is
/// priced as ever, but not taken apart.
const FIGURES: [(&str, &[Parts]); 27] = [
    ("energy.synop", &[SYNOPS, SYNAPSES]),
    (
        "energy.synop_dense",
        &[&[(Cause::Synapse, Measure::SynOpsDense)]],
    ),
    (
        "energy.synop_sparse",
        &[&[(Cause::Synapse, Measure::SynOpsSparse)]],
    ),
    (
        "energy.synop_conv",
        &[&[(Cause::Synapse, Measure::SynOpsConv)]],
    ),
    ("energy.synop_all_in", &[SYNOPS]),
    ("energy.ac", &[SYNOPS]),
    ("energy.ac_fp32", &[SYNOPS]),
    ("energy.pulse", &[SYNOPS]),
    ("energy.access", &[SYNAPSES]),
    ("energy.bit", &[SYNAPSES]),
    (
        "energy.neuron",
        &[&[(Cause::NeuronUpdate, Measure::Updates)]],
    ),
    (
        "energy.neuron_access",
        &[&[(Cause::NeuronUpdate, Measure::Updates)]],
    ),
    (
        "energy.neuron_update",
        &[
            &[(Cause::NeuronUpdate, Measure::ActiveUpdates)],
            &[(Cause::NeuronUpdate, Measure::Updates)],
        ],
    ),
    (
        "energy.neuron_active",
        &[&[(Cause::NeuronUpdate, Measure::ActiveUpdates)]],
    ),
    (
        "energy.neuron_inactive",
        &[&[(Cause::NeuronUpdate, Measure::InactiveUpdates)]],
    ),
    ("energy.spike", &[&[(Cause::Spike, Measure::Spikes)]]),
    ("energy.encode", &[&[(Cause::Routing, Measure::Spikes)]]),
    ("energy.route", &[&[(Cause::Routing, Measure::Deliveries)]]),
    (
        "energy.broadcast",
        &[&[(Cause::Routing, Measure::Deliveries)]],
    ),
    ("energy.packet", &[&[(Cause::Routing, Measure::Packets)]]),
    (
        "energy.spike_within_tile",
        &[&[(Cause::Routing, Measure::Packets)]],
    ),
    (
        "energy.hop_east_west",
        &[&[(Cause::Routing, Measure::HopsX)]],
    ),
    (
        "energy.hop_north_south",
        &[&[(Cause::Routing, Measure::HopsY)]],
    ),
    ("energy.chip_link", &[&[(Cause::Routing, Measure::Borders)]]),
    ("energy.host_mac", &[&[(Cause::Input, Measure::MacsOnce)]]),
    ("energy.mac", &[&[(Cause::Input, Measure::Macs)]]),
    ("energy.mac_fp32", &[&[(Cause::Input, Measure::Macs)]]),
];

/// Figures that price parts of an event: each event has the same whole number of them.
const PER_EVENT: [&str; 1] = ["energy.bit"];

/// The events of a dynamic line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    /// What they are.
    pub parts: Parts,
    /// What the line counts for each of them.
    pub per_event: f64,
}

/// How to count what a dynamic line counts; `None` if its events cannot be told apart, or if the
/// law counts another number of them than `whole` has.
pub(super) fn counted(line: &Line, whole: &Tally) -> Option<Counted> {
    let figure = line.figure.as_deref()?;
    let (_, ways) = FIGURES.iter().find(|(key, _)| *key == figure)?;
    ways.iter().find_map(|parts| {
        let events: f64 = parts.iter().map(|(_, measure)| whole.get(*measure)).sum();
        let per_event = if PER_EVENT.contains(&figure) {
            line.count / events
        } else {
            1.0
        };
        let fits = per_event.fract() == 0.0 && per_event * events == line.count;
        (line.part == Part::Dynamic && fits).then_some(Counted { parts, per_event })
    })
}

impl Counted {
    /// How many the line counts of counted events.
    pub fn of(&self, tally: &Tally) -> f64 {
        let events: f64 = self.parts.iter().map(|(_, m)| tally.get(*m)).sum();
        self.per_event * events
    }

    /// The same by what they are spent on.
    pub fn by_cause(&self, tally: &Tally) -> impl Iterator<Item = (Cause, f64)> {
        let parts = self.parts.iter();
        parts.map(|(cause, measure)| (*cause, self.per_event * tally.get(*measure)))
    }
}
