//! Budgets held against results.

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::{Value, json};
use spikewatt::budget::{Budget, BudgetError, Measured, Status, passed};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn summary() -> Value {
    json!({
        "schema": "spikewatt.run/1",
        "totals": {"synops_per_inference": 1000.0},
        "accuracy": {"ann": 0.98, "snn": 0.96, "agreement": 0.97},
        "targets": [
            {"name": "loihi1", "workload": "snn", "batch": 1, "latency_s": 1e-4,
             "energy_j": {"low": 1e-6, "nominal": 2e-6, "high": 4e-6},
             "carbon_g": {"low": 1e-10, "nominal": 2e-10, "high": 4e-10}, "unpriced": []},
            {"name": "a100", "workload": "ann", "batch": 1, "latency_s": 2e-3,
             "energy_j": {"low": 0.1, "nominal": 0.2, "high": 0.4}, "carbon_g": null, "unpriced": []},
            {"name": "a100", "workload": "ann", "batch": 64, "latency_s": 4e-3,
             "energy_j": {"low": 0.01, "nominal": 0.02, "high": 0.04}, "carbon_g": null, "unpriced": []},
            {"name": "sparse", "workload": "snn", "batch": 1, "latency_s": null, "energy_j": null,
             "carbon_g": null, "unpriced": ["energy.synop", "power.chip_static"]},
        ],
    })
}

fn measured(value: &Value) -> Measured {
    Measured::parse("summary.json", value.to_string().as_bytes()).unwrap()
}

fn statuses(budget: &str, result: &Value, baseline: Option<&Value>) -> Vec<Status> {
    let checks = Budget::parse("budget.toml", budget)
        .unwrap()
        .check(&measured(result), baseline.map(measured).as_ref())
        .unwrap();
    checks.iter().map(|check| check.status).collect()
}

#[test]
fn closed_form_each_limit_passes_at_its_value_and_fails_beyond() {
    for (limit, beyond) in [
        ("[synops]\nmax = 1000", "[synops]\nmax = 999.9"),
        ("[accuracy]\nmin = 0.96", "[accuracy]\nmin = 0.9601"),
        (
            "[energy.loihi1]\nmax = 2e-6",
            "[energy.loihi1]\nmax = 1.99e-6",
        ),
        (
            "[energy.loihi1]\nmax = 4e-6\nbound = \"high\"",
            "[energy.loihi1]\nmax = 3.9e-6\nbound = \"high\"",
        ),
        ("[latency.a100]\nmax = 2e-3", "[latency.a100]\nmax = 1e-3"),
        (
            "[energy.a100]\nmax = 0.02\nbatch = 64",
            "[energy.a100]\nmax = 0.01\nbatch = 64",
        ),
        (
            "[carbon.loihi1]\nmax = 2e-10",
            "[carbon.loihi1]\nmax = 1e-10",
        ),
    ] {
        assert_eq!(statuses(limit, &summary(), None), [Status::Pass], "{limit}");
        assert_eq!(
            statuses(beyond, &summary(), None),
            [Status::Exceeded],
            "{beyond}"
        );
    }
}

#[test]
fn relative_limits_compare_with_the_baseline() {
    let mut worse = summary();
    worse["totals"]["synops_per_inference"] = json!(1050.0);
    worse["accuracy"]["snn"] = json!(0.95);
    worse["targets"][0]["energy_j"]["nominal"] = json!(2.3e-6);
    let budget = "[synops]\nmax_increase_percent = 5.1\n[accuracy]\nmax_drop = 0.011\n\
                  [energy.loihi1]\nmax_increase_percent = 10";
    assert_eq!(
        statuses(budget, &worse, Some(&summary())),
        [Status::Pass, Status::Pass, Status::Exceeded]
    );
    assert_eq!(
        statuses(budget, &summary(), Some(&worse)),
        [Status::Pass; 3],
        "an improvement passes"
    );
    let alone = Budget::parse("b.toml", budget)
        .unwrap()
        .check(&measured(&worse), None);
    assert!(
        matches!(alone, Err(BudgetError::NoBaseline { .. })),
        "{alone:?}"
    );
}

#[test]
fn an_unknown_value_never_passes() {
    let mut unlabelled = summary();
    unlabelled["accuracy"] = Value::Null;
    for (budget, result, told) in [
        (
            "[energy.sparse]\nmax = 1e9",
            &summary(),
            "energy.synop, power.chip_static",
        ),
        ("[latency.sparse]\nmax = 1e9", &summary(), "no figure for"),
        (
            "[energy.loihi2]\nmax = 1e9",
            &summary(),
            "no target \"loihi2\"; it has loihi1, a100, sparse",
        ),
        (
            "[energy.loihi1]\nmax = 1e9\nbatch = 8",
            &summary(),
            "batch 8",
        ),
        ("[carbon.a100]\nmax = 1e9", &summary(), "no value"),
        ("[accuracy]\nmin = 0", &unlabelled, "no labels"),
    ] {
        let budget = Budget::parse("b.toml", budget).unwrap();
        let checks = budget.check(&measured(result), None).unwrap();
        assert_eq!(checks[0].status, Status::Unknown, "{told}");
        assert!(!passed(&checks));
        let reason = checks[0].reason.as_ref().unwrap();
        assert!(reason.contains(told), "{reason}");
    }
    // Nor one that only the baseline lacks.
    let budget = "[accuracy]\nmax_drop = 1";
    assert_eq!(
        statuses(budget, &summary(), Some(&unlabelled)),
        [Status::Unknown]
    );
}

#[test]
fn a_budget_that_holds_nothing_is_an_error() {
    for (text, told) in [
        ("", "sets no limit"),
        ("[synops]", "sets no limit"),
        ("[synops]\nmx = 3", "mx"),
        ("[energy.loihi1]\nmax = -1", "energy.loihi1.max = -1"),
        ("[energy.loihi1]\nmax = nan", "energy.loihi1.max = NaN"),
        ("[accuracy]\nmin = 95", "fraction"),
        ("[energy.loihi1]\nmax = 1\nbound = \"mean\"", "bound"),
    ] {
        let error = Budget::parse("b.toml", text).unwrap_err().to_string();
        assert!(error.contains("b.toml") && error.contains(told), "{error}");
    }
}

fn check(folder: &Path, budget: &str, flags: &[&str]) -> assert_cmd::assert::Assert {
    fs::write(folder.join("budget.toml"), budget).unwrap();
    fs::write(folder.join("summary.json"), summary().to_string()).unwrap();
    Command::cargo_bin("spikewatt")
        .unwrap()
        .current_dir(folder)
        .args(["check", ".", "--budget", "budget.toml"])
        .args(flags)
        .assert()
}

#[test]
fn the_exit_code_is_3_when_a_limit_does_not_hold() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path();
    check(folder, "[synops]\nmax = 1000", &[]).code(0);
    let exceeded = "[synops]\nmax = 999\n[accuracy]\nmin = 0.5";
    check(folder, exceeded, &["--markdown", "summary.md"])
        .code(3)
        .stdout(predicate::str::contains("exceeded"));
    let markdown = fs::read_to_string(folder.join("summary.md")).unwrap();
    assert_eq!(
        markdown,
        "### Energy budget: 1 of 2 limits do not hold\n\n\
         | metric | of | value | allowed | status |\n|---|---|---:|---:|---|\n\
         | synops | network | 1.00 kSynOp | ≤ 999 SynOp | **exceeded** |\n\
         | accuracy | network | 96.00 % | ≥ 50.00 % | pass |\n"
    );
    check(folder, exceeded, &["--markdown", "-"])
        .code(3)
        .stdout(markdown);
    check(folder, "[energy.sparse]\nmax = 1", &[])
        .code(3)
        .stdout(predicate::str::contains(
            "unknown (counts as failed): no figure for energy.synop",
        ));
    let output = check(folder, exceeded, &["--format", "json"]).code(3);
    let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(report["passed"], false);
    assert_eq!(report["checks"][0]["status"], "exceeded");
    check(folder, "[synops]\nmax_increase_percent = 1", &[])
        .code(1)
        .stderr(predicate::str::contains("give --baseline DIR"));
    check(
        folder,
        "[synops]\nmax_increase_percent = 1",
        &["--baseline", "."],
    )
    .code(0);
}

#[test]
fn the_example_budget_holds_for_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let temp = TempDir::new().unwrap();
    let spikewatt = || Command::cargo_bin("spikewatt").unwrap();
    spikewatt()
        .arg("run")
        .arg(root.join("examples/digits.toml"))
        .args(["--quiet", "--out"])
        .arg(temp.path().join("out"))
        .assert()
        .success();
    spikewatt()
        .arg("check")
        .arg(temp.path().join("out"))
        .arg("--budget")
        .arg(root.join("examples/budget.toml"))
        .assert()
        .success();
}
