//! RAPL counters of processors, through the kernel's powercap files.

use super::{Counter, Coverage, Found, MeterError, folders, read_number, read_text};
use std::path::{Path, PathBuf};

/// One zone: `energy_uj` counts microjoules and starts over beyond `max_energy_range_uj`.
///
/// Source: Linux kernel documentation, power/powercap/powercap.rst.
struct Zone {
    name: String,
    coverage: Coverage,
    file: PathBuf,
    range_uj: u64,
    last_uj: Option<u64>,
    energy_uj: u64,
}

impl Counter for Zone {
    fn name(&self) -> &str {
        &self.name
    }

    fn coverage(&self) -> Coverage {
        self.coverage
    }

    fn sample(&mut self, _: f64) -> Result<(), MeterError> {
        let now = read_number(&self.file)?;
        if let Some(last) = self.last_uj {
            let used = now
                .checked_sub(last)
                .unwrap_or_else(|| now.saturating_add(self.range_uj.saturating_sub(last)));
            self.energy_uj = self.energy_uj.saturating_add(used);
        }
        self.last_uj = Some(now);
        Ok(())
    }

    fn energy_j(&self) -> f64 {
        self.energy_uj as f64 / 1e6
    }
}

/// Finds packages, their memory and the platform. The zones inside a package (core, uncore) are
/// part of it, and `intel-rapl-mmio` shows the same packages once more: both are left out.
pub(super) fn discover(sys: &Path, found: &mut Found) {
    let root = sys.join("class/powercap");
    let mut any = false;
    for zone in folders(&root) {
        let Some(index) = file_name(&zone).strip_prefix("intel-rapl:") else {
            continue;
        };
        any = true;
        let name = read_text(&zone.join("name")).unwrap_or_else(|| file_name(&zone).to_owned());
        // A sub-zone is listed beside its package, as `intel-rapl:0:2`, or below it.
        let inner = index.contains(':');
        if !inner || name == "dram" {
            add(&zone, full_name(&zone, &name, inner), found);
        }
        for part in folders(&zone) {
            let listed = root.join(file_name(&part)).is_dir();
            if !listed && read_text(&part.join("name")).as_deref() == Some("dram") {
                add(&part, full_name(&part, "dram", true), found);
            }
        }
    }
    if !any {
        found.unreadable.push(format!(
            "RAPL: no intel-rapl zone in {}; virtual machines and many ARM boards have none",
            root.display()
        ));
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}

/// `dram` alone would not say of which package.
fn full_name(zone: &Path, name: &str, inner: bool) -> String {
    let package = file_name(zone).split(':').nth(1).unwrap_or("");
    if inner {
        format!("{name}-{package}")
    } else {
        name.to_owned()
    }
}

fn add(folder: &Path, name: String, found: &mut Found) {
    let file = folder.join("energy_uj");
    let readable =
        read_number(&file).and_then(|_| read_number(&folder.join("max_energy_range_uj")));
    match readable {
        Ok(range_uj) => found.counters.push(Box::new(Zone {
            coverage: if name.starts_with("psys") {
                Coverage::Machine
            } else {
                Coverage::Part
            },
            name,
            file,
            range_uj,
            last_uj: None,
            energy_uj: 0,
        })),
        Err(error) => found.unreadable.push(format!("RAPL {name}: {error}")),
    }
}
