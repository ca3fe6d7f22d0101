//! How close a network comes to what a conventional device could reach.

use super::Workload;
use serde::{Deserialize, Serialize};

/// What a conventional device can reach and what the network reaches on it, at nominal figures. A
/// multiply-accumulate is two operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Roof {
    /// Name of the target.
    pub target: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Inferences that run together.
    pub batch: u64,
    /// Peak rate times the share of it that networks reach at this batch [op/s].
    pub compute_ops_per_s: f64,
    /// Bandwidth times the share of it that networks reach [B/s].
    pub memory_bytes_per_s: f64,
    /// Operations per inference.
    pub operations: f64,
    /// Bytes per inference: activations, and its part of the weights, which a batch reads once.
    pub bytes: f64,
    /// Time per inference, launches and host included [s].
    pub time_s: f64,
    /// Where the figures come from.
    pub sources: Vec<String>,
    /// Whether any of them was never checked against its source.
    pub unverified: bool,
}

/// Which roof lies above a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The rate of operations.
    Compute,
    /// The bandwidth.
    Memory,
}

impl Limit {
    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Limit::Compute => "compute",
            Limit::Memory => "memory",
        }
    }
}

impl Roof {
    /// Operations per byte of the network.
    #[must_use]
    pub fn intensity(&self) -> f64 {
        self.operations / self.bytes
    }

    /// What the device can reach at some operations per byte [op/s].
    ///
    /// Source: Williams, Waterman, Patterson, Roofline, Commun. ACM 52(4), 2009.
    #[must_use]
    pub fn attainable_ops_per_s(&self, intensity: f64) -> f64 {
        self.compute_ops_per_s
            .min(self.memory_bytes_per_s * intensity)
    }

    /// Operations per byte from which on bandwidth is no limit.
    #[must_use]
    pub fn ridge(&self) -> f64 {
        self.compute_ops_per_s / self.memory_bytes_per_s
    }

    /// What the network reaches [op/s].
    #[must_use]
    pub fn achieved_ops_per_s(&self) -> f64 {
        self.operations / self.time_s
    }

    /// The roof above the network.
    #[must_use]
    pub fn limit(&self) -> Limit {
        if self.intensity() < self.ridge() {
            Limit::Memory
        } else {
            Limit::Compute
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_roofs() {
        let roof = Roof {
            target: "device".to_owned(),
            workload: Workload::Ann,
            batch: 1,
            compute_ops_per_s: 1000.0,
            memory_bytes_per_s: 100.0,
            operations: 80.0,
            bytes: 40.0,
            time_s: 0.5,
            sources: Vec::new(),
            unverified: false,
        };
        assert_eq!((roof.intensity(), roof.ridge()), (2.0, 10.0));
        assert_eq!(roof.attainable_ops_per_s(roof.intensity()), 200.0);
        assert_eq!(roof.attainable_ops_per_s(50.0), 1000.0);
        assert_eq!(roof.achieved_ops_per_s(), 160.0);
        assert_eq!(roof.limit(), Limit::Memory);
    }
}
