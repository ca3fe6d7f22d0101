//! `rate-spread.svg`, `.png` and `.pdf`: how differently the neurons of each population fire.

use super::bars::{HEADER, MOST_ROWS, ROW};
use super::canvas::{Canvas, GREY, GRID, INK};
use super::drawing::{Drawing, FigureWidth};
use super::escape::printable;
use super::look::Look;
use super::palette::of_network;
use crate::result::{RateSpread, Report, Workload};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Room for the axis.
const AXIS: i32 = 48;
/// Half the height of a box.
const HALF: i32 = 7;

/// Quantiles of the rates of the neurons of each population.
pub struct SpreadFigure;

impl Drawing for SpreadFigure {
    const NAME: &'static str = "rate-spread";

    fn size(&self, report: &Report, width: FigureWidth) -> (i32, i32) {
        let rows = shown(report).len().max(1) as i32;
        (Look::single(width).width, HEADER + ROW * rows + AXIS)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        report: &Report,
        width: FigureWidth,
    ) -> Result<(), String> {
        let look = Look::single(width);
        let shown = shown(report);
        let title = format!("{}: rates of single neurons", report.model_name());
        let more = match report.profile.rates.len() - shown.len() {
            0 => String::new(),
            n => format!("; {n} more in rates.csv"),
        };
        let facts =
            format!("box: quartiles; whiskers: 5 % to 95 % of neurons; circle: fastest{more}");
        look.heading(canvas, &title, &[facts])?;

        let (mut names, mut notes) = (0, 0);
        for spread in shown {
            names = names.max(canvas.width(&printable(&spread.population), look.detail)?);
            notes = notes.max(canvas.width(&silent(spread), look.detail)?);
        }
        let names = names.min(look.room() / 4);
        let left = look.margin + names + 10;
        let right = look.width - look.margin - notes - 14;
        let bottom = HEADER + ROW * shown.len() as i32;
        let x = |rate: f64| left + (rate.min(1.0) * f64::from(right - left)).round() as i32;
        for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
            canvas.line((x(tick), HEADER), (x(tick), bottom), GRID, 1)?;
            let place = (x(tick), bottom + 14);
            canvas.text(&tick.to_string(), place, look.detail, GREY, HPos::Center)?;
        }
        let middle = ((left + right) / 2, bottom + 34);
        let name = "spikes per timestep";
        canvas.text(name, middle, look.detail, GREY, HPos::Center)?;
        for (row, spread) in shown.iter().enumerate() {
            let y = HEADER + ROW * row as i32 + ROW / 2;
            let label = canvas.fitted(&printable(&spread.population), look.detail, names)?;
            canvas.text(&label, (left - 8, y), look.detail, INK, HPos::Right)?;
            let [_, low, first, median, third, high, most] = spread.quantiles.map(x);
            let blue = of_network(Workload::Snn);
            canvas.line((low, y), (high, y), blue, 2)?;
            for end in [low, high] {
                canvas.line((end, y - 4), (end, y + 4), blue, 2)?;
            }
            canvas.rectangle((first, y - HALF), (third.max(first + 1), y + HALF), blue)?;
            canvas.line((median, y - HALF - 2), (median, y + HALF + 2), INK, 2)?;
            canvas.dot((most, y), blue, false)?;
            canvas.text(
                &silent(spread),
                (right + 12, y),
                look.detail,
                GREY,
                HPos::Left,
            )?;
        }
        Ok(())
    }
}

fn shown(report: &Report) -> &[RateSpread] {
    let all = &report.profile.rates;
    &all[..all.len().min(MOST_ROWS)]
}

fn silent(spread: &RateSpread) -> String {
    format!("{:.1} % silent", 100.0 * spread.silent)
}
