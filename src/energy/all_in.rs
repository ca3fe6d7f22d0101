//! Chip power divided by event rate, at the operating point somebody chose.

use super::realtime::{finish, synops};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::result::{Bill, TargetReport};

/// ```text
/// E = SynOps · synop_all_in
/// ```
///
/// The figure holds static power, neuron updates and routing at one event rate, which the source
/// does not state well enough to scale it: at lower rates the true energy is higher.
///
/// Source: the survey of Tang et al., Front. Neurosci. 17, 2023, Table 3, lists such figures.
pub(super) static LAW: Law = Law {
    name: "all-in",
    about: "all-in energy per synaptic operation at its operating point",
    groups: &[&["energy.synop_all_in", "energy.host_mac"]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    let (event, key) = ("synaptic operation, all-in", "energy.synop_all_in");
    receipt.charge(Bill::ALL_IN, event, synops(job), key);
    receipt.notes.push(
        "an all-in figure is chip power over event rate at one operating point; at a lower rate \
         the static power inside it weighs more and the true energy is higher"
            .into(),
    );
    vec![finish(job, receipt, None)]
}
