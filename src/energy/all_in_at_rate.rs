//! An all-in figure split into a slope and a power, and put together again at another rate.

use super::hardware::Figure;
use super::law::{Law, Table, Term, by_events};
use super::realtime::{self, HOST, OCCUPANCY};
use super::receipt::Receipt;
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
    tables: &[Table {
        workload: Workload::Snn,
        widest: Scope::System,
        terms: &[
            Term::new(
                Bill::EVENT,
                Measure::Synops,
                "energy.synop",
                "synaptic operation",
            ),
            Term::derived(
                Bill::SYSTEM,
                Measure::SecondsRunning,
                power,
                "event-independent power",
            ),
            HOST,
        ],
        notes: &[],
    }],
    figures: &[&OCCUPANCY, &FIGURES],
    price: realtime::price,
    divide: by_events,
};

/// What the power comes from.
const FIGURES: [&str; 3] = ["energy.synop_all_in", "energy.synop", "rate.synop"];

/// Power that does not depend on events [W].
fn power<'a>(receipt: &mut Receipt<'a>) -> Option<(Range, Vec<&'a Figure>)> {
    let figures = receipt.figures(FIGURES)?;
    let [all_in, slope, rate] = figures.map(|figure| figure.value);
    let rest = all_in.zip(slope, |all_in, slope| (all_in - slope).max(0.0));
    let power = rest.zip(rate, |joules, per_second| joules * per_second);
    Some((power, figures.to_vec()))
}
