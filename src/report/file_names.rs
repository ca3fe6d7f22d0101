//! The files that a result folder may hold.

use super::image::{Drawable, file_name, images};
use super::{Collection, RasterFigure, outputs};

/// Files that no [`Exporter`](super::Exporter) writes.
const OTHER_FILES: [&str; 13] = [
    "counts.h5",
    "experiment.toml",
    "compare.json",
    "compare.csv",
    "network.nir",
    "conversion.json",
    "conversion.csv",
    "conversion.txt",
    "doctor.json",
    "doctor.csv",
    "curve.csv",
    "accuracy_vs_timesteps.svg",
    "accuracy_vs_timesteps.png",
];

/// Every file that a verb may write, without the manifest.
pub(super) fn file_names() -> impl Iterator<Item = String> {
    [Collection::Result, Collection::Paper]
        .into_iter()
        .flat_map(outputs)
        .map(|output| output.name())
        .chain(OTHER_FILES.map(str::to_owned))
        .chain(images().map(|(width, format)| file_name(RasterFigure.name(), width, format)))
}
