//! `spikewatt price`.

use super::run::catalogue;
use super::usage::UsageArgs;
use super::{Common, Format, print, print_json, text};
use crate::digest::sha256_hex;
use crate::experiment::{self, OutputConfig};
use crate::formats::saved_counts;
use crate::report::{InputEntry, Manifest, OutputFolder, TableEntry};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// The counts.h5 of a run.
    counts: PathBuf,
    /// Targets to price, by name; see `spikewatt hardware list`.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Further cost tables (.toml) that targets may name.
    #[arg(long, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
    /// Batch of conventional devices beside batch 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    large_batch: Option<u64>,
    /// Folder to write the report to; nothing is written without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the results of an earlier run in that folder.
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    usage: UsageArgs,
}

pub(super) fn execute(
    args: &PriceArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let saved = saved_counts::load(&args.counts)?;
    let context: experiment::Context = serde_json::from_str(&saved.report_context)
        .with_context(|| format!("{}: its context cannot be read", args.counts.display()))?;
    let catalogue = catalogue(&args.hardware_file)?;
    let names = args
        .targets
        .clone()
        .unwrap_or_else(|| OutputConfig::default().targets);
    let targets = names
        .iter()
        .map(|name| catalogue.get(name))
        .collect::<Result<Vec<_>, _>>()?;
    let seed = common.seed.unwrap_or(context.seed);
    let options = args.usage.options(args.large_batch, seed)?;
    let report = experiment::price(&saved.counts, &saved.dense, &context, &targets, &options);
    if let Some(out) = &args.out {
        let mut folder = OutputFolder::create(out, args.force)?;
        folder.export(&report)?;
        let mut manifest = Manifest::new(Manifest::arguments(&command), report.seed);
        manifest.inputs.push(InputEntry {
            role: "counts".to_owned(),
            path: args.counts.display().to_string(),
            sha256: sha256_hex(&std::fs::read(&args.counts)?),
        });
        manifest.tables = names
            .iter()
            .zip(&targets)
            .map(|(name, hardware)| TableEntry {
                device: name.clone(),
                sha256: hardware.fingerprint(),
            })
            .collect();
        folder.finish(manifest)?;
    }
    match common.format {
        Format::Json => print_json(&report),
        Format::Text => print(&text(&report)),
    }
}
