//! `spikewatt price`.

use super::run::catalogue;
use super::usage::UsageArgs;
use super::{Common, Format, print, print_json, require_fit, text};
use crate::digest::sha256_hex;
use crate::energy::PlacementRule;
use crate::experiment::{self, OutputConfig};
use crate::formats::saved_counts;
use crate::report::{InputEntry, Manifest, OutputFolder, TableEntry};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// The counts.h5 of a run.
    counts: PathBuf,
    /// Targets to price, by name; see `spikewatt hardware list`.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Further cost tables (.toml) or SANA-FE architectures (.yaml) that targets may name.
    #[arg(long, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
    /// Batch of conventional devices beside batch 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    large_batch: Option<u64>,
    /// Where neurons sit on chips with neurocores: cores filled in the order of the network, or
    /// moved so that packets cross fewer links.
    #[arg(long, value_enum, default_value_t = PlacementArg::Greedy)]
    placement: PlacementArg,
    /// Time that chips with neurocores exchange data with their host in each timestep [s].
    #[arg(long, value_name = "S", default_value = "0", value_parser = seconds)]
    host_exchange_s: f64,
    /// Exit code 4 if the network does not fit a target.
    #[arg(long)]
    require_fit: bool,
    /// Folder to write the report to; nothing is written without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the results of an earlier run in that folder.
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    usage: UsageArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlacementArg {
    Greedy,
    Optimised,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=3600.0).contains(&value) => Ok(value),
        _ => Err("a time in seconds is needed, 0 to 3600".into()),
    }
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
    let mut options = args.usage.options(args.large_batch, seed)?;
    if args.placement == PlacementArg::Optimised {
        options.placement = PlacementRule::Optimised { seed };
    }
    options.host_exchange_s = args.host_exchange_s;
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
        Format::Json => print_json(&report)?,
        Format::Text => print(&text(&report))?,
    }
    if args.require_fit {
        require_fit(&report)?;
    }
    Ok(())
}
