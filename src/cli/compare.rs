//! `spikewatt compare`.

use super::Common;
use super::inputs::{LookIn, hardware_files, input};
use super::pricing::{catalogue, table_entries};
use super::tables::emit;
use crate::energy::{PriceOptions, TableComparison, TableRow, compare};
use crate::experiment::Counted;
use crate::manifest::{COUNTS_ROLE, Manifest, counts_file};
use crate::report::OutputFolder;
use crate::report::escape::cell;
use crate::result::{Feasible, Scope};
use crate::units::{Range, si};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The counts.h5 of a run, or its folder.
    result: PathBuf,
    /// Tables by name, or all; see `spikewatt hardware list`.
    #[arg(
        long,
        value_name = "all|NAME,…",
        value_delimiter = ',',
        default_value = "all"
    )]
    tables: Vec<String>,
    /// Further cost tables (.toml).
    #[arg(long, value_name = "FILE")]
    hardware_file: Vec<PathBuf>,
    /// Folder to write compare.json and compare.csv to; nothing is written without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier comparison in that folder.
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    places: LookIn,
}

pub(super) fn execute(
    args: &CompareArgs,
    common: &Common,
    command: Vec<String>,
) -> anyhow::Result<()> {
    let path = counts_file(&args.result, &args.places.look_in)?;
    let counted = Counted::load(&path)?;
    let catalogue = catalogue(&args.hardware_file)?;
    let tables: Vec<_> = if args.tables.iter().any(|name| name == "all") {
        catalogue.devices().collect()
    } else {
        catalogue.select(&args.tables)?
    };
    let found = compare(&tables, &counted.work(), &PriceOptions::default());
    if let Some(out) = &args.out {
        let mut folder = OutputFolder::of_command(out, &command, args.force)?;
        folder.write("compare.json", &serde_json::to_vec_pretty(&found)?)?;
        folder.write("compare.csv", &table(&found)?)?;
        let mut manifest = Manifest::new(command, common.seed.unwrap_or(0));
        manifest.inputs.push(input(COUNTS_ROLE, &path)?);
        manifest.inputs.extend(hardware_files(&args.hardware_file)?);
        manifest.tables = table_entries(&tables);
        folder.finish(manifest)?;
    }
    emit(common, &found, || Ok(text(&found)?), || table(&found))
}

/// A row per table, workload and batch; unknown figures are empty cells.
fn table(found: &TableComparison) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = ["table", "law", "workload", "format", "batch"]
        .map(String::from)
        .into();
    for scope in Scope::ALL {
        for bound in ["low", "nominal", "high"] {
            head.push(format!("{}_{bound}_j", scope.key()));
        }
    }
    head.extend(
        [
            "largest_event",
            "largest_count",
            "largest_j_each",
            "largest_share",
            "unverified",
            "feasible",
            "infeasible_because",
            "unknown",
        ]
        .map(String::from),
    );
    writer.write_record(&head)?;
    for row in &found.rows {
        let mut cells = vec![
            cell(&row.table),
            cell(&row.law),
            row.workload.label().to_owned(),
            row.format
                .map_or_else(String::new, |format| format.to_string()),
            row.batch.to_string(),
        ];
        for scope in Scope::ALL {
            let energy = row.energy_j(scope);
            for bound in [|e: Range| e.low, |e: Range| e.nominal, |e: Range| e.high] {
                cells.push(energy.map_or_else(String::new, |e| format!("{:e}", bound(e))));
            }
        }
        let largest = row.largest.as_ref();
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:e}"));
        cells.push(largest.map_or_else(String::new, |line| cell(&line.event)));
        cells.push(number(largest.map(|line| line.count)));
        cells.push(number(largest.map(|line| line.joules_each)));
        cells.push(number(largest.map(|line| line.share)));
        cells.push(row.unverified.to_string());
        cells.push(row.feasible.key().to_owned());
        cells.push(cell(&row.why));
        cells.push(cell(&row.unknown.join("; ")));
        writer.write_record(&cells)?;
    }
    Ok(writer.into_inner()?)
}

fn text(found: &TableComparison) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{:<42} {:<15} {:<5} {:>9} {:>9} {:>9}  largest line",
        "table", "law", "runs", "compute", "+ memory", "+ system"
    )?;
    let mut rows: Vec<&TableRow> = found.rows.iter().collect();
    let widest = |row: &TableRow| {
        let known = Scope::ALL
            .iter()
            .rev()
            .find_map(|scope| row.energy_j(*scope));
        known.map_or(f64::INFINITY, |energy| energy.nominal)
    };
    rows.sort_by(|a, b| widest(a).total_cmp(&widest(b)));
    for row in rows {
        let cell = |scope| {
            row.energy_j(scope)
                .map_or("-".into(), |e| si(e.nominal, "J"))
        };
        let largest = match (&row.largest, row.unknown.is_empty()) {
            (Some(line), _) => format!("{:.0} % {}", 100.0 * line.share, line.event),
            (None, false) => format!("unknown: {}", row.unknown.join(", ")),
            (None, true) => String::new(),
        };
        let marks = [(row.unverified, " *"), (row.feasible == Feasible::No, " !")];
        let marks: String = marks
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, mark)| *mark)
            .collect();
        writeln!(
            out,
            "{:<42} {:<15} {:<5} {:>9} {:>9} {:>9}  {largest}",
            row.label() + &marks,
            row.law,
            row.workload.label(),
            cell(Scope::Compute),
            cell(Scope::MemoryRouting),
            cell(Scope::System)
        )?;
    }
    writeln!(
        out,
        "\n* includes unverified cost figures; ! is infeasible\n"
    )?;
    for spread in &found.spreads {
        writeln!(
            out,
            "{}, {}: from {} ({}) to {} ({}), {} tables",
            spread.workload.label(),
            spread.scope.label(),
            spread.least,
            si(spread.least_j, "J"),
            spread.most,
            si(spread.most_j, "J"),
            spread.tables
        )?;
        writeln!(out, "    {}", spread.reason)?;
    }
    Ok(out)
}
