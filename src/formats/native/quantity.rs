//! Numbers that are stated, listed, drawn or read.

use crate::network::rules::Distribution;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::path::PathBuf;

/// A value for each neuron or synapse.
///
/// | written as | means |
/// |---|---|
/// | `0.5` | the same for all |
/// | `[0.1, 0.2]` | one per neuron |
/// | `{ normal = { mean = 0.5, std = 0.1 } }` | drawn from a Gaussian |
/// | `{ uniform = { low = 0, high = 1 } }` | drawn from an interval |
/// | `{ lognormal = { mu = 0, sigma = 1 } }` | the exponential of a Gaussian |
/// | `{ file = { path = "x.npz", array = "v" } }` | one per neuron, from a file |
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// The same for all.
    Constant(f64),
    /// One per neuron; for maps in the order `[C, H, W]`.
    Each(Vec<f64>),
    /// Drawn for each.
    Drawn(Distribution),
    /// One per neuron, read from a file; for maps in the order `[C, H, W]`.
    File(ValueFile),
}

/// One value per neuron: an array of an `.npz` file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueFile {
    /// The file, relative to the folder of the description.
    pub path: PathBuf,
    /// Name of the array.
    pub array: String,
    /// Populations through which the array runs, one after the other; without it, it holds the
    /// values of this population alone.
    pub numbering: Option<Vec<String>>,
}

/// What the one key of a table may be.
#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum QuantityKey {
    Normal,
    Uniform,
    Lognormal,
    File,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Normal {
    mean: f64,
    std: f64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Uniform {
    low: f64,
    high: f64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Lognormal {
    mu: f64,
    sigma: f64,
}

struct QuantityVisitor;

impl<'de> Visitor<'de> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a list of numbers or a table such as { normal = { mean, std } }")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Quantity, E> {
        Ok(Quantity::Constant(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Quantity, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Quantity, E> {
        self.visit_f64(value as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Quantity, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Quantity::Each(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quantity, A::Error> {
        let one = || A::Error::custom("expected one of normal, uniform, lognormal, file");
        let quantity = match map.next_key()?.ok_or_else(one)? {
            QuantityKey::Normal => {
                let Normal { mean, std } = map.next_value()?;
                Quantity::Drawn(Distribution::Normal { mean, std })
            }
            QuantityKey::Uniform => {
                let Uniform { low, high } = map.next_value()?;
                Quantity::Drawn(Distribution::Uniform { low, high })
            }
            QuantityKey::Lognormal => {
                let Lognormal { mu, sigma } = map.next_value()?;
                Quantity::Drawn(Distribution::Lognormal { mu, sigma })
            }
            QuantityKey::File => Quantity::File(map.next_value()?),
        };
        match map.next_key::<QuantityKey>()? {
            None => Ok(quantity),
            Some(_) => Err(one()),
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}
