//! Figures that fit one column of a paper: where the energy of a spiking network goes, and how often
//! its populations fire.

use super::canvas::{COLUMN_MM, Canvas, Drawing, GREY, GRID, INK, WIDE_MM, colour, figure_files};
use crate::result::{Report, Scope, TargetReport, Workload};
use crate::units::si;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Rows of a figure at most; what is beyond is one row.
pub(super) const MOST_ROWS: usize = 9;
pub(super) const ROW: i32 = 25;
pub(super) const HEADER: i32 = 62;
pub(super) const MARGIN: i32 = 12;
const TITLE: i32 = 19;
pub(super) const TEXT: i32 = 15;

/// A bar from one value to another.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) text: String,
}

/// Bars below each other on one linear axis that begins at 0.
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) bars: Vec<Bar>,
}

/// The energy of the first spiking target, event by event; over two columns or in one.
pub struct Waterfall<const WIDE: bool>;

/// How often the neurons of each population fire; over two columns or in one.
pub struct Rates<const WIDE: bool>;

impl<const WIDE: bool> Drawing for Waterfall<WIDE> {
    const FILES: [&'static str; 3] = figure_files!(WIDE, "waterfall");
    const WIDTH_MM: f64 = if WIDE { WIDE_MM } else { COLUMN_MM };

    fn size(&self, report: &Report) -> (i32, i32) {
        waterfall(report).size(width(WIDE))
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
    ) -> Result<(), String> {
        waterfall(report).draw(canvas, width(WIDE))
    }
}

impl<const WIDE: bool> Drawing for Rates<WIDE> {
    const FILES: [&'static str; 3] = figure_files!(WIDE, "rates");
    const WIDTH_MM: f64 = if WIDE { WIDE_MM } else { COLUMN_MM };

    fn size(&self, report: &Report) -> (i32, i32) {
        rates(report).size(width(WIDE))
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
    ) -> Result<(), String> {
        rates(report).draw(canvas, width(WIDE))
    }
}

/// Width [logical pixels]: letters have the same size on paper in both.
pub(super) fn width(wide: bool) -> i32 {
    if wide { 1000 } else { 483 }
}

/// Title and subtitle of a figure `width` logical pixels wide, shortened to fit.
pub(super) fn heading<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    width: i32,
    title: &str,
    subtitle: &str,
) -> Result<(), String> {
    headings(canvas, width, title, &[subtitle.to_owned()])
}

/// The same with several lines below the title.
pub(super) fn headings<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    width: i32,
    title: &str,
    facts: &[String],
) -> Result<(), String> {
    let room = width - 2 * MARGIN;
    let title = canvas.fitted(title, TITLE, room)?;
    canvas.text(&title, (MARGIN, 20), TITLE, INK, HPos::Left)?;
    for (line, fact) in facts.iter().enumerate() {
        let fact = canvas.fitted(fact, TEXT, room)?;
        let place = (MARGIN, 44 + 20 * line as i32);
        canvas.text(&fact, place, TEXT, GREY, HPos::Left)?;
    }
    Ok(())
}

/// The first spiking target whose energy is known.
pub(super) fn spiking(report: &Report) -> Option<&TargetReport> {
    let mut targets = report.targets.iter();
    targets.find(|target| target.workload == Workload::Snn && target.known_energy_j().is_some())
}

fn waterfall(report: &Report) -> Bars {
    let Some(target) = spiking(report) else {
        return Bars {
            title: "Where the energy goes".to_owned(),
            subtitle: "the energy of no spiking target is known".to_owned(),
            bars: Vec::new(),
        };
    };
    let mut lines: Vec<(&str, f64)> = target
        .lines
        .iter()
        .filter(|line| line.joules > 0.0)
        .map(|line| (line.event.as_str(), line.joules))
        .collect();
    lines.sort_by(|a, b| b.1.total_cmp(&a.1));
    let rest: f64 = lines
        .iter()
        .skip(MOST_ROWS - 2)
        .map(|(_, joules)| joules)
        .sum();
    if lines.len() > MOST_ROWS - 1 {
        lines.truncate(MOST_ROWS - 2);
        lines.push(("all other events", rest));
    }
    let mut sum = 0.0;
    let mut bars: Vec<Bar> = lines
        .into_iter()
        .map(|(event, joules)| {
            let from = sum;
            sum += joules;
            Bar {
                // Its count is a time; the label needs no unit.
                label: event.trim_end_matches(" [s]").to_owned(),
                from,
                to: sum,
                text: si(joules, "J"),
            }
        })
        .collect();
    bars.push(Bar {
        label: "total".to_owned(),
        from: 0.0,
        to: sum,
        text: si(sum, "J"),
    });
    let scope = Scope::ALL.into_iter().find(|scope| *scope == target.scope);
    Bars {
        title: format!("{} on {}", report.model_name(), target.title),
        subtitle: format!(
            "energy per inference by event, {}, T = {}",
            scope.map_or("", Scope::meaning),
            report.timesteps
        ),
        bars,
    }
}

fn rates(report: &Report) -> Bars {
    let firing = report
        .populations
        .iter()
        .filter(|p| p.spikes_per_inference > 0.0);
    let mut bars: Vec<Bar> = firing
        .map(|population| Bar {
            label: population.name.clone(),
            from: 0.0,
            to: population.rate,
            text: format!("{:.3}", population.rate),
        })
        .collect();
    let left_out = bars.len().saturating_sub(MOST_ROWS);
    bars.truncate(MOST_ROWS);
    let more = match left_out {
        0 => String::new(),
        n => format!(", {n} more in populations.csv"),
    };
    Bars {
        title: format!("{}: spikes per neuron and timestep", report.model_name()),
        subtitle: format!(
            "T = {}, mean over {} samples{more}",
            report.timesteps, report.samples
        ),
        bars,
    }
}

impl Bars {
    pub(super) fn size(&self, width: i32) -> (i32, i32) {
        let rows = self.bars.len().max(1) as i32;
        (width, HEADER + ROW * rows + MARGIN)
    }

    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        width: i32,
    ) -> Result<(), String> {
        let bars = &self.bars;
        let room = width - 2 * MARGIN;
        heading(canvas, width, &self.title, &self.subtitle)?;
        let most = bars.iter().map(|bar| bar.to).fold(0.0, f64::max);
        if most <= 0.0 {
            return Ok(());
        }
        let (mut names, mut values) = (0, 0);
        for bar in bars {
            names = names.max(canvas.width(&bar.label, TEXT)?);
            values = values.max(canvas.width(&bar.text, TEXT)?);
        }
        let names = names.min(room * 2 / 5);
        let (left, right) = (MARGIN + names + 10, width - MARGIN - values - 8);
        let at = |value: f64| left + (value / most * f64::from(right - left)).round() as i32;
        for (row, bar) in bars.iter().enumerate() {
            let y = HEADER + ROW * row as i32 + ROW / 2;
            let label = canvas.fitted(&bar.label, TEXT, names)?;
            canvas.text(&label, (left - 8, y), TEXT, INK, HPos::Right)?;
            let (from, to) = (at(bar.from), at(bar.to).max(at(bar.from) + 2));
            canvas.line((left, y), (from, y), GRID, 1)?;
            canvas.rectangle((from, y - 8), (to, y + 8), colour(Workload::Snn))?;
            canvas.text(&bar.text, (to + 6, y), TEXT, INK, HPos::Left)?;
        }
        canvas.line(
            (left, HEADER),
            (left, HEADER + ROW * bars.len() as i32),
            GREY,
            1,
        )
    }
}
