//! The numbers a network computes with.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Number format of weights and, in a conventional network, activations. Sums are as wide as they
/// need to be: 32 bits beside integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NumberFormat {
    /// 32-bit floating point: what networks are trained in.
    Fp32,
    /// 16-bit floating point.
    Fp16,
    /// Integers of so many bits, 1 to 32.
    Int(u8),
}

impl NumberFormat {
    /// Weights and activations of 8 bits: what conventional accelerators multiply.
    pub const INT8: NumberFormat = NumberFormat::Int(8);

    /// Width \[bit\].
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            NumberFormat::Fp32 => 32,
            NumberFormat::Fp16 => 16,
            NumberFormat::Int(bits) => bits,
        }
    }

    /// Width \[byte\], as it is stored.
    #[must_use]
    pub fn bytes(self) -> f64 {
        f64::from(self.bits()) / 8.0
    }

    /// Whether devices of the two formats meet: both of more than 16 bits, both of 9 to 16, or both
    /// of at most 8. A chip of 4-bit weights meets an accelerator of 8-bit ones, each with the
    /// accuracy that it has at its own format; neither meets a device that is paid for 32 bits.
    #[must_use]
    pub fn is_peer_of(self, other: NumberFormat) -> bool {
        let width = |format: NumberFormat| match format.bits() {
            ..=8 => 8,
            9..=16 => 16,
            _ => 32,
        };
        width(self) == width(other)
    }

    /// Name to print: `8-bit`, `fp32`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            NumberFormat::Int(bits) => format!("{bits}-bit"),
            float => float.to_string(),
        }
    }
}

impl fmt::Display for NumberFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NumberFormat::Fp32 => f.write_str("fp32"),
            NumberFormat::Fp16 => f.write_str("fp16"),
            NumberFormat::Int(bits) => write!(f, "int{bits}"),
        }
    }
}

impl FromStr for NumberFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let integer = |text: &str| text.strip_prefix("int")?.parse().ok();
        match text {
            "fp32" => Ok(NumberFormat::Fp32),
            "fp16" => Ok(NumberFormat::Fp16),
            text => integer(text)
                .filter(|bits| (1..=32).contains(bits))
                .map(NumberFormat::Int)
                .ok_or_else(|| {
                    format!("no number format \"{text}\"; use fp32, fp16 or int1 to int32")
                }),
        }
    }
}

impl Serialize for NumberFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NumberFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for NumberFormat {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NumberFormat".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Number format: fp32, fp16, or int and the bits.",
            "pattern": "^(fp32|fp16|int[0-9]+)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for name in ["fp32", "fp16", "int8", "int4", "int32"] {
            let format: NumberFormat = name.parse().expect(name);
            assert_eq!(format.to_string(), name);
            let json = serde_json::to_string(&format).expect("a string");
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(
                serde_json::from_str::<NumberFormat>(&json).expect(name),
                format
            );
        }
        for wrong in ["int0", "int33", "int", "fp8", "8"] {
            assert!(wrong.parse::<NumberFormat>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn worked_peers() {
        let [four, eight, nine, sixteen] = [4, 8, 9, 16].map(NumberFormat::Int);
        assert!(four.is_peer_of(eight) && nine.is_peer_of(sixteen));
        assert!(sixteen.is_peer_of(NumberFormat::Fp16));
        assert!(NumberFormat::Int(32).is_peer_of(NumberFormat::Fp32));
        assert!(!eight.is_peer_of(nine) && !eight.is_peer_of(NumberFormat::Fp32));
        assert!(!NumberFormat::Fp16.is_peer_of(NumberFormat::Fp32));
    }
}
