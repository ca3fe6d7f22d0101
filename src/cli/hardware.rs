//! `spikewatt hardware`.

use super::Common;
use super::pricing::catalogue;
use super::tables::{csv_of, emit, no_table};
use super::validate::{render, render_fit};
use crate::energy::{DeviceClass, Figure, FigureSection, Hardware, HostExchange};
use crate::units::{Range, times};
use crate::validation::{self, fit_suite, validate, validate_suite};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Cost tables: every figure with value, range, unit, source and confidence.
#[derive(Debug, Args)]
pub(super) struct HardwareArgs {
    #[command(subcommand)]
    action: Action,
    /// Further cost tables (.toml) or SANA-FE architectures (.yaml).
    #[arg(long, global = true, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all devices with their kind, cost law and basis.
    List {
        /// List instead each figure in force that is assumed or was never checked.
        #[arg(long)]
        unverified: bool,
    },
    /// Show one device with every figure and where it comes from.
    Show {
        /// Name of the device.
        name: String,
    },
    /// Replay published measurements: measured, predicted interval, ratio and error.
    Validate {
        /// Name of a device; all that have measurements unless given.
        device: Option<String>,
        /// Measurements of one's own instead (the schema of data/validation).
        #[arg(long, value_name = "FILE", conflicts_with = "device")]
        measurements: Option<PathBuf>,
    },
    /// Fit figures of a device to measurements of one's own, each point predicted without it too.
    Fit {
        /// The measurements (the schema of data/validation).
        measurements: PathBuf,
        /// Figures to fit, as keys of the device table, instead of those that the file declares.
        #[arg(long, value_delimiter = ',', value_name = "KEY")]
        figures: Vec<String>,
    },
    /// Show the figures in which two devices differ.
    Diff {
        /// Name of one device.
        first: String,
        /// Name of the other.
        second: String,
    },
}

#[derive(Serialize)]
struct DeviceRow<'a> {
    name: &'a str,
    title: &'a str,
    kind: String,
    year: Option<u16>,
    process_nm: Option<f64>,
    law: &'a str,
    class: Option<&'static str>,
    chip: &'a str,
    formats: Vec<String>,
    spike: Option<String>,
    host: Option<&'static str>,
    basis: &'a str,
    figure_count: usize,
    unverified: usize,
    missing: Vec<&'static str>,
}

#[derive(Serialize)]
struct FigureRow<'a> {
    key: &'a str,
    value_si: Range,
    written: Range,
    unit: &'a str,
    confidence: String,
    basis: Option<String>,
    source: &'a str,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct DeviceDetail<'a> {
    #[serde(flatten)]
    device: DeviceRow<'a>,
    figures: Vec<FigureRow<'a>>,
    info: Vec<FigureRow<'a>>,
}

/// A figure that nobody has checked, of a device that is priced with it.
#[derive(Serialize)]
struct UnverifiedRow<'a> {
    device: &'a str,
    #[serde(flatten)]
    figure: FigureRow<'a>,
}

/// A figure of two devices; `None` where a device does not have it.
#[derive(Serialize)]
struct Difference<'a> {
    key: &'a str,
    first: Option<FigureRow<'a>>,
    second: Option<FigureRow<'a>>,
    /// Second over first, nominal.
    ratio: Option<f64>,
}

pub(super) fn execute(args: &HardwareArgs, common: &Common) -> anyhow::Result<()> {
    let catalogue = catalogue(&args.hardware_file)?;
    match &args.action {
        Action::List { unverified: true } => {
            let rows: Vec<UnverifiedRow> = catalogue.devices().flat_map(unverified_rows).collect();
            emit(
                common,
                &rows,
                || Ok(list_unverified(&rows)?),
                || csv_of(&rows),
            )
        }
        Action::List { .. } => {
            let rows: Vec<DeviceRow> = catalogue.devices().map(row).collect();
            emit(common, &rows, || Ok(list(&rows)?), || csv_of(&rows))
        }
        Action::Show { name } => {
            let device = catalogue.get(name)?;
            let detail = DeviceDetail {
                device: row(device),
                figures: figure_rows(&device.figures),
                info: figure_rows(&device.info),
            };
            emit(
                common,
                &detail,
                || Ok(show(&detail)?),
                || csv_of(&detail.figures),
            )
        }
        Action::Validate {
            device,
            measurements,
        } => {
            let found = match measurements {
                Some(path) => vec![validate_suite(&catalogue, &validation::read(path)?)?],
                None => validate(&catalogue, device.as_deref())?,
            };
            emit(common, &found, || Ok(render(&found)?), no_table)
        }
        Action::Fit {
            measurements,
            figures,
        } => {
            let found = fit_suite(&catalogue, validation::read(measurements)?, figures)?;
            let text = || {
                let device = catalogue.get(&found.device)?;
                let si = |section: FigureSection| section.unit().to_owned();
                let units = device.figures.iter();
                let units: Vec<(String, String)> = units
                    .map(|(key, figure)| (key.clone(), si(figure.section)))
                    .collect();
                let text = render(std::slice::from_ref(&found))?;
                Ok(text + &render_fit(&found, &units))
            };
            emit(common, &found, text, no_table)
        }
        Action::Diff { first, second } => {
            let (first, second) = (catalogue.get(first)?, catalogue.get(second)?);
            let rows = differences(first, second);
            emit(
                common,
                &rows,
                || Ok(diff(first, second, &rows)?),
                || csv_of(&rows),
            )
        }
    }
}

fn figure_rows(figures: &BTreeMap<String, Figure>) -> Vec<FigureRow<'_>> {
    figures
        .iter()
        .map(|(key, figure)| figure_row(key, figure))
        .collect()
}

fn differences<'a>(first: &'a Hardware, second: &'a Hardware) -> Vec<Difference<'a>> {
    let keys: BTreeSet<&String> = first.figures.keys().chain(second.figures.keys()).collect();
    let differing = keys.into_iter().filter_map(|key| {
        let (one, two) = (first.figures.get(key), second.figures.get(key));
        if one
            .zip(two)
            .is_some_and(|(one, two)| one.value == two.value)
        {
            return None;
        }
        let ratio = one
            .zip(two)
            .map(|(one, two)| two.value.nominal / one.value.nominal);
        Some(Difference {
            key,
            first: one.map(|figure| figure_row(key, figure)),
            second: two.map(|figure| figure_row(key, figure)),
            ratio: ratio.filter(|ratio| ratio.is_finite()),
        })
    });
    differing.collect()
}

fn row(device: &Hardware) -> DeviceRow<'_> {
    DeviceRow {
        name: &device.name,
        title: &device.title,
        kind: device.kind.to_string(),
        year: device.year,
        process_nm: device.process_nm,
        law: device.law.name,
        class: device.class.map(DeviceClass::key),
        chip: &device.chip,
        formats: device.formats.iter().map(ToString::to_string).collect(),
        spike: device.spike.map(|spike| spike.to_string()),
        host: device.host.map(HostExchange::key),
        basis: &device.basis,
        figure_count: device.figures.len(),
        unverified: device.unverified(),
        missing: device.missing(),
    }
}

fn figure_row<'a>(key: &'a str, figure: &'a Figure) -> FigureRow<'a> {
    FigureRow {
        key,
        value_si: figure.value,
        written: figure.written,
        unit: &figure.unit,
        confidence: figure.confidence.to_string(),
        basis: figure.basis.map(|basis| basis.to_string()),
        source: &figure.source,
        note: figure.note.as_deref(),
    }
}

fn unverified_rows(device: &Hardware) -> impl Iterator<Item = UnverifiedRow<'_>> {
    let figures = device.figures.iter();
    figures
        .filter(|(_, figure)| figure.is_unverified())
        .map(|(key, figure)| UnverifiedRow {
            device: &device.name,
            figure: figure_row(key, figure),
        })
}

fn list_unverified(rows: &[UnverifiedRow]) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    for UnverifiedRow { device, figure } in rows {
        let basis = figure.basis.as_deref().unwrap_or("basis not stated");
        writeln!(
            out,
            "{device:<24} {:<32} {}   {}, {basis}: {}",
            figure.key,
            written(figure),
            figure.confidence,
            figure.source
        )?;
    }
    let devices: BTreeSet<&str> = rows.iter().map(|row| row.device).collect();
    writeln!(
        out,
        "{} figures in force of {} devices are assumed or were never checked",
        rows.len(),
        devices.len()
    )?;
    Ok(out)
}

fn list(rows: &[DeviceRow]) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{:<30} {:<13} {:<14} {:<5} {:<10} basis",
        "name", "kind", "law", "year", "unverified"
    )?;
    for row in rows {
        let unverified = match row.unverified {
            0 => "-".to_owned(),
            some => format!("{some} of {}", row.figure_count),
        };
        let year = row.year.map_or_else(|| "-".to_owned(), |y| y.to_string());
        writeln!(
            out,
            "{:<30} {:<13} {:<14} {year:<5} {unverified:<10} {}",
            row.name, row.kind, row.law, row.basis
        )?;
        if !row.missing.is_empty() {
            writeln!(
                out,
                "{:<30} totals that need them are unknown: {}",
                "",
                row.missing.join(", ")
            )?;
        }
    }
    Ok(out)
}

fn show(detail: &DeviceDetail) -> Result<String, std::fmt::Error> {
    let device = &detail.device;
    let mut out = String::new();
    let process = device
        .process_nm
        .map_or_else(String::new, |nm| format!(", {nm} nm"));
    let year = device
        .year
        .map_or_else(String::new, |year| format!(", {year}"));
    writeln!(out, "{} ({})", device.title, device.name)?;
    writeln!(
        out,
        "{}{year}{process}; cost law {}; {} of {} figures unverified; basis: {}",
        device.kind, device.law, device.unverified, device.figure_count, device.basis
    )?;
    let formats = match device.formats.as_slice() {
        [] => "not stated".to_owned(),
        formats => formats.join(", "),
    };
    writeln!(
        out,
        "class {}, chip {}; numbers: {formats}{}{}\n",
        device.class.unwrap_or("not stated"),
        device.chip,
        device
            .spike
            .as_ref()
            .map_or_else(String::new, |spike| format!("; spikes: {spike}")),
        device
            .host
            .map_or_else(String::new, |host| format!("; host exchange: {host}"))
    )?;
    write_figures(&mut out, &detail.figures)?;
    if !detail.info.is_empty() {
        writeln!(out, "\npublished, not read by the law:")?;
        write_figures(&mut out, &detail.info)?;
    }
    if !device.missing.is_empty() {
        writeln!(
            out,
            "\nwithout a figure, so totals that need it are unknown: {}",
            device.missing.join(", ")
        )?;
    }
    Ok(out)
}

fn write_figures(out: &mut String, figures: &[FigureRow]) -> std::fmt::Result {
    for figure in figures {
        let basis = figure.basis.as_deref().unwrap_or("basis not stated");
        writeln!(
            out,
            "{} = {}   {}, {basis}",
            figure.key,
            written(figure),
            figure.confidence
        )?;
        writeln!(out, "    source: {}", figure.source)?;
        if let Some(note) = figure.note {
            writeln!(out, "    note: {note}")?;
        }
    }
    Ok(())
}

/// Value, range and unit.
fn written(figure: &FigureRow) -> String {
    let Range { low, nominal, high } = figure.written;
    if low == high {
        format!("{nominal} {}", figure.unit)
    } else {
        format!("{nominal} [{low} – {high}] {}", figure.unit)
    }
}

fn diff(
    first: &Hardware,
    second: &Hardware,
    rows: &[Difference],
) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let (one, two) = (&first.name, &second.name);
    if first.law.name != second.law.name {
        writeln!(out, "law: {} | {}", first.law.name, second.law.name)?;
    }
    writeln!(out, "{:<34} {one:<34} {two:<34} ratio", "figure")?;
    for row in rows {
        let cell = |figure: &Option<FigureRow>| figure.as_ref().map_or("-".into(), written);
        let ratio = row.ratio.map_or("-".into(), times);
        writeln!(
            out,
            "{:<34} {:<34} {:<34} {ratio}",
            row.key,
            cell(&row.first),
            cell(&row.second)
        )?;
    }
    if rows.is_empty() {
        writeln!(out, "no figure differs")?;
    }
    Ok(out)
}
