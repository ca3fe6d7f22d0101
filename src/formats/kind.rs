//! What a file is: the one place that decides it, for the command line, sweeps, the window and the
//! library alike.
//!
//! Content comes before names: a checkpoint that is called `model.onnx` is a checkpoint. Where the
//! content says nothing (a damaged file, an ONNX model, which has no mark of its own), the name
//! decides, so that the reader of that format says what is wrong.

mod content;
mod description;

pub use description::kind_of_experiment;

use crate::files;
use std::path::{Path, PathBuf};

/// What a file or folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// A trained network: ONNX.
    Onnx,
    /// A spiking network: NIR.
    Nir,
    /// A spiking network: populations and projections in TOML.
    NativeNetwork,
    /// An experiment whose model is trained conventionally and converted.
    ConvertedExperiment,
    /// An experiment whose model spikes already, or is driven by recorded events.
    SpikingExperiment,
    /// Experiments that differ in some keys.
    Sweep,
    /// Joined results of a sweep.
    SweepResults,
    /// A network by its shapes alone.
    Shapes,
    /// Costs of a device.
    Device,
    /// An architecture of SANA-FE.
    SanafeArchitecture,
    /// Limits that a result is held against.
    Budget,
    /// Published measurements of a device.
    Measurements,
    /// TOML with keys of no known kind.
    OtherToml,
    /// Counts that can be priced again.
    SavedCounts,
    /// A folder that a verb wrote.
    ResultFolder,
    /// Spikes of a simulation.
    Recording,
    /// Labelled data, or input of a spiking network.
    Dataset,
    /// A folder of event recordings.
    EventFolder,
    /// Weights, a model or a program that PyTorch saved.
    TorchCheckpoint,
    /// Another pickle of Python.
    Pickle,
    /// Weights in safetensors.
    Safetensors,
    /// A model of Keras.
    Keras,
    /// A model of TensorFlow.
    SavedModel,
    /// A model of TensorFlow Lite.
    TfLite,
    /// Arrays of MATLAB.
    Matlab,
    /// A report of a result.
    Summary,
    /// The manifest of a result.
    Manifest,
    /// Another folder.
    Folder,
    /// None of these.
    Unknown,
}

impl FileKind {
    /// What it is, with its article.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.words().0
    }

    /// What to do with it where it is not what is needed.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        self.words().1
    }

    /// Whether it is a spiking network.
    #[must_use]
    pub fn is_spiking_network(self) -> bool {
        matches!(self, FileKind::Nir | FileKind::NativeNetwork)
    }

    /// Whether the reader of experiments takes it, or says best what is wrong with its keys.
    #[must_use]
    pub fn is_experiment(self) -> bool {
        matches!(
            self,
            FileKind::ConvertedExperiment | FileKind::SpikingExperiment | FileKind::OtherToml
        )
    }

    // Long because: it is the table of all kinds, a row each.
    fn words(self) -> (&'static str, &'static str) {
        const TO_ONNX: &str =
            "export the model with tf2onnx (python -m tf2onnx.convert) and give the .onnx file";
        match self {
            FileKind::Onnx => (
                "a trained model (ONNX)",
                "`spikewatt run MODEL --data DATA --calibration DATA` converts, simulates and prices it",
            ),
            FileKind::Nir => (
                "a spiking network (NIR)",
                "`spikewatt run NETWORK --data INPUT` prices it, `spikewatt simulate` runs it",
            ),
            FileKind::NativeNetwork => (
                "a spiking network (populations and projections)",
                "`spikewatt run NETWORK` prices it, `spikewatt simulate` runs it",
            ),
            FileKind::ConvertedExperiment => ("an experiment", "`spikewatt run` runs it"),
            FileKind::SpikingExperiment => (
                "an experiment with a spiking network",
                "`spikewatt run` runs it",
            ),
            FileKind::Sweep => ("a sweep", "`spikewatt sweep run` runs it"),
            FileKind::SweepResults => (
                "the results of a sweep",
                "`spikewatt pareto` and spikewatt-gui read them",
            ),
            FileKind::Shapes => (
                "a description of shapes, without weights",
                "`spikewatt estimate` counts and prices it at assumed rates",
            ),
            FileKind::Device => (
                "a cost table of a device",
                "name it with --hardware-file beside what is priced",
            ),
            FileKind::SanafeArchitecture => (
                "a YAML file",
                "if it is an architecture of SANA-FE, name it with --hardware-file",
            ),
            FileKind::Budget => (
                "an energy budget",
                "`spikewatt check RESULT --budget FILE` holds a result against it",
            ),
            FileKind::Measurements => (
                "published measurements of a device",
                "`spikewatt hardware validate` compares its cost table with them",
            ),
            FileKind::OtherToml => (
                "TOML whose keys belong to no kind of file that is known",
                "an experiment names a model and data; see the examples folder",
            ),
            FileKind::SavedCounts => (
                "saved counts",
                "`spikewatt price` prices them, `spikewatt compare` compares the prices",
            ),
            FileKind::ResultFolder => (
                "a result folder",
                "`spikewatt report` shows it, `spikewatt price` prices its counts again",
            ),
            FileKind::Recording => (
                "a recording of spikes",
                "spikewatt-gui shows it; `spikewatt run` prices the network that it was made with",
            ),
            FileKind::Dataset => (
                "data",
                "give it with --data beside a model, or with --input to `spikewatt simulate`",
            ),
            FileKind::EventFolder => (
                "a folder of event recordings",
                "give it with --data beside a model",
            ),
            FileKind::TorchCheckpoint => (
                "a PyTorch checkpoint",
                "export it with torch.onnx.export and give the .onnx file",
            ),
            FileKind::Pickle => (
                "a Python pickle",
                "export the model it holds with torch.onnx.export, or save data with numpy.savez",
            ),
            FileKind::Safetensors => (
                "weights without a model (safetensors)",
                "load them into their model and export that with torch.onnx.export",
            ),
            FileKind::Keras => ("a Keras model", TO_ONNX),
            FileKind::SavedModel => ("a TensorFlow SavedModel", TO_ONNX),
            FileKind::TfLite => ("a TensorFlow Lite model", TO_ONNX),
            FileKind::Matlab => (
                "a MATLAB file",
                "write its arrays with numpy.savez(\"data.npz\", x=..., y=...) after scipy.io.loadmat, and export networks to ONNX (exportONNXNetwork)",
            ),
            FileKind::Summary => ("the summary of a result", "give the folder that it lies in"),
            FileKind::Manifest => (
                "the manifest of a result",
                "give the folder that it lies in, or `spikewatt reproduce` it",
            ),
            FileKind::Folder => (
                "a folder that no verb wrote",
                "give a file, or the folder of a result",
            ),
            FileKind::Unknown => (
                "no kind of file that is known",
                "give an experiment (.toml), a model (.onnx), a spiking network (.nir, .toml), saved counts (.h5) or a result folder",
            ),
        }
    }
}

/// Why it cannot be said what a file is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KindError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Path of the file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file ends in `.toml` and is none.
    #[error("{path}: {message}")]
    Toml {
        /// Path of the file.
        path: String,
        /// Line, column and what was expected there.
        message: String,
    },
    /// The file is not what is needed.
    #[error(transparent)]
    Wrong(#[from] WrongKind),
}

/// A file that is not what is needed.
#[derive(Debug, thiserror::Error)]
#[error("{}: this is {}, not {wanted}; {}", path.display(), kind.about(), kind.next_step())]
#[non_exhaustive]
pub struct WrongKind {
    /// The file.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// What is needed, with its article.
    pub wanted: &'static str,
}

/// Says what a file or folder is.
///
/// # Errors
/// If it cannot be read, or ends in `.toml` and is no TOML.
pub fn kind_of(path: &Path) -> Result<FileKind, KindError> {
    let read = |source| KindError::Read {
        path: path.display().to_string(),
        source,
    };
    let place = files::place(path);
    let found = std::fs::metadata(&place).map_err(read)?;
    if found.is_dir() {
        return Ok(folder(&place));
    }
    // Opening a pipe would wait for someone to write into it.
    if !found.is_file() {
        return Err(read(std::io::Error::other("it is not a file")));
    }
    if extension(path) == "toml" {
        return description::kind_of(path);
    }
    let by_content = content::kind_of(path).map_err(read)?;
    Ok(by_content.unwrap_or_else(|| by_name(path)))
}

/// Says what a file or folder is, if that is among what is needed.
///
/// # Errors
/// As [`kind_of`]; [`KindError::Wrong`], which says what it is and what to do with it, if it is
/// something else.
pub fn require(
    path: &Path,
    wanted: &'static str,
    accepts: impl Fn(FileKind) -> bool,
) -> Result<FileKind, KindError> {
    let kind = kind_of(path)?;
    if accepts(kind) {
        return Ok(kind);
    }
    Err(KindError::Wrong(WrongKind {
        path: path.to_owned(),
        kind,
        wanted,
    }))
}

/// The ending of a name in lower case, without its dot.
pub(crate) fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
}

fn folder(path: &Path) -> FileKind {
    let has = |name: &str| path.join(name).is_file();
    if has("results.json") {
        FileKind::SweepResults
    } else if has("manifest.json") || has("counts.h5") || has("summary.json") {
        FileKind::ResultFolder
    } else if has("saved_model.pb") {
        FileKind::SavedModel
    } else if holds_recordings(path) {
        FileKind::EventFolder
    } else {
        FileKind::Folder
    }
}

/// Whether a folder holds event recordings, or folders of them named by class.
fn holds_recordings(path: &Path) -> bool {
    let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let is_recording = |path: &Path| extension(path) == "bin";
    let is_class = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.parse::<u32>().is_ok() && path.is_dir()
    };
    entries(path).any(|entry| {
        let path = entry.path();
        is_recording(&path)
            || is_class(&path) && entries(&path).any(|inner| is_recording(&inner.path()))
    })
}

/// What the name says, where the content does not.
fn by_name(path: &Path) -> FileKind {
    match extension(path).as_str() {
        "onnx" => FileKind::Onnx,
        "nir" => FileKind::Nir,
        "h5" | "hdf5" => FileKind::SavedCounts,
        "npz" => FileKind::Recording,
        "npy" | "bin" | "gz" | "csv" => FileKind::Dataset,
        "yaml" | "yml" => FileKind::SanafeArchitecture,
        "pt" | "pth" | "ckpt" => FileKind::TorchCheckpoint,
        "pkl" | "pickle" => FileKind::Pickle,
        "safetensors" => FileKind::Safetensors,
        "keras" => FileKind::Keras,
        "pb" => FileKind::SavedModel,
        "tflite" => FileKind::TfLite,
        "mat" => FileKind::Matlab,
        _ if is_idx(path) => FileKind::Dataset,
        _ => FileKind::Unknown,
    }
}

/// Whether a file is called as those of MNIST are.
fn is_idx(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("-idx")
}

#[cfg(test)]
mod tests;
