//! Why two results may not be compared, and which may stand side by side.

use super::{Boundary, NumberFormat, TargetReport};
use std::fmt;

/// Why two contenders may not be compared.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// Their figures include different things.
    Boundary,
    /// Circuits are compared by one table alone.
    Table,
    /// Their numbers have different widths.
    Format(NumberFormat, NumberFormat),
    /// A table does not say which numbers it prices.
    FormatUnknown(String),
    /// A constant input is multiplied once on one side and in each timestep on the other.
    FirstLayer,
    /// One works on one inference at a time, the other on many, or they wait differently long.
    Condition,
    /// They are two tables of one chip.
    SameChip(String),
    /// Another table of the same chip has the better evidence.
    BetterTable(String),
    /// It rests on assumed or unchecked figures, and only checked ones were asked for.
    Unchecked,
    /// One cannot do what is asked.
    Infeasible(String),
    /// An energy is not known.
    Unknown(String),
    /// One answers worse than the tolerance allows.
    BelowAccuracy {
        /// Accuracy, 0 to 1.
        share: f64,
        /// Difference to the fp32 original.
        difference: f64,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Boundary => f.write_str("its figure includes other things"),
            Why::Table => f.write_str("another table of circuits"),
            Why::Format(a, b) => write!(f, "{} numbers against {}", a.label(), b.label()),
            Why::FormatUnknown(name) => write!(f, "{name} does not state its number format"),
            Why::FirstLayer => f.write_str("a constant input is multiplied differently often"),
            Why::Condition => f.write_str("another condition: batch or period"),
            Why::SameChip(chip) => write!(f, "another table of {chip} has the better evidence"),
            Why::BetterTable(name) => {
                write!(f, "{name} describes the same chip on better evidence")
            }
            Why::Unchecked => f.write_str("rests on assumed or unchecked figures"),
            Why::Infeasible(why) => write!(f, "infeasible: {why}"),
            Why::Unknown(what) => write!(f, "unknown: {what}"),
            Why::BelowAccuracy { share, difference } => write!(
                f,
                "below accuracy: {:.1} %, {:.1} points under the fp32 original",
                share * 100.0,
                -difference * 100.0
            ),
        }
    }
}

/// Whether two targets may stand side by side within a boundary, whatever they cost and answer.
pub(super) fn may_meet(a: &TargetReport, b: &TargetReport, boundary: Boundary) -> Result<(), Why> {
    if !boundary.is_of(a) || !boundary.is_of(b) {
        return Err(Why::Boundary);
    }
    let circuit = boundary.is_circuit();
    if circuit && a.name != b.name {
        return Err(Why::Table);
    }
    let format = |target: &TargetReport| {
        let unknown = || Why::FormatUnknown(target.name.clone());
        target.format.ok_or_else(unknown)
    };
    let (format_a, format_b) = (format(a)?, format(b)?);
    let alike = match circuit {
        true => format_a == format_b,
        false => format_a.is_peer_of(format_b),
    };
    if !alike {
        return Err(Why::Format(format_a, format_b));
    }
    if !circuit && !a.chip.is_empty() && a.chip == b.chip && a.name != b.name {
        return Err(Why::SameChip(a.chip.clone()));
    }
    Ok(())
}
