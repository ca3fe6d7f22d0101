//! The original network, run by the `rten` inference engine.

use rayon::current_num_threads;
use rten::{Dimension, Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Samples that run together where the model leaves the batch open. Fixed, because the batch
/// decides the order of sums inside the engine: results must not depend on the thread count.
pub(crate) const BATCH: usize = 32;

/// Why the original network could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The engine refuses the model.
    #[error("{model}: the inference engine cannot load it: {reason}")]
    Load {
        /// The model.
        model: String,
        /// The engine's words.
        reason: String,
    },
    /// The engine fails on a batch.
    #[error("{model}: the inference engine failed: {reason}")]
    Run {
        /// The model.
        model: String,
        /// The engine's words.
        reason: String,
    },
    /// A value to observe does not exist.
    #[error("{model}: no value is called \"{value}\"")]
    NoSuchValue {
        /// The model.
        model: String,
        /// The value.
        value: String,
    },
}

/// A loaded model that can be run in batches and observed at any named value.
pub struct Runtime {
    name: String,
    model: Model,
    input: NodeId,
    sample_dims: Vec<usize>,
    batch: usize,
}

/// Values of one batch: `(values per sample, data)`, row-major.
pub struct Observed {
    /// Values per sample.
    pub width: usize,
    /// `[sample, value]`.
    pub data: Vec<f32>,
}

impl Runtime {
    /// Loads an ONNX model from its bytes.
    ///
    /// # Errors
    /// If the engine refuses it.
    pub fn load(name: &str, bytes: Vec<u8>, sample_dims: &[usize]) -> Result<Self, RuntimeError> {
        let refused = |reason: String| RuntimeError::Load {
            model: name.to_owned(),
            reason,
        };
        let load = || {
            // Unoptimised, so that every intermediate value keeps its name.
            ModelOptions::with_all_ops()
                .enable_optimization(false)
                .load(bytes)
        };
        let model = catch_unwind(AssertUnwindSafe(load))
            .map_err(|_| refused("it panicked".to_owned()))?
            .map_err(|error| refused(error.to_string()))?;
        let &[input] = model.input_ids() else {
            return Err(refused("it has more than one input".to_owned()));
        };
        let batch = match model.input_shape(0).as_deref() {
            Some([Dimension::Fixed(n), ..]) if *n > 0 => *n,
            _ => BATCH,
        };
        Ok(Runtime {
            name: name.to_owned(),
            model,
            input,
            sample_dims: sample_dims.to_vec(),
            batch,
        })
    }

    /// Runs all samples of `inputs` (`[sample, …]`, row-major) and hands the observed values of
    /// each batch to `visit`, in parallel; the results come back in the order of the samples.
    ///
    /// # Errors
    /// If a value does not exist or the engine fails.
    pub fn observe<R: Send>(
        &self,
        inputs: &[f32],
        values: &[&str],
        visit: &(dyn Fn(Range<usize>, Vec<Observed>) -> R + Sync),
    ) -> Result<Vec<R>, RuntimeError> {
        let outputs = values
            .iter()
            .map(|value| {
                self.model
                    .find_node(value)
                    .ok_or_else(|| RuntimeError::NoSuchValue {
                        model: self.name.clone(),
                        value: (*value).to_owned(),
                    })
            })
            .collect::<Result<Vec<NodeId>, _>>()?;
        let width: usize = self.sample_dims.iter().product();
        let samples = inputs.len() / width.max(1);
        let batches = samples.div_ceil(self.batch);
        let next = AtomicUsize::new(0);

        // Plain threads, not rayon's: the engine installs a pool of its own, and a rayon worker
        // that waits for it would pick up further batches on the same stack.
        let work = || -> Result<Vec<(usize, R)>, RuntimeError> {
            let pool = Arc::new(ThreadPool::with_num_threads(1));
            let mut results = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= batches {
                    return Ok(results);
                }
                let range = index * self.batch..samples.min((index + 1) * self.batch);
                let observed = self.run_batch(
                    &inputs[range.start * width..range.end * width],
                    range.len(),
                    &outputs,
                    &pool,
                )?;
                results.push((index, visit(range, observed)));
            }
        };
        let mut results = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..current_num_threads().min(batches).max(1))
                .map(|_| scope.spawn(work))
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(result) => result,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect::<Result<Vec<_>, _>>()
        })?
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
        results.sort_unstable_by_key(|(index, _)| *index);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    fn run_batch(
        &self,
        inputs: &[f32],
        samples: usize,
        outputs: &[NodeId],
        pool: &Arc<ThreadPool>,
    ) -> Result<Vec<Observed>, RuntimeError> {
        let failed = |reason: String| RuntimeError::Run {
            model: self.name.clone(),
            reason,
        };
        // A fixed batch axis is filled up with zeros that nobody looks at.
        let fixed = matches!(
            self.model.input_shape(0).as_deref(),
            Some([Dimension::Fixed(_), ..])
        );
        let rows = if fixed { self.batch } else { samples };
        let mut data = inputs.to_vec();
        data.resize(rows * inputs.len() / samples, 0.0);
        let mut dims = vec![rows];
        dims.extend(&self.sample_dims);
        let tensor = Tensor::from_data(dims.as_slice(), data);
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        let run = || {
            self.model
                .run(vec![(self.input, tensor.into())], outputs, Some(options))
        };
        let values = catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| failed("it panicked".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        values
            .into_iter()
            .map(|value| {
                let tensor: Tensor<f32> = value
                    .into_tensor()
                    .ok_or_else(|| failed("an observed value is not float32".to_owned()))?;
                let data = tensor.to_vec();
                if !data.len().is_multiple_of(rows) {
                    return Err(failed(format!(
                        "an observed value has {} numbers for {rows} samples",
                        data.len()
                    )));
                }
                let width = data.len() / rows;
                Ok(Observed {
                    width,
                    data: data[..samples * width].to_vec(),
                })
            })
            .collect()
    }
}
