//! Phrases that users read and that have a better word.

use std::path::{Path, PathBuf};

/// What is not written, and what is.
const INSTEAD: [(&str, &str); 22] = [
    (
        "Time, power, carbon and room",
        "Latency, power, carbon, capacity",
    ),
    ("Which figure matters (total", "Sensitivity (total …"),
    (
        "How far the cost tables are",
        "Model error against published measurements",
    ),
    (
        "rests on a figure that nobody has checked",
        "includes unverified cost figures",
    ),
    (
        "or only together with a wider column",
        "not available at this scope",
    ),
    ("The SNN loses", "The 8-bit ANN is N times cheaper"),
    ("Not decided:", "Undecided:"),
    (
        "most activity is power above idle",
        "dominated by dynamic power",
    ),
    ("Nothing to compare", "No comparison"),
    ("there is nothing to compare", "No comparison"),
    ("of the spikes take one back", "N negative (signed) spikes"),
    ("No progress and no talk", "Suppress progress and messages"),
    ("that nothing beats, the knee", "Pareto front, knee point"),
    ("Hold a result against", "Check a result against"),
    ("which is no pass", "counts as failed"),
    (
        "Batch of conventional devices beside",
        "Second batch size for GPU and CPU baselines",
    ),
    ("Most memory to take", "Memory limit"),
    (
        "calibration samples that did not convert it",
        "held-out calibration samples",
    ),
    (
        "early exit at a lead of",
        "early exit at an output margin of",
    ),
    ("a fault of spikewatt, please", "internal error (bug)"),
    ("Nothing is open.", "No network loaded"),
    (
        "take back spikes that came too early",
        "Allow negative spikes (signed IF)",
    ),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "md" || end == "toml")
        {
            found.push(path);
        }
    }
}

#[test]
fn nothing_that_users_read_has_a_word_to_avoid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md")];
    for folder in ["src", "gui/src", "docs", "examples", "data/hardware"] {
        files(&root.join(folder), &mut found);
    }
    assert!(found.len() > 300);
    let mut wrong = Vec::new();
    for path in found {
        // A sentence may run over lines.
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text
            .lines()
            .map(|line| line.trim().trim_start_matches("///").trim_end_matches('\\'));
        let text = lines.map(str::trim).collect::<Vec<_>>().join(" ");
        for (avoid, instead) in INSTEAD {
            if text.contains(avoid) {
                wrong.push(format!(
                    "{}: \"{avoid}\"; write \"{instead}\"",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
