//! Samples that stop once their answer is safe, each counted for exactly the timesteps it runs.

use super::trace::Driver;
use super::{ConvertedExperiment, ExperimentError, Imported, Observer, Progress, Simulated};
use crate::conversion::{EarlyExit, FitOptions};
use crate::engine::Simulator;
use crate::result::{Accuracy, Workload};
use std::collections::BTreeMap;
use std::time::Instant;

/// An experiment whose samples stop early.
#[derive(Debug, Clone)]
pub struct StoppedEarly {
    /// All samples for all timesteps: what conventional targets are compared with.
    pub whole: Simulated,
    /// Samples that run equally long, the shortest first; their counts are those of simulations
    /// that end there.
    pub groups: Vec<StoppedGroup>,
    /// Lead of the best output over the second at which a sample stops, in the unit of the
    /// potential; `None` if none was safe on the calibration data.
    pub margin: Option<f32>,
    /// Timesteps of a sample, the mean over all.
    pub mean_timesteps: f64,
}

/// Samples that run equally long.
#[derive(Debug, Clone)]
pub struct StoppedGroup {
    /// Their indices in the data, ascending.
    pub samples: Vec<usize>,
    /// Their share of all samples, above 0 and up to 1.
    pub share: f64,
    /// What they count.
    pub simulated: Simulated,
}

impl Imported {
    /// Converts, chooses the margin at which samples stop on the calibration data without their
    /// labels, so that a share of `tolerance` of the answers may change, and simulates each sample
    /// of the data until it stops. Accuracy is that of the answers at the stop.
    ///
    /// # Errors
    /// As [`Imported::simulate`].
    pub fn simulate_stopping(
        &self,
        experiment: &ConvertedExperiment,
        tolerance: f64,
        observer: Observer,
    ) -> Result<StoppedEarly, ExperimentError> {
        let fit = self.convert(experiment, observer)?;
        let started = Instant::now();
        let options = FitOptions {
            timesteps: experiment.simulation.timesteps,
            ..experiment.fit_options()
        };
        let driver = Driver {
            network: &fit.conversion.network,
            options: &options,
        };
        let (_, calibration) = driver.trace(&self.data_of(true), observer)?;
        let exit = EarlyExit::choose(&calibration, tolerance);
        let (simulation, traces) = driver.trace(&self.data_of(false), observer)?;

        let mut lengths: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut answers = Vec::with_capacity(traces.len());
        for (sample, trace) in traces.iter().enumerate() {
            let timesteps = exit.timesteps(trace);
            lengths.entry(timesteps as u32).or_default().push(sample);
            answers.push(trace.predictions[timesteps.saturating_sub(1)]);
        }
        let simulate_s = started.elapsed().as_secs_f64();
        let mut whole = self.simulated(experiment, &fit, &simulation, simulate_s)?;
        if let Some(accuracy) = &mut whole.context.accuracy {
            self.answer(&answers, accuracy);
        }
        let format = whole.context.format;
        let evaluations = whole.context.evaluations.iter_mut();
        for found in evaluations.filter(|found| found.workload == Workload::Snn) {
            *found = self.evaluation(Workload::Snn, format, &answers);
        }
        let samples = traces.len().max(1) as f64;
        let mut groups = Vec::with_capacity(lengths.len());
        let mut mean_timesteps = 0.0;
        for (timesteps, members) in lengths {
            let drive =
                |i: usize| driver.encode(self.data.sample(members[i]), members[i], timesteps);
            let of = members.len();
            let go_on = |done| observer(Progress::Simulating { done, of });
            let simulation = Simulator::new(driver.network, timesteps)?.run(of, &drive, &go_on)?;
            let share = of as f64 / samples;
            mean_timesteps += share * f64::from(timesteps);
            groups.push(StoppedGroup {
                samples: members,
                share,
                simulated: Simulated {
                    counts: simulation.counts,
                    outcomes: simulation.outcomes,
                    ..whole.clone()
                },
            });
        }
        Ok(StoppedEarly {
            whole,
            groups,
            margin: Some(exit.margin).filter(|margin| margin.is_finite()),
            mean_timesteps,
        })
    }

    /// Replaces what depends on the answers of the spiking network.
    fn answer(&self, answers: &[u32], accuracy: &mut Accuracy) {
        let share = |expected: &[u32]| {
            let hits = answers.iter().zip(expected).filter(|(a, b)| a == b).count();
            hits as f64 / answers.len().max(1) as f64
        };
        if let Some(labels) = &self.data.labels {
            accuracy.snn = share(labels);
        }
        accuracy.agreement = Some(share(&self.answers.predictions));
    }
}
