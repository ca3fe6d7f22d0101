//! A network that spikes already, ready to run, sample by sample or all of them.

use super::record::Keeper;
use super::trace::Watching;
use super::{Record, SubjectError, Trace, open_recording};
use crate::counts::DenseCounts;
use crate::digest::sha256_hex;
use crate::engine::NoProbe;
use crate::experiment::{ConfigError, Context, Observer, Prepared, SpikingExperiment};
use crate::files;
use std::path::{Path, PathBuf};

/// A spiking network with its input, read.
pub struct Given {
    /// The experiment.
    pub experiment: SpikingExperiment,
    prepared: Prepared,
    /// What it must do again, if it was opened by its recording.
    recording: Option<PathBuf>,
}

impl Given {
    /// Reads the network and its input.
    pub(super) fn new(experiment: SpikingExperiment) -> Result<Self, SubjectError> {
        Ok(Given {
            prepared: Prepared::load(&experiment.simulate_config())?,
            experiment,
            recording: None,
        })
    }

    /// The same, whose samples must spike as in a recording of it.
    pub(super) fn recorded_in(self, recording: &Path) -> Self {
        Given {
            recording: Some(recording.to_owned()),
            ..self
        }
    }

    /// Samples of its input.
    pub(super) fn samples(&self) -> usize {
        self.prepared.samples()
    }

    /// Whether its files are what they were in a result.
    pub(super) fn check_files(&self, then: &Context) -> Result<(), SubjectError> {
        let model = &self.experiment.model;
        let bytes = files::read(model).map_err(|source| ConfigError::Read {
            path: model.display().to_string(),
            source,
        })?;
        if sha256_hex(&bytes) != then.model.sha256 {
            return Err(SubjectError::Changed {
                path: then.model.path.clone(),
            });
        }
        match self.prepared.input_sha256() {
            Some(now) if now != then.setup.data_sha256 => Err(SubjectError::Changed {
                path: then.setup.data.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn title(&self) -> String {
        let name = |path: &Path| {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let network = name(&self.experiment.model);
        match &self.experiment.data {
            Some(data) => {
                let data = data.path.file_name().unwrap_or_default();
                format!("{network} on {}", data.to_string_lossy())
            }
            None => network,
        }
    }

    /// Runs one sample and keeps all it does.
    pub(super) fn record(&self, sample: usize, observer: Observer) -> Result<Record, SubjectError> {
        let network = self.prepared.network();
        let keeper = Keeper::new();
        let run = self.prepared.one(network, sample, &keeper, observer)?;
        let populations = network.populations.iter();
        let sizes: Vec<usize> = populations.map(|p| p.shape.neurons()).collect();
        let timesteps = run.counts.timesteps as usize;
        let (raster, first_rows, potentials) = keeper.finish(&sizes, timesteps);
        let record = Record {
            title: self.title(),
            sample,
            label: self.prepared.label(sample),
            counts: run.counts,
            dense: DenseCounts::default(),
            raster: raster.into(),
            first_rows,
            input: run.held_input,
            constant: run.multiplied_once,
            potentials,
            predictions: run.predictions,
            has_synapses: true,
        };
        if let Some(recording) = &self.recording {
            let recorded = open_recording(recording, sample)?;
            if !spikes_alike(&recorded, &record) {
                return Err(SubjectError::Changed {
                    path: self.experiment.model.display().to_string(),
                });
            }
        }
        Ok(record)
    }

    /// Runs one sample and keeps the potentials of some neurons.
    pub(super) fn traces(
        &self,
        sample: usize,
        rows: &[u32],
        observer: Observer,
    ) -> Result<Vec<Trace>, SubjectError> {
        let mut network = self.prepared.network().clone();
        let watching = Watching::start(&mut network, rows)?;
        self.prepared.one(&network, sample, &NoProbe, observer)?;
        Ok(watching.finish())
    }
}

/// Whether each recorded population has the same spikes in each timestep. Neurons are numbered in
/// another order, so they are not compared one by one.
fn spikes_alike(recorded: &Record, run: &Record) -> bool {
    let nodes = recorded.counts.topology.populations.iter();
    let mut recorded = nodes.zip(&recorded.counts.populations);
    let run: Vec<_> = (run.counts.topology.populations.iter())
        .map(|node| node.name.as_str())
        .zip(&run.counts.populations)
        .collect();
    recorded.all(|(node, then)| {
        let now = run.iter().find(|(name, _)| *name == node.name);
        now.is_none_or(|(_, now)| now.spikes_per_timestep == then.spikes_per_timestep)
    })
}
