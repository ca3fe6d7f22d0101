//! Arrays of NumPy as those of `ndarray`, for tests that write input or read recordings.

#![allow(dead_code)]

use ndarray::{Array, ArrayD, Dimension, IxDyn};
use spikewatt::formats::npy::{self, Element};
use std::error::Error;
use std::io::{Read, Seek, Write};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// An array that the bytes of an `.npy` file can become.
pub trait FromNpy: Sized {
    fn from_npy(bytes: &[u8]) -> Fallible<Self>;
}

impl<T: Element, D: Dimension> FromNpy for Array<T, D> {
    fn from_npy(bytes: &[u8]) -> Fallible<Self> {
        let (dims, values) = npy::decode(bytes)?;
        let array = ArrayD::from_shape_vec(IxDyn(&dims), values)?;
        Ok(array.into_dimensionality()?)
    }
}

fn bytes<T: Element, D: Dimension>(array: &Array<T, D>) -> Vec<u8> {
    let values: Vec<T> = array.iter().copied().collect();
    npy::encode(array.shape(), &values)
}

pub fn read_npy<P: AsRef<Path>, A: FromNpy>(path: P) -> Fallible<A> {
    A::from_npy(&std::fs::read(path)?)
}

pub fn write_npy<T: Element, D: Dimension>(
    path: impl AsRef<Path>,
    array: &Array<T, D>,
) -> Fallible<()> {
    Ok(std::fs::write(path, bytes(array))?)
}

pub struct NpzReader<R: Read + Seek>(ZipArchive<R>);

impl<R: Read + Seek> NpzReader<R> {
    pub fn new(file: R) -> Fallible<Self> {
        Ok(NpzReader(ZipArchive::new(file)?))
    }

    /// Names of the arrays, in the order of the file.
    pub fn names(&self) -> Vec<String> {
        let names = self.0.file_names();
        names
            .map(|name| name.trim_end_matches(".npy").to_owned())
            .collect()
    }

    pub fn by_name<A: FromNpy>(&mut self, name: &str) -> Fallible<A> {
        let mut bytes = Vec::new();
        let mut entry = self.0.by_name(&format!("{name}.npy"))?;
        entry.read_to_end(&mut bytes)?;
        A::from_npy(&bytes)
    }
}

pub struct NpzWriter<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> NpzWriter<W> {
    pub fn new(file: W) -> Self {
        NpzWriter(ZipWriter::new(file))
    }

    pub fn add_array<T: Element, D: Dimension>(
        &mut self,
        name: impl AsRef<str>,
        array: &Array<T, D>,
    ) -> Fallible<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let name = format!("{}.npy", name.as_ref());
        self.0.start_file(name, options)?;
        Ok(self.0.write_all(&bytes(array))?)
    }

    pub fn finish(self) -> Fallible<W> {
        Ok(self.0.finish()?)
    }
}
