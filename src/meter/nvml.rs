//! Energy counters of NVIDIA GPUs, through the driver's library where there is one.

use super::{Counter, Coverage, Found, MeterError};
use nvml_wrapper::Nvml;
use std::sync::Arc;

/// One GPU: counts millijoules since the driver was loaded (Volta and later).
struct Gpu {
    nvml: Arc<Nvml>,
    index: u32,
    name: String,
    first_mj: Option<u64>,
    last_mj: u64,
}

impl Counter for Gpu {
    fn name(&self) -> &str {
        &self.name
    }

    fn coverage(&self) -> Coverage {
        Coverage::Part
    }

    fn sample(&mut self, _: f64) -> Result<(), MeterError> {
        let now = self
            .nvml
            .device_by_index(self.index)
            .and_then(|device| device.total_energy_consumption())
            .map_err(|error| MeterError::Unreadable {
                file: self.name.clone(),
                reason: format!("{error}; its energy counter needs a Volta GPU or later"),
            })?;
        self.first_mj.get_or_insert(now);
        self.last_mj = now;
        Ok(())
    }

    fn energy_j(&self) -> f64 {
        let first = self.first_mj.unwrap_or(self.last_mj);
        self.last_mj.saturating_sub(first) as f64 / 1e3
    }
}

pub(super) fn discover(found: &mut Found) {
    let nvml = match Nvml::init() {
        Ok(nvml) => Arc::new(nvml),
        Err(error) => {
            found.unreadable.push(format!("NVIDIA GPUs: {error}"));
            return;
        }
    };
    for index in 0..nvml.device_count().unwrap_or(0) {
        let named = nvml.device_by_index(index).and_then(|device| device.name());
        let mut gpu = Gpu {
            nvml: Arc::clone(&nvml),
            index,
            name: format!("GPU {index} ({})", named.as_deref().unwrap_or("unnamed")),
            first_mj: None,
            last_mj: 0,
        };
        match gpu.sample(0.0) {
            Ok(()) => {
                gpu.first_mj = None;
                found.counters.push(Box::new(gpu));
            }
            Err(error) => found.unreadable.push(error.to_string()),
        }
    }
}
