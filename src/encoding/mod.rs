//! Encoders: from a sample of real numbers to what the input population emits.

mod bernoulli;
mod burst;
mod latency;
mod regular;
mod unit;

use crate::spike_train::SpikeTrain;
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
    /// Evenly spaced spikes, as many as the pixel's value says.
    Regular,
    /// One spike, the earlier the larger the value.
    Latency,
    /// A burst of spikes, the more and the closer the larger the value.
    Burst,
}

/// The encodings that exist, by the name users write and with one line of explanation. Where one
/// has several names, reports use the first.
pub const ENCODINGS: [(&str, Encoding, &str); 6] = [
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
    (
        "regular",
        Encoding::Regular,
        "evenly spaced spikes, the value times the number of timesteps of them",
    ),
    (
        "latency",
        Encoding::Latency,
        "one spike, the earlier the larger the value; for networks made to read times",
    ),
    (
        "burst",
        Encoding::Burst,
        "up to five spikes from the start, more and closer for larger values",
    ),
];

/// Why a sample cannot be encoded.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum EncodingError {
    /// A value that spikes cannot express: negative, or above 1.
    #[error(
        "sample {sample}: value {value} at input {input} is not in 0..1, which encoding \"{encoding}\" needs; scale the data or use encoding \"constant\""
    )]
    OutOfRange {
        /// Name of the encoding.
        encoding: &'static str,
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

    /// What its energy is counted as and what of it is left out, a sentence for the report.
    #[must_use]
    pub fn energy_note(self) -> &'static str {
        match self {
            Encoding::Constant => {
                "encoding constant: the first layer multiplies; on chips that cannot, its MACs are priced off chip on the host, once per inference, and conventional targets do them anyway"
            }
            Encoding::Bernoulli => {
                "encoding bernoulli: the host draws the input spikes, which is not priced; each spike arrives over the first layer's synapses and is priced there as SynOps"
            }
            Encoding::Regular | Encoding::Latency | Encoding::Burst => {
                "encoding by spikes: the host computes when inputs spike, which is not priced; each spike arrives over the first layer's synapses and is priced there as SynOps"
            }
        }
    }

    /// Whether the first timesteps of a sample are the same however many follow.
    #[must_use]
    pub fn begins_alike(self) -> bool {
        match self {
            Encoding::Constant | Encoding::Bernoulli | Encoding::Regular => true,
            // These spread what they say over all timesteps.
            Encoding::Latency | Encoding::Burst => false,
        }
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
            Encoding::Regular => regular::encode(&values, timesteps, index).map(Drive::Spikes),
            Encoding::Latency => latency::encode(&values, timesteps, index).map(Drive::Spikes),
            Encoding::Burst => burst::encode(&values, timesteps, index).map(Drive::Spikes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Timesteps in which an input spikes.
    pub(super) fn spikes_of(train: &SpikeTrain, timesteps: u32, input: u32) -> Vec<u32> {
        let spikes = |t: &u32| train.at(*t as usize).neurons.contains(&input);
        (0..timesteps).filter(spikes).collect()
    }

    #[test]
    fn property_encodings_that_begin_alike_do() {
        let values: Vec<f32> = (0..50).map(|i| i as f32 / 49.0).collect();
        for (name, encoding, _) in ENCODINGS {
            let [short, long] = [6, 16].map(|timesteps| {
                let drive = encoding.encode(values.clone(), timesteps, 3, 5).unwrap();
                match drive {
                    Drive::Spikes(train) => (0..6)
                        .map(|t| train.at(t).neurons.to_vec())
                        .collect::<Vec<_>>(),
                    Drive::Constant(_) => Vec::new(),
                }
            });
            assert_eq!(short == long, encoding.begins_alike(), "{name}");
        }
    }

    #[test]
    fn property_each_encoding_has_a_name_and_refuses_what_spikes_cannot_say() {
        for (name, encoding, about) in ENCODINGS {
            assert!(!about.is_empty() && !encoding.name().is_empty(), "{name}");
            assert!(encoding.energy_note().contains("priced"), "{name}");
            let silent = encoding.encode(vec![0.0; 3], 8, 0, 0).unwrap();
            if let Drive::Spikes(train) = &silent {
                assert_eq!(train.neurons(), [0; 0], "{name}");
                assert!(train.at(7).neurons.is_empty(), "{name}");
            }
            for value in [-0.5, 1.5] {
                let refused = encoding.encode(vec![0.5, value], 8, 0, 4).err();
                assert_eq!(refused.is_some(), encoding != Encoding::Constant, "{name}");
                if let Some(error) = refused {
                    let said = error.to_string();
                    assert!(
                        said.contains(encoding.name()) && said.contains("sample 4"),
                        "{said}"
                    );
                }
            }
        }
    }
}
