//! `crossover.svg` and `.png`: energy of the spiking network against its spike rate, with each
//! baseline as a line and a marker where this network stands. One panel per scope.

use super::canvas::{
    Axis, Canvas, Drawing, GREY, GRID, INK, MARGIN, MINOR_GRID, WIDTH, colour, tick,
};
use super::escape::printable;
use super::{RateCurve, Report, Scope, TargetReport, Workload};
use crate::units::Range;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const HEADER: i32 = 84;
const PANEL_HEADER: i32 = 36;
const PLOT: i32 = 330;
const AXIS: i32 = 62;
const EMPTY: i32 = 40;
const LEFT: i32 = MARGIN + 78;
/// Room for the names of the lines.
const NAMES: i32 = 250;
const RIGHT: i32 = WIDTH - MARGIN - NAMES;
/// Least distance between two names.
const NAME_STEP: i32 = 19;
/// Most baselines in a panel, the cheapest ones.
const MOST_LINES: usize = 12;

/// Energy against spike rate: `crossover.svg` and `.png`.
pub struct CrossoverFigure;

/// Curves and baselines of one scope.
struct Panel<'a> {
    scope: Scope,
    curves: Vec<(&'a RateCurve, &'a TargetReport)>,
    baselines: Vec<(&'a TargetReport, Range)>,
}

impl Panel<'_> {
    fn height(&self) -> i32 {
        if self.curves.is_empty() {
            PANEL_HEADER + EMPTY
        } else {
            PANEL_HEADER + PLOT + AXIS
        }
    }
}

fn panels(report: &Report) -> Vec<Panel<'_>> {
    let panel = |scope: Scope| {
        let spiking = |curve: &'_ RateCurve| {
            report
                .targets
                .iter()
                .find(|t| t.name == curve.target && t.workload == Workload::Snn)
                .filter(|t| t.scopes.get(scope).known().is_some())
        };
        let mut baselines: Vec<_> = report
            .targets
            .iter()
            .filter(|t| t.workload != Workload::Snn)
            .filter_map(|t| Some((t, t.scopes.get(scope).known()?)))
            .collect();
        baselines.sort_by(|a, b| a.1.nominal.total_cmp(&b.1.nominal));
        baselines.truncate(MOST_LINES);
        Panel {
            scope,
            curves: report
                .rate_curves
                .iter()
                .filter_map(|curve| Some((curve, spiking(curve)?)))
                .collect(),
            baselines,
        }
    };
    Scope::ALL.into_iter().map(panel).collect()
}

impl Drawing for CrossoverFigure {
    const FILES: [&'static str; 3] = ["crossover.svg", "crossover.png", "crossover.pdf"];

    fn size(&self, report: &Report) -> (i32, i32) {
        let panels: i32 = panels(report).iter().map(Panel::height).sum();
        (WIDTH, HEADER + panels + MARGIN / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
    ) -> Result<(), String> {
        let room = WIDTH - 2 * MARGIN;
        let title = format!(
            "{}: energy per inference against spike rate",
            printable(report.model_name())
        );
        let title = canvas.fitted(&title, 25, room)?;
        canvas.text(&title, (MARGIN, 30), 25, INK, HPos::Left)?;
        let facts = format!(
            "T = {} timesteps   ·   marker: this network   ·   band: lower to upper bound   ·   \
             lines: baselines, nominal (* unverified)",
            report.timesteps
        );
        let facts = canvas.fitted(&facts, 16, room)?;
        canvas.text(&facts, (MARGIN, 59), 16, GREY, HPos::Left)?;
        let mut top = HEADER;
        for panel in panels(report) {
            draw_panel(canvas, &panel, top)?;
            top += panel.height();
        }
        Ok(())
    }
}

fn draw_panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    top: i32,
) -> Result<(), String> {
    canvas.line((MARGIN, top), (WIDTH - MARGIN, top), GRID, 1)?;
    let label = panel.scope.label();
    canvas.text(label, (MARGIN, top + 18), 18, INK, HPos::Left)?;
    let index = panel.scope as usize;
    let top = top + PANEL_HEADER;
    let points = panel
        .curves
        .iter()
        .flat_map(|(curve, _)| &curve.points)
        .filter(|point| point.rate > 0.0);
    let rates = Axis::over(points.clone().map(|point| point.rate));
    let energies = points
        .filter_map(|point| point.energy_j[index])
        .flat_map(|e| [e.low, e.nominal, e.high])
        .chain(panel.baselines.iter().map(|(_, e)| e.nominal));
    let (Some(rates), Some(energies)) = (rates, Axis::over(energies)) else {
        let text = "no spiking target whose cost table states this scope";
        return canvas.text(text, (MARGIN, top + 12), 16, GREY, HPos::Left);
    };
    let bottom = top + PLOT;
    let x = |rate: f64| LEFT + (rates.position(rate) * f64::from(RIGHT - LEFT)).round() as i32;
    let y = |energy: f64| bottom - (energies.position(energy) * f64::from(PLOT)).round() as i32;
    grid(canvas, &rates, &energies, (top, bottom))?;

    let mut names: Vec<(i32, String, RGBColor)> = Vec::new();
    for (target, energy_j) in &panel.baselines {
        let colour = colour(target.workload);
        let at = y(energy_j.nominal);
        canvas.line((LEFT, at), (RIGHT, at), colour, 1)?;
        let mark = if target.is_unverified_in(panel.scope) {
            "*"
        } else {
            ""
        };
        let batch = match target.batch {
            1 => String::new(),
            batch => format!(" ×{batch}"),
        };
        let name = format!(
            "{} {}{batch}{mark}",
            target.workload.label(),
            printable(&target.name)
        );
        names.push((at, name, colour));
    }
    for (curve, target) in &panel.curves {
        let colour = colour(Workload::Snn);
        let known: Vec<(i32, Range)> = curve
            .points
            .iter()
            .filter(|point| point.rate > 0.0)
            .filter_map(|point| Some((x(point.rate), point.energy_j[index]?)))
            .collect();
        let mut band: Vec<(i32, i32)> = known.iter().map(|(x, e)| (*x, y(e.high))).collect();
        band.extend(known.iter().rev().map(|(x, e)| (*x, y(e.low))));
        canvas.area(&band, colour)?;
        let line: Vec<(i32, i32)> = known.iter().map(|(x, e)| (*x, y(e.nominal))).collect();
        canvas.path(&line, colour, 2)?;
        let mark = if target.is_unverified_in(panel.scope) {
            "*"
        } else {
            ""
        };
        if let Some(energy_j) = target.scopes.get(panel.scope).known() {
            let filled = !target.is_unverified_in(panel.scope);
            canvas.dot((x(curve.rate), y(energy_j.nominal)), colour, filled)?;
        }
        if let Some((_, end)) = line.last() {
            names.push((
                *end,
                format!("SNN {}{mark}", printable(&target.name)),
                colour,
            ));
        }
    }
    draw_names(canvas, names, (top, bottom))
}

/// Names at the right end of their lines, moved apart where they would overlap.
fn draw_names<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    mut names: Vec<(i32, String, RGBColor)>,
    (top, bottom): (i32, i32),
) -> Result<(), String> {
    names.sort_by_key(|(at, ..)| *at);
    let mut places: Vec<i32> = Vec::new();
    for (at, ..) in &names {
        let least = places.last().map_or(top, |last| last + NAME_STEP);
        places.push((*at).max(least));
    }
    let mut most = bottom;
    for place in places.iter_mut().rev() {
        *place = (*place).min(most);
        most = *place - NAME_STEP;
    }
    for ((at, name, colour), place) in names.iter().zip(places) {
        canvas.line((RIGHT, *at), (RIGHT + 14, place), *colour, 1)?;
        let name = canvas.fitted(name, 15, NAMES - 20)?;
        canvas.text(&name, (RIGHT + 18, place), 15, *colour, HPos::Left)?;
    }
    Ok(())
}

fn grid<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    rates: &Axis,
    energies: &Axis,
    (top, bottom): (i32, i32),
) -> Result<(), String> {
    let x = |rate: f64| LEFT + (rates.position(rate) * f64::from(RIGHT - LEFT)).round() as i32;
    let y = |energy: f64| bottom - (energies.position(energy) * f64::from(PLOT)).round() as i32;
    for decade in rates.first..rates.last {
        for digit in 2..10 {
            let x = x(f64::from(digit) * 10f64.powi(decade));
            canvas.line((x, top), (x, bottom), MINOR_GRID, 1)?;
        }
    }
    for decade in rates.first..=rates.last {
        let x = x(10f64.powi(decade));
        canvas.line((x, top), (x, bottom), GRID, 1)?;
        let percent = 100.0 * 10f64.powi(decade);
        let name = format!("{} %", (percent * 1e9).round() / 1e9);
        canvas.text(&name, (x, bottom + 17), 15, GREY, HPos::Center)?;
    }
    for decade in energies.first..=energies.last {
        let y = y(10f64.powi(decade));
        canvas.line((LEFT, y), (RIGHT, y), GRID, 1)?;
        if (decade - energies.first) % energies.step() == 0 {
            let name = tick(decade, "J");
            canvas.text(&name, (LEFT - 8, y), 15, GREY, HPos::Right)?;
        }
    }
    canvas.line((LEFT, bottom), (RIGHT, bottom), GREY, 1)?;
    let name = "spikes per neuron and timestep (logarithmic)";
    let middle = (LEFT + RIGHT) / 2;
    canvas.text(name, (middle, bottom + 40), 15, GREY, HPos::Center)
}
