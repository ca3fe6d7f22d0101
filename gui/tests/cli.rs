//! The window and the command line say the same about every example that both run.
//!
//! The command line is the real one: this program starts itself again with [`AS_CLI`] set, and is
//! `spikewatt` then.

mod common;

use serde_json::Value;
use spikewatt_gui::app::App;
use std::process::{Command, ExitCode};
use std::time::Duration;

const AS_CLI: &str = "SPIKEWATT_TEST_AS_COMMAND_LINE";

fn main() -> ExitCode {
    if std::env::var_os(AS_CLI).is_some() {
        return spikewatt::cli::main();
    }
    for name in ["digits.toml", "fashion_mnist.toml"] {
        let mut shown = shown(name);
        let mut printed = printed(name);
        for report in [&mut shown, &mut printed] {
            // How long it took is all that may differ.
            assert!(report.as_object_mut().unwrap().remove("timing").is_some());
        }
        assert!(printed["targets"].as_array().unwrap().len() > 3);
        assert!(
            shown == printed,
            "{name}: {}",
            first_difference(&shown, &printed, "")
        );
        println!("{name}: the window shows the report that the command line prints");
    }
    ExitCode::SUCCESS
}

/// The report behind the window.
fn shown(name: &str) -> Value {
    let mut app = App::new(&eframe::egui::Context::default(), None);
    app.open(Some(common::example(name)), 0);
    while app.is_busy() {
        app.listen();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(app.message, None);
    serde_json::to_value(app.state.report.as_ref().unwrap()).unwrap()
}

/// What `spikewatt run` prints.
fn printed(name: &str) -> Value {
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
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Where two values differ first.
fn first_difference(a: &Value, b: &Value, path: &str) -> String {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let differs = a.iter().find(|(key, value)| b[*key] != **value);
            differs.map_or(String::new(), |(key, value)| {
                first_difference(value, &b[key], &format!("{path}.{key}"))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let place = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(0);
            first_difference(&a[place], &b[place], &format!("{path}[{place}]"))
        }
        _ => format!("{path}: the window has {a}, the command line {b}"),
    }
}
