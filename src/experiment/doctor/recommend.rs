//! What to run with, from calibration samples that the conversions under test have not seen.

use super::{Driver, shares};
use crate::ann::{Observed, Runtime};
use crate::conversion::{
    self, ConversionError, Fit, FitOptions, MaxPoolChoice, READOUTS, Readout, ThresholdRule,
    rule_name,
};
use crate::engine::Simulation;
use crate::experiment::original::predictions;
use crate::experiment::{ExperimentError, Imported, Observer};
use crate::network::Role;
use crate::neuron::MaxPoolRule;
use serde::Serialize;

/// The part of the calibration samples that is held out is one over this.
const HELD_OUT: usize = 4;

/// Fewest samples that are worth holding out.
const FEWEST: usize = 10;

/// The recommended T is the first one whose agreement with the original is this close to the best.
const AGREEMENT_MARGIN: f64 = 0.01;

/// A read-out by spikes must agree on so much more of the samples to be recommended: it costs spikes.
const READOUT_MARGIN: f64 = 0.01;

/// So must spikes that are taken back: not every chip has them.
const SIGN_MARGIN: f64 = 0.02;

/// Threshold rules that are tried, with the percentile where it matters.
const THRESHOLDS: [(ThresholdRule, f64); 3] = [
    (ThresholdRule::Mmse, 99.9),
    (ThresholdRule::Percentile, 99.9),
    (ThresholdRule::Percentile, 99.0),
];

/// A conversion that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// Threshold rule, as the flag names it.
    pub normalization: String,
    /// Max-pooling rule; `None` if the network has no max pooling.
    pub max_pool: Option<&'static str>,
    /// Read-out, as the flag names it.
    pub readout: &'static str,
    /// Whether neurons take spikes back.
    pub signed_spikes: bool,
    /// Error of the output on the held-out samples, relative to the spread of the original's between
    /// outputs; `None` for an output that is read by spikes.
    pub output_error: Option<f64>,
    /// Share of the held-out samples with the original's answer.
    pub agreement: f64,
}

/// What to run with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// Timesteps.
    pub timesteps: u32,
    /// Calibration samples that only judged; 0 if there were too few, and all of them converted and
    /// judged.
    pub held_out: usize,
    /// What was tried at these timesteps.
    pub tried: Vec<Tried>,
    /// The chosen one's place among them.
    pub chosen: usize,
    /// The flags of `run` that do so.
    pub flags: String,
}

/// Calibration samples that convert, and those that judge.
struct Split<'a> {
    imported: &'a Imported,
    fitting: &'a [f32],
    judging: Vec<&'a [f32]>,
    /// What the original gives for the latter.
    logits: Vec<f32>,
    answers: Vec<u32>,
    held_out: usize,
}

impl<'a> Split<'a> {
    fn new(imported: &'a Imported) -> Result<Self, ExperimentError> {
        let data = &imported.calibration_data;
        let held_out = Some(data.len() / HELD_OUT).filter(|&n| n >= FEWEST);
        let held_out = held_out.unwrap_or(0);
        let kept = data.len() - held_out;
        let width = data.inputs.len() / data.len().max(1);
        let (fitting, rest) = data.inputs.split_at(kept * width);
        let judged = if held_out == 0 { fitting } else { rest };
        Ok(Split {
            imported,
            fitting,
            judging: judged.chunks_exact(width.max(1)).collect(),
            logits: logits(imported, judged)?,
            answers: predictions(&imported.ann, &imported.runtime, judged)?,
            held_out,
        })
    }

    fn fit(&self, options: &FitOptions) -> Result<Fit, ConversionError> {
        let Imported { ann, runtime, .. } = self.imported;
        conversion::fit(ann, runtime, self.fitting, options)
    }

    /// Converts on some samples and judges on the others: the fit, and agreement after each timestep
    /// with the error of the output at the end.
    fn judge(
        &self,
        options: &FitOptions,
        observer: Observer,
    ) -> Result<(Fit, Vec<f64>, Option<f64>), ExperimentError> {
        let fit = self.fit(options)?;
        let drive = Driver {
            network: &fit.conversion.network,
            options,
        };
        let (simulation, traces) = drive.trace(&self.judging, observer)?;
        let last = fit.conversion.network.populations.last();
        let is_potential = last.is_some_and(|p| p.role() == Role::Readout);
        let error = is_potential.then(|| self.error(&simulation));
        let agreements = shares(&traces, &self.answers);
        Ok((fit, agreements, error))
    }

    /// See [`Tried::output_error`].
    fn error(&self, simulation: &Simulation) -> f64 {
        let timesteps = f64::from(simulation.counts.timesteps);
        let (mut error, mut spread) = (0.0, 0.0);
        let outputs = self.logits.len() / self.judging.len().max(1);
        let rows = self.logits.chunks_exact(outputs.max(1));
        for (outcome, logits) in simulation.outcomes.iter().zip(rows) {
            let mean = |values: &[f32]| {
                let sum: f64 = values.iter().copied().map(f64::from).sum();
                sum / values.len().max(1) as f64
            };
            let means = (mean(&outcome.output), mean(logits));
            for (found, logit) in outcome.output.iter().zip(logits) {
                let logit = f64::from(*logit) - means.1;
                error += ((f64::from(*found) - means.0) / timesteps - logit).powi(2);
                spread += logit.powi(2);
            }
        }
        (error / spread.max(f64::MIN_POSITIVE)).sqrt()
    }
}

/// What the original gives, `[sample, output]`, outputs channels last as those of the network.
fn logits(imported: &Imported, inputs: &[f32]) -> Result<Vec<f32>, ExperimentError> {
    let (ann, runtime): (_, &Runtime) = (&imported.ann, &imported.runtime);
    let Some(last) = ann.layers.last() else {
        return Ok(Vec::new());
    };
    let rows = |_, observed: Vec<Observed>| -> Vec<f32> {
        let rows = observed
            .iter()
            .flat_map(|values| values.data.chunks_exact(values.width.max(1)));
        rows.flat_map(|row| last.shape.to_channels_last(row))
            .collect()
    };
    Ok(runtime.observe(inputs, &[&last.output], &rows)?.concat())
}

/// Tries threshold rules, max-pooling rules and read-outs at the fewest timesteps that are enough.
pub(super) fn recommend(
    imported: &Imported,
    options: &FitOptions,
    observer: Observer,
) -> Result<Recommendation, ExperimentError> {
    let split = Split::new(imported)?;
    let (fit, agreements, _) = split.judge(options, observer)?;
    let timesteps = enough(&agreements);
    let pools: &[Option<MaxPoolRule>] = match fit.conversion.max_pool {
        Some(_) => &[Some(MaxPoolRule::Gate), Some(MaxPoolRule::CumulativeMax)],
        None => &[None],
    };
    let mut candidates = Vec::new();
    for (thresholds, percentile) in THRESHOLDS {
        for &pool in pools {
            candidates.push(FitOptions {
                timesteps,
                thresholds,
                percentile,
                max_pool: pool.map_or(options.max_pool, choice),
                readout: Readout::Potential,
                signed_spikes: false,
                ..options.clone()
            });
        }
    }
    let mut tried = Vec::new();
    let mut best = (0, f64::INFINITY);
    for candidate in &candidates {
        let found = split.try_out(candidate, observer)?;
        // An output that spikes by itself is judged by its answers.
        let error = found.output_error.unwrap_or(1.0 - found.agreement);
        if error < best.1 {
            best = (tried.len(), error);
        }
        tried.push(found);
    }
    let mut chosen = best.0;
    for (_, readout, _) in READOUTS {
        if readout == Readout::Potential {
            continue;
        }
        let candidate = FitOptions {
            readout,
            ..candidates[best.0].clone()
        };
        let found = split.try_out(&candidate, observer)?;
        if found.agreement > tried[chosen].agreement + READOUT_MARGIN {
            chosen = tried.len();
        }
        tried.push(found);
    }
    let signed = FitOptions {
        signed_spikes: true,
        ..candidates[best.0].clone()
    };
    let found = split.try_out(&signed, observer)?;
    if found.agreement > tried[chosen].agreement + SIGN_MARGIN {
        chosen = tried.len();
    }
    tried.push(found);
    Ok(Recommendation {
        timesteps,
        held_out: split.held_out,
        flags: flags(timesteps, &tried[chosen]),
        tried,
        chosen,
    })
}

impl Split<'_> {
    fn try_out(&self, options: &FitOptions, observer: Observer) -> Result<Tried, ExperimentError> {
        let (fit, agreements, output_error) = self.judge(options, observer)?;
        Ok(Tried {
            normalization: match options.thresholds {
                ThresholdRule::Mmse => "mmse".to_owned(),
                ThresholdRule::Percentile => format!("percentile:{}", options.percentile),
                ThresholdRule::Max => "max".to_owned(),
            },
            max_pool: fit.conversion.max_pool.map(rule_name),
            readout: options.readout.name(),
            signed_spikes: options.signed_spikes,
            output_error,
            agreement: agreements.last().copied().unwrap_or(0.0),
        })
    }
}

fn choice(rule: MaxPoolRule) -> MaxPoolChoice {
    match rule {
        MaxPoolRule::Gate => MaxPoolChoice::Gate,
        MaxPoolRule::CumulativeMax => MaxPoolChoice::CumulativeMax,
    }
}

/// The first timestep, counted from 1, whose agreement is close to the best.
fn enough(agreements: &[f64]) -> u32 {
    let best = agreements.iter().copied().fold(0.0, f64::max);
    let is_enough = |agreement: &f64| *agreement >= best - AGREEMENT_MARGIN;
    agreements.iter().position(is_enough).map_or(1, |t| t + 1) as u32
}

fn flags(timesteps: u32, tried: &Tried) -> String {
    let mut flags = format!(
        "--timesteps {timesteps} --normalization {} --readout {}",
        tried.normalization, tried.readout
    );
    if tried.signed_spikes {
        flags += " --signed-spikes";
    }
    if let Some(rule) = tried.max_pool {
        flags += &format!(" --set conversion.max_pool={rule}");
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_enough_timesteps_and_flags() {
        assert_eq!(enough(&[0.2, 0.8, 0.895, 0.9, 0.9]), 3);
        assert_eq!(enough(&[]), 1);
        let tried = Tried {
            normalization: "percentile:99".to_owned(),
            max_pool: Some("gate"),
            readout: "potential",
            signed_spikes: false,
            output_error: Some(0.1),
            agreement: 0.9,
        };
        let expected = "--timesteps 3 --normalization percentile:99 --readout potential --set conversion.max_pool=gate";
        assert_eq!(flags(3, &tried), expected);
    }
}
