//! What is known of a point, and where it comes from.

use super::plan::Shard;
use super::row::PointResult;
use serde::{Deserialize, Serialize};

/// Where and how a point was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the machine.
    pub host: String,
    /// Id of the scheduler's job, or empty.
    pub job: String,
    /// The shard, `i/n`.
    pub shard: String,
    /// Wall-clock time of the simulation [s].
    pub simulate_s: f64,
    /// When it was finished [s since 1970].
    pub finished_unix_s: u64,
}

impl Origin {
    /// This machine and job, now.
    #[must_use]
    pub fn here(shard: Shard, simulate_s: f64) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let host = variable("SLURMD_NODENAME")
            .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
            .or_else(|| variable("HOSTNAME"))
            .or_else(|| variable("COMPUTERNAME"));
        let job = match (
            variable("SLURM_ARRAY_JOB_ID"),
            variable("SLURM_ARRAY_TASK_ID"),
        ) {
            (Some(job), Some(task)) => Some(format!("{job}_{task}")),
            _ => ["SLURM_JOB_ID", "HQ_JOB_ID", "PBS_JOBID", "LSB_JOBID"]
                .iter()
                .find_map(|name| variable(name)),
        };
        Origin {
            host: host.map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned()),
            job: job.unwrap_or_default(),
            shard: format!("{}/{}", shard.index, shard.of),
            simulate_s,
            finished_unix_s: std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |time| time.as_secs()),
        }
    }
}

/// What a store knows of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointStatus {
    /// The result, or why there is none.
    pub outcome: Result<PointResult, String>,
    /// Where it comes from.
    pub origin: Origin,
}
