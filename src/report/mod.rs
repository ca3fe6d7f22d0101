//! What draws and writes a result: exporters, tables, figures, text, the output folder.

#[cfg(feature = "figures")]
mod bars;
mod bibliography;
mod brief;
#[cfg(feature = "figures")]
pub(crate) mod canvas;
mod compact;
mod conventions;
mod crossover;
#[cfg(feature = "figures")]
mod crossover_figure;
mod csv;
#[cfg(feature = "figures")]
mod curve;
mod doctor;
#[cfg(feature = "figures")]
mod drawing;
pub(crate) mod escape;
mod export;
#[cfg(feature = "figures")]
mod figure;
mod file_names;
mod folder;
mod footprint;
mod image;
mod json;
mod latex;
#[cfg(feature = "figures")]
mod layers_figure;
#[cfg(feature = "figures")]
mod log_plot;
#[cfg(feature = "figures")]
mod look;
pub(crate) mod mark;
mod methods;
mod outputs;
pub(crate) mod palette;
#[cfg(feature = "figures")]
pub(crate) mod pdf;
#[cfg(feature = "figures")]
mod pdf_font;
mod profile;
mod profile_tables;
mod raster;
#[cfg_attr(not(feature = "figures"), path = "raster_figure_off.rs")]
mod raster_figure;
#[cfg(feature = "figures")]
mod rates_figure;
mod reproduction;
mod roof;
#[cfg(feature = "figures")]
mod roofline_figure;
mod roofline_table;
mod sections;
mod shown;
#[cfg(feature = "figures")]
mod spread_figure;
#[cfg(feature = "figures")]
pub(crate) mod surface;
mod text;
#[cfg(feature = "figures")]
mod timesteps_figure;
#[cfg(feature = "figures")]
mod tornado_figure;
mod uncertainty;
mod verdict;
mod verdict_csv;
#[cfg(feature = "figures")]
mod waterfall_figure;

pub use self::csv::{BreakdownCsv, PopulationsCsv, TargetsCsv};
pub use bibliography::Bibliography;
pub use brief::{Brief, BriefNotes, WIDTHS};
pub use compact::compact_csv;
pub use crossover::CrossoverCsv;
#[cfg(feature = "figures")]
pub use crossover_figure::CrossoverFigure;
#[cfg(feature = "figures")]
pub use curve::Curve;
pub use doctor::{curve_csv, doctor_csv, doctor_text};
#[cfg(feature = "figures")]
pub use figure::EnergyFigure;
pub use folder::{FolderError, OutputFolder};
pub use footprint::FootprintCsv;
pub use image::{Drawable, FigureWidth, ImageFormat, file_name};
pub use json::Json;
pub use latex::Latex;
pub(crate) use latex::quantity;
#[cfg(feature = "figures")]
pub use layers_figure::Layers;
pub use methods::Methods;
pub use outputs::{Collection, ResultFile, outputs};
pub use palette::{cause_colour, network_colour};
pub use profile::{LayersCsv, RatesCsv, TimestepsCsv};
pub use profile_tables::{LayersTable, RatesTable, ReceiptTable, TimestepsTable};
pub use raster::{Band, Cells, Marks, RasterPicture, SHADES};
pub use raster_figure::RasterFigure;
#[cfg(feature = "figures")]
pub use rates_figure::Rates;
pub use reproduction::{Aspect, Difference, LinePair, differences, first_line};
pub use roof::RooflineCsv;
#[cfg(feature = "figures")]
pub use roofline_figure::Roofline;
pub use roofline_table::RooflineTable;
#[cfg(feature = "figures")]
pub use spread_figure::SpreadFigure;
pub use text::{Text, WIDTH};
#[cfg(feature = "figures")]
pub use timesteps_figure::Timesteps;
#[cfg(feature = "figures")]
pub use tornado_figure::TornadoFigure;
pub use uncertainty::{MonteCarloCsv, SensitivityCsv};
pub use verdict_csv::VerdictCsv;
#[cfg(feature = "figures")]
pub use waterfall_figure::Waterfall;

pub use crate::manifest::{
    FileEntry, MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, ManifestError, TableEntry,
};

use crate::features::MissingFeature;
use crate::result::Report;

/// A table or a text of a report, as one file.
pub trait Exporter: Sync {
    /// Name of the file in the output folder.
    fn file_name(&self) -> &'static str;

    /// What the file holds. The same report gives the same bytes.
    ///
    /// # Errors
    /// If the report cannot be expressed in the format.
    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError>;
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output refused.
    #[error("{file}: cannot write: {source}; check that the disk has space and can be written")]
    Io {
        /// Name of the file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// This build lacks a part.
    #[error(transparent)]
    Feature(#[from] MissingFeature),
    /// A figure could not be drawn.
    #[error("{file}: cannot draw: {message}")]
    Figure {
        /// Name of the file.
        file: String,
        /// What the drawing library said.
        message: String,
    },
}

impl ExportError {
    /// Puts the file's name to an error of the system.
    fn io(file: &str) -> impl Fn(std::io::Error) -> ExportError {
        move |source| ExportError::Io {
            file: file.to_owned(),
            source,
        }
    }
}
