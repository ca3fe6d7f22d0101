//! What inferences draw, emit and cost.

use crate::units::Range;
use serde::{Deserialize, Serialize};

/// Energy, carbon and money of a number of inferences; `None` where something is not known or not
/// stated.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Footprint {
    /// Energy with the overhead of the building [kWh].
    pub energy_kwh: Option<Range>,
    /// Carbon of that energy [g CO2e].
    pub carbon_g: Option<Range>,
    /// Share of the carbon of making the device [g CO2e].
    pub embodied_g: Option<Range>,
    /// Price of that energy, in the currency of the price.
    pub cost: Option<Range>,
}

impl Footprint {
    /// That of `number` times as many inferences.
    #[must_use]
    pub fn times(&self, number: f64) -> Self {
        let times = |value: Option<Range>| value.map(|value| value * number);
        Footprint {
            energy_kwh: times(self.energy_kwh),
            carbon_g: times(self.carbon_g),
            embodied_g: times(self.embodied_g),
            cost: times(self.cost),
        }
    }
}

/// A target's footprint on three scales.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Footprints {
    /// Of one inference.
    pub per_inference: Footprint,
    /// Of a million inferences.
    pub per_million: Footprint,
    /// Of a year (8760 h) at the stated period; `None` without one.
    pub per_year: Option<Footprint>,
}

impl Footprints {
    /// The scales that are known, with their names.
    pub fn scales(&self) -> impl Iterator<Item = (&'static str, &Footprint)> {
        [
            ("inference", Some(&self.per_inference)),
            ("million inferences", Some(&self.per_million)),
            ("year", self.per_year.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, footprint)| Some((name, footprint?)))
    }
}
