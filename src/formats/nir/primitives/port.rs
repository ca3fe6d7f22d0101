//! Where data enters and leaves.

use super::Body;
use crate::formats::nir::fields::{Fields, Writer};

/// Where data enters the network: y(t) = data(t).
///
/// Source: `nir/ir/graph.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Shape of a sample at one time, \[N\] or \[C, H, W\].
    pub shape: Vec<usize>,
}

/// Where a result leaves the network: it is the sum of what enters the node.
///
/// Source: `nir/ir/graph.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Shape of the result at one time, \[N\] or \[C, H, W\].
    pub shape: Vec<usize>,
}

fn check(shape: &[usize]) -> Vec<String> {
    if shape.is_empty() || shape.contains(&0) {
        vec![format!("shape {shape:?} holds nothing")]
    } else {
        Vec::new()
    }
}

impl Body for Input {
    fn read(fields: &mut Fields) -> Self {
        Input {
            shape: fields.sizes("shape"),
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        out.sizes("shape", &self.shape);
        Ok(())
    }

    fn check(&self) -> Vec<String> {
        check(&self.shape)
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        Some(self.shape.clone())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        Ok(input.to_vec())
    }
}

impl Body for Output {
    fn read(fields: &mut Fields) -> Self {
        Output {
            shape: fields.sizes("shape"),
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        out.sizes("shape", &self.shape);
        Ok(())
    }

    fn check(&self) -> Vec<String> {
        check(&self.shape)
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        Some(self.shape.clone())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        Ok(input.to_vec())
    }
}
