//! The native description of a network: populations and projections with connection rules, in TOML.
//!
//! ```
//! use spikewatt::formats::native::Description;
//! let description = Description::parse(r#"
//!     simulation = { dt_s = 1e-4, duration_s = 1.0, seed = 1 }
//!
//!     [[populations]]
//!     name = "excitatory"
//!     size = 80
//!     neuron = { model = "lif", tau = 20e-3, v_threshold = 20.0, input = "delta" }
//!     poisson = { rate_hz = 20e3, weight = 0.1 }
//!
//!     [[populations]]
//!     name = "inhibitory"
//!     like = "excitatory"
//!     size = 20
//!
//!     [[projections]]
//!     source = "excitatory"
//!     target = ["excitatory", "inhibitory"]
//!     rule = { fixed_indegree = 8 }
//!     weight = 0.1
//!     delay_s = 1.5e-3
//! "#.as_bytes(), "network.toml".as_ref())?;
//! let built = description.build(description.simulation.seed)?;
//! assert_eq!(built.network.populations.len(), 2);
//! assert_eq!(built.network.projections[1].connectivity.synapses(), 8 * 20);
//! # Ok::<(), spikewatt::formats::native::NativeError>(())
//! ```
//!
//! | key | meaning |
//! |---|---|
//! | `simulation` | [`SimulationTable`]: `dt_s`, `timesteps` or `duration_s`, `seed`, `preset`, `max_memory_bytes` |
//! | `populations` | [`PopulationTable`]: `name`, `size` or `shape`, `neuron`, `bias`, `poisson`, `like` |
//! | `projections` | [`ProjectionTable`]: `source`, `target`, `rule`, `weight`, `delay_s`, `allow_autapses`, `allow_multapses` |
//!
//! Populations keep their order; a projection from a list or to a list is one for each pair, which
//! draws its own synapses. Numbers may be stated, listed, drawn or read from a file ([`Quantity`]).
//! The same seed gives the same network at any number of threads.

mod arrays;
mod build;
mod description;
mod problem;
mod projections;
mod quantity;
mod synapses;

pub use description::{
    Description, Names, NeuronTable, PoissonTable, PopulationTable, ProjectionTable, RuleTable,
    SimulationTable, SynapseFile,
};
pub use problem::{NativeError, NativeProblem};
pub use quantity::{Quantity, ValueFile};

use crate::network::Network;
use std::path::Path;

/// Largest description [B]; more numbers than that belong into an `.npz` file.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A network that was built from its description.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeNetwork {
    /// The network; populations in the order of the file.
    pub network: Network,
    /// Length of a timestep [s].
    pub dt_s: f64,
    /// Number of timesteps, if the file states it.
    pub timesteps: Option<u32>,
    /// The seed that it was drawn with.
    pub seed: u64,
    /// What a reader should know: what was rounded, raised or left out.
    pub notes: Vec<String>,
}

/// Reads a description and builds its network with the seed that it states.
///
/// # Errors
/// The file, the key, and what is wrong.
pub fn read(path: &Path) -> Result<NativeNetwork, NativeError> {
    let description = Description::load(path)?;
    description.build(description.simulation.seed)
}

impl Description {
    /// Reads a description without building anything.
    ///
    /// # Errors
    /// If the file cannot be read or is no description; the message names the line.
    pub fn load(path: &Path) -> Result<Self, NativeError> {
        let bytes = arrays::read_file(path, MAX_FILE_BYTES)
            .map_err(NativeProblem::Read)
            .map_err(|problem| problem.of(path))?;
        Self::parse(&bytes, path)
    }

    /// Parses the bytes of a description that stands at `path`.
    ///
    /// # Errors
    /// If they are no description; the message names the line.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, NativeError> {
        let mut description: Description =
            toml::from_slice(bytes).map_err(|error| NativeProblem::Toml(error).of(path))?;
        description.path = path.to_path_buf();
        Ok(description)
    }
}
