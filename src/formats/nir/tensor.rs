//! Numbers of a parameter.

/// An array of numbers, row-major; `dims` is empty for a scalar.
///
/// f64 keeps both f32 and f64 files exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each dimension.
    pub dims: Vec<usize>,
    /// As many values as the product of `dims`.
    pub data: Vec<f64>,
}

impl Tensor {
    /// A scalar.
    pub fn scalar(value: f64) -> Tensor {
        Tensor {
            dims: Vec::new(),
            data: vec![value],
        }
    }

    /// An array of `dims` that holds `value` everywhere; `None` if it has too many values to be
    /// numbered.
    pub fn filled(dims: &[usize], value: f64) -> Option<Tensor> {
        Some(Tensor {
            dims: dims.to_vec(),
            data: vec![value; elements(dims)?],
        })
    }

    /// Whether it is one number for all elements.
    pub fn is_scalar(&self) -> bool {
        self.dims.is_empty()
    }

    /// The same parameter with one value per element of `dims`: a scalar is repeated, an array must
    /// have these dimensions already.
    pub fn broadcast(&self, dims: &[usize]) -> Option<Tensor> {
        match self.data[..] {
            [value] if self.is_scalar() => Tensor::filled(dims, value),
            _ if self.dims == dims => Some(self.clone()),
            _ => None,
        }
    }

    /// What is wrong with it as a parameter, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        if elements(&self.dims) != Some(self.data.len()) {
            let (dims, len) = (&self.dims, self.data.len());
            return Some(format!("{len} values for the shape {dims:?}"));
        }
        let at = self.data.iter().position(|value| !value.is_finite())?;
        Some(format!(
            "value {at} is {}, not a finite number",
            self.data[at]
        ))
    }
}

/// Number of elements of a shape; `None` if neurons of that shape cannot be numbered in 32 bits.
pub(super) fn elements(dims: &[usize]) -> Option<usize> {
    let product = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim))?;
    u32::try_from(product).is_ok().then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_broadcast() {
        let scalar = Tensor::scalar(2.5);
        let full = scalar.broadcast(&[2, 1]).unwrap();
        assert_eq!(
            (full.dims.as_slice(), full.data.as_slice()),
            (&[2, 1][..], &[2.5, 2.5][..])
        );
        assert_eq!(full.broadcast(&[2, 1]), Some(full.clone()));
        assert_eq!(full.broadcast(&[1, 2]), None);
        assert_eq!(scalar.broadcast(&[usize::MAX, 2]), None);
        let one = Tensor {
            dims: vec![1],
            data: vec![2.5],
        };
        assert_eq!(one.broadcast(&[2]), None, "an array of one is not a scalar");
    }
}
