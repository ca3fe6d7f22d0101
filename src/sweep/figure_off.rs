//! Without the feature `figures`.

use super::SweepError;
use super::pareto::Front;
use crate::features::MissingFeature;

fn missing() -> SweepError {
    SweepError::Feature(MissingFeature {
        what: "drawing figures",
        feature: "figures",
    })
}

/// The figure as SVG; this build cannot draw it.
///
/// # Errors
/// Always: the feature `figures` is missing.
pub fn pareto_svg(_: &Front) -> Result<String, SweepError> {
    Err(missing())
}

/// The figure as PNG; this build cannot draw it.
///
/// # Errors
/// Always: the feature `figures` is missing.
pub fn pareto_png(_: &Front) -> Result<Vec<u8>, SweepError> {
    Err(missing())
}

/// The figure as PDF; this build cannot draw it.
///
/// # Errors
/// Always: the feature `figures` is missing.
pub fn pareto_pdf(_: &Front, _: bool) -> Result<Vec<u8>, SweepError> {
    Err(missing())
}
