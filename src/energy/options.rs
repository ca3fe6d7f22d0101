//! Assumptions of a price that are not properties of the device.

use super::HostExchange;
use crate::counts::NumberFormat;
use crate::result::{FirstLayer, MonteCarlo, Terms, Usage};

/// Assumptions of a price that are not properties of the device.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceOptions {
    /// Inferences that run together in the second report of a conventional device.
    pub large_batch: LargeBatch,
    /// Where and how often the devices work.
    pub usage: Usage,
    /// How to draw random figures; `None`: not at all.
    pub monte_carlo: Option<MonteCarlo>,
    /// How neurons are placed on chips with neurocores.
    pub placement: PlacementRule,
    /// When chips exchange data with their host; `None`: as their tables say.
    pub host: Option<HostExchange>,
    /// Exchange with the host in each timestep [s]; `None`: as the tables say.
    pub host_exchange_s: Option<f64>,
    /// How often a constant input current is multiplied, on every table alike.
    pub first_layer: FirstLayer,
    /// What a device has to keep to.
    pub limits: DeviceLimits,
    /// How far below the accuracy of the fp32 original a network may be and still be compared, 0 to 1.
    pub accuracy_tolerance: f64,
}

/// What a device has to keep to; nothing unless stated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DeviceLimits {
    /// Longest time from input to answer [s].
    pub latency_s: Option<f64>,
    /// Largest mean power while it works [W]; with a period, over the period.
    pub power_w: Option<f64>,
}

/// Inferences that run together where one asks for throughput.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum LargeBatch {
    /// The smallest power of two whose energy per inference is within 5 % of the least over all
    /// powers of two that fit the memory of the device, at most 65,536.
    #[default]
    Search,
    /// This many; 1 leaves the second report out.
    Of(u64),
    /// What a search found for each number format; a format that is not named has no second report.
    Each(Vec<(NumberFormat, u64)>),
}

/// How neurons are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlacementRule {
    /// In the order of the network.
    #[default]
    Greedy,
    /// The same cores moved by simulated annealing so that the links which the counted packets cross
    /// cost less energy ([`crate::mapping::optimise`]); where the price of a link is not known, all
    /// weigh alike.
    Annealing {
        /// Seed of the search.
        seed: u64,
    },
}

impl PriceOptions {
    /// With another second batch; 1 leaves it out.
    #[must_use]
    pub fn with_large_batch(self, large_batch: u64) -> Self {
        PriceOptions {
            large_batch: LargeBatch::Of(large_batch),
            ..self
        }
    }

    /// For devices that work elsewhere or more often.
    #[must_use]
    pub fn with_usage(self, usage: Usage) -> Self {
        PriceOptions { usage, ..self }
    }

    /// With figures drawn at random.
    #[must_use]
    pub fn with_monte_carlo(self, monte_carlo: MonteCarlo) -> Self {
        PriceOptions {
            monte_carlo: Some(monte_carlo),
            ..self
        }
    }

    /// With neurons placed by another rule.
    #[must_use]
    pub fn with_placement(self, placement: PlacementRule) -> Self {
        PriceOptions { placement, ..self }
    }

    /// With data exchanged with the host at other times than the tables say.
    #[must_use]
    pub fn with_host(self, host: HostExchange) -> Self {
        PriceOptions {
            host: Some(host),
            ..self
        }
    }

    /// With an exchange with the host in each timestep [s].
    #[must_use]
    pub fn with_host_exchange(self, host_exchange_s: f64) -> Self {
        PriceOptions {
            host_exchange_s: Some(host_exchange_s),
            ..self
        }
    }

    /// With a constant input multiplied as often as told.
    #[must_use]
    pub fn with_first_layer(self, first_layer: FirstLayer) -> Self {
        PriceOptions {
            first_layer,
            ..self
        }
    }

    /// With limits to keep to.
    #[must_use]
    pub fn with_limits(self, limits: DeviceLimits) -> Self {
        PriceOptions { limits, ..self }
    }
}

impl Default for PriceOptions {
    fn default() -> Self {
        PriceOptions {
            large_batch: LargeBatch::default(),
            usage: Usage::default(),
            monte_carlo: None,
            placement: PlacementRule::Greedy,
            host: None,
            host_exchange_s: None,
            first_layer: FirstLayer::default(),
            limits: DeviceLimits::default(),
            accuracy_tolerance: Terms::TOLERANCE,
        }
    }
}
