//! Who takes part in a comparison, and on which terms.

use super::{
    Condition, DeviceClass, Evaluation, FirstLayer, Report, Scope, Share, TargetReport, Workload,
};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// Where the boundary of a figure runs: two figures meet only within the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// What holds for every contender of a report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// How far below the accuracy of the fp32 original a contender may be, 0 to 1.
    pub accuracy_tolerance: f64,
    /// How often a constant input is multiplied.
    pub first_layer: FirstLayer,
}

impl Terms {
    /// One percentage point.
    pub const TOLERANCE: f64 = 0.01;
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            accuracy_tolerance: Terms::TOLERANCE,
            first_layer: FirstLayer::default(),
        }
    }
}

/// How a network does beside the fp32 original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// Within the tolerance.
    Within {
        /// Accuracy, or agreement without labels.
        share: Share,
        /// Difference to the original.
        difference: Share,
        /// Whether a difference beyond the tolerance is not excluded by its interval.
        not_excluded: bool,
    },
    /// Below it.
    Below {
        /// Accuracy, or agreement without labels.
        share: Share,
        /// Difference to the original.
        difference: Share,
    },
    /// Not evaluated at this format, or nothing to compare with.
    NotEvaluated,
}

impl Standing {
    /// Judges an evaluation.
    #[must_use]
    pub fn of(evaluation: Option<&Evaluation>, tolerance: f64) -> Standing {
        let found = evaluation.and_then(|found| Some((found.share()?, found.difference()?)));
        let Some((share, difference)) = found else {
            return Standing::NotEvaluated;
        };
        // Counts of samples are whole: a tolerance that is met exactly is met.
        if difference.value < -tolerance - 1e-12 {
            return Standing::Below { share, difference };
        }
        Standing::Within {
            share,
            difference,
            not_excluded: difference.low < -tolerance,
        }
    }
}

/// A network at a number format on a table or device, under a condition, within a boundary.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// What it costs, and on what.
    pub target: &'a TargetReport,
    /// What its figure includes.
    pub boundary: Boundary,
    /// One inference at a time or many together.
    pub condition: Condition,
    /// Time from one inference to the next that idle power is paid for [s]; `None`: back to back.
    pub period_s: Option<f64>,
    /// How its network answers.
    pub standing: Standing,
    /// What holds for the report that it is from.
    pub terms: Terms,
}

impl<'a> Contender<'a> {
    /// A target of a report.
    #[must_use]
    pub fn new(
        report: &Report,
        target: &'a TargetReport,
        boundary: Boundary,
        condition: Condition,
    ) -> Self {
        let terms = report.terms.unwrap_or_default();
        let evaluation = report.evaluation_of(target);
        Contender {
            target,
            boundary,
            condition,
            period_s: report.usage.period_s,
            standing: Standing::of(evaluation, terms.accuracy_tolerance),
            terms,
        }
    }

    /// Energy per inference within the boundary [J]; `None` if it is not known.
    #[must_use]
    pub fn energy_j(&self) -> Option<Range> {
        self.target.scopes.get(self.boundary.scope()).known()
    }

    /// Whether it executes the spiking network.
    #[must_use]
    pub fn is_spiking(&self) -> bool {
        self.target.workload == Workload::Snn
    }

    /// Network, format and target: `SNN 8-bit on loihi1`.
    #[must_use]
    pub fn name(&self) -> String {
        let batch = match self.target.batch {
            1 => String::new(),
            batch => format!(", batch {batch}"),
        };
        let network = self.target.network_label();
        format!("{network} on {}{batch}", self.target.name)
    }
}
