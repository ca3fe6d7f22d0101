//! By which conventions a spiking network ran, and what the conventional targets beside it execute.

use super::escape::printable;
use crate::experiment::SAME_LAYERS;
use crate::result::Report;

/// One line, with all options or the name of the preset alone; `None` for a network that was
/// converted from the original beside it.
pub(super) fn conventions(report: &Report, all: bool) -> Option<String> {
    let preset = report.setup.preset.iter();
    let preset = preset.map(|preset| {
        let name = preset
            .split_once(" (")
            .map_or(preset.as_str(), |(name, _)| name);
        format!("preset {}", printable(if all { preset } else { name }))
    });
    let baseline = report.model.baseline.iter();
    let baseline = baseline.map(|baseline| match baseline.as_str() {
        SAME_LAYERS => "ANN: the same layers, never trained, accuracy unknown".to_owned(),
        model => format!("ANN: {}, accuracy unknown", printable(model)),
    });
    let facts: Vec<String> = preset.chain(baseline).collect();
    (!facts.is_empty()).then(|| facts.join(" · "))
}
