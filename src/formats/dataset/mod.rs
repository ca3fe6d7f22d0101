//! Labelled data: [`load`] reads `.npz`, `.npy`, IDX, CIFAR-10 batches and HDF5 into a [`Dataset`].
//!
//! Formats are recognised by their content first and by the file name second. Sizes that a file
//! declares are compared with the bytes it has before anything is allocated.

mod array;
mod cifar;
mod classes;
mod content;
mod hdf5;
mod idx;
mod npy;
mod npz;
mod preprocessing;
mod problem;

pub(super) use array::{Array, ArrayValues};
pub(super) use classes::of as classes_of;
pub(super) use npy::parse as parse_npy;
pub(super) use npz::Archive;
pub use preprocessing::Preprocessing;
pub use problem::{DatasetError, Problem};

use crate::digest::sha256_hex;
use crate::files;
use content::Content;
use std::path::{Path, PathBuf};

/// A file that was read, and what it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its bytes on disk, in lower-case hexadecimal.
    pub sha256: String,
}

/// Samples with or without labels, in the order of their file.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Preprocessed inputs, row-major `[sample, …sample_dims]`, all finite.
    pub inputs: Vec<f32>,
    /// Dimensions of one sample as the file states them: `[C, H, W]`, `[H, W]`, `[n]`, …
    pub sample_dims: Vec<usize>,
    /// Class of each sample, from 0.
    pub labels: Option<Vec<u32>>,
    /// The file of the inputs.
    pub data: SourceFile,
    /// The file of the labels where it is another one.
    pub labels_file: Option<SourceFile>,
}

impl Dataset {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len() / self.sample_len()
    }

    /// Whether there are no samples; never so after [`load`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Values of one sample.
    #[must_use]
    pub fn sample_len(&self) -> usize {
        self.sample_dims.iter().product()
    }

    /// Values of sample `i`.
    ///
    /// # Panics
    /// If there is no sample `i`.
    #[must_use]
    pub fn sample(&self, i: usize) -> &[f32] {
        let n = self.sample_len();
        &self.inputs[i * n..(i + 1) * n]
    }

    /// Keeps the first `n` samples.
    pub fn truncate(&mut self, n: usize) {
        let n = n.min(self.len());
        self.inputs.truncate(n * self.sample_len());
        if let Some(labels) = &mut self.labels {
            labels.truncate(n);
        }
    }
}

/// How to load a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadOptions {
    /// File of the labels; without it they are taken from the data file itself or, for IDX, from
    /// the file beside it.
    pub labels: Option<PathBuf>,
    /// Load at most the first so many samples.
    pub limit: Option<usize>,
    /// Scaling and normalization.
    pub preprocessing: Preprocessing,
}

/// What a reader found in a file.
struct Contents {
    x: Array,
    y: Option<Array>,
}

/// A file format.
struct Reader {
    /// Name to print.
    name: &'static str,
    /// Ends of file names, lower case, without `.gz`.
    suffixes: &'static [&'static str],
    /// Whether the format is also read through gzip.
    gzip: bool,
    /// Whether the first bytes are those of the format.
    recognises: fn(&[u8]) -> bool,
    /// Reads everything.
    read: fn(Content) -> Result<Contents, Problem>,
}

/// All formats; the first that recognises a file reads it.
const READERS: &[Reader] = &[
    npz::READER,
    npy::READER,
    hdf5::READER,
    idx::READER,
    cifar::READER,
];

/// Loads data with default preprocessing; `labels` names their file, `limit` keeps the first so
/// many samples.
///
/// # Errors
/// The file and why it cannot be used.
pub fn load(
    path: &Path,
    labels: Option<&Path>,
    limit: Option<usize>,
) -> Result<Dataset, DatasetError> {
    load_with(
        path,
        &LoadOptions {
            labels: labels.map(Path::to_path_buf),
            limit,
            preprocessing: Preprocessing::default(),
        },
    )
}

/// Loads data.
///
/// # Errors
/// The file and why it cannot be used.
pub fn load_with(path: &Path, options: &LoadOptions) -> Result<Dataset, DatasetError> {
    let blame = |file: &Path| {
        let file = file.to_path_buf();
        move |problem| DatasetError { file, problem }
    };
    let (contents, data) = read(path).map_err(blame(path))?;
    let samples = contents.x.samples().map_err(blame(path))?;

    let beside = || contents.y.is_none().then(|| idx::labels_beside(path))?;
    let (labels, labels_file) = match options.labels.clone().or_else(beside) {
        Some(file) => {
            let (found, source) = read(&file).map_err(blame(&file))?;
            let labels = classes::of_samples(found.y.unwrap_or(found.x), samples);
            (Some(labels.map_err(blame(&file))?), Some(source))
        }
        None => {
            let labels = contents
                .y
                .map(|y| classes::of_samples(y, samples))
                .transpose();
            (labels.map_err(blame(path))?, None)
        }
    };

    let keep = options.limit.map_or(samples, |limit| limit.min(samples));
    if keep == 0 {
        return Err(blame(path)(Problem::Empty));
    }
    let sample_dims = contents.x.dims[1..].to_vec();
    let inputs = options
        .preprocessing
        .apply(&contents.x, keep)
        .map_err(blame(path))?;
    Ok(Dataset {
        inputs,
        sample_dims,
        labels: labels.map(|mut labels| {
            labels.truncate(keep);
            labels
        }),
        data,
        labels_file,
    })
}

/// The classes in a file of labels.
pub(in crate::formats) fn load_labels(path: &Path) -> Result<(Vec<u32>, SourceFile), Problem> {
    let (contents, source) = read(path)?;
    let labels = classes::of(contents.y.unwrap_or(contents.x))?;
    Ok((labels, source))
}

/// Reads one file with the reader that recognises it.
fn read(path: &Path) -> Result<(Contents, SourceFile), Problem> {
    // Anything else, such as a device, may have no end.
    if !std::fs::metadata(files::place(path))?.is_file() {
        return Err(Problem::NotAFile);
    }
    let bytes = files::read(path)?;
    let source = SourceFile {
        path: path.to_path_buf(),
        sha256: sha256_hex(&bytes),
    };
    let content = Content::new(bytes);
    let contents = (reader_for(path, &content)?.read)(content)?;
    Ok((contents, source))
}

fn reader_for(path: &Path, content: &Content) -> Result<&'static Reader, Problem> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let named = |r: &&Reader| r.suffixes.iter().any(|suffix| name.ends_with(suffix));
    let readable = || {
        READERS
            .iter()
            .filter(|reader| reader.gzip || !content.is_gzip())
    };
    let head = content.head();
    readable()
        .find(|reader| (reader.recognises)(&head))
        .or_else(|| readable().find(named))
        .ok_or_else(|| Problem::Unrecognised {
            supported: (READERS.iter())
                .map(|reader| reader.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

#[cfg(test)]
mod tests;
