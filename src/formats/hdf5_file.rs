//! HDF5 files of unknown origin: nothing is read whose declared size the file cannot hold.
//!
//! Datasets whose values are mostly not stored (fill values, constants behind the scale-offset
//! filter) count as such and are refused.

use super::MAX_INFLATION;
use hdf5::{AttrValue, DType, VlenStringReadOptions};
use std::collections::HashMap;

/// What is wrong with an HDF5 file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Hdf5Problem {
    /// The library refuses an object.
    #[error("{object}: {source}")]
    Library {
        /// Path inside the file.
        object: String,
        /// Why.
        source: hdf5::Error,
    },
    /// A dataset declares more than the file can hold.
    #[error("{object}: it declares the shape {shape:?}, more than the file can hold")]
    Implausible {
        /// Path inside the file.
        object: String,
        /// Its declared shape.
        shape: Vec<u64>,
    },
    /// A dataset has an unexpected shape.
    #[error("{object}: shape {found:?}, expected {expected:?}")]
    Shape {
        /// Path inside the file.
        object: String,
        /// Its shape.
        found: Vec<u64>,
        /// The shape that belongs there.
        expected: Vec<u64>,
    },
    /// A dataset or attribute has an unexpected type.
    #[error("{object}: expected {expected}, found {found}")]
    Type {
        /// Path inside the file.
        object: String,
        /// The type that belongs there.
        expected: &'static str,
        /// Its type.
        found: String,
    },
    /// An attribute is missing.
    #[error("{object}: it has no attribute \"{name}\"")]
    NoAttribute {
        /// Path inside the file.
        object: String,
        /// The attribute.
        name: String,
    },
}

/// An HDF5 file in memory.
pub(super) struct Hdf5File {
    file: hdf5::File,
    bytes: u64,
}

impl Hdf5File {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, Hdf5Problem> {
        let size = bytes.len() as u64;
        let file = hdf5::File::from_bytes(bytes).map_err(library("/"))?;
        Ok(Hdf5File { file, bytes: size })
    }

    /// Names of the datasets in the root group, sorted.
    pub(super) fn root_datasets(&self) -> Result<Vec<String>, Hdf5Problem> {
        let mut names = self.file.root().datasets().map_err(library("/"))?;
        names.sort_unstable();
        Ok(names)
    }

    /// A dataset whose values fit the file, with its shape.
    pub(super) fn dataset(&self, path: &str) -> Result<(hdf5::Dataset, Vec<u64>), Hdf5Problem> {
        let dataset = self.file.dataset(path).map_err(library(path))?;
        let shape = dataset.shape().map_err(library(path))?;
        let element = dataset.element_size().map_err(library(path))?;
        let size = shape.iter().try_fold(element, |n, &dim| n.checked_mul(dim));
        match size {
            Some(size) if size <= self.bytes.saturating_mul(MAX_INFLATION) => Ok((dataset, shape)),
            _ => Err(Hdf5Problem::Implausible {
                object: path.into(),
                shape,
            }),
        }
    }

    /// A vector of u64.
    pub(super) fn u64s(&self, path: &str) -> Result<Vec<u64>, Hdf5Problem> {
        let dataset = self.vector(path, &DType::U64, "u64")?;
        dataset.read_u64().map_err(library(path))
    }

    /// A vector of u32.
    pub(super) fn u32s(&self, path: &str) -> Result<Vec<u32>, Hdf5Problem> {
        let dataset = self.vector(path, &DType::U32, "u32")?;
        dataset.read_u32().map_err(library(path))
    }

    /// A vector of `len` u64.
    pub(super) fn u64s_of(&self, path: &str, len: usize) -> Result<Vec<u64>, Hdf5Problem> {
        let (_, found) = self.dataset(path)?;
        let expected = vec![len as u64];
        if found != expected {
            return Err(Hdf5Problem::Shape {
                object: path.into(),
                found,
                expected,
            });
        }
        self.u64s(path)
    }

    fn vector(
        &self,
        path: &str,
        dtype: &DType,
        expected: &'static str,
    ) -> Result<hdf5::Dataset, Hdf5Problem> {
        let (dataset, _) = self.dataset(path)?;
        let found = dataset.dtype().map_err(library(path))?;
        if found != *dtype {
            return Err(Hdf5Problem::Type {
                object: path.into(),
                expected,
                found: found.to_string(),
            });
        }
        Ok(dataset)
    }

    /// A single string.
    pub(super) fn string(&self, path: &str) -> Result<String, Hdf5Problem> {
        let (dataset, _) = self.dataset(path)?;
        let limits = VlenStringReadOptions::new()
            .with_max_elements(1)
            .with_max_payload_bytes(usize::try_from(self.bytes).unwrap_or(usize::MAX));
        let mut strings = dataset.read_vlen_strings(limits).map_err(library(path))?;
        strings.pop().ok_or_else(|| Hdf5Problem::Type {
            object: path.into(),
            expected: "a string",
            found: "nothing".into(),
        })
    }

    /// The attributes of a group.
    pub(super) fn attributes(&self, group: &str) -> Result<Attributes, Hdf5Problem> {
        let found = if group == "/" {
            Ok(self.file.root())
        } else {
            self.file.group(group)
        };
        let values = found.and_then(|g| g.attrs()).map_err(library(group))?;
        Ok(Attributes {
            object: group.into(),
            values,
        })
    }
}

/// Attributes of one group.
pub(super) struct Attributes {
    object: String,
    values: HashMap<String, AttrValue>,
}

impl Attributes {
    fn get<'a, T>(
        &'a self,
        name: &str,
        expected: &'static str,
        convert: impl Fn(&'a AttrValue) -> Option<T>,
    ) -> Result<T, Hdf5Problem> {
        let value = self
            .values
            .get(name)
            .ok_or_else(|| Hdf5Problem::NoAttribute {
                object: self.object.clone(),
                name: name.into(),
            })?;
        convert(value).ok_or_else(|| Hdf5Problem::Type {
            object: format!("{}@{name}", self.object),
            expected,
            found: value.type_name().into(),
        })
    }

    pub(super) fn u64(&self, name: &str) -> Result<u64, Hdf5Problem> {
        self.get(name, "one unsigned integer", AttrValue::as_u64)
    }

    pub(super) fn usize(&self, name: &str) -> Result<usize, Hdf5Problem> {
        self.get(name, "one unsigned integer", |value| {
            usize::try_from(value.as_u64()?).ok()
        })
    }

    pub(super) fn usizes<const N: usize>(&self, name: &str) -> Result<[usize; N], Hdf5Problem> {
        self.get(name, "a fixed number of unsigned integers", |value| {
            let values: Option<Vec<usize>> = value
                .to_u64s()?
                .into_iter()
                .map(|v| usize::try_from(v).ok())
                .collect();
            values?.try_into().ok()
        })
    }

    pub(super) fn str(&self, name: &str) -> Result<&str, Hdf5Problem> {
        self.get(name, "a string", AttrValue::as_str)
    }

    pub(super) fn object(&self) -> &str {
        &self.object
    }
}

/// Names the object in an error of the library.
pub(super) fn library(object: &str) -> impl FnOnce(hdf5::Error) -> Hdf5Problem + use<> {
    let object = object.to_string();
    move |source| Hdf5Problem::Library { object, source }
}
