//! From the keys of a file to what the stages take.

use super::{
    ConfigError, ConversionConfig, ConvertedExperiment, Correction, DataConfig, OutputConfig,
    PlacementChoice, SimulationConfig,
};
use crate::conversion::FitOptions;
use crate::encoding::Encoding;
use crate::energy::{
    Catalogue, DeviceLimits, Hardware, HardwareError, LargeBatch, PlacementRule, PriceOptions,
    UsageConfig,
};
use crate::result::MonteCarlo;

impl ConvertedExperiment {
    /// The calibration data with the preprocessing of the data.
    ///
    /// # Errors
    /// If there is none.
    pub fn calibration_data(&self) -> Result<DataConfig, ConfigError> {
        let Some(calibration) = &self.calibration else {
            return Err(ConfigError::Value {
                key: "calibration.path",
                value: "(missing)".to_owned(),
                reason: "conversion sets thresholds on training samples; name a file of them here or with --calibration",
            });
        };
        Ok(DataConfig {
            path: calibration.path.clone(),
            labels: None,
            samples: calibration.samples,
            preprocessing: self.data.preprocessing.clone(),
        })
    }

    /// Timesteps that the network is converted for.
    #[must_use]
    pub fn conversion_timesteps(&self) -> u32 {
        let stated = self.conversion.timesteps;
        stated.unwrap_or(self.simulation.timesteps)
    }

    /// How to convert.
    #[must_use]
    pub fn fit_options(&self) -> FitOptions {
        let timesteps = self.conversion_timesteps();
        let SimulationConfig { encoding, seed, .. } = self.simulation;
        let options = self.conversion.fit_options(timesteps, encoding, seed);
        FitOptions {
            // Corrected weights would leave the grid that they were rounded to.
            correction: match options.correction {
                Correction::Weights if self.optimise.weight_bits.is_some() => Correction::Bias,
                correction => correction,
            },
            ..options
        }
    }

    /// How to price.
    ///
    /// # Errors
    /// If a name in `[usage]` is not known.
    pub fn price_options(&self) -> Result<PriceOptions, ConfigError> {
        let options = self
            .output
            .price_options(&self.usage, self.simulation.seed)?;
        let stated = self.output.first_layer;
        Ok(options.with_first_layer(stated.unwrap_or(self.simulation.first_layer)))
    }
}

impl ConversionConfig {
    /// How to convert for input of so many timesteps.
    #[must_use]
    pub fn fit_options(&self, timesteps: u32, encoding: Encoding, seed: u64) -> FitOptions {
        FitOptions {
            timesteps,
            thresholds: self.normalization,
            percentile: self.percentile,
            initial_potential: self.initial_potential,
            max_pool: self.max_pool,
            signed_spikes: self.signed_spikes,
            correction: self.correction,
            readout: self.readout,
            encoding,
            seed,
        }
    }
}

impl OutputConfig {
    /// The targets, those of a class in the order of the catalogue.
    ///
    /// # Errors
    /// The first that is not in the catalogue.
    pub fn targets<'c>(
        &self,
        catalogue: &'c Catalogue,
    ) -> Result<Vec<&'c Hardware>, HardwareError> {
        catalogue.select(&self.targets)
    }

    /// How to price.
    ///
    /// # Errors
    /// If a value makes no sense or a name in `[usage]` is not known.
    pub fn price_options(
        &self,
        usage: &UsageConfig,
        seed: u64,
    ) -> Result<PriceOptions, ConfigError> {
        self.check()?;
        Ok(PriceOptions {
            large_batch: self.large_batch.map_or(LargeBatch::Search, LargeBatch::Of),
            usage: usage.resolve()?,
            monte_carlo: (self.monte_carlo > 0).then_some(MonteCarlo {
                draws: self.monte_carlo,
                seed,
                correlated: self.correlated,
            }),
            placement: match self.placement {
                PlacementChoice::Greedy => PlacementRule::Greedy,
                PlacementChoice::Annealing => PlacementRule::Annealing { seed },
            },
            host: self.host,
            host_exchange_s: self.host_exchange_s,
            first_layer: self.first_layer.unwrap_or_default(),
            accuracy_tolerance: self.accuracy_tolerance,
            limits: DeviceLimits {
                latency_s: self.max_latency_s,
                power_w: self.max_power_w,
            },
        })
    }
}
