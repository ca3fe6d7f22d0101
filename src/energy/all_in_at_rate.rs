//! An all-in figure split into a slope and a power, and put together again at another rate.

use super::hardware::Figure;
use super::realtime::{OCCUPANCY, charge_power, finish, occupancy, synops};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::result::{Bill, TargetReport};
use crate::units::Range;

/// ```text
/// P = (synop_all_in − synop) · rate0
/// E = SynOps · synop + chips · P · T · timestep
/// ```
///
/// `rate0` is the event rate at which `synop_all_in` was measured; at that rate the law gives
/// `synop_all_in` per event again. Per event at rate r it gives `synop + P / r`.
///
/// Source: Merolla et al., Science 345, 2014 (power and rate), Akopyan et al., IEEE TCAD 34(10),
/// 2015 (slope).
pub(super) static LAW: Law = Law {
    name: "all-in-at-rate",
    about: "all-in figure split into slope and power, scaled to the event rate of the network",
    groups: &[
        &OCCUPANCY,
        &[
            "energy.synop_all_in",
            "energy.synop",
            "rate.synop",
            "energy.host_mac",
        ],
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
    let figures = receipt.figures(["energy.synop_all_in", "energy.synop", "rate.synop"]);
    let power = figures
        .as_ref()
        .map(|figures| (power(figures), &figures[..]));
    let event = "power that does not depend on events";
    charge_power(&mut receipt, Bill::SYSTEM, event, power, held);
    vec![finish(job, receipt, held)]
}

/// Power that does not depend on events [W].
fn power(figures: &[&Figure; 3]) -> Range {
    let [all_in, slope, rate] = figures.map(|figure| figure.value);
    let rest = all_in.zip(slope, |all_in, slope| (all_in - slope).max(0.0));
    rest.zip(rate, |joules, per_second| joules * per_second)
}
