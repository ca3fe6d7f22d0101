//! Networks that training frameworks ran and exported: every spike of theirs. The files are recordings of
//! snnTorch 1.0.0, SpikingJelly 2.0.0 and sinabs 2.0.3, held input, with weights of single precision.

use crate::npy::NpzReader;
use assert_cmd::Command;
use ndarray::ArrayD;
use std::fs::File;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity");
    folder.join(name)
}

fn array(path: &Path, name: &str) -> ArrayD<u8> {
    let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
    npz.by_name(name).unwrap()
}

/// Spikes of the hidden layer `[sample, timestep, neuron]`, eight to a byte in the file.
fn hidden(path: &Path) -> Vec<u8> {
    let packed = array(path, "hidden");
    let bits = |byte: &u8| {
        let byte = *byte;
        (0..8).map(move |bit| byte >> (7 - bit) & 1)
    };
    packed.iter().flat_map(bits).collect()
}

/// Spikes that differ from the recording, hidden and at the output, and how many there are.
fn differing(name: &str, input: &str, timesteps: usize, flags: &[&str]) -> [(usize, usize); 2] {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record.npz");
    let output = Command::cargo_bin("spikewatt")
        .expect("the binary is built with the tests")
        .arg("simulate")
        .arg(fixture(&format!("{name}.nir")))
        .arg("--input")
        .arg(fixture(input))
        .args(["--hold-input", "-T", &timesteps.to_string()])
        .args(flags)
        .arg("--record")
        .arg(&record)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let npz = NpzReader::new(File::open(&record).unwrap()).unwrap();
    let mut layers: Vec<String> = npz.names();
    layers.retain(|layer| layer.starts_with("spikes/"));
    layers.sort();
    let reference = fixture(&format!("{name}.ref.npz"));
    let wanted = [
        hidden(&reference),
        array(&reference, "output").iter().copied().collect(),
    ];
    assert_eq!(layers.len(), wanted.len(), "{name}: {layers:?}");
    let mut found = [(0, 0); 2];
    for ((slot, layer), wanted) in found.iter_mut().zip(&layers).zip(wanted) {
        let have = array(&record, layer);
        assert_eq!(have.len(), wanted.len(), "{name}: {layer}");
        let differ = have.iter().zip(&wanted).filter(|(a, b)| a != b).count();
        *slot = (differ, wanted.iter().filter(|spikes| **spikes > 0).count());
    }
    found
}

#[test]
fn leaky_of_snntorch_resets_by_subtraction_in_the_next_timestep() {
    let flags = ["--preset", "snntorch", "--reset", "subtract"];
    let next = [&flags[..], &["--reset-timing", "next"]].concat();
    let name = "mlp_leaky_subtract_delay";
    let found = differing(name, "images100.npz", 25, &next);
    assert_eq!(found, [(0, 126_971), (0, 4_485)]);
    // At once it is another network.
    let [(hidden, _), _] = differing(name, "images100.npz", 25, &flags);
    assert!(hidden > 10_000, "{hidden}");
}

#[test]
fn integrate_and_fire_of_spikingjelly_takes_its_input_per_second() {
    let found = differing(
        "sj_if",
        "images20_flat.npz",
        10,
        &["--preset", "spikingjelly"],
    );
    assert_eq!(found.map(|(differ, _)| differ), [0, 0]);
    assert!(found[0].1 > 3_000, "{found:?}");
}

#[test]
fn leaky_of_sinabs_scales_its_input() {
    let flags = ["--preset", "sinabs", "--norm-input"];
    let on = [&flags[..], &["on"]].concat();
    let found = differing("si_lif", "images20_flat.npz", 10, &on);
    assert_eq!(found.map(|(differ, _)| differ), [0, 0]);
    assert!(found[0].1 > 150, "{found:?}");
    let off = [&flags[..], &["off"]].concat();
    let [(hidden, _), _] = differing("si_lif", "images20_flat.npz", 10, &off);
    assert!(hidden > 1_000, "{hidden}");
}

#[test]
fn what_has_no_place_for_a_late_reset_says_so() {
    let output = Command::cargo_bin("spikewatt")
        .expect("the binary is built with the tests")
        .arg("simulate")
        .arg(fixture("sj_if.nir"))
        .arg("--input")
        .arg(fixture("images20_flat.npz"))
        .args([
            "--hold-input",
            "-T",
            "4",
            "--reset",
            "subtract",
            "--reset-timing",
            "next",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("a reset in the next timestep is not known for it; leave out --reset-timing"),
        "{said}"
    );
}

#[test]
fn what_a_nir_file_cannot_say_is_told_until_somebody_says_it() {
    let said = |name: &str, input: &str, flags: &[&str]| {
        let output = Command::cargo_bin("spikewatt")
            .expect("the binary is built with the tests")
            .arg("simulate")
            .arg(fixture(&format!("{name}.nir")))
            .arg("--input")
            .arg(fixture(input))
            .args(["--hold-input", "-T", "2"])
            .args(flags)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let leaky = |flags: &[&str]| {
        let flags = [&["--preset", "snntorch"], flags].concat();
        said("mlp_leaky_subtract_delay", "images100.npz", &flags)
    };
    let wanted = "--reset subtract --reset-timing next";
    assert!(leaky(&[]).contains(wanted));
    for flags in [&["--reset", "value"][..], &["--reset", "none"]] {
        assert!(!leaky(flags).contains(wanted));
    }
    let scaled = |flags: &[&str]| {
        let flags = [&["--preset", "sinabs"], flags].concat();
        said("si_lif", "images20_flat.npz", &flags)
    };
    assert!(scaled(&[]).contains("--norm-input on"));
    assert!(!scaled(&["--norm-input", "off"]).contains("--norm-input on"));
    assert!(
        !said("sj_if", "images20_flat.npz", &["--preset", "spikingjelly"]).contains("cannot say")
    );
}
