//! Where and how often a device works: grid, PUE, price of electricity, period, embodied carbon.

use super::carbon::{
    CarbonError, CarbonTable, JOULES_PER_KWH, at_least, embodied_g, operational_g,
};
use crate::result::{Footprint, Footprints, Scope, Sourced, TargetReport, Usage};
use crate::units::Range;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Seconds of a year of 8760 hours.
const SECONDS_PER_YEAR: f64 = super::carbon::HOURS_PER_YEAR * 3600.0;

/// Use of a device as an experiment writes it, section `[usage]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageConfig {
    /// `world`, a country, a cloud region, or g CO2e/kWh.
    #[serde(deserialize_with = "name_or_number")]
    pub grid: String,
    /// Power usage effectiveness of the building: a name or a number of at least 1.
    #[serde(deserialize_with = "name_or_number")]
    pub pue: String,
    /// Price of electricity per kWh, in any currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_kwh: Option<f64>,
    /// Time from one inference to the next [s]: the device waits in between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_s: Option<f64>,
    /// Carbon of making a device [kg CO2e], by name of the target.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub embodied_kg: BTreeMap<String, f64>,
}

impl Default for UsageConfig {
    fn default() -> Self {
        UsageConfig {
            grid: "world".into(),
            pue: "1".into(),
            price_per_kwh: None,
            period_s: None,
            embodied_kg: BTreeMap::new(),
        }
    }
}

/// A name, or a number as a name.
fn name_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Name(String),
        Number(f64),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Name(name) => name,
        Either::Number(number) => number.to_string(),
    })
}

impl Default for Usage {
    /// World average electricity at the device, one inference after the other.
    fn default() -> Self {
        let plain = |name: &str, value: f64, source: &str| Sourced {
            name: name.into(),
            value: Range::exact(value),
            source: source.into(),
            unverified: false,
        };
        Usage {
            grid: plain(
                "world",
                super::WORLD_GRID_G_PER_KWH,
                super::WORLD_GRID_SOURCE,
            ),
            pue: plain("PUE 1", 1.0, "as given"),
            price_per_kwh: None,
            period_s: None,
            embodied_kg: BTreeMap::new(),
            lifetime_s: plain("lifetime", 4.0 * SECONDS_PER_YEAR, "a convention"),
            utilisation: plain("utilisation", 1.0, "a convention"),
        }
    }
}

impl UsageConfig {
    /// Looks every name up.
    ///
    /// # Errors
    /// The name that is not known or the value that makes no sense.
    pub fn resolve(&self) -> Result<Usage, CarbonError> {
        let table = CarbonTable::shipped()?;
        let price = "give the price of a kWh, such as 0.30";
        let period = "give the seconds from one inference to the next, above 0";
        if let Some(value) = self.price_per_kwh {
            at_least(value, 0.0, "usage.price_per_kwh", price)?;
        }
        if let Some(value) = self.period_s {
            at_least(value, f64::MIN_POSITIVE, "usage.period_s", period)?;
        }
        for &kg in self.embodied_kg.values() {
            at_least(kg, 0.0, "usage.embodied_kg", "give kg CO2e per device")?;
        }
        let mut utilisation = table.utilisation()?;
        if self.period_s.is_some() {
            utilisation.value = Range::exact(1.0);
            utilisation.source = "the device is in use at the stated period".into();
            utilisation.unverified = false;
        }
        Ok(Usage {
            grid: table.grid(&self.grid)?,
            pue: table.pue(&self.pue)?,
            price_per_kwh: self.price_per_kwh,
            period_s: self.period_s,
            embodied_kg: self.embodied_kg.clone(),
            lifetime_s: table.lifetime_s()?,
            utilisation,
        })
    }
}

impl Usage {
    /// Carbon of electricity [g CO2e].
    #[must_use]
    pub fn carbon_g(&self, energy_j: Range) -> Range {
        operational_g(energy_j, self.pue.value, self.grid.value)
    }

    /// Energy, carbon and money of a target per inference, per million and per year.
    #[must_use]
    pub fn footprints(&self, target: &TargetReport) -> Footprints {
        let at_plug_kwh = target
            .known_energy_j()
            .filter(|_| target.scope == Scope::System)
            .map(|energy| {
                energy
                    .zip(self.pue.value, |energy, pue| energy * pue)
                    .map(|energy| energy / JOULES_PER_KWH)
            });
        let used_s = self
            .period_s
            .or_else(|| target.latency_s.map(|s| s / target.batch as f64));
        let embodied = self.embodied_kg.get(&target.name).zip(used_s);
        let per_inference = Footprint {
            energy_kwh: at_plug_kwh,
            carbon_g: at_plug_kwh.map(|kwh| kwh.zip(self.grid.value, |kwh, g| kwh * g)),
            embodied_g: embodied.map(|(&kg, used_s)| {
                embodied_g(
                    kg * target.chips as f64,
                    Range::exact(used_s),
                    self.lifetime_s.value,
                    self.utilisation.value,
                )
            }),
            cost: at_plug_kwh
                .zip(self.price_per_kwh)
                .map(|(kwh, price)| kwh * price),
        };
        Footprints {
            per_million: per_inference.times(1e6),
            per_year: self
                .period_s
                .map(|period_s| per_inference.times(SECONDS_PER_YEAR / period_s)),
            per_inference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_read_alike() {
        let read = |text: &str| -> UsageConfig { toml::from_str(text).expect("valid") };
        let usage = read("grid = 429\npue = 1.1").resolve().expect("known");
        assert_eq!(usage.grid.value, Range::exact(429.0));
        assert_eq!(usage.pue.value, Range::exact(1.1));
        let usage = read("grid = \"FRA\"\npue = \"hyperscale\"");
        let usage = usage.resolve().expect("known");
        assert_eq!(usage.grid.value.nominal, 56.039);
        assert_eq!(usage.pue.value.high, 1.2);
        assert_eq!(
            UsageConfig::default().resolve().expect("known").grid,
            Usage::default().grid
        );
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (text, key) in [
            ("period_s = 0.0", "usage.period_s"),
            ("price_per_kwh = -1.0", "usage.price_per_kwh"),
            ("pue = 0.5", "pue"),
            ("[embodied_kg]\nx = -1.0", "usage.embodied_kg"),
        ] {
            let config: UsageConfig = toml::from_str(text).expect("valid");
            let message = config.resolve().expect_err("out of range").to_string();
            assert!(message.contains(key), "{message}");
        }
    }
}
