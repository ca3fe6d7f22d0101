//! `spikewatt run`.

mod counts;
mod spiking;

use super::inputs::{hardware_files, keep_experiment};
use super::pricing::{PricingArgs, table_entries};
use super::progress::{Meter, catch_interrupts};
use super::simulate::network::NetworkArgs;
use super::{Common, print_report, require_fit, talk};
use crate::conversion::READOUTS;
use crate::encoding::{ENCODINGS, Encoding};
use crate::experiment::{
    self, CalibrationConfig, ConversionConfig, ConvertedExperiment, Correction, Counted,
    Experiment, Normalization, OutputConfig, Readout, Run,
};
use crate::formats::{self, FileKind, KindError};
use crate::report::{Manifest, OutputFolder};
use crate::result::{Evaluation, Report, Workload};
use crate::units::si;
use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(super) struct RunArgs {
    /// Experiment (.toml), model (.onnx) or spiking network (.nir, native .toml).
    #[arg(value_name = "EXPERIMENT.toml|MODEL")]
    pub(super) input: PathBuf,
    /// Data to run on: .npz with x and y, .npy, IDX (.gz too), CIFAR-10 batches or HDF5; for
    /// spiking networks, spikes and event recordings as `simulate` reads them. An ONNX model takes
    /// event recordings, too: a folder of them or, with --dt-bin, a file.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// Labels, if they are not in or beside the data.
    #[arg(long, value_name = "FILE")]
    pub(super) labels: Option<PathBuf>,
    /// Training samples that set the thresholds; labels are not used.
    #[arg(long, value_name = "FILE")]
    pub(super) calibration: Option<PathBuf>,
    /// Timesteps per sample.
    #[arg(long, short = 'T', value_name = "N")]
    pub(super) timesteps: Option<u32>,
    /// Use only the first N samples of the data.
    #[arg(long, value_name = "N")]
    pub(super) samples: Option<usize>,
    /// How samples become input.
    #[arg(long, value_name = "NAME", value_parser = encodings())]
    pub(super) encoding: Option<Encoding>,
    /// Where thresholds come from: mmse (least error for the given timesteps), percentile,
    /// percentile:P or max.
    #[arg(long, value_name = "RULE", value_parser = normalization)]
    pub(super) normalization: Option<(Normalization, Option<f64>)>,
    /// What is corrected after conversion: weights (and biases), bias or none.
    #[arg(long, value_name = "WHAT", value_parser = correction)]
    pub(super) correction: Option<Correction>,
    /// How the answer is read from the last layer.
    #[arg(long, value_name = "NAME", value_parser = readouts())]
    pub(super) readout: Option<Readout>,
    /// Allow negative spikes (signed IF): closer to the
    /// original at few timesteps, but only for chips whose spikes carry a sign.
    #[arg(long)]
    pub(super) signed_spikes: bool,
    /// Set any key of the experiment, for example --set conversion.percentile=99.5.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// What targets that cannot run spikes execute beside a spiking network: `same-layers`, a
    /// conventional network of its layers, never trained (the default); a trained one (.onnx) that
    /// does what it does; or `none`.
    #[arg(long, value_name = "same-layers|none|MODEL.onnx")]
    pub(super) baseline: Option<PathBuf>,
    /// Accuracy that the network had where it was trained, such as 93.8% or 0.938: fails, and writes
    /// nothing, if that of the original (of a spiking network its own) differs by more than the 95 %
    /// interval of the samples.
    #[arg(long, value_name = "SHARE", value_parser = super::quantity::share)]
    expect_accuracy: Option<f64>,
    /// Exit code 4 if the network does not fit a target; the results are written all the same.
    #[arg(long)]
    require_fit: bool,
    /// Folder to write to; results/NAME unless given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the results of an earlier run in that folder.
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) pricing: PricingArgs,
    #[command(flatten)]
    pub(super) network: NetworkArgs,
}

pub(super) fn encodings() -> impl TypedValueParser<Value = Encoding> {
    let names = ENCODINGS.map(|(name, _, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(names).map(|name| {
        ENCODINGS
            .iter()
            .find(|(known, ..)| *known == name)
            .map_or(Encoding::Constant, |(_, encoding, _)| *encoding)
    })
}

pub(super) fn readouts() -> impl TypedValueParser<Value = Readout> {
    let names = READOUTS.map(|(name, _, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(names).map(|name| {
        let known = READOUTS.iter().find(|(known, ..)| *known == name);
        known.map_or(Readout::Potential, |(_, readout, _)| *readout)
    })
}

pub(super) fn normalization(rule: &str) -> Result<(Normalization, Option<f64>), String> {
    match rule.split_once(':') {
        None if rule == "mmse" => Ok((Normalization::Mmse, None)),
        None if rule == "max" => Ok((Normalization::Max, None)),
        None if rule == "percentile" => Ok((Normalization::Percentile, None)),
        Some(("percentile", value)) => value
            .parse()
            .map(|value| (Normalization::Percentile, Some(value)))
            .map_err(|_| format!("\"{value}\" is not a number")),
        _ => Err(
            "the rules are mmse, max, percentile and percentile:P, for example percentile:99.9"
                .to_owned(),
        ),
    }
}

pub(super) fn correction(what: &str) -> Result<Correction, String> {
    match what {
        "weights" => Ok(Correction::Weights),
        "bias" => Ok(Correction::Bias),
        "none" => Ok(Correction::None),
        _ => Err("it is weights, bias or none".to_owned()),
    }
}

pub(super) fn execute(args: &RunArgs, common: &Common, command: Vec<String>) -> anyhow::Result<()> {
    let started = Instant::now();
    let experiment = any_experiment(args, common)?;
    experiment.check()?;
    let output = experiment.output();
    let catalogue = args.pricing.catalogue()?;
    let targets = output.targets(&catalogue)?;
    let folder = folder_of(args, output);
    let mut folder = OutputFolder::of_command(&folder, &command, args.force)?;

    catch_interrupts();
    let meter = Meter::new(common.quiet);
    let run = experiment::run(&experiment, &catalogue, &|progress| meter.observe(progress))?;
    meter.finish();

    let Run { report, inputs, .. } = &run;
    if let Some(expected) = args.expect_accuracy {
        expect(report, expected)?;
    }
    folder.export(report)?;
    let mut manifest = Manifest::new(command, report.seed);
    manifest.inputs.clone_from(inputs);
    keep_experiment(&args.input, &mut manifest.inputs, &mut folder)?;
    let tables = hardware_files(args.pricing.hardware_file())?;
    manifest.inputs.extend(tables);
    manifest.tables = table_entries(&targets);
    let report = report.clone();
    folder.write("counts.h5", &Counted::from(run).encode()?)?;
    let written = folder.path().to_path_buf();
    folder.finish(manifest)?;

    let took = Some(started.elapsed());
    print_report(&report, common, args.pricing.details, took, Some(&written))?;
    if !common.quiet {
        talk(&format!(
            "simulated {} samples in {:.2} s ({}); files in {}",
            report.samples,
            report.timing.simulate_s,
            si(report.timing.synops_per_s, "SynOp/s"),
            written.display()
        ));
    }
    if args.require_fit {
        require_fit(&report)?;
    }
    Ok(())
}

/// Fails if the network does not answer as well as it did where it was trained.
fn expect(report: &Report, expected: f64) -> anyhow::Result<()> {
    let of = |workload: Workload| {
        let mut found = report.evaluations.iter();
        found.find(|one| one.workload == workload && one.correct.is_some())
    };
    let found = of(Workload::Ann).or_else(|| of(Workload::Snn));
    let Some(share) = found.and_then(Evaluation::share) else {
        bail!("--expect-accuracy: there is no accuracy without labels; give them with --labels");
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    anyhow::ensure!(
        (share.low..=share.high).contains(&expected),
        "--expect-accuracy {}: found {} [{} – {}] on {} samples; compare scaling (data.preprocessing), \
         order of labels and model file with the training",
        percent(expected),
        percent(share.value),
        percent(share.low),
        percent(share.high),
        report.samples
    );
    Ok(())
}

/// The folder asked for, or `results/` and the name of the experiment or model.
pub(super) fn folder_of(args: &RunArgs, output: &OutputConfig) -> PathBuf {
    let named = args.out.clone().or_else(|| output.folder.clone());
    named.unwrap_or_else(|| {
        let stem = args.input.file_stem().unwrap_or_default();
        Path::new("results").join(stem)
    })
}

/// Replaces what flags say about the conversion.
fn conversion(args: &RunArgs, conversion: &mut ConversionConfig) {
    if let Some((normalization, percentile)) = args.normalization {
        conversion.normalization = normalization;
        conversion.percentile = percentile.unwrap_or(conversion.percentile);
    }
    conversion.correction = args.correction.unwrap_or(conversion.correction);
    conversion.readout = args.readout.unwrap_or(conversion.readout);
    conversion.signed_spikes |= args.signed_spikes;
}

/// What is to be run, with what flags say.
fn any_experiment(args: &RunArgs, common: &Common) -> anyhow::Result<Experiment> {
    let kind = formats::kind_of(&args.input)?;
    if kind == FileKind::Onnx {
        return Ok(match spiking::of_model(args, common)? {
            Some(recorded) => recorded.into(),
            None => experiment(args, common)?.into(),
        });
    }
    let mut experiment = match Experiment::load(&args.input, &args.set)? {
        Experiment::Converted(_) => experiment(args, common)?.into(),
        Experiment::Spiking(experiment) => spiking::with_flags(*experiment, args, common)?.into(),
        Experiment::Counts(experiment) => counts::with_flags(*experiment, args, common)?.into(),
        assumed @ Experiment::Assumed(_) => assumed,
    };
    let (output, usage) = experiment.pricing_mut();
    args.pricing.override_config(output, usage);
    Ok(experiment)
}

/// Whether a file is a model that is converted, or an experiment with one.
pub(super) fn convertible(file: &Path) -> Result<FileKind, KindError> {
    let accepts = |kind| {
        matches!(
            kind,
            FileKind::Onnx | FileKind::ConvertedExperiment | FileKind::OtherToml
        )
    };
    formats::require(file, "a model to convert or its experiment", accepts)
}

/// All samples of a file.
fn calibrated_on(path: PathBuf) -> CalibrationConfig {
    CalibrationConfig {
        path,
        samples: None,
    }
}

/// An experiment whose model is converted, with what flags say.
pub(super) fn experiment(args: &RunArgs, common: &Common) -> anyhow::Result<ConvertedExperiment> {
    let kind = convertible(&args.input)?;
    if !args.network.is_empty() || args.baseline.is_some() {
        bail!(
            "{}: it is converted; --baseline and the options of spiking networks are for a .nir or native network, and --dt-bin for recorded events",
            args.input.display()
        );
    }
    let mut experiment = if kind.is_experiment() {
        ConvertedExperiment::load(&args.input, &args.set)?
    } else {
        let Some(data) = &args.data else {
            bail!(
                "{}: a model needs data to run on; give --data FILE (and --calibration FILE), or run an experiment file ending in .toml",
                args.input.display()
            );
        };
        let mut base = ConvertedExperiment::of_model(args.input.clone(), data.clone());
        base.calibration = args.calibration.clone().map(calibrated_on);
        ConvertedExperiment::from_table(toml::Table::try_from(base)?, &args.set)?
    };
    if let Some(data) = &args.data {
        if *data != experiment.data.path {
            experiment.data.labels = None;
        }
        experiment.data.path.clone_from(data);
    }
    if let Some(labels) = &args.labels {
        experiment.data.labels = Some(labels.clone());
    }
    if let Some(path) = &args.calibration {
        let former = experiment.calibration.take();
        experiment.calibration = match former {
            Some(former) if former.path == *path => Some(former),
            _ => Some(calibrated_on(path.clone())),
        };
    }
    if let Some(timesteps) = args.timesteps {
        experiment.simulation.timesteps = timesteps;
    }
    if let Some(samples) = args.samples {
        experiment.data.samples = Some(samples);
    }
    if let Some(encoding) = args.encoding {
        experiment.simulation.encoding = encoding;
    }
    conversion(args, &mut experiment.conversion);
    if let Some(seed) = common.seed {
        experiment.simulation.seed = seed;
    }
    let ConvertedExperiment { output, usage, .. } = &mut experiment;
    args.pricing.override_config(output, usage);
    Ok(experiment)
}
