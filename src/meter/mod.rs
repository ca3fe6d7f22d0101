//! Measured energy of any command, from the counters that the machine has.
//!
//! A [`Counter`] accumulates joules between its samples; [`discover`] finds those of this machine
//! and says why others cannot be read; [`measure`] runs a command and samples them. Nothing is
//! estimated: without a readable counter there is no figure.

mod battery;
#[cfg_attr(not(feature = "nvml"), path = "nvml_off.rs")]
mod nvml;
mod rapl;
mod session;

pub use session::{CounterEnergy, Measurement, measure};

use std::path::Path;

/// What a counter includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Coverage {
    /// One part of the machine, such as a processor package: parts add up.
    Part,
    /// The whole machine, which includes its parts.
    Machine,
}

/// Something that knows how much energy has been used.
pub trait Counter: Send {
    /// Name to print, such as `package-0`.
    fn name(&self) -> &str;

    /// What it includes.
    fn coverage(&self) -> Coverage;

    /// Looks at the hardware, `elapsed_s` seconds after the first sample [s].
    ///
    /// # Errors
    /// Why it cannot be read, and what to do.
    fn sample(&mut self, elapsed_s: f64) -> Result<(), MeterError>;

    /// Energy between the first sample and the last [J].
    fn energy_j(&self) -> f64;
}

/// Why energy cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeterError {
    /// The file of a counter cannot be read.
    #[error("{file}: {reason}")]
    Unreadable {
        /// The file or device.
        file: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The command cannot be started.
    #[error(
        "{program}: cannot be started: {source}; give the program and its arguments after `--`"
    )]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The command was started and lost.
    #[error("{program}: cannot wait for it: {source}")]
    Wait {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The counters of a machine.
#[derive(Default)]
pub struct Found {
    /// Those that can be read.
    pub counters: Vec<Box<dyn Counter>>,
    /// Why others cannot.
    pub unreadable: Vec<String>,
}

/// Looks for counters: RAPL and batteries below `sys` (`/sys` on a running machine), and
/// NVIDIA GPUs through their driver where `gpus` asks for them.
#[must_use]
pub fn discover(sys: &Path, gpus: bool) -> Found {
    let mut found = Found::default();
    rapl::discover(sys, &mut found);
    battery::discover(sys, &mut found);
    if gpus {
        nvml::discover(&mut found);
    }
    found
}

/// A whole number in a file of sysfs.
fn read_number(path: &Path) -> Result<u64, MeterError> {
    let unreadable = |reason: String| MeterError::Unreadable {
        file: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let advice = match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                "; only root may read energy counters here: run as root, or let an \
                 administrator grant read access to this file"
            }
            _ => "",
        };
        unreadable(format!("{error}{advice}"))
    })?;
    let text = text.trim();
    text.parse()
        .map_err(|_| unreadable(format!("\"{text}\" is not a whole number")))
}

/// Text in a file of sysfs; `None` if there is none.
fn read_text(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

/// Folders in `path`, by name; none if it does not exist.
fn folders(path: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    paths
}
