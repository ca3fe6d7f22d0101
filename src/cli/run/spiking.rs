//! `spikewatt run` with a network that spikes already.

use super::RunArgs;
use crate::cli::Common;
use crate::experiment::{CalibrationConfig, SpikingData, SpikingExperiment, is_spiking_network};
use anyhow::bail;
use std::path::Path;

/// The experiment, if the model is a spiking network.
pub(super) fn experiment(
    args: &RunArgs,
    common: &Common,
) -> anyhow::Result<Option<SpikingExperiment>> {
    let is_file = args
        .input
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let is_onnx = |path: &Path| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("onnx"))
    };
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
    let mut experiment = if given.is_recorded() || is_spiking_network(&args.input)? {
        if let Some(assignment) = args.set.first() {
            bail!(
                "--set {assignment}: it sets keys of an experiment file; give the flag of the same purpose"
            );
        }
        given
    } else if is_file {
        match SpikingExperiment::load(&args.input, &args.set)? {
            Some(experiment) => experiment,
            None => return Ok(None),
        }
    } else {
        return Ok(None);
    };
    let converted = is_onnx(&experiment.model);
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
