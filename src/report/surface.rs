//! What figures are drawn on: SVG, pixels or a page of PDF, as one type. Everything that draws is
//! generic over its surface and would otherwise be compiled once for each.

use super::pdf::Page;
use super::pdf_font::PdfError;
use plotters::prelude::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

/// What a surface says when it cannot be drawn on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SurfaceError(String);

type Drawn = Result<(), DrawingErrorKind<SurfaceError>>;

/// One of them.
pub(crate) enum Surface<'a> {
    Svg(SVGBackend<'a>),
    Pixels(Box<BitMapBackend<'a>>),
    Pdf(Box<Page<'a>>),
}

impl<'a> Surface<'a> {
    /// An SVG that is put into `text`.
    pub(crate) fn svg(text: &'a mut String, size: (u32, u32)) -> Self {
        Surface::Svg(SVGBackend::with_string(text, size))
    }

    /// Red, green and blue of each pixel, a row after the other, in `pixels`.
    pub(crate) fn pixels(pixels: &'a mut [u8], size: (u32, u32)) -> Self {
        Surface::Pixels(Box::new(BitMapBackend::with_buffer(pixels, size)))
    }

    /// A page that is put into `bytes`.
    pub(crate) fn pdf(
        bytes: &'a mut Vec<u8>,
        size: (u32, u32),
        width_mm: f64,
    ) -> Result<Self, PdfError> {
        Page::new(size, width_mm, bytes).map(|page| Surface::Pdf(Box::new(page)))
    }
}

/// Bytes for the pixels of a picture.
pub(crate) fn room(size: (u32, u32)) -> Vec<u8> {
    vec![0; 3 * size.0 as usize * size.1 as usize]
}

/// Pixels as the bytes of a PNG.
pub(crate) fn png_file(pixels: &[u8], size: (u32, u32)) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::FilterType::Sub);
    encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

fn told<E: std::error::Error + Send + Sync>(
    error: DrawingErrorKind<E>,
) -> DrawingErrorKind<SurfaceError> {
    match error {
        DrawingErrorKind::DrawingError(error) => {
            DrawingErrorKind::DrawingError(SurfaceError(error.to_string()))
        }
        DrawingErrorKind::FontError(error) => DrawingErrorKind::FontError(error),
    }
}

/// The same call on whichever it is.
macro_rules! on {
    ($surface:expr, $it:ident => $call:expr) => {
        match $surface {
            Surface::Svg($it) => $call.map_err(told),
            Surface::Pixels($it) => $call.map_err(told),
            Surface::Pdf($it) => $call.map_err(told),
        }
    };
}

impl DrawingBackend for Surface<'_> {
    type ErrorType = SurfaceError;

    fn get_size(&self) -> (u32, u32) {
        match self {
            Surface::Svg(it) => it.get_size(),
            Surface::Pixels(it) => it.get_size(),
            Surface::Pdf(it) => it.get_size(),
        }
    }

    fn ensure_prepared(&mut self) -> Drawn {
        on!(self, it => it.ensure_prepared())
    }

    fn present(&mut self) -> Drawn {
        on!(self, it => it.present())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        on!(self, it => it.draw_pixel(point, color))
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        on!(self, it => it.draw_line(from, to, style))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        on!(self, it => it.draw_rect(upper_left, bottom_right, style, fill))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let path: Vec<BackendCoord> = path.into_iter().collect();
        on!(self, it => it.draw_path(path, style))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        on!(self, it => it.draw_circle(center, radius, style, fill))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let corners: Vec<BackendCoord> = corners.into_iter().collect();
        on!(self, it => it.fill_polygon(corners, style))
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        position: BackendCoord,
    ) -> Drawn {
        on!(self, it => it.draw_text(text, style, position))
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<SurfaceError>> {
        on!(self, it => it.estimate_text_size(text, style))
    }

    fn blit_bitmap(&mut self, position: BackendCoord, size: (u32, u32), pixels: &[u8]) -> Drawn {
        on!(self, it => it.blit_bitmap(position, size, pixels))
    }
}
