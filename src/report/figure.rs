//! `energy.svg` and `energy.png`: energy per inference of each target on a logarithmic axis, the
//! nominal value as a marker with its range as a whisker. One panel and axis per scope, because
//! figures of different scope are never compared; a panel shows the targets whose energy is known
//! in its scope, the last one also those that lack a figure.

use super::canvas::{
    Axis, Canvas, Drawing, GREY, GRID, INK, MARGIN, MINOR_GRID, VALUE, WIDTH, colour, tick,
};
use super::escape::printable;
use super::{Report, Scope, TargetReport, Workload};
use crate::units::{Range, si};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const HEADER: i32 = 118;
const PANEL_HEADER: i32 = 38;
const ROW: i32 = 46;
const AXIS: i32 = 62;
const GAP: i32 = 22;
/// Size of a target's title.
const TITLE: i32 = 17;
/// Size of the line below it.
const DETAIL: i32 = 14;
/// From a marker to its value.
const VALUE_GAP: i32 = 13;
/// Widest column of target names.
const NAMES: i32 = 330;

/// The prices of all targets, a panel per scope: `energy.svg` and `.png`.
pub struct EnergyFigure;

fn panels(report: &Report) -> Vec<(Scope, Vec<&TargetReport>)> {
    Scope::ALL
        .into_iter()
        .map(|scope| {
            let shown = |target: &&TargetReport| {
                target.scopes.get(scope).known().is_some()
                    || (scope == Scope::System && target.known_energy_j().is_none())
            };
            let mut targets = report.targets_in(scope);
            targets.retain(shown);
            (scope, targets)
        })
        .filter(|_| !report.targets.is_empty())
        .collect()
}

fn panel_height(scope: Scope, targets: &[&TargetReport]) -> i32 {
    let axis = if axis(scope, targets).is_some() {
        AXIS
    } else {
        GAP
    };
    PANEL_HEADER + ROW * targets.len().max(1) as i32 + axis
}

impl Drawing for EnergyFigure {
    const FILES: [&'static str; 3] = ["energy.svg", "energy.png", "energy.pdf"];

    fn size(&self, report: &Report) -> (i32, i32) {
        let panels = panels(report);
        let rows: i32 = panels.iter().map(|(s, t)| panel_height(*s, t)).sum();
        let gaps = GAP * (panels.len() as i32 - 1).max(0);
        (WIDTH, HEADER + rows + gaps + MARGIN / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
    ) -> Result<(), String> {
        header(canvas, report)?;
        let mut left = 0;
        for target in &report.targets {
            let (title, detail) = names(canvas, target)?;
            left = left
                .max(canvas.width(&title, TITLE)?)
                .max(canvas.width(&detail, DETAIL)?);
        }
        let mut top = HEADER;
        for (scope, targets) in panels(report) {
            panel(canvas, scope, &targets, top, MARGIN + left + 18)?;
            top += panel_height(scope, &targets) + GAP;
        }
        Ok(())
    }
}

fn header<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, report: &Report) -> Result<(), String> {
    let room = WIDTH - 2 * MARGIN;
    let title = format!("{}: energy per inference", printable(report.model_name()));
    let title = canvas.fitted(&title, 25, room)?;
    canvas.text(&title, (MARGIN, 30), 25, INK, HPos::Left)?;

    let mut facts = vec![format!(
        "T = {} timesteps, {} samples",
        report.timesteps, report.samples
    )];
    if let Some(accuracy) = &report.accuracy {
        let ann = accuracy
            .ann
            .map(|ann| format!("ANN {:.2} %, ", ann * 100.0));
        facts.push(format!(
            "accuracy: {}SNN {:.2} %",
            ann.unwrap_or_default(),
            accuracy.snn * 100.0
        ));
    }
    let subtitle = canvas.fitted(&facts.join("   ·   "), 17, room)?;
    canvas.text(&subtitle, (MARGIN, 59), 17, GREY, HPos::Left)?;
    legend(canvas, report)
}

fn legend<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, report: &Report) -> Result<(), String> {
    const Y: i32 = 90;
    let mut x = MARGIN + 7;
    let mut entry = |name: &str, colour: RGBColor, filled: bool| -> Result<(), String> {
        canvas.dot((x, Y), colour, filled)?;
        canvas.text(name, (x + 14, Y), 16, INK, HPos::Left)?;
        x += 14 + canvas.width(name, 16)? + 26;
        Ok(())
    };
    for workload in Workload::ALL {
        if report.targets.iter().any(|t| t.workload == workload) {
            let name = match workload {
                Workload::Qann => format!("qANN ({} bits)", report.quantised_bits),
                Workload::Pann => "pANN (pruned)".to_owned(),
                other => other.label().to_owned(),
            };
            entry(&name, colour(workload), true)?;
        }
    }
    if report.targets.iter().any(TargetReport::is_unverified) {
        entry("* rests on unverified figures", GREY, false)?;
    }
    let whisker = "whisker: lower to upper bound";
    canvas.line((x - 7, Y), (x + 13, Y), GREY, 2)?;
    canvas.line((x - 7, Y - 4), (x - 7, Y + 4), GREY, 2)?;
    canvas.line((x + 13, Y - 4), (x + 13, Y + 4), GREY, 2)?;
    canvas.text(whisker, (x + 21, Y), 16, INK, HPos::Left)
}

/// The decades that hold every positive bound; `None` if there is none.
fn axis(scope: Scope, targets: &[&TargetReport]) -> Option<Axis> {
    let known = targets.iter().filter_map(|t| t.scopes.get(scope).known());
    Axis::over(known.flat_map(|e| [e.low, e.nominal, e.high]))
}

fn panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    scope: Scope,
    targets: &[&TargetReport],
    top: i32,
    left: i32,
) -> Result<(), String> {
    canvas.line((MARGIN, top), (WIDTH - MARGIN, top), GRID, 1)?;
    canvas.text(scope.label(), (MARGIN, top + 20), 18, INK, HPos::Left)?;
    let x = MARGIN + canvas.width(scope.label(), 18)? + 10;
    canvas.text(scope.meaning(), (x, top + 20), 16, GREY, HPos::Left)?;

    let top = top + PANEL_HEADER;
    let bottom = top + ROW * targets.len() as i32;
    let axis = axis(scope, targets);
    let right = right_end(canvas, scope, targets, axis.as_ref(), left)?;
    if targets.is_empty() {
        let text = "no cost table in use states figures of this scope";
        canvas.text(text, (MARGIN, top + ROW / 2), VALUE, GREY, HPos::Left)?;
    }
    if let Some(axis) = &axis {
        draw_axis(canvas, axis, (left, right), (top, bottom))?;
    }
    for (index, target) in targets.iter().enumerate() {
        let (title, detail) = names(canvas, target)?;
        let y = top + ROW * index as i32 + ROW / 2;
        canvas.text(&title, (MARGIN, y - 9), TITLE, INK, HPos::Left)?;
        canvas.text(&detail, (MARGIN, y + 11), DETAIL, GREY, HPos::Left)?;
        match (target.scopes.get(scope).known(), &axis) {
            (Some(energy_j), axis) => {
                let x = |value: f64| {
                    let position = axis.as_ref().map_or(0.0, |axis| axis.position(value));
                    left + (position * f64::from(right - left)).round() as i32
                };
                mark(canvas, scope, target, energy_j, x, y)?;
            }
            (None, _) => {
                let text = format!("unknown: {}", printable(&target.unpriced.join(", ")));
                let text = canvas.fitted(&text, VALUE, WIDTH - MARGIN - left - 8)?;
                canvas.label(&text, (left + 8, y), GREY)?;
            }
        }
    }
    Ok(())
}

/// Where the axis ends so that each value has room behind its marker.
fn right_end<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    scope: Scope,
    targets: &[&TargetReport],
    axis: Option<&Axis>,
    left: i32,
) -> Result<i32, String> {
    const END_LABEL: i32 = 30;
    let mut right = WIDTH - MARGIN - END_LABEL;
    for target in targets {
        if let (Some(energy_j), Some(axis)) = (target.scopes.get(scope).known(), axis) {
            let text = canvas.width(&value(scope, target, energy_j), VALUE)?;
            let room = f64::from(WIDTH - MARGIN - left - text - VALUE_GAP);
            // A marker at the left end leaves room for any label.
            let position = axis.position(energy_j.high).max(0.1);
            right = right.min(left + (room / position) as i32);
        }
    }
    Ok(right)
}

/// The two lines that name a target.
fn names<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    target: &TargetReport,
) -> Result<(String, String), String> {
    let mut parts = vec![
        printable(&target.name),
        target.workload.label().to_owned(),
        format!("batch {}", target.batch),
    ];
    if target.chips > 1 {
        parts.push(format!("{} chips", target.chips));
    }
    Ok((
        canvas.fitted(&target.title, TITLE, NAMES)?,
        canvas.fitted(&parts.join(" · "), DETAIL, NAMES)?,
    ))
}

fn value(scope: Scope, target: &TargetReport, energy_j: Range) -> String {
    let mark = if target.is_unverified_in(scope) {
        "*"
    } else {
        ""
    };
    let fits = if target.fits { "" } else { "  does not fit" };
    format!("{}{mark}{fits}", si(energy_j.nominal, "J"))
}

fn draw_axis<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    axis: &Axis,
    (left, right): (i32, i32),
    (top, bottom): (i32, i32),
) -> Result<(), String> {
    let x = |value: f64| left + (axis.position(value) * f64::from(right - left)).round() as i32;
    if axis.last - axis.first <= 4 {
        for decade in axis.first..axis.last {
            for digit in 2..10 {
                let x = x(f64::from(digit) * 10f64.powi(decade));
                canvas.line((x, top), (x, bottom), MINOR_GRID, 1)?;
            }
        }
    }
    for decade in axis.first..=axis.last {
        let x = x(10f64.powi(decade));
        canvas.line((x, top), (x, bottom), GRID, 1)?;
        if (decade - axis.first) % axis.step() == 0 {
            canvas.line((x, bottom), (x, bottom + 5), GREY, 1)?;
            canvas.text(&tick(decade, "J"), (x, bottom + 17), 15, GREY, HPos::Center)?;
        }
    }
    canvas.line((left, bottom), (right, bottom), GREY, 1)?;
    let middle = (left + right) / 2;
    let name = "energy per inference (logarithmic)";
    canvas.text(name, (middle, bottom + 40), 15, GREY, HPos::Center)
}

fn mark<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    scope: Scope,
    target: &TargetReport,
    energy_j: Range,
    x: impl Fn(f64) -> i32,
    y: i32,
) -> Result<(), String> {
    let colour = colour(target.workload);
    let (low, nominal, high) = (x(energy_j.low), x(energy_j.nominal), x(energy_j.high));
    if energy_j.high > 0.0 {
        canvas.line((low, y), (high, y), colour, 2)?;
        canvas.line((high, y - 6), (high, y + 6), colour, 2)?;
        // A lower bound of zero lies infinitely far left: the whisker stays open.
        if energy_j.low > 0.0 {
            canvas.line((low, y - 6), (low, y + 6), colour, 2)?;
        }
    }
    if energy_j.nominal > 0.0 {
        canvas.dot((nominal, y), colour, !target.is_unverified_in(scope))?;
    }
    let text = value(scope, target, energy_j);
    canvas.label(&text, (high.max(nominal) + VALUE_GAP, y), INK)
}
