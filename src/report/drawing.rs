//! A figure and its files: drawn once, written over two columns of a paper or in one, as SVG, PNG
//! or PDF.

use super::ExportError;
use super::canvas::{Canvas, register_font};
use super::pdf::Page;
use crate::result::Report;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::io::Read;

/// How wide a figure stands on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureWidth {
    /// Over two columns.
    Wide,
    /// In one column.
    Column,
}

impl FigureWidth {
    /// Both, the wide one first.
    pub const ALL: [FigureWidth; 2] = [FigureWidth::Wide, FigureWidth::Column];

    /// Whether there is room beside things.
    pub(super) fn is_wide(self) -> bool {
        self == FigureWidth::Wide
    }

    /// FigureWidth on paper [mm].
    pub(crate) fn millimetres(self) -> f64 {
        match self {
            FigureWidth::Wide => 174.0,
            FigureWidth::Column => 84.0,
        }
    }

    /// What stands behind the name of a figure in the name of its file.
    fn suffix(self) -> &'static str {
        match self {
            FigureWidth::Wide => "",
            FigureWidth::Column => "-column",
        }
    }
}

/// What a figure is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// Vectors; viewers use their own sans-serif font.
    Svg,
    /// Pixels, at twice the size of the SVG.
    Png,
    /// Vectors with the letters of their font.
    Pdf,
}

impl ImageFormat {
    /// Each of them.
    pub const ALL: [ImageFormat; 3] = [ImageFormat::Svg, ImageFormat::Png, ImageFormat::Pdf];

    fn ending(self) -> &'static str {
        match self {
            ImageFormat::Svg => "svg",
            ImageFormat::Png => "png",
            ImageFormat::Pdf => "pdf",
        }
    }
}

/// Every width and format.
pub(super) fn images() -> impl Iterator<Item = (FigureWidth, ImageFormat)> {
    FigureWidth::ALL
        .into_iter()
        .flat_map(|width| ImageFormat::ALL.map(|format| (width, format)))
}

/// Name of the file of a figure.
#[must_use]
pub fn file_name(figure: &str, width: FigureWidth, format: ImageFormat) -> String {
    format!("{figure}{}.{}", width.suffix(), format.ending())
}

/// A figure of an `S`: of a report, unless said otherwise. A new figure says this once and has every
/// width and format.
pub trait Drawing<S = Report>: Sync {
    /// Names its files.
    const NAME: &'static str;

    /// FigureWidth and height [logical pixels].
    fn size(&self, subject: &S, width: FigureWidth) -> (i32, i32);

    /// Draws it.
    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        subject: &S,
        width: FigureWidth,
    ) -> Result<(), String>;
}

/// A figure of an `S`, whatever it is drawn on.
pub trait Drawable<S = Report>: Sync {
    /// What names its files.
    fn name(&self) -> &'static str;

    /// The bytes of its file. The same subject gives the same bytes.
    ///
    /// # Errors
    /// If it cannot be drawn.
    fn render(
        &self,
        subject: &S,
        width: FigureWidth,
        format: ImageFormat,
    ) -> Result<Vec<u8>, ExportError>;
}

impl<S, D: Drawing<S>> Drawable<S> for D {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn render(
        &self,
        subject: &S,
        width: FigureWidth,
        format: ImageFormat,
    ) -> Result<Vec<u8>, ExportError> {
        let sketch = Sketch {
            drawing: self,
            subject,
            width,
        };
        let bytes = match format {
            ImageFormat::Svg => sketch.svg(),
            ImageFormat::Png => sketch.png(),
            ImageFormat::Pdf => sketch.pdf(),
        };
        bytes.map_err(|message| ExportError::Figure {
            file: file_name(D::NAME, width, format),
            message,
        })
    }
}

/// A figure of one subject in one width.
struct Sketch<'a, S, D> {
    drawing: &'a D,
    subject: &'a S,
    width: FigureWidth,
}

impl<S, D: Drawing<S>> Sketch<'_, S, D> {
    fn svg(&self) -> Result<Vec<u8>, String> {
        let mut text = String::new();
        let area = SVGBackend::with_string(&mut text, self.size(1)).into_drawing_area();
        self.paint(area, 1, 0.0)?;
        Ok(text.into_bytes())
    }

    fn png(&self) -> Result<Vec<u8>, String> {
        const SCALE: u32 = 2;
        // The bitmap backend centres the line, not the letters.
        const TEXT_DROP: f64 = 0.13;
        let io = |error: std::io::Error| {
            format!("{error}; check that the folder for temporary files can be written")
        };
        // plotters encodes PNG into paths only.
        let image = tempfile::Builder::new()
            .suffix(".png")
            .tempfile()
            .map_err(io)?;
        let area = BitMapBackend::new(image.path(), self.size(SCALE)).into_drawing_area();
        self.paint(area, SCALE, TEXT_DROP)?;
        let mut bytes = Vec::new();
        image
            .reopen()
            .and_then(|mut image| image.read_to_end(&mut bytes))
            .map_err(io)?;
        Ok(bytes)
    }

    fn pdf(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let page = Page::new(self.size(1), self.width.millimetres(), &mut bytes)
            .map_err(|error| error.to_string())?;
        self.paint(page.into_drawing_area(), 1, 0.0)?;
        Ok(bytes)
    }

    fn size(&self, scale: u32) -> (u32, u32) {
        let (width, height) = self.drawing.size(self.subject, self.width);
        (width.unsigned_abs() * scale, height.unsigned_abs() * scale)
    }

    fn paint<DB: DrawingBackend>(
        &self,
        area: DrawingArea<DB, Shift>,
        scale: u32,
        text_drop: f64,
    ) -> Result<(), String> {
        register_font()?;
        area.fill(&WHITE).map_err(|e| e.to_string())?;
        let canvas = Canvas::new(&area, scale as i32, text_drop);
        self.drawing.draw(&canvas, self.subject, self.width)?;
        area.present().map_err(|e| e.to_string())
    }
}
