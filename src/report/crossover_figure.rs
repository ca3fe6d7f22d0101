//! `crossover.svg`, `.png` and `.pdf`: energy of the spiking network against its spike rate, with each
//! baseline as a line and a marker where this network stands. One panel per scope.

use super::canvas::{Canvas, GREY, PlotAxis, tick};
use super::drawing::{Drawing, FigureWidth};
use super::escape::printable;
use super::log_plot::{LogPlot, Name};
use super::look::Look;
use super::mark::star;
use super::palette::of_network;
use crate::result::{RateCurve, Report, Scope, TargetReport, Workload};
use crate::units::Range;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const PANEL_HEADER: i32 = 44;
const PLOT: i32 = 330;
const AXIS: i32 = 62;
const EMPTY: i32 = 40;
/// Room for the labels of the energies.
const LABELS: i32 = 66;
/// Most baselines in a panel, the cheapest ones.
const MOST_LINES: usize = 12;

/// Energy against spike rate.
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
                .find(|t| curve.is_of(t) && t.workload == Workload::Snn)
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
    const NAME: &'static str = "crossover";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        let look = Look::panels(width);
        let panels: i32 = panels(report).iter().map(Panel::height).sum();
        let header = look.header(facts(width, report).len());
        (look.width, header + panels + look.margin / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        let look = Look::panels(width);
        let title = match width {
            FigureWidth::Wide => "energy per inference against spike rate",
            FigureWidth::Column => "energy against spike rate",
        };
        let title = format!("{}: {title}", printable(report.model_name()));
        let facts = facts(width, report);
        look.heading(canvas, &title, &facts)?;
        let mut top = look.header(facts.len());
        for panel in panels(report) {
            draw_panel(canvas, look, &panel, top)?;
            top += panel.height();
        }
        Ok(())
    }
}

fn facts(width: FigureWidth, report: &Report) -> Vec<String> {
    let facts = [
        format!("T = {} timesteps", report.timesteps),
        "marker: this network".to_owned(),
        "band: lower to upper bound".to_owned(),
        "lines: baselines, nominal (* unverified)".to_owned(),
    ];
    match width {
        FigureWidth::Wide => vec![facts.join("   ·   ")],
        FigureWidth::Column => vec![
            facts[..2].join("   ·   "),
            facts[2].clone(),
            facts[3].clone(),
        ],
    }
}

fn draw_panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    look: &Look,
    panel: &Panel,
    top: i32,
) -> Result<(), String> {
    look.scope_panel(canvas, panel.scope, top)?;
    let index = panel.scope as usize;
    let top = top + PANEL_HEADER;
    let points = panel
        .curves
        .iter()
        .flat_map(|(curve, _)| &curve.points)
        .filter(|point| point.rate > 0.0);
    let rates = PlotAxis::over(points.clone().map(|point| point.rate));
    let energies = points
        .filter_map(|point| point.energy_j[index])
        .flat_map(|e| [e.low, e.nominal, e.high])
        .chain(panel.baselines.iter().map(|(_, e)| e.nominal));
    let (Some(rates), Some(energies)) = (rates, PlotAxis::over(energies)) else {
        let text = "no spiking target whose cost table states this scope";
        return canvas.text(text, (look.margin, top + 12), look.detail, GREY, HPos::Left);
    };
    let plot = LogPlot {
        x: rates,
        y: energies,
        left: look.margin + LABELS,
        right: look.width - look.margin - look.names,
        top,
        bottom: top + PLOT,
    };
    let percent = |decade: i32| {
        let percent = 100.0 * 10f64.powi(decade);
        format!("{} %", (percent * 1e9).round() / 1e9)
    };
    let name = "spikes per neuron and timestep (logarithmic)";
    plot.grid(canvas, &percent, &|decade| tick(decade, "J"), name)?;
    let mut names: Vec<Name> = Vec::new();
    for (target, energy_j) in &panel.baselines {
        names.push(draw_baseline(
            canvas,
            &plot,
            panel.scope,
            target,
            *energy_j,
        )?);
    }
    for (curve, target) in &panel.curves {
        names.extend(draw_curve(canvas, &plot, panel.scope, curve, target)?);
    }
    plot.names(canvas, names, look.names)
}

/// A line at the energy of a baseline; gives its name.
fn draw_baseline<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    plot: &LogPlot,
    scope: Scope,
    target: &TargetReport,
    energy_j: Range,
) -> Result<Name, String> {
    let colour = of_network(target.workload);
    let at = plot.y(energy_j.nominal);
    canvas.line((plot.left, at), (plot.right, at), colour, 1)?;
    let batch = match target.batch {
        1 => String::new(),
        batch => format!(" ×{batch}"),
    };
    Ok(Name {
        at,
        text: format!("{} {}", target.network_label(), printable(&target.name)),
        mark: batch + star(target.is_unverified_in(scope)),
        colour,
    })
}

/// The curve of a spiking target in its band, with a marker where this network stands; gives its
/// name.
fn draw_curve<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    plot: &LogPlot,
    scope: Scope,
    curve: &RateCurve,
    target: &TargetReport,
) -> Result<Option<Name>, String> {
    let colour = of_network(Workload::Snn);
    let unverified = target.is_unverified_in(scope);
    let known: Vec<(i32, Range)> = curve
        .points
        .iter()
        .filter(|point| point.rate > 0.0)
        .filter_map(|point| Some((plot.x(point.rate), point.energy_j[scope as usize]?)))
        .collect();
    let mut band: Vec<(i32, i32)> = known.iter().map(|(x, e)| (*x, plot.y(e.high))).collect();
    band.extend(known.iter().rev().map(|(x, e)| (*x, plot.y(e.low))));
    canvas.area(&band, colour)?;
    let line: Vec<(i32, i32)> = known.iter().map(|(x, e)| (*x, plot.y(e.nominal))).collect();
    canvas.path(&line, colour, 2)?;
    if let Some(energy_j) = target.scopes.get(scope).known() {
        let place = (plot.x(curve.rate), plot.y(energy_j.nominal));
        canvas.dot(place, colour, !unverified)?;
    }
    Ok(line.last().map(|(_, end)| Name {
        at: *end,
        text: format!("{} {}", target.network_label(), printable(&target.name)),
        mark: star(unverified).to_owned(),
        colour,
    }))
}
