//! `THIRD_PARTY.md` names every crate of `Cargo.lock` once, with its licence and its authors.
//!
//! To write it anew after a change of dependencies:
//! `SPIKEWATT_WRITE_NOTICES=1 cargo test --test suite third_party`

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const FILE: &str = "THIRD_PARTY.md";

/// Marks in the file, between which the tables stand.
const MARKS: [&str; 2] = ["<!-- crates: begin -->\n", "<!-- crates: end -->\n"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Name and version of the crates from outside in a lock file.
fn locked() -> BTreeSet<(String, String)> {
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package.get("source").is_some())
        .map(|package| (text(package, "name"), text(package, "version")))
        .collect()
}

/// Name and version of each row of the tables.
fn listed(text: &str) -> Vec<(String, String)> {
    let tables = text
        .split_once(MARKS[0])
        .and_then(|(_, rest)| rest.split_once(MARKS[1]))
        .expect("the marks of the tables")
        .0;
    tables
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let is_row = cells.len() == 6 && cells[2].starts_with(|c: char| c.is_ascii_digit());
            is_row.then(|| (cells[1].to_owned(), cells[2].to_owned()))
        })
        .collect()
}

#[test]
fn every_locked_crate_has_a_notice() {
    if std::env::var_os("SPIKEWATT_WRITE_NOTICES").is_some() {
        let metadata = metadata(&[]).expect("cargo has every dependency at hand");
        let text = read(FILE);
        let (before, rest) = text.split_once(MARKS[0]).unwrap();
        let (_, after) = rest.split_once(MARKS[1]).unwrap();
        let [begin, end] = MARKS;
        let text = format!("{before}{begin}{}{end}{after}", tables(&metadata));
        std::fs::write(root().join(FILE), text).unwrap();
    }
    let rows = listed(&read(FILE));
    let unique: BTreeSet<(String, String)> = rows.iter().cloned().collect();
    assert_eq!(unique.len(), rows.len(), "a crate stands in {FILE} twice");
    let locked = locked();
    let missing: Vec<_> = locked.difference(&unique).collect();
    let gone: Vec<_> = unique.difference(&locked).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "{FILE} lacks {missing:?} and has {gone:?} that Cargo.lock does not; write it anew with \
         SPIKEWATT_WRITE_NOTICES=1 cargo test --test suite third_party"
    );
}

#[test]
fn the_tables_are_those_of_the_dependency_tree() {
    let Some(metadata) = metadata(&["--offline"]) else {
        eprintln!("SKIPPED: cargo has not every dependency at hand");
        return;
    };
    assert!(
        read(FILE).contains(&tables(&metadata)),
        "{FILE} is not of this Cargo.lock; write it anew with SPIKEWATT_WRITE_NOTICES=1"
    );
}

#[test]
fn data_and_fonts_have_their_notices() {
    let text = read(FILE);
    for entry in std::fs::read_dir(root().join("data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some((set, _)) = name.split_once('-').filter(|_| name.ends_with(".gz")) {
            assert!(text.contains(&format!("`data/{set}-*`")), "{name}");
        }
    }
    for words in [
        "Zalando SE",
        "CC BY 4.0",
        "Ubuntu Font Licence",
        "SIL Open Font License",
    ] {
        assert!(text.contains(words), "{words}");
    }
    // Licences that no text stands for.
    let texts = text.split_once("## Licence texts").unwrap().1;
    for (name, ..) in licences(&text) {
        let has_text = texts.contains(&format!("### {name}\n"));
        assert!(has_text, "{name} has no text in {FILE}");
    }
}

/// Names of licences in the column of licences.
fn licences(text: &str) -> BTreeSet<(String,)> {
    text.lines()
        .filter_map(|line| line.split('|').nth(3))
        .filter(|cell| line_is_licence(cell))
        .flat_map(|cell| {
            cell.replace(['(', ')', '/'], " ")
                .split_whitespace()
                .filter(|word| !["OR", "AND", "WITH", "LLVM-exception"].contains(word))
                .map(|word| (word.to_owned(),))
                .collect::<Vec<_>>()
        })
        // Never the one that is chosen.
        .filter(|(name,)| !name.contains("GPL"))
        .collect()
}

fn line_is_licence(cell: &str) -> bool {
    let cell = cell.trim();
    !cell.is_empty() && cell != "licence" && !cell.starts_with('-')
}

fn metadata(flags: &[&str]) -> Option<Value> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(flags)
        .current_dir(root())
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// Ids of a package and of what it is linked with.
fn linked<'a>(metadata: &'a Value, name: &str) -> BTreeSet<&'a str> {
    let nodes: BTreeMap<&str, &Value> = array(&metadata["resolve"]["nodes"])
        .map(|node| (text(&node["id"]), node))
        .collect();
    let first = array(&metadata["packages"])
        .find(|package| package["name"] == name)
        .map(|package| text(&package["id"]))
        .unwrap();
    let mut found = BTreeSet::new();
    let mut open = vec![first];
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        for dependency in array(&nodes[id]["deps"]) {
            if array(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()) {
                open.push(text(&dependency["pkg"]));
            }
        }
    }
    found
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn tables(metadata: &Value) -> String {
    let (program, window) = (
        linked(metadata, "spikewatt"),
        linked(metadata, "spikewatt-gui"),
    );
    let in_program = |id: &str| program.contains(id);
    let in_window = |id: &str| !program.contains(id) && window.contains(id);
    let elsewhere = |id: &str| !program.contains(id) && !window.contains(id);
    type Holds<'a> = &'a dyn Fn(&str) -> bool;
    let sections: [(&str, Holds); 3] = [
        (
            "In the program `spikewatt` and in the window `spikewatt-gui`",
            &in_program,
        ),
        ("In the window `spikewatt-gui` only", &in_window),
        (
            "Used for building and tests only; in neither program",
            &elsewhere,
        ),
    ];
    let mut out = String::new();
    for (title, belongs) in sections {
        out += &format!(
            "\n### {title}\n\n| crate | version | licence | copyright |\n|---|---|---|---|\n"
        );
        let mut rows: Vec<[String; 4]> = array(&metadata["packages"])
            .filter(|package| package["source"].is_string() && belongs(text(&package["id"])))
            .map(|package| {
                [
                    text(&package["name"]).to_owned(),
                    text(&package["version"]).to_owned(),
                    text(&package["license"]).to_owned(),
                    copyright(package),
                ]
            })
            .collect();
        rows.sort();
        for row in rows {
            out += &format!("| {} |\n", row.join(" | "));
        }
    }
    out + "\n"
}

/// Lines of copyright in the files of a package, or its authors.
fn copyright(package: &Value) -> String {
    let folder = Path::new(text(&package["manifest_path"])).parent().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            let name = name.to_uppercase();
            ["LICEN", "COPY", "NOTICE"]
                .iter()
                .any(|start| name.starts_with(start))
        })
        .collect();
    names.sort();
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        let text = std::fs::read(folder.join(name)).unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines() {
            let line = line.trim().trim_start_matches(['/', '*', '#', ' ']);
            let says_who = line.starts_with("Copyright")
                && line.contains(|c: char| c.is_ascii_digit() || c == '©')
                && !line.contains(['[', '{', '<']);
            let line = line.replace('|', "/");
            if says_who && !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    if lines.is_empty() {
        let authors = array(&package["authors"]).map(|author| {
            let name = text(author).split(" <").next().unwrap_or_default();
            name.replace('|', "/")
        });
        lines.extend(authors);
    }
    if lines.is_empty() {
        lines.push(text(&package["repository"]).to_owned());
    }
    lines.join("; ")
}
