//! Research sweeps: one file, many experiments, the front of the best.
//!
//! A [`Sweep`] is a base experiment and the keys that vary. Its [`Plan`] lists the points; the id of
//! a point is a hash of everything its result depends on, so a finished point is never computed
//! twice and never mistaken for another. [`run`] works through a [`Shard`] of the plan and keeps
//! each point in a [`Store`] the moment it is done; [`merge`] joins the stores of all shards
//! into tables whose bytes do not depend on how the work was split. [`pareto`] finds the points
//! that nothing beats.
//!
//! Stores are SQLite files and need the feature `sqlite`. Without it a sweep still runs:
//! [`run_in_memory`] gives the outcomes to the caller, and [`merge_statuses`] joins them.
//!
//! Points that differ in price alone share one simulation, and so do those that differ in timesteps
//! where `conversion.timesteps` fixes the network; points with the same model and data
//! share the import, what the original answers, and where neurons sit on each chip.
//!
//! A kill loses the simulations in work, one a thread. Nothing smaller has a result: all points of a
//! shared simulation come from the same pass over all samples, none is known before it ends, and
//! each is stored as soon as it is priced.
//!
//! # Axes
//!
//! Any key of an experiment file can vary; accuracy is measured anew for each value. The usual ones:
//!
//! | key | what varies |
//! |---|---|
//! | `model` | the network, such as a ladder of students |
//! | `optimise.prune`, `.prune_scope`, `.prune_unit` | weights or channels that are left |
//! | `optimise.weight_bits`, `.weight_step` | bits of a weight |
//! | `optimise.activation_bits` | bits of what each rectifier of the original gives, before conversion |
//! | `conversion.normalization`, `.percentile` | how thresholds are found |
//! | `simulation.timesteps` | length of a sample |
//! | `simulation.early_exit` | share of answers that stopping a sample early may change |
//! | `simulation.encoding` | how samples become input |
//! | `output.targets` | devices |
//!
//! With `simulation.early_exit` each sample is simulated and priced for the timesteps that it really
//! runs: energy, latency and events of such a point are means over the samples, and
//! `mean_timesteps` says how long they ran. Comparing the outputs in each timestep, which a device has
//! to do to stop, is not priced.

mod columns;
#[cfg_attr(not(feature = "sqlite"), path = "database_off.rs")]
mod database;
mod early_exit;
mod emit;
mod execute;
#[cfg_attr(not(feature = "figures"), path = "figure_off.rs")]
mod figure;
mod file;
mod goals;
mod merge;
mod method;
mod metric;
mod parameter;
pub mod pareto;
#[cfg_attr(not(feature = "parquet"), path = "parquet_file_off.rs")]
mod parquet_file;
mod placements;
mod plan;
mod row;
mod status;
mod store;
mod table;

pub use columns::Table;
pub use database::Store;
pub use emit::{EMITTERS, Emitter, Job};
pub use execute::{Summary, SweepObserver, run, run_in_memory};
pub use figure::{pareto_pdf, pareto_png, pareto_svg};
pub use file::Sweep;
pub use goals::Goals;
pub use merge::{Merged, MergedPoint, merge, merge_statuses, provenance_csv};
pub use method::Method;
pub use metric::{Constraint, METRICS, Metric, MetricEntry};
pub use parameter::{SettingDistribution, SettingRange, SweepParameter};
pub use plan::{Plan, Point, Shard};
pub use row::{Candidate, Energies, PointResult};
pub use status::{Origin, PointStatus};
pub use store::{read_stores, stores_in};
pub use table::{front_csv, front_tex};

use crate::energy::HardwareError;
use crate::experiment::{ConfigError, ExperimentError};
use crate::features::MissingFeature;
use crate::formats::KindError;

/// Most points of a sweep.
pub const MAX_POINTS: usize = 1_000_000;

/// Why a sweep cannot be planned, run or merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is no valid sweep.
    #[error("{path}: {message}")]
    Parse {
        /// The file.
        path: String,
        /// Line, column and what is accepted there.
        message: String,
    },
    /// A parameter makes no sense.
    #[error("parameter {key}: {reason}")]
    Parameter {
        /// Its key.
        key: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The points cannot be chosen.
    #[error("{0}")]
    Method(String),
    /// More points than anyone would wait for.
    #[error(
        "the sweep has more than {MAX_POINTS} points; give fewer values, or method = \"sobol\" with samples"
    )]
    TooMany,
    /// Two points would give the same result.
    #[error("points {first} and {second} are the same experiment; remove the repeated value")]
    Duplicate {
        /// Place of one in the plan.
        first: usize,
        /// Place of the other.
        second: usize,
    },
    /// The file is no sweep.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// A point's experiment is not accepted.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A target is not known.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
    /// An experiment failed.
    #[error(transparent)]
    Experiment(Box<ExperimentError>),
    /// The store of a shard cannot be used.
    #[error("{path}: {reason}")]
    Store {
        /// The store.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Not all points are there.
    #[error("{} of {of} points are missing, first \"{}\"; run the sweep again to finish them, or merge with --partial", missing.len(), missing.first().map_or("", String::as_str))]
    Incomplete {
        /// Ids of the missing points.
        missing: Vec<String>,
        /// Points of the plan.
        of: usize,
    },
    /// A table cannot be written.
    #[error("the table cannot be written as Parquet: {0}")]
    Parquet(String),
    /// This build lacks a part.
    #[error(transparent)]
    Feature(#[from] MissingFeature),
    /// Someone asked to stop.
    #[error("stopped; finished points are kept, run the same command again to go on")]
    Stopped,
}

impl From<ExperimentError> for SweepError {
    fn from(error: ExperimentError) -> Self {
        SweepError::Experiment(Box::new(error))
    }
}
