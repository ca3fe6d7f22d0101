//! Arrays of `.npz` files, never larger than allowed.

use super::problem::{NativeProblem, value};
use crate::files;
use crate::formats::dataset::{Archive, ArrayValues, Problem};
use std::path::Path;

/// The bytes of a file of at most `limit` bytes.
pub(super) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let metadata = std::fs::metadata(files::place(path))?;
    // Anything else, such as a device, may have no end.
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    if metadata.len() > limit {
        let length = metadata.len();
        let reason = format!("it has {length} bytes, more than the {limit} that are allowed here");
        return Err(std::io::Error::other(reason).into());
    }
    Ok(files::read(path)?)
}

/// An `.npz` file that `key` of the description names.
pub(super) struct Arrays<'a> {
    key: &'a str,
    path: &'a Path,
    limit: u64,
    archive: Archive,
}

impl<'a> Arrays<'a> {
    /// Opens a file; neither it nor any of its arrays may exceed `limit` bytes.
    pub(super) fn open(key: &'a str, path: &'a Path, limit: u64) -> Result<Self, NativeProblem> {
        let archive = read_file(path, limit)
            .and_then(Archive::new)
            .map_err(|problem| NativeProblem::Array {
                key: key.to_owned(),
                file: path.to_path_buf(),
                problem,
            })?;
        Ok(Arrays {
            key,
            path,
            limit,
            archive,
        })
    }

    /// A value of the file that makes no sense.
    pub(super) fn refuse(&self, reason: impl std::fmt::Display) -> NativeProblem {
        value(self.key, format!("{}: {reason}", self.path.display()))
    }

    fn problem(&self, problem: Problem) -> NativeProblem {
        NativeProblem::Array {
            key: self.key.to_owned(),
            file: self.path.to_path_buf(),
            problem,
        }
    }

    /// Elements of an array, and its number of dimensions checked to be one.
    fn vector(&mut self, name: &str) -> Result<Option<ArrayValues>, NativeProblem> {
        let announced = self.archive.announced(name).map_err(|p| self.problem(p))?;
        if announced.is_some_and(|bytes| bytes > self.limit) {
            return Err(self.refuse(format_args!(
                "\"{name}\" has more than {} bytes; raise simulation.max_memory_bytes",
                self.limit
            )));
        }
        let array = self.archive.array(name).map_err(|p| self.problem(p))?;
        match array {
            Some(array) if array.dims.len() != 1 => Err(self.refuse(format_args!(
                "\"{name}\" has the shape {:?}; store a vector",
                array.dims
            ))),
            array => Ok(array.map(|array| array.values)),
        }
    }

    fn missing(&self, name: &str) -> NativeProblem {
        self.refuse(format_args!(
            "it holds no array \"{name}\"; it holds {}",
            self.archive.names()
        ))
    }

    /// Integers of at most `max`, if the file has an array of this name.
    pub(super) fn integers<T: TryFrom<i64>>(
        &mut self,
        name: &str,
    ) -> Result<Option<Vec<T>>, NativeProblem> {
        let refuse = |arrays: &Self, i: usize, v: i64| {
            arrays.refuse(format_args!("{name}[{i}] = {v} is out of range"))
        };
        let narrow = |(i, v): (usize, i64)| T::try_from(v).map_err(|_| (i, v));
        let narrowed: Result<Vec<T>, _> = match self.vector(name)? {
            None => return Ok(None),
            Some(ArrayValues::U8(v)) => v
                .into_iter()
                .map(i64::from)
                .enumerate()
                .map(narrow)
                .collect(),
            Some(ArrayValues::Integer(_, v)) => v.into_iter().enumerate().map(narrow).collect(),
            Some(_) => return Err(self.refuse(format_args!("\"{name}\" must hold integers"))),
        };
        narrowed.map(Some).map_err(|(i, v)| refuse(self, i, v))
    }

    /// Integers of an array that must be there.
    pub(super) fn required_integers<T: TryFrom<i64>>(
        &mut self,
        name: &str,
    ) -> Result<Vec<T>, NativeProblem> {
        self.integers(name)?.ok_or_else(|| self.missing(name))
    }

    /// Finite numbers, if the file has an array of this name.
    pub(super) fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>, NativeProblem> {
        let numbers: Vec<f64> = match self.vector(name)? {
            None => return Ok(None),
            Some(ArrayValues::U8(v)) => v.into_iter().map(f64::from).collect(),
            Some(ArrayValues::Bool(v)) => v.into_iter().map(f64::from).collect(),
            Some(ArrayValues::Integer(_, v)) => v.into_iter().map(|v| v as f64).collect(),
            Some(ArrayValues::F32(v)) => v.into_iter().map(f64::from).collect(),
            Some(ArrayValues::F64(v)) => v,
        };
        match numbers.iter().position(|v| !v.is_finite()) {
            Some(i) => Err(self.refuse(format_args!("{name}[{i}] is not finite"))),
            None => Ok(Some(numbers)),
        }
    }

    /// Finite numbers of an array that must be there.
    pub(super) fn required_numbers(&mut self, name: &str) -> Result<Vec<f64>, NativeProblem> {
        self.numbers(name)?.ok_or_else(|| self.missing(name))
    }
}
