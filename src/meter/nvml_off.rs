//! Without the feature `nvml`.

use super::Found;
use crate::features::MissingFeature;

pub(super) fn discover(found: &mut Found) {
    let missing = MissingFeature {
        what: "reading them",
        feature: "nvml",
    };
    found.unreadable.push(format!("NVIDIA GPUs: {missing}"));
}
