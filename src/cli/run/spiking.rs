//! `spikewatt run` with a network that spikes already.

use super::RunArgs;
use crate::cli::Common;
use crate::experiment::{CalibrationConfig, SpikingData, SpikingExperiment};
use crate::formats::{FileKind, extension};
use anyhow::bail;

/// The experiment, if the model is a spiking network.
pub(super) fn experiment(
    args: &RunArgs,
    kind: FileKind,
    common: &Common,
) -> anyhow::Result<Option<SpikingExperiment>> {
    let given = SpikingExperiment {
        model: args.input.clone(),
        data: args.data.clone().map(|path| SpikingData {
            path,
            labels: None,
            samples: None,
        }),
        network: args.network.options(),
        ..SpikingExperiment::default()
    };
    let mut experiment = if given.is_recorded() || kind.is_spiking_network() {
        if let Some(assignment) = args.set.first() {
            bail!(
                "--set {assignment}: it sets keys of an experiment file; give the flag of the same purpose"
            );
        }
        given
    } else if kind.is_experiment() {
        match SpikingExperiment::load(&args.input, &args.set)? {
            Some(experiment) => experiment,
            None => return Ok(None),
        }
    } else {
        return Ok(None);
    };
    let converted = extension(&experiment.model) == "onnx";
    if converted {
        if let Some(path) = &args.calibration {
            experiment.calibration = Some(CalibrationConfig {
                path: path.clone(),
                samples: None,
            });
        }
        let choices = experiment.conversion.get_or_insert_default();
        super::conversion(args, choices);
    }
    for (flag, given) in [
        ("--calibration", args.calibration.is_some()),
        ("--encoding", args.encoding.is_some()),
        ("--normalization", args.normalization.is_some()),
        ("--correction", args.correction.is_some()),
        ("--readout", args.readout.is_some()),
        ("--signed-spikes", args.signed_spikes),
    ] {
        if given && (flag == "--encoding" || !converted) {
            bail!(
                "{flag}: {} spikes already and is not converted; leave it out",
                experiment.model.display()
            );
        }
    }
    if let Some(path) = &args.data {
        let samples = experiment.data.take().and_then(|data| data.samples);
        experiment.data = Some(SpikingData {
            path: path.clone(),
            labels: None,
            samples,
        });
    }
    match (&mut experiment.data, &args.labels) {
        (Some(data), Some(labels)) => data.labels = Some(labels.clone()),
        (None, Some(labels)) => bail!("--labels {}: there is no --data", labels.display()),
        _ => {}
    }
    match (&mut experiment.data, args.samples) {
        (Some(data), Some(samples)) => data.samples = Some(samples),
        (None, Some(runs)) => experiment.simulation.runs = Some(runs),
        _ => {}
    }
    let simulation = &mut experiment.simulation;
    simulation.timesteps = args.timesteps.or(simulation.timesteps);
    simulation.seed = common.seed.or(simulation.seed);
    args.network.apply(&mut experiment.network);
    let SpikingExperiment { output, usage, .. } = &mut experiment;
    args.pricing.override_config(output, usage);
    if let Some(baseline) = &args.baseline {
        experiment.baseline = Some(baseline.clone());
    }
    Ok(Some(experiment))
}
