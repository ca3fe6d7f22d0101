//! From stored elements to inputs: `(stored · scale − mean) / std`.

use super::Problem;
use super::array::{Array, ArrayValues};
use crate::memory;
use serde::{Deserialize, Serialize};

/// `input = (stored · scale − mean) / std`, computed in f32 as training frameworks do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preprocessing {
    /// Factor of the stored elements. Without it u8 is divided by 255, to [0, 1], floating point
    /// and bool are kept, and wider integers are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Subtracted after scaling: one value, or one per channel of `[C, H, W]` samples; none is 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f64>,
    /// Divisor behind the mean: one value, or one per channel; positive; none is 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f64>,
}

impl Preprocessing {
    /// Inputs of the first `samples` samples of `x`.
    pub(super) fn apply(&self, x: &Array, samples: usize) -> Result<Vec<f32>, Problem> {
        let sample_dims = &x.dims[1..];
        let sample_len: usize = sample_dims.iter().product();
        let (channels, plane) = match sample_dims {
            [c, h, w] => (*c, h * w),
            _ => (1, sample_len),
        };
        let refuse = |reason: String| Err(Problem::Preprocessing(reason));
        for (key, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() > 1 && values.len() != channels {
                return refuse(format!(
                    "{} values of `{key}` for samples of shape {sample_dims:?}; give one, or one per channel",
                    values.len()
                ));
            }
            if values.iter().any(|v| !v.is_finite()) {
                return refuse(format!("`{key}` must be finite"));
            }
        }
        if self.std.iter().any(|&std| std as f32 <= 0.0) {
            return refuse("`std` must be positive".into());
        }
        if self.scale.is_some_and(|scale| !scale.is_finite()) {
            return refuse("`scale` must be finite".into());
        }

        let values = samples * sample_len;
        memory::check(
            format_args!("the inputs of {samples} samples"),
            memory::bytes_of(values, size_of::<f32>()),
            "load fewer samples",
        )?;
        let mut inputs = Vec::with_capacity(values);
        let scaled = |value: f64| (value * self.scale.unwrap_or(1.0)) as f32;
        match &x.values {
            ArrayValues::U8(v) if self.scale.is_none() => {
                inputs.extend(v[..values].iter().map(|&v| f32::from(v) / 255.0));
            }
            ArrayValues::U8(v) => inputs.extend(v[..values].iter().map(|&v| scaled(v.into()))),
            ArrayValues::Bool(v) => {
                inputs.extend(v[..values].iter().map(|&v| scaled(f64::from(v))));
            }
            ArrayValues::Integer(found, _) if self.scale.is_none() => {
                return Err(Problem::NoScale { found });
            }
            ArrayValues::Integer(_, v) => {
                inputs.extend(v[..values].iter().map(|&v| scaled(v as f64)));
            }
            ArrayValues::F32(v) => inputs.extend(v[..values].iter().map(|&v| scaled(v.into()))),
            ArrayValues::F64(v) => inputs.extend(v[..values].iter().map(|&v| scaled(v))),
        }

        if !self.mean.is_empty() || !self.std.is_empty() {
            let of = |values: &[f64], channel: usize, otherwise: f32| match values {
                [] => otherwise,
                [one] => *one as f32,
                each => each[channel] as f32,
            };
            for (i, map) in inputs.chunks_exact_mut(plane).enumerate() {
                let channel = i % channels;
                let (mean, std) = (of(&self.mean, channel, 0.0), of(&self.std, channel, 1.0));
                map.iter_mut().for_each(|v| *v = (*v - mean) / std);
            }
        }
        match inputs.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(Problem::NotFinite {
                sample: at / sample_len,
                index: at % sample_len,
                value: inputs[at],
            }),
            None => Ok(inputs),
        }
    }
}
