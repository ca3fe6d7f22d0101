//! Documents beside the sources say what is so.

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Each place of the table in CONTRIBUTING exists, and a list that it names stands in its file.
#[test]
fn new_things_go_where_the_table_says() {
    let text = read("CONTRIBUTING.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        let (folder, line) = (row[2], row[3]);
        let file = quoted(line).find(|word| word.contains('/'));
        for path in quoted(folder).chain(file) {
            assert!(root().join(path).exists(), "{path} of {}", row[1]);
        }
        let Some(file) = file else { continue };
        let source = read(file);
        for name in quoted(line).filter(|word| !word.contains('/') && *word != "mod") {
            assert!(source.contains(name), "{name} in {file}");
        }
    }
}

#[test]
fn changelog_and_citation_are_of_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version}\n")));
    assert!(read("CITATION.cff").contains(&format!("\nversion: {version}\n")));
}

/// Each feature is explained where users of the library look.
#[test]
fn every_feature_is_explained() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let library = read("src/lib.rs");
    for feature in manifest["features"].as_table().unwrap().keys() {
        if feature != "default" {
            let row = format!("//! | `{feature}` | ");
            assert!(library.contains(&row), "{feature} in src/lib.rs");
        }
    }
}
