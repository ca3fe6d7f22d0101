//! Kills, full disks, damaged stores, jumping clocks: nothing is lost and nothing torn.

#![cfg(unix)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use serde_json::Value;
use spikewatt::report::{MANIFEST_FILE, Manifest, OutputFolder};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Kills a test: few in the suite, `SPIKEWATT_KILLS` of them by hand.
fn kills() -> usize {
    let stated = std::env::var("SPIKEWATT_KILLS").ok();
    stated.and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn spikewatt(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spikewatt"));
    command.args(arguments).args(["--quiet", "--threads", "2"]);
    command
}

fn run_command(out: &Path) -> Command {
    let experiment = root().join("examples/digits.toml");
    let mut command = spikewatt(&["run", "--samples", "40", "-T", "4", "--force"]);
    command.args(["--targets", "loihi1"]).arg(experiment);
    command.arg("--out").arg(out);
    command
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output
}

fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(
        said.trim_end().lines().count(),
        1,
        "one clear error: {said}"
    );
    said
}

/// Starts a command and kills it (SIGKILL) after a time. Whether it was still at work.
fn killed_after(mut command: Command, delay: Duration) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let _ = child.kill();
    child.wait().unwrap().code().is_none()
}

/// How long a command takes.
fn duration(command: Command) -> Duration {
    let started = Instant::now();
    done(command);
    started.elapsed()
}

/// The result in a folder; wall-clock figures, which differ between runs, at zero.
fn result(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let mut bytes = fs::read(entry.path()).unwrap();
        if name == "summary.json" {
            let mut summary: Value = serde_json::from_slice(&bytes).expect("whole JSON");
            summary["timing"] = Value::Null;
            bytes = serde_json::to_vec(&summary).unwrap();
        }
        if !name.starts_with(".spikewatt-") {
            files.insert(name, bytes);
        }
    }
    files
}

#[test]
fn kills_at_random_moments_of_a_run_leave_a_whole_result_or_the_former() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    let time = duration(run_command(&whole));
    let expected = result(&whole);
    let out = temp.path().join("out");
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut hits = 0;
    for _ in 0..kills() {
        hits += usize::from(killed_after(
            run_command(&out),
            time.mul_f64(rng.random_range(0.0..1.1)),
        ));
        if !out.is_dir() {
            continue;
        }
        // What is there is whole; if the manifest says that it is a result, it is this one.
        let left = result(&out);
        for (name, bytes) in left.iter().filter(|(name, _)| *name != MANIFEST_FILE) {
            assert_eq!(bytes, &expected[name], "{name}");
        }
        match Manifest::load(&out.join(MANIFEST_FILE)) {
            Ok(_) => assert_eq!(left, expected),
            Err(_) => assert!(
                left.is_empty() || left.contains_key(MANIFEST_FILE),
                "{:?}",
                left.keys()
            ),
        }
    }
    eprintln!("{hits} of {} kills hit a run at work", kills());
    assert!(hits > 0, "no kill hit");
    done(run_command(&out));
    assert_eq!(result(&out), expected);
    let leftovers = fs::read_dir(&out).unwrap().count() - expected.len();
    assert_eq!(leftovers, 0, "temporary files of killed runs are removed");
}

const SWEEP: &str = r#"
    experiment = "ROOT/examples/digits.toml"
    [parameters]
    "simulation.timesteps" = [1, 2, 3, 4, 5, 6]
    "simulation.encoding" = ["constant", "bernoulli"]
    "simulation.seed" = [1, 2]
    "data.samples" = 40
    "calibration.samples" = 50
    "output.targets" = [["loihi1"]]
"#;

fn sweep_file(folder: &Path) -> PathBuf {
    let file = folder.join("digits.toml");
    let root = root().to_str().unwrap();
    fs::write(&file, SWEEP.replace("ROOT", root)).unwrap();
    file
}

fn sweep_command(verb: &str, file: &Path, out: &Path) -> Command {
    let mut command = spikewatt(&["sweep", verb]);
    command.arg(file).arg("--out").arg(out);
    command
}

/// Finished points.
fn finished(file: &Path, out: &Path) -> u64 {
    let mut command = sweep_command("status", file, out);
    command.args(["--format", "json"]);
    let status: Value = serde_json::from_slice(&done(command).stdout).unwrap();
    status["done"].as_u64().unwrap()
}

fn tables(folder: &Path) -> Vec<Vec<u8>> {
    ["results.json", "points.csv", "candidates.csv"]
        .map(|name| fs::read(folder.join(name)).unwrap())
        .to_vec()
}

#[test]
fn kills_at_random_moments_of_a_sweep_lose_no_finished_point() {
    let temp = tempfile::tempdir().unwrap();
    let file = sweep_file(temp.path());
    let whole = temp.path().join("whole");
    let time = duration(sweep_command("run", &file, &whole));
    let expected = tables(&whole);
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut out = temp.path().join("out-0");
    let (mut before, mut hits) = (0, 0);
    for kill in 0..kills() {
        let delay = time.mul_f64(rng.random_range(0.0..0.7));
        hits += usize::from(killed_after(sweep_command("run", &file, &out), delay));
        if !out.is_dir() {
            continue;
        }
        let now = finished(&file, &out);
        assert!(
            now >= before,
            "{before} points were finished, {now} are left"
        );
        before = now;
        if now == 24 {
            done(sweep_command("run", &file, &out));
            assert_eq!(tables(&out), expected);
            out = temp.path().join(format!("out-{}", kill + 1));
            before = 0;
        }
    }
    eprintln!("{hits} of {} kills hit a sweep at work", kills());
    assert!(hits > 0, "no kill hit");
    done(sweep_command("run", &file, &out));
    assert_eq!(tables(&out), expected);
}

#[test]
fn a_sweep_that_is_told_to_end_says_so_and_goes_on_later() {
    let temp = tempfile::tempdir().unwrap();
    let file = sweep_file(temp.path());
    let out = temp.path().join("out");
    let whole = temp.path().join("whole");
    let time = duration(sweep_command("run", &file, &whole));
    let child = sweep_command("run", &file, &out)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(time.mul_f64(0.4));
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // It may have been done already, or not have come as far as to listen.
    if output.status.code() == Some(1) {
        assert!(
            said.contains("finished points are kept, run the same command again"),
            "{said}"
        );
    }
    done(sweep_command("run", &file, &out));
    assert_eq!(tables(&out), tables(&whole));
}

#[test]
fn two_processes_on_one_result_folder_are_one_too_many() {
    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("out");
    let held = OutputFolder::create(&out, false).unwrap();
    let said = refused(run_command(&out));
    assert!(
        said.contains("another process writes into it; wait for it"),
        "{said}"
    );
    drop(held);
    done(run_command(&out));
}

/// A small file system of its own; `None`, loudly, where none may be mounted.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(bytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(folder));
        }
        eprintln!("SKIPPED: a small file system needs the rights to mount one");
        None
    }

    fn read_only(&self) {
        let remounted = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.0.path())
            .status();
        assert!(remounted.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Size of a small disk that a result fits on \[B\].
const DISK: usize = 16 << 20;

#[test]
fn a_full_disk_gives_one_error_and_leaves_the_former_result() {
    let Some(disk) = SmallDisk::new(DISK) else {
        return;
    };
    let out = disk.0.path().join("out");
    done(run_command(&out));
    let former = result(&out);
    let size: usize = former
        .values()
        .map(|bytes| bytes.len().next_multiple_of(4096))
        .sum();
    // The result fits once, and not twice.
    let ballast = vec![0; DISK - size - size / 2];
    fs::write(disk.0.path().join("ballast"), ballast).unwrap();
    let said = refused(run_command(&out));
    assert!(said.contains("No space left on device"), "{said}");
    assert_eq!(result(&out), former);
    fs::remove_file(disk.0.path().join("ballast")).unwrap();
    done(run_command(&out));
    assert_eq!(result(&out), former);
}

#[test]
fn a_full_disk_stops_a_sweep_which_goes_on_later() {
    let Some(disk) = SmallDisk::new(64 << 10) else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let file = sweep_file(temp.path());
    let whole = temp.path().join("whole");
    done(sweep_command("run", &file, &whole));
    let out = disk.0.path().join("out");
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![0; 24 << 10]).unwrap();
    let said = refused(sweep_command("run", &file, &out));
    assert!(
        said.contains("full") || said.contains("No space left"),
        "{said}"
    );
    // Elsewhere there is room.
    let moved = temp.path().join("moved");
    fs::create_dir(&moved).unwrap();
    for entry in fs::read_dir(&out).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), moved.join(entry.file_name())).unwrap();
    }
    done(sweep_command("run", &file, &moved));
    assert_eq!(tables(&moved), tables(&whole));
}

#[test]
fn a_read_only_folder_gives_one_error_and_leaves_the_former_result() {
    let Some(disk) = SmallDisk::new(4 << 20) else {
        return;
    };
    let out = disk.0.path().join("out");
    done(run_command(&out));
    let former = result(&out);
    disk.read_only();
    let said = refused(run_command(&out));
    assert!(said.contains("Read-only file system"), "{said}");
    assert_eq!(result(&out), former);
    let said = refused(run_command(&disk.0.path().join("new")));
    assert!(said.contains("Read-only file system"), "{said}");
}

/// The store of a finished sweep, and its tables.
fn finished_sweep(folder: &Path) -> (PathBuf, PathBuf, Vec<Vec<u8>>) {
    let file = sweep_file(folder);
    let out = folder.join("out");
    done(sweep_command("run", &file, &out));
    let expected = tables(&out);
    (file, out, expected)
}

#[test]
fn jumping_clocks_change_no_result() {
    let temp = tempfile::tempdir().unwrap();
    let (file, out, expected) = finished_sweep(temp.path());
    let store = Connection::open(out.join("shard-0-of-1.sqlite")).unwrap();
    for time in [-1, 0, i64::MAX, i64::MIN] {
        store
            .execute("UPDATE points SET finished_unix_s = ?1", [time])
            .unwrap();
        assert_eq!(finished(&file, &out), 24);
        done(sweep_command("run", &file, &out));
        assert_eq!(tables(&out), expected);
    }
}

#[test]
fn damaged_pages_of_a_store_are_told_and_never_change_a_result() {
    let temp = tempfile::tempdir().unwrap();
    let (file, out, expected) = finished_sweep(temp.path());
    let store = out.join("shard-0-of-1.sqlite");
    let whole = fs::read(&store).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let mut told = 0;
    for _ in 0..24 {
        let mut bytes = whole.clone();
        let page = 4096 * rng.random_range(0..bytes.len() / 4096);
        match rng.random_range(0..3) {
            0 => bytes[page..page + 4096].fill(0),
            1 => rng.fill(&mut bytes[page..page + 4096]),
            _ => bytes.truncate(page + 1000),
        }
        fs::write(&store, &bytes).unwrap();
        let output = sweep_command("merge", &file, &out).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => assert_eq!(tables(&out), expected),
            Some(1) => {
                told += 1;
                assert!(
                    said.contains("shard-0-of-1") || said.contains("points are missing"),
                    "{said}"
                );
            }
            _ => panic!("{}: {said}", output.status),
        }
    }
    eprintln!("{told} of 24 damaged stores were told");
    assert!(told >= 12, "{told}");
    // The remedy that the message states.
    fs::remove_file(&store).unwrap();
    done(sweep_command("run", &file, &out));
    assert_eq!(tables(&out), expected);
}
