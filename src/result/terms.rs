//! The terms on which the contenders of a report meet.

use super::FirstLayer;
use serde::{Deserialize, Serialize};

/// What holds for every contender of a report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Terms {
    /// How far below the accuracy of the fp32 original a contender may be, 0 to 1.
    pub accuracy_tolerance: f64,
    /// How often a constant input is multiplied.
    pub first_layer: FirstLayer,
}

impl Terms {
    /// One percentage point.
    pub const TOLERANCE: f64 = 0.01;
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            accuracy_tolerance: Terms::TOLERANCE,
            first_layer: FirstLayer::default(),
        }
    }
}
