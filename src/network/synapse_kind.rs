//! How a chip stores a synapse, which decides what an operation through it costs.

/// Kind of a synapse as cost tables distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SynapseKind {
    /// All synapses of a matrix, each with a weight of its own.
    Dense,
    /// Synapses listed one by one.
    Sparse,
    /// Synapses that share the weights of a kernel.
    Conv,
}

impl SynapseKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [SynapseKind; 3] = [SynapseKind::Dense, SynapseKind::Sparse, SynapseKind::Conv];

    /// Name in tables: `dense`, `sparse` or `conv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SynapseKind::Dense => "dense",
            SynapseKind::Sparse => "sparse",
            SynapseKind::Conv => "conv",
        }
    }
}
