//! Where and how often a device works.

use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Use of a device with every name looked up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Usage {
    /// Carbon intensity of the electricity [g CO2e/kWh].
    pub grid: Sourced,
    /// Energy drawn by the building over that of the device, at least 1.
    pub pue: Sourced,
    /// Price of electricity per kWh, in any currency.
    pub price_per_kwh: Option<f64>,
    /// Time from one inference to the next [s].
    pub period_s: Option<f64>,
    /// Carbon of making a device [kg CO2e], by name of the target.
    pub embodied_kg: BTreeMap<String, f64>,
    /// Lifetime of a device [s].
    pub lifetime_s: Sourced,
    /// Fraction of the lifetime with useful work; 1 where the period says how a device is used.
    pub utilisation: Sourced,
}

/// A quantity with its range and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Sourced {
    /// Name to print.
    pub name: String,
    /// The value.
    pub value: Range,
    /// Where it comes from.
    pub source: String,
    /// Whether nobody has checked it against its source.
    pub unverified: bool,
}
