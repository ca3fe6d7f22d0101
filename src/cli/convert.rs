//! `spikewatt convert`.

use super::inputs::keep_experiment;
use super::progress::{Meter, catch_interrupts};
use super::run::{convertible, correction, encodings, normalization, readouts};
use super::{Common, Format, harmless, print, print_json, talk};
use crate::encoding::Encoding;
use crate::experiment::{
    CalibrationConfig, ConversionReport, ConvertedExperiment, Correction, Normalization, Readout,
    convert_model,
};
use crate::formats::nir;
use crate::report::escape::cell;
use crate::report::{Manifest, OutputFolder};
use anyhow::bail;
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(super) struct ConvertArgs {
    /// Model (.onnx), or an experiment (.toml) that says how to convert one.
    #[arg(value_name = "MODEL|EXPERIMENT.toml")]
    input: PathBuf,
    /// Training samples that set the thresholds; labels are not used.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Use only the first N of them.
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Timesteps that the network will run for.
    #[arg(long, short = 'T', value_name = "N")]
    timesteps: Option<u32>,
    /// How samples will become input.
    #[arg(long, value_name = "NAME", value_parser = encodings())]
    encoding: Option<Encoding>,
    /// Where thresholds come from: mmse (least error for the given timesteps), percentile,
    /// percentile:P or max.
    #[arg(long, value_name = "RULE", value_parser = normalization)]
    normalization: Option<(Normalization, Option<f64>)>,
    /// What is corrected after conversion: weights (and biases), bias or none.
    #[arg(long, value_name = "WHAT", value_parser = correction)]
    correction: Option<Correction>,
    /// How the answer is read from the last layer; one that is read by spikes has a threshold in the
    /// file.
    #[arg(long, value_name = "NAME", value_parser = readouts())]
    readout: Option<Readout>,
    /// Set any key of the experiment, for example --set conversion.initial_potential=0.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace an earlier conversion in that folder.
    #[arg(long)]
    force: bool,
}

pub(super) fn execute(
    args: &ConvertArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let experiment = experiment(args, common)?;
    experiment.check()?;
    let mut folder = OutputFolder::of_command(&args.out, &command, args.force)?;
    catch_interrupts();
    let meter = Meter::new(common.quiet);
    let converted = convert_model(&experiment, &|progress| meter.observe(progress))?;
    meter.finish();
    let report = &converted.report;
    let text = text(report)?;
    folder.write("network.nir", &nir::encode(&converted.raised.graph)?)?;
    let mut json = serde_json::to_string_pretty(report)?;
    json.push('\n');
    folder.write("conversion.json", json.as_bytes())?;
    folder.write("conversion.csv", &table(report)?)?;
    folder.write("conversion.txt", text.as_bytes())?;
    let mut manifest = Manifest::new(command, experiment.simulation.seed);
    manifest.inputs.clone_from(&converted.inputs);
    keep_experiment(&args.input, &mut manifest.inputs, &mut folder)?;
    let written = folder.path().display().to_string();
    folder.finish(manifest)?;
    match common.format {
        Format::Json => print_json(report)?,
        _ => print(&harmless(&text))?,
    }
    if !common.quiet {
        talk(&format!("files in {written}"));
    }
    Ok(())
}

fn experiment(args: &ConvertArgs, common: &Common) -> anyhow::Result<ConvertedExperiment> {
    let kind = convertible(&args.input)?;
    let mut experiment = match (&args.data, kind.is_experiment()) {
        (_, true) => ConvertedExperiment::load(&args.input, &args.set)?,
        (Some(data), false) => {
            let base = ConvertedExperiment::of_model(args.input.clone(), data.clone());
            ConvertedExperiment::from_table(toml::Table::try_from(base)?, &args.set)?
        }
        (None, false) => bail!(
            "{}: conversion sets thresholds on training samples; name a file of them with --data",
            args.input.display()
        ),
    };
    if let Some(data) = &args.data {
        experiment.calibration = Some(CalibrationConfig {
            path: data.clone(),
            samples: None,
        });
    }
    if let (Some(calibration), Some(samples)) = (&mut experiment.calibration, args.samples) {
        calibration.samples = Some(samples);
    }
    if let Some(timesteps) = args.timesteps {
        experiment.simulation.timesteps = timesteps;
    }
    if let Some((normalization, percentile)) = args.normalization {
        experiment.conversion.normalization = normalization;
        if let Some(percentile) = percentile {
            experiment.conversion.percentile = percentile;
        }
    }
    if let Some(encoding) = args.encoding {
        experiment.simulation.encoding = encoding;
    }
    if let Some(correction) = args.correction {
        experiment.conversion.correction = correction;
    }
    if let Some(readout) = args.readout {
        experiment.conversion.readout = readout;
    }
    if let Some(seed) = common.seed {
        experiment.simulation.seed = seed;
    }
    Ok(experiment)
}

fn text(report: &ConversionReport) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{}: converted for {} timesteps of {} input, {} on {} samples of {}",
        report.model,
        report.timesteps,
        report.encoding,
        report.normalization,
        report.calibration_samples,
        report.calibration
    )?;
    writeln!(
        out,
        "error of the output on them: {:.1} % of the spread of the original",
        100.0 * report.output_error
    )?;
    writeln!(out)?;
    let mut line = |cells: [&str; 6]| {
        let [name, neuron, neurons, synapses, threshold, initial] = cells;
        writeln!(
            out,
            "{name:<24} {neuron:<14} {neurons:>9} {synapses:>11} {threshold:>17} {initial:>17}"
        )
    };
    line([
        "population",
        "neuron",
        "neurons",
        "synapses",
        "threshold",
        "starts at",
    ])?;
    let span = |range: Option<[f32; 2]>| match range {
        Some([low, high]) if low == high => format!("{low:.5}"),
        Some([low, high]) => format!("{low:.4} – {high:.4}"),
        None => "-".to_owned(),
    };
    for p in &report.populations {
        line([
            &p.name,
            &p.neuron,
            &p.neurons.to_string(),
            &p.synapses.to_string(),
            &span(p.threshold),
            &span(p.initial_potential),
        ])?;
    }
    writeln!(out)?;
    for note in report.notes.iter().chain(&report.conventions) {
        writeln!(out, "note: {note}")?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "the same spikes from this program (x.npy: samples as the model takes them):"
    )?;
    writeln!(
        out,
        "  spikewatt simulate network.nir --input x.npy {}",
        report.flags
    )?;
    Ok(out)
}

fn table(report: &ConversionReport) -> anyhow::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record([
        "population",
        "neuron",
        "neurons",
        "synapses",
        "threshold_low",
        "threshold_high",
        "initial_potential_low",
        "initial_potential_high",
        "biased_neurons",
    ])?;
    for p in &report.populations {
        let cells = |range: Option<[f32; 2]>| match range {
            Some(range) => range.map(|value| value.to_string()),
            None => [String::new(), String::new()],
        };
        let [threshold_low, threshold_high] = cells(p.threshold);
        let [initial_low, initial_high] = cells(p.initial_potential);
        csv.write_record([
            cell(&p.name),
            cell(&p.neuron),
            p.neurons.to_string(),
            p.synapses.to_string(),
            threshold_low,
            threshold_high,
            initial_low,
            initial_high,
            p.biased.to_string(),
        ])?;
    }
    Ok(csv.into_inner()?)
}
