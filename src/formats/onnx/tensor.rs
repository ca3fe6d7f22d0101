//! Constants of a model as plain tensors.

use rten_onnx::onnx::{DataLocation, DataType, TensorProto};

/// A constant of the model; integers are kept exactly as long as `f64` does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) data: Vec<f32>,
}

impl Tensor {
    /// Reads an initialiser.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn read(proto: &TensorProto) -> Result<Self, String> {
        let name = proto.name.as_deref().unwrap_or("");
        if proto.data_location == Some(DataLocation::EXTERNAL) {
            return Err(format!(
                "tensor \"{name}\" is stored in a separate file; export the model with its weights in one file"
            ));
        }
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
        let raw = proto.raw_data.as_ref().map(std::cell::RefCell::borrow);
        let raw = raw.as_ref().map(|bytes| bytes.as_slice());
        let kind = proto.data_type.unwrap_or(DataType(0));
        let data: Vec<f32> = match (kind, raw) {
            (DataType::FLOAT, Some(raw)) => numbers(raw, f32::from_le_bytes),
            (DataType::DOUBLE, Some(raw)) => numbers(raw, |b| f64::from_le_bytes(b) as f32),
            (DataType::INT64, Some(raw)) => numbers(raw, |b| i64::from_le_bytes(b) as f32),
            (DataType::INT32, Some(raw)) => numbers(raw, |b| i32::from_le_bytes(b) as f32),
            (DataType::FLOAT, None) => Some(proto.float_data.clone()),
            (DataType::DOUBLE, None) => Some(proto.double_data.iter().map(|&v| v as f32).collect()),
            (DataType::INT64, None) => Some(proto.int64_data.iter().map(|&v| v as f32).collect()),
            (DataType::INT32, None) => Some(proto.int32_data.iter().map(|&v| v as f32).collect()),
            _ => {
                return Err(format!(
                    "tensor \"{name}\" has element type {kind}; export the weights as float32"
                ));
            }
        }
        .ok_or_else(|| format!("tensor \"{name}\" ends in the middle of a number"))?;
        if data.len() != expected {
            return Err(format!(
                "tensor \"{name}\" declares {expected} elements ({dims:?}) and stores {}",
                data.len()
            ));
        }
        if let Some(index) = data.iter().position(|v| !v.is_finite()) {
            return Err(format!(
                "tensor \"{name}\" holds {} at element {index}; weights must be finite",
                data[index]
            ));
        }
        Ok(Tensor { dims, data })
    }
}

/// Reads packed little-endian numbers of `N` bytes; `None` if the last one is cut off.
fn numbers<const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> f32) -> Option<Vec<f32>> {
    let (chunks, rest) = raw.as_chunks::<N>();
    rest.is_empty()
        .then(|| chunks.iter().map(|chunk| read(*chunk)).collect())
}
