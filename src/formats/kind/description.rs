//! What a TOML file describes.

use super::{FileKind, KindError, extension};
use crate::files;
use std::path::Path;
use toml::{Table, Value};

pub(super) fn kind_of(path: &Path) -> Result<FileKind, KindError> {
    let shown = || path.display().to_string();
    let text = files::read_text(path).map_err(|source| KindError::Read {
        path: shown(),
        source,
    })?;
    let table: Table = toml::from_str(&text).map_err(|error| KindError::Toml {
        path: shown(),
        message: error.to_string(),
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(of_table(&table, folder))
}

fn of_table(table: &Table, folder: &Path) -> FileKind {
    let has = |key: &str| table.contains_key(key);
    let any = |keys: &[&str]| keys.iter().any(|key| has(key));
    if has("parameters") {
        FileKind::Sweep
    } else if has("populations") {
        FileKind::NativeNetwork
    } else if has("block") {
        FileKind::Shapes
    } else if any(&["law", "inherits", "basis"]) {
        FileKind::Device
    } else if has("device") && any(&["case", "quoted"]) {
        FileKind::Measurements
    } else if any(&["model", "data"]) {
        kind_of_experiment(table, folder)
    } else if any(&["synops", "accuracy", "energy", "latency", "carbon"]) {
        FileKind::Budget
    } else {
        FileKind::OtherToml
    }
}

/// What an experiment is whose keys are those of `table`, for callers that change keys before they
/// ask: paths are relative to `folder`. What is wrong with its model is told by whoever reads that.
#[must_use]
pub fn kind_of_experiment(table: &Table, folder: &Path) -> FileKind {
    let model = table.get("model").and_then(Value::as_str);
    let Some(model) = model.map(|model| folder.join(model)) else {
        return FileKind::ConvertedExperiment;
    };
    // An ONNX model with options of spiking networks takes recorded events.
    let is_recorded = table.contains_key("network") && extension(&model) == "onnx";
    if is_recorded || is_spiking_network(&model) {
        FileKind::SpikingExperiment
    } else {
        FileKind::ConvertedExperiment
    }
}

/// Whether a model spikes. An experiment is no model, so this does not go round in circles.
fn is_spiking_network(model: &Path) -> bool {
    if extension(model) == "nir" {
        return true;
    }
    let text = match extension(model).as_str() {
        "toml" => files::read_text(model).unwrap_or_default(),
        _ => return super::kind_of(model).is_ok_and(FileKind::is_spiking_network),
    };
    let table = text.parse::<Table>().unwrap_or_default();
    table.contains_key("populations")
}
