//! Chips without a clock: a synaptic operation holds everything that an event sets off.

use super::realtime::{OCCUPANCY, charge_power_of, finish, occupancy, synops};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::result::{Bill, TargetReport};

/// ```text
/// E = SynOps · synop + chips · chip_static · T · timestep
/// ```
///
/// Neurons that receive nothing cost nothing; updating those that do is inside the figure.
///
/// Source: Yao et al., Nat. Commun. 15, 4464, 2024 (Speck): resting power and power over spikes.
pub(super) static LAW: Law = Law {
    name: "asynchronous",
    about: "synaptic operation with the neuron update inside, plus static power in real time",
    groups: &[
        &OCCUPANCY,
        &["energy.synop", "energy.host_mac", "power.chip_static"],
    ],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    receipt.charge(
        Bill::EVENT,
        "synaptic operation",
        synops(job),
        "energy.synop",
    );
    let held = occupancy(job, &mut receipt);
    let (event, key) = ("resting power of the chip", "power.chip_static");
    charge_power_of(&mut receipt, Bill::SYSTEM, event, key, held);
    vec![finish(job, receipt, held)]
}
