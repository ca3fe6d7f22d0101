//! Names in models are data: whatever they are, they neither leave the output folder nor act in a
//! file that shows them.

use crate::build::{model, node, tensor};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Names that act somewhere if they are not escaped there.
const NAMES: [&str; 6] = [
    "../../../../tmp/evil",
    "=cmd|' /C calc'!A0",
    "</text></svg><script>alert(1)</script>&",
    "\\input{/etc/passwd} % $x^2$",
    "a\u{1b}[2J\u{202e}b\nc",
    "[x](javascript:alert(1)) | `y`",
];

/// A chain of layers with these names.
fn named() -> Vec<u8> {
    let (mut nodes, mut weights) = (Vec::new(), Vec::new());
    let mut last = "x".to_owned();
    let identity = [1.0, 0.0, 0.0, 1.0];
    for (index, name) in NAMES.iter().enumerate() {
        weights.push(tensor(&format!("w{index}"), &[2, 2], &identity));
        let inputs = [last.as_str(), &format!("w{index}")];
        nodes.push(node("Gemm", name, &inputs, name, vec![]));
        last = format!("{name} of {index}");
        nodes.push(node("Relu", &last, &[name], &last, vec![]));
    }
    weights.push(tensor("w", &[2, 2], &identity));
    nodes.push(node("Gemm", "out", &[&last, "w"], "out", vec![]));
    model(&[2], nodes, weights, "out")
}

fn spikewatt(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spikewatt"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    let shown = String::from_utf8(output.stdout).unwrap();
    let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    // JSON is for scripts, and keeps every letter; it escapes control characters by itself.
    let is_json = shown.starts_with('{');
    for text in [&said, &shown] {
        let acts = text.contains(|c| steers(c) && !(is_json && c == '\u{202e}'));
        assert!(!acts, "{arguments:?}: {text:?}");
    }
    shown
}

fn listed(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn hostile_names_act_in_no_exported_file() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    std::fs::write(folder.join("model.onnx"), named()).unwrap();
    for name in ["x.npy", "train.npy"] {
        let values = (0..8).map(|i| (i + 1) as f32 / 8.0);
        let data: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        std::fs::write(
            folder.join(name),
            super::files::npy("'<f4'", "(4, 2)", &data),
        )
        .unwrap();
    }
    let run = [
        "run",
        "model.onnx",
        "--data",
        "x.npy",
        "--calibration",
        "train.npy",
        "-T",
        "4",
    ];
    spikewatt(folder, &[&run[..], &["--out", "out"]].concat());
    spikewatt(
        folder,
        &[&run[..], &["--out", "json", "--format", "json"]].concat(),
    );
    spikewatt(folder, &["inspect", "model.onnx"]);
    spikewatt(folder, &["report", "out"]);
    spikewatt(folder, &["price", "out/counts.h5", "--targets", "loihi1"]);
    spikewatt(
        folder,
        &[
            "convert",
            "model.onnx",
            "--data",
            "train.npy",
            "--out",
            "nir",
        ],
    );
    spikewatt(
        folder,
        &[
            "simulate",
            "nir/network.nir",
            "--input",
            "x.npy",
            "--hold-input",
            "-T",
            "4",
            "--record",
            "recording.npz",
        ],
    );
    let expected = [
        "json",
        "model.onnx",
        "nir",
        "out",
        "recording.npz",
        "train.npy",
        "x.npy",
    ];
    assert_eq!(listed(folder), expected.map(String::from).into());

    let summary = std::fs::read(folder.join("out/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let populations = summary["populations"].as_array().unwrap();
    let names: BTreeSet<&str> = populations
        .iter()
        .filter_map(|p| p["name"].as_str())
        .collect();
    for hostile in NAMES {
        let kept = names.iter().any(|name| name.contains(hostile));
        assert!(
            kept,
            "{hostile:?} is not in the summary, which tests little: {names:?}"
        );
    }
    let mut seen = BTreeSet::new();
    for result in ["out", "out/paper", "nir"] {
        for name in listed(&folder.join(result)) {
            let path = folder.join(result).join(&name);
            if path.is_file() {
                let kind = path
                    .extension()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let bytes = std::fs::read(&path).unwrap();
                check(&format!("{result}/{name}"), &kind, &bytes);
                seen.insert(kind);
            }
        }
    }
    for kind in ["csv", "svg", "tex", "md", "bib"] {
        assert!(seen.contains(kind), "{kind} was not looked at");
    }
}

/// What must not stand in a file of a kind.
fn check(file: &str, kind: &str, bytes: &[u8]) {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if kind == "md" {
        // An escaped bracket is shown and opens no tag.
        text = text.replace("\\\\", "").replace("\\<", "");
    }
    let never: &[&str] = match kind {
        "svg" | "md" => &["<script", "</text></svg><", "\u{1b}", "\u{202e}"],
        "tex" | "bib" => &["\\input{", "$x^2$", "\u{1b}", "\u{202e}"],
        "csv" => &["\u{1b}", "\u{202e}"],
        _ => &[],
    };
    for forbidden in never {
        assert!(!text.contains(forbidden), "{file} contains {forbidden:?}");
    }
    if kind == "csv" {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        for row in rows.records() {
            for cell in row.unwrap().iter() {
                let acts = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
                assert!(!acts, "{file}: the cell {cell:?} is a formula");
            }
        }
    }
}
