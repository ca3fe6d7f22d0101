//! Full connections.

use super::Body;
use crate::formats::nir::Tensor;
use crate::formats::nir::fields::{Fields, Writer};

/// Weighted sum with an offset: y(t) = W x(t) + b.
///
/// The offset is there at all times, not once per spike.
///
/// Source: `nir/ir/linear.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    /// W \[out, in\].
    pub weight: Tensor,
    /// b \[out\], or a scalar.
    pub bias: Tensor,
}

/// Weighted sum: y(t) = W x(t).
///
/// Source: `nir/ir/linear.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// W \[out, in\].
    pub weight: Tensor,
}

/// Removes leading dimensions of 1 until `rank` are left: those of a batch.
fn drop_batch(fields: &mut Fields, name: &str, mut tensor: Tensor, rank: usize) -> Tensor {
    let extra = tensor.dims.len().saturating_sub(rank);
    if extra > 0 && tensor.dims[..extra].iter().all(|&dim| dim == 1) {
        fields.repair(format!(
            "{name} has the shape {:?}; its leading dimensions of 1 were removed",
            tensor.dims
        ));
        tensor.dims.drain(..extra);
    }
    tensor
}

fn read_weight(fields: &mut Fields) -> Tensor {
    let weight = fields.tensor("weight");
    drop_batch(fields, "weight", weight, 2)
}

fn check_weight(weight: &Tensor) -> Vec<String> {
    let mut problems: Vec<String> = weight
        .fault()
        .map(|fault| format!("weight: {fault}"))
        .into_iter()
        .collect();
    match weight.dims[..] {
        [out, inputs] if out > 0 && inputs > 0 => {}
        _ => problems.push(format!(
            "weight has the shape {:?}, expected [out, in]; save it without a batch dimension",
            weight.dims
        )),
    }
    problems
}

fn output_shape(weight: &Tensor, input: &[usize]) -> Result<Vec<usize>, String> {
    let [out, inputs] = weight.dims[..] else {
        return Err(format!("weight has the shape {:?}", weight.dims));
    };
    if input != [inputs] {
        return Err(format!(
            "its input has the shape {input:?}, its weight {:?}",
            weight.dims
        ));
    }
    Ok(vec![out])
}

impl Body for Affine {
    fn read(fields: &mut Fields) -> Self {
        let weight = read_weight(fields);
        let bias = fields.tensor("bias");
        Affine {
            weight,
            bias: drop_batch(fields, "bias", bias, 1),
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        out.tensor("weight", &self.weight);
        out.tensor("bias", &self.bias);
        Ok(())
    }

    fn check(&self) -> Vec<String> {
        let mut problems = check_weight(&self.weight);
        problems.extend(self.bias.fault().map(|fault| format!("bias: {fault}")));
        if !self.bias.is_scalar()
            && self.bias.dims[..] != self.weight.dims[..self.weight.dims.len().min(1)]
        {
            problems.push(format!(
                "bias has the shape {:?}, its weight {:?}",
                self.bias.dims, self.weight.dims
            ));
        }
        problems
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        Some(self.weight.dims.get(1..)?.to_vec())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        output_shape(&self.weight, input)
    }
}

impl Body for Linear {
    fn read(fields: &mut Fields) -> Self {
        Linear {
            weight: read_weight(fields),
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        out.tensor("weight", &self.weight);
        Ok(())
    }

    fn check(&self) -> Vec<String> {
        check_weight(&self.weight)
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        Some(self.weight.dims.get(1..)?.to_vec())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        output_shape(&self.weight, input)
    }
}
