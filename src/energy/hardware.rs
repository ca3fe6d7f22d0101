//! A device as data, and the one place where units are read.

use super::Law;
use crate::digest::sha256_hex;
use crate::result::{Basis, Condition, DeviceClass, NumberFormat};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What sort of device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Event-driven chip.
    Neuromorphic,
    /// Graphics processor.
    Gpu,
    /// General-purpose processor.
    Cpu,
    /// Small device: board, module or microcontroller.
    Edge,
    /// Other arithmetic.
    Accelerator,
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeviceKind::Neuromorphic => "neuromorphic",
            DeviceKind::Gpu => "gpu",
            DeviceKind::Cpu => "cpu",
            DeviceKind::Edge => "edge",
            DeviceKind::Accelerator => "accelerator",
        })
    }
}

/// How a figure was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Read in the primary source.
    Verified,
    /// Read in a source that quotes the primary one.
    Secondary,
    /// Worked out from other figures, as the note says.
    Derived,
    /// Not checked against a source, or assumed: reported as unverified.
    #[serde(alias = "assumed")]
    Memory,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Verified => "verified",
            Confidence::Secondary => "secondary",
            Confidence::Derived => "derived",
            Confidence::Memory => "unverified",
        })
    }
}

/// What a figure says about a device: the section of the table that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureSection {
    /// Room on the device. Whole numbers: no matter of chance, and other room is another placement.
    Capacity,
    /// Energy of an event.
    Energy,
    /// Time of an event.
    Latency,
    /// Time of the barrier at the end of a timestep, from a number of tiles on.
    BarrierSync {
        /// Fewest tiles in use for which it holds.
        tiles: usize,
    },
    /// Power.
    Power,
    /// Peak rate of operations.
    Compute,
    /// Bandwidth.
    Bandwidth,
    /// Share of a peak that is reached.
    Efficiency,
    /// Share of the span between idle and largest power that is drawn.
    PowerShare,
    /// Rate of events.
    Rate,
    /// Published, but not computed with.
    Info,
}

impl FigureSection {
    /// Whether a larger value makes a device cheaper.
    #[must_use]
    pub fn larger_is_cheaper(self) -> bool {
        match self {
            FigureSection::Compute | FigureSection::Bandwidth | FigureSection::Efficiency => true,
            FigureSection::Capacity
            | FigureSection::Energy
            | FigureSection::Latency
            | FigureSection::BarrierSync { .. }
            | FigureSection::Power
            | FigureSection::PowerShare
            | FigureSection::Rate
            | FigureSection::Info => false,
        }
    }

    /// Unit of its figures in SI, as device files write it; whole numbers have several.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self.quantity() {
            FigureQuantity::Energy => "J",
            FigureQuantity::Time => "s",
            FigureQuantity::Power => "W",
            FigureQuantity::Operations => "Mop/s",
            FigureQuantity::Bytes => "MB/s",
            FigureQuantity::Count | FigureQuantity::Any => "1",
            FigureQuantity::Fraction if self == FigureSection::PowerShare => "of span",
            FigureQuantity::Fraction => "of peak",
            FigureQuantity::Rate => "1/s",
        }
    }

    /// What its figures measure.
    pub(super) fn quantity(self) -> FigureQuantity {
        match self {
            FigureSection::Capacity => FigureQuantity::Count,
            FigureSection::Energy => FigureQuantity::Energy,
            FigureSection::Latency | FigureSection::BarrierSync { .. } => FigureQuantity::Time,
            FigureSection::Power => FigureQuantity::Power,
            FigureSection::Compute => FigureQuantity::Operations,
            FigureSection::Bandwidth => FigureQuantity::Bytes,
            FigureSection::Efficiency | FigureSection::PowerShare => FigureQuantity::Fraction,
            FigureSection::Rate => FigureQuantity::Rate,
            FigureSection::Info => FigureQuantity::Any,
        }
    }
}

/// One figure of a cost table.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Where it stands in the table.
    pub section: FigureSection,
    /// The value in SI units: J, s, W, op/s, B/s, a number or a fraction.
    pub value: Range,
    /// The value as the file writes it.
    pub written: Range,
    /// The unit as the file writes it.
    pub unit: String,
    /// Full citation.
    pub source: String,
    /// How it was checked.
    pub confidence: Confidence,
    /// What it was taken from; `None` if the table does not say.
    pub basis: Option<Basis>,
    /// What a reader should know about it.
    pub note: Option<String>,
}

impl Figure {
    /// Whether nobody has checked it against a source, or it is an assumption.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        self.confidence == Confidence::Memory || self.basis == Some(Basis::Assumed)
    }
}

/// What a spike carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpikeFormat {
    /// Nothing but that it happened.
    Binary,
    /// A value of so many bits, its sign included.
    Graded(u8),
}

impl FromStr for SpikeFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let graded = |text: &str| text.strip_prefix("graded-")?.parse().ok();
        match text {
            "binary" => Ok(SpikeFormat::Binary),
            text => graded(text)
                .filter(|bits| (2..=32).contains(bits))
                .map(SpikeFormat::Graded)
                .ok_or_else(|| {
                    format!("\"{text}\" is no spike format; use binary or graded-2 to graded-32")
                }),
        }
    }
}

impl fmt::Display for SpikeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpikeFormat::Binary => f.write_str("binary"),
            SpikeFormat::Graded(bits) => write!(f, "graded-{bits}"),
        }
    }
}

/// When a device exchanges data with its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostExchange {
    /// In each timestep, and once per sample.
    PerStep,
    /// Once per sample: input in, answer out.
    PerSample,
    /// Never: the sensor is on the chip, or events stream into it while it works.
    Streamed,
}

impl HostExchange {
    /// All of them, with one sentence.
    pub const ALL: [(&str, HostExchange, &str); 3] = [
        (
            "per-step",
            HostExchange::PerStep,
            "in each timestep, and once per sample",
        ),
        (
            "per-sample",
            HostExchange::PerSample,
            "once per sample: input in, answer out",
        ),
        (
            "streamed",
            HostExchange::Streamed,
            "never: events stream into the chip while it works",
        ),
    ];

    /// Name in files and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

/// Figures that any device may state, whatever its law: what host, waiting and room are judged by.
pub const COMMON: [&str; 15] = [
    "capacity.memory",
    "capacity.flash",
    "capacity.ram",
    "capacity.fan_in",
    "capacity.fan_out",
    "capacity.outputs",
    "capacity.neurons_per_chip",
    "capacity.synapses_per_chip",
    "capacity.chips_built",
    "latency.host_step",
    "latency.host_sample",
    "power.host",
    "power.sleep",
    "power.idle",
    "power.idle_context",
];

/// A device: its figures and the law that prices with them.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// Name, as on the command line.
    pub name: String,
    /// Name to print.
    pub title: String,
    /// Sort of device.
    pub kind: DeviceKind,
    /// Year of the device or of its figures, if it is known.
    pub year: Option<u16>,
    /// Feature size [nm], if it is published.
    pub process_nm: Option<f64>,
    /// What the figures are based on.
    pub basis: String,
    /// What most of them were taken from, if the table says.
    pub stated: Option<Basis>,
    /// Class that comparisons name; `None` if the table does not say.
    pub class: Option<DeviceClass>,
    /// The chip that the table describes: tables of one chip are alternatives.
    pub chip: String,
    /// Number formats that the device computes with (of a spiking chip: its weights), the first
    /// preferred; empty if the table does not say.
    pub formats: Vec<NumberFormat>,
    /// What a spike carries; `None` if the table does not say.
    pub spike: Option<SpikeFormat>,
    /// When the device exchanges data with its host; `None` if the table does not say.
    pub host: Option<HostExchange>,
    /// The condition that its figures were measured under, if they hold under no other.
    pub condition: Option<Condition>,
    /// Whether a neurocore stores the kernel of a convolution once for all its positions.
    pub shared_kernels: bool,
    /// The cost law.
    pub law: &'static Law,
    /// Figures by `section.key`.
    pub figures: BTreeMap<String, Figure>,
    /// Published figures that the law does not read, as written.
    pub info: BTreeMap<String, Figure>,
}

impl Hardware {
    /// SHA-256 of the law and all figures in force, inherited ones included: two tables with the
    /// same fingerprint give the same prices.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut text = format!(
            "{} {} {} {} {:?} {:?} {:?} {:?}\n",
            self.name,
            self.law.name,
            self.shared_kernels,
            self.chip,
            self.class,
            self.formats,
            self.spike,
            self.host
        );
        for (key, figure) in &self.figures {
            let Range { low, nominal, high } = figure.value;
            text += &format!("{key} {low:?} {nominal:?} {high:?} {}\n", figure.source);
        }
        sha256_hex(text.as_bytes())
    }

    /// Number of figures that the law reads and that are assumed or were never checked.
    #[must_use]
    pub fn unverified(&self) -> usize {
        let figures = self.figures.values();
        figures.filter(|figure| figure.is_unverified()).count()
    }

    /// Figures that the law can read and the table does not have.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.law
            .figures()
            .filter(|key| match key.strip_suffix('*') {
                Some(section) => !self.figures.keys().any(|have| have.starts_with(section)),
                None => !self.figures.contains_key(*key),
            })
            .collect()
    }
}

/// What the figures of a section measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FigureQuantity {
    Energy,
    Time,
    Power,
    Operations,
    Bytes,
    Count,
    Fraction,
    Rate,
    /// Not computed with.
    Any,
}

/// Units that may be written, with the power of ten that leads to SI.
const UNITS: [(&str, FigureQuantity, i32); 41] = [
    ("fJ", FigureQuantity::Energy, -15),
    ("pJ", FigureQuantity::Energy, -12),
    ("nJ", FigureQuantity::Energy, -9),
    ("uJ", FigureQuantity::Energy, -6),
    ("mJ", FigureQuantity::Energy, -3),
    ("J", FigureQuantity::Energy, 0),
    ("ps", FigureQuantity::Time, -12),
    ("ns", FigureQuantity::Time, -9),
    ("us", FigureQuantity::Time, -6),
    ("ms", FigureQuantity::Time, -3),
    ("s", FigureQuantity::Time, 0),
    ("uW", FigureQuantity::Power, -6),
    ("mW", FigureQuantity::Power, -3),
    ("W", FigureQuantity::Power, 0),
    ("Mop/s", FigureQuantity::Operations, 6),
    ("Gop/s", FigureQuantity::Operations, 9),
    ("Top/s", FigureQuantity::Operations, 12),
    ("MB/s", FigureQuantity::Bytes, 6),
    ("GB/s", FigureQuantity::Bytes, 9),
    ("TB/s", FigureQuantity::Bytes, 12),
    ("neurons", FigureQuantity::Count, 0),
    ("axons", FigureQuantity::Count, 0),
    ("cores", FigureQuantity::Count, 0),
    ("tiles", FigureQuantity::Count, 0),
    ("chips", FigureQuantity::Count, 0),
    ("timesteps", FigureQuantity::Count, 0),
    ("bit", FigureQuantity::Count, 0),
    ("kbit", FigureQuantity::Count, 3),
    ("synapses", FigureQuantity::Count, 0),
    ("outputs", FigureQuantity::Count, 0),
    ("B", FigureQuantity::Count, 0),
    ("kB", FigureQuantity::Count, 3),
    ("MB", FigureQuantity::Count, 6),
    ("GB", FigureQuantity::Count, 9),
    ("of peak", FigureQuantity::Fraction, 0),
    ("of span", FigureQuantity::Fraction, 0),
    ("1", FigureQuantity::Fraction, 0),
    ("1/s", FigureQuantity::Rate, 0),
    ("k/s", FigureQuantity::Rate, 3),
    ("M/s", FigureQuantity::Rate, 6),
    ("G/s", FigureQuantity::Rate, 9),
];

/// Power of ten that turns `unit` into SI, or the units that would do.
pub(super) fn exponent(unit: &str, quantity: FigureQuantity) -> Result<i32, String> {
    if quantity == FigureQuantity::Any {
        return Ok(0);
    }
    let fitting = || UNITS.iter().filter(|(_, q, _)| *q == quantity);
    fitting()
        .find(|(name, _, _)| *name == unit)
        .map(|(_, _, exponent)| *exponent)
        .ok_or_else(|| {
            let names: Vec<&str> = fitting().map(|(name, _, _)| *name).collect();
            names.join(", ")
        })
}

/// `value · 10^exponent`, rounded once.
pub(super) fn scale(value: f64, exponent: i32) -> f64 {
    let factor = 10f64.powi(exponent.abs());
    if exponent < 0 {
        value / factor
    } else {
        value * factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_values_are_the_nearest_ones() {
        assert_eq!(scale(51.2, -12), 51.2e-12);
        assert_eq!(scale(0.3, -12), 0.3e-12);
        assert_eq!(scale(19.5, 12), 19.5e12);
    }

    #[test]
    fn a_unit_of_the_wrong_kind_is_refused_with_those_that_fit() {
        assert_eq!(exponent("ns", FigureQuantity::Time), Ok(-9));
        let fitting = exponent("ns", FigureQuantity::Power).expect_err("a time is no power");
        assert_eq!(fitting, "uW, mW, W");
    }
}
