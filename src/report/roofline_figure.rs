//! `roofline.svg`, `.png` and `.pdf`: what conventional targets can reach at some operations per byte,
//! and what the network reaches on them.

use super::canvas::{Canvas, GREY, PlotAxis, tick};
use super::drawing::{Drawing, FigureWidth};
use super::escape::printable;
use super::log_plot::{LogPlot, Name};
use super::look::Look;
use super::mark::star;
use super::palette::of_network;
use crate::result::{Report, Roof, Scope};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const HEADER: i32 = 58;
/// Height of a line of facts.
const FACT: i32 = 20;
const PLOT: i32 = 330;
const AXIS: i32 = 60;
/// Room for the labels of the rates.
const LABELS: i32 = 74;
/// Most pairs of target and network, the cheapest ones.
const MOST_ROOFS: usize = 12;

/// Roofs of conventional targets and the network below them.
pub struct Roofline;

impl Drawing for Roofline {
    const NAME: &'static str = "roofline";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        let facts = facts(width, &shown(report)).len() as i32;
        let look = Look::single(width);
        (look.width, HEADER + FACT * facts + PLOT + AXIS)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        let (look, (_, height)) = (Look::single(width), self.size(report, width));
        let shown = shown(report);
        let title = format!("{}: roofline", report.model_name());
        look.heading(canvas, &title, &facts(width, &shown))?;
        let bottom = height - AXIS;
        let roofs = || shown.iter().flatten();
        let across = PlotAxis::over(roofs().flat_map(|roof| [roof.intensity(), roof.ridge()]));
        let up = PlotAxis::over(roofs().flat_map(|roof| {
            let above = roof.attainable_ops_per_s(roof.intensity());
            [above, roof.achieved_ops_per_s(), roof.compute_ops_per_s]
        }));
        let (Some(x), Some(y)) = (across, up) else {
            let text = "no target in use is priced by a roofline";
            return canvas.text(
                text,
                (look.margin, bottom - PLOT),
                look.detail,
                GREY,
                HPos::Left,
            );
        };
        let plot = LogPlot {
            x,
            y,
            left: look.margin + LABELS,
            right: look.width - look.margin - look.names,
            top: bottom - PLOT + 12,
            bottom,
        };
        let name = "operations per byte (a MAC is two)";
        let plain = |decade: i32| match decade {
            -3..=5 => 10f64.powi(decade).to_string(),
            _ => format!("1e{decade}"),
        };
        plot.grid(canvas, &plain, &|decade| tick(decade, "op/s"), name)?;
        let mut names = Vec::new();
        for batches in &shown {
            names.extend(draw_roof(canvas, &plot, batches)?);
        }
        plot.names(canvas, names, look.names)
    }
}

/// Roofs of the same target and network, the cheapest first, each with its batches ascending.
fn shown(report: &Report) -> Vec<Vec<&Roof>> {
    let mut all: Vec<Vec<&Roof>> = Vec::new();
    for target in report.targets_in(Scope::System) {
        let mine = |roof: &&Roof| roof.target == target.name && roof.workload == target.workload;
        let mut roofs: Vec<&Roof> = report.profile.roofs.iter().filter(mine).collect();
        roofs.sort_by_key(|roof| roof.batch);
        if !roofs.is_empty() && !all.contains(&roofs) {
            all.push(roofs);
        }
    }
    all.truncate(MOST_ROOFS);
    all
}

fn facts(width: FigureWidth, shown: &[Vec<&Roof>]) -> Vec<String> {
    let mut batches: Vec<u64> = shown.iter().flatten().map(|roof| roof.batch).collect();
    batches.sort_unstable();
    batches.dedup();
    let Some(largest) = batches.last() else {
        return Vec::new();
    };
    let roof = format!("line: peaks times the share reached at batch {largest}, nominal");
    let batches: Vec<String> = batches.iter().map(u64::to_string).collect();
    let circle = format!(
        "circle: this network, batch {}; open, *: unverified figure",
        batches.join(" and ")
    );
    match width {
        FigureWidth::Wide => vec![format!("{roof}; {circle}")],
        FigureWidth::Column => vec![roof, circle],
    }
}

/// The roof at the largest batch, the network at each; gives the name of the line.
fn draw_roof<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    plot: &LogPlot,
    batches: &[&Roof],
) -> Result<Option<Name>, String> {
    let Some(roof) = batches.last() else {
        return Ok(None);
    };
    let colour = of_network(roof.workload);
    let (first, last) = (10f64.powi(plot.x.first), 10f64.powi(plot.x.last));
    // Below the lowest rate shown there is nothing to draw.
    let start = first.max(10f64.powi(plot.y.first) / roof.memory_bytes_per_s);
    let corners = [start, roof.ridge().clamp(start, last), last];
    let line = corners.map(|at| (plot.x(at), plot.y(roof.attainable_ops_per_s(at))));
    canvas.path(&line, colour, 2)?;
    let at = |roof: &&Roof| (plot.x(roof.intensity()), plot.y(roof.achieved_ops_per_s()));
    let points: Vec<(i32, i32)> = batches.iter().map(at).collect();
    canvas.path(&points, colour, 1)?;
    for (roof, point) in batches.iter().zip(points) {
        canvas.dot(point, colour, !roof.unverified)?;
    }
    let mark = star(roof.unverified);
    let text = format!("{} {}", roof.workload.label(), printable(&roof.target));
    Ok(Some(Name {
        at: line[2].1,
        text,
        mark: mark.to_owned(),
        colour,
    }))
}
