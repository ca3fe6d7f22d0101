//! Lists the data files that are embedded: every table in `data/hardware/defaults`, then every one
//! in `data/hardware`, each in the order of their names, and every set of measurements in
//! `data/validation`. Says which commit is built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let root = Path::new(&root);
    let mut hardware = tables(&root.join("data/hardware/defaults"))?;
    hardware.extend(tables(&root.join("data/hardware"))?);
    let out = Path::new(&out);
    fs::write(out.join("hardware.rs"), list(&hardware))?;
    let validation = tables(&root.join("data/validation"))?;
    fs::write(out.join("validation.rs"), list(&validation))?;
    println!("cargo::rerun-if-changed=build.rs");
    let version = env::var("CARGO_PKG_VERSION").map_err(io::Error::other)?;
    let commit = commit(root).map_or(String::new(), |commit| format!(" ({commit})"));
    println!("cargo::rustc-env=SPIKEWATT_VERSION={version}{commit}");
    Ok(())
}

/// Length of a commit as it is shown.
const SHOWN: usize = 10;

/// The commit of the checkout, or the one that a package was made from; `None` of other sources.
fn commit(root: &Path) -> Option<String> {
    let packaged = root.join(".cargo_vcs_info.json");
    if let Ok(text) = fs::read_to_string(packaged) {
        let (_, rest) = text.split_once("\"sha1\"")?;
        let hash = rest.split('"').nth(1)?;
        return Some(hash.chars().take(SHOWN).collect());
    }
    // Not the repository of a project that merely contains these sources.
    if !root.join(".git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    // Moved whenever a commit is made or another one checked out, in linked worktrees too.
    for moved in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", moved])?;
        if root.join(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "HEAD"]).map(|hash| hash.chars().take(SHOWN).collect())
}

/// Names and paths of the `.toml` files in a folder, sorted.
fn tables(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            found.push((stem.into_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

/// A Rust array of names and embedded texts.
fn list(tables: &[(String, PathBuf)]) -> String {
    let mut text = String::from("[\n");
    for (name, path) in tables {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    ({name:?}, include_str!({path:?})),");
    }
    text + "]\n"
}
