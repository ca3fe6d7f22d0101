//! One linear map behind another.

use super::map::{Map, MapPlacement, convolution_map, dense_map, list, widened};
use super::operator::{AveragePooling, Operator};
use crate::network::{Axis, Connectivity, Convolution, Pattern, Pooling, Shape, Window};

/// The map from the neurons of `inner` through `outer`, which reads a signal of shape `signal`.
///
/// # Errors
/// If it has too many synapses.
pub(in crate::conversion) fn chain(
    inner: &Map,
    signal: Shape,
    outer: &Operator,
) -> Result<Map, String> {
    let structured = match (inner, outer) {
        (Map::Placed(placement), Operator::Average(pooling)) => {
            averaged(placement, signal, pooling)
        }
        (
            Map::Placed(placement),
            Operator::Weighted(
                Connectivity {
                    pattern: Pattern::Convolution { convolution, .. },
                    ..
                },
                weights,
            ),
        ) => convolved(placement, signal, convolution, weights),
        (
            Map::Pooled {
                pooling,
                first_channel,
                factor,
            },
            Operator::Weighted(Connectivity { pattern, .. }, weights),
        ) => through_pooling(pooling, *first_channel, factor, signal, pattern, weights),
        (
            Map::Weighted(
                Connectivity {
                    pattern:
                        Pattern::Convolution {
                            convolution: first, ..
                        },
                    pooling,
                },
                before,
            ),
            Operator::Weighted(
                Connectivity {
                    pattern:
                        Pattern::Convolution {
                            convolution: second,
                            ..
                        },
                    ..
                },
                after,
            ),
        ) => pointwise(first, before, *pooling, second, after),
        _ => None,
    };
    let structured = match (structured, outer) {
        (
            None,
            Operator::Weighted(
                Connectivity {
                    pattern: Pattern::Dense { targets, .. },
                    ..
                },
                weights,
            ),
        ) => Some(multiplied(inner, signal, *targets, weights)),
        (structured, _) => structured,
    };
    if let Some(map) = structured {
        return Ok(map);
    }
    let rows = inner.rows(signal);
    list(inner.sources(), outer.outputs(), |source, push| {
        rows.of(source, |value, weight| {
            outer.for_each(value, |target, more| push(target, weight * more));
        });
    })
}

/// A matrix behind any map is a matrix.
fn multiplied(inner: &Map, signal: Shape, targets: usize, weights: &[f32]) -> Map {
    let rows = inner.rows(signal);
    let mut merged = vec![0.0; inner.sources() * targets];
    for (source, row) in merged.chunks_exact_mut(targets).enumerate() {
        rows.of(source, |value, weight| {
            let behind = &weights[value * targets..][..targets];
            row.iter_mut()
                .zip(behind)
                .for_each(|(r, w)| *r += weight * w);
        });
    }
    dense_map(inner.sources(), targets, merged)
}

fn averaged(placement: &MapPlacement, signal: Shape, pooling: &AveragePooling) -> Option<Map> {
    if !placement.fills_maps(signal) {
        return None;
    }
    let channels = placement.source.channels;
    Some(Map::Pooled {
        pooling: AveragePooling {
            input: placement.source,
            output: Shape {
                channels,
                ..pooling.output
            },
            ..*pooling
        },
        first_channel: placement.first_channel,
        factor: placement.factor.clone(),
    })
}

/// A convolution of feature maps that stand inside larger ones: fewer channels, more padding.
fn convolved(
    placement: &MapPlacement,
    signal: Shape,
    convolution: &Convolution,
    weights: &[f32],
) -> Option<Map> {
    let source = placement.source;
    if convolution.groups > 1 && source.channels != signal.channels {
        return None;
    }
    let axis = |axis: Axis, before: usize, inner: usize, outer: usize| Axis {
        pad_before: axis.pad_before + before,
        pad_after: axis.pad_after + outer - inner - before,
        ..axis
    };
    let Window {
        vertical,
        horizontal,
    } = convolution.window;
    let made = Convolution {
        input: source,
        window: Window {
            vertical: axis(vertical, placement.top, source.height, signal.height),
            horizontal: axis(horizontal, placement.left, source.width, signal.width),
        },
        ..*convolution
    };
    let scaled = channels_of(
        convolution,
        weights,
        placement.first_channel,
        &placement.factor,
    );
    Some(convolution_map(made, scaled))
}

/// The rows of input channels `first..`, each times its factor.
fn channels_of(
    convolution: &Convolution,
    weights: &[f32],
    first: usize,
    factor: &[f32],
) -> Vec<f32> {
    let width = convolution.outputs_per_group();
    weights
        .chunks_exact(width)
        .enumerate()
        .filter_map(|(row, weights)| {
            let c = (row % convolution.input.channels).checked_sub(first)?;
            factor
                .get(c)
                .map(|factor| weights.iter().map(move |w| factor * w))
        })
        .flatten()
        .collect()
}

/// Pooling that is a change of index in front of weights.
fn through_pooling(
    pooling: &AveragePooling,
    first_channel: usize,
    factor: &[f32],
    signal: Shape,
    pattern: &Pattern,
    weights: &[f32],
) -> Option<Map> {
    let area = pooling.uniform_area()?;
    if !pooling.window.is_disjoint() {
        return None;
    }
    let channels = pooling.input.channels;
    let shares: Vec<f32> = factor.iter().map(|f| f / area).collect();
    let mut made = match pattern {
        Pattern::Convolution { convolution, .. }
            if convolution.groups == 1 || channels == signal.channels =>
        {
            let input = Shape {
                channels,
                ..convolution.input
            };
            let scaled = channels_of(convolution, weights, first_channel, &shares);
            convolution_map(
                Convolution {
                    input,
                    ..*convolution
                },
                scaled,
            )
        }
        Pattern::Dense { targets, .. } => {
            let mut rows = Vec::with_capacity(pooling.output.neurons() * targets);
            for value in 0..pooling.output.neurons() {
                let (c, y, x) = pooling.output.coordinates(value);
                let row = signal.index(c + first_channel, y, x) * targets;
                rows.extend(weights[row..row + targets].iter().map(|w| shares[c] * w));
            }
            dense_map(pooling.output.neurons(), *targets, rows)
        }
        _ => return None,
    };
    if let Map::Weighted(connectivity, _) = &mut made {
        connectivity.pooling = Some(Pooling {
            input: pooling.input,
            output: pooling.output,
            window: pooling.window,
        });
    }
    Some(made)
}

/// Two convolutions of which one only mixes channels are one convolution.
fn pointwise(
    first: &Convolution,
    before: &[f32],
    pooling: Option<Pooling>,
    second: &Convolution,
    after: &[f32],
) -> Option<Map> {
    let plain = Window {
        vertical: Axis::new(1, 1),
        horizontal: Axis::new(1, 1),
    };
    let window = match (first.window == plain, second.window == plain) {
        (_, true) => first.window,
        (true, false) => second.window,
        (false, false) => return None,
    };
    // Without groups, rows of each tap are matrices [in, middle] and [middle, out].
    let (_, before) = widened(first, before, 0, first.output.channels);
    let (_, after) = widened(second, after, 0, second.output.channels);
    let (inputs, middle, outputs) = (
        first.input.channels,
        first.output.channels,
        second.output.channels,
    );
    let taps = window.vertical.kernel * window.horizontal.kernel;
    let mut merged = vec![0.0f32; taps * inputs * outputs];
    for tap in 0..taps {
        let front = if second.window == plain { tap } else { 0 };
        let back = if second.window == plain { 0 } else { tap };
        for i in 0..inputs {
            let target = &mut merged[(tap * inputs + i) * outputs..][..outputs];
            for m in 0..middle {
                let weight = before[(front * inputs + i) * middle + m];
                if weight != 0.0 {
                    let row = &after[(back * middle + m) * outputs..][..outputs];
                    target
                        .iter_mut()
                        .zip(row)
                        .for_each(|(t, w)| *t += weight * w);
                }
            }
        }
    }
    let convolution = Convolution {
        input: first.input,
        output: second.output,
        window,
        groups: 1,
    };
    let mut made = convolution_map(convolution, merged);
    if let Map::Weighted(connectivity, _) = &mut made {
        connectivity.pooling = pooling;
    }
    Some(made)
}
