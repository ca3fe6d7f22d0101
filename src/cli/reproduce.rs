//! `spikewatt reproduce`.

use super::inputs::LookIn;
use super::{Common, Format, command_line, definition, print, print_json, talk};
use crate::files;
use crate::manifest::{MANIFEST_FILE, Manifest, Sources, VERBS, result_file};
use crate::report::{Aspect, Difference, OutputFolder, differences, first_line};
use crate::result::InputEntry;
use anyhow::{Context, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// manifest.json of a result, or its folder.
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// Keep the new result in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier result of the same verb in that folder.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    places: LookIn,
}

pub(super) fn execute(args: &ReproduceArgs, common: &Common) -> anyhow::Result<ExitCode> {
    let file = result_file(&args.manifest, MANIFEST_FILE);
    let recorded = Manifest::load(&file)?;
    let folder = files::folder_of(&file);
    let command = command_line::recorded(&definition(), &recorded.command);
    let verb = command.first().map_or("", String::as_str);
    // No other command of a manifest is carried out: a manifest may come from a stranger.
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
    let place = OutputFolder::of_verb(&again, verb, args.force)?;
    let again = place.path().to_path_buf();
    drop(place);
    let places = places(&recorded, &command, folder, args, common)?;
    run(&command, &places, &again, args.force, common)?;

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
        _ => print(&text(&now, &found))?,
    }
    Ok(if reproduced {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Where each file that was read is now, by the path that the command and the result quote.
fn places(
    recorded: &Manifest,
    command: &[String],
    folder: &Path,
    args: &ReproduceArgs,
    common: &Common,
) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
    let mut wanted = recorded.inputs.clone();
    // Earlier versions did not list every file: experiments and cost tables.
    let listed: Vec<PathBuf> = wanted
        .iter()
        .map(|entry| entry.path.clone().into())
        .collect();
    for path in command_line::paths(&definition(), command) {
        let quoted = files::tidy(&path);
        if listed.iter().all(|known| !known.starts_with(&quoted)) {
            wanted.push(InputEntry {
                role: "file".to_owned(),
                path: quoted.display().to_string(),
                sha256: String::new(),
            });
        }
    }
    let sources = Sources::new(folder, Some(recorded), &args.places.look_in);
    let mut missing = Vec::new();
    let mut places = Vec::new();
    for (entry, found) in wanted.iter().zip(sources.find(&wanted)) {
        let now = match found {
            Ok(now) => now,
            Err(problem) => match &problem.other {
                Some(other) => {
                    if !common.quiet {
                        talk(&format!("{problem}; this time the other contents are used"));
                    }
                    other.clone()
                }
                None => {
                    missing.push(problem.to_string());
                    continue;
                }
            },
        };
        places.push((PathBuf::from(&entry.path), now));
    }
    if !missing.is_empty() {
        bail!("{}", missing.join("\n"));
    }
    Ok(places)
}

/// Carries out a command of ours in a process of its own, as it was the first time.
fn run(
    command: &[String],
    places: &[(PathBuf, PathBuf)],
    out: &Path,
    force: bool,
    common: &Common,
) -> anyhow::Result<()> {
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
    for (quoted, now) in places {
        process.arg("--place").arg(quoted).arg(now);
    }
    let status = process
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("the command cannot be started")?;
    // What does not fit or exceeds a budget is a result all the same.
    if !out.join(MANIFEST_FILE).is_file() {
        bail!("the command gave no result ({status}); its own error is above");
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
