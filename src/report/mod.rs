//! What draws and writes a result: exporters, tables, figures, text, the output folder.

mod bars;
mod bibliography;
pub(crate) mod canvas;
mod crossover;
mod crossover_figure;
mod csv;
mod curve;
mod doctor;
mod drawing;
pub(crate) mod escape;
mod figure;
mod folder;
mod footprint;
mod json;
mod latex;
mod layers_figure;
mod log_plot;
mod look;
pub(crate) mod mark;
mod methods;
mod outputs;
pub(crate) mod palette;
pub(crate) mod pdf;
mod pdf_font;
mod profile;
mod profile_tables;
mod raster;
mod raster_figure;
mod rates_figure;
mod reproduction;
mod roof;
mod roofline_figure;
mod roofline_table;
mod sections;
mod spread_figure;
mod text;
mod timesteps_figure;
mod tornado_figure;
mod uncertainty;
mod verdict;
mod waterfall_figure;

pub use self::csv::{BreakdownCsv, PopulationsCsv, TargetsCsv};
pub use bibliography::Bibliography;
pub use crossover::CrossoverCsv;
pub use crossover_figure::CrossoverFigure;
pub use curve::Curve;
pub use doctor::{curve_csv, doctor_csv, doctor_text};
pub use drawing::{Drawable, FigureWidth, ImageFormat, file_name};
pub use figure::EnergyFigure;
pub use folder::{
    FileEntry, FolderError, MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, OutputFolder, TableEntry,
};
pub use footprint::FootprintCsv;
pub use json::Json;
pub use latex::Latex;
pub(crate) use latex::quantity;
pub use layers_figure::Layers;
pub use methods::Methods;
pub use outputs::{Collection, ResultFile, outputs};
pub use palette::{cause_colour, network_colour};
pub use profile::{LayersCsv, RatesCsv, TimestepsCsv};
pub use profile_tables::{LayersTable, RatesTable, ReceiptTable, TimestepsTable};
pub use raster::{Band, Cells, Marks, RasterPicture, SHADES};
pub use raster_figure::RasterFigure;
pub use rates_figure::Rates;
pub use reproduction::{Aspect, Difference, LinePair, differences, first_line};
pub use roof::RooflineCsv;
pub use roofline_figure::Roofline;
pub use roofline_table::RooflineTable;
pub use spread_figure::SpreadFigure;
pub use text::{Text, WIDTH};
pub use timesteps_figure::Timesteps;
pub use tornado_figure::TornadoFigure;
pub use uncertainty::{MonteCarloCsv, SensitivityCsv};
pub use waterfall_figure::Waterfall;

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
pub enum ExportError {
    /// The output refused.
    #[error("{file}: cannot write: {source}; check that the disk has space and can be written")]
    Io {
        /// Name of the file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
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
