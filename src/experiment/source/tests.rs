use super::*;
use std::fs;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every TOML file under a folder.
fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(toml_files(&path));
        } else if formats::extension(&path) == "toml" {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_shipped_file_opens_as_what_it_is() {
    let mut experiments = 0;
    for folder in ["examples", "tests/reference"] {
        for path in toml_files(&root().join(folder)) {
            let kind = formats::kind_of(&path).unwrap();
            let loaded = Experiment::load(&path, &[]);
            match (kind, loaded) {
                (FileKind::ConvertedExperiment, Ok(Experiment::Converted(_)))
                | (
                    FileKind::SpikingExperiment | FileKind::NativeNetwork,
                    Ok(Experiment::Spiking(_)),
                ) => experiments += 1,
                (_, Err(ExperimentError::Kind(_))) => {
                    assert_ne!(kind, FileKind::OtherToml, "{}", path.display());
                }
                (kind, loaded) => panic!("{}: {kind:?}, {loaded:?}", path.display()),
            }
        }
    }
    assert!(experiments >= 5, "{experiments}");
}

/// A file of each scheme with every section that it may have.
const CONVERTED: &str = "
model = 'm.onnx'
[data]
path = 'd.npz'
labels = 'l.npy'
samples = 3
preprocessing = { scale = 0.5 }
[calibration]
path = 'c.npz'
[optimise]
prune = 0.5
[conversion]
normalization = 'max'
[simulation]
timesteps = 4
encoding = 'bernoulli'
[output]
targets = ['loihi1']
folder = 'out'
[usage]
period_s = 1.0
";
const SPIKING: &str = "
model = 'net.nir'
baseline = 'm.onnx'
[data]
path = 'd.npz'
labels = 'l.npy'
[simulation]
seed = 3
[network]
preset = 'norse'
[output]
targets = ['loihi1']
folder = 'out'
";
const RECORDED: &str = "
model = 'm.onnx'
[data]
path = 'events'
[calibration]
path = 'c'
[conversion]
correction = 'bias'
[network]
bin_s = 1e-3
";

fn load(text: &str) -> (tempfile::TempDir, Result<Experiment, ExperimentError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.toml");
    fs::write(&path, text).unwrap();
    let loaded = Experiment::load(&path, &[]);
    (folder, loaded)
}

#[test]
fn both_schemes_are_read_and_recorded_alike() {
    for (text, spiking) in [(CONVERTED, false), (SPIKING, true), (RECORDED, true)] {
        let (_folder, experiment) = load(text);
        let experiment = experiment.unwrap();
        assert_eq!(matches!(experiment, Experiment::Spiking(_)), spiking);
        let json = serde_json::to_string(&experiment).unwrap();
        let again: Experiment = serde_json::from_str(&json).unwrap();
        assert_eq!(again, experiment);
    }
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    for (text, files) in [(CONVERTED, 4), (SPIKING, 4), (RECORDED, 3)] {
        let (folder, experiment) = load(text);
        let mut experiment = experiment.unwrap();
        if let Some(output) = &experiment.output().folder {
            assert_eq!(*output, folder.path().join("out"));
        }
        let paths = experiment.paths_mut();
        assert_eq!(paths.len(), files);
        assert!(paths.iter().all(|path| path.starts_with(folder.path())));
    }
}

#[test]
fn wrong_keys_are_shown_with_line_column_and_what_is_accepted() {
    for (text, wrong) in [
        (CONVERTED, "timestep = 4"),
        (SPIKING, "sed = 3"),
        (RECORDED, "corection = 'bias'"),
    ] {
        let right = text.lines().find(|line| similar(line, wrong)).unwrap();
        let line = text.lines().position(|l| l == right).unwrap() + 1;
        let (_folder, error) = load(&text.replace(right, wrong));
        let error = error.unwrap_err().to_string();
        let key = wrong.split(' ').next().unwrap();
        for word in [key, "e.toml", &format!("line {line}, column 1"), "expected"] {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}

fn similar(line: &str, wrong: &str) -> bool {
    let value = wrong.split_once(" = ").unwrap().1;
    line.ends_with(&format!(" = {value}")) && line.starts_with(&wrong[..2])
}

#[test]
fn targets_are_named_once_and_at_least_one() {
    for text in [CONVERTED, SPIKING] {
        for (targets, word) in [("[]", "at least one target"), ("['a', 'b', 'a']", "\"a\"")] {
            let (_folder, experiment) = load(&text.replace("['loihi1']", targets));
            let error = experiment.unwrap().check().unwrap_err().to_string();
            assert!(
                error.contains("output.targets") && error.contains(word),
                "{error}"
            );
        }
    }
}

#[test]
fn overrides_belong_to_experiment_files() {
    let network = root().join("examples/brunel2000.toml");
    let error = Experiment::load(&network, &["output.large_batch=2".to_owned()]).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("--set output.large_batch=2") && error.contains("spiking network"),
        "{error}"
    );
}
