//! `spikewatt price`.

use super::Common;
use super::pricing::{OutputArgs, PricingArgs};
use crate::digest::sha256_hex;
use crate::experiment::Counted;
use crate::files;
use crate::result::InputEntry;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// The counts.h5 of a run.
    counts: PathBuf,
    #[command(flatten)]
    pricing: PricingArgs,
    #[command(flatten)]
    report: OutputArgs,
}

pub(super) fn execute(
    args: &PriceArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let counted = Counted::load(&args.counts)?;
    let catalogue = args.pricing.catalogue()?;
    let seed = common.seed.unwrap_or(counted.context.seed);
    let (targets, options) = args.pricing.resolve(&catalogue, seed)?;
    let report = counted.price(&targets, &options);
    let input = InputEntry {
        role: "counts".to_owned(),
        path: args.counts.display().to_string(),
        sha256: sha256_hex(&files::read(&args.counts)?),
    };
    args.report
        .publish(&report, input, &targets, common, &command)
}
