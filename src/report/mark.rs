//! The star on numbers that include figures which nobody has checked against their sources.

use crate::result::{EnergyDistribution, Report, Scope, Sensitivity, Workload};

/// What the star means.
pub(crate) const MEANING: &str = "* includes unverified cost figures";

/// A star, or nothing.
pub(crate) fn star(unverified: bool) -> &'static str {
    if unverified { "*" } else { "" }
}

/// What the star means, behind other facts of a figure that has one.
pub(super) fn legend(unverified: bool) -> &'static str {
    if unverified { "; * unverified" } else { "" }
}

/// The same for LaTeX.
pub(crate) fn latex_star(unverified: bool) -> &'static str {
    if unverified { "$^{*}$" } else { "" }
}

/// What it means there, behind the sentences of a caption.
pub(crate) const LATEX_MEANING: &str = " $^{*}$Includes unverified cost figures.";

/// The same for Markdown.
pub(super) fn markdown_star(unverified: bool) -> &'static str {
    if unverified { "\\*" } else { "" }
}

/// Whether the energies of a sensitivity include unverified figures, whichever of them swings.
pub(super) fn of_sensitivity(report: &Report, of: &Sensitivity) -> bool {
    report.includes_unverified(&of.target, of.workload, Some(of.batch), of.scope)
}

/// Whether the energies of a distribution do in a scope.
pub(super) fn of_distribution(report: &Report, of: &EnergyDistribution, scope: Scope) -> bool {
    report.includes_unverified(&of.target, of.workload, Some(of.batch), scope)
}

/// Whether the energy of the spiking network on a target does in a scope.
pub(super) fn of_spiking(report: &Report, target: &str, scope: Scope) -> bool {
    report.includes_unverified(target, Workload::Snn, None, scope)
}
