//! Sliding windows along one axis.

/// How a window slides along one axis.
pub(super) struct WindowFields {
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Zeros before and after.
    pub padding: [usize; 2],
}

impl WindowFields {
    /// What makes it impossible.
    pub fn fault(&self) -> Option<&'static str> {
        if self.kernel == 0 {
            Some("its kernel is empty")
        } else if self.stride == 0 {
            Some("its stride is 0")
        } else if self.dilation == 0 {
            Some("its dilation is 0")
        } else {
            None
        }
    }

    /// Number of positions along `len` elements.
    ///
    /// Source: PyTorch, `torch.nn.Conv2d`, "Shape".
    pub fn positions(&self, len: usize) -> Result<usize, String> {
        let [before, after] = self.padding;
        let padded = len.checked_add(before).and_then(|n| n.checked_add(after));
        let extent = self
            .dilation
            .checked_mul(self.kernel.saturating_sub(1))
            .and_then(|n| n.checked_add(1));
        match (padded, extent) {
            (Some(padded), Some(extent)) if extent <= padded && self.stride > 0 => {
                Ok((padded - extent) / self.stride + 1)
            }
            _ => Err(format!(
                "a window of {} elements, {} apart, does not fit {len} elements padded by {before} and {after}",
                self.kernel, self.dilation
            )),
        }
    }
}

/// Padding that keeps the length at stride 1; an odd zero goes after.
///
/// Source: PyTorch, `torch.nn.modules.conv._ConvNd.__init__` (`_reversed_padding_repeated_twice`).
pub(super) fn same_padding(kernel: usize, dilation: usize) -> Option<[usize; 2]> {
    let total = dilation.checked_mul(kernel.checked_sub(1)?)?;
    Some([total / 2, total - total / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_same_padding_of_even_kernels_is_asymmetric() {
        assert_eq!(same_padding(4, 1), Some([1, 2]));
        assert_eq!(same_padding(2, 3), Some([1, 2]));
        assert_eq!(same_padding(5, 2), Some([4, 4]));
        assert_eq!(same_padding(0, 1), None);
        for kernel in 1..6 {
            for dilation in 1..4 {
                let padding = same_padding(kernel, dilation).unwrap();
                let window = WindowFields {
                    kernel,
                    stride: 1,
                    dilation,
                    padding,
                };
                assert_eq!(window.positions(20), Ok(20));
            }
        }
    }

    #[test]
    fn worked_positions() {
        let window = |kernel, stride, dilation, pad| WindowFields {
            kernel,
            stride,
            dilation,
            padding: [pad, pad],
        };
        assert_eq!(window(5, 2, 1, 1).positions(34), Ok(16));
        assert_eq!(window(3, 1, 2, 0).positions(5), Ok(1));
        assert!(window(3, 1, 2, 0).positions(4).is_err());
        assert!(window(3, 1, usize::MAX, 0).positions(4).is_err());
        assert!(window(3, 1, 1, usize::MAX).positions(4).is_err());
    }
}
