//! A conventional network that event recordings drive once it is converted.

use super::{LoadedNetwork, Stated};
use crate::ann::{Ann, Runtime, RuntimeError};
use crate::conversion::{self, ConversionError, Readout, rule_name};
use crate::encoding::{Drive, Encoding};
use crate::engine::SpikeTrain;
use crate::experiment::original::predictions;
use crate::experiment::{ConversionConfig, RecordedConversion, SimulateConfig, SimulateError};
use crate::formats::dataset::SourceFile;
use crate::formats::nir::Port;
use crate::formats::onnx;
use crate::formats::spikes::{self, Request, SpikingInput};
use crate::network::Shape;
use crate::neuron::PRESETS;

/// The network before its conversion, and what converted it.
pub(in crate::experiment) struct Original {
    pub(in crate::experiment) ann: Ann,
    runtime: Runtime,
    pub(in crate::experiment) calibration: SourceFile,
    pub(in crate::experiment) calibration_samples: usize,
    pub(in crate::experiment) max_pool: Option<&'static str>,
    pub(in crate::experiment) thresholds: Vec<(String, f64)>,
}

impl Original {
    /// The class it predicts for each of the first `samples` recordings, from their frames.
    pub(in crate::experiment) fn predictions(
        &self,
        input: &SpikingInput,
        samples: usize,
        timesteps: u32,
    ) -> Result<Vec<u32>, RuntimeError> {
        let (frames, _) = frames(&self.ann, input, samples, timesteps);
        predictions(&self.ann, &self.runtime, &frames)
    }
}

impl LoadedNetwork {
    /// Converts a model on recordings. Their frames, which the original takes, are their accumulated
    /// events: for each input the number of timesteps in which it has one.
    pub(super) fn recorded(
        config: &SimulateConfig,
        how: &RecordedConversion,
    ) -> Result<Self, SimulateError> {
        let file = || config.network.clone();
        let timesteps = config
            .timesteps
            .ok_or_else(|| SimulateError::NoTimesteps { file: file() })?;
        let calibration = how
            .calibration
            .as_ref()
            .ok_or(ConversionError::NoCalibration)?;
        check(&how.conversion)?;
        let onnx::OnnxModel { ann, bytes, .. } = onnx::load(&config.network)?;
        // A model that flattens its input first takes a vector in the same order.
        let neurons: usize = ann.sample_dims.iter().product();
        let suits = |shape: Shape| shape.dims() == ann.sample_dims || shape.dims() == [neurons];
        if !ann.layers.first().is_some_and(|input| suits(input.shape)) {
            return Err(SimulateError::Frames {
                file: file(),
                dims: ann.sample_dims,
            });
        }
        let runtime = Runtime::load(&ann.name, bytes, &ann.sample_dims)?;
        let node = ann.layers[0].name.clone();
        let input = spikes::read(
            &calibration.path,
            &Request {
                node: &node,
                dims: &ann.sample_dims,
                hold: false,
                layout: None,
                timesteps: Some(timesteps),
                bin_s: config.options.event_bin_s(),
                samples: calibration.samples,
                labels: None,
            },
        )?;
        let samples = calibration.samples.unwrap_or(usize::MAX).min(input.samples);
        let (frames, recordings) = frames(&ann, &input, samples, timesteps);
        let seed = config.seed.unwrap_or(0);
        let options = how
            .conversion
            .fit_options(timesteps, Encoding::Constant, seed);
        let fit = conversion::fit_recordings(&ann, &runtime, &frames, &recordings, &options)?;
        let conversion = fit.conversion;
        let preset = &PRESETS[0];
        let mut notes = conversion.notes;
        notes.push(format!(
            "converted on {samples} recordings; the original takes their frames, accumulated events: for each input the number of timesteps, of {timesteps}, in which it has one"
        ));
        Ok(LoadedNetwork {
            outputs: vec![conversion.network.populations.len() - 1],
            port: Some(Port {
                node,
                population: 0,
                dims: ann.sample_dims.clone(),
            }),
            network: conversion.network,
            preset,
            options: preset.options,
            timesteps: Some(timesteps),
            seed,
            notes,
            stated: Stated::default(),
            chosen: None,
            original: Some(Box::new(Original {
                runtime,
                calibration: input.source,
                calibration_samples: samples,
                max_pool: conversion.max_pool.map(rule_name),
                thresholds: conversion.thresholds,
                ann,
            })),
        })
    }
}

/// Refuses choices that recorded events leave no room for.
fn check(conversion: &ConversionConfig) -> Result<(), SimulateError> {
    if conversion.readout == Readout::FirstSpike {
        return Err(SimulateError::Option {
            option: "--readout",
            value: Readout::FirstSpike.name().to_owned(),
            expected: "with recorded events state potential or spike-count",
        });
    }
    if let Some(timesteps) = conversion.timesteps {
        return Err(SimulateError::Option {
            option: "conversion.timesteps",
            value: timesteps.to_string(),
            expected: "with recorded events leave it out: the network suits their timesteps",
        });
    }
    Ok(())
}

/// The frames of recordings, as the original takes them, and their spikes.
fn frames(
    ann: &Ann,
    input: &SpikingInput,
    samples: usize,
    timesteps: u32,
) -> (Vec<f32>, Vec<SpikeTrain>) {
    let shape = ann.layers[0].shape;
    let (mut frames, mut trains) = (Vec::new(), Vec::with_capacity(samples));
    for sample in 0..samples {
        let Drive::Spikes(train) = input.drive(sample, timesteps, shape) else {
            continue;
        };
        let mut frame = vec![0.0f32; shape.neurons()];
        for t in 0..train.timesteps() {
            let events = train.at(t);
            for (neuron, value) in events.iter() {
                frame[neuron as usize] += value;
            }
        }
        frames.extend(shape.to_channels_first(&frame));
        trains.push(train);
    }
    (frames, trains)
}
