//! Which target a figure or table of one target shows.

use crate::result::{Report, Scope, TargetReport, TimeCurve, Workload};

/// The first spiking target whose energy is known.
pub(super) fn spiking(report: &Report) -> Option<&TargetReport> {
    let mut targets = report.targets.iter();
    targets.find(|target| target.workload == Workload::Snn && target.known_energy_j().is_some())
}

/// The first spiking target whose energy is known, and the widest scope it is known in.
pub(super) fn curve(report: &Report) -> Option<(&TimeCurve, Scope)> {
    report.profile.timesteps.iter().find_map(|curve| {
        let last = curve.points.last()?;
        let known = |scope: &Scope| last.energy_j[*scope as usize].is_some();
        let scope = Scope::ALL.into_iter().rev().find(known)?;
        Some((curve, scope))
    })
}
