//! What conventional targets execute beside a spiking network, as it was read.

use super::baseline::{SAME_LAYERS, is_forward};
use super::{Baseline, SpikingError, SpikingExperiment, shown};
use crate::counts::DenseCounts;
use crate::formats::onnx;
use crate::network::Topology;
use std::path::{Path, PathBuf};

/// What conventional targets execute.
pub(super) enum Conventional {
    /// The baseline, or else what was converted.
    Model {
        path: PathBuf,
        model: Box<onnx::OnnxModel>,
        /// Whether it is what the spiking network was converted from.
        is_original: bool,
    },
    /// The layers of the spiking network; `asked` if the user named them.
    SameLayers { asked: bool },
    /// Nothing.
    Nothing,
}

impl Conventional {
    /// Reads what the experiment names.
    pub(super) fn load(experiment: &SpikingExperiment) -> Result<Self, SpikingError> {
        let (path, is_original) = match &experiment.baseline {
            Some(Baseline::Model(path)) => (path, false),
            Some(Baseline::SameLayers) => return Ok(Conventional::SameLayers { asked: true }),
            Some(Baseline::Nothing) => return Ok(Conventional::Nothing),
            None if experiment.is_recorded() => (&experiment.model, true),
            None => return Ok(Conventional::SameLayers { asked: false }),
        };
        Ok(Conventional::Model {
            path: path.clone(),
            model: Box::new(onnx::load(path)?),
            is_original,
        })
    }

    /// Its work, beside a network of this structure that tells so many classes apart; `None` if
    /// there is nothing to execute.
    pub(super) fn dense(
        &self,
        experiment: &SpikingExperiment,
        topology: &Topology,
        classes: Option<usize>,
    ) -> Result<Option<DenseCounts>, SpikingError> {
        match self {
            Conventional::Nothing => Ok(None),
            Conventional::SameLayers { .. } if is_forward(topology) => {
                Ok(Some(DenseCounts::of_structure(topology)))
            }
            Conventional::SameLayers { asked: false } => Ok(None),
            Conventional::SameLayers { asked: true } => Err(SpikingError::Recurrent {
                network: shown(&experiment.model),
            }),
            Conventional::Model { path, model, .. } => {
                let have = model.ann.layers.last().map_or(0, |l| l.shape.neurons());
                if let Some(expected) = classes.filter(|&expected| expected != have) {
                    return Err(SpikingError::BaselineOutputs {
                        baseline: shown(path),
                        have,
                        network: shown(&experiment.model),
                        expected,
                    });
                }
                Ok(Some(model.ann.dense_counts()))
            }
        }
    }

    /// The baseline as a report names it, if it has work.
    pub(super) fn name(&self, dense: Option<&DenseCounts>) -> Option<String> {
        dense?;
        match self {
            Conventional::Model {
                path, is_original, ..
            } => (!is_original).then(|| shown(path)),
            Conventional::SameLayers { .. } => Some(SAME_LAYERS.to_owned()),
            Conventional::Nothing => None,
        }
    }

    /// The file of a baseline and its SHA-256.
    pub(super) fn file(&self) -> Option<(&Path, &str)> {
        match self {
            Conventional::Model {
                path,
                model,
                is_original: false,
            } => Some((path, &model.sha256)),
            _ => None,
        }
    }

    /// What a reader should know of it.
    pub(super) fn note(&self, dense: Option<&DenseCounts>) -> String {
        match (self, dense) {
            (
                Conventional::Model {
                    path,
                    is_original: false,
                    ..
                },
                _,
            ) => format!(
                "conventional targets execute the baseline {}, whose accuracy was not evaluated",
                shown(path)
            ),
            (Conventional::Model { .. }, _) => {
                "conventional targets execute the original on the frames".to_owned()
            }
            (Conventional::SameLayers { .. }, Some(_)) => {
                "conventional targets execute a conventional network of the same layers, evaluated \
                 once per inference; it was never trained, so its accuracy is unknown; --baseline \
                 names a trained one"
                    .to_owned()
            }
            (Conventional::SameLayers { .. }, None) => {
                "there is no conventional network to compare with: the spiking one has feedback, so \
                 its layers are no network that is evaluated once; --baseline names one"
                    .to_owned()
            }
            (Conventional::Nothing, _) => {
                "there is no conventional network to compare with; --baseline names one".to_owned()
            }
        }
    }
}
