//! Licences, sources and versions of dependencies, and where `unsafe` is.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What cargo knows of every package of the workspace; `None`, loudly, where it cannot say.
fn packages() -> Option<Vec<Value>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        eprintln!("SKIPPED: cargo has not every dependency at hand: {said}");
        return None;
    }
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    match metadata["packages"].take() {
        Value::Array(packages) => Some(packages),
        other => panic!("{other}"),
    }
}

fn name(package: &Value) -> String {
    let word = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", word("name"), word("version"))
}

/// Whether an SPDX expression can be satisfied with what is allowed. `/` is an old form of `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    let mut depth = 0;
    let (mut parts, mut operators, mut part) = (Vec::new(), Vec::new(), Vec::new());
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    for word in spaced.split_whitespace() {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 && (word == "OR" || word == "AND") {
            parts.push(std::mem::take(&mut part).join(" "));
            operators.push(word);
        } else {
            part.push(word);
        }
    }
    parts.push(part.join(" "));
    if let [only] = &parts[..] {
        let inner = only
            .strip_prefix('(')
            .and_then(|only| only.strip_suffix(')'));
        return inner.map_or_else(
            || allowed.contains(only),
            |inner| is_allowed(inner, allowed),
        );
    }
    // AND binds more tightly than OR.
    let split = operators.iter().position(|operator| *operator == "OR");
    let join = |parts: &[String], operators: &[&str]| {
        let mut text = parts[0].clone();
        for (operator, part) in operators.iter().zip(&parts[1..]) {
            text += &format!(" {operator} {part}");
        }
        text
    };
    match split {
        Some(at) => {
            is_allowed(&join(&parts[..=at], &operators[..at]), allowed)
                || is_allowed(&join(&parts[at + 1..], &operators[at + 1..]), allowed)
        }
        None => parts.iter().all(|part| is_allowed(part, allowed)),
    }
}

fn allowed() -> BTreeSet<String> {
    let deny: toml::Table = read("deny.toml").parse().unwrap();
    let list = deny["licenses"]["allow"].as_array().unwrap();
    list.iter()
        .map(|l| l.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn worked_licence_expressions() {
    let allowed: BTreeSet<String> = ["MIT", "Zlib"].map(String::from).into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("GPL-3.0/MIT", true),
        ("(GPL-3.0 OR MIT) AND Zlib", true),
        ("GPL-3.0 OR MIT AND Zlib", true),
        ("MIT AND GPL-3.0 OR GPL-2.0 AND Zlib", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_dependency_has_an_allowed_licence_source_and_compiler() {
    let Some(packages) = packages() else {
        return;
    };
    assert!(packages.len() > 100);
    let allowed = allowed();
    let version =
        |text: &str| -> Vec<u32> { text.split('.').map(|n| n.parse().unwrap()).collect() };
    let ours = packages
        .iter()
        .find(|package| package["name"] == "spikewatt")
        .unwrap();
    let compiler = version(
        ours["rust_version"]
            .as_str()
            .expect("the oldest compiler is stated"),
    );
    for package in &packages {
        let licence = package["license"].as_str().unwrap_or("none stated");
        assert!(
            is_allowed(licence, &allowed),
            "{}: {licence}",
            name(package)
        );
        if let Some(source) = package["source"].as_str() {
            let registry = "registry+https://github.com/rust-lang/crates.io-index";
            assert_eq!(source, registry, "{}", name(package));
        }
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(
                version(needed)[..2] <= compiler[..2],
                "{} needs Rust {needed}",
                name(package)
            );
        }
    }
}

/// Versions of one package that the program without its window brings along twice, each because two
/// of its dependencies have not met yet.
const TWICE: [&str; 6] = [
    "getrandom",
    "bitflags",
    "miniz_oxide",
    "syn",
    "thiserror",
    "thiserror-impl",
];

#[test]
fn the_program_brings_few_packages_twice() {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "tree",
            "--locked",
            "--offline",
            "-p",
            "spikewatt",
            "-e",
            "normal",
            "--prefix",
            "none",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    if !output.status.success() {
        eprintln!("SKIPPED: cargo has not every dependency at hand");
        return;
    }
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions
                .entry(name.to_owned())
                .or_default()
                .insert(version.to_owned());
        }
    }
    for (name, versions) in versions {
        let is_known = versions.len() == 1 || TWICE.contains(&name.as_str());
        assert!(is_known, "{name} is there as {versions:?}");
    }
}

/// Lines of a source file with code, and `unsafe` among its words.
fn unsafe_blocks(text: &str) -> usize {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|word| *word == "unsafe")
        .count()
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_unsafe_block_has_a_reason_in_the_inventory() {
    let mut found = Vec::new();
    sources(&root().join("src"), &mut found);
    sources(&root().join("gui/src"), &mut found);
    assert!(found.len() > 200, "{}", found.len());
    let counted: BTreeMap<String, usize> = found
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            (name, unsafe_blocks(&std::fs::read_to_string(path).unwrap()))
        })
        .filter(|(_, blocks)| *blocks > 0)
        .collect();
    let inventory: BTreeMap<String, usize> = read("SECURITY.md")
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let reasoned = cells.len() == 5 && !cells[3].is_empty();
            (reasoned && cells[1].ends_with(".rs"))
                .then(|| (cells[1].to_owned(), cells[2].parse().unwrap()))
        })
        .collect();
    assert_eq!(counted, inventory);
    for name in counted.keys() {
        // A sound block states its reason where it stands.
        let text = read(name);
        let reasons = text.matches("// SAFETY:").count();
        assert_eq!(
            reasons, counted[name],
            "{name} has as many reasons as blocks"
        );
    }
}
