//! What conventional targets are asked to execute beside a spiking network.

use crate::network::Topology;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The word for [`Baseline::SameLayers`].
pub const SAME_LAYERS: &str = "same-layers";

/// The word for [`Baseline::Nothing`].
const NOTHING: &str = "none";

/// What conventional targets execute beside a spiking network. As text: `same-layers`, `none`, or
/// the path of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PathBuf", into = "PathBuf")]
pub enum Baseline {
    /// A conventional network of the same layers, evaluated once per inference. It was never
    /// trained, so nothing is known of its accuracy.
    SameLayers,
    /// Nothing: conventional targets have no energy.
    Nothing,
    /// A model (ONNX) for the same task.
    Model(PathBuf),
}

impl From<PathBuf> for Baseline {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == SAME_LAYERS {
            Baseline::SameLayers
        } else if path.as_os_str() == NOTHING {
            Baseline::Nothing
        } else {
            Baseline::Model(path)
        }
    }
}

impl From<Baseline> for PathBuf {
    fn from(baseline: Baseline) -> Self {
        match baseline {
            Baseline::SameLayers => SAME_LAYERS.into(),
            Baseline::Nothing => NOTHING.into(),
            Baseline::Model(path) => path,
        }
    }
}

impl Baseline {
    /// The file, if it is one.
    pub(super) fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Baseline::Model(path) => Some(path),
            Baseline::SameLayers | Baseline::Nothing => None,
        }
    }
}

/// Whether no connection leads back. A network with memory has no conventional form that is evaluated
/// once.
pub(super) fn is_forward(topology: &Topology) -> bool {
    let mut edges = topology.edges.iter();
    edges.all(|edge| edge.source < edge.target)
}
