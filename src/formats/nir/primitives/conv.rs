//! Convolutions.

use super::Body;
use super::window::{WindowFields, same_padding};
use crate::formats::nir::Tensor;
use crate::formats::nir::fields::{Fields, Padding, Writer};

/// Convolution along one axis, as PyTorch's (a cross-correlation):
/// y\[o, n\](t) = b\[o\] + Σ W\[o, i, k\] x\[i, n·stride + k·dilation - padding\](t).
///
/// Source: `nir/ir/conv.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv1d {
    /// Length of the input without channels; reading a file supplies it.
    pub input_shape: Option<usize>,
    /// W \[out channels, in channels / groups, K\].
    pub weight: Tensor,
    /// b \[out channels\], or a scalar.
    pub bias: Tensor,
    /// Elements from one output to the next, at least 1.
    pub stride: usize,
    /// Zeros \[before, after\] the input.
    pub padding: [usize; 2],
    /// Elements from one weight to the next, at least 1.
    pub dilation: usize,
    /// Output channels of one group see only the input channels of that group.
    pub groups: usize,
}

/// Convolution along two axes, as PyTorch's (a cross-correlation); see [`Conv1d`] for the equation.
///
/// Source: `nir/ir/conv.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// \[H, W\] of the input; reading a file supplies it.
    pub input_shape: Option<[usize; 2]>,
    /// W \[out channels, in channels / groups, KH, KW\].
    pub weight: Tensor,
    /// b \[out channels\], or a scalar.
    pub bias: Tensor,
    /// Elements from one output to the next \[vertical, horizontal\], at least 1.
    pub stride: [usize; 2],
    /// Zeros \[before, after\] the input: \[vertical, horizontal\].
    pub padding: [[usize; 2]; 2],
    /// Elements from one weight to the next \[vertical, horizontal\], at least 1.
    pub dilation: [usize; 2],
    /// Output channels of one group see only the input channels of that group.
    pub groups: usize,
}

/// Padding as numbers, for the kernel lengths that the weight has.
fn resolve<const N: usize>(
    fields: &mut Fields,
    weight: &Tensor,
    stride: [usize; N],
    dilation: [usize; N],
) -> [[usize; 2]; N] {
    match fields.padding::<N>("padding") {
        Padding::Numbers(numbers) => numbers.map(|n| [n, n]),
        Padding::Same => {
            if stride != [1; N] {
                fields.problem(format!(
                    "padding \"same\" needs a stride of 1, not {stride:?}; give it in numbers"
                ));
            }
            let mut padding = [[0; 2]; N];
            for (axis, padding) in padding.iter_mut().enumerate() {
                let kernel = weight.dims.get(2 + axis).copied().unwrap_or(0);
                match same_padding(kernel, dilation[axis]) {
                    Some(same) => *padding = same,
                    None => fields.problem(format!(
                        "padding \"same\" for a weight of shape {:?}",
                        weight.dims
                    )),
                }
            }
            padding
        }
    }
}

fn write_padding<const N: usize>(
    out: &mut Writer,
    windows: [WindowFields; N],
) -> Result<(), String> {
    let padding = windows.each_ref().map(|window| window.padding);
    if padding.iter().all(|[before, after]| before == after) {
        let numbers = padding.map(|[before, _]| before);
        if N == 1 {
            out.size("padding", numbers[0]);
        } else {
            out.sizes("padding", &numbers);
        }
    } else if windows
        .iter()
        .all(|w| w.stride == 1 && same_padding(w.kernel, w.dilation) == Some(w.padding))
    {
        out.text("padding", "same");
    } else {
        return Err(format!(
            "padding {padding:?} cannot be written: NIR has no different padding before and after, except \"same\""
        ));
    }
    Ok(())
}

fn check<const N: usize>(
    weight: &Tensor,
    bias: &Tensor,
    groups: usize,
    windows: [WindowFields; N],
) -> Vec<String> {
    let mut problems: Vec<String> = [("weight", weight), ("bias", bias)]
        .into_iter()
        .filter_map(|(name, tensor)| Some(format!("{name}: {}", tensor.fault()?)))
        .collect();
    if weight.dims.len() != 2 + N || weight.dims.contains(&0) {
        problems.push(format!(
            "weight has the shape {:?}, expected {} dimensions [out, in, …] without a 0",
            weight.dims,
            2 + N
        ));
        return problems;
    }
    let out = weight.dims[0];
    if !bias.is_scalar() && bias.dims != [out] {
        problems.push(format!(
            "bias has the shape {:?}, its weight {:?}",
            bias.dims, weight.dims
        ));
    }
    if groups == 0 || !out.is_multiple_of(groups) {
        problems.push(format!(
            "{groups} groups do not divide {out} output channels"
        ));
    }
    if weight.dims[1].checked_mul(groups).is_none() {
        problems.push(format!("{groups} groups are too many"));
    }
    problems.extend(
        windows
            .iter()
            .filter_map(WindowFields::fault)
            .map(str::to_owned),
    );
    problems.dedup();
    problems
}

fn output_shape<const N: usize>(
    weight: &Tensor,
    groups: usize,
    windows: [WindowFields; N],
    input: &[usize],
) -> Result<Vec<usize>, String> {
    let (Some(&out), Some(channels)) = (weight.dims.first(), in_channels(weight, groups)) else {
        return Err(format!("weight has the shape {:?}", weight.dims));
    };
    if input.len() != 1 + N || input[0] != channels {
        return Err(format!(
            "its input has the shape {input:?}; its weight {:?} with {groups} groups is for {channels} channels and {N} axes",
            weight.dims
        ));
    }
    let mut shape = vec![out];
    for (window, &len) in windows.iter().zip(&input[1..]) {
        shape.push(window.positions(len)?);
    }
    Ok(shape)
}

fn in_channels(weight: &Tensor, groups: usize) -> Option<usize> {
    weight.dims.get(1)?.checked_mul(groups)
}

impl Conv1d {
    fn windows(&self) -> [WindowFields; 1] {
        [WindowFields {
            kernel: self.weight.dims.get(2).copied().unwrap_or(0),
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
        }]
    }
}

impl Body for Conv1d {
    fn read(fields: &mut Fields) -> Self {
        let weight = fields.tensor("weight");
        let [stride] = fields.per_axis("stride");
        let [dilation] = fields.per_axis("dilation");
        let [padding] = resolve(fields, &weight, [stride], [dilation]);
        Conv1d {
            input_shape: fields
                .has("input_shape")
                .then(|| fields.size("input_shape")),
            bias: fields.tensor("bias"),
            groups: fields.size("groups"),
            weight,
            stride,
            padding,
            dilation,
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        if let Some(len) = self.input_shape {
            out.size("input_shape", len);
        }
        out.tensor("weight", &self.weight);
        out.tensor("bias", &self.bias);
        out.size("stride", self.stride);
        out.size("dilation", self.dilation);
        out.size("groups", self.groups);
        write_padding(out, self.windows())
    }

    fn check(&self) -> Vec<String> {
        check(&self.weight, &self.bias, self.groups, self.windows())
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        Some(vec![
            in_channels(&self.weight, self.groups)?,
            self.input_shape?,
        ])
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        output_shape(&self.weight, self.groups, self.windows(), input)
    }

    fn fill(&mut self, input: &[usize]) -> Option<String> {
        let (None, &[_, len]) = (self.input_shape, input) else {
            return None;
        };
        self.input_shape = Some(len);
        Some(format!(
            "input_shape is missing; {len} follows from its input"
        ))
    }
}

impl Conv2d {
    fn windows(&self) -> [WindowFields; 2] {
        [0, 1].map(|axis| WindowFields {
            kernel: self.weight.dims.get(2 + axis).copied().unwrap_or(0),
            stride: self.stride[axis],
            dilation: self.dilation[axis],
            padding: self.padding[axis],
        })
    }
}

impl Body for Conv2d {
    fn read(fields: &mut Fields) -> Self {
        let weight = fields.tensor("weight");
        let stride = fields.per_axis("stride");
        let dilation = fields.per_axis("dilation");
        let padding = resolve(fields, &weight, stride, dilation);
        Conv2d {
            input_shape: fields
                .has("input_shape")
                .then(|| fields.per_axis("input_shape")),
            bias: fields.tensor("bias"),
            groups: fields.size("groups"),
            weight,
            stride,
            padding,
            dilation,
        }
    }

    fn write(&self, out: &mut Writer) -> Result<(), String> {
        if let Some(shape) = self.input_shape {
            out.sizes("input_shape", &shape);
        }
        out.tensor("weight", &self.weight);
        out.tensor("bias", &self.bias);
        out.sizes("stride", &self.stride);
        out.sizes("dilation", &self.dilation);
        out.size("groups", self.groups);
        write_padding(out, self.windows())
    }

    fn check(&self) -> Vec<String> {
        check(&self.weight, &self.bias, self.groups, self.windows())
    }

    fn input_shape(&self) -> Option<Vec<usize>> {
        let [height, width] = self.input_shape?;
        Some(vec![in_channels(&self.weight, self.groups)?, height, width])
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        output_shape(&self.weight, self.groups, self.windows(), input)
    }

    fn fill(&mut self, input: &[usize]) -> Option<String> {
        let (None, &[_, height, width]) = (self.input_shape, input) else {
            return None;
        };
        self.input_shape = Some([height, width]);
        Some(format!(
            "input_shape is missing; [{height}, {width}] follows from its input"
        ))
    }
}
