//! Pooling.

use super::Body;
use super::window::WindowFields;
use crate::formats::nir::fields::{Fields, Writer};

/// Sum over windows of each channel: y\[c, n\](t) = Σ x\[c, n·stride + k - padding\](t).
///
/// Source: `nir/ir/pooling.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct SumPool2d {
    /// Window \[vertical, horizontal\], at least 1.
    pub kernel_size: [usize; 2],
    /// Elements from one window to the next \[vertical, horizontal\], at least 1.
    pub stride: [usize; 2],
    /// Zeros on both sides \[vertical, horizontal\].
    pub padding: [usize; 2],
}

/// Mean over windows of each channel: the sum of [`SumPool2d`] divided by the size of the window.
///
/// NIR has no field for it, so padded zeros count as elements, and windows that would leave the
/// padded input are dropped, as PyTorch's `AvgPool2d` does by default.
///
/// Source: `nir/ir/pooling.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct AvgPool2d {
    /// Window \[vertical, horizontal\], at least 1.
    pub kernel_size: [usize; 2],
    /// Elements from one window to the next \[vertical, horizontal\], at least 1.
    pub stride: [usize; 2],
    /// Zeros on both sides \[vertical, horizontal\].
    pub padding: [usize; 2],
}

/// The same for both.
macro_rules! pool {
    ($name:ident) => {
        impl $name {
            fn windows(&self) -> [WindowFields; 2] {
                [0, 1].map(|axis| WindowFields {
                    kernel: self.kernel_size[axis],
                    stride: self.stride[axis],
                    dilation: 1,
                    padding: [self.padding[axis]; 2],
                })
            }
        }

        impl Body for $name {
            fn read(fields: &mut Fields) -> Self {
                $name {
                    kernel_size: fields.per_axis("kernel_size"),
                    stride: fields.per_axis("stride"),
                    padding: fields.per_axis("padding"),
                }
            }

            fn write(&self, out: &mut Writer) -> Result<(), String> {
                out.sizes("kernel_size", &self.kernel_size);
                out.sizes("stride", &self.stride);
                out.sizes("padding", &self.padding);
                Ok(())
            }

            fn check(&self) -> Vec<String> {
                let windows = self.windows();
                let faults = windows.iter().filter_map(WindowFields::fault);
                let mut problems: Vec<String> = faults.map(str::to_owned).collect();
                problems.dedup();
                problems
            }

            fn input_shape(&self) -> Option<Vec<usize>> {
                None
            }

            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
                let &[channels, height, width] = input else {
                    return Err(format!(
                        "its input has the shape {input:?}, expected [C, H, W]"
                    ));
                };
                let [vertical, horizontal] = self.windows();
                Ok(vec![
                    channels,
                    vertical.positions(height)?,
                    horizontal.positions(width)?,
                ])
            }
        }
    };
}

pool!(SumPool2d);
pool!(AvgPool2d);
