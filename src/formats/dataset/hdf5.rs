//! HDF5 with datasets `x` (N, …) and, where there are labels, `y` (N) in its root group.

use super::array::{Array, ArrayValues, SUPPORTED, widen};
use super::{Content, Contents, Problem, Reader};
use crate::formats::hdf5_file::{Hdf5File, Hdf5Problem, library};
use ::hdf5::DType;

pub(super) const READER: Reader = Reader {
    name: "HDF5",
    suffixes: &[".h5", ".hdf5"],
    gzip: false,
    recognises: |head| head.starts_with(b"\x89HDF\r\n\x1a\n"),
    read,
};

impl From<Hdf5Problem> for Problem {
    fn from(problem: Hdf5Problem) -> Self {
        Problem::Malformed {
            format: "HDF5",
            reason: problem.to_string(),
        }
    }
}

fn read(content: Content) -> Result<Contents, Problem> {
    let file = Hdf5File::new(content.into_raw())?;
    let names = file.root_datasets()?;
    let has = |name: &str| names.iter().any(|n| n == name);
    if !has("x") {
        return Err(Problem::MissingArray {
            name: "x",
            found: names.join(", "),
        });
    }
    Ok(Contents {
        x: array(&file, "x")?,
        y: if has("y") {
            Some(array(&file, "y")?)
        } else {
            None
        },
    })
}

fn array(file: &Hdf5File, name: &str) -> Result<Array, Problem> {
    let (dataset, shape) = file.dataset(name)?;
    let failed = library(name);
    let integer = |name, values| ArrayValues::Integer(name, values);
    let values = match dataset.dtype().map_err(library(name))? {
        DType::U8 => dataset.read_u8().map(ArrayValues::U8),
        DType::F32 => dataset.read_f32().map(ArrayValues::F32),
        DType::F64 => dataset.read_f64().map(ArrayValues::F64),
        // How h5py stores NumPy's bool.
        DType::Enum(names) if names == ["FALSE", "TRUE"] => dataset
            .read_i64()
            .map(|values| ArrayValues::Bool(values.into_iter().map(|v| v != 0).collect())),
        DType::I8 => dataset.read_i64().map(|v| integer("i8", v)),
        DType::I16 => dataset.read_i64().map(|v| integer("i16", v)),
        DType::I32 => dataset.read_i64().map(|v| integer("i32", v)),
        DType::I64 => dataset.read_i64().map(|v| integer("i64", v)),
        DType::U16 => dataset.read_i64().map(|v| integer("u16", v)),
        DType::U32 => dataset.read_i64().map(|v| integer("u32", v)),
        DType::U64 => {
            let values = dataset.read_u64().map_err(library(name))?;
            Ok(integer("u64", widen(values)?))
        }
        other => {
            return Err(Problem::ElementType {
                found: other.to_string(),
                supported: SUPPORTED,
            });
        }
    }
    .map_err(failed)?;
    let dims = shape
        .iter()
        .map(|&dim| usize::try_from(dim).ok())
        .collect::<Option<_>>()
        .ok_or_else(|| Hdf5Problem::Implausible {
            object: name.into(),
            shape,
        })?;
    Ok(Array { dims, values })
}
