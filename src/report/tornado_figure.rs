//! `tornado.svg`, `.png` and `.pdf`: how far each figure of a cost table moves the total, for the cheapest
//! target of each network.

use super::canvas::{Canvas, GREY, INK};
use super::drawing::{Drawing, FigureWidth};
use super::escape::printable;
use super::look::Look;
use super::mark::{of_sensitivity, star};
use super::palette::of_network;
use crate::result::{Report, Scope, Sensitivity, Swing, Workload, network_label};
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
                .filter(|s| s.scope == Scope::System)
                .min_by(|a, b| a.nominal_j.total_cmp(&b.nominal_j))
        })
        .collect()
}

/// Height of a row.
fn row(width: FigureWidth) -> i32 {
    match width {
        FigureWidth::Wide => ROW,
        FigureWidth::Column => ROW + NAME,
    }
}

/// What is below the bars of a panel: the words about its axis.
fn gap(width: FigureWidth) -> i32 {
    match width {
        FigureWidth::Wide => GAP,
        FigureWidth::Column => GAP + 18,
    }
}

fn height(width: FigureWidth, sensitivity: &Sensitivity) -> i32 {
    PANEL_HEADER + row(width) * sensitivity.swings.len().min(MOST_BARS) as i32 + gap(width)
}

impl Drawing for TornadoFigure {
    const NAME: &'static str = "tornado";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        let look = Look::panels(width);
        let panels = shown(report).into_iter().map(|s| height(width, s)).sum();
        let header = look.header(facts(width).len());
        (look.width, header + ROW.max(panels) + look.margin / 2)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
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
            panel(canvas, width, report, sensitivity, top)?;
            top += height(width, sensitivity);
        }
        Ok(())
    }
}

fn facts(width: FigureWidth) -> Vec<String> {
    let facts = [
        "energy per inference with one figure at its lower (light)",
        "or upper (dark) bound, all others nominal",
    ];
    match width {
        FigureWidth::Wide => vec![facts.join(" ")],
        FigureWidth::Column => facts.map(String::from).into(),
    }
}

fn panel<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    width: FigureWidth,
    report: &Report,
    sensitivity: &Sensitivity,
    top: i32,
) -> Result<(), String> {
    let look = Look::panels(width);
    let unverified = of_sensitivity(report, sensitivity);
    let name = format!(
        "{} on {}, batch {}: {}{}",
        network_label(sensitivity.workload, sensitivity.format),
        printable(&sensitivity.target),
        sensitivity.batch,
        si(sensitivity.nominal_j, "J"),
        star(unverified)
    );
    look.panel(canvas, &name, top)?;
    let plot = Plot::of(width, sensitivity);
    let swings = &sensitivity.swings[..sensitivity.swings.len().min(MOST_BARS)];
    let top = top + PANEL_HEADER;
    for (index, swing) in swings.iter().enumerate() {
        let y = top + row(width) * (index as i32 + 1) - ROW / 2;
        plot.bar(canvas, swing, y)?;
    }
    let bottom = top + row(width) * swings.len() as i32;
    let scale = if plot.logarithmic {
        "logarithmic"
    } else {
        "linear"
    };
    let words = [
        format!("energy per inference, {scale}"),
        "line: every figure nominal; * unverified figure".to_owned(),
    ];
    let (words, middle) = match width {
        FigureWidth::Wide => (vec![words.join("; ")], (plot.left + plot.right) / 2),
        FigureWidth::Column => (words.into(), look.width / 2),
    };
    for (line, words) in words.iter().enumerate() {
        let place = (middle, bottom + 18 + 18 * line as i32);
        canvas.text(words, place, 14, GREY, HPos::Center)?;
    }
    Ok(())
}

/// Where energies lie in a panel.
struct Plot {
    width: FigureWidth,
    left: i32,
    right: i32,
    /// The least and the largest energy [J].
    low: f64,
    high: f64,
    logarithmic: bool,
    nominal_j: f64,
    /// Colour of the bar to the upper bound.
    colour: RGBColor,
}

impl Plot {
    fn of(width: FigureWidth, sensitivity: &Sensitivity) -> Self {
        let look = Look::panels(width);
        let nominal_j = sensitivity.nominal_j;
        let ends = || {
            let swings = sensitivity.swings.iter().take(MOST_BARS);
            swings
                .flat_map(|swing| [swing.at_low_j, swing.at_high_j])
                .chain([nominal_j])
        };
        let (low, high) = (
            ends().fold(f64::INFINITY, f64::min),
            ends().fold(0.0, f64::max),
        );
        let beside = if width.is_wide() { NAMES } else { 0 };
        Plot {
            width,
            left: look.margin + beside + VALUES,
            right: look.width - look.margin - VALUES,
            low,
            high,
            // Bars of a thousandfold swing need a logarithmic axis.
            logarithmic: low > 0.0 && high / low > 20.0,
            nominal_j,
            colour: of_network(sensitivity.workload),
        }
    }

    fn place(&self, value: f64) -> i32 {
        let share = if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    /// A figure by name, and the energy with it at its bounds.
    fn bar<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        swing: &Swing,
        y: i32,
    ) -> Result<(), String> {
        let look = Look::panels(self.width);
        let name = format!(
            "{}{} [{} – {} {}]",
            printable(&swing.figure),
            star(swing.unverified),
            swing.written.low,
            swing.written.high,
            swing.unit
        );
        // Where names stand above bars, the line does not cross them.
        let (room, name_y, half) = match self.width {
            FigureWidth::Wide => (NAMES - 8, y, ROW / 2),
            FigureWidth::Column => (look.room(), y - NAME - 4, 12),
        };
        let name = canvas.fitted(&name, 15, room)?;
        canvas.text(&name, (look.margin, name_y), 15, INK, HPos::Left)?;
        let middle = self.place(self.nominal_j);
        let mix = |channel: u8| ((u16::from(channel) + 2 * 255) / 3) as u8;
        let RGBColor(r, g, b) = self.colour;
        let light = RGBColor(mix(r), mix(g), mix(b));
        for (value, colour) in [(swing.at_low_j, light), (swing.at_high_j, self.colour)] {
            let end = self.place(value);
            let (from, to) = (middle.min(end), middle.max(end));
            canvas.rectangle((from, y - 9), (to.max(from + 1), y + 9), colour)?;
        }
        canvas.line((middle, y - half), (middle, y + half), INK, 1)?;
        let (least, most) = (
            swing.at_low_j.min(swing.at_high_j),
            swing.at_low_j.max(swing.at_high_j),
        );
        let (left, right) = (self.place(least) - 7, self.place(most) + 7);
        canvas.text(&si(least, "J"), (left, y), 14, GREY, HPos::Right)?;
        canvas.text(&si(most, "J"), (right, y), 14, GREY, HPos::Left)
    }
}
