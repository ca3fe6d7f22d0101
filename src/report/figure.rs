//! `energy.svg`, `.png` and `.pdf`: energy per inference of each target on a logarithmic axis, the
//! nominal value as a marker with its range as a whisker. One panel and axis per scope, because
//! figures of different scope are never compared; a panel shows the targets whose energy is known
//! in its scope, the last one also those that lack a figure.

use super::canvas::{Canvas, GREY, GRID, INK, MINOR_GRID, PlotAxis, VALUE, tick};
use super::drawing::{Drawing, FigureWidth};
use super::escape::printable;
use super::look::Look;
use super::mark::star;
use super::palette::of_network;
use crate::result::{Report, Scope, TargetReport, Workload};
use crate::units::{Range, si};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const PANEL_HEADER: i32 = 38;
/// Height of a target with the line below its title, and of one without it.
const ROW: i32 = 46;
const SHORT_ROW: i32 = 25;
const AXIS: i32 = 62;
const GAP: i32 = 22;
/// Size of a target's title.
const TITLE: i32 = 17;
/// Size of the line below it.
const DETAIL: i32 = 14;
/// From a marker to its value.
const VALUE_GAP: i32 = 13;
/// Least width of a decade that shows its digits.
const DIGITS: i32 = 120;

/// The prices of all targets, a panel per scope.
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

fn row(width: FigureWidth) -> i32 {
    match width {
        FigureWidth::Wide => ROW,
        FigureWidth::Column => SHORT_ROW,
    }
}

fn panel_height(width: FigureWidth, scope: Scope, targets: &[&TargetReport]) -> i32 {
    let axis = if axis(scope, targets).is_some() {
        AXIS
    } else {
        GAP
    };
    PANEL_HEADER + row(width) * targets.len().max(1) as i32 + axis
}

impl Drawing for EnergyFigure {
    const NAME: &'static str = "energy";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        let look = Look::panels(width);
        let panels = panels(report);
        let rows: i32 = panels.iter().map(|(s, t)| panel_height(width, *s, t)).sum();
        let gaps = GAP * (panels.len() as i32 - 1).max(0);
        let header = header_height(width, report);
        (look.width, header + rows + gaps + look.margin / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        let look = Look::panels(width);
        let title = format!("{}: energy per inference", printable(report.model_name()));
        let facts = facts(width, report);
        look.heading(canvas, &title, &facts)?;
        for (line, entries) in legend(width, report).into_iter().enumerate() {
            let y = look.fact(facts.len() + line) + 10;
            draw_legend(canvas, look, &entries, y)?;
        }
        let mut left = 0;
        for target in &report.targets {
            let (title, detail) = names(canvas, width, target)?;
            left = left
                .max(canvas.width(&title, TITLE)?)
                .max(canvas.width(&detail, DETAIL)?);
        }
        let left = look.margin + left + if width.is_wide() { 18 } else { 10 };
        let mut top = header_height(width, report);
        for (scope, targets) in panels(report) {
            panel(canvas, width, scope, &targets, (top, left))?;
            top += panel_height(width, scope, &targets) + GAP;
        }
        Ok(())
    }
}

fn header_height(width: FigureWidth, report: &Report) -> i32 {
    let lines = facts(width, report).len() + legend(width, report).len();
    Look::panels(width).header(lines) + 13
}

fn facts(width: FigureWidth, report: &Report) -> Vec<String> {
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
    if width.is_wide() {
        facts = vec![facts.join("   ·   ")];
    }
    facts
}

/// How a thing in the legend looks.
enum Sign {
    None,
    Filled(RGBColor),
    Open,
    Whisker,
}

/// What the signs mean, line by line.
fn legend(width: FigureWidth, report: &Report) -> Vec<Vec<(Sign, String)>> {
    let mut workloads: Vec<(Sign, String)> = Vec::new();
    for workload in Workload::ALL {
        if report.targets.iter().any(|t| t.workload == workload) {
            let name = match workload {
                Workload::Qann => "qANN (8 bits)".to_owned(),
                Workload::Pann => "pANN (pruned)".to_owned(),
                Workload::ZeroSkipping => "zsANN (skips zeros)".to_owned(),
                other => other.label().to_owned(),
            };
            workloads.push((Sign::Filled(of_network(workload)), name));
        }
    }
    // As many as a line holds.
    let many = workloads.len() > 3;
    let mut lines: Vec<Vec<(Sign, String)>> = Vec::new();
    for entry in workloads {
        match lines.last_mut() {
            Some(line) if width.is_wide() || line.len() < 3 => line.push(entry),
            _ => lines.push(vec![entry]),
        }
    }
    let networks = lines.len();
    let batches = report.targets.iter().map(|target| target.batch);
    if let Some(batch) = batches.max().filter(|batch| !width.is_wide() && *batch > 1) {
        let name = format!("×{batch}: {batch} inferences together, else one");
        lines.push(vec![(Sign::None, name)]);
    }
    if report.targets.iter().any(TargetReport::is_unverified) {
        let name = "* rests on unverified figures".to_owned();
        lines.push(vec![(Sign::Open, name)]);
    }
    let name = "whisker: lower to upper bound".to_owned();
    lines.push(vec![(Sign::Whisker, name)]);
    if width.is_wide() {
        let rest: Vec<_> = lines.drain(networks..).flatten().collect();
        match lines.last_mut() {
            Some(line) if !many => line.extend(rest),
            _ => lines.push(rest),
        }
    }
    lines
}

fn draw_legend<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    look: &Look,
    entries: &[(Sign, String)],
    y: i32,
) -> Result<(), String> {
    let mut x = look.margin + 7;
    for (sign, name) in entries {
        match sign {
            Sign::None => x -= 21,
            Sign::Filled(colour) => canvas.dot((x, y), *colour, true)?,
            Sign::Open => canvas.dot((x, y), GREY, false)?,
            Sign::Whisker => {
                canvas.line((x - 7, y), (x + 7, y), GREY, 2)?;
                for end in [x - 7, x + 7] {
                    canvas.line((end, y - 4), (end, y + 4), GREY, 2)?;
                }
            }
        }
        canvas.text(name, (x + 14, y), look.detail, INK, HPos::Left)?;
        x += 14 + canvas.width(name, look.detail)? + 26;
    }
    Ok(())
}

/// The decades that hold every positive bound; `None` if there is none.
fn axis(scope: Scope, targets: &[&TargetReport]) -> Option<PlotAxis> {
    let known = targets.iter().filter_map(|t| t.scopes.get(scope).known());
    PlotAxis::over(known.flat_map(|e| [e.low, e.nominal, e.high]))
}

fn panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    width: FigureWidth,
    scope: Scope,
    targets: &[&TargetReport],
    (top, left): (i32, i32),
) -> Result<(), String> {
    let look = Look::panels(width);
    look.scope_panel(canvas, scope, top)?;

    let top = top + PANEL_HEADER;
    let bottom = top + row(width) * targets.len() as i32;
    let axis = axis(scope, targets);
    let right = right_end(canvas, look, scope, targets, axis.as_ref(), left)?;
    if targets.is_empty() {
        let text = "no cost table states figures of this scope";
        canvas.text(
            text,
            (look.margin, top + row(width) / 2),
            VALUE,
            GREY,
            HPos::Left,
        )?;
    }
    if let Some(axis) = &axis {
        draw_axis(canvas, axis, (left, right), (top, bottom))?;
    }
    for (index, target) in targets.iter().enumerate() {
        let (title, detail) = names(canvas, width, target)?;
        let y = top + row(width) * index as i32 + row(width) / 2;
        if width.is_wide() {
            canvas.text(&title, (look.margin, y - 9), TITLE, INK, HPos::Left)?;
            canvas.text(&detail, (look.margin, y + 11), DETAIL, GREY, HPos::Left)?;
        } else {
            canvas.text(&title, (look.margin, y), TITLE, INK, HPos::Left)?;
        }
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
                let text = canvas.fitted(&text, VALUE, look.width - look.margin - left - 8)?;
                canvas.label(&text, (left + 8, y), GREY)?;
            }
        }
    }
    Ok(())
}

/// Where the axis ends so that each value has room behind its marker.
fn right_end<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    look: &Look,
    scope: Scope,
    targets: &[&TargetReport],
    axis: Option<&PlotAxis>,
    left: i32,
) -> Result<i32, String> {
    const END_LABEL: i32 = 30;
    let end = look.width - look.margin;
    let mut right = end - END_LABEL;
    for target in targets {
        if let (Some(energy_j), Some(axis)) = (target.scopes.get(scope).known(), axis) {
            let text = canvas.width(&value(scope, target, energy_j), VALUE)?;
            let room = f64::from(end - left - text - VALUE_GAP);
            // A marker at the left end leaves room for any label.
            let position = axis.position(energy_j.high).max(0.1);
            right = right.min(left + (room / position) as i32);
        }
    }
    Ok(right)
}

/// What names a target: a title and a line below it, or one line where there is little room.
fn names<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    width: FigureWidth,
    target: &TargetReport,
) -> Result<(String, String), String> {
    let name = printable(&target.name);
    if !width.is_wide() {
        let mut mark = match target.batch {
            1 => String::new(),
            batch => format!(" ×{batch}"),
        };
        if target.chips > 1 {
            mark += &format!(", {} chips", target.chips);
        }
        let room = 180 - canvas.width(&mark, TITLE)?;
        let title = canvas.fitted(&name, TITLE, room)? + &mark;
        return Ok((title, String::new()));
    }
    let mut parts = vec![
        name,
        target.network_label(),
        format!("batch {}", target.batch),
    ];
    if target.chips > 1 {
        parts.push(format!("{} chips", target.chips));
    }
    Ok((
        canvas.fitted(&target.title, TITLE, 330)?,
        canvas.fitted(&parts.join(" · "), DETAIL, 330)?,
    ))
}

fn value(scope: Scope, target: &TargetReport, energy_j: Range) -> String {
    let mark = star(target.is_unverified_in(scope));
    let fits = if target.fits { "" } else { "  does not fit" };
    format!("{}{mark}{fits}", si(energy_j.nominal, "J"))
}

fn draw_axis<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    axis: &PlotAxis,
    (left, right): (i32, i32),
    (top, bottom): (i32, i32),
) -> Result<(), String> {
    let x = |value: f64| left + (axis.position(value) * f64::from(right - left)).round() as i32;
    if right - left >= DIGITS * (axis.last - axis.first) {
        for decade in axis.first..axis.last {
            for digit in 2..10 {
                let x = x(f64::from(digit) * 10f64.powi(decade));
                canvas.line((x, top), (x, bottom), MINOR_GRID, 1)?;
            }
        }
    }
    let step = axis.step_within((right - left) / 60);
    for decade in axis.first..=axis.last {
        let x = x(10f64.powi(decade));
        canvas.line((x, top), (x, bottom), GRID, 1)?;
        if (decade - axis.first) % step == 0 {
            canvas.line((x, bottom), (x, bottom + 5), GREY, 1)?;
            canvas.text(&tick(decade, "J"), (x, bottom + 17), 15, GREY, HPos::Center)?;
        }
    }
    canvas.line((left, bottom), (right, bottom), GREY, 1)?;
    let name = "energy per inference (logarithmic)";
    let middle = (left + right) / 2;
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
    let colour = of_network(target.workload);
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
