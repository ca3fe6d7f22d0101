//! A result is made again, and what differs is named.

use assert_cmd::Command;
use std::path::{Path, PathBuf};

fn spikewatt() -> Command {
    let mut command = Command::cargo_bin("spikewatt").expect("the program is built");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A small result, with its own copy of the data.
fn result(folder: &Path) -> (PathBuf, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for kind in ["images-idx3", "labels-idx1"] {
        let name = format!("digits-test360-{kind}-ubyte.gz");
        std::fs::copy(root.join("data").join(&name), folder.join(&name)).expect("copied");
    }
    let (data, out) = (
        folder.join("digits-test360-images-idx3-ubyte.gz"),
        folder.join("out"),
    );
    let mut command = spikewatt();
    command
        .args([
            "run",
            "networks/digits_mlp.onnx",
            "--quiet",
            "--samples",
            "20",
        ])
        .args(["--calibration", "data/digits-train1k-images-idx3-ubyte.gz"])
        .args([
            "--set",
            "data.preprocessing.scale=0.0625",
            "-T",
            "4",
            "--data",
        ])
        .arg(&data)
        .args(["--targets", "loihi1", "--out"])
        .arg(&out);
    command.assert().success();
    (out, data)
}

fn reproduce(manifest: &Path, code: i32) -> serde_json::Value {
    let mut command = spikewatt();
    command.args(["reproduce", "--format", "json", "--threads", "2"]);
    let output = command.arg(manifest).assert().code(code);
    serde_json::from_slice(&output.get_output().stdout).expect("json")
}

#[test]
fn a_result_is_reproduced_and_a_change_is_named_with_its_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, data) = result(folder.path());
    let found = reproduce(&out.join("manifest.json"), 0);
    assert_eq!(found["reproduced"], true);
    assert!(found["files"].as_u64().expect("number") > 10);

    // Other data: the cause comes first, then the files with the first line that differs.
    let bytes = std::fs::read(data.with_file_name("digits-test360-images-idx3-ubyte.gz"));
    let mut other = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(&bytes.expect("readable")[..]),
        &mut other,
    )
    .expect("gzip");
    for pixel in &mut other[16..16 + 64] {
        *pixel = 16 - (*pixel).min(16);
    }
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &other).expect("written");
    std::fs::write(&data, gz.finish().expect("gzip")).expect("writable");
    let found = reproduce(&out, 1);
    assert_eq!(found["reproduced"], false);
    let differences = found["differences"].as_array().expect("list");
    assert_eq!(differences[0]["aspect"], "input");
    assert!(
        differences[0]["name"]
            .as_str()
            .expect("name")
            .starts_with("data ")
    );
    let table = differences.iter().find(|d| d["name"] == "populations.csv");
    let first = &table.expect("a table differs")["first"];
    assert!(first["line"].as_u64().expect("number") > 1);
    assert_ne!(first["recorded"], first["now"]);
}

#[test]
fn a_manifest_cannot_make_us_run_anything_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, _) = result(folder.path());
    let file = out.join("manifest.json");
    let text = std::fs::read_to_string(&file).expect("readable");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("json");
    let victim = folder.path().join("victim");
    manifest["command"] = serde_json::json!(["meter", "--", "touch", victim.display().to_string()]);
    std::fs::write(&file, manifest.to_string()).expect("writable");
    let mut command = spikewatt();
    let output = command.arg("reproduce").arg(&file).assert().code(1);
    let error = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(error.contains("meter"), "{error}");
    assert!(!victim.exists());
}
