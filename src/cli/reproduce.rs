//! `spikewatt reproduce`.

use super::{Common, Format, print, print_json, talk};
use crate::report::{
    Aspect, Difference, MANIFEST_FILE, Manifest, OutputFolder, differences, first_line,
};
use anyhow::{Context, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The verbs that write a manifest. No other command of a manifest is carried out: a manifest may
/// come from a stranger.
const VERBS: [&str; 7] = [
    "run", "doctor", "convert", "price", "estimate", "compare", "report",
];

#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// manifest.json of a result, or its folder.
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// Keep the new result in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier result in that folder.
    #[arg(long)]
    force: bool,
}

pub(super) fn execute(args: &ReproduceArgs, common: &Common) -> anyhow::Result<ExitCode> {
    let file = if args.manifest.is_dir() {
        args.manifest.join(MANIFEST_FILE)
    } else {
        args.manifest.clone()
    };
    let recorded = Manifest::load(&file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let command = Manifest::arguments(&recorded.command);
    let verb = command.first().map_or("", String::as_str);
    if !VERBS.contains(&verb) {
        bail!(
            "{}: its command begins with \"{verb}\"; reproduced are {}",
            file.display(),
            VERBS.join(", ")
        );
    }
    let temporary = tempfile::Builder::new()
        .prefix("spikewatt-")
        .tempdir()
        .context("no room for the result; see TMPDIR, or give --out")?;
    let again = args
        .out
        .clone()
        .unwrap_or_else(|| temporary.path().join("result"));
    // Refuses a foreign folder before any work is done.
    drop(OutputFolder::create(&again, args.force)?);
    run(&command, &again, args.force, common)?;

    let now = Manifest::load(&again.join(MANIFEST_FILE))?;
    let mut found = differences(&recorded, &now);
    for difference in found.iter_mut().filter(|d| d.aspect == Aspect::File) {
        let [old, new] = [folder, again.as_path()].map(|place| place.join(&difference.name));
        difference.first = first_line(&old, &new);
    }
    let reproduced = found.is_empty();
    match common.format {
        Format::Json => print_json(&serde_json::json!({
            "schema": "spikewatt.reproduce/1",
            "reproduced": reproduced,
            "files": now.files.len(),
            "differences": found,
        }))?,
        Format::Text => print(&text(&now, &found))?,
    }
    Ok(if reproduced {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Carries out a command of ours in a process of its own, as it was the first time.
fn run(command: &[String], out: &Path, force: bool, common: &Common) -> anyhow::Result<()> {
    let (verb, rest) = command.split_first().context("the command is empty")?;
    if !common.quiet {
        talk(&format!("running again: spikewatt {}", command.join(" ")));
    }
    let program = std::env::current_exe().context("the program cannot find itself")?;
    let mut process = Command::new(program);
    process.arg(verb).arg("--quiet").arg("--out").arg(out);
    if force {
        process.arg("--force");
    }
    if let Some(threads) = common.threads {
        process.arg("--threads").arg(threads.to_string());
    }
    let status = process
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("the command cannot be started")?;
    // What does not fit or exceeds a budget is a result all the same.
    if !out.join(MANIFEST_FILE).is_file() {
        bail!(
            "the command gave no result ({status}); its paths are relative to the folder where it ran first, so run reproduce there"
        );
    }
    Ok(())
}

fn text(now: &Manifest, found: &[Difference]) -> String {
    if found.is_empty() {
        return format!("reproduced: {} files, the same bytes\n", now.files.len());
    }
    let mut text = String::from("not reproduced:\n");
    for difference in found {
        let aspect = match difference.aspect {
            Aspect::Version => "version",
            Aspect::Input => "input",
            Aspect::Table => "cost table",
            Aspect::File => "file",
        };
        let short = |value: &Option<String>| match value {
            Some(value) => value.chars().take(12).collect(),
            None => "nothing".to_owned(),
        };
        text += &format!(
            "  {aspect} {}: was {}, is {}\n",
            difference.name,
            short(&difference.recorded),
            short(&difference.now)
        );
        if let Some(first) = &difference.first {
            let end = || "(end of file)".to_owned();
            text += &format!(
                "    line {}\n    - {}\n    + {}\n",
                first.line,
                first.recorded.clone().unwrap_or_else(end),
                first.now.clone().unwrap_or_else(end)
            );
        }
    }
    text
}
