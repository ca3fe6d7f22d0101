//! Bars below each other on one linear axis that begins at 0.

use super::canvas::{Canvas, GREY, GRID, INK};
use super::drawing::FigureWidth;
use super::look::Look;
use super::palette::of_network;
use crate::result::Workload;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Rows of a figure at most; what is beyond is one row.
pub(super) const MOST_ROWS: usize = 9;
/// Height of a row.
pub(super) const ROW: i32 = 25;
/// Height of what is above the rows.
pub(super) const HEADER: i32 = 62;

/// A bar from one value to another.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) text: String,
}

/// All of them.
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) bars: Vec<Bar>,
}

impl Bars {
    pub(super) fn size(&self, width: FigureWidth) -> (i32, i32) {
        let look = Look::single(width);
        let rows = self.bars.len().max(1) as i32;
        (look.width, HEADER + ROW * rows + look.margin)
    }

    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        width: FigureWidth,
    ) -> Result<(), String> {
        let bars = &self.bars;
        let look = Look::single(width);
        look.heading(canvas, &self.title, std::slice::from_ref(&self.subtitle))?;
        let most = bars.iter().map(|bar| bar.to).fold(0.0, f64::max);
        if most <= 0.0 {
            return Ok(());
        }
        let (mut names, mut values) = (0, 0);
        for bar in bars {
            names = names.max(canvas.width(&bar.label, look.detail)?);
            values = values.max(canvas.width(&bar.text, look.detail)?);
        }
        let names = names.min(look.room() * 2 / 5);
        let left = look.margin + names + 10;
        let right = look.width - look.margin - values - 8;
        let at = |value: f64| left + (value / most * f64::from(right - left)).round() as i32;
        for (row, bar) in bars.iter().enumerate() {
            let y = HEADER + ROW * row as i32 + ROW / 2;
            let label = canvas.fitted(&bar.label, look.detail, names)?;
            canvas.text(&label, (left - 8, y), look.detail, INK, HPos::Right)?;
            let (from, to) = (at(bar.from), at(bar.to).max(at(bar.from) + 2));
            canvas.line((left, y), (from, y), GRID, 1)?;
            canvas.rectangle((from, y - 8), (to, y + 8), of_network(Workload::Snn))?;
            canvas.text(&bar.text, (to + 6, y), look.detail, INK, HPos::Left)?;
        }
        canvas.line(
            (left, HEADER),
            (left, HEADER + ROW * bars.len() as i32),
            GREY,
            1,
        )
    }
}
