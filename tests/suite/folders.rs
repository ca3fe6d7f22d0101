//! Result folders stand alone: from any working directory, moved, mailed, shared by several verbs,
//! and written by earlier versions.

use assert_cmd::Command;
use serde_json::Value;
use spikewatt::budget::Budget;
use spikewatt::experiment::{Experiment, Progress};
use spikewatt::explore::Subject;
use spikewatt::formats::{FileKind, kind_of, native, shapes};
use spikewatt::sweep::Sweep;
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 4] = [
    ("networks/digits_mlp.onnx", "models/net.onnx"),
    (
        "data/digits-test360-images-idx3-ubyte.gz",
        "data/test-images-idx3-ubyte.gz",
    ),
    (
        "data/digits-test360-labels-idx1-ubyte.gz",
        "data/test-labels-idx1-ubyte.gz",
    ),
    (
        "data/digits-train1k-images-idx3-ubyte.gz",
        "data/train-images-idx3-ubyte.gz",
    ),
];

const EXPERIMENT: &str = r#"
    model = "../models/net.onnx"
    [data]
    path = "../data/test-images-idx3-ubyte.gz"
    samples = 12
    preprocessing = { scale = 0.0625 }
    [calibration]
    path = "../data/train-images-idx3-ubyte.gz"
    samples = 50
    [simulation]
    timesteps = 3
    encoding = "bernoulli"
    [output]
    targets = ["loihi1"]
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A folder with a model, data and an experiment, under names of its own.
fn project(folder: &Path) -> PathBuf {
    let project = folder.join("project");
    for name in ["models", "data", "experiments"] {
        fs::create_dir_all(project.join(name)).unwrap();
    }
    for (from, to) in FILES {
        fs::copy(root().join(from), project.join(to)).unwrap();
    }
    fs::write(project.join("experiments/digits.toml"), EXPERIMENT).unwrap();
    project
}

fn spikewatt(at: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("spikewatt").unwrap();
    command.current_dir(at).args(arguments).assert()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

/// Makes a result again; the differences are printed if there are any.
fn reproduced(at: &Path, folder: &Path, flags: &[&str]) {
    let mut arguments = vec!["reproduce", text(folder)];
    arguments.extend(flags);
    spikewatt(at, &arguments).success();
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_command_is_reproduced_wherever_its_global_flags_stood() {
    let temp = tempfile::tempdir().unwrap();
    let project = project(temp.path());
    let commands: [&[&str]; 6] = [
        &["--seed", "3", "run", "experiments/digits.toml", "-q"],
        &["-q", "--seed=3", "run", "experiments/digits.toml"],
        &[
            "--threads",
            "2",
            "--format",
            "json",
            "run",
            "experiments/digits.toml",
            "--quiet",
        ],
        &["run", "-qT", "2", "experiments/digits.toml", "--seed", "5"],
        &[
            "-q",
            "run",
            "--set",
            "simulation.timesteps=2",
            "experiments/digits.toml",
        ],
        &[
            "--seed=4",
            "-q",
            "run",
            "models/net.onnx",
            "--data",
            "data/test-images-idx3-ubyte.gz",
            "--calibration=data/train-images-idx3-ubyte.gz",
            "--set=data.preprocessing.scale=0.0625",
            "--set",
            "calibration.samples=50",
            "--samples=8",
            "-T2",
            "--targets",
            "loihi1",
        ],
    ];
    for (number, command) in commands.iter().enumerate() {
        let out = format!("results/{number}");
        spikewatt(&project, &[command, &["--out", &out][..]].concat()).success();
        reproduced(&project, &project.join(&out), &["--quiet"]);
    }
}

#[test]
fn a_folder_opens_from_anywhere_and_after_a_move_with_its_project() {
    let temp = tempfile::tempdir().unwrap();
    let before = project(temp.path());
    spikewatt(
        &before,
        &[
            "run",
            "experiments/digits.toml",
            "-q",
            "--out",
            "results/one",
        ],
    )
    .success();
    let elsewhere = tempfile::tempdir().unwrap();
    reproduced(elsewhere.path(), &before.join("results/one"), &[]);

    let after = temp.path().join("moved");
    fs::rename(&before, &after).unwrap();
    let result = after.join("results/one");
    for verb in ["price", "compare", "report"] {
        spikewatt(elsewhere.path(), &[verb, text(&result), "--quiet"]).success();
    }
    reproduced(elsewhere.path(), &result, &[]);
    reproduced(elsewhere.path(), &result.join("paper"), &[]);
    assert!(Subject::open(&result, &go_on).is_ok());
    assert!(Subject::open(&result.join("counts.h5"), &go_on).is_ok());
}

#[test]
fn a_mailed_folder_finds_its_files_by_their_contents() {
    let temp = tempfile::tempdir().unwrap();
    let project = project(temp.path());
    spikewatt(
        &project,
        &[
            "run",
            "experiments/digits.toml",
            "-q",
            "--out",
            "results/one",
        ],
    )
    .success();
    let mail = temp.path().join("mail");
    fs::rename(project.join("results/one"), &mail).unwrap();
    let shelf = temp.path().join("shelf");
    fs::create_dir(&shelf).unwrap();
    for (number, (_, file)) in FILES.iter().enumerate() {
        fs::rename(project.join(file), shelf.join(number.to_string())).unwrap();
    }
    fs::remove_dir_all(&project).unwrap();

    for verb in ["price", "compare", "report"] {
        spikewatt(temp.path(), &[verb, "mail", "--quiet"]).success();
    }
    let told = said(&spikewatt(temp.path(), &["reproduce", "mail"]).code(1));
    let manifest: Value =
        serde_json::from_slice(&fs::read(mail.join("manifest.json")).unwrap()).unwrap();
    let model = manifest["inputs"][0]["sha256"].as_str().unwrap();
    for part in ["models/net.onnx", &model[..12], "--look-in DIR"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    reproduced(temp.path(), &mail, &["--look-in", "shelf"]);

    let missing = Subject::open(&mail, &go_on).err().unwrap().to_string();
    assert_eq!(missing.lines().count(), 1);
    assert!(
        missing.contains("models/net.onnx") && missing.contains("--look-in"),
        "{missing}"
    );
    let look_in = [shelf.clone()];
    assert!(Subject::open_with(&mail, &look_in, &go_on).is_ok());
    // Or with everything in the folder that is opened.
    fs::rename(&shelf, mail.join("files")).unwrap();
    assert!(Subject::open(&mail, &go_on).is_ok());
}

#[test]
fn other_contents_at_the_place_of_a_file_are_told_and_not_used_in_silence() {
    let temp = tempfile::tempdir().unwrap();
    let project = project(temp.path());
    spikewatt(
        &project,
        &[
            "run",
            "experiments/digits.toml",
            "-q",
            "--out",
            "results/one",
        ],
    )
    .success();
    let result = project.join("results/one");
    let data = project.join("data/test-images-idx3-ubyte.gz");
    let right = temp.path().join("right");
    fs::rename(&data, &right).unwrap();
    fs::copy(project.join("data/train-images-idx3-ubyte.gz"), &data).unwrap();
    let told = Subject::open(&result, &go_on).err().unwrap().to_string();
    assert!(told.contains("has other contents"), "{told}");
    let told = said(&spikewatt(&project, &["reproduce", "results/one"]));
    assert!(told.contains("has other contents"), "{told}");
    // The right file anywhere else is taken instead.
    fs::create_dir(temp.path().join("shelf")).unwrap();
    fs::rename(&right, temp.path().join("shelf/x.gz")).unwrap();
    reproduced(&project, &result, &["--look-in", "../shelf"]);
}

#[test]
fn verbs_share_a_folder_and_each_replaces_its_own_result_alone() {
    let temp = tempfile::tempdir().unwrap();
    let project = project(temp.path());
    let verbs: [(&str, &[&str]); 6] = [
        ("run", &["experiments/digits.toml"]),
        ("price", &["out", "--targets", "loihi2"]),
        ("compare", &["out", "--tables", "loihi1,loihi2"]),
        ("doctor", &["experiments/digits.toml"]),
        ("convert", &["experiments/digits.toml"]),
        ("report", &["out"]),
    ];
    let place = |verb: &str| match verb {
        "run" => project.join("out"),
        other => project.join("out").join(other),
    };
    let all = |verbs: &[(&str, &[&str])]| -> BTreeMap<PathBuf, Vec<u8>> {
        verbs
            .iter()
            .flat_map(|(verb, _)| contents(&place(verb)))
            .collect()
    };
    let call = |verb: &str, arguments: &[&str], force: &[&str]| {
        let common = ["--quiet", "--out", "out"];
        spikewatt(&project, &[&[verb], arguments, &common[..], force].concat())
    };
    for (number, (verb, arguments)) in verbs.iter().enumerate() {
        let before = all(&verbs[..number]);
        call(verb, arguments, &[]).success();
        assert_eq!(
            all(&verbs[..number]),
            before,
            "{verb} changes no other result"
        );
        // The same command replaces its own result; another one does not.
        call(verb, arguments, &[]).success();
        let told = said(&call(verb, arguments, &["--seed", "7"]).code(1));
        assert!(
            told.contains("give --force to replace it"),
            "{verb}: {told}"
        );
    }
    for (verb, arguments) in &verbs {
        let others: Vec<_> = verbs
            .iter()
            .filter(|(other, _)| other != verb)
            .copied()
            .collect();
        let before = all(&others);
        call(verb, arguments, &["--force"]).success();
        assert_eq!(
            all(&others),
            before,
            "{verb} --force changes no other result"
        );
    }
    for (verb, _) in verbs {
        let manifest = fs::read(place(verb).join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["command"][0], verb);
    }
}

#[test]
fn a_priced_folder_is_a_result_of_its_own() {
    let temp = tempfile::tempdir().unwrap();
    let project = project(temp.path());
    spikewatt(
        &project,
        &[
            "run",
            "experiments/digits.toml",
            "-q",
            "--out",
            "results/one",
        ],
    )
    .success();
    let price = [
        "price",
        "results/one",
        "--targets",
        "loihi2",
        "--out",
        "priced/two",
        "-q",
    ];
    spikewatt(&project, &price).success();
    fs::remove_dir_all(project.join("results")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = temp.path().join("moved");
    fs::rename(&project, &moved).unwrap();
    let result = moved.join("priced/two");
    for verb in ["price", "compare", "report"] {
        spikewatt(elsewhere.path(), &[verb, text(&result), "--quiet"]).success();
    }
    reproduced(elsewhere.path(), &result, &[]);
    let subject = Subject::open(&result, &go_on).unwrap();
    assert_eq!(subject.samples(), 12);
}

#[test]
fn a_folder_of_version_0_1_0_stays_readable() {
    let fixture = root().join("tests/fixtures/result-0.1.0");
    let temp = tempfile::tempdir().unwrap();
    let result = temp.path().join("result");
    fs::create_dir(&result).unwrap();
    for (path, bytes) in contents(&fixture) {
        fs::write(result.join(path.file_name().unwrap()), bytes).unwrap();
    }
    for verb in ["price", "compare", "report"] {
        spikewatt(temp.path(), &[verb, "result", "--quiet"]).success();
    }
    fs::write(temp.path().join("budget.toml"), "[synops]\nmax = 1e9").unwrap();
    spikewatt(temp.path(), &["check", "result", "--budget", "budget.toml"]).success();
    let look_in = [root().join("networks"), root().join("data")];
    assert!(Subject::open_with(&result, &look_in, &go_on).is_ok());
    assert!(Subject::open(&fixture, &go_on).is_ok());

    // In place, files are found above it. What earlier versions did not list may differ, and so may
    // totals: they counted inputs as neurons.
    let arguments = ["reproduce", text(&fixture), "--format", "json", "--quiet"];
    let output = spikewatt(temp.path(), &arguments)
        .get_output()
        .stdout
        .clone();
    let found: Value = serde_json::from_slice(&output).unwrap();
    for difference in found["differences"].as_array().unwrap() {
        let name = difference["name"].as_str().unwrap();
        if difference["aspect"] == "input" {
            assert!(name.starts_with("experiment "), "{name}");
        }
    }
}

#[test]
fn files_that_people_wrote_for_version_0_1_0_stay_readable() {
    let mut read = 0;
    for folder in [
        "tests/fixtures/toml-0.1.0",
        "tests/fixtures/toml-0.1.0/shapes",
    ] {
        for file in contents(&root().join(folder)).keys() {
            let read_it = match kind_of(file).unwrap() {
                FileKind::ConvertedExperiment => Experiment::load(file, &[]).is_ok(),
                FileKind::Sweep => Sweep::load(file, &[]).is_ok(),
                FileKind::Shapes => shapes::load(file).is_ok(),
                FileKind::NativeNetwork => native::Description::load(file).is_ok(),
                FileKind::Budget => {
                    Budget::parse("budget", &fs::read_to_string(file).unwrap()).is_ok()
                }
                other => panic!("{}: {other:?}", file.display()),
            };
            assert!(read_it, "{}", file.display());
            read += 1;
        }
    }
    assert_eq!(read, 12);
}

/// Every sentence of a result, on every device, with and without spiking input.
#[test]
fn no_note_states_a_figure_to_more_digits_than_anyone_reads() {
    let temp = tempfile::tempdir().unwrap();
    let project = project(temp.path());
    let catalogue = spikewatt::energy::Catalogue::shipped().unwrap();
    let names: Vec<&str> = catalogue
        .devices()
        .map(|device| device.name.as_str())
        .collect();
    let targets = names.join(",");
    for encoding in ["constant", "bernoulli"] {
        let run = [
            "run",
            "experiments/digits.toml",
            "-q",
            "--force",
            "--out",
            "out",
        ];
        let flags = [
            "--encoding",
            encoding,
            "--targets",
            &targets,
            "-T",
            "7",
            "--period",
            "0.003",
        ];
        spikewatt(&project, &[&run[..], &flags[..]].concat()).success();
        let summary = fs::read(project.join("out/summary.json")).unwrap();
        let summary: Value = serde_json::from_slice(&summary).unwrap();
        let mut sentences: Vec<String> = Vec::new();
        let listed = |value: &Value| -> Vec<String> {
            let list = value.as_array().into_iter().flatten();
            list.filter_map(|text| text.as_str().map(str::to_owned))
                .collect()
        };
        for target in summary["targets"].as_array().unwrap() {
            sentences.extend(listed(&target["notes"]));
        }
        sentences.extend(listed(&summary["setup"]["notes"]));
        let methods = fs::read_to_string(project.join("out/methods.md")).unwrap();
        let prose = methods.lines().filter(|line| !line.contains("http"));
        sentences.extend(prose.map(str::to_owned));
        assert!(sentences.len() > 100, "{}", sentences.len());
        for sentence in sentences {
            let unrounded = sentence
                .split(|c: char| !c.is_ascii_digit() && c != '.')
                .any(|word| {
                    let digits = word
                        .split_once('.')
                        .map_or(0, |(_, fraction)| fraction.len());
                    // Identifiers of papers, such as arXiv 2406.15112, have five.
                    digits > 5
                });
            assert!(!unrounded, "{sentence}");
            assert!(!sentence.contains("i/o"), "{sentence}");
        }
    }
}
