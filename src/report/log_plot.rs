//! A plot of two logarithmic axes with named lines, as several figures have it.

use super::canvas::{Canvas, GREY, GRID, MINOR_GRID, PlotAxis};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Size of names and labels.
const TEXT: i32 = 15;
/// Least distance between two names.
const NAME_STEP: i32 = 19;
/// Least width of a decade that shows its digits.
const DIGITS: i32 = 40;

/// Where it lies [logical pixels] and what it spans.
pub(super) struct LogPlot {
    pub(super) x: PlotAxis,
    pub(super) y: PlotAxis,
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
}

/// A name at the right end of a line.
pub(super) struct Name {
    /// Height of the end.
    pub(super) at: i32,
    /// What may be cut where there is no room.
    pub(super) text: String,
    /// What must not.
    pub(super) mark: String,
    pub(super) colour: RGBColor,
}

impl LogPlot {
    pub(super) fn x(&self, value: f64) -> i32 {
        self.left + (self.x.position(value) * f64::from(self.right - self.left)).round() as i32
    }

    pub(super) fn y(&self, value: f64) -> i32 {
        self.bottom - (self.y.position(value) * f64::from(self.bottom - self.top)).round() as i32
    }

    /// Lines at the decades, their labels, and the name of the axis below.
    pub(super) fn grid<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        x_label: &dyn Fn(i32) -> String,
        y_label: &dyn Fn(i32) -> String,
        x_name: &str,
    ) -> Result<(), String> {
        let decades = self.x.first..=self.x.last;
        if self.right - self.left >= DIGITS * (self.x.last - self.x.first) {
            for decade in self.x.first..self.x.last {
                for digit in 2..10 {
                    let x = self.x(f64::from(digit) * 10f64.powi(decade));
                    canvas.line((x, self.top), (x, self.bottom), MINOR_GRID, 1)?;
                }
            }
        }
        let mut widest = 1;
        for decade in decades.clone() {
            widest = widest.max(canvas.width(&x_label(decade), TEXT)? + 8);
        }
        let step = self.x.step_within((self.right - self.left) / widest);
        for decade in decades {
            let x = self.x(10f64.powi(decade));
            canvas.line((x, self.top), (x, self.bottom), GRID, 1)?;
            if (decade - self.x.first) % step == 0 {
                let place = (x, self.bottom + 17);
                canvas.text(&x_label(decade), place, TEXT, GREY, HPos::Center)?;
            }
        }
        let step = self.y.step_within((self.bottom - self.top) / 22);
        for decade in self.y.first..=self.y.last {
            let y = self.y(10f64.powi(decade));
            canvas.line((self.left, y), (self.right, y), GRID, 1)?;
            if (decade - self.y.first) % step == 0 {
                canvas.text(
                    &y_label(decade),
                    (self.left - 8, y),
                    TEXT,
                    GREY,
                    HPos::Right,
                )?;
            }
        }
        canvas.line((self.left, self.bottom), (self.right, self.bottom), GREY, 1)?;
        let middle = ((self.left + self.right) / 2, self.bottom + 40);
        canvas.text(x_name, middle, TEXT, GREY, HPos::Center)
    }

    /// Names behind the right ends of lines, moved apart where they would overlap.
    pub(super) fn names<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        mut names: Vec<Name>,
        room: i32,
    ) -> Result<(), String> {
        names.sort_by_key(|name| name.at);
        let mut places: Vec<i32> = Vec::new();
        for name in &names {
            let least = places.last().map_or(self.top, |last| last + NAME_STEP);
            places.push(name.at.max(least));
        }
        let mut most = self.bottom;
        for place in places.iter_mut().rev() {
            *place = (*place).min(most);
            most = *place - NAME_STEP;
        }
        for (name, place) in names.iter().zip(places) {
            let (end, mark) = ((self.right, name.at), &name.mark);
            canvas.line(end, (self.right + 14, place), name.colour, 1)?;
            let room = room - 18 - canvas.width(mark, TEXT)?;
            let text = canvas.fitted(&name.text, TEXT, room)? + mark;
            let start = (self.right + 18, place);
            canvas.text(&text, start, TEXT, name.colour, HPos::Left)?;
        }
        Ok(())
    }
}
