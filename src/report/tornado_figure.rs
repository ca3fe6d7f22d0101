//! `tornado.svg`, `.png` and `.pdf`: how far each figure of a cost table moves the total, for the cheapest
//! target of each network.

use super::canvas::{Canvas, GREY, INK};
use super::drawing::{Drawing, Width};
use super::escape::printable;
use super::look::Look;
use super::palette::of_network;
use crate::result::{Report, Sensitivity, Workload};
use crate::units::si;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const PANEL_HEADER: i32 = 40;
/// Height of a bar with its name.
const ROW: i32 = 30;
/// What the name above a bar takes where there is no room beside it.
const NAME: i32 = 16;
const GAP: i32 = 44;
/// Room for names beside bars.
const NAMES: i32 = 300;
/// Room for values at the ends of the bars.
const VALUES: i32 = 92;
/// Most bars of a panel.
const MOST_BARS: usize = 8;

/// Which figure of a cost table matters.
pub struct TornadoFigure;

/// The cheapest target of each network that has a total, in the order of [`Workload`]s.
fn shown(report: &Report) -> Vec<&Sensitivity> {
    Workload::ALL
        .into_iter()
        .filter_map(|workload| {
            let of = report.sensitivities.iter();
            of.filter(|s| s.workload == workload && !s.swings.is_empty())
                .filter(|s| s.scope == crate::result::Scope::System)
                .min_by(|a, b| a.nominal_j.total_cmp(&b.nominal_j))
        })
        .collect()
}

/// Height of a row.
fn row(width: Width) -> i32 {
    match width {
        Width::Wide => ROW,
        Width::Column => ROW + NAME,
    }
}

/// What is below the bars of a panel: the words about its axis.
fn gap(width: Width) -> i32 {
    match width {
        Width::Wide => GAP,
        Width::Column => GAP + 18,
    }
}

fn height(width: Width, sensitivity: &Sensitivity) -> i32 {
    PANEL_HEADER + row(width) * sensitivity.swings.len().min(MOST_BARS) as i32 + gap(width)
}

impl Drawing for TornadoFigure {
    const NAME: &'static str = "tornado";

    fn size(&self, report: &Report, width: Width) -> (i32, i32) {
        let look = Look::panels(width);
        let panels = shown(report).into_iter().map(|s| height(width, s)).sum();
        let header = look.header(facts(width).len());
        (look.width, header + ROW.max(panels) + look.margin / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: Width,
    ) -> Result<(), String> {
        let look = Look::panels(width);
        let title = format!("{}: which figure matters", printable(report.model_name()));
        let facts = facts(width);
        look.heading(canvas, &title, &facts)?;
        let mut top = look.header(facts.len());
        let shown = shown(report);
        if shown.is_empty() {
            let text = "no figure in use has a range";
            canvas.text(text, (look.margin, top + 10), look.detail, GREY, HPos::Left)?;
        }
        for sensitivity in shown {
            panel(canvas, width, sensitivity, top)?;
            top += height(width, sensitivity);
        }
        Ok(())
    }
}

fn facts(width: Width) -> Vec<String> {
    let facts = [
        "energy per inference with one figure at its lower (light)",
        "or upper (dark) bound, all others nominal",
    ];
    match width {
        Width::Wide => vec![facts.join(" ")],
        Width::Column => facts.map(String::from).into(),
    }
}

fn panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    width: Width,
    sensitivity: &Sensitivity,
    top: i32,
) -> Result<(), String> {
    let look = Look::panels(width);
    let name = format!(
        "{} on {}, batch {}: {}",
        sensitivity.workload.label(),
        printable(&sensitivity.target),
        sensitivity.batch,
        si(sensitivity.nominal_j, "J")
    );
    look.panel(canvas, &name, top)?;
    let bars = &sensitivity.swings[..sensitivity.swings.len().min(MOST_BARS)];
    let ends = || {
        bars.iter()
            .flat_map(|swing| [swing.at_low_j, swing.at_high_j])
            .chain([sensitivity.nominal_j])
    };
    let (low, high) = (
        ends().fold(f64::INFINITY, f64::min),
        ends().fold(0.0, f64::max),
    );
    let beside = if width.is_wide() { NAMES } else { 0 };
    let left = look.margin + beside + VALUES;
    let right = look.width - look.margin - VALUES;
    // Bars of a thousandfold swing need a logarithmic axis.
    let logarithmic = low > 0.0 && high / low > 20.0;
    let place = |value: f64| {
        let share = if logarithmic {
            (value / low).ln() / (high / low).ln()
        } else {
            (value - low) / (high - low)
        };
        left + (share * f64::from(right - left)).round() as i32
    };
    let top = top + PANEL_HEADER;
    let bottom = top + row(width) * bars.len() as i32;
    let dark = of_network(sensitivity.workload);
    let mix = |channel: u8| ((u16::from(channel) + 2 * 255) / 3) as u8;
    let light = RGBColor(mix(dark.0), mix(dark.1), mix(dark.2));
    let middle = place(sensitivity.nominal_j);
    for (index, swing) in bars.iter().enumerate() {
        let y = top + row(width) * (index as i32 + 1) - ROW / 2;
        let mark = if swing.unverified { "*" } else { "" };
        let range = swing.written;
        let name = format!(
            "{}{mark} [{} – {} {}]",
            printable(&swing.figure),
            range.low,
            range.high,
            swing.unit
        );
        let (room, name_y) = match width {
            Width::Wide => (NAMES - 8, y),
            Width::Column => (look.room(), y - NAME - 4),
        };
        let name = canvas.fitted(&name, 15, room)?;
        canvas.text(&name, (look.margin, name_y), 15, INK, HPos::Left)?;
        for (value, colour) in [(swing.at_low_j, light), (swing.at_high_j, dark)] {
            let end = place(value);
            let (from, to) = (middle.min(end), middle.max(end));
            canvas.rectangle((from, y - 9), (to.max(from + 1), y + 9), colour)?;
        }
        // Where names stand above bars, the line does not cross them.
        let half = if width.is_wide() { ROW / 2 } else { 12 };
        canvas.line((middle, y - half), (middle, y + half), INK, 1)?;
        let (least, most) = (
            swing.at_low_j.min(swing.at_high_j),
            swing.at_low_j.max(swing.at_high_j),
        );
        let text = si(least, "J");
        canvas.text(&text, (place(least) - 7, y), 14, GREY, HPos::Right)?;
        canvas.text(&si(most, "J"), (place(most) + 7, y), 14, GREY, HPos::Left)?;
    }
    let scale = if logarithmic { "logarithmic" } else { "linear" };
    let words = [
        format!("energy per inference, {scale}"),
        "line: every figure nominal; * unverified figure".to_owned(),
    ];
    let (words, middle) = match width {
        Width::Wide => (vec![words.join("; ")], (left + right) / 2),
        Width::Column => (words.into(), look.width / 2),
    };
    for (line, words) in words.iter().enumerate() {
        let place = (middle, bottom + 18 + 18 * line as i32);
        canvas.text(words, place, 14, GREY, HPos::Center)?;
    }
    Ok(())
}
