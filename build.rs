//! Lists the data files that are embedded: every table in `data/hardware/defaults`, then every one
//! in `data/hardware`, each in the order of their names, and every set of measurements in
//! `data/validation`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
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
    Ok(())
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
