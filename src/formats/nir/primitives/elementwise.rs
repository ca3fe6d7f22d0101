//! Primitives that treat each element of their input by itself.

use super::Body;
use crate::formats::nir::Tensor;
use crate::formats::nir::fields::{Fields, Writer};

/// Values that a parameter may have.
#[derive(Clone, Copy)]
pub(super) enum Domain {
    /// Any finite number.
    Any,
    /// Above 0: a time constant.
    Positive,
    /// 0 or above: a duration.
    NotNegative,
}

impl Domain {
    fn fault(self, value: f64) -> Option<&'static str> {
        match self {
            Domain::Positive if value <= 0.0 => Some("it must be above 0"),
            Domain::NotNegative if value < 0.0 => Some("it must not be negative"),
            _ => None,
        }
    }
}

/// A primitive whose parameters have one value per element each, or one for all; all that `Body`
/// asks for follows from the list of them.
pub(super) trait Elementwise {
    /// From the fields of a file.
    fn read(fields: &mut Fields) -> Self;

    /// Parameters with NIR's names for them.
    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)>;
}

impl<T: Elementwise> Body for T {
    fn read(fields: &mut Fields) -> Self {
        <T as Elementwise>::read(fields)
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        for (name, tensor, _) in self.parameters() {
            out.tensor(name, tensor);
        }
        Ok(())
    }

    fn check(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut shape: Option<(&str, &[usize])> = None;
        for (name, tensor, domain) in self.parameters() {
            if let Some(fault) = tensor.fault() {
                problems.push(format!("{name}: {fault}"));
                continue;
            }
            let refused = |(at, value): (usize, &f64)| Some((at, *value, domain.fault(*value)?));
            if let Some((at, value, fault)) = tensor.data.iter().enumerate().find_map(refused) {
                problems.push(format!("{name}: value {at} is {value}; {fault}"));
            }
            if tensor.dims.contains(&0) {
                problems.push(format!(
                    "{name} has the shape {:?}, without elements",
                    tensor.dims
                ));
            }
            match shape {
                _ if tensor.is_scalar() => {}
                None => shape = Some((name, &tensor.dims)),
                Some((_, dims)) if dims == tensor.dims => {}
                Some((other, dims)) => problems.push(format!(
                    "{name} has the shape {:?}, but {other} {dims:?}",
                    tensor.dims
                )),
            }
        }
        problems
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        let parameters = self.parameters();
        let (_, array, _) = parameters
            .iter()
            .find(|(_, tensor, _)| !tensor.is_scalar())?;
        Some(array.dims.clone())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        Ok(input.to_vec())
    }
}

/// Product with a factor: y(t) = s x(t).
///
/// Source: `nir/ir/linear.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// s: one value per element, or a scalar.
    pub scale: Tensor,
}

impl Elementwise for Scale {
    fn read(fields: &mut Fields) -> Self {
        Scale {
            scale: fields.tensor("scale"),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![("scale", &self.scale, Domain::Any)]
    }
}

/// Delay: y(t) = x(t - delay).
///
/// Source: `nir/ir/delay.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Delay {
    /// One value per element, or a scalar; not negative \[s\].
    pub delay: Tensor,
}

impl Elementwise for Delay {
    fn read(fields: &mut Fields) -> Self {
        Delay {
            delay: fields.tensor("delay"),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![("delay", &self.delay, Domain::NotNegative)]
    }
}

/// Heaviside step: y(t) = 1 if x(t) > threshold, else 0.
///
/// Source: `nir/ir/threshold.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// One value per element, or a scalar \[unit of x\].
    pub threshold: Tensor,
}

impl Elementwise for Threshold {
    fn read(fields: &mut Fields) -> Self {
        Threshold {
            threshold: fields.tensor("threshold"),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![("threshold", &self.threshold, Domain::Any)]
    }
}
