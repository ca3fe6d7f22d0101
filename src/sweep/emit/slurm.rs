//! Slurm: an array job, a task per shard.

use super::{Emitter, Job};

/// Scripts for Slurm.
pub(super) static EMITTER: Emitter = Emitter {
    name: "slurm",
    about: "array job; submit with sbatch",
    script,
};

fn script(job: &Job) -> String {
    let name = job.plain_name();
    format!(
        "#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={threads}
#SBATCH --time={time}
#SBATCH --output={name}-%A_%a.log
#SBATCH --requeue
# One task per shard. A task that is killed or requeued goes on where it was: finished points are
# kept. When all are done:
#   {merge}
set -euo pipefail
exec {command}
",
        last = job.shards.saturating_sub(1),
        threads = job.threads,
        time = job.time,
        merge = job.merge().replace('\n', " "),
        command = job.command(&format!("${{SLURM_ARRAY_TASK_ID}}/{}", job.shards)),
    )
}
