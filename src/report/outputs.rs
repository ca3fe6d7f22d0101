//! Which files a result becomes: a row for each figure, table and text.

use super::image::{Drawable, FigureWidth, ImageFormat, file_name, images};
use super::{
    Bibliography, BreakdownCsv, CrossoverCsv, ExportError, Exporter, FootprintCsv, Json, Latex,
    LayersCsv, LayersTable, Methods, MonteCarloCsv, PopulationsCsv, RatesCsv, RatesTable,
    ReceiptTable, RooflineCsv, RooflineTable, SensitivityCsv, TargetsCsv, TimestepsCsv,
    TimestepsTable, VerdictCsv,
};
#[cfg(feature = "figures")]
use super::{
    CrossoverFigure, EnergyFigure, Layers, Rates, Roofline, SpreadFigure, Timesteps, TornadoFigure,
    Waterfall,
};
use crate::result::Report;

/// Files that are written together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// What a result is kept as: by `run`, `price` and `estimate`. Figures wide, as SVG and PNG.
    Result,
    /// What a paper needs beside it: by `report`. Of figures, what a result does not have.
    Paper,
}

/// A row of the list: what makes the files, and where they belong.
struct Row {
    maker: Maker,
    within: &'static [Collection],
}

enum Maker {
    File(&'static dyn Exporter),
    #[cfg_attr(not(feature = "figures"), allow(dead_code))]
    Figure(&'static dyn Drawable),
}

const RESULT: &[Collection] = &[Collection::Result];
const PAPER: &[Collection] = &[Collection::Paper];
const BOTH: &[Collection] = &[Collection::Result, Collection::Paper];

/// The tables and texts that a result can become. A new one is a row here.
static FILES: &[Row] = &[
    file(&Json, RESULT),
    file(&PopulationsCsv, BOTH),
    file(&TargetsCsv, BOTH),
    file(&VerdictCsv, BOTH),
    file(&BreakdownCsv, BOTH),
    file(&CrossoverCsv, BOTH),
    file(&FootprintCsv, RESULT),
    file(&SensitivityCsv, RESULT),
    file(&MonteCarloCsv, RESULT),
    file(&LayersCsv, PAPER),
    file(&TimestepsCsv, PAPER),
    file(&RatesCsv, PAPER),
    file(&RooflineCsv, PAPER),
    file(&Latex, BOTH),
    file(&LayersTable, PAPER),
    file(&TimestepsTable, PAPER),
    file(&RatesTable, PAPER),
    file(&ReceiptTable, PAPER),
    file(&RooflineTable, PAPER),
    file(&Methods, BOTH),
    file(&Bibliography, BOTH),
];

/// The figures that a result can become. A new one is a row here.
#[cfg(feature = "figures")]
static FIGURES: &[Row] = &[
    figure(&EnergyFigure, BOTH),
    figure(&CrossoverFigure, BOTH),
    figure(&TornadoFigure, BOTH),
    figure(&Waterfall, PAPER),
    figure(&Layers, PAPER),
    figure(&Timesteps, PAPER),
    figure(&Rates, PAPER),
    figure(&SpreadFigure, PAPER),
    figure(&Roofline, PAPER),
];

#[cfg(not(feature = "figures"))]
static FIGURES: &[Row] = &[];

const fn file(exporter: &'static dyn Exporter, within: &'static [Collection]) -> Row {
    Row {
        maker: Maker::File(exporter),
        within,
    }
}

#[cfg(feature = "figures")]
const fn figure(figure: &'static dyn Drawable, within: &'static [Collection]) -> Row {
    Row {
        maker: Maker::Figure(figure),
        within,
    }
}

/// A file that a result can become.
#[derive(Clone, Copy)]
pub struct ResultFile(Kind);

#[derive(Clone, Copy)]
enum Kind {
    File(&'static dyn Exporter),
    Image(&'static dyn Drawable, FigureWidth, ImageFormat),
}

impl ResultFile {
    /// Name of the file in the output folder.
    #[must_use]
    pub fn name(&self) -> String {
        match self.0 {
            Kind::File(exporter) => exporter.file_name().to_owned(),
            Kind::Image(figure, width, format) => file_name(figure.name(), width, format),
        }
    }

    /// What it holds. The same report gives the same bytes.
    ///
    /// # Errors
    /// If the report cannot be expressed in the format.
    pub fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        match self.0 {
            Kind::File(exporter) => exporter.bytes(report),
            Kind::Image(figure, width, format) => figure.render(report, width, format),
        }
    }
}

/// The files of a collection.
#[must_use]
pub fn outputs(collection: Collection) -> Vec<ResultFile> {
    let rows = FILES
        .iter()
        .chain(FIGURES)
        .filter(|row| row.within.contains(&collection));
    rows.flat_map(|row| row.outputs(collection)).collect()
}

impl Row {
    fn outputs(&self, collection: Collection) -> Vec<ResultFile> {
        match self.maker {
            Maker::File(exporter) => vec![ResultFile(Kind::File(exporter))],
            Maker::Figure(figure) => {
                let belongs =
                    |image: &(FigureWidth, ImageFormat)| place(self.within, *image) == collection;
                images()
                    .filter(belongs)
                    .map(|(width, format)| ResultFile(Kind::Image(figure, width, format)))
                    .collect()
            }
        }
    }
}

/// The collection that holds a file of a figure.
fn place(within: &[Collection], (width, format): (FigureWidth, ImageFormat)) -> Collection {
    let is_plain = width == FigureWidth::Wide && format != ImageFormat::Pdf;
    match within.contains(&Collection::Result) && is_plain {
        true => Collection::Result,
        false => Collection::Paper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(collection: Collection) -> BTreeSet<String> {
        let outputs = outputs(collection);
        let names: BTreeSet<String> = outputs.iter().map(ResultFile::name).collect();
        assert_eq!(names.len(), outputs.len(), "a name is written twice");
        names
    }

    fn expected(words: &str) -> BTreeSet<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn regress_files_of_a_result() {
        let files = "summary.json populations.csv targets.csv verdict.csv breakdown.csv \
                     crossover.csv footprint.csv sensitivity.csv monte_carlo.csv targets.tex sources.bib methods.md \
                     energy.svg energy.png crossover.svg crossover.png tornado.svg tornado.png";
        assert_eq!(names(Collection::Result), expected(files));
    }

    #[test]
    fn regress_files_of_a_paper() {
        let mut files = expected(
            "targets.tex layers.tex timesteps.tex rates.tex receipt.tex roofline.tex methods.md \
             sources.bib populations.csv targets.csv verdict.csv crossover.csv layers.csv timesteps.csv rates.csv \
             roofline.csv breakdown.csv",
        );
        for figure in ["energy", "crossover", "tornado"] {
            let endings = [".pdf", "-column.svg", "-column.png", "-column.pdf"];
            files.extend(endings.map(|ending| format!("{figure}{ending}")));
        }
        let alone = [
            "waterfall",
            "layers",
            "timesteps",
            "rates",
            "rate-spread",
            "roofline",
        ];
        for figure in alone {
            for width in FigureWidth::ALL {
                let named = |format| file_name(figure, width, format);
                files.extend(ImageFormat::ALL.map(named));
            }
        }
        assert_eq!(files.len(), 65);
        assert_eq!(names(Collection::Paper), files);
    }
}
