//! Power that a discharging battery delivers: the whole machine.

use super::{Counter, Coverage, Found, MeterError, folders, read_number, read_text};
use std::path::{Path, PathBuf};

/// Integrates the power between samples by the trapezium rule.
///
/// Source of the files: Linux kernel documentation, ABI/testing/sysfs-class-power (power_now in
/// µW, current_now in µA, voltage_now in µV).
struct Battery {
    name: String,
    folder: PathBuf,
    last: Option<(f64, f64)>,
    energy_j: f64,
}

impl Battery {
    /// Power now [W].
    fn power_w(&self) -> Result<f64, MeterError> {
        let status = read_text(&self.folder.join("status")).unwrap_or_default();
        if status != "Discharging" {
            return Err(MeterError::Unreadable {
                file: self.folder.display().to_string(),
                reason: format!(
                    "the battery is \"{status}\"; it only tells what the machine uses while it \
                     discharges: unplug the charger"
                ),
            });
        }
        if let Ok(power_uw) = read_number(&self.folder.join("power_now")) {
            return Ok(power_uw as f64 * 1e-6);
        }
        let current_ua = read_number(&self.folder.join("current_now"))?;
        let voltage_uv = read_number(&self.folder.join("voltage_now"))?;
        Ok(current_ua as f64 * 1e-6 * (voltage_uv as f64 * 1e-6))
    }
}

impl Counter for Battery {
    fn name(&self) -> &str {
        &self.name
    }

    fn coverage(&self) -> Coverage {
        Coverage::Machine
    }

    fn sample(&mut self, elapsed_s: f64) -> Result<(), MeterError> {
        let power_w = self.power_w()?;
        if let Some((then_s, then_w)) = self.last {
            self.energy_j += 0.5 * (then_w + power_w) * (elapsed_s - then_s);
        }
        self.last = Some((elapsed_s, power_w));
        Ok(())
    }

    fn energy_j(&self) -> f64 {
        self.energy_j
    }
}

pub(super) fn discover(sys: &Path, found: &mut Found) {
    for folder in folders(&sys.join("class/power_supply")) {
        if read_text(&folder.join("type")).as_deref() != Some("Battery") {
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let battery = Battery {
            name: format!("battery {name}"),
            folder: folder.clone(),
            last: None,
            energy_j: 0.0,
        };
        match battery.power_w() {
            Ok(_) => found.counters.push(Box::new(battery)),
            Err(error) => found.unreadable.push(format!("{}: {error}", battery.name)),
        }
    }
}
