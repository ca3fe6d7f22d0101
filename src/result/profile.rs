//! How a run spreads over layers, timesteps and neurons.

use super::Roof;
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// What a run did and paid where and when.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Profile {
    /// How differently the neurons of each population fire.
    pub rates: Vec<RateSpread>,
    /// Energy against the number of timesteps, per spiking target.
    pub timesteps: Vec<TimeCurve>,
    /// Energy of each layer, per spiking target.
    pub layers: Vec<LayerBill>,
    /// What conventional targets can reach and what the network reaches there.
    pub roofs: Vec<Roof>,
}

impl Profile {
    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Profile::default()
    }
}

/// Shares of neurons of [`RateSpread::quantiles`].
pub const RATE_SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// Mean rates of the neurons of a population over all samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RateSpread {
    /// Name of the population.
    pub population: String,
    /// Number of neurons.
    pub neurons: u64,
    /// Share of neurons that never fire on any sample, 0 to 1.
    pub silent: f64,
    /// Rate [spikes per timestep] that the shares [`RATE_SHARES`] of neurons do not exceed: the
    /// smallest, the quartiles and the largest among them.
    pub quantiles: [f64; RATE_SHARES.len()],
}

impl RateSpread {
    /// Sorts the spikes of the neurons of a population, summed over `observed` timesteps of all
    /// samples together; `None` without neurons or timesteps.
    #[must_use]
    pub fn of(population: &str, spikes: &[u64], observed: u64) -> Option<Self> {
        let last = spikes.len().checked_sub(1).filter(|_| observed > 0)?;
        let mut sorted = spikes.to_vec();
        sorted.sort_unstable();
        let silent = sorted.partition_point(|&spikes| spikes == 0);
        let rate = |share: f64| {
            // The smallest neuron that so many do not exceed.
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted[rank.saturating_sub(1).min(last)] as f64 / observed as f64
        };
        Some(RateSpread {
            population: population.to_owned(),
            neurons: sorted.len() as u64,
            silent: silent as f64 / sorted.len() as f64,
            quantiles: RATE_SHARES.map(rate),
        })
    }
}

/// Energy of the spiking network if it stopped after some timesteps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TimePoint {
    /// Timesteps.
    pub timesteps: u32,
    /// Energy per inference [J] in each scope, in the order of [`Scope::ALL`]; `None` if unknown.
    pub energy_j: [Option<Range>; 3],
}

/// Energy of the spiking network on one target against its timesteps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TimeCurve {
    /// Name of the target.
    pub target: String,
    /// By rising timesteps, the last one those of the run.
    pub points: Vec<TimePoint>,
}

/// Nominal energy per inference on one target by the population whose events it is spent on: the
/// synapses into it, its updates, its spikes and the packets it sends. Sums to the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LayerBill {
    /// Name of the target.
    pub target: String,
    /// Populations in the order of the network: name and dynamic energy [J].
    pub layers: Vec<(String, f64)>,
    /// Dynamic energy that no population has to itself [J].
    pub common_j: f64,
    /// What the device draws whether anything happens or not [J].
    pub static_j: f64,
}

impl LayerBill {
    /// Every part with its energy [J]: populations, what they have in common, static.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, f64)> {
        let rest = [
            ("common to all layers".to_owned(), self.common_j),
            ("static".to_owned(), self.static_j),
        ];
        let layers = self.layers.iter().cloned();
        layers
            .chain(rest)
            .filter(|(_, joules)| *joules > 0.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_quantiles_of_rates() {
        // Ten neurons, 10 timesteps: 0, 0, 1 … 8 spikes.
        let spikes = [8, 0, 1, 2, 3, 0, 4, 5, 6, 7];
        let spread = RateSpread::of("p", &spikes, 10).unwrap();
        assert_eq!(spread.silent, 0.2);
        assert_eq!(spread.quantiles, [0.0, 0.0, 0.1, 0.3, 0.6, 0.8, 0.8]);
        assert_eq!(RateSpread::of("p", &[], 10), None);
        assert_eq!(RateSpread::of("p", &[1], 0), None);
    }
}
