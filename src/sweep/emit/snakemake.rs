//! Snakemake: a rule per shard and one that merges.

use super::{Emitter, Job, quoted};

/// Scripts for Snakemake.
pub(super) static EMITTER: Emitter = Emitter {
    name: "snakemake",
    about: "Snakefile; run with snakemake --cores N",
    script,
};

/// A Python string literal, with the braces that Snakemake would fill in kept as they are.
fn literal(command: &str) -> String {
    let mut out = String::from("\"");
    for c in command.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn script(job: &Job) -> String {
    // The wildcard is put in after the braces of file names were doubled.
    const SHARD: &str = "SPIKEWATT_SHARD";
    let command = format!(
        "{} && touch {SHARD}_DONE",
        job.command(&format!("{SHARD}/{}", job.shards))
    );
    let command = literal(&command)
        .replace(&format!("{SHARD}_DONE"), "{output}")
        .replace(SHARD, "{wildcards.shard}");
    let done = literal(&format!(
        "{}/shard-",
        quoted(&job.out.display().to_string()).trim_matches('\'')
    ));
    let done = done.trim_end_matches('"');
    format!(
        "# {name}: one rule instance per shard; finished points of a killed one are kept.
SHARDS = range({shards})

rule merge:
    input: expand({done}{{shard}}.done\", shard=SHARDS)
    shell: {merge}

rule shard:
    output: {done}{{shard}}.done\"
    threads: {threads}
    shell: {command}
",
        name = job.plain_name(),
        shards = job.shards,
        threads = job.threads,
        merge = literal(&job.merge()),
    )
}
