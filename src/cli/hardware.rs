//! `spikewatt hardware`.

use super::run::catalogue;
use super::{Common, Format, print, print_json};
use crate::energy::{Figure, Hardware};
use crate::units::Range;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Cost tables: every figure with value, range, unit, source and confidence.
#[derive(Debug, Args)]
pub(super) struct HardwareArgs {
    #[command(subcommand)]
    action: Action,
    /// Further cost tables (.toml).
    #[arg(long, global = true, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all devices with their kind, cost law and basis.
    List,
    /// Show one device with every figure and where it comes from.
    Show {
        /// Name of the device.
        name: String,
    },
}

#[derive(Serialize)]
struct DeviceRow<'a> {
    name: &'a str,
    title: &'a str,
    kind: String,
    year: u16,
    process_nm: f64,
    law: &'a str,
    basis: &'a str,
    missing: Vec<&'static str>,
}

#[derive(Serialize)]
struct FigureRow<'a> {
    key: &'a str,
    value_si: Range,
    written: Range,
    unit: &'a str,
    confidence: String,
    source: &'a str,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct DeviceDetail<'a> {
    #[serde(flatten)]
    device: DeviceRow<'a>,
    figures: Vec<FigureRow<'a>>,
}

pub(super) fn execute(args: &HardwareArgs, common: &Common) -> anyhow::Result<()> {
    let catalogue = catalogue(&args.hardware_file)?;
    match &args.action {
        Action::List => {
            let rows: Vec<DeviceRow> = catalogue.devices().map(row).collect();
            match common.format {
                Format::Json => print_json(&rows),
                Format::Text => print(&list(&rows)?),
            }
        }
        Action::Show { name } => {
            let device = catalogue.get(name)?;
            let detail = DeviceDetail {
                device: row(device),
                figures: device
                    .figures
                    .iter()
                    .map(|(key, figure)| figure_row(key, figure))
                    .collect(),
            };
            match common.format {
                Format::Json => print_json(&detail),
                Format::Text => print(&show(&detail)?),
            }
        }
    }
}

fn row(device: &Hardware) -> DeviceRow<'_> {
    DeviceRow {
        name: &device.name,
        title: &device.title,
        kind: device.kind.to_string(),
        year: device.year,
        process_nm: device.process_nm,
        law: device.law.name,
        basis: &device.basis,
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
        source: &figure.source,
        note: figure.note.as_deref(),
    }
}

fn list(rows: &[DeviceRow]) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{:<22} {:<13} {:<11} {:<40} basis",
        "name", "kind", "law", "device"
    )?;
    for row in rows {
        writeln!(
            out,
            "{:<22} {:<13} {:<11} {:<40} {}",
            row.name, row.kind, row.law, row.title, row.basis
        )?;
        if !row.missing.is_empty() {
            writeln!(
                out,
                "{:<22} totals unknown: no figure for {}",
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
    writeln!(out, "{} ({})", device.title, device.name)?;
    writeln!(
        out,
        "{}, {}, {} nm; cost law {}; basis: {}\n",
        device.kind, device.year, device.process_nm, device.law, device.basis
    )?;
    for figure in &detail.figures {
        let Range { low, nominal, high } = figure.written;
        let range = if low == high {
            String::new()
        } else {
            format!(" [{low} – {high}]")
        };
        writeln!(
            out,
            "{} = {nominal}{range} {}   {}",
            figure.key, figure.unit, figure.confidence
        )?;
        writeln!(out, "    source: {}", figure.source)?;
        if let Some(note) = figure.note {
            writeln!(out, "    note: {note}")?;
        }
    }
    if !device.missing.is_empty() {
        writeln!(
            out,
            "\nwithout a figure, so totals are unknown: {}",
            device.missing.join(", ")
        )?;
    }
    Ok(out)
}
