//! Samples in the layout a model takes.

use super::Ann;

impl Ann {
    /// Samples of shape `dims` in the layout of the model's input; `None` if they do not fit.
    ///
    /// They fit if the dimensions are the same up to axes of length 1, if the model takes a vector
    /// of their size, or if one has the channels first and the other last: those are turned.
    #[must_use]
    pub fn fit(&self, dims: &[usize], inputs: Vec<f32>) -> Option<Vec<f32>> {
        let model = self.sample_dims.as_slice();
        let size = |dims: &[usize]| dims.iter().product::<usize>();
        let bare =
            |dims: &[usize]| -> Vec<usize> { dims.iter().copied().filter(|&d| d != 1).collect() };
        if bare(dims) == bare(model) || (model.len() == 1 && size(dims) == size(model)) {
            return Some(inputs);
        }
        let (&[a, b, c], &[x, y, z]) = (dims, model) else {
            return None;
        };
        if [b, c, a] == [x, y, z] {
            Some(turned(&inputs, a, b * c))
        } else if [c, a, b] == [x, y, z] {
            Some(turned(&inputs, a * b, c))
        } else {
            None
        }
    }
}

/// Each sample, a matrix `[rows, columns]`, transposed.
fn turned(inputs: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(inputs.len());
    for sample in inputs.chunks_exact((rows * columns).max(1)) {
        for column in 0..columns {
            out.extend(sample.iter().skip(column).step_by(columns));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taking(dims: &[usize]) -> Ann {
        Ann {
            name: "test".to_owned(),
            sample_dims: dims.to_vec(),
            channels_last: false,
            layers: Vec::new(),
            output: String::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn worked_samples_are_turned_to_the_model() {
        // Two channels of three pixels: channels first, then last.
        let first = vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0];
        let last = vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        let to_last = taking(&[1, 3, 2]);
        assert_eq!(to_last.fit(&[2, 1, 3], first.clone()), Some(last.clone()));
        let to_first = taking(&[2, 1, 3]);
        assert_eq!(to_first.fit(&[1, 3, 2], last), Some(first.clone()));
        assert_eq!(
            taking(&[6]).fit(&[2, 1, 3], first.clone()),
            Some(first.clone())
        );
        assert_eq!(taking(&[3, 4]).fit(&[2, 1, 3], first), None);
    }
}
