//! The classes of recordings.

use super::SpikesProblem;
use crate::digest::sha256_hex;
use crate::files;
use crate::formats::dataset::{self, Array, SourceFile};
use crate::formats::hdf5_file::Hdf5File;
use std::collections::BTreeMap;
use std::path::Path;

/// The class of each sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// In the order of the samples.
    pub values: Vec<u32>,
    /// The file, if it is not that of the data.
    pub source: Option<SourceFile>,
}

/// Name of the table beside recordings: `file,label`, with a line of these words on top.
const TABLE: &str = "labels.csv";

/// A file of labels: an array, or the numbers of a table in the order of its lines.
pub(super) fn read(path: &Path) -> Result<Labels, SpikesProblem> {
    let is_table = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    if is_table {
        let (rows, source) = table(path)?;
        return Ok(Labels {
            values: rows.into_iter().map(|(_, label)| label).collect(),
            source: Some(source),
        });
    }
    let (values, source) = dataset::load_labels(path).map_err(|problem| SpikesProblem::Labels {
        file: path.to_path_buf(),
        problem: problem.to_string(),
    })?;
    Ok(Labels {
        values,
        source: Some(source),
    })
}

/// As [`read`], for so many samples; `truncated` if these are only the first ones of all.
pub(super) fn read_for(
    path: &Path,
    samples: usize,
    truncated: bool,
) -> Result<Labels, SpikesProblem> {
    let mut labels = read(path)?;
    let found = labels.values.len();
    if truncated && found > samples {
        labels.values.truncate(samples);
    }
    if labels.values.len() == samples {
        return Ok(labels);
    }
    Err(SpikesProblem::Labels {
        file: path.to_path_buf(),
        problem: format!("{found} for {samples} samples; give one label per sample"),
    })
}

/// An array of labels in the file of the data.
pub(super) fn of_array(name: &str, array: Array) -> Result<Labels, SpikesProblem> {
    let values = dataset::classes_of(array).map_err(|problem| {
        SpikesProblem::Content(format!(
            "its array \"{name}\": {problem}; or leave it out of the file"
        ))
    })?;
    Ok(Labels {
        values,
        source: None,
    })
}

/// The table beside the recordings of a folder, if there is one.
pub(super) fn beside<'a>(
    folder: &Path,
    files: impl Iterator<Item = &'a Path>,
) -> Result<Option<Labels>, SpikesProblem> {
    let path = folder.join(TABLE);
    if !files::is_file(&path) {
        return Ok(None);
    }
    let (rows, source) = table(&path)?;
    let rows: BTreeMap<String, u32> = rows.into_iter().collect();
    let label = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let label = rows.get(name.as_ref()).copied();
        label.ok_or_else(|| SpikesProblem::Labels {
            file: path.clone(),
            problem: format!("it has no line for {name}"),
        })
    };
    Ok(Some(Labels {
        values: files.map(label).collect::<Result<_, _>>()?,
        source: Some(source),
    }))
}

/// `labels` of an HDF5 file, if it has such.
pub(super) fn of_file(file: &Hdf5File, samples: usize) -> Result<Option<Labels>, SpikesProblem> {
    let datasets = file.root().datasets()?;
    let Some(dataset) = datasets.get("labels") else {
        return Ok(None);
    };
    let (dims, values) = dataset.numbers()?;
    let is_class = |v: &f64| v.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(v);
    if dims != [samples] || !values.iter().all(is_class) {
        return Err(SpikesProblem::Content(format!(
            "its labels {dims:?} are no classes of {samples} samples"
        )));
    }
    Ok(Some(Labels {
        values: values.into_iter().map(|value| value as u32).collect(),
        source: None,
    }))
}

/// Lines `file,label`.
fn table(path: &Path) -> Result<(Vec<(String, u32)>, SourceFile), SpikesProblem> {
    let refuse = |problem: String| SpikesProblem::Labels {
        file: path.to_path_buf(),
        problem,
    };
    let bytes = files::read(path).map_err(|error| refuse(error.to_string()))?;
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(&bytes[..]).deserialize() {
        rows.push(row.map_err(|error| refuse(error.to_string()))?);
    }
    Ok((
        rows,
        SourceFile {
            path: path.to_path_buf(),
            sha256: sha256_hex(&bytes),
        },
    ))
}
