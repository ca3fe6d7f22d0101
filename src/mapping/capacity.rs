//! What a chip has room for.

use super::Mesh;

/// What one neurocore holds and how many of them there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Neurons of a core.
    pub neurons_per_core: u64,
    /// Synaptic memory of a core [bit].
    pub synaptic_memory_bits: u64,
    /// Memory of one synapse [bit].
    pub weight_bits: u64,
    /// Whether a core stores a kernel once for all positions of the maps it holds; if not, each
    /// synapse of a convolution is stored.
    pub shared_kernels: bool,
    /// Distinct presynaptic neurons that reach a core.
    pub fan_in_axons_per_core: u64,
    /// (neuron, destination core) pairs that leave a core.
    pub fan_out_axons_per_core: u64,
    /// Longest delay of a synapse [timesteps]; `None` if it is not known.
    pub max_delay: Option<u32>,
    /// Tiles and cores.
    pub mesh: Mesh,
    /// Chips that may be used.
    pub chips: u64,
}
