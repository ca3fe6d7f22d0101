//! What a kilowatt-hour emits and costs, by place: grids, PUE, embodied carbon.
//!
//! ```text
//! g CO2e = kWh · PUE · g/kWh  +  kg embodied · 1000 · time used / (lifetime · utilisation)
//! cost   = kWh · PUE · price per kWh
//! ```
//!
//! Intensities are annual averages of life-cycle factors at the generator, not marginal, without
//! losses of transmission (5 to 8 % more at the plug). Source: `data/carbon.toml`, which names one
//! for each figure.

use crate::names::suggestion;
use crate::result::Sourced;
use crate::units::Range;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Hours of a calendar year, by convention of embodied carbon.
pub const HOURS_PER_YEAR: f64 = 8760.0;

/// Joules of a kilowatt-hour.
pub const JOULES_PER_KWH: f64 = 3.6e6;

/// What is wrong with the name of a grid or of a PUE.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum CarbonError {
    /// The table that comes with the program is damaged.
    #[error("data/carbon.toml: {0}; this is a defect of the program")]
    Table(String),
    /// No grid has the name.
    #[error(
        "no grid \"{name}\"{suggestion} Give a country (DEU or Germany), a cloud region (gcp/europe-west1), world, or a number in g CO2e/kWh"
    )]
    Grid {
        /// The name asked for.
        name: String,
        /// `; did you mean "x"?`, or a full stop where no name is near.
        suggestion: String,
    },
    /// No PUE has the name.
    #[error("no PUE \"{name}\"{suggestion} Give a number of at least 1 or one of {known}")]
    Pue {
        /// The name asked for.
        name: String,
        /// `; did you mean "x"?`, or a full stop where no name is near.
        suggestion: String,
        /// All names.
        known: String,
    },
    /// A value makes no sense.
    #[error("{key} = {value}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: f64,
        /// What would be right.
        reason: &'static str,
    },
}

/// The shipped figures.
#[derive(Debug, Clone, Deserialize)]
pub struct CarbonTable {
    source: BTreeMap<String, String>,
    world: BTreeMap<String, LineDraft>,
    country: BTreeMap<String, Country>,
    energy_source: toml::Table,
    cloud_region: BTreeMap<String, toml::Table>,
    pue: BTreeMap<String, LineDraft>,
    embodied: BTreeMap<String, LineDraft>,
    anchor: Vec<Anchor>,
}

#[derive(Debug, Clone, Deserialize)]
struct LineDraft {
    low: Option<f64>,
    typ: f64,
    high: Option<f64>,
    year: Option<u16>,
    conf: String,
    src: Option<String>,
    note: Option<String>,
}

impl LineDraft {
    fn range(&self) -> Range {
        Range::new(
            self.low.unwrap_or(self.typ),
            self.typ,
            self.high.unwrap_or(self.typ),
        )
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Country {
    name: String,
    g_per_kwh: f64,
    year: u16,
}

/// A published case that the calculation must reproduce.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Anchor {
    /// What was computed.
    pub name: String,
    /// Energy, PUE included [MWh].
    pub energy_mwh: f64,
    /// Published emissions [t CO2e].
    pub tco2e: f64,
    /// Grid intensity used [g CO2e/kWh].
    pub g_per_kwh: Option<f64>,
    /// Grid intensity that follows from the publication [g CO2e/kWh].
    pub implied_g_per_kwh: Option<f64>,
    /// Agreement to expect [%].
    pub tolerance_pct: f64,
}

impl CarbonTable {
    /// The figures that come with the program.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn shipped() -> Result<Self, CarbonError> {
        toml::from_str(include_str!("../../data/carbon.toml"))
            .map_err(|error| CarbonError::Table(error.to_string()))
    }

    /// A grid: `world`, a country by code or name, a cloud region, or a number [g CO2e/kWh].
    ///
    /// # Errors
    /// If there is none: the message names the nearest.
    pub fn grid(&self, name: &str) -> Result<Sourced, CarbonError> {
        if let Ok(value) = name.trim().parse::<f64>() {
            return at_least(value, 0.0, "grid", "give g CO2e/kWh, such as 380")
                .map(|value| given(format!("{value} g CO2e/kWh"), value));
        }
        let wanted = name.trim().to_lowercase();
        if wanted == "world" {
            let entry = self.world.get("intensity").ok_or_else(|| lost("world"))?;
            return Ok(Sourced {
                name: "world".into(),
                value: entry.range(),
                source: super::WORLD_GRID_SOURCE.into(),
                unverified: false,
            });
        }
        let country = self.country.iter().find(|(code, country)| {
            code.to_lowercase() == wanted || country.name.to_lowercase() == wanted
        });
        if let Some((_, country)) = country {
            return Ok(Sourced {
                name: country.name.clone(),
                value: Range::exact(country.g_per_kwh),
                source: format!(
                    "{} {}, annual average; {}",
                    country.name,
                    country.year,
                    self.cite("codecarbon")
                ),
                unverified: false,
            });
        }
        self.region(&wanted).ok_or_else(|| {
            let names = self.grid_names();
            CarbonError::Grid {
                name: name.into(),
                suggestion: suggestion(&wanted, names.iter().map(String::as_str)),
            }
        })
    }

    fn region(&self, wanted: &str) -> Option<Sourced> {
        self.cloud_region.iter().find_map(|(cloud, regions)| {
            let region = wanted.strip_prefix(&format!("{cloud}/")).unwrap_or(wanted);
            let value = regions.get(region)?.as_float()?;
            Some(Sourced {
                name: format!("{cloud}/{region}"),
                value: Range::exact(value),
                source: format!("{}; old, for comparison only", self.cite("impact")),
                unverified: false,
            })
        })
    }

    /// Every name that [`CarbonTable::grid`] knows, lower case.
    #[must_use]
    pub fn grid_names(&self) -> Vec<String> {
        let mut names = vec!["world".to_owned()];
        for (code, country) in &self.country {
            names.extend([code.to_lowercase(), country.name.to_lowercase()]);
        }
        for (cloud, regions) in &self.cloud_region {
            let numbers = regions.iter().filter(|(_, value)| value.is_float());
            names.extend(numbers.map(|(region, _)| format!("{cloud}/{region}")));
        }
        names
    }

    /// A power usage effectiveness: a name such as `hyperscale`, or a number of at least 1.
    ///
    /// # Errors
    /// If there is none: the message lists all names.
    pub fn pue(&self, name: &str) -> Result<Sourced, CarbonError> {
        if let Ok(value) = name.trim().parse::<f64>() {
            return at_least(
                value,
                1.0,
                "pue",
                "give a number of at least 1, such as 1.12",
            )
            .map(|value| given(format!("PUE {value}"), value));
        }
        let entry = self.pue.get(name).ok_or_else(|| CarbonError::Pue {
            name: name.into(),
            suggestion: suggestion(name, self.pue.keys().map(String::as_str)),
            known: self
                .pue
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        Ok(self.sourced(name, entry))
    }

    /// Lifetime of a device [s].
    ///
    /// # Errors
    /// If the table is damaged.
    pub fn lifetime_s(&self) -> Result<Sourced, CarbonError> {
        let entry = self
            .embodied
            .get("lifetime_years")
            .ok_or_else(|| lost("embodied.lifetime_years"))?;
        let mut lifetime = self.sourced("lifetime", entry);
        lifetime.value = lifetime.value * (HOURS_PER_YEAR * 3600.0);
        Ok(lifetime)
    }

    /// Fraction of its lifetime that a device does useful work, where that is not stated.
    ///
    /// # Errors
    /// If the table is damaged.
    pub fn utilisation(&self) -> Result<Sourced, CarbonError> {
        let entry = self
            .embodied
            .get("utilisation")
            .ok_or_else(|| lost("embodied.utilisation"))?;
        Ok(self.sourced("utilisation", entry))
    }

    /// Published cases.
    #[must_use]
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchor
    }

    /// Intensity of a mix of energy sources by share, 0 to 1 each [g CO2e/kWh]; `None` for an
    /// unknown source.
    #[must_use]
    pub fn mix_g_per_kwh(&self, shares: &[(&str, f64)]) -> Option<f64> {
        shares.iter().try_fold(0.0, |sum, (source, share)| {
            let factor = self.energy_source.get(*source)?.get("typ")?.as_float()?;
            Some(sum + share * factor)
        })
    }

    fn sourced(&self, name: &str, entry: &LineDraft) -> Sourced {
        let mut source = match &entry.src {
            Some(key) => self.cite(key),
            None => "a convention".to_owned(),
        };
        if let Some(year) = entry.year {
            source += &format!(", {year}");
        }
        if let Some(note) = &entry.note {
            source += &format!(" ({note})");
        }
        Sourced {
            name: name.replace('_', " "),
            value: entry.range(),
            source,
            unverified: entry.conf == "memory",
        }
    }

    fn cite(&self, key: &str) -> String {
        self.source.get(key).cloned().unwrap_or_else(|| key.into())
    }
}

fn lost(key: &str) -> CarbonError {
    CarbonError::Table(format!("{key} is missing"))
}

fn given(name: String, value: f64) -> Sourced {
    Sourced {
        name,
        value: Range::exact(value),
        source: "as given".into(),
        unverified: false,
    }
}

/// A value that is finite and not below `least`.
pub(super) fn at_least(
    value: f64,
    least: f64,
    key: &'static str,
    reason: &'static str,
) -> Result<f64, CarbonError> {
    if value >= least && value.is_finite() {
        Ok(value)
    } else {
        Err(CarbonError::Value { key, value, reason })
    }
}

/// Carbon of electricity [g CO2e]: energy at the device [J], times PUE, times intensity
/// [g CO2e/kWh].
#[must_use]
pub fn operational_g(energy_j: Range, pue: Range, g_per_kwh: Range) -> Range {
    energy_j
        .zip(pue, |energy, pue| energy * pue)
        .zip(g_per_kwh, |energy, g| energy / JOULES_PER_KWH * g)
}

/// Share of the carbon of making a device that a time of use stands for [g CO2e].
///
/// Source: `g = kg · 1000 · time used / (lifetime · utilisation)`, the convention of ACT (Gupta et
/// al., ISCA 2022).
#[must_use]
pub fn embodied_g(kg: f64, used_s: Range, lifetime_s: Range, utilisation: Range) -> Range {
    let in_use = lifetime_s.zip(utilisation, |life, share| life * share);
    // A long life makes the share small.
    let backwards = Range::new(in_use.high, in_use.nominal, in_use.low);
    used_s.zip(backwards, |used, life| kg * 1000.0 * used / life)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> CarbonTable {
        CarbonTable::shipped().expect("the shipped table is right")
    }

    #[test]
    fn grids_are_found_by_code_name_region_and_number() {
        let table = table();
        for (name, expected) in [
            ("world", 481.0),
            ("DEU", 380.95),
            ("germany", 380.95),
            ("gcp/europe-north1", 46.0),
            ("europe-north1", 46.0),
            ("429", 429.0),
        ] {
            let grid = table.grid(name).expect("known");
            assert_eq!(grid.value, Range::exact(expected), "{name}");
            assert!(!grid.source.is_empty());
        }
        assert!(table.grid("DEU").expect("known").source.contains("2023"));
        for name in table.grid_names() {
            assert!(table.grid(&name).is_ok(), "{name}");
        }
        let message = table.grid("germny").expect_err("misspelt").to_string();
        assert!(message.contains("did you mean \"germany\""), "{message}");
        assert!(table.grid("-3").is_err() && table.grid("nan").is_err());
    }

    #[test]
    fn a_pue_is_a_name_or_a_number_from_one_on() {
        let table = table();
        let average = table.pue("industry_average").expect("known");
        assert_eq!(average.value, Range::new(1.55, 1.56, 1.58));
        assert!(table.pue("small_server_room").expect("known").unverified);
        assert_eq!(table.pue("1.1").expect("a number").value.nominal, 1.1);
        assert!(table.pue("0.9").is_err());
        let message = table.pue("hyperscal").expect_err("misspelt").to_string();
        assert!(message.contains("hyperscale"), "{message}");
    }

    #[test]
    fn worked_embodied_share() {
        // 0.9 kg over 4 years at half use: one hour stands for 900 g / 17520 h.
        let share = embodied_g(
            0.9,
            Range::exact(3600.0),
            Range::exact(4.0 * HOURS_PER_YEAR * 3600.0),
            Range::new(0.25, 0.5, 1.0),
        );
        assert!((share.nominal - 900.0 / 17_520.0).abs() < 1e-12);
        assert!((share.low - share.nominal / 2.0).abs() < 1e-12);
        assert!((share.high - share.nominal * 2.0).abs() < 1e-12);
    }
}
