//! What a figure includes, circuits and devices told apart.

use super::{DeviceClass, Scope, TargetReport};
use serde::{Deserialize, Serialize};

/// Where the boundary of a figure runs: two figures meet only within the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Boundary {
    /// Additions and multiplications of a circuit.
    #[serde(rename = "circuit, operations")]
    CircuitOperations,
    /// And the memory that they touch.
    #[serde(rename = "circuit, operations + memory")]
    CircuitMemory,
    /// What a device pays per event.
    #[serde(rename = "device, active")]
    DeviceActive,
    /// Everything that a device draws, its host and idle power included.
    #[serde(rename = "device, total")]
    DeviceTotal,
}

impl Boundary {
    /// Name in files and to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Boundary::CircuitOperations => "circuit, operations",
            Boundary::CircuitMemory => "circuit, operations + memory",
            Boundary::DeviceActive => "device, active",
            Boundary::DeviceTotal => "device, total",
        }
    }

    /// Whether it is that of a circuit, where both sides are priced by the same table.
    #[must_use]
    pub fn is_circuit(self) -> bool {
        self < Boundary::DeviceActive
    }

    /// The column of a receipt that holds its figure.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Boundary::CircuitOperations => Scope::Compute,
            Boundary::CircuitMemory | Boundary::DeviceActive => Scope::MemoryRouting,
            Boundary::DeviceTotal => Scope::System,
        }
    }

    /// The boundary of a column of a target; `None` where it means nothing: operations of a device,
    /// or the whole of a circuit.
    #[must_use]
    pub fn of(target: &TargetReport, scope: Scope) -> Option<Boundary> {
        let all = [
            Boundary::CircuitOperations,
            Boundary::CircuitMemory,
            Boundary::DeviceActive,
            Boundary::DeviceTotal,
        ];
        let mut fitting = all.into_iter().filter(|one| one.scope() == scope);
        fitting.find(|one| one.is_of(target))
    }

    /// Whether a target has figures within it, by its class; a table that states no class is a circuit
    /// if it stops before the whole device.
    #[must_use]
    pub fn is_of(self, target: &TargetReport) -> bool {
        let circuit = match target.class {
            Some(class) => class == DeviceClass::Circuit,
            None => target.scope < Scope::System,
        };
        circuit == self.is_circuit()
    }
}
