//! Values that make no sense are refused before anything runs.

use super::{ConfigError, ConversionConfig, ConvertedExperiment, OutputConfig, SimulationConfig};
use crate::optimise::Optimisation;
use std::collections::BTreeSet;

/// Most timesteps a run may have: keeps counts per timestep within memory.
const MAX_TIMESTEPS: u32 = 1_000_000;

fn refuse(
    key: &'static str,
    value: impl ToString,
    reason: &'static str,
) -> Result<(), ConfigError> {
    Err(ConfigError::Value {
        key,
        value: value.to_string(),
        reason,
    })
}

impl ConvertedExperiment {
    /// Checks the values.
    ///
    /// # Errors
    /// The key whose value makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, timesteps) in [
            ("simulation.timesteps", self.simulation.timesteps),
            ("conversion.timesteps", self.conversion_timesteps()),
        ] {
            if !(1..=MAX_TIMESTEPS).contains(&timesteps) {
                return refuse(key, timesteps, "give 1 to 1,000,000");
            }
        }
        self.conversion.check()?;
        check_changes(&self.optimise)?;
        self.simulation.check()?;
        if self.data.samples == Some(0) {
            return refuse("data.samples", 0, "give at least 1");
        }
        self.output.check()?;
        self.usage.resolve()?;
        Ok(())
    }
}

impl ConversionConfig {
    fn check(&self) -> Result<(), ConfigError> {
        if !(self.percentile > 0.0 && self.percentile <= 100.0) {
            return refuse(
                "conversion.percentile",
                self.percentile,
                "give a number above 0 and up to 100, such as 99.9",
            );
        }
        match self.initial_potential {
            Some(initial) if !(0.0..1.0).contains(&initial) => refuse(
                "conversion.initial_potential",
                initial,
                "give a fraction of the threshold from 0 to below 1, such as 0.5",
            ),
            _ => Ok(()),
        }
    }
}

fn check_changes(changes: &Optimisation) -> Result<(), ConfigError> {
    if !(0.0..1.0).contains(&changes.prune) {
        return refuse(
            "optimise.prune",
            changes.prune,
            "give the share of weights to set to zero, from 0 to below 1",
        );
    }
    if let Some(bits) = changes.weight_bits.filter(|bits| !(2..=16).contains(bits)) {
        return refuse(
            "optimise.weight_bits",
            bits,
            "give 2 to 16 bits, or leave it out for 32-bit floats",
        );
    }
    let bits = changes.activation_bits;
    if let Some(bits) = bits.filter(|bits| !(1..=16).contains(bits)) {
        return refuse(
            "optimise.activation_bits",
            bits,
            "give 1 to 16 bits, or leave it out for 32-bit floats",
        );
    }
    Ok(())
}

impl SimulationConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let Some(tolerance) = self.early_exit else {
            return Ok(());
        };
        if !(0.0..1.0).contains(&tolerance) {
            return refuse(
                "simulation.early_exit",
                tolerance,
                "give the share of calibration samples whose answer may change, from 0 to below 1",
            );
        }
        if !self.encoding.begins_alike() {
            return refuse(
                "simulation.encoding",
                self.encoding.name(),
                "it spreads a sample over all timesteps, so none can stop early; leave simulation.early_exit out, or take constant, bernoulli or regular",
            );
        }
        Ok(())
    }
}

impl OutputConfig {
    /// Checks the values.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.targets.is_empty() {
            return refuse(
                "output.targets",
                "[]",
                "name at least one target, here or with --targets; `spikewatt hardware list` shows them",
            );
        }
        let mut seen = BTreeSet::new();
        // A target that is named twice would stand twice in every table.
        if let Some(twice) = self.targets.iter().find(|name| !seen.insert(*name)) {
            return refuse(
                "output.targets",
                format_args!("[… \"{twice}\" …]"),
                "this target is named more than once; name each once, here and with --targets",
            );
        }
        if self.large_batch == Some(0) {
            return refuse("output.large_batch", 0, "give at least 1");
        }
        if let Some(value) = self.host_exchange_s
            && !(0.0..=3600.0).contains(&value)
        {
            return refuse(
                "output.host_exchange_s",
                value,
                "give a time in seconds, 0 to 3600",
            );
        }
        if !(0.0..=1.0).contains(&self.accuracy_tolerance) {
            return refuse(
                "output.accuracy_tolerance",
                self.accuracy_tolerance,
                "give a fraction, 0 to 1, such as 0.01 for one percentage point",
            );
        }
        for (key, value) in [
            ("output.max_latency_s", self.max_latency_s),
            ("output.max_power_w", self.max_power_w),
        ] {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                return refuse(key, value, "give a number above 0");
            }
        }
        Ok(())
    }
}
