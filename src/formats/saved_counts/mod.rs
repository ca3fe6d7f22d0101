//! Saved counts, `counts.h5`: all that pricing needs, so it never takes a second simulation.
//!
//! An HDF5 file, readable with any HDF5 tool. Numbers are u64 unless noted; `@` marks attributes.
//!
//! | path | what |
//! |---|---|
//! | `/` | `@schema` "spikewatt.counts/1", `@samples`, `@timesteps`, `@populations`, `@projections`, `@dense_layers` (their numbers), `@pruned_macs` (absent without a pruned network) |
//! | `/report_context` | string: JSON of the run that counted |
//! | `/populations/<i>` | `@name`, `@role` (`input`, `spiking`, `pooling`, `readout`), `@leak_updates`, `@negative_spikes` (absent if 0) |
//! | `…/shape` | `[n]` or `[C, H, W]` |
//! | `…/spikes`, `…/touched` | \[neurons\], **channels first** like the model: reshape to `shape` |
//! | `…/spikes_per_timestep`, `…/touched_per_timestep`, `…/active_per_timestep` | \[timesteps\] |
//! | `…/negative_spikes_per_timestep` | \[timesteps\], with `@negative_spikes` only |
//! | `/projections/<i>` | `@source`, `@target` (numbers of populations), `@macs_once`, `@delay` (the longest [timesteps]; absent if 0), `@pooling` (0 or 1), `@pattern` (`dense`, `convolution`, `sparse`) |
//! | `…/synops_per_timestep`, `…/macs_per_timestep` | \[timesteps\] |
//! | with pooling | `@pooling_input`, `@pooling_output` `[C, H, W]`; `@pooling_vertical`, `@pooling_horizontal`: an axis |
//! | dense | `@sources`, `@targets`, `@all_present` (0 or 1) |
//! | convolution | `@input`, `@output` `[C, H, W]`, `@vertical`, `@horizontal`: an axis; `@groups`, `@all_present` |
//! | sparse | `@neurons` after the projection; `…/starts` \[sources + 1\], `…/targets` u32 \[synapses\] |
//! | unless all present | `…/present`: bits of [`BitRows`](crate::network::BitRows), rows of whole words, lowest bit first |
//! | `/dense_layers/<i>` | `@name`, `@macs`, `@parameters`, `@inputs`, `@outputs` |
//! | `/effective_macs/<i>` | `@format`, `@total`, `@samples`: multiply-accumulates of the original that have neither a zero weight nor a zero activation; as many as `/@effective_macs` (absent if none) |
//! | `/formats/<i>` | `@format` and, below, the attributes `@samples`, `@timesteps`, `@populations`, `@projections` and groups of the same names as above: the same network with weights of another format; as many as `/@formats` (absent if none) |
//!
//! An axis is `[kernel, stride, dilation, pad_before, pad_after]`. All counts are totals over the
//! samples. Connectivity numbers neurons **channels last**, as [`Shape`](crate::network::Shape) does; only the values
//! per neuron are reordered. The same counts give the same bytes.

mod check;
mod read;
mod write;

pub use read::decode;
pub use write::encode;

use super::hdf5_file::Hdf5Problem;
use crate::counts::{DenseCounts, EventCounts, FormatCounts};
use crate::files;
use std::path::{Path, PathBuf};

/// Version of the layout, in the attribute `schema`.
pub const SCHEMA: &str = "spikewatt.counts/1";

/// How the schema of every version begins.
pub(super) const FAMILY: &str = "spikewatt.counts/";

/// Counts of a run with what a report says beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedCounts {
    /// Events of the spiking network.
    pub counts: EventCounts,
    /// The same network at other number formats.
    pub others: Vec<FormatCounts>,
    /// Work of the original network.
    pub dense: DenseCounts,
    /// JSON of the setup, model and accuracy, kept as it is.
    pub report_context: String,
}

/// Saved counts that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
#[non_exhaustive]
pub struct SavedCountsError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: SavedCountsProblem,
}

/// What is wrong with saved counts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedCountsProblem {
    /// The operating system refuses.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A folder or device.
    #[error("it is not a file; give the `counts.h5` of a run")]
    NotAFile,
    /// The file is no HDF5 file, or lacks something.
    #[error("it holds no readable counts: {0}; give the `counts.h5` of a run")]
    Hdf5(#[from] Hdf5Problem),
    /// Written by something else, or by another version.
    #[error("schema \"{found}\" is not supported; count again with this version ({SCHEMA})")]
    Schema {
        /// The schema of the file.
        found: String,
    },
    /// Contradictory content.
    #[error("{object}: {problem}")]
    Inconsistent {
        /// Path inside the file.
        object: String,
        /// The contradiction.
        problem: String,
    },
}

/// Writes counts to `path`, replacing what is there.
///
/// # Errors
/// The file, and the operating system's reason or the contradiction in the counts.
pub fn save(saved: &SavedCounts, path: &Path) -> Result<(), SavedCountsError> {
    encode(saved)
        .and_then(|bytes| Ok(files::write(path, &bytes)?))
        .map_err(|problem| SavedCountsError {
            file: path.to_path_buf(),
            problem,
        })
}

/// Reads counts from `path`; they are checked as if nothing in the file could be trusted.
///
/// # Errors
/// The file, and what is missing, malformed or contradictory in it.
pub fn load(path: &Path) -> Result<SavedCounts, SavedCountsError> {
    let read = || {
        // Anything else, such as a device, may have no end.
        if !std::fs::metadata(files::place(path))?.is_file() {
            return Err(SavedCountsProblem::NotAFile);
        }
        decode(files::read(path)?)
    };
    read().map_err(|problem| SavedCountsError {
        file: path.to_path_buf(),
        problem,
    })
}

impl SavedCountsProblem {
    fn inconsistent(object: &str, problem: impl Into<String>) -> Self {
        SavedCountsProblem::Inconsistent {
            object: object.into(),
            problem: problem.into(),
        }
    }
}

#[cfg(test)]
mod tests;
