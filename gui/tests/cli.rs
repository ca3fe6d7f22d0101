//! The window and the command line say the same about every example that both run.
//!
//! The command line is the real one: this program starts itself again with [`AS_CLI`] set, and is
//! `spikewatt` then.

mod common;

use spikewatt_gui::app::App;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

const AS_CLI: &str = "SPIKEWATT_TEST_AS_COMMAND_LINE";

/// Examples that are left out, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("anytime.toml", "a sweep of 512 points"),
    (
        "brunel10000.toml",
        "a spiking network, of which the window has no report",
    ),
    (
        "brunel2000.toml",
        "a spiking network, of which the window has no report",
    ),
    ("budget.toml", "limits for a result, nothing to run"),
    ("early_exit.toml", "a sweep of 24 points"),
    ("students.toml", "a sweep of 64 runs"),
    ("sweep.toml", "a sweep of 240 runs"),
];

fn main() -> ExitCode {
    if std::env::var_os(AS_CLI).is_some() {
        return spikewatt::run_cli();
    }
    let mut examples = examples();
    for (name, reason) in LEFT_OUT {
        let place = examples.iter().position(|example| example == name);
        examples.remove(place.expect("only what exists is left out"));
        println!("{name}: left out: {reason}");
    }
    for name in &examples {
        let app = shown(name);
        let printed = printed(name);
        let report = app.state.report.as_ref().unwrap();
        let shown = serde_json::to_string_pretty(report).unwrap();
        same_report(name, &shown, &printed);
    }
    assert!(examples.len() >= 2, "{examples:?}");
    ExitCode::SUCCESS
}

/// Every example that the window can be given, by name.
fn examples() -> Vec<String> {
    let folder = common::root().join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let paths = files.map(|file| PathBuf::from(file.file_name()));
    let named = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    let mut names: Vec<String> = named.map(|path| path.display().to_string()).collect();
    names.sort_unstable();
    names
}

/// How long it took is all that may differ.
fn same_report(name: &str, shown: &str, printed: &str) {
    let (shown, printed) = (without_timing(shown), without_timing(printed));
    assert!(printed.len() > 1000 && printed.iter().any(|line| line.contains("\"loihi1\"")));
    for (shown, printed) in shown.iter().zip(&printed) {
        assert_eq!(shown, printed, "{name}");
    }
    assert_eq!(shown.len(), printed.len(), "{name}");
    println!("{name}: the window shows the report that the command line prints");
}

/// Lines of a report but for those of its timing.
fn without_timing(report: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = report.lines().collect();
    let timing = |line: &&str| line.trim_start().starts_with("\"timing\": {");
    let start = lines.iter().position(timing).unwrap();
    let length = lines[start..]
        .iter()
        .position(|line| line.contains('}'))
        .unwrap();
    lines.drain(start..=start + length);
    lines
}

/// The window with an example open and everything worked out.
fn shown(name: &str) -> App {
    let mut app = App::new(&eframe::egui::Context::default(), None);
    app.open(Some(common::example(name)), 0);
    while app.is_busy() {
        app.listen();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(app.message, None);
    app
}

/// What `spikewatt run` prints.
fn printed(name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .env(AS_CLI, "1")
        .args(["--format", "json", "run"])
        .arg(common::example(name))
        .arg("--out")
        .arg(folder.path().join("out"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}
