//! Makes a trained network smaller before it is converted: pruned weights are no synapses, coarse
//! weights fit narrow memories, coarse activations are few spike counts. What it does to the accuracy
//! is measured, on the original and on the spiking network alike; making up for it by training stays
//! with the training framework.

mod activations;
mod prune;
mod quantise;

pub use prune::{PruneScope, PruneUnit};
pub use quantise::WeightStep;

use crate::ann::{Ann, Runtime, RuntimeError};
use crate::formats::onnx::{self, GraphError, OnnxError, OnnxModel, Rounding, edit_weights};
use serde::{Deserialize, Serialize};

/// Bits of the weights of the quantised baseline: what conventional accelerators multiply.
pub const BASELINE_WEIGHT_BITS: u32 = 8;

/// Share of the weights of each layer, the smallest ones, that the pruned baseline does without
/// unless an experiment prunes more or less.
pub const BASELINE_PRUNED_SHARE: f64 = 0.2;

/// The pruned baseline, not trained again: a runtime and the multiply-accumulates of the weights
/// that are left, per inference. It rounds activations where the original does.
///
/// # Errors
/// If the model cannot be changed or the runtime fails.
pub fn pruned_baseline(
    ann: &Ann,
    bytes: &[u8],
    roundings: &[Rounding],
) -> Result<(Runtime, u64), BaselineError> {
    let pruned = Optimisation {
        prune: BASELINE_PRUNED_SHARE,
        ..Optimisation::default()
    }
    .apply(onnx::import(&ann.name, &ann.name, bytes)?)?;
    let bytes = match roundings {
        [] => pruned.bytes,
        roundings => onnx::round_values(&pruned.bytes, roundings)?,
    };
    let runtime = Runtime::load(&ann.name, bytes, &ann.sample_dims)?;
    Ok((runtime, pruned.ann.nonzero_macs()))
}

/// Why a baseline cannot be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The model with rounded weights cannot be read.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The graph cannot be changed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The runtime fails.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

/// The quantised baseline, ready to run: weights of [`BASELINE_WEIGHT_BITS`] bits, one step per
/// output channel, and activations behind every rectifier of `bits` bits, one step per layer, chosen
/// on the inputs of calibration data. Input and sums keep their precision. A run takes 8 bits, what
/// accelerators compute with, whatever the number of timesteps of the spiking network.
///
/// # Errors
/// If the model cannot be changed or the runtime fails.
pub fn quantised_baseline(
    ann: &Ann,
    bytes: &[u8],
    calibration: &[f32],
    bits: u32,
) -> Result<Runtime, BaselineError> {
    let model = onnx::import(&ann.name, &ann.name, bytes)?;
    let rounding = Optimisation {
        weight_bits: Some(BASELINE_WEIGHT_BITS),
        activation_bits: Some(bits),
        ..Optimisation::default()
    };
    let rounded = rounding.apply(model)?;
    let (runtime, _) = rounding.runtime(&ann.name, &rounded, calibration)?;
    Ok(runtime)
}

/// What to do to the weights, in this order; nothing unless told.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimisation {
    /// Share of weights (or channels) to set to zero, 0 to below 1.
    pub prune: f64,
    /// Among which weights the smallest are looked for.
    pub prune_scope: PruneScope,
    /// Single weights or whole channels.
    pub prune_unit: PruneUnit,
    /// Bits of a weight, 2 to 16; `None` leaves 32-bit floats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_bits: Option<u32>,
    /// Which weights share a quantisation step.
    pub weight_step: WeightStep,
    /// Bits of what each rectifier of the original gives, 1 to 16, one step per layer, chosen on
    /// calibration data; the spiking network is converted from that. `None` leaves 32-bit floats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_bits: Option<u32>,
}

impl Optimisation {
    /// Whether it changes anything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.changes_weights() && self.activation_bits.is_none()
    }

    fn changes_weights(&self) -> bool {
        self.prune > 0.0 || self.weight_bits.is_some()
    }

    /// The original with its activations rounded as told, ready to run, and where it rounds.
    ///
    /// # Errors
    /// If the runtime fails on the calibration data or the graph cannot be changed.
    pub fn runtime(
        &self,
        name: &str,
        model: &OnnxModel,
        calibration: &[f32],
    ) -> Result<(Runtime, Vec<Rounding>), BaselineError> {
        let dims = &model.ann.sample_dims;
        let runtime = Runtime::load(name, model.bytes.clone(), dims)?;
        let Some(bits) = self.activation_bits else {
            return Ok((runtime, Vec::new()));
        };
        let steps = activations::steps(&model.ann, &runtime, calibration, bits)?;
        let bytes = onnx::round_values(&model.bytes, &steps)?;
        Ok((Runtime::load(name, bytes, dims)?, steps))
    }

    /// Changes the weights of a model. What was done, and what is done to activations, is added to
    /// its notes.
    ///
    /// # Errors
    /// If the model cannot be written and read again.
    pub fn apply(&self, model: OnnxModel) -> Result<OnnxModel, OnnxError> {
        if self.is_none() {
            return Ok(model);
        }
        let mut model = self.changed_weights(model)?;
        if let Some(bits) = self.activation_bits {
            model.ann.notes.push(format!(
                "what each rectifier of the original gives was rounded to {bits} bits, one step per \
                 layer, and the network converted from that"
            ));
        }
        Ok(model)
    }

    fn changed_weights(&self, model: OnnxModel) -> Result<OnnxModel, OnnxError> {
        if !self.changes_weights() {
            return Ok(model);
        }
        let mut zeros = (0_usize, 0_usize);
        let mut model = edit_weights(model, &mut |tensors| {
            if self.prune > 0.0 {
                prune::prune(tensors, self.prune, self.prune_scope, self.prune_unit);
            }
            if let Some(bits) = self.weight_bits {
                quantise::quantise(tensors, bits, self.weight_step);
            }
            let values = tensors.iter().flat_map(|tensor| &tensor.values);
            zeros = values.fold(zeros, |(zero, all), value| {
                (zero + usize::from(*value == 0.0), all + 1)
            });
        })?;
        if self.prune > 0.0 {
            let unit = match self.prune_unit {
                PruneUnit::Weight => "weights",
                PruneUnit::Channel => "output channels",
            };
            let scope = match self.prune_scope {
                PruneScope::Layer => "of each layer",
                PruneScope::Global => "of all layers together",
            };
            model.ann.notes.push(format!(
                "the {:.1} % smallest {unit} {scope} were set to zero before conversion",
                100.0 * self.prune
            ));
        }
        if let Some(bits) = self.weight_bits {
            let step = match self.weight_step {
                WeightStep::Channel => "output channel",
                WeightStep::Tensor => "layer",
            };
            model.ann.notes.push(format!(
                "weights were rounded to {bits} bits, one step per {step}"
            ));
        }
        model.ann.notes.push(format!(
            "{:.1} % of the weights are zero",
            100.0 * zeros.0 as f64 / zeros.1.max(1) as f64
        ));
        Ok(model)
    }
}
