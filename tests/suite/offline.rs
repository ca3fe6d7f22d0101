//! Nothing phones home: no crate for networks, no sockets in the sources, and the program works
//! where there is no network and asks for none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Crates that talk to networks, or bring what does.
const CRATES: [&str; 24] = [
    "async-std",
    "attohttpc",
    "curl",
    "curl-sys",
    "h2",
    "hickory-resolver",
    "hyper",
    "isahc",
    "minreq",
    "mio",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "sentry",
    "socket2",
    "surf",
    "tokio",
    "trust-dns-resolver",
    "tungstenite",
    "ureq",
    "websocket",
];

/// What opens a connection in Rust's standard library.
const SOCKETS: [&str; 5] = [
    "std::net",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_crate_of_the_program_talks_to_a_network() {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--locked", "--offline", "-p", "spikewatt"])
        .args(["-e", "normal,build", "--prefix", "none"])
        .current_dir(root())
        .output()
        .unwrap();
    if !output.status.success() {
        eprintln!("SKIPPED: cargo has not every dependency at hand");
        return;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<&str> = text.lines().filter_map(|l| l.split(' ').next()).collect();
    assert!(names.len() > 50, "{names:?}");
    let talking: Vec<_> = CRATES.iter().filter(|name| names.contains(*name)).collect();
    assert!(talking.is_empty(), "{talking:?}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_source_opens_a_socket() {
    let mut found = vec![root().join("build.rs")];
    sources(&root().join("src"), &mut found);
    sources(&root().join("gui/src"), &mut found);
    assert!(found.len() > 200, "{}", found.len());
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in SOCKETS {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

/// The main verbs, each with a network of its own that has no way out.
#[test]
fn the_program_works_without_a_network_and_asks_for_none() {
    let program = assert_cmd::cargo::cargo_bin("spikewatt");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let shared = |path: &str| root().join(path).display().to_string();
    let (result, counts) = (at("result"), at("result/counts.h5"));
    let (digits, model) = (
        shared("examples/digits.toml"),
        shared("networks/digits_mlp.onnx"),
    );
    let verbs: [&[&str]; 5] = [
        &["run", &digits, "--samples", "20", "--out", &result],
        &["price", &counts, "--targets", "loihi1"],
        &["inspect", &model],
        &["hardware", "list"],
        &["hardware", "validate"],
    ];
    let succeeded = |output: &Output, words: &[&str]| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    };
    let unshared = Command::new("unshare").args(["-rn", "true"]).output();
    let has_unshare = unshared.is_ok_and(|output| output.status.success());
    let straced = Command::new("strace").args(["-V"]).output();
    let has_strace = straced.is_ok_and(|output| output.status.success());
    if !has_unshare {
        eprintln!("SKIPPED: unshare -rn, to run without a network, is not available");
    }
    if !has_strace {
        eprintln!("SKIPPED: strace, to see whether a socket is asked for, is not available");
    }
    for words in verbs {
        if has_unshare {
            let mut command = Command::new("unshare");
            command.arg("-rn").arg(&program).args(words);
            succeeded(&command.output().unwrap(), words);
        }
        if has_strace {
            let log = at("calls.txt");
            let mut command = Command::new("strace");
            command.args(["-f", "-e", "trace=network", "-o", &log]);
            command.arg(&program).args(words);
            if words[0] == "run" {
                command.arg("--force");
            }
            if !has_unshare && words[0] == "run" {
                // The result of this run is what the next verbs read.
                let first = Command::new(&program).args(words).output().unwrap();
                succeeded(&first, words);
            }
            let output = command.output().unwrap();
            if String::from_utf8_lossy(&output.stderr).contains("ptrace") {
                eprintln!("SKIPPED: strace may not look at processes here");
                continue;
            }
            succeeded(&output, words);
            let calls = std::fs::read_to_string(&log).unwrap();
            assert!(!calls.contains("AF_INET"), "{words:?}: {calls}");
        }
    }
}
