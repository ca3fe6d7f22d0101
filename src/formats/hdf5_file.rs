//! HDF5 files of unknown origin: nothing is read whose declared size the file cannot hold.
//!
//! Datasets whose values are mostly not stored (fill values, constants behind the scale-offset
//! filter) count as such and are refused.

use super::MAX_INFLATION;
use crate::memory::{self, MemoryError};
use hdf5::{AttrValue, DType, VlenStringReadOptions};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

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
    /// A dataset needs more memory than allowed.
    #[error("{object}: {source}")]
    Memory {
        /// Path inside the file.
        object: String,
        /// How much, and how much there is.
        source: MemoryError,
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
    /// An integer is too large to be kept exactly.
    #[error("{object}: {value} is beyond 2^53")]
    Magnitude {
        /// Path inside the file.
        object: String,
        /// The integer.
        value: String,
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
    /// Bytes of values that may still be read through [`Hdf5Dataset`]s: links let a file show the same
    /// dataset any number of times.
    budget: Cell<u64>,
}

impl Hdf5File {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, Hdf5Problem> {
        let size = bytes.len() as u64;
        let file = hdf5::File::from_bytes(bytes).map_err(library("/"))?;
        Ok(Hdf5File {
            file,
            bytes: size,
            budget: Cell::new(size.saturating_mul(MAX_INFLATION)),
        })
    }

    /// Size of the file \[bytes\].
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The root group.
    pub(super) fn root(&self) -> Hdf5Group<'_> {
        Hdf5Group {
            file: self,
            group: self.file.root(),
            path: String::new(),
        }
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
        let chunk = dataset.chunk_shape().map_err(library(path))?;
        if let Some(size) = self.plausible(&shape, chunk.as_deref(), element) {
            self.affordable(path, size)?;
            return Ok((dataset, shape));
        }
        Err(Hdf5Problem::Implausible {
            object: path.into(),
            shape,
        })
    }

    /// The bytes that a dataset and its chunks declare, if the file can hold as many.
    fn plausible(&self, shape: &[u64], chunk: Option<&[u64]>, element: u64) -> Option<u64> {
        let most = self.bytes.saturating_mul(MAX_INFLATION);
        // A dimension of 0 must not make the others free to declare.
        let size = |dims: &[u64]| {
            dims.iter()
                .try_fold(element, |n, &dim| n.checked_mul(dim.max(1)))
                .filter(|&size| size <= most)
        };
        chunk
            .is_none_or(|chunk| size(chunk).is_some())
            .then_some(())?;
        size(shape)
    }

    fn affordable(&self, path: &str, bytes: u64) -> Result<(), Hdf5Problem> {
        memory::check("the dataset", bytes, "store less").map_err(|source| Hdf5Problem::Memory {
            object: path.into(),
            source,
        })
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

/// A group; its members are found by listing, so their names may be anything.
pub(super) struct Hdf5Group<'a> {
    file: &'a Hdf5File,
    group: hdf5::Group,
    path: String,
}

impl<'a> Hdf5Group<'a> {
    fn child(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    fn object(&self) -> &str {
        if self.path.is_empty() {
            "/"
        } else {
            &self.path
        }
    }

    /// The groups in it, by name.
    pub(super) fn groups(&self) -> Result<BTreeMap<String, Hdf5Group<'a>>, Hdf5Problem> {
        let groups = self.group.iter_groups().map_err(library(self.object()))?;
        Ok(groups
            .map(|(name, group)| {
                let group = Hdf5Group {
                    file: self.file,
                    group,
                    path: self.child(&name),
                };
                (name, group)
            })
            .collect())
    }

    /// The datasets in it, by name; their sizes are checked when they are read.
    pub(super) fn datasets(&self) -> Result<BTreeMap<String, Hdf5Dataset<'a>>, Hdf5Problem> {
        let datasets = self.group.iter_datasets().map_err(library(self.object()))?;
        Ok(datasets
            .map(|(name, dataset)| {
                let dataset = Hdf5Dataset {
                    file: self.file,
                    dataset,
                    path: self.child(&name),
                };
                (name, dataset)
            })
            .collect())
    }

    pub(super) fn attributes(&self) -> Result<Attributes, Hdf5Problem> {
        let values = self.group.attrs().map_err(library(self.object()))?;
        Ok(Attributes {
            object: self.object().into(),
            values,
        })
    }
}

/// A dataset found by listing a group.
pub(super) struct Hdf5Dataset<'a> {
    file: &'a Hdf5File,
    dataset: hdf5::Dataset,
    path: String,
}

impl Hdf5Dataset<'_> {
    fn failed(&self) -> impl FnOnce(hdf5::Error) -> Hdf5Problem + use<> {
        library(&self.path)
    }

    fn wrong_type(&self, expected: &'static str, found: &DType) -> Hdf5Problem {
        Hdf5Problem::Type {
            object: self.path.clone(),
            expected,
            found: found.to_string(),
        }
    }

    fn dtype(&self) -> Result<DType, Hdf5Problem> {
        self.dataset.dtype().map_err(self.failed())
    }

    /// Whether it holds strings of any kind.
    pub(super) fn is_string(&self) -> Result<bool, Hdf5Problem> {
        Ok(matches!(
            self.dtype()?,
            DType::String | DType::VariableLengthString
        ))
    }

    /// Whether it holds what h5py stores NumPy's bool as.
    pub(super) fn is_bool(&self) -> Result<bool, Hdf5Problem> {
        Ok(matches!(self.dtype()?, DType::Enum(names) if names == ["FALSE", "TRUE"]))
    }

    /// Its shape, once the file is known to be able to hold what it and its chunks declare; what
    /// it declares is taken off the budget.
    pub(super) fn claim(&self) -> Result<Vec<usize>, Hdf5Problem> {
        let shape = self.dataset.shape().map_err(self.failed())?;
        let chunk = self.dataset.chunk_shape().map_err(self.failed())?;
        let element = self.dataset.element_size().map_err(self.failed())?;
        let implausible = || Hdf5Problem::Implausible {
            object: self.path.clone(),
            shape: shape.clone(),
        };
        let size = self.file.plausible(&shape, chunk.as_deref(), element);
        let size = size.ok_or_else(implausible)?;
        let budget = self.file.budget.get().checked_sub(size);
        self.file.budget.set(budget.ok_or_else(implausible)?);
        self.file.affordable(&self.path, size)?;
        let dims = shape.iter().map(|&dim| usize::try_from(dim).ok());
        dims.collect::<Option<_>>().ok_or_else(implausible)
    }

    /// Its shape and numbers, row-major; all kinds of integers and floats up to 64 bits.
    pub(super) fn numbers(&self) -> Result<(Vec<usize>, Vec<f64>), Hdf5Problem> {
        let dtype = self.dtype()?;
        let dims = self.claim()?;
        if dims.contains(&0) {
            return Ok((dims, Vec::new()));
        }
        let values = match dtype {
            DType::F32 => {
                let values = self.dataset.read_f32().map_err(self.failed())?;
                values.into_iter().map(f64::from).collect()
            }
            DType::F64 => self.dataset.read_f64().map_err(self.failed())?,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => {
                self.exact(self.dataset.read_i64().map_err(self.failed())?)?
            }
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
                self.exact(self.dataset.read_u64().map_err(self.failed())?)?
            }
            other => return Err(self.wrong_type("numbers", &other)),
        };
        self.complete(dims, values)
    }

    fn exact<T: Copy + Into<i128>>(&self, values: Vec<T>) -> Result<Vec<f64>, Hdf5Problem> {
        /// Integers up to here are exact as f64.
        const EXACT: u128 = 1 << 53;
        let exact = |value: T| {
            let value = value.into();
            if value.unsigned_abs() > EXACT {
                return Err(Hdf5Problem::Magnitude {
                    object: self.path.clone(),
                    value: value.to_string(),
                });
            }
            Ok(value as f64)
        };
        values.into_iter().map(exact).collect()
    }

    /// Its shape and truth values.
    pub(super) fn bools(&self) -> Result<(Vec<usize>, Vec<bool>), Hdf5Problem> {
        if !self.is_bool()? {
            return Err(self.wrong_type("bool", &self.dtype()?));
        }
        let dims = self.claim()?;
        if dims.contains(&0) {
            return Ok((dims, Vec::new()));
        }
        let values = self.dataset.read_i64().map_err(self.failed())?;
        self.complete(dims, values.into_iter().map(|v| v != 0).collect())
    }

    /// Values, if there are as many as the shape says.
    fn complete<T>(
        &self,
        dims: Vec<usize>,
        values: Vec<T>,
    ) -> Result<(Vec<usize>, Vec<T>), Hdf5Problem> {
        if dims.iter().product::<usize>() == values.len() {
            return Ok((dims, values));
        }
        Err(Hdf5Problem::Implausible {
            object: self.path.clone(),
            shape: dims.iter().map(|&dim| dim as u64).collect(),
        })
    }

    /// Its shape and strings, of variable or fixed length. An empty dataset of any type holds none.
    pub(super) fn strings(&self) -> Result<(Vec<usize>, Vec<String>), Hdf5Problem> {
        let dims = self.claim()?;
        if dims.contains(&0) {
            return Ok((dims, Vec::new()));
        }
        let strings = match self.dtype()? {
            DType::VariableLengthString => {
                let most = usize::try_from(self.file.bytes).unwrap_or(usize::MAX);
                let limits = VlenStringReadOptions::new()
                    .with_max_elements(most)
                    .with_max_payload_bytes(most);
                self.dataset.read_vlen_strings(limits)
            }
            DType::String => self.dataset.read_string(),
            other => return Err(self.wrong_type("strings", &other)),
        };
        self.complete(dims, strings.map_err(self.failed())?)
    }

    /// Its single string.
    pub(super) fn string(&self) -> Result<String, Hdf5Problem> {
        let (dims, mut strings) = self.strings()?;
        match strings.pop() {
            Some(string) if strings.is_empty() => Ok(string),
            _ => Err(Hdf5Problem::Shape {
                object: self.path.clone(),
                found: dims.iter().map(|&dim| dim as u64).collect(),
                expected: Vec::new(),
            }),
        }
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

    /// `None` if it is not there.
    pub(super) fn optional_u64(&self, name: &str) -> Result<Option<u64>, Hdf5Problem> {
        match self.values.contains_key(name) {
            true => self.u64(name).map(Some),
            false => Ok(None),
        }
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

    /// A float, or an integer in its place.
    pub(super) fn f64(&self, name: &str) -> Result<f64, Hdf5Problem> {
        self.get(name, "one number", |value| {
            value.as_f64().or_else(|| Some(value.as_i64()? as f64))
        })
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
