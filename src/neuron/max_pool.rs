//! Spiking max pooling.

use serde::{Deserialize, Serialize};

/// How spikes pass through a max-pooling window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxPoolRule {
    /// The spikes of the input that has spiked most often so far pass, of equals the first one's.
    /// Source: Rueckauer et al. 2017, section 2.2.5.
    Gate,
    /// A spike leaves whenever the largest cumulative count of the window grows, so the number of
    /// output spikes equals the largest number of input spikes exactly.
    CumulativeMax,
}

/// Spiking max pooling; the windows are those of the projection into the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool {
    /// The rule.
    pub rule: MaxPoolRule,
}
