//! An experiment that is ready to run, sample by sample or all of them.

use super::record::Keeper;
use super::trace::Watching;
use super::{Record, SubjectError, Trace};
use crate::conversion::{Fit, Health};
use crate::counts::EventCounts;
use crate::encoding::Drive;
use crate::energy::Catalogue;
use crate::engine::{NoProbe, SimulationError, Simulator};
use crate::experiment::{
    self, Context, ConvertedExperiment, ExperimentError, Imported, Observer, Progress, Simulated,
};
use std::ops::ControlFlow;

/// An experiment whose model is read, calibrated and converted.
pub struct ConvertedSubject {
    /// The experiment.
    pub experiment: ConvertedExperiment,
    imported: Imported,
    fit: Fit,
}

/// A file, its SHA-256 now, and that of when a result was made.
pub(super) type Checked<'a> = (&'a String, &'a String, &'a String);

impl ConvertedSubject {
    /// Reads, calibrates and converts.
    pub(super) fn new(
        experiment: ConvertedExperiment,
        observer: Observer,
    ) -> Result<Self, SubjectError> {
        let imported = Imported::load(&experiment, observer)?;
        let fit = imported.convert(&experiment, observer)?;
        Ok(ConvertedSubject {
            experiment,
            imported,
            fit,
        })
    }

    /// Samples of its data.
    pub(super) fn samples(&self) -> usize {
        self.imported.data.len()
    }

    /// How well each population stands for its layer.
    pub(super) fn health(&self) -> Result<Vec<Health>, ExperimentError> {
        let conversion = &self.fit.conversion;
        self.imported.examine(&self.experiment, conversion)
    }

    /// Its files beside what they were in a result.
    pub(super) fn files<'a>(&'a self, then: &'a Context) -> [Checked<'a>; 2] {
        let Imported { model, data, .. } = &self.imported;
        [
            (&model.path, &model.sha256, &then.model.sha256),
            (&then.setup.data, &data.data.sha256, &then.setup.data_sha256),
        ]
    }

    /// Runs all samples, with the counts and context of [`experiment::run`]; nothing is read or
    /// converted again.
    ///
    /// # Errors
    /// As [`experiment::run`].
    pub fn simulate(
        &self,
        catalogue: &Catalogue,
        observer: Observer,
    ) -> Result<Simulated, ExperimentError> {
        self.experiment.output.targets(catalogue)?;
        let one = [&self.experiment];
        let mut simulated = self
            .imported
            .simulate_converted(&one, &self.fit, observer)?;
        let mut simulated = simulated.remove(0);
        self.imported
            .add_formats(&self.experiment, catalogue, &mut simulated, observer)?;
        Ok(simulated)
    }

    /// Counts of the first samples alone: a first look while the others run.
    ///
    /// # Errors
    /// If the run fails or is stopped.
    pub fn first(&self, samples: usize, observer: Observer) -> Result<EventCounts, SubjectError> {
        let of = samples.min(self.samples());
        let timesteps = self.experiment.simulation.timesteps;
        let simulator = Simulator::new(&self.fit.conversion.network, timesteps)?;
        let drive = |sample| {
            experiment::drive(
                &self.experiment,
                &self.imported.ann,
                &self.imported.data,
                sample,
            )
        };
        let progress = |done| observer(Progress::Simulating { done, of });
        let simulation = simulator.run_recorded(of, &drive, &NoProbe, &progress)?;
        Ok(simulation.counts)
    }

    /// What drives a sample. A stop is heard before it runs: afterwards there is nothing left to stop.
    fn drive(&self, sample: usize, observer: Observer) -> Result<Drive, SimulationError> {
        if observer(Progress::Simulating { done: 0, of: 1 }).is_break() {
            return Err(SimulationError::Stopped);
        }
        let Imported { ann, data, .. } = &self.imported;
        Ok(experiment::drive(&self.experiment, ann, data, sample)?)
    }

    /// Runs one sample and keeps all it does.
    pub(super) fn record(&self, sample: usize, observer: Observer) -> Result<Record, SubjectError> {
        let ConvertedSubject {
            experiment,
            imported,
            fit,
        } = self;
        let network = &fit.conversion.network;
        let timesteps = experiment.simulation.timesteps;
        let readout = experiment.conversion.readout.of_spikes();
        let simulator = Simulator::new(network, timesteps)?.with_readout(readout);
        let keeper = Keeper::new();
        let drive = self.drive(sample, observer)?;
        let constant = simulator.multiplies_once(&drive);
        let input = match &drive {
            Drive::Constant(values) => values.clone(),
            Drive::Spikes(_) => Vec::new(),
        };
        let once = |_| Ok(drive.clone());
        let go_on = |_| ControlFlow::Continue(());
        let mut simulation = simulator.run_recorded(1, &once, &keeper, &go_on)?;
        let populations = network.populations.iter();
        let sizes: Vec<usize> = populations.map(|p| p.shape.neurons()).collect();
        let (raster, first_rows, potentials) = keeper.finish(&sizes, timesteps as usize);
        let outcome = simulation.outcomes.pop();
        let labels = imported.data.labels.as_ref();
        let data = experiment.data.path.file_name().unwrap_or_default();
        Ok(Record {
            title: format!("{} on {}", imported.ann.name, data.to_string_lossy()),
            sample,
            label: labels.and_then(|labels| labels.get(sample).copied()),
            counts: simulation.counts,
            dense: imported.ann.dense_counts(),
            raster: raster.into(),
            first_rows,
            input,
            constant,
            potentials,
            predictions: outcome.map(|o| o.predictions).unwrap_or_default(),
            has_synapses: true,
        })
    }

    /// Runs one sample and keeps the potentials of some neurons.
    pub(super) fn traces(
        &self,
        sample: usize,
        rows: &[u32],
        observer: Observer,
    ) -> Result<Vec<Trace>, SubjectError> {
        let mut network = self.fit.conversion.network.clone();
        let watching = Watching::start(&mut network, rows)?;
        let drive = self.drive(sample, observer)?;
        let simulator = Simulator::new(&network, self.experiment.simulation.timesteps)?;
        let once = |_| Ok(drive.clone());
        let go_on = |_| ControlFlow::Continue(());
        simulator.run_recorded(1, &once, &NoProbe, &go_on)?;
        Ok(watching.finish())
    }
}
