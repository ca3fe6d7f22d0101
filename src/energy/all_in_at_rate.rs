//! An all-in figure split into a slope and a power, and put together again at another rate.

use super::charge::by_events;
use super::law::{CostTerm, Law, LawTable};
use super::realtime::{self, HOST, OCCUPANCY};
use crate::result::{Bill, Measure, Scope, Workload};
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
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(
                Bill::EVENT,
                Measure::Synops,
                "energy.synop",
                "synaptic operation",
            ),
            CostTerm::derived(
                Bill::SYSTEM,
                Measure::SecondsRunning,
                &["energy.synop_all_in", "energy.synop", "rate.synop"],
                power,
                "event-independent power",
            ),
            HOST,
        ],
        notes: &[],
    }],
    figures: &[&OCCUPANCY],
    price: realtime::price,
    divide: by_events,
};

/// Power that does not depend on events \[W\], from the all-in figure, its slope and the event rate.
fn power(figures: &[Range]) -> Range {
    let &[all_in, slope, rate] = figures else {
        return Range::ZERO;
    };
    let rest = all_in.zip(slope, |all_in, slope| (all_in - slope).max(0.0));
    rest.zip(rate, |joules, per_second| joules * per_second)
}
