//! Flags and output of every verb that prices: which targets, with which assumptions, and the
//! folder that the report goes to.

use super::usage::UsageArgs;
use super::{Common, print_report, require_fit};
use crate::energy::{Catalogue, Hardware, HostExchange, PriceOptions, UsageConfig};
use crate::experiment::{OutputConfig, PLACEMENTS, PlacementChoice};
use crate::files;
use crate::manifest::{COUNTS_FILE, Manifest, TableEntry};
use crate::report::OutputFolder;
use crate::result::{FirstLayer, InputEntry, Report};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Targets and terms")]
pub(super) struct PricingArgs {
    /// Targets to price, by name or class (neuromorphic, microcontroller, edge, cpu,
    /// datacentre-gpu, circuit, …, all); see `spikewatt hardware list`.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Further cost tables (.toml) or SANA-FE architectures (.yaml) that targets may name.
    #[arg(long, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
    /// Second batch size for GPU and CPU baselines (throughput); unless given, the smallest
    /// power of two whose energy per inference is within 5 % of the least.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    large_batch: Option<u64>,
    /// Where neurons sit on chips with neurocores.
    #[arg(long, value_name = "RULE", value_parser = placements())]
    placement: Option<PlacementChoice>,
    /// When spiking chips exchange data with their host; unless given, as their tables say.
    #[arg(long, value_name = "WHEN", value_parser = hosts())]
    host: Option<HostExchange>,
    /// Time that spiking chips exchange data with their host in each timestep (0.5ms; bare numbers
    /// are seconds); unless given, as their tables say.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    host_exchange_s: Option<f64>,
    /// How often a constant input current is multiplied, on every table alike.
    #[arg(long, value_name = "HOW", value_parser = first_layers())]
    first_layer: Option<FirstLayer>,
    /// How far below the accuracy of the fp32 original a network may be and still be compared: a
    /// fraction, or percentage points (1pp).
    #[arg(long, value_name = "SHARE", value_parser = super::quantity::tolerance)]
    accuracy_tolerance: Option<f64>,
    /// Longest time from input to answer that is feasible (10ms; bare numbers are seconds).
    #[arg(long, value_name = "TIME", value_parser = super::quantity::time)]
    max_latency: Option<f64>,
    /// Largest mean power that is feasible (50mW; bare numbers are watts).
    #[arg(long, value_name = "POWER", value_parser = super::quantity::power)]
    max_power: Option<f64>,
    /// Print every table and verdict instead of the sixteen lines.
    #[arg(long)]
    pub(super) details: bool,
    #[command(flatten)]
    usage: UsageArgs,
}

/// The shipped devices and those of some files.
pub(super) fn catalogue(files: &[PathBuf]) -> anyhow::Result<Catalogue> {
    let mut catalogue = Catalogue::shipped()?;
    for file in files {
        catalogue.add_file(file)?;
    }
    Ok(catalogue)
}

fn placements() -> impl TypedValueParser<Value = PlacementChoice> {
    let names = PLACEMENTS.map(|(name, _, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(names).map(|name| {
        let found = PLACEMENTS.iter().find(|(known, ..)| *known == name);
        found.map_or_else(PlacementChoice::default, |(_, choice, _)| *choice)
    })
}

fn hosts() -> impl TypedValueParser<Value = HostExchange> {
    let names = HostExchange::ALL.map(|(name, _, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(names).map(|name| {
        let found = HostExchange::ALL.iter().find(|(known, ..)| *known == name);
        found.map_or(HostExchange::PerStep, |(_, choice, _)| *choice)
    })
}

fn first_layers() -> impl TypedValueParser<Value = FirstLayer> {
    PossibleValuesParser::new([
        PossibleValue::new(FirstLayer::Once.key()).help("once per inference; the current is kept"),
        PossibleValue::new(FirstLayer::EachStep.key()).help("anew in each timestep"),
    ])
    .map(|name| match name == FirstLayer::EachStep.key() {
        true => FirstLayer::EachStep,
        false => FirstLayer::Once,
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    match super::quantity::non_negative_time(text) {
        Ok(value) if value <= 3600.0 => Ok(value),
        _ => Err("a time is needed, such as 0.5ms or 0.0005 (seconds), at most 3600 s".into()),
    }
}

impl PricingArgs {
    /// The shipped devices and those of the files named.
    pub(super) fn catalogue(&self) -> anyhow::Result<Catalogue> {
        catalogue(&self.hardware_file)
    }

    /// Files of further cost tables.
    pub(super) fn hardware_file(&self) -> &[PathBuf] {
        &self.hardware_file
    }

    /// Puts the flags that are given over what a file says.
    pub(super) fn override_config(&self, output: &mut OutputConfig, usage: &mut UsageConfig) {
        if let Some(targets) = &self.targets {
            output.targets.clone_from(targets);
        }
        output.large_batch = self.large_batch.or(output.large_batch);
        output.placement = self.placement.unwrap_or(output.placement);
        output.host = self.host.or(output.host);
        output.host_exchange_s = self.host_exchange_s.or(output.host_exchange_s);
        output.first_layer = self.first_layer.or(output.first_layer);
        output.accuracy_tolerance = self.accuracy_tolerance.unwrap_or(output.accuracy_tolerance);
        output.max_latency_s = self.max_latency.or(output.max_latency_s);
        output.max_power_w = self.max_power.or(output.max_power_w);
        self.usage.override_output(output);
        self.usage.override_usage(usage);
    }

    /// The targets and options of a verb without an experiment file.
    pub(super) fn resolve<'c>(
        &self,
        catalogue: &'c Catalogue,
        seed: u64,
    ) -> anyhow::Result<(Vec<&'c Hardware>, PriceOptions)> {
        let (mut output, mut usage) = (OutputConfig::default(), UsageConfig::default());
        self.override_config(&mut output, &mut usage);
        let options = output.price_options(&usage, seed)?;
        Ok((output.targets(catalogue)?, options))
    }
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Exit code 4 if the network does not fit a target; the results are written all the same.
    #[arg(long)]
    require_fit: bool,
    /// Folder to write the report to; nothing is written without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier result of this verb in that folder.
    #[arg(long, requires = "out")]
    force: bool,
}

/// What a verb that only prices made.
pub(super) struct Made<'a> {
    pub(super) report: &'a Report,
    pub(super) targets: &'a [&'a Hardware],
    /// Files that were read.
    pub(super) inputs: Vec<InputEntry>,
    /// The counts that were priced, if they are in a file: the folder gets a copy, so that it can be
    /// opened and priced again by itself.
    pub(super) counts: Option<&'a Path>,
    /// Whether every table is printed.
    pub(super) details: bool,
}

impl OutputArgs {
    /// Writes the report to its folder, if there is one, and prints it.
    pub(super) fn publish(
        &self,
        made: Made,
        common: &Common,
        command: Vec<String>,
    ) -> anyhow::Result<()> {
        let Made {
            report,
            targets,
            inputs,
            counts,
            details,
        } = made;
        if let Some(out) = &self.out {
            let mut folder = OutputFolder::of_command(out, &command, self.force)?;
            folder.export(report)?;
            let mut manifest = Manifest::new(command, report.seed);
            manifest.inputs = inputs;
            manifest.tables = table_entries(targets);
            if let Some(counts) = counts {
                folder.write(COUNTS_FILE, &files::read(counts)?)?;
                let place = files::place(counts);
                manifest.take_origins(files::folder_of(&place), folder.path());
            }
            folder.finish(manifest)?;
        }
        print_report(report, common, details, None, self.out.as_deref())?;
        if self.require_fit {
            require_fit(report)?;
        }
        Ok(())
    }
}

/// Name and fingerprint of each table, for a manifest.
pub(super) fn table_entries(targets: &[&Hardware]) -> Vec<TableEntry> {
    let entry = |hardware: &&Hardware| TableEntry {
        device: hardware.name.clone(),
        sha256: hardware.fingerprint(),
    };
    targets.iter().map(entry).collect()
}
