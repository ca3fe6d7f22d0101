//! Files from strangers: refused with a message, never a crash, a hang or memory without end.
//!
//! `docs/hostile-files.md` lists the files of [`files::cases`] with the exact message of each.

#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/names.rs"]
mod names;
#[path = "../../fuzz/src/readers.rs"]
mod readers;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the program says of a file, or what is wrong with how it says so.
fn refusal(folder: &Path, case: &files::Case) -> Result<String, String> {
    if let Some(bytes) = &case.bytes {
        std::fs::write(folder.join(case.file), bytes).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_spikewatt"))
        .args(case.command.split(' '))
        .args([case.file, "--quiet"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let steers = |c: char| c.is_control() && c != '\n';
    match said.strip_prefix("error: ") {
        Some(message)
            if output.status.code() == Some(1)
                && !said.contains("panicked")
                && !said.contains(steers) =>
        {
            Ok(message.trim_end().to_owned())
        }
        _ => Err(format!("{}: {}: {said:?}", case.kind, output.status)),
    }
}

/// The section of a case in the table.
fn section(case: &files::Case, said: &str) -> String {
    let mut text = format!("### {}\n\n", case.kind);
    let _ = writeln!(text, "    spikewatt {} {}\n", case.command, case.file);
    for line in said.lines() {
        let _ = writeln!(text, "> {}  ", line.replace('<', "\\<"));
    }
    text + "\n"
}

/// Every file of the table is refused with exactly the message that the table states.
/// `SPIKEWATT_BLESS=1` writes the table instead.
#[test]
fn every_hostile_file_is_refused_as_documented() {
    const START: &str = "<!-- files -->\n\n";
    let temp = tempfile::tempdir().unwrap();
    files::honest(temp.path());
    let cases = files::cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    let (mut table, mut faults) = (String::new(), Vec::new());
    for case in &cases {
        match refusal(temp.path(), case) {
            Ok(said) => table += &section(case, &said),
            Err(fault) => faults.push(fault),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let path = root().join("docs/hostile-files.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let at = document.find(START).expect("the table has a start") + START.len();
    if std::env::var_os("SPIKEWATT_BLESS").is_some() {
        std::fs::write(&path, document[..at].to_owned() + &table).unwrap();
        return;
    }
    for (said, stated) in table.split("### ").zip(document[at..].split("### ")) {
        assert_eq!(said, stated);
    }
    assert_eq!(table, document[at..]);
}

/// As long as memory allows, the size of a graph is no problem.
#[test]
fn a_graph_of_a_million_nodes_is_read() {
    let bytes = files::chain(1_000_000);
    let model = spikewatt::formats::onnx::import("chain", "chain.onnx", &bytes).unwrap();
    assert!(!model.ann.layers.is_empty());
}

/// Files of the corpus of a target, by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(|p| std::fs::read(p).unwrap()).collect();
    assert!(!files.is_empty(), "{target} has no corpus");
    files
}

/// Damages a file in a few places, as fuzzers do.
fn mutate(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    const NUMBERS: [u64; 8] = [
        0,
        1,
        0x7f,
        0xff,
        0x7fff_ffff,
        0xffff_ffff,
        1 << 40,
        u64::MAX,
    ];
    for _ in 0..rng.random_range(1..6) {
        if bytes.is_empty() {
            bytes.push(rng.random());
        }
        let at = rng.random_range(0..bytes.len());
        let end = bytes.len().min(at + rng.random_range(1..32));
        match rng.random_range(0..8) {
            0 => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => bytes[at] = rng.random(),
            2 | 3 => {
                let number = NUMBERS[rng.random_range(0..NUMBERS.len())].to_le_bytes();
                let width = [1, 2, 4, 8][rng.random_range(0..4)].min(bytes.len() - at);
                bytes[at..at + width].copy_from_slice(&number[..width]);
            }
            4 => drop(bytes.drain(at..end)),
            5 => {
                let piece = bytes[at..end].to_vec();
                let to = rng.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            6 => bytes.truncate(at),
            _ => rng.fill_bytes(&mut bytes[at..end]),
        }
    }
}

/// No file of the fuzzers' corpus, and no mutation of one, makes its reader panic.
///
/// `SPIKEWATT_MUTATIONS=N` tries N a target, `SPIKEWATT_MUTATION_SEED=S` others,
/// `SPIKEWATT_MUTATION_TARGET=NAME` those of one reader.
#[test]
fn property_no_mutation_of_the_corpus_panics_a_reader() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let mutations = number("SPIKEWATT_MUTATIONS").unwrap_or(300) as usize;
    let seed = number("SPIKEWATT_MUTATION_SEED").unwrap_or(8);
    let only = std::env::var("SPIKEWATT_MUTATION_TARGET").ok();
    for (index, (target, read)) in readers::READERS.iter().enumerate() {
        if only.as_deref().is_some_and(|only| only != *target) {
            continue;
        }
        let files = corpus(target);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index as u64);
        let mutated = (0..mutations).map(|i| {
            let mut bytes = files[i % files.len()].clone();
            mutate(&mut bytes, &mut rng);
            bytes
        });
        for bytes in files.clone().into_iter().chain(mutated) {
            if catch_unwind(|| read(&bytes)).is_err() {
                let kept = std::env::temp_dir().join(format!("spikewatt-panic-{target}"));
                std::fs::write(&kept, &bytes).unwrap();
                panic!("{target} panics on {}", kept.display());
            }
        }
        if mutations > 10_000 {
            eprintln!("{target}: {mutations} mutations");
        }
    }
}
