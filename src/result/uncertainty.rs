//! How totals follow the figures of a cost table, one at a time and all at random.

use super::{NumberFormat, Scope, Workload};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// A total with one figure at its bounds and all others nominal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Swing {
    /// The figure, `section.key`.
    pub figure: String,
    /// Its value as the cost table writes it.
    pub written: Range,
    /// Its unit.
    pub unit: String,
    /// Energy per inference with the figure at its lower bound [J].
    pub at_low_j: f64,
    /// Energy per inference with the figure at its upper bound [J].
    pub at_high_j: f64,
    /// How the figure was checked.
    pub confidence: String,
    /// Whether nobody has checked the figure against its source, or it is an assumption.
    #[serde(default)]
    pub unverified: bool,
}

/// How the total of a target follows each of its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sensitivity {
    /// Name of the target.
    pub target: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Its number format; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<NumberFormat>,
    /// Inferences that run together.
    pub batch: u64,
    /// What the energies include.
    pub scope: Scope,
    /// Energy per inference with every figure nominal [J].
    pub nominal_j: f64,
    /// The figures, largest swing first.
    pub swings: Vec<Swing>,
}

/// Quantiles of an energy [J] over random figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Quantiles {
    /// 5 % of the draws lie below.
    pub q05: f64,
    /// 25 %.
    pub q25: f64,
    /// Half.
    pub q50: f64,
    /// 75 %.
    pub q75: f64,
    /// 95 %.
    pub q95: f64,
    /// Mean of the draws.
    pub mean: f64,
}

impl Quantiles {
    /// Quantiles of values: linear between the nearest two. `None` without values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let below = place.floor() as usize;
            let above = (below + 1).min(last);
            values[below] + (values[above] - values[below]) * (place - below as f64)
        };
        Some(Quantiles {
            q05: at(0.05),
            q25: at(0.25),
            q50: at(0.5),
            q75: at(0.75),
            q95: at(0.95),
            mean: values.iter().sum::<f64>() / values.len() as f64,
        })
    }
}

/// How the energy of a target spreads under random figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EnergyDistribution {
    /// Name of the target.
    pub target: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Its number format; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<NumberFormat>,
    /// Inferences that run together.
    pub batch: u64,
    /// In each scope, in the order of [`Scope::ALL`]; `None` if unknown.
    pub scopes: [Option<Quantiles>; 3],
}

impl EnergyDistribution {
    /// Quantiles in a scope.
    #[must_use]
    pub fn get(&self, scope: Scope) -> Option<Quantiles> {
        self.scopes[scope as usize]
    }
}

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MonteCarlo {
    /// Number of draws, at least 1.
    pub draws: u64,
    /// Seed of the draws.
    pub seed: u64,
    /// Whether all figures of a draw are favourable or unfavourable together; else each is drawn by
    /// itself, which understates the spread where one source errs in one direction.
    pub correlated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_quantiles() {
        let quantiles = Quantiles::of((0..=100).rev().map(f64::from).collect()).expect("values");
        assert_eq!(
            (quantiles.q05, quantiles.q50, quantiles.q95),
            (5.0, 50.0, 95.0)
        );
        assert_eq!(quantiles.mean, 50.0);
        assert_eq!(Quantiles::of(vec![]), None);
    }
}
