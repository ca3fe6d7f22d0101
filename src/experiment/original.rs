//! What the original network answers, and how much of it is zero.

use crate::ann::{Ann, Observed, Runtime, RuntimeError, Zeros};
use crate::answer::largest;
use crate::counts::{EffectiveMacs, NumberFormat};

/// What a conventional network answers on the samples of an experiment.
pub(super) struct Answers {
    /// The class of each sample.
    pub predictions: Vec<u32>,
    /// Multiply-accumulates of weights and activations that are not zero, over all samples; `None` if
    /// they cannot be told.
    effective: Option<u64>,
}

impl Answers {
    /// Runs the network once.
    pub fn of(ann: &Ann, runtime: &Runtime, inputs: &[f32]) -> Result<Self, RuntimeError> {
        let Some(last) = ann.layers.last() else {
            return Ok(Answers {
                predictions: Vec::new(),
                effective: None,
            });
        };
        let zeros = Zeros::of(ann);
        let mut values = vec![last.output.as_str()];
        values.extend(zeros.iter().flat_map(Zeros::values));
        let width: usize = ann.sample_dims.iter().product();
        let see = |range: std::ops::Range<usize>, observed: Vec<Observed>| {
            let samples = &inputs[range.start * width..range.end * width];
            let rows = observed[0].data.chunks_exact(observed[0].width.max(1));
            let predictions: Vec<u32> = rows.map(|row| largest(row.iter().copied())).collect();
            let macs = (zeros.as_ref()).and_then(|zeros| zeros.count(samples, &observed[1..]));
            (predictions, macs)
        };
        let batches = runtime.observe(inputs, &values, &see)?;
        let effective = batches.iter().map(|(_, macs)| *macs).sum();
        let predictions = batches.into_iter().flat_map(|(found, _)| found).collect();
        Ok(Answers {
            predictions,
            effective,
        })
    }

    /// The multiply-accumulates that are left where zeros are skipped.
    pub fn effective(&self, format: NumberFormat) -> Option<EffectiveMacs> {
        Some(EffectiveMacs {
            format,
            total: self.effective?,
            samples: self.predictions.len() as u64,
        })
    }
}

/// The class that a network gives each sample: the largest logit, the first of equals.
pub(super) fn predictions(
    ann: &Ann,
    runtime: &Runtime,
    inputs: &[f32],
) -> Result<Vec<u32>, RuntimeError> {
    let Some(last) = ann.layers.last() else {
        return Ok(Vec::new());
    };
    let answers = |_, observed: Vec<Observed>| -> Vec<u32> {
        let rows = observed.iter();
        let rows = rows.flat_map(|values| values.data.chunks_exact(values.width.max(1)));
        rows.map(|logits| largest(logits.iter().copied())).collect()
    };
    Ok(runtime.observe(inputs, &[&last.output], &answers)?.concat())
}
