//! `spikewatt run` with a network that spikes already, or one that recorded events drive.

use super::RunArgs;
use crate::cli::Common;
use crate::experiment::{CalibrationConfig, SpikingData, SpikingExperiment};
use crate::formats::extension;
use anyhow::bail;

/// The experiment of an ONNX model whose data are recorded events; `None` if they are none.
pub(super) fn of_model(
    args: &RunArgs,
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
    if !given.is_recorded() {
        return Ok(None);
    }
    if let Some(assignment) = args.set.first() {
        bail!(
            "--set {assignment}: it sets keys of an experiment file; give the flag of the same purpose"
        );
    }
    with_flags(given, args, common).map(Some)
}

/// Replaces what flags say.
pub(super) fn with_flags(
    mut experiment: SpikingExperiment,
    args: &RunArgs,
    common: &Common,
) -> anyhow::Result<SpikingExperiment> {
    let converted = extension(&experiment.model) == "onnx";
    check_flags(&experiment, converted, args)?;
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
        experiment.baseline = Some(baseline.clone().into());
    }
    Ok(experiment)
}

/// Refuses flags that would have no effect.
fn check_flags(
    experiment: &SpikingExperiment,
    converted: bool,
    args: &RunArgs,
) -> anyhow::Result<()> {
    let model = experiment.model.display();
    if converted && args.encoding.is_some() {
        bail!(
            "--encoding: recorded events are spikes already, so there is nothing to encode for {model}; leave it out"
        );
    }
    for (flag, given) in [
        ("--calibration", args.calibration.is_some()),
        ("--encoding", args.encoding.is_some()),
        ("--normalization", args.normalization.is_some()),
        ("--correction", args.correction.is_some()),
        ("--readout", args.readout.is_some()),
        ("--signed-spikes", args.signed_spikes),
    ] {
        if given && !converted {
            bail!("{flag}: {model} spikes already and is not converted; leave it out");
        }
    }
    Ok(())
}
