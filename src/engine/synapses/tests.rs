//! Every layout against the plain delivery, synapse by synapse, bit for bit.

use super::*;
use crate::network::{Axis, Pooling, Shape, Window};
use proptest::prelude::*;

/// Numbers that only depend on their place; a tenth is zero. `exact` ones are multiples of 1/8,
/// whose sums do not depend on their order.
fn noise(place: usize, seed: u32, exact: bool) -> f32 {
    let hash = (place as u32 ^ seed.wrapping_mul(0x9e37_79b9)).wrapping_mul(2_654_435_761) >> 8;
    match (hash % 10, exact) {
        (0, _) => 0.0,
        (_, true) => (hash % 65) as f32 / 8.0 - 4.0,
        (_, false) => (hash % 10_007) as f32 / 997.0 - 5.0,
    }
}

fn weights(count: usize, seed: u32, exact: bool) -> Vec<f32> {
    (0..count).map(|i| noise(i, seed, exact)).collect()
}

/// Random events of `sources` neurons: silent, sparse and busy timesteps.
fn train(sources: usize, timesteps: usize, graded: bool, seed: u32) -> SpikeTrain {
    let mut train = SpikeTrain::new();
    for t in 0..timesteps {
        for neuron in 0..sources {
            let hash = ((neuron * 31 + t * 7_919) as u32 ^ seed).wrapping_mul(2_654_435_761) >> 16;
            if hash % 100 < [0, 3, 20, 70][t % 4] {
                let value = if graded {
                    noise(neuron + t, seed, true)
                } else {
                    1.0
                };
                train.push_value(neuron as u32, value);
            }
        }
        train.end_timestep();
    }
    train
}

fn bits(inputs: &[f32]) -> Vec<u32> {
    inputs.iter().map(|input| input.to_bits()).collect()
}

/// The inputs of `timesteps` timesteps, delivered the plain way.
fn plainly(synapses: &Synapses, train: &SpikeTrain, timesteps: usize) -> Vec<f32> {
    let neurons = synapses.connectivity().targets();
    let mut inputs = vec![-0.0; timesteps * neurons];
    for (t, input) in inputs.chunks_exact_mut(neurons).enumerate() {
        let events = synapses.arriving(train, t);
        for (i, &neuron) in events.neurons.iter().enumerate() {
            let value = events.values.map_or(1.0, |values| values[i]);
            synapses.add_row(neuron as usize, value, input);
        }
    }
    inputs
}

/// Delivers chunk by chunk and compares.
fn check(projection: &Projection, train: &SpikeTrain, timesteps: usize) {
    let synapses = Synapses::new(projection);
    assert!(
        !matches!(synapses.layout, Layout::Plain),
        "nothing to compare"
    );
    let neurons = synapses.connectivity().targets();
    let mut scratch = synapses.scratch(neurons);
    let mut inputs = Aligned::default();
    let silence = vec![-0.0; neurons];
    start_inputs(&mut inputs, neurons, 0..timesteps, |_| &silence);
    let half = timesteps / 2;
    synapses.deliver(train, 0..half, &mut inputs, &mut scratch);
    let second = &mut inputs[half * neurons..];
    synapses.deliver(train, half..timesteps, second, &mut scratch);
    let expected = plainly(&synapses, train, timesteps);
    assert!(
        bits(&inputs[..timesteps * neurons]) == bits(&expected),
        "{:?}",
        projection.connectivity.kind()
    );
    if synapses.can_split() {
        // The same in three parts.
        for part in [
            0..neurons / 3,
            neurons / 3..neurons / 2,
            neurons / 2..neurons,
        ] {
            let segments = synapses.segments(&part);
            let mut inputs = Aligned::default();
            let silence = vec![-0.0; part.len()];
            start_inputs(&mut inputs, part.len(), 0..timesteps, |_| &silence);
            synapses.deliver_to(train, 0..timesteps, &part, segments.as_ref(), &mut inputs);
            let expected: Vec<f32> = expected
                .chunks_exact(neurons)
                .flat_map(|input| input[part.clone()].to_vec())
                .collect();
            let inputs = &inputs[..timesteps * part.len()];
            assert!(bits(inputs) == bits(&expected), "{part:?}");
        }
    }
}

fn pooling(input: Shape) -> Pooling {
    let axis = Axis::new(2, 2);
    Pooling {
        input,
        output: Shape::maps(input.channels, input.height / 2, input.width / 2),
        window: Window {
            vertical: axis,
            horizontal: axis,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Enough rows for several blocks, near and far, and chunks with few and many events.
    #[test]
    fn closed_form_dense_blocks(
        sources in 1usize..2500, targets in 1usize..140, timesteps in 1usize..24,
        graded in any::<bool>(), seed in 0u32..1000,
    ) {
        let pattern = Pattern::Dense { sources, targets, present: None };
        let weights = weights(sources * targets, seed, false);
        let projection = Projection::new(0, 1, Connectivity::new(pattern), weights);
        check(&projection, &train(sources, timesteps, graded, seed), timesteps);
    }

    /// Behind pooling that leaves a row and a column out.
    #[test]
    fn closed_form_pooled_dense_blocks(
        channels in 1usize..40, height in 2usize..20, width in 2usize..20, targets in 1usize..70,
        graded in any::<bool>(), seed in 0u32..1000,
    ) {
        let pooling = pooling(Shape::maps(channels, height, width));
        let sources = pooling.output.neurons();
        let connectivity = Connectivity {
            pooling: Some(pooling),
            pattern: Pattern::Dense { sources, targets, present: None },
        };
        let weights = weights(sources * targets, seed, false);
        let projection = Projection::new(0, 1, connectivity, weights);
        check(&projection, &train(pooling.input.neurons(), 16, graded, seed), 16);
    }

    /// Scattered and gathered timesteps; behind pooling, events come in another order.
    #[test]
    fn closed_form_convolutions(
        channels in 1usize..9, size in 2usize..14, outputs in 1usize..80, kernel in 1usize..4,
        stride in 1usize..3, pooled in any::<bool>(), graded in any::<bool>(), seed in 0u32..1000,
    ) {
        let source = Shape::maps(channels, 2 * size, 2 * size + 1);
        let pooling = pooled.then(|| pooling(source));
        let input = pooling.map_or(source, |pooling| pooling.output);
        let axis = Axis { pad_before: 1, pad_after: 0, ..Axis::new(kernel, stride) };
        let window = Window { vertical: axis, horizontal: axis };
        let Some((height, width)) = window.outputs(input) else { return Ok(()) };
        let output = Shape::maps(outputs, height, width);
        let convolution = Convolution { input, output, window, groups: 1 };
        let weights = weights(convolution.kernel_rows() * outputs, seed, pooled);
        let pattern = Pattern::Convolution { convolution, present: None };
        let projection = Projection::new(0, 1, Connectivity { pooling, pattern }, weights);
        check(&projection, &train(source.neurons(), 8, graded, seed), 8);
    }

    /// Targets in two bytes and in four, weights of each kind, delays, empty rows.
    #[test]
    fn closed_form_listed_synapses(
        sources in 1usize..200, wide in any::<bool>(), most in 0usize..60, kind in 0..3,
        delay in 0u32..5, graded in any::<bool>(), seed in 0u32..1000,
    ) {
        let neurons = if wide { 70_000 } else { 1 << 16 };
        let mut targets = Vec::new();
        let mut starts = vec![0];
        for source in 0..sources {
            let length = (source * 37 + seed as usize) % (most + 1);
            let mut row: Vec<u32> = (0..length)
                .map(|i| {
                    let place = (source * 1009 + i * 7) as u32 ^ seed;
                    place.wrapping_mul(2_654_435_761) % neurons as u32
                })
                .collect();
            row.sort_unstable();
            // The last target there is.
            if let Some(last) = row.last_mut() {
                *last = neurons as u32 - 1;
            }
            targets.extend(row);
            starts.push(targets.len() as u64);
        }
        let weights = match kind {
            0 => Weights::Uniform(0.3),
            1 => Weights::Each(weights(targets.len(), seed, false)),
            _ => Weights::Int8 {
                values: (0..targets.len()).map(|i| (i % 250) as u8 as i8).collect(),
                scale: 0.07,
            },
        };
        let pattern = Pattern::Sparse { neurons, starts, targets: targets.into() };
        let projection = Projection {
            delay: Delays::Uniform(delay),
            ..Projection::new(0, 1, Connectivity::new(pattern), weights)
        };
        check(&projection, &train(sources, 7, graded, seed), 7);
    }
}
