//! `spikewatt estimate`.

use super::run::catalogue;
use super::usage::UsageArgs;
use super::{Common, Format, print, print_json, talk, text};
use crate::counts::AssumedRates;
use crate::experiment::{self, OutputConfig};
use crate::report::{InputEntry, Manifest, OutputFolder, TableEntry};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(super) struct EstimateArgs {
    /// Trained model (.onnx).
    model: PathBuf,
    /// Spikes per neuron and timestep that every spiking layer is assumed to emit, 0 to 1.
    #[arg(long, value_name = "R", value_parser = share)]
    rate: f64,
    /// Timesteps per inference.
    #[arg(long, short = 'T', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    timesteps: u32,
    /// Spikes per input and timestep, 0 to 1; without it the input is a constant value that is
    /// multiplied, not a spike that is added.
    #[arg(long, value_name = "R", value_parser = share)]
    input_rate: Option<f64>,
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

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err("give spikes per neuron and timestep, 0 to 1, such as 0.05".into()),
    }
}

pub(super) fn execute(
    args: &EstimateArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let catalogue = catalogue(&args.hardware_file)?;
    let names = args
        .targets
        .clone()
        .unwrap_or_else(|| OutputConfig::default().targets);
    let targets = names
        .iter()
        .map(|name| catalogue.get(name))
        .collect::<Result<Vec<_>, _>>()?;
    let seed = common.seed.unwrap_or(0);
    let options = args.usage.options(args.large_batch, seed)?;
    if !common.quiet {
        talk(&format!(
            "counting {} at assumed rates",
            args.model.display()
        ));
    }
    let rates = AssumedRates {
        rate: args.rate,
        input_rate: args.input_rate,
    };
    let mut estimate = experiment::estimate(&args.model, args.timesteps, &rates)?;
    estimate.context.seed = seed;
    let mut report = experiment::price(
        &estimate.counts,
        &estimate.dense,
        &estimate.context,
        &targets,
        &options,
    );
    // The counts stand for one expected inference, not for samples that were run.
    report.samples = 0;
    if let Some(out) = &args.out {
        let mut folder = OutputFolder::create(out, args.force)?;
        folder.export(&report)?;
        let mut manifest = Manifest::new(Manifest::arguments(&command), seed);
        manifest.inputs.push(InputEntry {
            role: "model".to_owned(),
            path: report.model.path.clone(),
            sha256: report.model.sha256.clone(),
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
