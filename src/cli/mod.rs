//! The command line: a thin face over [`crate::experiment`].
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 fine, 1 error,
//! 2 usage, 3 budget exceeded, 4 does not fit the chip where the user asked for it to be an error.

mod check;
mod command_line;
mod compare;
mod convert;
mod doctor;
mod estimate;
mod hardware;
mod inputs;
mod inspect;
mod meter;
mod pareto;
mod price;
mod pricing;
mod progress;
mod quantity;
mod rates;
mod report;
mod reproduce;
mod run;
mod shell;
mod show;
mod simulate;
mod sweep;
mod tables;
mod usage;
mod validate;

use crate::files::{Places, set_places};
use crate::memory;
use crate::report::escape::printable;
use crate::report::{Brief, BriefNotes, Exporter, Latex, TargetsCsv, Text, WIDTHS, compact_csv};
use crate::result::{Feasible, Report, TargetReport, Warning};
use crate::units::si;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// What would this trained network cost in joules?
///
/// spikewatt imports a trained network, converts it to a spiking one, simulates it event-driven on
/// real data, counts every event and prices the counts on neuromorphic chips next to GPU, CPU and
/// edge baselines, each figure with its source and range.
#[derive(Debug, Parser)]
#[command(
    name = "spikewatt",
    version = crate::VERSION,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

/// Flags of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Every verb")]
struct Common {
    /// How to print the result: text for people, json for scripts; csv, md and latex for what has a
    /// table.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Suppress progress and messages; warnings and errors are still printed.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Threads; as many as there are cores unless given. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory limit, e.g. 8GB; 80 % of what is available unless given. What would need
    /// more is refused before it is allocated.
    #[arg(long, global = true, value_name = "SIZE", value_parser = memory::parse_size)]
    memory_limit: Option<u64>,
    /// Seed of every random draw; overrides the experiment file.
    #[arg(long, global = true, value_name = "N")]
    seed: Option<u64>,
    /// Read a file that is quoted by the first path from the second: `reproduce` makes a result
    /// again whose files have moved.
    #[arg(long, global = true, hide = true, num_args = 2, value_names = ["QUOTED", "NOW"])]
    place: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
    Md,
    Latex,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Import, convert, simulate, count, price and report: the main job.
    ///
    /// Runs an experiment file, or a model on data:
    ///
    ///   spikewatt run examples/fashion_mnist.toml
    ///   spikewatt run model.onnx --data test.npz --calibration train.npz
    ///   spikewatt run network.nir --data recordings/ --timesteps 300
    ///
    /// Flags override the file. Paths in the file are relative to the file, paths in flags to
    /// where you are. Prints the comparison and writes tables, figures and the counts.
    #[command(verbatim_doc_comment)]
    Run(run::RunArgs),
    /// Find where conversion loses accuracy, what each timestep costs, and when to stop.
    ///
    /// Takes what `run` takes; converts for the given timesteps and reads accuracy and energy out
    /// after each of them:
    ///
    ///   spikewatt doctor examples/fashion_mnist.toml --timesteps 32 --out results/doctor
    ///
    /// Prints and writes the error of each layer, accuracy and joules against T, an early-exit
    /// rule chosen on the calibration data with its mean timesteps and energy, and the flags that
    /// it recommends.
    #[command(verbatim_doc_comment)]
    Doctor(run::RunArgs),
    /// Convert a model to a spiking network and write it as NIR, with a report.
    ///
    /// Thresholds, biases and pooling stand in the file; what NIR has no place for is said:
    ///
    ///   spikewatt convert model.onnx --data train.npz --out converted
    ///   spikewatt convert examples/digits.toml --out converted
    #[command(verbatim_doc_comment)]
    Convert(convert::ConvertArgs),
    /// Show the layers of a model and the spiking network it would become, or a spiking network.
    ///
    /// Layers, shapes, parameters and MACs, and neurons and synapses after conversion; of a spiking
    /// network its populations, preset and warnings; of a recording its spikes. Every node that is
    /// not supported is listed at once:
    ///
    ///   spikewatt inspect networks/digits_mlp.onnx
    #[command(verbatim_doc_comment)]
    Inspect(inspect::InspectArgs),
    /// Run a spiking network (NIR or native) on given input: counts and speed, no pricing.
    ///
    ///   spikewatt simulate network.nir --input spikes.npy --timesteps 300
    ///   spikewatt simulate examples/brunel2000.toml --record spikes.npz
    #[command(verbatim_doc_comment)]
    Simulate(simulate::SimulateArgs),
    /// Price saved counts again, on any target, without simulating.
    ///
    /// Gives the figures that a fresh run gives:
    ///
    ///   spikewatt price results/fashion_mnist/counts.h5 --targets loihi1,rtx-4090
    #[command(verbatim_doc_comment)]
    Price(price::PriceArgs),
    /// Count and price a network at assumed spike rates: no data, no simulation.
    ///
    /// Works from the shapes of a network, so for networks far too large to simulate, and says at
    /// which spike rate each baseline costs the same:
    ///
    ///   spikewatt estimate model.onnx --rate 0.05 --timesteps 8
    ///   spikewatt estimate examples/shapes/vgg16.toml --rate 0.05 --timesteps 8
    #[command(verbatim_doc_comment)]
    Estimate(estimate::EstimateArgs),
    /// The table of rates to fill in for `estimate --rates`, or that of a finished run.
    ///
    ///   spikewatt counts template networks/digits_mlp.onnx > rates.csv
    ///   spikewatt estimate networks/digits_mlp.onnx --rates rates.csv --timesteps 8
    #[command(verbatim_doc_comment)]
    Counts(rates::CountsArgs),
    /// Research sweeps: many experiments from one file, on a laptop or a cluster.
    ///
    ///   spikewatt sweep run examples/sweep.toml
    ///   spikewatt sweep emit slurm examples/sweep.toml --shards 16 > job.sh
    ///   spikewatt pareto results/sweep
    #[command(verbatim_doc_comment)]
    Sweep(sweep::SweepArgs),
    /// Pareto front, knee point and cheapest feasible candidate of a sweep.
    ///
    ///   spikewatt pareto results/sweep --min-accuracy 0.9
    ///   spikewatt pareto results/sweep --objectives accuracy,latency_s --targets loihi1
    #[command(verbatim_doc_comment)]
    Pareto(pareto::ParetoArgs),
    /// Price saved counts through many cost tables and name what makes them disagree.
    ///
    ///   spikewatt compare results/fashion_mnist --tables all
    #[command(verbatim_doc_comment)]
    Compare(compare::CompareArgs),
    /// List, show and compare cost tables, or replay published measurements through them.
    ///
    ///   spikewatt hardware list
    ///   spikewatt hardware show loihi1
    ///   spikewatt hardware validate loihi1
    #[command(verbatim_doc_comment)]
    Hardware(hardware::HardwareArgs),
    /// Check a result against an energy budget: exit code 3 if it is exceeded.
    ///
    ///   spikewatt check results/digits --budget examples/budget.toml
    ///   spikewatt check results/new --budget budget.toml --baseline results/main --markdown -
    ///
    /// The budget is a TOML file of limits, absolute or relative to a baseline result:
    ///
    ///   [synops]
    ///   max = 20000                   # per inference
    ///   max_increase_percent = 5      # against --baseline
    ///   [accuracy]
    ///   min = 0.95                    # of the spiking network
    ///   [energy.loihi1]               # also [latency.DEVICE] and [carbon.DEVICE]
    ///   max = 2e-6                    # J (s, g CO2e)
    ///   bound = "high"                # low, nominal (default) or high
    ///
    /// A value that is not known fails its limit.
    #[command(verbatim_doc_comment)]
    Check(check::CheckArgs),
    /// Figures, tables, methods and sources of a result for a paper.
    ///
    ///   spikewatt report results/digits
    ///
    /// Draws them from the summary.json of a finished result: PDF with embedded fonts, 174 mm wide
    /// and, where the name says column, 84 mm; LaTeX tables for booktabs and siunitx, the data of
    /// the figures as CSV, a methods paragraph and BibTeX of every source.
    ///
    ///   spikewatt report results/digits --recording spikes.npz
    ///   spikewatt report spikes.npz
    ///
    /// Draw the spikes that `simulate --record` wrote, with the other figures or alone.
    #[command(verbatim_doc_comment)]
    Report(report::ReportArgs),
    /// Make a result again and say whether the bytes agree, and if not what differs.
    ///
    ///   spikewatt reproduce results/digits/manifest.json
    ///
    /// Carries out the command of the manifest where it ran first, compares the version, the
    /// contents of every file read, the cost tables and every file written, and shows the first
    /// line that differs. Exit code 0: the same bytes; 1: not.
    #[command(verbatim_doc_comment)]
    Reproduce(reproduce::ReproduceArgs),
    /// Print a finished result again: the sixteen lines, or everything.
    ///
    ///   spikewatt show results/digits
    ///   spikewatt show results/digits --details
    ///   spikewatt show results/digits --format md
    #[command(verbatim_doc_comment)]
    Show(show::ShowArgs),
    /// Print a script that completes verbs and flags in a shell.
    ///
    ///   spikewatt completions bash > ~/.local/share/bash-completion/completions/spikewatt
    #[command(verbatim_doc_comment)]
    Completions(shell::CompletionsArgs),
    /// Print the manual page of the program, or write those of all verbs.
    ///
    ///   spikewatt man | man -l -
    ///   spikewatt man --out ~/.local/share/man/man1
    #[command(verbatim_doc_comment)]
    Man(shell::ManArgs),
    /// Measure the energy of any command with the counters of this machine.
    ///
    ///   spikewatt meter --inferences 1000 -- python classify.py
    ///
    /// Reads RAPL (Intel and AMD processors), NVIDIA GPUs and discharging batteries, and prints
    /// energy, mean power and carbon. Where no counter can be read it says so and prints no
    /// figure. Ends with the exit code of the command, whose standard output goes to standard
    /// error.
    #[command(verbatim_doc_comment)]
    Meter(meter::MeterArgs),
}

impl Verb {
    /// Whether what it prints is a table.
    fn has_table(&self) -> bool {
        use Verb::*;
        !matches!(
            self,
            Convert(_)
                | Inspect(_)
                | Sweep(_)
                | Reproduce(_)
                | Meter(_)
                | Report(_)
                | Man(_)
                | Completions(_)
        )
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A failure to print help has no better place to go.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let command: Vec<String> = arguments
        .iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let command = command_line::recorded(&definition(), &command);
    match execute(cli, command) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` would repeat messages that already quote their cause.
            talk(&format!("error: {error}"));
            match error.downcast_ref::<DoesNotFit>() {
                Some(_) => ExitCode::from(NO_FIT),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// The flags of all verbs.
fn definition() -> clap::Command {
    let mut definition = Cli::command();
    definition.build();
    definition
}

fn execute(cli: Cli, command: Vec<String>) -> anyhow::Result<ExitCode> {
    if let Some(threads) = cli.common.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()?;
    }
    if let Some(bytes) = cli.common.memory_limit {
        memory::set_limit(bytes);
    }
    let places = cli.common.place.chunks_exact(2);
    set_places(Places::new(
        places.map(|pair| (pair[0].clone(), pair[1].clone())),
    ));
    let is_table = !matches!(cli.common.format, Format::Text | Format::Json);
    if is_table && !cli.verb.has_table() {
        tables::no_table()?;
    }
    match cli.verb {
        Verb::Run(args) => run::execute(&args, &cli.common, command),
        Verb::Doctor(args) => doctor::execute(&args, &cli.common, command),
        Verb::Convert(args) => convert::execute(&args, &cli.common, command),
        Verb::Inspect(args) => inspect::execute(&args, &cli.common),
        Verb::Simulate(args) => simulate::execute(&args, &cli.common),
        Verb::Price(args) => price::execute(&args, &cli.common, command),
        Verb::Estimate(args) => estimate::execute(&args, &cli.common, command),
        Verb::Counts(args) => rates::execute(&args, &cli.common),
        Verb::Sweep(args) => sweep::execute(&args, &cli.common),
        Verb::Pareto(args) => pareto::execute(&args, &cli.common),
        Verb::Compare(args) => compare::execute(&args, &cli.common, command),
        Verb::Hardware(args) => hardware::execute(&args, &cli.common),
        Verb::Show(args) => show::execute(&args, &cli.common),
        Verb::Completions(args) => shell::completions(&args),
        Verb::Man(args) => shell::man(&args),
        Verb::Report(args) => report::execute(&args, &cli.common, command),
        Verb::Reproduce(args) => return reproduce::execute(&args, &cli.common),
        Verb::Check(args) => return check::execute(&args, &cli.common),
        Verb::Meter(args) => return meter::execute(&args, &cli.common),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// A network that does not fit where the user asked for it to: exit code 4.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DoesNotFit(String);

/// Exit code of [`DoesNotFit`].
const NO_FIT: u8 = 4;

/// Refuses a report in which a network exceeds a limit of a target, or might.
fn require_fit(report: &Report) -> anyhow::Result<()> {
    let of = |wanted: Feasible| report.targets.iter().find(move |t| t.feasible == wanted);
    let refused = |target: &TargetReport, what: &str| {
        let text = format!("{what} {}: {}", target.name, target.why);
        Err(DoesNotFit(text).into())
    };
    match (of(Feasible::No), of(Feasible::Unknown)) {
        (Some(target), _) => refused(target, "the network does not fit"),
        (None, Some(target)) => refused(target, "it is not known whether the network fits"),
        (None, None) => Ok(()),
    }
}

/// Prints a result. Whoever reads it may stop early: a closed pipe is no error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print(&text)
}

/// Text without what steers a terminal: names in it come from files.
fn harmless(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

/// Says something that is not the result.
fn talk(text: &str) {
    let text = harmless(text);
    // Where nobody listens, nothing is lost.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Tells on standard error what to know before trusting a result.
fn tell_warnings(warnings: &[Warning]) {
    for warning in warnings {
        talk(&format!("warning: {}", warning.message));
    }
}

/// Prints a report in the format that was asked for.
fn print_report(
    report: &Report,
    common: &Common,
    details: bool,
    took: Option<Duration>,
    folder: Option<&Path>,
) -> anyhow::Result<()> {
    tell_warnings(&report.warnings);
    match common.format {
        Format::Json => print_json(report),
        Format::Text => print(&text(report, details, common.quiet, took, folder)),
        Format::Csv => print(&String::from_utf8(TargetsCsv.bytes(report)?)?),
        Format::Latex => print(&String::from_utf8(Latex.bytes(report)?)?),
        Format::Md => print(&tables::set(Format::Md, &compact_csv(report)?)?),
    }
}

/// The report for people, as wide as the terminal and coloured where one reads it and nobody asked for
/// plain text: sixteen lines, every table, or the answer alone.
fn text(
    report: &Report,
    details: bool,
    quiet: bool,
    took: Option<Duration>,
    folder: Option<&Path>,
) -> String {
    let plain = ["NO_COLOR", "CI"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let terminal = std::io::stdout().is_terminal();
    let ansi = !plain && terminal;
    if details {
        return Text { ansi }.render(report) + "\n";
    }
    let brief = Brief {
        width: columns(terminal),
        ansi,
    };
    if quiet {
        return brief.sentences(report);
    }
    let notes = BriefNotes {
        time: took.map(|took| si(took.as_secs_f64(), "s")),
        folder: folder.map(|folder| folder.display().to_string()),
        hints: vec!["other devices: --targets edge,loihi2".to_owned()],
    };
    brief.render(report, &notes)
}

/// Columns of the terminal; where none reads, those that `COLUMNS` asks for, or 100.
fn columns(terminal: bool) -> usize {
    let asked = std::env::var("COLUMNS").ok();
    let asked = asked.and_then(|columns| columns.parse().ok());
    let own = || Some(usize::from(console::Term::stdout().size_checked()?.1));
    let found = match terminal {
        true => own().or(asked),
        false => asked,
    };
    let (least, most) = (*WIDTHS.start(), *WIDTHS.end());
    found.unwrap_or(100).clamp(least, most)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_every_verb_has_examples_that_parse() {
        for verb in definition().get_subcommands() {
            let name = verb.get_name();
            if name == "help" {
                continue;
            }
            let about = verb.get_long_about().map(ToString::to_string);
            let about = about.unwrap_or_default();
            let examples = about
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix("spikewatt "));
            let mut count = 0;
            for example in examples {
                let words = example.split(['|', '>']).next().unwrap_or_default();
                let words = words
                    .split_whitespace()
                    .take_while(|word| !word.starts_with('#'));
                let parsed = Cli::try_parse_from(std::iter::once("spikewatt").chain(words));
                assert!(parsed.is_ok(), "{name}: {example}: {}", parsed.unwrap_err());
                count += 1;
            }
            assert!(count > 0, "{name} --help has no example");
        }
    }
}
