//! Widths and formats of figures, and the names of their files.

use super::ExportError;
use crate::result::Report;

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
