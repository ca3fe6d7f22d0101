//! `spikewatt simulate`.

pub(in crate::cli) mod network;

use self::network::NetworkArgs;
use super::progress::{Meter, catch_interrupts};
use super::tables::{csv_of, emit};
use super::{Common, harmless};
use crate::experiment::{NetworkRun, OutputKind, SimulateConfig, simulate_network};
use crate::neuron::PRESETS;
use crate::result::PopulationReport;
use crate::units::si;
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Run a spiking network on given input and print what it did: counts and speed, no pricing.
///
/// A NIR file:        spikewatt simulate network.nir --input spikes.npy --timesteps 300
/// A native network:  spikewatt simulate examples/brunel10000.toml
///
/// Input is an array (T, …) or (N, T, …) in .npy or .npz, an N-MNIST .bin, or an HDF5 file of NIRData
/// or in the style of SHD. Options that are not given are as the preset or the native file says.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_override_self = true)]
pub(super) struct SimulateArgs {
    /// Spiking network: NIR, or native (.toml).
    #[arg(value_name = "NETWORK")]
    network: PathBuf,
    /// What drives the input; a network without input population needs none.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Timesteps per sample; those of the input or of the native file unless given.
    #[arg(long, short = 'T', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    timesteps: Option<u32>,
    /// Use only the first N samples; without input, run the network N times.
    #[arg(long, value_name = "N", value_parser = positive)]
    samples: Option<usize>,
    #[command(flatten)]
    network_options: NetworkArgs,
    /// Record spikes, and potentials of populations that do not spike, to a .npz file.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("state a whole number above 0".to_owned()),
        Ok(number) => Ok(number),
    }
}

pub(super) fn execute(args: &SimulateArgs, common: &Common) -> anyhow::Result<()> {
    let config = SimulateConfig {
        network: args.network.clone(),
        input: args.input.clone(),
        labels: None,
        timesteps: args.timesteps,
        samples: args.samples,
        options: args.network_options.options(),
        record: args.record.clone(),
        seed: common.seed,
        conversion: None,
    };
    catch_interrupts();
    let meter = Meter::new(common.quiet);
    let run = simulate_network(&config, &|progress| meter.observe(progress));
    meter.finish();
    let run = run?;
    super::tell_warnings(&run.warnings);
    emit(
        common,
        &run,
        || Ok(harmless(&text(&run)?)),
        || csv_of(&run.populations),
    )
}

fn text(run: &NetworkRun) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    heading(&mut out, run)?;
    writeln!(out)?;
    populations(&mut out, run)?;
    writeln!(out)?;
    for output in &run.output_populations {
        let what = match output.kind {
            OutputKind::SpikeCount => "spike counts",
            OutputKind::FinalPotential => "potentials after the last timestep",
        };
        writeln!(out, "output \"{}\": {what}", output.population)?;
    }
    outputs(&mut out, run)?;
    writeln!(
        out,
        "simulated in {} at {}",
        si(run.timing.simulate_s, "s"),
        si(run.timing.synops_per_s, "SynOp/s")
    )?;
    if let Some(record) = &run.record {
        writeln!(out, "recorded to {record}")?;
    }
    Ok(out)
}

/// A row per population, and their sums.
fn populations(out: &mut String, run: &NetworkRun) -> std::fmt::Result {
    let mut line = |cells: [&str; 7]| {
        let [name, rest @ ..] = cells;
        let [neurons, synapses, rate, spikes, synops, macs] = rest;
        writeln!(
            out,
            "{name:<28} {neurons:>9} {synapses:>11} {rate:>9} {spikes:>12} {synops:>13} {macs:>13}"
        )
    };
    line([
        "population, per sample",
        "neurons",
        "synapses",
        "rate",
        "spikes",
        "SynOps",
        "MACs",
    ])?;
    for p in &run.populations {
        line([
            &p.name,
            &p.neurons.to_string(),
            &p.synapses.to_string(),
            &format!("{:.3} %", p.rate * 100.0),
            &count(p.spikes_per_inference),
            &count(p.synops_per_inference),
            &count(p.macs_per_inference),
        ])?;
    }
    let sum = |figure: fn(&PopulationReport) -> u64| {
        run.populations.iter().map(figure).sum::<u64>().to_string()
    };
    let rate = run.totals.rate();
    line([
        "total, without input",
        &sum(PopulationReport::own_neurons),
        &sum(|p| p.synapses),
        &rate.map_or(String::new(), |rate| format!("{:.3} %", rate * 100.0)),
        &count(run.totals.spikes_per_inference),
        &count(run.totals.synops_per_inference),
        &count(run.totals.macs_per_inference),
    ])
}

/// What ran, how, and on what.
fn heading(out: &mut String, run: &NetworkRun) -> std::fmt::Result {
    writeln!(
        out,
        "{}: {} samples of {} timesteps, seed {}",
        run.network, run.samples, run.timesteps, run.seed
    )?;
    let about = PRESETS.iter().find(|preset| preset.name == run.preset);
    writeln!(
        out,
        "preset {} ({})",
        run.preset,
        about.map_or("", |preset| preset.about)
    )?;
    writeln!(out, "options: {}", run.options)?;
    if let Some(input) = &run.input {
        writeln!(out, "input {input}")?;
    }
    for note in &run.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

/// The first samples, as far as a person reads them.
fn outputs(out: &mut String, run: &NetworkRun) -> std::fmt::Result {
    const SAMPLES: usize = 10;
    const NEURONS: usize = 20;
    if run
        .outputs
        .first()
        .is_none_or(|first| first.len() > NEURONS)
    {
        return Ok(());
    }
    for (sample, values) in run.outputs.iter().take(SAMPLES).enumerate() {
        let values: Vec<String> = values.iter().map(|&value| count(value)).collect();
        writeln!(out, "  sample {sample}: {}", values.join(" "))?;
    }
    if run.outputs.len() > SAMPLES {
        writeln!(out, "  … all {} with --format json", run.outputs.len())?;
    }
    Ok(())
}

/// Whole numbers as they are, others with four digits behind the point.
fn count(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value}")
    } else {
        format!("{value:.4}")
    }
}
