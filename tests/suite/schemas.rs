//! The shipped schemas say what the program writes.
//!
//! To write them anew after a column was added: `SPIKEWATT_BLESS=1 cargo test --test suite schemas`;
//! that of summary.json comes from the types (`SPIKEWATT_BLESS=1 cargo test --lib schema`).

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const TABLES: &str = "schemas/tables.json";

/// Units by the end of a column's name, the longest first.
const UNITS: [(&str, &str); 15] = [
    ("_g_per_kwh", "g/kWh"),
    ("_per_inference", "1"),
    ("_fraction", "1"),
    ("_percent", "%"),
    ("_js", "J s"),
    ("_kwh", "kWh"),
    ("_kg", "kg"),
    ("_mm", "mm"),
    ("_ml", "ml"),
    ("_hz", "Hz"),
    ("_j", "J"),
    ("_s", "s"),
    ("_w", "W"),
    ("_g", "g"),
    ("_m3", "m3"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A run and its paper, in folders of their own.
fn results(at: &Path) -> Vec<std::path::PathBuf> {
    let mut folders = Vec::new();
    let lines = [
        (
            "run",
            "examples/digits.toml --samples 60 --monte-carlo 20 --period 10ms --out run",
        ),
        (
            "doctor",
            "examples/digits.toml --samples 60 --timesteps 8 --out doctor",
        ),
        (
            "compare",
            "run --tables loihi1,arithmetic-45nm --out compare",
        ),
        ("report", "run --out paper"),
    ];
    for (verb, line) in lines {
        let mut command = Command::cargo_bin("spikewatt").expect("built with the tests");
        let words = line
            .split(' ')
            .map(|word| match word.starts_with("examples/") {
                true => root().join(word).display().to_string(),
                false => word.to_owned(),
            });
        let words: Vec<String> = words.collect();
        command.current_dir(at).args([verb, "-q"]).args(&words);
        command.assert().success();
        folders.push(at.join(words.last().unwrap()));
    }
    folders
}

/// A table as Frictionless "Table Schema" has it.
fn fields(csv: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let of = |(column, name): (usize, &str)| {
        let unit = UNITS.iter().find(|(end, _)| name.ends_with(end));
        let mut values = rows
            .iter()
            .map(|row| &row[column])
            .filter(|cell| !cell.is_empty());
        let all = |is: fn(&str) -> bool| values.clone().next().is_some() && values.clone().all(is);
        let kind = if all(|cell| cell == "true" || cell == "false") {
            "boolean"
        } else if unit.is_some() || all(|cell| cell.parse::<f64>().is_ok()) {
            "number"
        } else {
            "string"
        };
        let numbers = kind != "number" || values.all(|cell| cell.parse::<f64>().is_ok());
        assert!(numbers, "{name}: a unit and text");
        match unit {
            Some((_, unit)) => json!({ "name": name, "type": kind, "unit": unit }),
            None => json!({ "name": name, "type": kind }),
        }
    };
    head.iter().enumerate().map(of).collect()
}

#[test]
fn every_table_has_the_columns_of_its_schema() {
    let temp = TempDir::new().unwrap();
    let mut found = serde_json::Map::new();
    for folder in results(temp.path()) {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".csv") && !name.starts_with("manifest") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(name, json!({ "fields": fields(&text) }));
            }
        }
    }
    assert!(found.len() > 12, "{:?}", found.keys());
    found.sort_keys();
    let text = serde_json::to_string_pretty(&json!({
        "title": "Tables that spikewatt writes (CSV, UTF-8, one header line, empty cells are unknown)",
        "tables": found,
    }));
    let text = text.unwrap() + "\n";
    if std::env::var_os("SPIKEWATT_BLESS").is_some() {
        fs::write(root().join(TABLES), &text).unwrap();
    }
    let shipped = fs::read_to_string(root().join(TABLES)).unwrap_or_default();
    assert!(shipped == text, "{TABLES} is not what is written; bless it");
}

#[test]
fn summaries_are_valid_by_the_shipped_schema() {
    let temp = TempDir::new().unwrap();
    let folders = results(temp.path());
    let script = "import json, sys, jsonschema\n\
                  schema = json.load(open(sys.argv[1]))\n\
                  jsonschema.Draft202012Validator.check_schema(schema)\n\
                  jsonschema.validate(json.load(open(sys.argv[2])), schema)\n\
                  broken = json.load(open(sys.argv[2])); broken['samples'] = 'many'\n\
                  try:\n    jsonschema.validate(broken, schema)\n\
                  except jsonschema.ValidationError: print('valid')";
    let probe = std::process::Command::new("python3")
        .args(["-c", "import jsonschema"])
        .output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("SKIPPED: python3 with jsonschema is not installed");
        return;
    }
    let output = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(root().join("schemas/summary.schema.json"))
        .arg(folders[0].join("summary.json"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "valid",
        "{told}"
    );
}
