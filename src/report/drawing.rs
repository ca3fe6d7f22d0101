//! A figure and its files: drawn once, written over two columns of a paper or in one, as SVG, PNG
//! or PDF.

use super::ExportError;
use super::canvas::{Canvas, register_font};
pub(super) use super::image::{Drawable, FigureWidth, ImageFormat, file_name};
use super::surface::{Surface, png_file, room};
use crate::result::Report;
use plotters::prelude::*;

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
        self.paint(Surface::svg(&mut text, self.size(1)), 1, 0.0)?;
        Ok(text.into_bytes())
    }

    fn png(&self) -> Result<Vec<u8>, String> {
        const SCALE: u32 = 2;
        // The bitmap backend centres the line, not the letters.
        const TEXT_DROP: f64 = 0.13;
        let size = self.size(SCALE);
        let mut pixels = room(size);
        self.paint(Surface::pixels(&mut pixels, size), SCALE, TEXT_DROP)?;
        png_file(&pixels, size).map_err(|error| error.to_string())
    }

    fn pdf(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let page = Surface::pdf(&mut bytes, self.size(1), self.width.millimetres())
            .map_err(|error| error.to_string())?;
        self.paint(page, 1, 0.0)?;
        Ok(bytes)
    }

    fn size(&self, scale: u32) -> (u32, u32) {
        let (width, height) = self.drawing.size(self.subject, self.width);
        (width.unsigned_abs() * scale, height.unsigned_abs() * scale)
    }

    fn paint(&self, surface: Surface<'_>, scale: u32, text_drop: f64) -> Result<(), String> {
        let area = surface.into_drawing_area();
        register_font()?;
        area.fill(&WHITE).map_err(|e| e.to_string())?;
        let canvas = Canvas::new(&area, scale as i32, text_drop);
        self.drawing.draw(&canvas, self.subject, self.width)?;
        area.present().map_err(|e| e.to_string())
    }
}
