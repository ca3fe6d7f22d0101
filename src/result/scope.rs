//! What a figure includes: three cumulative scopes, and only figures of one scope are compared.

use serde::{Deserialize, Serialize};

/// What an energy figure includes, each scope holding those before it. Figures of different scopes
/// are never compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Arithmetic alone: additions and multiplications.
    Compute,
    /// And reading and writing weights, potentials and activations, control, packets and hops:
    /// everything that is paid per event.
    MemoryRouting,
    /// And idle power, encoding, host and I/O: everything the device draws.
    System,
}

impl Scope {
    /// Every scope, narrow to wide.
    pub const ALL: [Scope; 3] = [Scope::Compute, Scope::MemoryRouting, Scope::System];

    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Scope::Compute => "Compute only",
            Scope::MemoryRouting => "With memory and routing",
            Scope::System => "With idle power, encoding, host and I/O",
        }
    }

    /// Name for the head of a narrow column.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Scope::Compute => "compute",
            Scope::MemoryRouting => "+ memory",
            Scope::System => "+ system",
        }
    }

    /// Name in keys and columns of files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Scope::Compute => "compute",
            Scope::MemoryRouting => "memory_routing",
            Scope::System => "system",
        }
    }

    /// What the figures include.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Scope::Compute => "additions and multiplications alone",
            Scope::MemoryRouting => "everything paid per event, no idle power",
            Scope::System => "the whole device",
        }
    }
}

/// What one cost pays for: the narrowest scope that holds all of it, and whether it also pays for
/// things of a narrower scope that its source does not split off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Bill {
    /// Narrowest scope that holds all of the cost.
    pub scope: Scope,
    /// Whether narrower scopes are inside, too: they are then unknown.
    pub undivided: bool,
}

impl Bill {
    /// Arithmetic and nothing else.
    pub const COMPUTE: Bill = Bill::only(Scope::Compute);
    /// Memory accesses, packets, hops and nothing else.
    pub const MEMORY_ROUTING: Bill = Bill::only(Scope::MemoryRouting);
    /// An event of a device as published: its arithmetic together with the memory it touches.
    pub const EVENT: Bill = Bill::undivided(Scope::MemoryRouting);
    /// Idle power, encoding, host, I/O and nothing else.
    pub const SYSTEM: Bill = Bill::only(Scope::System);
    /// Everything the device draws in one figure.
    pub const ALL_IN: Bill = Bill::undivided(Scope::System);

    const fn only(scope: Scope) -> Self {
        Bill {
            scope,
            undivided: false,
        }
    }

    const fn undivided(scope: Scope) -> Self {
        Bill {
            scope,
            undivided: true,
        }
    }
}
