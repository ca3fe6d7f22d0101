//! `spikewatt meter`.

use super::{Common, Format, print, print_json};
use crate::energy::UsageConfig;
use crate::meter::{Coverage, Measurement, discover, measure};
use crate::result::Sourced;
use crate::units::si;
use clap::Args;
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct MeterArgs {
    /// Inferences that the command makes: gives energy, time and carbon of one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    inferences: Option<u64>,
    /// Where no counter can be read, take this mean power [W]; the result is marked as modelled.
    #[arg(long, value_name = "W", value_parser = positive)]
    assume_watts: Option<f64>,
    /// Electricity: world, a country (DEU or Germany), a cloud region (gcp/europe-west1) or a
    /// number in g CO2e/kWh; the world's average unless given.
    #[arg(
        long,
        visible_alias = "region",
        alias = "grid-g-per-kwh",
        value_name = "REGION|G"
    )]
    grid: Option<String>,
    /// Time between two looks at the counters [s].
    #[arg(long, value_name = "S", default_value = "0.5", value_parser = interval)]
    interval: f64,
    /// Where the kernel shows its counters.
    #[arg(long, value_name = "DIR", default_value = "/sys", hide = true)]
    sysfs: PathBuf,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && f64::is_finite(value) => Ok(value),
        _ => Err("a number above 0 is needed".into()),
    }
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds = positive(text)?;
    if (0.01..=60.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("0.01 to 60 seconds".into())
    }
}

/// Figures of one inference.
#[derive(Serialize)]
struct PerInference {
    duration_s: f64,
    energy_j: Option<f64>,
    carbon_g: Option<f64>,
}

#[derive(Serialize)]
struct MeterReport {
    schema: &'static str,
    command: Vec<String>,
    exit_code: u8,
    /// `measured`, or `modelled` from an assumed power; `None` without a figure.
    evidence: Option<&'static str>,
    energy_j: Option<f64>,
    mean_power_w: Option<f64>,
    carbon_g: Option<f64>,
    grid_g_per_kwh: f64,
    grid_source: String,
    inferences: Option<u64>,
    per_inference: Option<PerInference>,
    measurement: Measurement,
}

/// Measures a command and returns its exit code.
pub(super) fn execute(args: &MeterArgs, common: &Common) -> anyhow::Result<ExitCode> {
    // A region that nobody knows should not cost a measurement.
    let mut usage = UsageConfig::default();
    if let Some(grid) = &args.grid {
        usage.grid.clone_from(grid);
    }
    let grid = usage.resolve()?.grid;
    // Ctrl-C goes to the command as well, which ends and is then reported.
    super::progress::catch_interrupts();
    let found = discover(&args.sysfs, true);
    let (program, arguments) = args
        .command
        .split_first()
        .ok_or_else(|| anyhow::anyhow!("give a command after `--`"))?;
    let mut command = Command::new(program);
    // Standard output is kept for the result.
    command.args(arguments).stdout(std::io::stderr());
    let interval = Duration::from_secs_f64(args.interval);
    let (status, measurement) = measure(&mut command, found, interval)?;
    let report = report(args, grid, exit_code(status), measurement);
    match common.format {
        Format::Json => print_json(&report)?,
        _ => print(&text(&report)?)?,
    }
    Ok(ExitCode::from(report.exit_code))
}

/// As shells tell it: 128 and the number of the signal that ended a process.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128u8.saturating_add(u8::try_from(signal).unwrap_or(127));
    }
    status.code().map_or(1, |code| code.rem_euclid(256) as u8)
}

fn report(args: &MeterArgs, grid: Sourced, exit_code: u8, measurement: Measurement) -> MeterReport {
    let duration_s = measurement.duration_s;
    let (energy_j, mean_power_w, evidence) = match (measurement.energy_j, args.assume_watts) {
        (Some(joules), _) => (Some(joules), Some(joules / duration_s), Some("measured")),
        (None, Some(watts)) => (Some(watts * duration_s), Some(watts), Some("modelled")),
        (None, None) => (None, None, None),
    };
    let grid_g_per_kwh = grid.value.nominal;
    let carbon_g = energy_j.map(|joules| joules / 3.6e6 * grid_g_per_kwh);
    MeterReport {
        schema: "spikewatt.meter/1",
        command: args
            .command
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        exit_code,
        evidence,
        energy_j,
        mean_power_w,
        carbon_g,
        grid_g_per_kwh,
        grid_source: grid.source,
        inferences: args.inferences,
        per_inference: args.inferences.map(|count| PerInference {
            duration_s: duration_s / count as f64,
            energy_j: energy_j.map(|joules| joules / count as f64),
            carbon_g: carbon_g.map(|grams| grams / count as f64),
        }),
        measurement,
    }
}

fn text(report: &MeterReport) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let measurement = &report.measurement;
    writeln!(out, "{:<14} {}", "time", si(measurement.duration_s, "s"))?;
    match (report.energy_j, report.evidence) {
        (Some(joules), Some(evidence)) => {
            writeln!(out, "{:<14} {}, {evidence}", "energy", si(joules, "J"))?;
            if let Some(watts) = report.mean_power_w {
                writeln!(out, "{:<14} {}", "mean power", si(watts, "W"))?;
            }
            if let Some(grams) = report.carbon_g {
                writeln!(
                    out,
                    "{:<14} {} CO2e at {} g/kWh ({})",
                    "carbon",
                    si(grams, "g"),
                    report.grid_g_per_kwh,
                    report.grid_source
                )?;
            }
        }
        _ => writeln!(
            out,
            "{:<14} not known: no counter can be read; --assume-watts W gives a modelled figure",
            "energy"
        )?,
    }
    if let (Some(count), Some(each)) = (report.inferences, &report.per_inference) {
        let energy = each
            .energy_j
            .map_or("not known".into(), |joules| si(joules, "J"));
        writeln!(
            out,
            "{:<14} {energy}, {} (of {count})",
            "per inference",
            si(each.duration_s, "s")
        )?;
    }
    for counter in &measurement.counters {
        let remark = match (counter.coverage, counter.added) {
            (Coverage::Machine, true) => "  the whole machine",
            (Coverage::Machine, false) => "  the whole machine; not added to its parts",
            (Coverage::Part, _) => "",
        };
        let joules = si(counter.energy_j, "J");
        writeln!(out, "  {:<20} {joules}{remark}", counter.name)?;
    }
    if !measurement.counters.is_empty() {
        writeln!(
            out,
            "counters see the machine, not the command alone; what they do not cover (disks, \
             fans, losses of the supply) is not included"
        )?;
    }
    for reason in &measurement.unreadable {
        writeln!(out, "not read: {reason}")?;
    }
    Ok(out)
}
