//! What a reader of the default output sees, at the widths of terminals.

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn spikewatt(at: &Path) -> Command {
    let mut command = Command::cargo_bin("spikewatt").expect("the binary is built with the tests");
    command
        .current_dir(at)
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1");
    command
}

/// A case: where its result is, and how it is made.
struct Case {
    name: &'static str,
    arguments: Vec<String>,
}

fn case(name: &'static str, line: &str) -> Case {
    let example = |word: &str| match word.strip_prefix("examples/") {
        Some(_) => root().join(word).display().to_string(),
        None => word.to_owned(),
    };
    let arguments = line.split_whitespace().map(example).collect();
    Case { name, arguments }
}

/// Digits without their labels.
fn unlabelled(at: &Path) -> PathBuf {
    let images = root().join("data/digits-test360-images-idx3-ubyte.gz");
    std::fs::copy(images, at.join("pictures-idx3-ubyte.gz")).unwrap();
    let path = |file: &str| root().join(file).display().to_string();
    let text = format!(
        "model = \"{}\"\n[data]\npath = \"pictures-idx3-ubyte.gz\"\nsamples = 60\n\
         preprocessing = {{ scale = 0.0625 }}\n[calibration]\npath = \"{}\"\n",
        path("networks/digits_mlp.onnx"),
        path("data/digits-train1k-images-idx3-ubyte.gz"),
    );
    let file = at.join("pictures.toml");
    std::fs::write(&file, text).unwrap();
    file
}

fn cases() -> Vec<Case> {
    vec![
        case(
            "fashion_mnist",
            "run examples/fashion_mnist.toml --samples 200",
        ),
        case("digits", "run examples/digits.toml"),
        case("brunel2000", "run examples/brunel2000.toml --timesteps 500"),
        case(
            "vgg16",
            "estimate examples/shapes/vgg16.toml --rate 0.05 --timesteps 8",
        ),
        case("period", "run examples/digits.toml --period 1s"),
        case(
            "infeasible",
            "run examples/digits.toml --samples 60 --max-latency 1ms --targets \
             loihi1,cortex-m4-stm32l4r5,arithmetic-45nm",
        ),
        case(
            "undecided",
            "run examples/digits.toml --samples 60 --targets loihi1,edge",
        ),
        case("no_labels", "run pictures.toml"),
    ]
}

#[test]
fn snapshot_of_answers_within_their_lines() {
    let temp = TempDir::new().unwrap();
    unlabelled(temp.path());
    for case in cases() {
        let mut made = spikewatt(temp.path());
        made.args(&case.arguments).args(["-q", "--out", case.name]);
        made.assert().success();
        for (width, most) in [(60, 24), (100, 16), (160, 16)] {
            let mut show = spikewatt(temp.path());
            show.env("COLUMNS", width.to_string())
                .args(["show", case.name]);
            let output = show.assert().success().get_output().stdout.clone();
            let text = String::from_utf8(output).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.len() <= most, "{} at {width}:\n{text}", case.name);
            for line in &lines {
                let long = line.chars().count();
                assert!(
                    long <= width,
                    "{} at {width}: {long} columns\n{line}",
                    case.name
                );
            }
            assert!(
                !text.contains('…'),
                "{} at {width}: elided\n{text}",
                case.name
            );
            assert!(text.contains("=> "), "{} at {width}:\n{text}", case.name);
            insta::assert_snapshot!(format!("answer_{}_{width}", case.name), text);
        }
    }
}

#[test]
fn tables_come_as_csv_markdown_and_latex() {
    let temp = TempDir::new().unwrap();
    let stdout = |line: &str| {
        let mut command = spikewatt(temp.path());
        command.args(case("", line).arguments);
        String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
    };
    stdout("run examples/digits.toml --samples 30 --out out -q");
    let csv = stdout("show out --format csv");
    let file = std::fs::read_to_string(temp.path().join("out/targets.csv")).unwrap();
    assert_eq!(csv, file);
    let md = stdout("show out --format md");
    assert!(md.starts_with("| class | target | workload"), "{md}");
    assert!(
        md.lines().any(|line| line.contains("| loihi1 | SNN |")),
        "{md}"
    );
    let tex = std::fs::read_to_string(temp.path().join("out/targets.tex")).unwrap();
    assert_eq!(stdout("show out --format latex"), tex);
    for (line, word) in [
        ("compare out --tables loihi1,arithmetic-45nm", "loihi1"),
        ("hardware list", "loihi1"),
        ("hardware list --unverified", "device"),
        ("hardware show loihi1", "energy.synop_dense"),
        ("hardware diff loihi1 loihi2", "first_value_si_low"),
    ] {
        for format in ["csv", "md", "latex"] {
            let text = stdout(&format!("{line} --format {format}"));
            let escaped = word.replace('_', "\\_");
            assert!(
                text.contains(word) || text.contains(&escaped),
                "{line} {format}\n{text}"
            );
            let first = text
                .lines()
                .find(|line| line.contains(',') || line.contains('&') || line.contains('|'));
            assert!(first.is_some(), "{line} {format}");
        }
    }
    let mut refused = spikewatt(temp.path());
    refused.args(["inspect", "missing.onnx", "--format", "csv"]);
    refused
        .assert()
        .failure()
        .stderr(predicates::str::contains("text or json"));
}

#[test]
fn shells_and_man_know_every_verb() {
    let temp = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let mut command = spikewatt(temp.path());
        command.args(["completions", shell]);
        let script = command.assert().success().get_output().stdout.clone();
        let script = String::from_utf8(script).unwrap();
        for word in ["estimate", "pareto", "--accuracy-tolerance", "hardware"] {
            let word = if shell == "fish" {
                word.trim_start_matches("--")
            } else {
                word
            };
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let mut command = spikewatt(temp.path());
    command.args(["man", "--out", "pages"]).assert().success();
    for page in [
        "spikewatt.1",
        "spikewatt-run.1",
        "spikewatt-hardware-list.1",
    ] {
        let text = std::fs::read_to_string(temp.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}

#[test]
fn show_names_what_is_no_result() {
    let temp = TempDir::new().unwrap();
    let mut command = spikewatt(temp.path());
    command.args(["show", "nowhere"]);
    command
        .assert()
        .failure()
        .stderr(predicates::str::contains("nowhere"));
}
