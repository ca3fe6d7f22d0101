//! `spikewatt price`.

use super::Common;
use super::pricing::{OutputArgs, PricingArgs};
use crate::digest::sha256_hex;
use crate::experiment;
use crate::files;
use crate::formats::saved_counts;
use crate::result::InputEntry;
use anyhow::Context;
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
    let saved = saved_counts::load(&args.counts)?;
    let context: experiment::Context = serde_json::from_str(&saved.report_context)
        .with_context(|| format!("{}: its context cannot be read", args.counts.display()))?;
    let catalogue = args.pricing.catalogue()?;
    let seed = common.seed.unwrap_or(context.seed);
    let (targets, options) = args.pricing.resolve(&catalogue, seed)?;
    let report = experiment::price(&saved.counts, &saved.dense, &context, &targets, &options);
    let input = InputEntry {
        role: "counts".to_owned(),
        path: args.counts.display().to_string(),
        sha256: sha256_hex(&files::read(&args.counts)?),
    };
    args.report
        .publish(&report, input, &targets, common, &command)
}
