//! Analog and always-on chips: their power hardly depends on what they compute.

use super::realtime::{OCCUPANCY, charge_power_of, finish, occupancy};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::result::{Bill, TargetReport};

/// ```text
/// E = chips · P · T · timestep
/// ```
///
/// No cost per spike is invented: on such chips it is a small part of the power.
///
/// Source: Cramer et al., PNAS 119(4), 2022 (BrainScaleS-2); Bos and Muir, arXiv 2406.15112, 2024
/// (Xylo).
pub(super) static LAW: Law = Law {
    name: "constant-power",
    about: "power of the chip for the time of the timesteps, whatever is computed",
    groups: &[&OCCUPANCY, &["power.chip", "energy.host_mac"]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    let held = occupancy(job, &mut receipt);
    let (event, key) = ("power of the chip", "power.chip");
    charge_power_of(&mut receipt, Bill::ALL_IN, event, key, held);
    vec![finish(job, receipt, held)]
}
