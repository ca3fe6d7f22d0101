//! Without the feature `figures`.

use super::ExportError;
use super::image::{Drawable, FigureWidth, ImageFormat};
use super::raster::RasterPicture;
use crate::features::MissingFeature;

/// Spikes of a recording; this build cannot draw them.
pub struct RasterFigure;

impl Drawable<RasterPicture> for RasterFigure {
    fn name(&self) -> &'static str {
        "raster"
    }

    fn render(
        &self,
        _: &RasterPicture,
        _: FigureWidth,
        _: ImageFormat,
    ) -> Result<Vec<u8>, ExportError> {
        Err(ExportError::Feature(MissingFeature {
            what: "drawing figures",
            feature: "figures",
        }))
    }
}
