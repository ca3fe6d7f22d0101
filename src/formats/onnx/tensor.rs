//! Constants of a model as plain tensors.

use super::external::Folder;
use rten_onnx::onnx::{DataLocation, DataType, TensorProto};
use std::borrow::Cow;

/// Stands for the size of the batch axis in shape arithmetic. Exporters compute the targets of
/// Reshape from it; it is no number a calculation may change.
pub(super) const BATCH: i64 = i64::MIN;

/// A constant of the model, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OnnxTensor {
    pub(super) dims: Vec<usize>,
    pub(super) data: Data,
}

/// Elements of a constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// Of any floating-point type of the file.
    Floats(Vec<f32>),
    /// Of any integer type, and truth values.
    Integers(Vec<i64>),
}

impl Data {
    /// The elements at the given indices.
    pub(super) fn pick(&self, indices: impl Iterator<Item = usize>) -> Data {
        match self {
            Data::Floats(values) => Data::Floats(indices.map(|i| values[i]).collect()),
            Data::Integers(values) => Data::Integers(indices.map(|i| values[i]).collect()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Data::Floats(values) => values.len(),
            Data::Integers(values) => values.len(),
        }
    }
}

impl OnnxTensor {
    /// A list of integers.
    pub(super) fn integers(values: Vec<i64>) -> Self {
        OnnxTensor {
            dims: vec![values.len()],
            data: Data::Integers(values),
        }
    }

    /// Its elements as single-precision numbers.
    pub(super) fn floats(&self) -> Cow<'_, [f32]> {
        match &self.data {
            Data::Floats(values) => Cow::Borrowed(values),
            Data::Integers(values) => Cow::Owned(values.iter().map(|&v| v as f32).collect()),
        }
    }

    /// Its elements, which must be integers.
    pub(super) fn indices(&self) -> Result<&[i64], String> {
        match &self.data {
            Data::Integers(values) => Ok(values),
            Data::Floats(_) => Err("a constant is fractional where integers are expected".into()),
        }
    }

    /// Its only element.
    pub(super) fn scalar(&self) -> Option<f32> {
        match *self.floats() {
            [value] => Some(value),
            _ => None,
        }
    }

    /// Reads an initialiser; `folder` is where data of its own file may lie.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn read(proto: &TensorProto, folder: &Folder) -> Result<Self, String> {
        let name = proto.name.as_deref().unwrap_or("");
        let dims = proto
            .dims
            .iter()
            .map(|&d| usize::try_from(d).ok())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| format!("tensor \"{name}\" has a negative dimension"))?;
        let expected = dims
            .iter()
            .try_fold(1usize, |product, &d| product.checked_mul(d))
            .ok_or_else(|| format!("tensor \"{name}\" has more elements than fit in memory"))?;
        let kind = proto.data_type.unwrap_or(DataType(0));
        let data = if proto.data_location == Some(DataLocation::EXTERNAL) {
            let bytes = folder
                .read(proto)
                .map_err(|reason| format!("tensor \"{name}\" {reason}"))?;
            packed(kind, &bytes)
        } else if let Some(raw) = &proto.raw_data {
            packed(kind, &raw.borrow())
        } else {
            Ok(listed(kind, proto))
        }
        .map_err(|Cut| format!("tensor \"{name}\" ends in the middle of a number"))?
        .ok_or_else(|| {
            format!(
                "tensor \"{name}\" has element type {kind}; export it as float32, float16, float64, int8, uint8, int32 or int64"
            )
        })?;
        if data.len() != expected {
            return Err(format!(
                "tensor \"{name}\" declares {expected} elements ({dims:?}) and stores {}",
                data.len()
            ));
        }
        if let Data::Floats(values) = &data
            && let Some(index) = values.iter().position(|v| v.is_nan())
        {
            return Err(format!(
                "tensor \"{name}\" holds NaN at element {index}; weights must be numbers"
            ));
        }
        Ok(OnnxTensor { dims, data })
    }
}

/// The last number of packed data is cut off.
struct Cut;

/// Packed little-endian elements; `None` for a type that is not supported.
fn packed(kind: DataType, raw: &[u8]) -> Result<Option<Data>, Cut> {
    let data = match kind {
        DataType::FLOAT => Data::Floats(numbers(raw, f32::from_le_bytes)?),
        DataType::DOUBLE => Data::Floats(numbers(raw, |b| f64::from_le_bytes(b) as f32)?),
        DataType::FLOAT16 => Data::Floats(numbers(raw, |b| half(u16::from_le_bytes(b)))?),
        DataType::BFLOAT16 => Data::Floats(numbers(raw, |b| bfloat(u16::from_le_bytes(b)))?),
        DataType::INT64 => Data::Integers(numbers(raw, i64::from_le_bytes)?),
        DataType::INT32 => Data::Integers(numbers(raw, |b| i64::from(i32::from_le_bytes(b)))?),
        DataType::UINT32 => Data::Integers(numbers(raw, |b| i64::from(u32::from_le_bytes(b)))?),
        DataType::INT16 => Data::Integers(numbers(raw, |b| i64::from(i16::from_le_bytes(b)))?),
        DataType::UINT16 => Data::Integers(numbers(raw, |b| i64::from(u16::from_le_bytes(b)))?),
        DataType::INT8 => Data::Integers(numbers(raw, |b| i64::from(i8::from_le_bytes(b)))?),
        DataType::UINT8 | DataType::BOOL => {
            Data::Integers(raw.iter().map(|&b| i64::from(b)).collect())
        }
        _ => return Ok(None),
    };
    Ok(Some(data))
}

/// Elements in the typed fields of the message; `None` for a type that is not supported.
fn listed(kind: DataType, proto: &TensorProto) -> Option<Data> {
    let small = || proto.int32_data.iter();
    Some(match kind {
        DataType::FLOAT => Data::Floats(proto.float_data.clone()),
        DataType::DOUBLE => Data::Floats(proto.double_data.iter().map(|&v| v as f32).collect()),
        DataType::FLOAT16 => Data::Floats(small().map(|&bits| half(bits as u16)).collect()),
        DataType::BFLOAT16 => Data::Floats(small().map(|&bits| bfloat(bits as u16)).collect()),
        DataType::INT64 => Data::Integers(proto.int64_data.clone()),
        DataType::INT32
        | DataType::INT16
        | DataType::UINT16
        | DataType::INT8
        | DataType::UINT8
        | DataType::BOOL => Data::Integers(small().map(|&v| i64::from(v)).collect()),
        _ => return None,
    })
}

/// Reads packed little-endian numbers of `N` bytes.
fn numbers<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Cut> {
    let (chunks, rest) = raw.as_chunks::<N>();
    if rest.is_empty() {
        Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
    } else {
        Err(Cut)
    }
}

/// A half-precision number, exactly. Source: IEEE 754-2019, binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction) * 2f32.powi(exponent - 15),
    }
}

/// A bfloat16 number: the upper half of a single-precision one.
fn bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_half_precision() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x8000, -0.0),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:x}");
        }
        assert_eq!(bfloat(0x3f80), 1.0);
    }
}
