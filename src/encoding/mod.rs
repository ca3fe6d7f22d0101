//! Encoders: from a sample of real numbers to what the input population emits.

mod bernoulli;

use crate::engine::SpikeTrain;
use serde::{Deserialize, Serialize};

/// What drives the input population during one sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Drive {
    /// The same real values in each timestep, channels last: synapses multiply (MACs).
    Constant(Vec<f32>),
    /// Spikes: synapses accumulate (SynOps).
    Spikes(SpikeTrain),
}

/// How samples become input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Real-valued current, the same in each timestep.
    Constant,
    /// A spike in each timestep with the pixel's value as probability.
    #[serde(alias = "poisson")]
    Bernoulli,
}

/// The encodings that exist, by the name users write and with one line of explanation. Where one
/// has several names, reports use the first.
pub const ENCODINGS: [(&str, Encoding, &str); 3] = [
    (
        "constant",
        Encoding::Constant,
        "the value as a constant current; the first layer multiplies",
    ),
    (
        "bernoulli",
        Encoding::Bernoulli,
        "random spikes, in each timestep with the value as probability",
    ),
    (
        "poisson",
        Encoding::Bernoulli,
        "the same: a Poisson train in discrete time has at most one spike a timestep",
    ),
];

/// Why a sample cannot be encoded.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum EncodingError {
    /// A value is no probability.
    #[error(
        "sample {sample}: value {value} at input {input} is not in 0..1, which encoding \"bernoulli\" needs; scale the data or use encoding \"constant\""
    )]
    NotAProbability {
        /// Index of the sample.
        sample: usize,
        /// Index of the value, channels last.
        input: usize,
        /// The value.
        value: f32,
    },
}

impl Encoding {
    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        ENCODINGS
            .iter()
            .find(|(_, encoding, _)| *encoding == self)
            .map_or("", |(name, ..)| name)
    }

    /// Encodes one sample (values channels last). Sample `index` draws from its own stream of
    /// the generator seeded with `seed`, so results do not depend on the order of samples.
    ///
    /// # Errors
    /// If a value cannot be encoded.
    pub fn encode(
        self,
        values: Vec<f32>,
        timesteps: u32,
        seed: u64,
        index: usize,
    ) -> Result<Drive, EncodingError> {
        match self {
            Encoding::Constant => Ok(Drive::Constant(values)),
            Encoding::Bernoulli => {
                bernoulli::encode(&values, timesteps, seed, index).map(Drive::Spikes)
            }
        }
    }
}
