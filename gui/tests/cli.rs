//! The window and the command line say the same about every example that both run.
//!
//! The command line is the real one: this program starts itself again with [`AS_CLI`] set, and is
//! `spikewatt` then.

mod common;

use spikewatt_gui::app::App;
use std::process::{Command, ExitCode};
use std::time::Duration;

const AS_CLI: &str = "SPIKEWATT_TEST_AS_COMMAND_LINE";

fn main() -> ExitCode {
    if std::env::var_os(AS_CLI).is_some() {
        return spikewatt::cli::main();
    }
    for name in ["digits.toml", "fashion_mnist.toml"] {
        let (shown, printed) = (shown(name), printed(name));
        // How long it took is all that may differ.
        let (shown, printed) = (without_timing(&shown), without_timing(&printed));
        assert!(printed.len() > 1000 && printed.iter().any(|line| line.contains("\"loihi1\"")));
        for (shown, printed) in shown.iter().zip(&printed) {
            assert_eq!(shown, printed, "{name}");
        }
        assert_eq!(shown.len(), printed.len(), "{name}");
        println!("{name}: the window shows the report that the command line prints");
    }
    ExitCode::SUCCESS
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

/// The report behind the window.
fn shown(name: &str) -> String {
    let mut app = App::new(&eframe::egui::Context::default(), None);
    app.open(Some(common::example(name)), 0);
    while app.is_busy() {
        app.listen();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(app.message, None);
    serde_json::to_string_pretty(app.state.report.as_ref().unwrap()).unwrap()
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
