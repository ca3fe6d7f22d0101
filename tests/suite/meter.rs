//! Measuring commands, against counters whose values are known.

#![cfg(unix)]

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;
use spikewatt::meter::{Counter, Coverage, Found, MeterError, discover, measure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Writes a file of a tree like sysfs.
fn put(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn zone(root: &Path, folder: &str, name: &str, energy_uj: u64) {
    let folder = format!("class/powercap/{folder}");
    put(root, &format!("{folder}/name"), &format!("{name}\n"));
    put(
        root,
        &format!("{folder}/energy_uj"),
        &format!("{energy_uj}\n"),
    );
    put(root, &format!("{folder}/max_energy_range_uj"), "1000000\n");
}

/// A shell command that sets counters.
fn set(root: &Path, values: &[(&str, u64)]) -> Vec<String> {
    let script: String = values
        .iter()
        .map(|(folder, value)| {
            let file = root.join(format!("class/powercap/{folder}/energy_uj"));
            format!("echo {value} > '{}';", file.display())
        })
        .collect();
    vec!["sh".into(), "-c".into(), script]
}

fn run(command: &[String], found: Found) -> spikewatt::meter::Measurement {
    let mut process = std::process::Command::new(&command[0]);
    process.args(&command[1..]);
    let (status, measurement) = measure(&mut process, found, Duration::from_secs(5)).unwrap();
    assert!(status.success());
    measurement
}

#[test]
fn packages_and_their_memory_add_up_and_wrap_around() {
    let temp = TempDir::new().unwrap();
    let root = temp.path();
    zone(root, "intel-rapl:0", "package-0", 900_000);
    zone(root, "intel-rapl:0:0", "core", 5);
    zone(root, "intel-rapl:0:1", "dram", 100);
    zone(root, "intel-rapl:1", "psys", 7);
    zone(root, "intel-rapl-mmio:0", "package-0", 900_000);
    let found = discover(root, false);
    assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    let command = set(
        root,
        &[
            ("intel-rapl:0", 200_000),
            ("intel-rapl:0:0", 999),
            ("intel-rapl:0:1", 50_100),
            ("intel-rapl:1", 400_007),
            ("intel-rapl-mmio:0", 200_000),
        ],
    );
    let measurement = run(&command, found);
    // 900 000 to 1 000 000, then 0 to 200 000: 0.3 J; memory 0.05 J.
    let of = |name: &str| {
        let mut found = measurement.counters.iter().filter(|c| c.name == name);
        let counter = found.next().unwrap_or_else(|| panic!("{name}"));
        assert!(found.next().is_none(), "{name} is counted once");
        (counter.energy_j, counter.added)
    };
    assert_eq!(of("package-0"), (0.3, true));
    assert_eq!(of("dram-0"), (0.05, true));
    assert_eq!(of("psys"), (0.4, false));
    assert_eq!(measurement.counters.len(), 3);
    assert!((measurement.energy_j.unwrap() - 0.35).abs() < 1e-12);
}

#[test]
fn a_platform_counter_stands_in_where_no_part_can_be_read() {
    let temp = TempDir::new().unwrap();
    zone(temp.path(), "intel-rapl:1", "psys", 7);
    let command = set(temp.path(), &[("intel-rapl:1", 400_007)]);
    let measurement = run(&command, discover(temp.path(), false));
    assert_eq!(measurement.energy_j, Some(0.4));
}

#[test]
fn a_discharging_battery_is_integrated_and_a_charging_one_refused() {
    let temp = TempDir::new().unwrap();
    let root = temp.path();
    put(root, "class/power_supply/BAT0/type", "Battery\n");
    put(root, "class/power_supply/BAT0/status", "Discharging\n");
    put(root, "class/power_supply/BAT0/current_now", "2000000\n");
    put(root, "class/power_supply/BAT0/voltage_now", "10000000\n");
    put(root, "class/power_supply/AC/type", "Mains\n");
    let mut found = discover(root, false);
    let battery = &mut found.counters[0];
    battery.sample(0.0).unwrap();
    put(root, "class/power_supply/BAT0/power_now", "40000000\n");
    battery.sample(2.0).unwrap();
    // 20 W (2 A at 10 V), then 40 W as stated: the trapezium of 2 s holds 60 J.
    assert!((battery.energy_j() - 60.0).abs() < 1e-9);
    assert_eq!(battery.coverage(), Coverage::Machine);

    put(root, "class/power_supply/BAT0/status", "Charging\n");
    let found = discover(root, false);
    assert!(found.counters.is_empty());
    let told = found.unreadable.join("\n");
    assert!(told.contains("unplug the charger"), "{told}");
}

/// Fails from its second sample on.
struct Broken(u32);

impl Counter for Broken {
    fn name(&self) -> &str {
        "broken"
    }
    fn coverage(&self) -> Coverage {
        Coverage::Part
    }
    fn sample(&mut self, _: f64) -> Result<(), MeterError> {
        self.0 += 1;
        if self.0 == 1 {
            return Ok(());
        }
        Err(MeterError::Unreadable {
            file: "broken".into(),
            reason: "gone".into(),
        })
    }
    fn energy_j(&self) -> f64 {
        123.0
    }
}

#[test]
fn a_counter_that_fails_on_the_way_gives_no_figure() {
    let found = Found {
        counters: vec![Box::new(Broken(0))],
        unreadable: Vec::new(),
    };
    let measurement = run(&["true".to_owned()], found);
    assert_eq!(measurement.energy_j, None);
    assert!(measurement.unreadable[0].contains("gone"));
}

fn meter(sysfs: &Path, flags: &[&str], command: &[String]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("spikewatt")
        .unwrap()
        .args(["meter", "--sysfs"])
        .arg(sysfs)
        .args(flags)
        .arg("--")
        .args(command)
        .assert()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn without_a_counter_no_number_is_printed_and_the_exit_code_is_passed_on() {
    let temp = TempDir::new().unwrap();
    let command = words(&["sh", "-c", "echo from the child; exit 7"]);
    meter(temp.path(), &[], &command)
        .code(7)
        .stdout(
            predicate::str::contains("not known: no counter can be read")
                .and(predicate::str::contains(" J").not())
                .and(predicate::str::contains("from the child").not()),
        )
        .stderr(predicate::str::contains("from the child"));
    let output = meter(temp.path(), &["--format", "json"], &words(&["true"])).success();
    let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    for key in ["energy_j", "mean_power_w", "carbon_g", "evidence"] {
        assert!(report[key].is_null(), "{key}");
    }
    let killed = words(&["sh", "-c", "kill -9 $$"]);
    meter(temp.path(), &[], &killed).code(128 + 9);
    let missing = words(&["/nowhere/program"]);
    meter(temp.path(), &[], &missing)
        .code(1)
        .stderr(predicate::str::contains(
            "/nowhere/program: cannot be started",
        ));
}

#[test]
fn an_assumed_power_is_marked_as_modelled() {
    let temp = TempDir::new().unwrap();
    let flags = [
        "--assume-watts",
        "15",
        "--inferences",
        "4",
        "--format",
        "json",
    ];
    let output = meter(temp.path(), &flags, &words(&["sleep", "0.2"])).success();
    let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(report["evidence"], "modelled");
    assert_eq!(report["mean_power_w"], 15.0);
    let number = |value: &Value| value.as_f64().unwrap();
    let energy = number(&report["energy_j"]);
    let duration = number(&report["measurement"]["duration_s"]);
    assert!(duration >= 0.2);
    assert!((energy - 15.0 * duration).abs() < 1e-9);
    assert!((number(&report["per_inference"]["energy_j"]) - energy / 4.0).abs() < 1e-12);
    // The world's average of 2023: 481 g/kWh.
    assert!((number(&report["carbon_g"]) - energy / 3.6e6 * 481.0).abs() < 1e-12);
}

#[test]
fn a_measured_figure_is_not_replaced_by_an_assumed_one() {
    let temp = TempDir::new().unwrap();
    zone(temp.path(), "intel-rapl:0", "package-0", 0);
    let command = set(temp.path(), &[("intel-rapl:0", 720_000)]);
    let flags = [
        "--assume-watts",
        "15",
        "--grid-g-per-kwh",
        "100",
        "--format",
        "json",
    ];
    let output = meter(temp.path(), &flags, &command).success();
    let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(report["evidence"], "measured");
    assert_eq!(report["energy_j"], 0.72);
    assert!((report["carbon_g"].as_f64().unwrap() - 2e-5).abs() < 1e-15);
}

#[test]
fn the_grid_is_a_region_or_a_number() {
    let temp = TempDir::new().unwrap();
    let command = words(&["true"]);
    let intensity = |flags: &[&str]| {
        let flags = [&["--assume-watts", "10", "--format", "json"], flags].concat();
        let output = meter(temp.path(), &flags, &command).success();
        let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        let source = report["grid_source"].as_str().unwrap().to_owned();
        (report["grid_g_per_kwh"].as_f64().unwrap(), source)
    };
    assert_eq!(intensity(&[]).0, 481.0);
    let (france, source) = intensity(&["--region", "FRA"]);
    assert_eq!((france, source.is_empty()), (56.039, false));
    assert_eq!(intensity(&["--grid", "France"]).0, france);
    assert_eq!(intensity(&["--grid", "100"]).0, 100.0);
    // Told before anything runs.
    let file = temp.path().join("ran");
    let touch = words(&["touch", file.to_str().unwrap()]);
    meter(temp.path(), &["--grid", "atlantis"], &touch)
        .code(1)
        .stderr(predicates::str::contains("atlantis"));
    assert!(!file.exists());
}

#[test]
fn a_counter_without_permission_is_explained() {
    use std::os::unix::fs::PermissionsExt;
    let temp = TempDir::new().unwrap();
    zone(temp.path(), "intel-rapl:0", "package-0", 0);
    let file: PathBuf = temp.path().join("class/powercap/intel-rapl:0/energy_uj");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        // Root reads everything; a folder in its place cannot be read by anybody.
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let told = discover(temp.path(), false).unreadable.join("\n");
        assert!(told.contains("energy_uj"), "{told}");
        eprintln!("running as root: the advice on permissions was not reached");
        return;
    }
    let told = discover(temp.path(), false).unreadable.join("\n");
    assert!(told.contains("run as root"), "{told}");
}
