//! What an output folder takes of a report.

use super::folder::{FolderError, OutputFolder};
use super::image::{Drawable, file_name, images};
use super::{Collection, Exporter, Json, RasterFigure, RasterPicture, outputs};
use crate::digest::sha256_hex;
use crate::result::{Report, Timing};

impl OutputFolder {
    /// Writes every file of a result.
    ///
    /// # Errors
    /// If a file cannot be produced or written.
    pub fn export(&mut self, report: &Report) -> Result<(), FolderError> {
        for output in outputs(Collection::Result) {
            let name = output.name();
            let bytes = output.bytes(report)?;
            if name == Json.file_name() {
                let timeless = Report {
                    timing: Timing::default(),
                    ..report.clone()
                };
                let hash = sha256_hex(&output.bytes(&timeless)?);
                self.stage(&name, &bytes, hash, Some("timing at zero".into()))?;
            } else {
                self.write(&name, &bytes)?;
            }
        }
        Ok(())
    }

    /// Writes what a paper needs of a report: figures as PDF, and the text and tables beside them.
    ///
    /// # Errors
    /// If a file cannot be produced or written.
    pub fn export_paper(&mut self, report: &Report) -> Result<(), FolderError> {
        for output in outputs(Collection::Paper) {
            self.write(&output.name(), &output.bytes(report)?)?;
        }
        Ok(())
    }

    /// Writes the spikes of a recording as a figure.
    ///
    /// # Errors
    /// If the figure cannot be drawn or written.
    pub fn export_raster(&mut self, picture: &RasterPicture) -> Result<(), FolderError> {
        for (width, format) in images() {
            let name = file_name(RasterFigure.name(), width, format);
            self.write(&name, &RasterFigure.render(picture, width, format)?)?;
        }
        Ok(())
    }
}
