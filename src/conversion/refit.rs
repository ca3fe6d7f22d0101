//! Weights that make up for what spikes lose.
//!
//! In place of the activations of the original a layer gets the mean spikes x of the populations in
//! front of it: clipped, rounded, and more of them than there should be where they came unevenly.
//! What its input lacks because of that, r, is partly a linear function of x:
//!
//! ```text
//! ΔW = argmin Σ |r − ΔW x − c|² + λ |ΔW|²
//! ```
//!
//! It is solved on each half of the calibration samples and believed as far as it holds on the
//! other half; the mean of both answers is added to the weights. No synapse comes or goes.
//!
//! The idea to correct weights layer by layer on what spikes really arrive is that of Li et al.,
//! ICML 2021, section 3.3, who descend its gradient.

use super::samples::{Samples, Seen};
use super::{Carrier, ConversionError};
use crate::encoding::Encoding;
use crate::network::{Connectivity, Network, Pattern, Projection, Role, Shape, Weights};
use ndarray::{Array2, Axis, Zip, concatenate};

/// Positions of a feature map that are looked at, of each sample.
const POSITIONS: usize = 64;

/// Layers with more weights per neuron keep them: the equations would take too long to solve, and a
/// sum of so many spikes is precise.
const MOST_WEIGHTS: usize = 2048;

/// λ, relative to the mean square of x.
const RIDGE: f64 = 0.1;

/// What a population has and what it lacks, `[row, feature]` and `[row, output]`; a row is a sample,
/// or a position in one.
struct FeatureRows {
    features: Array2<f32>,
    missing: Array2<f32>,
}

/// Refits the weights into a population that spikes reach.
pub(super) fn refit(
    samples: &Samples,
    network: &mut Network,
    carrier: Carrier,
) -> Result<(), ConversionError> {
    let fitted = fitted(samples, network, carrier.population);
    let width: usize = fitted
        .iter()
        .map(|&p| rows_of(&network.projections[p].connectivity.pattern))
        .sum();
    if fitted.is_empty() || width > MOST_WEIGHTS {
        return Ok(());
    }
    let projections: Vec<&Projection> = fitted.iter().map(|&p| &network.projections[p]).collect();
    let sources: Vec<usize> = projections.iter().map(|p| p.source).collect();
    let rectifies = network.populations[carrier.population].role() != Role::Readout;
    let parts = samples.visit_with_sources(network, carrier, &sources, &|seen: Seen, sample| {
        let shape = network.populations[carrier.population].shape;
        feature_rows(
            &projections,
            shape,
            rectifies,
            samples.timesteps,
            &seen,
            sample,
        )
    })?;
    let parts: Vec<FeatureRows> = parts.into_iter().flatten().collect();
    let middle = parts.len() / 2;
    let (Some(first), Some(second)) = (join(&parts[..middle]), join(&parts[middle..])) else {
        return Ok(());
    };
    let present = |change: Array2<f32>| present(change, network, &fitted);
    let (a, b) = rayon::join(
        || first.solve().map(present),
        || second.solve().map(present),
    );
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(());
    };
    let (of_a, of_b) = (second.step(&a) / 2.0, first.step(&b) / 2.0);
    let change = a * of_a + b * of_b;
    change_weights(network, &fitted, &change);
    // What the change adds on average is left to the biases.
    let mean = (&first.mean_features + &second.mean_features) / 2.0;
    let lacking = (&first.mean_missing + &second.mean_missing) / 2.0;
    let shift = lacking - mean.dot(&change);
    let population = &mut network.populations[carrier.population];
    population.bias.resize(population.shape.neurons(), 0.0);
    for (neuron, bias) in population.bias.iter_mut().enumerate() {
        *bias += shift[[0, neuron % shift.ncols()]];
    }
    Ok(())
}

/// What a sample says about the weights: at some positions of its population, what the synapses
/// carried and what is missing; `None` without a position.
fn feature_rows(
    projections: &[&Projection],
    shape: Shape,
    rectifies: bool,
    timesteps: u32,
    seen: &Seen,
    sample: usize,
) -> Option<FeatureRows> {
    let timesteps = timesteps as f32;
    let outputs = outputs_of(&projections[0].connectivity.pattern);
    let positions = shape.neurons() / outputs;
    let stride = positions.div_ceil(POSITIONS);
    let looked_at = (sample % stride..positions).step_by(stride);
    let pooled: Vec<Vec<f32>> = (projections.iter().zip(seen.spikes))
        .map(|(projection, spikes)| pooled(&projection.connectivity, spikes))
        .collect();
    let (mut features, mut missing) = (Vec::new(), Vec::new());
    for position in looked_at {
        for (projection, spikes) in projections.iter().zip(&pooled) {
            push_window(
                &projection.connectivity.pattern,
                spikes,
                position,
                &mut features,
            );
        }
        let neurons = position * outputs..(position + 1) * outputs;
        let total = &seen.total_input()[neurons.clone()];
        missing.extend(total.iter().zip(&seen.original[neurons]).map(|(z, a)| {
            let input = z / timesteps;
            // Where the original is silent, any negative input is right.
            if rectifies && *a <= 0.0 {
                input.min(0.0) - input
            } else {
                a - input
            }
        }));
    }
    features.iter_mut().for_each(|x| *x /= timesteps);
    let width: usize = projections
        .iter()
        .map(|p| rows_of(&p.connectivity.pattern))
        .sum();
    let rows = features.len() / width;
    Array2::from_shape_vec((rows, width), features)
        .and_then(|features| {
            let missing = Array2::from_shape_vec((rows, outputs), missing)?;
            Ok(FeatureRows { features, missing })
        })
        .ok()
}

/// Adds to the weights of some projections, one after the other.
fn change_weights(network: &mut Network, fitted: &[usize], change: &Array2<f32>) {
    let mut first_row = 0;
    for &projection in fitted {
        let rows = rows_of(&network.projections[projection].connectivity.pattern);
        if let Weights::Each(weights) = &mut network.projections[projection].weights {
            let change = change.slice(ndarray::s![first_row..first_row + rows, ..]);
            weights.iter_mut().zip(change).for_each(|(w, d)| *w += d);
        }
        first_row += rows;
    }
}

/// Projections whose weights can be refitted together: the convolutions into a population, or else
/// its matrices. Constant input lacks nothing.
fn fitted(samples: &Samples, network: &Network, population: usize) -> Vec<usize> {
    let shape = network.populations[population].shape;
    let exact = |p: &Projection| {
        samples.recordings.is_none()
            && samples.encoding == Encoding::Constant
            && network.populations[p.source].role() == Role::Input
    };
    let of = |kind: &dyn Fn(&Pattern) -> bool| -> Vec<usize> {
        let suits = |p: &Projection| {
            p.target == population
                && kind(&p.connectivity.pattern)
                && matches!(p.weights, Weights::Each(_))
                && !exact(p)
        };
        let all = network.projections.iter().enumerate();
        all.filter(|(_, p)| suits(p))
            .map(|(index, _)| index)
            .collect()
    };
    let convolutions = of(&|pattern| {
        matches!(pattern, Pattern::Convolution { convolution, .. }
            if convolution.groups == 1 && convolution.output == shape)
    });
    if convolutions.is_empty() {
        of(&|pattern| matches!(pattern, Pattern::Dense { .. }))
    } else {
        convolutions
    }
}

fn rows_of(pattern: &Pattern) -> usize {
    match pattern {
        Pattern::Dense { sources, .. } => *sources,
        Pattern::Convolution { convolution, .. } => convolution.kernel_rows(),
        Pattern::Sparse { .. } => 0,
    }
}

fn outputs_of(pattern: &Pattern) -> usize {
    match pattern {
        Pattern::Dense { targets, .. } => *targets,
        Pattern::Convolution { convolution, .. } => convolution.output.channels,
        Pattern::Sparse { neurons, .. } => *neurons,
    }
}

/// Sums of spikes in front of the pattern.
fn pooled(connectivity: &Connectivity, spikes: &[f32]) -> Vec<f32> {
    let Some(pooling) = &connectivity.pooling else {
        return spikes.to_vec();
    };
    let mut sums = vec![0.0; pooling.output.neurons()];
    for (source, spikes) in spikes.iter().enumerate() {
        if let Some(pooled) = pooling.pooled(source) {
            sums[pooled] += spikes;
        }
    }
    sums
}

/// What the outputs at one position read, in the order of the weights.
fn push_window(pattern: &Pattern, values: &[f32], position: usize, features: &mut Vec<f32>) {
    let Pattern::Convolution { convolution, .. } = pattern else {
        features.extend_from_slice(values);
        return;
    };
    let (input, window) = (convolution.input, convolution.window);
    let (vertical, horizontal) = (window.vertical, window.horizontal);
    let (oy, ox) = (
        position / convolution.output.width,
        position % convolution.output.width,
    );
    for ky in 0..vertical.kernel {
        let y = (oy * vertical.stride + ky * vertical.dilation).checked_sub(vertical.pad_before);
        for kx in 0..horizontal.kernel {
            let x = (ox * horizontal.stride + kx * horizontal.dilation)
                .checked_sub(horizontal.pad_before);
            match y.zip(x) {
                Some((y, x)) if y < input.height && x < input.width => {
                    let first = input.index(0, y, x);
                    features.extend_from_slice(&values[first..first + input.channels]);
                }
                _ => features.resize(features.len() + input.channels, 0.0),
            }
        }
    }
}

/// A change of weights without synapses that do not exist.
fn present(mut change: Array2<f32>, network: &Network, fitted: &[usize]) -> Array2<f32> {
    let weights = fitted.iter().flat_map(|&projection| {
        let weights = &network.projections[projection].weights;
        (0..weights.count().unwrap_or(0)).map(|i| weights.get(i))
    });
    for (change, weight) in change.iter_mut().zip(weights) {
        if weight == 0.0 {
            *change = 0.0;
        }
    }
    change
}

/// The normal equations of some samples, all about their means.
struct Equations {
    mean_features: Array2<f32>,
    mean_missing: Array2<f32>,
    /// `[feature, feature]`
    left: Array2<f32>,
    /// `[feature, output]`
    right: Array2<f32>,
}

fn join(parts: &[FeatureRows]) -> Option<Equations> {
    let features: Vec<_> = parts.iter().map(|part| part.features.view()).collect();
    let missing: Vec<_> = parts.iter().map(|part| part.missing.view()).collect();
    let mut features = concatenate(Axis(0), &features).ok()?;
    let mut missing = concatenate(Axis(0), &missing).ok()?;
    let mean_features = features.mean_axis(Axis(0))?.insert_axis(Axis(0));
    let mean_missing = missing.mean_axis(Axis(0))?.insert_axis(Axis(0));
    features -= &mean_features;
    missing -= &mean_missing;
    Some(Equations {
        left: features.t().dot(&features),
        right: features.t().dot(&missing),
        mean_features,
        mean_missing,
    })
}

impl Equations {
    /// The change of least squares, `[feature, output]`; `None` if there is nothing to fit to.
    fn solve(&self) -> Option<Array2<f32>> {
        let size = self.left.nrows();
        let mean = self.left.diag().iter().map(|v| f64::from(*v)).sum::<f64>() / size as f64;
        let mut left = self.left.mapv(f64::from);
        left.diag_mut().iter_mut().for_each(|v| *v += RIDGE * mean);
        let factor = cholesky(left)?;
        // Each output by itself, contiguous.
        let mut outputs = self
            .right
            .t()
            .mapv(f64::from)
            .as_standard_layout()
            .into_owned();
        for mut output in outputs.rows_mut() {
            substitute(&factor, output.as_slice_mut()?);
        }
        Some(outputs.t().mapv(|v| v as f32))
    }

    /// What `change` should be multiplied by to suit these equations best, 0 to 1.
    fn step(&self, change: &Array2<f32>) -> f32 {
        let (mut gained, mut spent) = (0.0f64, 0.0f64);
        let effect = self.left.dot(change);
        Zip::from(change)
            .and(&self.right)
            .and(&effect)
            .for_each(|c, r, e| {
                gained += f64::from(c * r);
                spent += f64::from(c * e);
            });
        (gained / spent.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) as f32
    }
}

/// Lower triangle L of `A = L Lᵀ`; `None` if A is not positive definite.
fn cholesky(mut a: Array2<f64>) -> Option<Array2<f64>> {
    let size = a.nrows();
    let values = a.as_slice_mut()?;
    for i in 0..size {
        let (above, row) = values.split_at_mut(i * size);
        for j in 0..i {
            let other = &above[j * size..];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let rest = row[i] - dot(&row[..i], &row[..i]);
        if rest.is_nan() || rest <= 0.0 {
            return None;
        }
        row[i] = rest.sqrt();
    }
    Some(a)
}

/// Solves `L Lᵀ x = b` in place.
fn substitute(factor: &Array2<f64>, x: &mut [f64]) {
    let Some(factor) = factor.as_slice() else {
        return;
    };
    let size = x.len();
    for i in 0..size {
        let row = &factor[i * size..][..=i];
        x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
    }
    for i in (0..size).rev() {
        let row = &factor[i * size..][..=i];
        x[i] /= row[i];
        let solved = x[i];
        x[..i]
            .iter_mut()
            .zip(row)
            .for_each(|(x, l)| *x -= l * solved);
    }
}

/// In eight sums, which the compiler adds side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a8.iter().zip(b8) {
        let products = a.iter().zip(b).map(|(a, b)| a * b);
        sums.iter_mut().zip(products).for_each(|(s, p)| *s += p);
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Axis as WindowAxis, Convolution, Window};
    use ndarray::array;

    fn equations(features: Array2<f32>, missing: Array2<f32>) -> Equations {
        join(&[FeatureRows { features, missing }]).unwrap()
    }

    #[test]
    fn closed_form_what_is_linear_is_found_and_believed() {
        // r = 2 x₀ − x₁ + 3, on two sets of samples.
        let missing = |x: &Array2<f32>| {
            let linear = x.dot(&array![[2.0f32], [-1.0]]);
            linear + 3.0
        };
        let x = array![[1.0f32, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]];
        let y = array![[0.0f32, 2.0], [0.0, -2.0], [2.0, 0.0], [-2.0, 0.0]];
        let (a, b) = (
            equations(x.clone(), missing(&x)),
            equations(y.clone(), missing(&y)),
        );
        let change = a.solve().unwrap();
        let shrunk = 1.0 / (1.0 + RIDGE as f32);
        for (found, expected) in change.iter().zip([2.0 * shrunk, -shrunk]) {
            assert!((found - expected).abs() < 1e-5, "{change}");
        }
        // The other samples would have it even larger.
        assert_eq!(b.step(&change), 1.0);
        assert!((b.step(&(change * 4.0)) - 0.25 / shrunk).abs() < 1e-5);
    }

    #[test]
    fn what_does_not_hold_on_other_samples_is_not_believed() {
        let x = array![[1.0f32], [-1.0]];
        let a = equations(x.clone(), array![[1.0], [-1.0]]);
        let opposite = equations(x, array![[-1.0], [1.0]]);
        assert_eq!(opposite.step(&a.solve().unwrap()), 0.0);
    }

    #[test]
    fn worked_cholesky() {
        let factor = cholesky(array![[4.0, 2.0], [2.0, 5.0]]).unwrap();
        assert_eq!(
            (factor[[0, 0]], factor[[1, 0]], factor[[1, 1]]),
            (2.0, 1.0, 2.0)
        );
        // 4 x + 2 y = 8, 2 x + 5 y = 12.
        let mut x = [8.0, 12.0];
        substitute(&factor, &mut x);
        assert_eq!(x, [1.0, 2.0]);
        assert!(cholesky(array![[1.0, 2.0], [2.0, 1.0]]).is_none());
        let long: Vec<f64> = (0..19).map(f64::from).collect();
        assert_eq!(dot(&long, &long), 2109.0);
    }

    #[test]
    fn worked_window_of_a_convolution() {
        let axis = WindowAxis {
            pad_before: 1,
            pad_after: 1,
            ..WindowAxis::new(3, 2)
        };
        let maps = |channels, height, width| Shape {
            channels,
            height,
            width,
        };
        let pattern = Pattern::Convolution {
            convolution: Convolution {
                input: maps(2, 1, 4),
                output: maps(1, 1, 2),
                window: Window {
                    vertical: WindowAxis::new(1, 1),
                    horizontal: axis,
                },
                groups: 1,
            },
            present: None,
        };
        let values = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0];
        let window = |position| {
            let mut features = Vec::new();
            push_window(&pattern, &values, position, &mut features);
            features
        };
        assert_eq!(window(0), [0.0, 0.0, 1.0, 10.0, 2.0, 20.0]);
        assert_eq!(window(1), [2.0, 20.0, 3.0, 30.0, 4.0, 40.0]);
    }
}
