//! Published measurements as data.

use crate::energy::{HostExchange, NumberFormat};
use crate::units::Range;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Measurements of one device (`data/validation/NAME.toml`), and what was fitted on them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Name of the device.
    pub device: String,
    /// The figures of its table that were fitted on these points.
    pub fit: Option<FittedFigures>,
    /// The error that reports quote; a test recomputes it.
    #[serde(default)]
    pub quoted: Vec<Quoted>,
    /// Experiments.
    pub case: Vec<Case>,
}

/// Figures that were fitted, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedFigures {
    /// Keys of the device table.
    pub figures: Vec<String>,
    /// How.
    pub method: FitMethod,
    /// The quantities that were fitted.
    pub quantities: Vec<MeasuredQuantity>,
}

/// How figures were fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitMethod {
    /// One figure: the median of the values that would make each point exact.
    Median,
    /// Several figures: least mean |ln(predicted / measured)|.
    LeastDeviation,
    /// Taken over from the point itself.
    Identity,
}

/// Error over the points of one quantity of an experiment, as reports quote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quoted {
    /// Experiment; all of them unless named.
    pub case: Option<String>,
    /// What was measured.
    pub quantity: MeasuredQuantity,
    /// Number of points.
    pub points: usize,
    /// Median of max(predicted / measured, measured / predicted).
    pub median_factor: f64,
    /// The largest.
    pub worst_factor: f64,
}

/// One experiment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Short name.
    pub id: String,
    /// Citation.
    pub source: String,
    /// Assumptions, and what the publication leaves open.
    #[serde(default)]
    pub note: String,
    /// What ran.
    pub network: Option<CaseNetwork>,
    /// Timesteps of an inference.
    #[serde(default = "one")]
    pub timesteps: u32,
    /// Assumed spikes per neuron and timestep.
    pub rate: Option<Range>,
    /// Assumed spikes per neuron and inference, instead of a rate.
    pub spikes_per_neuron: Option<Range>,
    /// Assumed neurons on the chip per neuron of the network.
    pub replicas: Option<Range>,
    /// Number format that ran; `None` if the publication does not state it.
    pub format: Option<NumberFormat>,
    /// Power mode of the device, if one was set; a device in another mode is another device.
    pub power_mode: Option<String>,
    /// When data were exchanged with a host, where that differs from what the table states.
    pub host: Option<HostExchange>,
    /// Figures of the table that were taken from this experiment: it does not test them.
    #[serde(default)]
    pub taken: Vec<String>,
    /// Power [W] of other parts that the meter included. Said only: a prediction has no line that a
    /// priced network would not have.
    pub companion_w: Option<Range>,
    /// Whether the published values are bounds, not data: not part of the error.
    #[serde(default)]
    pub bounds_only: bool,
    /// Measurements.
    pub point: Vec<CasePoint>,
}

fn one() -> u32 {
    1
}

/// One measurement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasePoint {
    /// Short name.
    pub label: String,
    /// What ran, if not that of the case.
    pub network: Option<CaseNetwork>,
    /// Timesteps, if not those of the case.
    pub timesteps: Option<u32>,
    /// Inferences that ran together.
    #[serde(default = "single")]
    pub batch: u64,
    /// Time of one inference [s], where it is set by something else than the device.
    pub time_s: Option<f64>,
    /// Why the point cannot be replayed.
    pub refused: Option<String>,
    /// What the meter said.
    #[serde(default)]
    pub measured: BTreeMap<MeasuredQuantity, PublishedValue>,
}

fn single() -> u64 {
    1
}

/// A value or bounds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum PublishedValue {
    /// A value.
    Value(f64),
    /// Lowest and highest.
    Bounds([f64; 2]),
}

impl PublishedValue {
    /// The value, or the geometric mean of the bounds.
    #[must_use]
    pub fn centre(self) -> f64 {
        match self {
            PublishedValue::Value(value) => value,
            PublishedValue::Bounds([low, high]) => (low * high).sqrt(),
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuredQuantity {
    /// Energy per inference above the stated idle power [J].
    DynamicJ,
    /// Energy per inference [J].
    TotalJ,
    /// Time of one inference, or of a batch that runs together [s].
    LatencyS,
    /// Mean power while it runs [W].
    PowerW,
    /// Power that does not depend on activity [W].
    IdleW,
}

impl MeasuredQuantity {
    /// Unit.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            MeasuredQuantity::DynamicJ | MeasuredQuantity::TotalJ => "J",
            MeasuredQuantity::LatencyS => "s",
            MeasuredQuantity::PowerW | MeasuredQuantity::IdleW => "W",
        }
    }
}

impl fmt::Display for MeasuredQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MeasuredQuantity::DynamicJ => "dynamic energy",
            MeasuredQuantity::TotalJ => "total energy",
            MeasuredQuantity::LatencyS => "latency",
            MeasuredQuantity::PowerW => "power",
            MeasuredQuantity::IdleW => "idle power",
        })
    }
}

/// A network by its shapes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type", deny_unknown_fields)]
pub enum CaseNetwork {
    /// Fully connected layers, input first; with `chains`, that many parallel chains of ten layers
    /// stand between the first and the second hidden layer.
    Mlp {
        /// Neurons of each layer.
        layers: Vec<usize>,
        /// Parallel chains.
        #[serde(default)]
        chains: usize,
    },
    /// A feed-forward network of convolutions, poolings and fully connected layers.
    Layers {
        /// Channels, height, width.
        input: [usize; 3],
        /// In order.
        layers: Vec<CaseLayer>,
    },
    /// Sums over a network whose layers are not listed, spread evenly over `kernels` layers.
    Aggregate {
        /// Multiply-accumulates.
        macs: u64,
        /// Weights and biases.
        parameters: u64,
        /// Activations written.
        activations: u64,
        /// Layers.
        kernels: u64,
    },
    /// Events of an inference.
    Events {
        /// Neurons on the chip.
        neurons: usize,
        /// Synaptic operations per inference.
        synops: u64,
    },
}

/// A layer by its shape.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CaseLayer {
    /// Convolution: output channels, kernel, stride and zero padding, each vertical, horizontal.
    Conv {
        /// Output channels.
        channels: usize,
        /// Taps.
        kernel: [usize; 2],
        /// Positions between outputs.
        #[serde(default = "ones")]
        stride: [usize; 2],
        /// Zeros on each side.
        #[serde(default)]
        pad: [usize; 2],
    },
    /// Pooling into a population of its own.
    Pool(usize),
    /// Fully connected: neurons.
    Dense(usize),
}

fn ones() -> [usize; 2] {
    [1, 1]
}
