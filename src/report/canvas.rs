//! What all figures share: a drawing area in logical pixels.

use super::escape::shortened;
use crate::units::si;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::sync::OnceLock;

/// Makes the font of every figure known to the drawing library.
pub(crate) fn register_font() -> Result<(), String> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = REGISTERED.get_or_init(|| {
        plotters::style::register_font(
            "sans-serif",
            FontStyle::Normal,
            epaint_default_fonts::UBUNTU_LIGHT,
        )
        .is_ok()
    });
    registered
        .then_some(())
        .ok_or_else(|| "the embedded font cannot be read".into())
}

/// Size of the text in a plot.
pub(super) const VALUE: i32 = 16;
/// How much wider another sans-serif font may run than the one measured.
const FONT_MARGIN: f64 = 1.15;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GREY: RGBColor = RGBColor(105, 105, 105);
pub(super) const GRID: RGBColor = RGBColor(222, 222, 222);
pub(super) const MINOR_GRID: RGBColor = RGBColor(243, 243, 243);

/// A drawing area in logical pixels.
pub struct Canvas<'a, DB: DrawingBackend> {
    /// Where it lies, in pixels.
    pub(super) area: &'a DrawingArea<DB, Shift>,
    /// Pixels per logical pixel.
    pub(super) scale: i32,
    /// How much lower to draw text so that letters stand centred, as a share of its size.
    text_drop: f64,
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    /// `scale` pixels for each logical one; text `text_drop` of its size lower.
    pub(super) fn new(area: &'a DrawingArea<DB, Shift>, scale: i32, text_drop: f64) -> Self {
        Canvas {
            area,
            scale,
            text_drop,
        }
    }

    fn at(&self, x: i32, y: i32) -> (i32, i32) {
        (x * self.scale, y * self.scale)
    }

    fn style(&self, size: i32, colour: RGBColor, side: HPos) -> TextStyle<'static> {
        ("sans-serif", size * self.scale)
            .into_font()
            .color(&colour)
            .pos(Pos::new(side, VPos::Center))
    }

    pub(super) fn text(
        &self,
        text: &str,
        (x, y): (i32, i32),
        size: i32,
        colour: RGBColor,
        side: HPos,
    ) -> Result<(), String> {
        let style = self.style(size, colour, side);
        let (x, y) = self.at(x, y);
        let y = y + (f64::from(size * self.scale) * self.text_drop).round() as i32;
        self.area
            .draw(&Text::new(text.to_owned(), (x, y), style))
            .map_err(|e| e.to_string())
    }

    /// Text on a white ground, so that grid lines do not cross it.
    pub(super) fn label(
        &self,
        text: &str,
        (x, y): (i32, i32),
        colour: RGBColor,
    ) -> Result<(), String> {
        let right = x + self.width(text, VALUE)?;
        self.rectangle((x - 3, y - 11), (right, y + 11), WHITE)?;
        self.text(text, (x, y), VALUE, colour, HPos::Left)
    }

    pub(super) fn rectangle(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        colour: RGBColor,
    ) -> Result<(), String> {
        let corners = [self.at(from.0, from.1), self.at(to.0, to.1)];
        self.area
            .draw(&Rectangle::new(corners, colour.filled()))
            .map_err(|e| e.to_string())
    }

    pub(super) fn line(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        colour: RGBColor,
        width: u32,
    ) -> Result<(), String> {
        self.path(&[from, to], colour, width)
    }

    pub(super) fn path(
        &self,
        points: &[(i32, i32)],
        colour: RGBColor,
        width: u32,
    ) -> Result<(), String> {
        let points: Vec<_> = points.iter().map(|&(x, y)| self.at(x, y)).collect();
        let style = colour.stroke_width(width * self.scale as u32);
        self.area
            .draw(&PathElement::new(points, style))
            .map_err(|e| e.to_string())
    }

    /// A filled area, light enough for lines upon it.
    pub(super) fn area(&self, points: &[(i32, i32)], colour: RGBColor) -> Result<(), String> {
        let points: Vec<_> = points.iter().map(|&(x, y)| self.at(x, y)).collect();
        self.area
            .draw(&Polygon::new(points, colour.mix(0.13).filled()))
            .map_err(|e| e.to_string())
    }

    pub(super) fn dot(
        &self,
        (x, y): (i32, i32),
        colour: RGBColor,
        filled: bool,
    ) -> Result<(), String> {
        let disc = |radius: i32, colour: RGBColor| {
            self.area
                .draw(&Circle::new(
                    self.at(x, y),
                    radius * self.scale,
                    colour.filled(),
                ))
                .map_err(|e| e.to_string())
        };
        disc(7, colour)?;
        if filled { Ok(()) } else { disc(4, WHITE) }
    }

    /// FigureWidth of a text in any likely font.
    pub(super) fn width(&self, text: &str, size: i32) -> Result<i32, String> {
        let style = self.style(size, INK, HPos::Left);
        let (width, _) = self
            .area
            .estimate_text_size(text, &style)
            .map_err(|e| e.to_string())?;
        Ok((f64::from(width) / f64::from(self.scale) * FONT_MARGIN).ceil() as i32)
    }

    /// The text, its end cut where it would be wider than `room`.
    pub(super) fn fitted(&self, text: &str, size: i32, room: i32) -> Result<String, String> {
        let mut length = text.chars().count();
        let mut fitted = shortened(text, length);
        while length > 1 && self.width(&fitted, size)? > room {
            length -= 1;
            fitted = shortened(text, length);
        }
        Ok(fitted)
    }
}

/// A logarithmic axis over whole decades.
pub(super) struct PlotAxis {
    pub(super) first: i32,
    pub(super) last: i32,
}

impl PlotAxis {
    /// The decades that hold every positive value; `None` if there is none.
    pub(super) fn over(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.filter(|v| *v > 0.0).collect();
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        let first = low.log10().floor() as i32;
        Some(PlotAxis {
            first,
            last: (high.log10().ceil() as i32).max(first + 1),
        })
    }

    /// Position of a value between 0 and 1; what is not positive lies at the low end.
    pub(super) fn position(&self, value: f64) -> f64 {
        let decades = f64::from(self.last - self.first);
        ((value.log10() - f64::from(self.first)) / decades).clamp(0.0, 1.0)
    }

    /// Decades between labels, so that at most nine stand side by side, or fewer where there is
    /// room for `most` only.
    pub(super) fn step_within(&self, most: i32) -> i32 {
        (self.last - self.first) / most.clamp(2, 9) + 1
    }
}

/// `1 µJ` where [`si`] prints `1.00 µJ`.
pub(super) fn tick(decade: i32, unit: &str) -> String {
    si(10f64.powi(decade), unit)
        .replacen(".00", "", 1)
        .replacen(".0", "", 1)
}
