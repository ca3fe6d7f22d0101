//! HyperQueue: a task array, a task per shard.

use super::{Emitter, Job};

/// Scripts for HyperQueue.
pub(super) static EMITTER: Emitter = Emitter {
    name: "hyperqueue",
    about: "task array; submit with hq submit",
    script,
};

fn script(job: &Job) -> String {
    format!(
        "#!/bin/bash
#HQ --name={name}
#HQ --array=0-{last}
#HQ --cpus={threads}
#HQ --time-limit={time}
# One task per shard; finished points of a killed task are kept. When all are done:
#   {merge}
set -euo pipefail
exec {command}
",
        name = job.plain_name(),
        last = job.shards.saturating_sub(1),
        threads = job.threads,
        time = job.time,
        merge = job.merge().replace('\n', " "),
        command = job.command(&format!("${{HQ_TASK_ID}}/{}", job.shards)),
    )
}
