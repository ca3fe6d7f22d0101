//! Joining dimensions.

use super::Body;
use crate::formats::nir::fields::{Fields, Writer};

/// Joins the dimensions from `start_dim` to `end_dim`; the values and their order stay.
///
/// Dimensions do not count a batch. A negative number counts from the end.
///
/// Source: `nir/ir/flatten.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Flatten {
    /// First dimension to join.
    pub start_dim: i64,
    /// Last dimension to join.
    pub end_dim: i64,
    /// Shape of the input; reading a file supplies it.
    pub input_shape: Option<Vec<usize>>,
}

impl Body for Flatten {
    fn read(fields: &mut Fields) -> Self {
        Flatten {
            start_dim: fields.integer_or("start_dim", 1),
            end_dim: fields.integer_or("end_dim", -1),
            input_shape: fields.has("input_type").then(|| fields.sizes("input_type")),
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        out.integer("start_dim", self.start_dim);
        out.integer("end_dim", self.end_dim);
        if let Some(shape) = &self.input_shape {
            out.sizes("input_type", shape);
        }
        Ok(())
    }

    fn check(&self) -> Vec<String> {
        match &self.input_shape {
            Some(shape) if shape.contains(&0) => {
                vec![format!("input_type {shape:?} holds nothing")]
            }
            _ => Vec::new(),
        }
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        self.input_shape.clone()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let rank = input.len();
        let position = |dim: i64| {
            let dim = if dim < 0 {
                dim.checked_add_unsigned(rank as u64)?
            } else {
                dim
            };
            usize::try_from(dim).ok().filter(|&dim| dim < rank)
        };
        match (position(self.start_dim), position(self.end_dim)) {
            (Some(start), Some(end)) if start <= end => {
                let joined = input[start..=end]
                    .iter()
                    .try_fold(1usize, |n, &d| n.checked_mul(d));
                let joined = joined.ok_or_else(|| format!("its input has the shape {input:?}"))?;
                let mut shape = input[..start].to_vec();
                shape.push(joined);
                shape.extend_from_slice(&input[end + 1..]);
                Ok(shape)
            }
            _ => Err(format!(
                "start_dim {} and end_dim {} do not select dimensions of its input {input:?} (a batch is not counted)",
                self.start_dim, self.end_dim
            )),
        }
    }

    fn fill(&mut self, input: &[usize]) -> Option<String> {
        if self.input_shape.is_some() {
            return None;
        }
        self.input_shape = Some(input.to_vec());
        Some(format!(
            "input_type is missing; {input:?} follows from its input"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_flatten() {
        let shape = |start_dim, end_dim, input: &[usize]| {
            Flatten {
                start_dim,
                end_dim,
                input_shape: None,
            }
            .output_shape(input)
        };
        assert_eq!(shape(0, -1, &[8, 4, 3]), Ok(vec![96]));
        assert_eq!(shape(1, -1, &[8, 4, 3]), Ok(vec![8, 12]));
        assert_eq!(shape(0, 1, &[8, 4, 3]), Ok(vec![32, 3]));
        assert_eq!(shape(-3, -2, &[8, 4, 3]), Ok(vec![32, 3]));
        assert_eq!(shape(1, 1, &[8, 4, 3]), Ok(vec![8, 4, 3]));
        for (start, end) in [(2, 1), (0, 3), (-4, -1), (i64::MIN, i64::MAX)] {
            assert!(shape(start, end, &[8, 4, 3]).is_err());
        }
        assert!(shape(1, -1, &[8]).is_err());
    }
}
