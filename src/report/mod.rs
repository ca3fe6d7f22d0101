//! What draws and writes a result: exporters, tables, figures, text, the output folder.

mod bibliography;
pub(crate) mod canvas;
mod crossover;
mod crossover_figure;
mod csv;
mod curve;
mod doctor;
pub(crate) mod escape;
mod figure;
mod folder;
mod footprint;
mod json;
mod latex;
mod layers_figure;
mod log_plot;
mod look;
mod methods;
mod paper;
pub(crate) mod pdf;
mod profile;
mod profile_tables;
mod raster;
mod raster_figure;
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

pub use self::csv::{BreakdownCsv, PopulationsCsv, TargetsCsv};
pub use bibliography::Bibliography;
pub use canvas::{Pdf, Png, Svg};
pub use crossover::CrossoverCsv;
pub use crossover_figure::CrossoverFigure;
pub use curve::{curve_png, curve_svg};
pub use doctor::{curve_csv, doctor_csv, doctor_text};
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
pub use paper::{Rates, Waterfall};
pub use profile::{LayersCsv, RatesCsv, TimestepsCsv};
pub use profile_tables::{LayersTable, RatesTable, ReceiptTable, TimestepsTable};
pub use raster::{Band, Cells, Marks, RasterPicture, SHADES};
pub use raster_figure::raster_files;
pub use reproduction::{Aspect, Difference, LinePair, differences, first_line};
pub use roof::RooflineCsv;
pub use roofline_figure::Roofline;
pub use roofline_table::RooflineTable;
pub use spread_figure::Spread;
pub use text::{Text, WIDTH};
pub use timesteps_figure::Timesteps;
pub use tornado_figure::TornadoFigure;
pub use uncertainty::{MonteCarloCsv, SensitivityCsv};

use crate::result::Report;
use std::io::Write;

/// Writes a report as one file.
pub trait Exporter: Sync {
    /// Name of the file in the output folder.
    fn file_name(&self) -> &'static str;

    /// Writes the file. The same report gives the same bytes.
    ///
    /// # Errors
    /// If `out` refuses, or the report cannot be expressed in the format.
    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError>;
}

/// What `report` writes of a result for a paper: figures, the data behind them, tables, text and
/// sources. A new figure is its lines here.
pub static PAPER: [&dyn Exporter; 64] = [
    &Pdf(EnergyFigure::<true>),
    &Svg(EnergyFigure::<false>),
    &Png(EnergyFigure::<false>),
    &Pdf(EnergyFigure::<false>),
    &Pdf(CrossoverFigure::<true>),
    &Svg(CrossoverFigure::<false>),
    &Png(CrossoverFigure::<false>),
    &Pdf(CrossoverFigure::<false>),
    &Pdf(TornadoFigure::<true>),
    &Svg(TornadoFigure::<false>),
    &Png(TornadoFigure::<false>),
    &Pdf(TornadoFigure::<false>),
    &Svg(Waterfall::<true>),
    &Png(Waterfall::<true>),
    &Pdf(Waterfall::<true>),
    &Svg(Waterfall::<false>),
    &Png(Waterfall::<false>),
    &Pdf(Waterfall::<false>),
    &Svg(Layers::<true>),
    &Png(Layers::<true>),
    &Pdf(Layers::<true>),
    &Svg(Layers::<false>),
    &Png(Layers::<false>),
    &Pdf(Layers::<false>),
    &Svg(Timesteps::<true>),
    &Png(Timesteps::<true>),
    &Pdf(Timesteps::<true>),
    &Svg(Timesteps::<false>),
    &Png(Timesteps::<false>),
    &Pdf(Timesteps::<false>),
    &Svg(Rates::<true>),
    &Png(Rates::<true>),
    &Pdf(Rates::<true>),
    &Svg(Rates::<false>),
    &Png(Rates::<false>),
    &Pdf(Rates::<false>),
    &Svg(Spread::<true>),
    &Png(Spread::<true>),
    &Pdf(Spread::<true>),
    &Svg(Spread::<false>),
    &Png(Spread::<false>),
    &Pdf(Spread::<false>),
    &Svg(Roofline::<true>),
    &Png(Roofline::<true>),
    &Pdf(Roofline::<true>),
    &Svg(Roofline::<false>),
    &Png(Roofline::<false>),
    &Pdf(Roofline::<false>),
    &Latex,
    &LayersTable,
    &TimestepsTable,
    &RatesTable,
    &ReceiptTable,
    &RooflineTable,
    &Methods,
    &Bibliography,
    &PopulationsCsv,
    &TargetsCsv,
    &CrossoverCsv,
    &LayersCsv,
    &TimestepsCsv,
    &RatesCsv,
    &RooflineCsv,
    &BreakdownCsv,
];

/// Every exporter, in the order in which files are written. A new one is a line here.
pub static EXPORTERS: [&dyn Exporter; 17] = [
    &Json,
    &PopulationsCsv,
    &TargetsCsv,
    &BreakdownCsv,
    &CrossoverCsv,
    &FootprintCsv,
    &SensitivityCsv,
    &MonteCarloCsv,
    &Latex,
    &Bibliography,
    &Svg(EnergyFigure::<true>),
    &Png(EnergyFigure::<true>),
    &Svg(CrossoverFigure::<true>),
    &Png(CrossoverFigure::<true>),
    &Svg(TornadoFigure::<true>),
    &Png(TornadoFigure::<true>),
    &Methods,
];

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output refused.
    #[error("{file}: cannot write: {source}; check that the disk has space and can be written")]
    Io {
        /// Name of the file.
        file: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A figure could not be drawn.
    #[error("{file}: cannot draw: {message}")]
    Figure {
        /// Name of the file.
        file: &'static str,
        /// What the drawing library said.
        message: String,
    },
}

impl ExportError {
    /// Puts the file's name to an error of the system.
    fn io(file: &'static str) -> impl Fn(std::io::Error) -> ExportError {
        move |source| ExportError::Io { file, source }
    }
}
