//! `spikewatt run` with the counts of an earlier run.

use super::RunArgs;
use crate::cli::Common;
use crate::experiment::CountsExperiment;
use anyhow::bail;

/// Replaces what flags say.
pub(super) fn with_flags(
    experiment: CountsExperiment,
    args: &RunArgs,
    common: &Common,
) -> anyhow::Result<CountsExperiment> {
    for (flag, given) in [
        ("--data", args.data.is_some()),
        ("--labels", args.labels.is_some()),
        ("--calibration", args.calibration.is_some()),
        ("--timesteps", args.timesteps.is_some()),
        ("--samples", args.samples.is_some()),
        ("--encoding", args.encoding.is_some()),
        ("--normalization", args.normalization.is_some()),
        ("--correction", args.correction.is_some()),
        ("--readout", args.readout.is_some()),
        ("--signed-spikes", args.signed_spikes),
        ("--baseline", args.baseline.is_some()),
        ("the options of spiking networks", !args.network.is_empty()),
    ] {
        if given {
            bail!(
                "{flag}: {} holds counts, which are priced and not simulated again; leave it out, or run the experiment that made them",
                args.input.display()
            );
        }
    }
    Ok(CountsExperiment {
        seed: common.seed.or(experiment.seed),
        ..experiment
    })
}
