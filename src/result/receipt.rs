//! A line of a receipt.

use super::{Bill, Measure};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// Whether a line depends on activity or on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Paid per event.
    Dynamic,
    /// Paid per second.
    Static,
}

/// One line of a receipt: `count × joules each = joules`, with its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Line {
    /// Name of the line, to print.
    pub event: String,
    /// What is counted; `None` in results of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// So many per inference, in the unit of the measure.
    pub count: f64,
    /// Nominal energy of one [J]; of a second, the power [W].
    pub joules_each: f64,
    /// Nominal energy [J].
    pub joules: f64,
    /// Energy with each cost at its bounds [J].
    pub joules_range: Range,
    /// Dynamic or static.
    pub part: Part,
    /// What it pays for.
    #[serde(flatten)]
    pub bill: Bill,
    /// Figure of the cost table that prices one event, `section.key`; `None` where several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// Where the cost comes from.
    pub source: String,
    /// Whether nobody has checked the cost against its source.
    pub unverified: bool,
}

impl Line {
    /// Whether it counts a time.
    #[must_use]
    pub fn is_time(&self) -> bool {
        self.measure.is_some_and(Measure::is_time)
    }
}
