//! What all figures share: a drawing area in logical pixels, written as SVG, PNG and PDF.

use super::escape::shortened;
use super::pdf::Page;
use super::{ExportError, Exporter};
use crate::result::{Report, Workload};
use crate::units::si;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::io::{Read, Write};
use std::sync::OnceLock;

/// A figure of an `S`: of a report, unless said otherwise.
pub trait Drawing<S = Report> {
    /// Names of its files: SVG, PNG, PDF.
    const FILES: [&'static str; 3];

    /// Width on paper [mm].
    const WIDTH_MM: f64 = WIDE_MM;

    /// Width and height [logical pixels].
    fn size(&self, subject: &S) -> (i32, i32);

    /// Draws it.
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, subject: &S) -> Result<(), String>;
}

/// The files of a figure of this name, over two columns or in one.
macro_rules! figure_files {
    ($is_wide:expr, $name:literal) => {
        if $is_wide {
            [
                concat!($name, ".svg"),
                concat!($name, ".png"),
                concat!($name, ".pdf"),
            ]
        } else {
            [
                concat!($name, "-column.svg"),
                concat!($name, "-column.png"),
                concat!($name, "-column.pdf"),
            ]
        }
    };
}
pub(super) use figure_files;

/// A figure as SVG; viewers use their own sans-serif font.
pub struct Svg<D>(pub D);

impl<D: Drawing + Sync> Exporter for Svg<D> {
    fn file_name(&self) -> &'static str {
        D::FILES[0]
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        out.write_all(&svg(&self.0, report)?)
            .map_err(ExportError::io(self.file_name()))
    }
}

/// A figure as PNG at twice the size of the SVG.
pub struct Png<D>(pub D);

impl<D: Drawing + Sync> Exporter for Png<D> {
    fn file_name(&self) -> &'static str {
        D::FILES[1]
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        out.write_all(&png(&self.0, report)?)
            .map_err(ExportError::io(self.file_name()))
    }
}

/// A figure as PDF with its font, as wide as a paper takes it.
pub struct Pdf<D>(pub D);

impl<D: Drawing + Sync> Exporter for Pdf<D> {
    fn file_name(&self) -> &'static str {
        D::FILES[2]
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        out.write_all(&pdf(&self.0, report)?)
            .map_err(ExportError::io(self.file_name()))
    }
}

/// A figure as SVG, PNG and PDF: name and content.
pub(super) fn files<S, D: Drawing<S>>(
    drawing: &D,
    subject: &S,
) -> Result<[(&'static str, Vec<u8>); 3], ExportError> {
    let [svg_file, png_file, pdf_file] = D::FILES;
    Ok([
        (svg_file, svg(drawing, subject)?),
        (png_file, png(drawing, subject)?),
        (pdf_file, pdf(drawing, subject)?),
    ])
}

fn svg<S, D: Drawing<S>>(drawing: &D, subject: &S) -> Result<Vec<u8>, ExportError> {
    let file = D::FILES[0];
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, size(drawing, subject, 1)).into_drawing_area();
    paint(drawing, area, 1, 0.0, subject)
        .map_err(|message| ExportError::Figure { file, message })?;
    Ok(text.into_bytes())
}

fn png<S, D: Drawing<S>>(drawing: &D, subject: &S) -> Result<Vec<u8>, ExportError> {
    const SCALE: u32 = 2;
    // The bitmap backend centres the line, not the letters.
    const TEXT_DROP: f64 = 0.13;
    let file = D::FILES[1];
    let io = ExportError::io(file);
    // plotters encodes PNG into paths only.
    let image = tempfile::Builder::new()
        .suffix(".png")
        .tempfile()
        .map_err(&io)?;
    let pixels = size(drawing, subject, SCALE);
    let area = BitMapBackend::new(image.path(), pixels).into_drawing_area();
    paint(drawing, area, SCALE, TEXT_DROP, subject)
        .map_err(|message| ExportError::Figure { file, message })?;
    let mut bytes = Vec::new();
    image
        .reopen()
        .and_then(|mut image| image.read_to_end(&mut bytes))
        .map_err(&io)?;
    Ok(bytes)
}

fn pdf<S, D: Drawing<S>>(drawing: &D, subject: &S) -> Result<Vec<u8>, ExportError> {
    let file = D::FILES[2];
    let failed = |message: String| ExportError::Figure { file, message };
    let mut bytes = Vec::new();
    let page = Page::new(size(drawing, subject, 1), D::WIDTH_MM, &mut bytes)
        .map_err(|error| failed(error.to_string()))?;
    paint(drawing, page.into_drawing_area(), 1, 0.0, subject).map_err(failed)?;
    Ok(bytes)
}

fn size<S>(drawing: &impl Drawing<S>, subject: &S, scale: u32) -> (u32, u32) {
    let (width, height) = drawing.size(subject);
    (width.unsigned_abs() * scale, height.unsigned_abs() * scale)
}

fn paint<S, DB: DrawingBackend>(
    drawing: &impl Drawing<S>,
    area: DrawingArea<DB, Shift>,
    scale: u32,
    text_drop: f64,
    subject: &S,
) -> Result<(), String> {
    register_font()?;
    area.fill(&WHITE).map_err(|e| e.to_string())?;
    let canvas = Canvas {
        area: &area,
        scale: scale as i32,
        text_drop,
    };
    drawing.draw(&canvas, subject)?;
    area.present().map_err(|e| e.to_string())
}

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

/// Width of a figure over two columns of a paper [mm].
pub(crate) const WIDE_MM: f64 = 174.0;
/// Width of a figure in one column [mm].
pub(crate) const COLUMN_MM: f64 = 84.0;

/// Size of the text in a plot.
pub(super) const VALUE: i32 = 16;
/// How much wider another sans-serif font may run than the one measured.
const FONT_MARGIN: f64 = 1.15;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GREY: RGBColor = RGBColor(105, 105, 105);
pub(super) const GRID: RGBColor = RGBColor(222, 222, 222);
pub(super) const MINOR_GRID: RGBColor = RGBColor(243, 243, 243);

/// Colour of a network.
pub(crate) fn colour(workload: Workload) -> RGBColor {
    let [r, g, b] = workload.colour();
    RGBColor(r, g, b)
}

/// A drawing area in logical pixels.
pub struct Canvas<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    scale: i32,
    /// How much lower to draw text so that letters stand centred, as a share of its size.
    text_drop: f64,
}

impl<DB: DrawingBackend> Canvas<'_, DB> {
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

    /// Width of a text in any likely font.
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
pub(super) struct Axis {
    pub(super) first: i32,
    pub(super) last: i32,
}

impl Axis {
    /// The decades that hold every positive value; `None` if there is none.
    pub(super) fn over(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.filter(|v| *v > 0.0).collect();
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        let first = low.log10().floor() as i32;
        Some(Axis {
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
