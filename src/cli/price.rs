//! `spikewatt price`.

use super::Common;
use super::inputs::{LookIn, hardware_files, input};
use super::pricing::{Made, OutputArgs, PricingArgs};
use crate::experiment::Counted;
use crate::manifest::{COUNTS_ROLE, counts_file};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// The counts.h5 of a run, or the folder of a result.
    #[arg(value_name = "COUNTS|RESULT")]
    counts: PathBuf,
    #[command(flatten)]
    pricing: PricingArgs,
    #[command(flatten)]
    report: OutputArgs,
    #[command(flatten)]
    places: LookIn,
}

pub(super) fn execute(
    args: &PriceArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let file = counts_file(&args.counts, &args.places.look_in)?;
    let counted = Counted::load(&file)?;
    let catalogue = args.pricing.catalogue()?;
    let seed = common.seed.unwrap_or(counted.context.seed);
    let (targets, options) = args.pricing.resolve(&catalogue, seed)?;
    let report = counted.price(&targets, &options);
    let mut inputs = vec![input(COUNTS_ROLE, &file)?];
    inputs.extend(hardware_files(args.pricing.hardware_file())?);
    let made = Made {
        report: &report,
        targets: &targets,
        inputs,
        counts: Some(&file),
        details: args.pricing.details,
    };
    args.report.publish(made, common, command)
}
