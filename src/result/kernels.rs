//! Which loops a simulation ran on, in words: nothing but its speed depends on them.

use serde::{Deserialize, Serialize};

/// The loops that a population and its synapses run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Kernels {
    /// Name of the population.
    pub population: String,
    /// How its neurons are updated; `None` if it is driven from outside.
    pub neurons: Option<String>,
    /// The projections into it.
    pub synapses: Vec<SynapseKernel>,
    /// Whether neurons are updated while their sums are still in a near cache, a panel of weights
    /// at a time.
    pub panelwise: bool,
}

impl Kernels {
    /// Of a population.
    #[must_use]
    pub fn new(population: &str, neurons: Option<&str>) -> Self {
        Kernels {
            population: population.to_owned(),
            neurons: neurons.map(str::to_owned),
            synapses: Vec::new(),
            panelwise: false,
        }
    }
}

/// The loop of a projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SynapseKernel {
    /// Name of the population it comes from.
    pub source: String,
    /// How its synapses are summed.
    pub kernel: String,
}
