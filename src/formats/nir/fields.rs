//! The fields of one node: what primitives read from and write to.

use super::Tensor;
use crate::formats::hdf5_file::{Hdf5Dataset, Hdf5Problem};
use hdf5::GroupBuilder;
use std::collections::BTreeMap;

/// Padding as a file gives it.
pub(super) enum Padding<const N: usize> {
    /// Zeros on both sides, per axis; "valid" is none.
    Numbers([usize; N]),
    /// As many as keep the length.
    Same,
}

/// Fields of a node in a file. Problems are collected; a primitive with problems is not used, so
/// a reader goes on with whatever stands in for the value.
pub(super) struct Fields<'a> {
    datasets: BTreeMap<String, Hdf5Dataset<'a>>,
    problems: Vec<String>,
    repairs: Vec<String>,
}

impl<'a> Fields<'a> {
    pub fn new(datasets: BTreeMap<String, Hdf5Dataset<'a>>) -> Self {
        Fields {
            datasets,
            problems: Vec::new(),
            repairs: Vec::new(),
        }
    }

    /// Problems and repairs; a field that no one asked for is a problem.
    pub fn finish(mut self) -> (Vec<String>, Vec<String>) {
        let unknown = self.datasets.keys();
        self.problems.extend(unknown.map(|name| {
            format!("unknown field \"{name}\"; what it means cannot be told, remove it or save without it")
        }));
        (self.problems, self.repairs)
    }

    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    pub fn repair(&mut self, repair: String) {
        self.repairs.push(repair);
    }

    pub fn has(&self, name: &str) -> bool {
        self.datasets.contains_key(name)
    }

    fn get<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Hdf5Dataset<'a>) -> Result<T, Hdf5Problem>,
    ) -> Option<T> {
        match self.datasets.remove(name).as_ref().map(read) {
            Some(Ok(value)) => return Some(value),
            Some(Err(problem)) => self.problem(problem.to_string()),
            None => self.problem(format!(
                "field \"{name}\" is missing; save it with a current nir"
            )),
        }
        None
    }

    /// A parameter.
    pub fn tensor(&mut self, name: &str) -> Tensor {
        match self.get(name, Hdf5Dataset::numbers) {
            Some((dims, data)) => Tensor { dims, data },
            None => Tensor::scalar(f64::NAN),
        }
    }

    /// A parameter that is `default` everywhere if it is missing, shaped as `like`.
    pub fn tensor_or(&mut self, name: &str, like: &Tensor, default: f64) -> Tensor {
        if self.has(name) {
            return self.tensor(name);
        }
        self.repair(format!(
            "{name} is missing; it is {default}, as nir reads it"
        ));
        Tensor {
            dims: like.dims.clone(),
            data: vec![default; like.data.len()],
        }
    }

    fn integers(&mut self, name: &str) -> (Vec<usize>, Vec<i64>) {
        let Some((dims, values)) = self.get(name, Hdf5Dataset::numbers) else {
            return (Vec::new(), Vec::new());
        };
        match values.iter().find(|value| value.fract() != 0.0) {
            None => (dims, values.into_iter().map(|value| value as i64).collect()),
            Some(value) => {
                self.problem(format!("{name}: {value} is not a whole number"));
                (Vec::new(), Vec::new())
            }
        }
    }

    /// One integer.
    pub fn integer(&mut self, name: &str) -> i64 {
        let before = self.problems.len();
        match self.integers(name) {
            (_, values) if values.len() == 1 => values[0],
            (dims, _) => {
                if self.problems.len() == before {
                    self.problem(format!(
                        "{name} has the shape {dims:?}, expected one number"
                    ));
                }
                0
            }
        }
    }

    /// One integer; if it is missing, the default of nir's classes.
    pub fn integer_or(&mut self, name: &str, default: i64) -> i64 {
        if self.has(name) {
            return self.integer(name);
        }
        self.repair(format!(
            "{name} is missing; it is {default}, as nir reads it"
        ));
        default
    }

    fn checked_size(&mut self, name: &str, value: i64) -> usize {
        usize::try_from(value).unwrap_or_else(|_| {
            self.problem(format!("{name}: {value} is negative"));
            0
        })
    }

    /// One size.
    pub fn size(&mut self, name: &str) -> usize {
        let value = self.integer(name);
        self.checked_size(name, value)
    }

    /// A shape.
    pub fn sizes(&mut self, name: &str) -> Vec<usize> {
        let (dims, values) = self.integers(name);
        if dims.len() > 1 {
            self.problem(format!(
                "{name} has the shape {dims:?}, expected a list of sizes"
            ));
        }
        values
            .into_iter()
            .map(|value| self.checked_size(name, value))
            .collect()
    }

    /// One size for each of N axes, or one for all.
    pub fn per_axis<const N: usize>(&mut self, name: &str) -> [usize; N] {
        let before = self.problems.len();
        let values = self.sizes(name);
        if let [value] = values[..] {
            return [value; N];
        }
        <[usize; N]>::try_from(values).unwrap_or_else(|values| {
            if self.problems.len() == before {
                self.problem(format!("{name} is {values:?}, expected {N} numbers"));
            }
            [0; N]
        })
    }

    /// Padding as numbers or as a word.
    pub fn padding<const N: usize>(&mut self, name: &str) -> Padding<N> {
        let is_word = self
            .datasets
            .get(name)
            .is_some_and(|d| d.is_string().unwrap_or(false));
        if !is_word {
            return Padding::Numbers(self.per_axis(name));
        }
        match self.get(name, Hdf5Dataset::string).as_deref() {
            Some("same") => return Padding::Same,
            None | Some("valid") => {}
            Some(word) => self.problem(format!(
                "{name} \"{word}\" is neither \"same\" nor \"valid\" nor a number"
            )),
        }
        Padding::Numbers([0; N])
    }
}

/// Writes the fields of a node.
pub(super) struct Writer {
    group: GroupBuilder,
}

impl Writer {
    pub fn new(group: GroupBuilder) -> Self {
        Writer { group }
    }

    pub fn into_group(self) -> GroupBuilder {
        self.group
    }

    pub fn text(&mut self, name: &str, value: &str) {
        self.group
            .create_dataset(name)
            .with_vlen_strings(&[value])
            .with_shape(&[]);
    }

    pub fn integer(&mut self, name: &str, value: i64) {
        self.group
            .create_dataset(name)
            .with_i64_data(&[value])
            .with_shape(&[]);
    }

    pub fn size(&mut self, name: &str, value: usize) {
        self.integer(name, value as i64);
    }

    pub fn sizes(&mut self, name: &str, values: &[usize]) {
        let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
        self.group.create_dataset(name).with_i64_data(&values);
    }

    /// As f32 if that is exact, else as f64; compressed where there is something to gain.
    pub fn tensor(&mut self, name: &str, tensor: &Tensor) {
        let dataset = self.group.create_dataset(name);
        let singles: Vec<f32> = tensor.data.iter().map(|&value| value as f32).collect();
        if singles
            .iter()
            .zip(&tensor.data)
            .all(|(&single, &value)| f64::from(single) == value)
        {
            dataset.with_f32_data(&singles);
        } else {
            dataset.with_f64_data(&tensor.data);
        }
        let shape: Vec<u64> = tensor.dims.iter().map(|&dim| dim as u64).collect();
        dataset.with_shape(&shape);
        if tensor.data.len() > SHORT {
            dataset.with_chunks(&chunks(&tensor.dims)).with_deflate(6);
        }
    }
}

/// Arrays of more values than this are compressed.
pub(super) const SHORT: usize = 64;

/// A chunk of whole rows, up to a size.
pub(super) fn chunks(dims: &[usize]) -> Vec<u64> {
    let mut left = 1 << 18;
    let mut chunks: Vec<u64> = Vec::with_capacity(dims.len());
    for &dim in dims.iter().rev() {
        let len = dim.min(left).max(1);
        left = (left / len).max(1);
        chunks.push(len as u64);
    }
    chunks.reverse();
    chunks
}

#[cfg(test)]
mod tests {
    #[test]
    fn worked_chunks() {
        assert_eq!(super::chunks(&[38, 12]), [38, 12]);
        assert_eq!(super::chunks(&[1000, 1 << 16]), [4, 1 << 16]);
        assert_eq!(super::chunks(&[3, 1 << 20]), [1, 1 << 18]);
    }
}
