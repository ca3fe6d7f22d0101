//! What sort of device a target is, and what its table was taken from.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Classes that a comparison names; the key `class` of a device file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DeviceClass {
    /// Event-driven chip.
    Neuromorphic,
    /// Microcontroller: memory on the chip, milliwatts.
    Microcontroller,
    /// Small accelerator of conventional networks.
    EdgeAccelerator,
    /// Graphics processor of an embedded module.
    EdgeGpu,
    /// General-purpose processor.
    Cpu,
    /// Graphics card of a server or desktop.
    DatacentreGpu,
    /// Arithmetic and memory of a circuit, without a device around it.
    Circuit,
}

impl DeviceClass {
    /// All of them.
    pub const ALL: [DeviceClass; 7] = [
        DeviceClass::Neuromorphic,
        DeviceClass::Microcontroller,
        DeviceClass::EdgeAccelerator,
        DeviceClass::EdgeGpu,
        DeviceClass::Cpu,
        DeviceClass::DatacentreGpu,
        DeviceClass::Circuit,
    ];

    /// Name in files and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            DeviceClass::Neuromorphic => "neuromorphic",
            DeviceClass::Microcontroller => "microcontroller",
            DeviceClass::EdgeAccelerator => "edge-accelerator",
            DeviceClass::EdgeGpu => "edge-gpu",
            DeviceClass::Cpu => "cpu",
            DeviceClass::DatacentreGpu => "datacentre-gpu",
            DeviceClass::Circuit => "circuit",
        }
    }

    /// Name to print.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            DeviceClass::EdgeAccelerator => "edge accelerator",
            DeviceClass::EdgeGpu => "edge GPU",
            DeviceClass::Cpu => "CPU",
            DeviceClass::DatacentreGpu => "GPU",
            other => other.key(),
        }
    }
}

impl fmt::Display for DeviceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// What a figure, or most figures of a table, were taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Circuit or layout simulation before the chip existed.
    PreSilicon,
    /// Regression on measured boards.
    SiliconFit,
    /// Slope of measured power over activity.
    Incremental,
    /// Total power over events at one operating point: static power and all else are inside.
    AllIn,
    /// A meter.
    Measured,
    /// Statement of the vendor.
    Vendor,
    /// Published by others than the vendor or the authors of a measurement.
    Literature,
    /// Assumed by the table.
    Assumed,
}

impl Basis {
    /// How far the evidence is from the chip: of two tables of one chip, the lower rank decides.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Basis::Measured => 0,
            Basis::SiliconFit => 1,
            Basis::AllIn | Basis::Incremental => 2,
            Basis::Vendor => 3,
            Basis::Literature => 4,
            Basis::PreSilicon => 5,
            Basis::Assumed => 6,
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Basis::PreSilicon => "pre-silicon",
            Basis::SiliconFit => "silicon fit",
            Basis::Incremental => "incremental",
            Basis::AllIn => "all-in",
            Basis::Measured => "measured",
            Basis::Vendor => "vendor statement",
            Basis::Literature => "literature",
            Basis::Assumed => "assumed",
        })
    }
}

/// Whether one inference follows another alone, or many run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// One at a time: as they come, or back to back.
    Streaming,
    /// As many together as pays.
    Throughput,
}

impl Condition {
    /// Name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Condition::Streaming => "streaming",
            Condition::Throughput => "throughput",
        }
    }
}

/// Whether a device can do what is asked, as far as its table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Feasible {
    /// Everything that is asked is known to hold.
    Yes,
    /// Something is known not to.
    No,
    /// The table lacks a figure to tell.
    #[default]
    Unknown,
}

impl Feasible {
    /// Name in files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Feasible::Yes => "yes",
            Feasible::No => "no",
            Feasible::Unknown => "unknown",
        }
    }
}

/// How often a constant input current is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FirstLayer {
    /// Once per inference; the current is kept.
    #[default]
    Once,
    /// Anew in each timestep.
    EachStep,
}

impl FirstLayer {
    /// Name in files and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            FirstLayer::Once => "once",
            FirstLayer::EachStep => "each-step",
        }
    }
}
