//! A synaptic operation and a neuron update, where nothing finer is published.

use super::mesh::Events;
use super::realtime::{OCCUPANCY, charge_power_of, finish, occupancy, synops};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::result::{Bill, TargetReport};

/// ```text
/// E = SynOps · synop + neurons · T · neuron_update + chips · chip_static · T · timestep
/// ```
///
/// Each neuron is updated in each timestep. Packets and hops are not charged: the published
/// figures are slopes of measured power, which contain them, or leave them out.
///
/// Source: Sharp et al., J. Neurosci. Methods 210, 2012 (SpiNNaker), where both terms are measured.
pub(super) static LAW: Law = Law {
    name: "per-event",
    about: "synaptic operation and neuron update, plus static power in real time",
    groups: &[
        &OCCUPANCY,
        &[
            "energy.synop",
            "energy.neuron_update",
            "energy.host_mac",
            "power.chip_static",
        ],
    ],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    let updates = Events::of(job.work.counts).updates;
    receipt.charge(
        Bill::EVENT,
        "neuron update",
        updates,
        "energy.neuron_update",
    );
    receipt.charge(
        Bill::EVENT,
        "synaptic operation",
        synops(job),
        "energy.synop",
    );
    let held = occupancy(job, &mut receipt);
    let (event, key) = ("static power of the chip", "power.chip_static");
    charge_power_of(&mut receipt, Bill::SYSTEM, event, key, held);
    vec![finish(job, receipt, held)]
}
