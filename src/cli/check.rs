//! `spikewatt check`.

use super::tables::{csv_of, emit};
use super::{Common, harmless};
use crate::budget::{Budget, Check, Measured, markdown, passed};
use crate::files;
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code of a budget that does not hold.
const EXCEEDED: u8 = 3;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Folder of a run, or its summary.json.
    result: PathBuf,
    /// The limits.
    #[arg(long, value_name = "BUDGET.toml")]
    budget: PathBuf,
    /// Folder of the run that relative limits compare with, or its summary.json.
    #[arg(long, value_name = "DIR")]
    baseline: Option<PathBuf>,
    /// Write a Markdown table for a pull request to this file; `-` prints it as the result.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

#[derive(Serialize)]
struct CheckReport<'a> {
    schema: &'static str,
    passed: bool,
    checks: &'a [Check],
}

/// Exit code 0 if every limit holds, 3 if not.
pub(super) fn execute(args: &CheckArgs, common: &Common) -> anyhow::Result<ExitCode> {
    let file = args.budget.display().to_string();
    let text = files::read_text(&args.budget).with_context(|| file.clone());
    let text = text.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let budget = Budget::parse(&file, &text)?;
    let result = Measured::load(&args.result)?;
    let baseline = args.baseline.as_deref().map(Measured::load).transpose()?;
    let checks = budget.check(&result, baseline.as_ref())?;
    let passed = passed(&checks);
    let to_stdout = args.markdown.as_deref() == Some(Path::new("-"));
    if let Some(path) = args.markdown.as_deref().filter(|_| !to_stdout) {
        files::write(path, markdown(&checks).as_bytes())
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    }
    let found = CheckReport {
        schema: "spikewatt.check/1",
        passed,
        checks: &checks,
    };
    let text = || match to_stdout {
        true => Ok(markdown(&checks)),
        false => Ok(harmless(&table(&checks))),
    };
    emit(common, &found, text, || csv_of(&checks))?;
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXCEEDED)
    })
}

fn table(checks: &[Check]) -> String {
    let header = ["metric", "of", "value", "allowed", "status"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(header)
        .chain(checks.iter().map(Check::columns))
        .collect();
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let widths = [0, 1, 2, 3].map(width);
    let mut out = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(widths) {
            let pad = width - cell.chars().count();
            out += cell;
            out += &" ".repeat(pad + 2);
        }
        out += &row[4];
        out.push('\n');
    }
    out
}
