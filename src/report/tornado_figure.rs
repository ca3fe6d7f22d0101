//! `tornado.svg` and `.png`: how far each figure of a cost table moves the total, for the cheapest
//! target of each network.

use super::canvas::{Canvas, Drawing, GREY, GRID, INK, MARGIN, WIDTH, colour};
use super::escape::printable;
use super::{Report, Sensitivity, Workload};
use crate::units::si;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const HEADER: i32 = 84;
const PANEL_HEADER: i32 = 40;
const ROW: i32 = 30;
const GAP: i32 = 44;
const NAMES: i32 = 300;
const LEFT: i32 = MARGIN + NAMES;
/// Room for values at the ends of the bars.
const VALUES: i32 = 92;
/// Most bars of a panel.
const MOST_BARS: usize = 8;

/// Which figure of a cost table matters: `tornado.svg` and `.png`.
pub struct TornadoFigure;

/// The cheapest target of each network that has a total, in the order of [`Workload`]s.
fn shown(report: &Report) -> Vec<&Sensitivity> {
    Workload::ALL
        .into_iter()
        .filter_map(|workload| {
            let of = report.sensitivities.iter();
            of.filter(|s| s.workload == workload && !s.swings.is_empty())
                .filter(|s| s.scope == super::Scope::System)
                .min_by(|a, b| a.nominal_j.total_cmp(&b.nominal_j))
        })
        .collect()
}

fn height(sensitivity: &Sensitivity) -> i32 {
    PANEL_HEADER + ROW * sensitivity.swings.len().min(MOST_BARS) as i32 + GAP
}

impl Drawing for TornadoFigure {
    const FILES: [&'static str; 3] = ["tornado.svg", "tornado.png", "tornado.pdf"];

    fn size(&self, report: &Report) -> (i32, i32) {
        let panels: i32 = shown(report).into_iter().map(height).sum();
        (WIDTH, HEADER + panels.max(ROW) + MARGIN / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
    ) -> Result<(), String> {
        let room = WIDTH - 2 * MARGIN;
        let title = format!("{}: which figure matters", printable(report.model_name()));
        let title = canvas.fitted(&title, 25, room)?;
        canvas.text(&title, (MARGIN, 30), 25, INK, HPos::Left)?;
        let facts = "energy per inference with one figure at its lower (light) or upper (dark) \
                     bound, all others nominal";
        let facts = canvas.fitted(facts, 16, room)?;
        canvas.text(&facts, (MARGIN, 59), 16, GREY, HPos::Left)?;
        let mut top = HEADER;
        let shown = shown(report);
        if shown.is_empty() {
            let text = "no figure in use has a range";
            canvas.text(text, (MARGIN, top + 10), 16, GREY, HPos::Left)?;
        }
        for sensitivity in shown {
            panel(canvas, sensitivity, top)?;
            top += height(sensitivity);
        }
        Ok(())
    }
}

fn panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    sensitivity: &Sensitivity,
    top: i32,
) -> Result<(), String> {
    canvas.line((MARGIN, top), (WIDTH - MARGIN, top), GRID, 1)?;
    let name = format!(
        "{} on {}, batch {}: {}",
        sensitivity.workload.label(),
        printable(&sensitivity.target),
        sensitivity.batch,
        si(sensitivity.nominal_j, "J")
    );
    let name = canvas.fitted(&name, 18, WIDTH - 2 * MARGIN)?;
    canvas.text(&name, (MARGIN, top + 20), 18, INK, HPos::Left)?;
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
    let (left, right) = (LEFT + VALUES, WIDTH - MARGIN - VALUES);
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
    let bottom = top + ROW * bars.len() as i32;
    let dark = colour(sensitivity.workload);
    let mix = |channel: u8| ((u16::from(channel) + 2 * 255) / 3) as u8;
    let light = RGBColor(mix(dark.0), mix(dark.1), mix(dark.2));
    let middle = place(sensitivity.nominal_j);
    for (index, swing) in bars.iter().enumerate() {
        let y = top + ROW * index as i32 + ROW / 2;
        let mark = if swing.confidence == "unverified" {
            "*"
        } else {
            ""
        };
        let range = swing.written;
        let name = format!(
            "{}{mark} [{} – {} {}]",
            printable(&swing.figure),
            range.low,
            range.high,
            swing.unit
        );
        let name = canvas.fitted(&name, 15, NAMES - 8)?;
        canvas.text(&name, (MARGIN, y), 15, INK, HPos::Left)?;
        for (value, colour) in [(swing.at_low_j, light), (swing.at_high_j, dark)] {
            let end = place(value);
            let (from, to) = (middle.min(end), middle.max(end));
            canvas.rectangle((from, y - 9), (to.max(from + 1), y + 9), colour)?;
        }
        let (least, most) = (
            swing.at_low_j.min(swing.at_high_j),
            swing.at_low_j.max(swing.at_high_j),
        );
        let text = si(least, "J");
        canvas.text(&text, (place(least) - 7, y), 14, GREY, HPos::Right)?;
        canvas.text(&si(most, "J"), (place(most) + 7, y), 14, GREY, HPos::Left)?;
    }
    canvas.line((middle, top), (middle, bottom), INK, 1)?;
    let axis = if logarithmic {
        "energy per inference, logarithmic; line: every figure nominal; * unverified figure"
    } else {
        "energy per inference, linear; line: every figure nominal; * unverified figure"
    };
    let middle = (left + right) / 2;
    canvas.text(axis, (middle, bottom + 18), 14, GREY, HPos::Center)
}
