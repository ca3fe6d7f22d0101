//! `spikewatt estimate`.

use super::inputs::{hardware_files, input};
use super::pricing::{Made, OutputArgs, PricingArgs};
use super::{Common, rates, talk};
use crate::counts::AssumedRates;
use crate::energy::UsageConfig;
use crate::experiment::{self, AssumedExperiment, Experiment, OutputConfig};
use clap::Args;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(super) struct EstimateArgs {
    /// Trained model (.onnx), spiking network (.nir, native .toml) or description of shapes (.toml).
    model: PathBuf,
    /// Spikes per neuron and timestep that every spiking layer is assumed to emit, 0 to 1; with
    /// --rates, those without a row.
    #[arg(long, value_name = "R", value_parser = share, required_unless_present = "rates")]
    rate: Option<f64>,
    /// Rates layer by layer: a CSV file with the columns layer and rate, as `spikewatt counts
    /// template MODEL` writes it. An input with a rate spikes.
    #[arg(long, value_name = "FILE.csv")]
    rates: Option<PathBuf>,
    /// Timesteps per inference.
    #[arg(long, short = 'T', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    timesteps: u32,
    /// Spikes per input and timestep, 0 to 1; without it the input is a constant value that is
    /// multiplied, not a spike that is added.
    #[arg(long, value_name = "R", value_parser = share)]
    input_rate: Option<f64>,
    /// Size of an input that a model without a spiking form leaves open; may be repeated.
    #[arg(long, value_name = "NAME=1x128", value_parser = input_shape)]
    input_shape: Vec<(String, Vec<usize>)>,
    #[command(flatten)]
    pricing: PricingArgs,
    #[command(flatten)]
    report: OutputArgs,
}

/// `ids=1x128`.
pub(super) fn input_shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let wanted = || "give the name of an input and its size, such as ids=1x128".to_owned();
    let (name, sizes) = text.rsplit_once('=').ok_or_else(wanted)?;
    let sizes: Result<Vec<usize>, _> = sizes.split(['x', '×', ',']).map(str::parse).collect();
    match sizes {
        Ok(sizes) if !name.is_empty() && sizes.iter().all(|size| *size > 0) => {
            Ok((name.to_owned(), sizes))
        }
        _ => Err(wanted()),
    }
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
    let mut experiment: Experiment = AssumedExperiment {
        network: args.model.clone(),
        timesteps: args.timesteps,
        rates: AssumedRates {
            rate: args.rate,
            layers: match &args.rates {
                Some(file) => rates::read(file)?,
                None => BTreeMap::new(),
            },
            input_rate: args.input_rate,
        },
        input_shapes: args.input_shape.iter().cloned().collect(),
        seed: common.seed.unwrap_or(0),
        output: OutputConfig::default(),
        usage: UsageConfig::default(),
    }
    .into();
    let (output, usage) = experiment.pricing_mut();
    args.pricing.override_config(output, usage);
    experiment.check()?;
    let catalogue = args.pricing.catalogue()?;
    let targets = experiment.output().targets(&catalogue)?;
    if !common.quiet {
        talk(&format!(
            "counting {} at assumed rates",
            args.model.display()
        ));
    }
    let run = experiment::run(&experiment, &catalogue, &|_| ControlFlow::Continue(()))?;
    let mut inputs = run.inputs;
    if let Some(file) = &args.rates {
        inputs.push(input("rates", file)?);
    }
    inputs.extend(hardware_files(args.pricing.hardware_file())?);
    let made = Made {
        report: &run.report,
        targets: &targets,
        inputs,
        counts: None,
        details: args.pricing.details,
    };
    args.report.publish(made, common, command)
}
