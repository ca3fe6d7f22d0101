//! The same network at other number formats: each one converted and simulated for itself.

use super::imported::answers_of;
use super::{
    ConvertedExperiment, ExperimentError, Imported, Observer, Progress, Simulated, shown, simulate,
    stop_if,
};
use crate::conversion;
use crate::counts::{FormatCounts, NumberFormat};
use crate::energy::Catalogue;
use crate::formats::onnx;
use crate::optimise::Optimisation;
use crate::result::{DeviceClass, Workload};

impl ConvertedExperiment {
    /// Number format of the network that it simulates.
    #[must_use]
    pub fn number_format(&self) -> NumberFormat {
        match self.optimise.weight_bits {
            Some(bits) => NumberFormat::Int(bits as u8),
            None => NumberFormat::Fp32,
        }
    }

    /// Other formats that it simulates: those it names, or else 8 bits and whatever weights the
    /// spiking chips among its targets hold. A network whose weights are rounded already has none.
    fn other_formats(&self, catalogue: &Catalogue) -> Result<Vec<u8>, ExperimentError> {
        if self.optimise.weight_bits.is_some() {
            return Ok(Vec::new());
        }
        let mut formats = match &self.simulation.formats {
            Some(formats) => formats.clone(),
            None => {
                let mut formats = vec![NumberFormat::INT8];
                for target in self.output.targets(catalogue)? {
                    if target.class == Some(DeviceClass::Neuromorphic) {
                        formats.extend(target.formats.first());
                    }
                }
                formats
            }
        };
        formats.sort_unstable();
        formats.dedup();
        let bits = formats.into_iter().filter_map(|format| match format {
            NumberFormat::Int(bits) if (2..=16).contains(&bits) => Some(bits),
            _ => None,
        });
        Ok(bits.collect())
    }
}

impl Imported {
    /// Adds what the same network does with weights of other formats, with how it answers.
    ///
    /// # Errors
    /// The stage that fails, with the layer or key it fails on.
    pub(crate) fn add_formats(
        &self,
        experiment: &ConvertedExperiment,
        catalogue: &Catalogue,
        simulated: &mut Simulated,
        observer: Observer,
    ) -> Result<(), ExperimentError> {
        for bits in experiment.other_formats(catalogue)? {
            let format = NumberFormat::Int(bits);
            let mut experiment = experiment.clone();
            experiment.optimise = Optimisation {
                weight_bits: Some(bits.into()),
                ..experiment.optimise
            };
            let changes = &experiment.optimise;
            let model = changes.apply(onnx::load(&experiment.model)?)?;
            let inputs = &self.calibration_data.inputs;
            let name = shown(&experiment.model);
            let (runtime, _) = changes.runtime(&name, &model, inputs)?;
            stop_if(observer(Progress::Calibrating))?;
            let fit = conversion::fit(&model.ann, &runtime, inputs, &experiment.fit_options())?;
            let ends = [experiment.simulation.timesteps];
            let mut simulations = simulate(
                &experiment,
                &ends,
                &model.ann,
                &fit.conversion,
                &self.data,
                observer,
            )?;
            let Some(simulation) = simulations.pop() else {
                continue;
            };
            let answers = answers_of(&simulation.outcomes);
            let evaluation = self.evaluation(Workload::Snn, format, &answers);
            simulated.context.evaluations.push(evaluation);
            simulated.others.push(FormatCounts {
                format,
                counts: simulation.counts,
            });
        }
        Ok(())
    }
}
