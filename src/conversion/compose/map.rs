//! A linear map from the neurons of one population to the values of a signal.

use super::MAX_SYNAPSES;
use super::operator::{AveragePooling, for_each_synapse};
use crate::network::{Axis, BitRows, Connectivity, Convolution, Pattern, Shape, Window};

/// How the values of a signal depend on the neurons of one population.
#[derive(Debug, Clone)]
pub(in crate::conversion) enum Map {
    /// Each neuron stands for at most one value.
    Placed(MapPlacement),
    /// Neurons are averaged within their channel.
    Pooled {
        pooling: AveragePooling,
        /// Channel of the signal that the first channel of the population stands in.
        first_channel: usize,
        /// Factor of each channel of the population.
        factor: Vec<f32>,
    },
    /// Value `i` is `factor[i]` times neuron `from[i]`; none where that is `u32::MAX`.
    Scattered {
        sources: usize,
        from: Vec<u32>,
        factor: Vec<f32>,
    },
    /// Weights, in the form of a projection.
    Weighted(Connectivity, Vec<f32>),
}

/// Feature maps of a population inside larger ones.
#[derive(Debug, Clone)]
pub(in crate::conversion) struct MapPlacement {
    /// Shape of the population.
    pub(in crate::conversion) source: Shape,
    /// Where its first channel, row and column stand.
    pub(in crate::conversion) first_channel: usize,
    pub(in crate::conversion) top: usize,
    pub(in crate::conversion) left: usize,
    /// Factor of each channel of the population.
    pub(in crate::conversion) factor: Vec<f32>,
}

impl MapPlacement {
    /// A population as it stands.
    pub(in crate::conversion) fn whole(source: Shape, factor: Vec<f32>) -> Self {
        MapPlacement {
            source,
            first_channel: 0,
            top: 0,
            left: 0,
            factor,
        }
    }

    /// Whether the feature maps have the size of the signal's.
    pub(in crate::conversion) fn fills_maps(&self, signal: Shape) -> bool {
        self.source.height == signal.height && self.source.width == signal.width
    }
}

impl Map {
    pub(super) fn sources(&self) -> usize {
        match self {
            Map::Placed(placement) => placement.source.neurons(),
            Map::Pooled { pooling, .. } => pooling.input.neurons(),
            Map::Scattered { sources, .. } => *sources,
            Map::Weighted(connectivity, _) => connectivity.sources(),
        }
    }

    /// `(value, weight)` of each value of a signal of shape `signal` that each neuron reaches.
    pub(super) fn rows(&self, signal: Shape) -> MapRows<'_> {
        let scattered = match self {
            Map::Scattered { sources, from, .. } => {
                let mut lists = vec![Vec::new(); *sources];
                for (value, &neuron) in from.iter().enumerate() {
                    if neuron != u32::MAX {
                        lists[neuron as usize].push(value as u32);
                    }
                }
                lists
            }
            _ => Vec::new(),
        };
        MapRows {
            map: self,
            signal,
            scattered,
        }
    }

    /// Multiplies each value by a factor, one per channel of the signal or one per value.
    pub(in crate::conversion) fn scale(
        &mut self,
        factors: &[f32],
        signal: Shape,
    ) -> Result<(), String> {
        let per_value = factors.len() != signal.channels;
        if per_value && matches!(self, Map::Placed(_) | Map::Pooled { .. }) {
            *self = self.scattered_or_listed(signal)?;
        }
        if per_value
            && let Map::Weighted(
                Connectivity {
                    pattern: Pattern::Convolution { .. },
                    ..
                },
                _,
            ) = self
        {
            *self = self.listed(signal)?;
        }
        let of = |value: usize| {
            if per_value {
                factors[value]
            } else {
                factors[value % signal.channels]
            }
        };
        match self {
            Map::Placed(MapPlacement {
                first_channel,
                factor,
                ..
            })
            | Map::Pooled {
                first_channel,
                factor,
                ..
            } => {
                let first = *first_channel;
                factor
                    .iter_mut()
                    .enumerate()
                    .for_each(|(c, f)| *f *= factors[first + c]);
            }
            Map::Scattered { factor, .. } => {
                factor
                    .iter_mut()
                    .enumerate()
                    .for_each(|(value, f)| *f *= of(value));
            }
            Map::Weighted(connectivity, weights) => match &connectivity.pattern {
                Pattern::Dense { targets, .. } => {
                    weights
                        .iter_mut()
                        .enumerate()
                        .for_each(|(i, w)| *w *= of(i % targets));
                }
                Pattern::Sparse { targets, .. } => {
                    weights
                        .iter_mut()
                        .zip(targets.iter())
                        .for_each(|(w, &t)| *w *= of(t as usize));
                }
                Pattern::Convolution { convolution, .. } => {
                    let width = convolution.outputs_per_group();
                    for (row, weights) in weights.chunks_exact_mut(width).enumerate() {
                        let c = row % convolution.input.channels;
                        let first = convolution.group_outputs(c).start;
                        weights
                            .iter_mut()
                            .enumerate()
                            .for_each(|(i, w)| *w *= factors[first + i]);
                    }
                }
            },
        }
        Ok(())
    }

    /// The values at the given places: value `i` of the result is value `from[i]`, or nothing.
    pub(in crate::conversion) fn arranged(
        &self,
        signal: Shape,
        from: &[u32],
    ) -> Result<Map, String> {
        let mut flat = match self {
            Map::Placed(_) | Map::Scattered { .. } => self.scattered_or_listed(signal)?,
            _ => self.listed(signal)?,
        };
        match &mut flat {
            Map::Scattered {
                from: neurons,
                factor,
                ..
            } => {
                let old = std::mem::take(neurons);
                let scale = std::mem::take(factor);
                let at = |i: u32| i as usize;
                *neurons = from
                    .iter()
                    .map(|&i| old.get(at(i)).copied().unwrap_or(u32::MAX))
                    .collect();
                *factor = from
                    .iter()
                    .map(|&i| scale.get(at(i)).copied().unwrap_or(0.0))
                    .collect();
                Ok(flat)
            }
            _ => {
                let mut readers = vec![Vec::new(); signal.neurons()];
                for (value, &old) in from.iter().enumerate() {
                    if let Some(list) = readers.get_mut(old as usize) {
                        list.push(value);
                    }
                }
                let rows = flat.rows(signal);
                list(flat.sources(), from.len(), |source, push| {
                    rows.of(source, |old, weight| {
                        readers[old].iter().for_each(|&value| push(value, weight));
                    });
                })
            }
        }
    }

    /// The values as channels `first..` of a signal with `channels` channels.
    pub(in crate::conversion) fn moved(
        self,
        signal: Shape,
        first: usize,
        channels: usize,
    ) -> Result<Map, String> {
        let outer = Shape { channels, ..signal };
        let place = |value: usize| {
            let (c, y, x) = signal.coordinates(value);
            outer.index(first + c, y, x)
        };
        Ok(match self {
            Map::Placed(placement) => Map::Placed(MapPlacement {
                first_channel: placement.first_channel + first,
                ..placement
            }),
            Map::Pooled {
                pooling,
                first_channel,
                factor,
            } => Map::Pooled {
                pooling,
                first_channel: first_channel + first,
                factor,
            },
            Map::Scattered {
                sources,
                from: old,
                factor: scale,
            } => {
                let mut from = vec![u32::MAX; outer.neurons()];
                let mut factor = vec![0.0; outer.neurons()];
                for (value, (neuron, scale)) in old.into_iter().zip(scale).enumerate() {
                    from[place(value)] = neuron;
                    factor[place(value)] = scale;
                }
                Map::Scattered {
                    sources,
                    from,
                    factor,
                }
            }
            Map::Weighted(connectivity, weights) => {
                if let Pattern::Convolution { convolution, .. } = &connectivity.pattern {
                    let (convolution, weights) = widened(convolution, &weights, first, channels);
                    let mut made = convolution_map(convolution, weights);
                    if let Map::Weighted(made, _) = &mut made {
                        made.pooling = connectivity.pooling;
                    }
                    made
                } else {
                    let map = Map::Weighted(connectivity, weights);
                    let rows = map.rows(signal);
                    list(map.sources(), outer.neurons(), |source, push| {
                        rows.of(source, |value, weight| push(place(value), weight));
                    })?
                }
            }
        })
    }

    /// The same map, as one neuron per value if it has that form, else synapse by synapse.
    fn scattered_or_listed(&self, signal: Shape) -> Result<Map, String> {
        let Map::Placed(placement) = self else {
            return match self {
                Map::Scattered { .. } => Ok(self.clone()),
                _ => self.listed(signal),
            };
        };
        let mut from = vec![u32::MAX; signal.neurons()];
        let mut factor = vec![0.0; signal.neurons()];
        for neuron in 0..placement.source.neurons() {
            let (c, y, x) = placement.source.coordinates(neuron);
            let value = signal.index(
                c + placement.first_channel,
                y + placement.top,
                x + placement.left,
            );
            from[value] = neuron as u32;
            factor[value] = placement.factor[c];
        }
        Ok(Map::Scattered {
            sources: placement.source.neurons(),
            from,
            factor,
        })
    }

    /// The same map, synapse by synapse.
    fn listed(&self, signal: Shape) -> Result<Map, String> {
        let rows = self.rows(signal);
        list(self.sources(), signal.neurons(), |source, push| {
            rows.of(source, push);
        })
    }

    /// The synapses of a projection into neurons that stand for the values.
    pub(in crate::conversion) fn projection(
        self,
        signal: Shape,
    ) -> Result<(Connectivity, Vec<f32>), String> {
        let structured = match &self {
            Map::Placed(placement) => placement_synapses(placement, signal),
            Map::Pooled {
                pooling,
                first_channel: 0,
                factor,
            } if pooling.output == signal => pooling_synapses(pooling, factor),
            _ => None,
        };
        match structured.map_or_else(
            || {
                if let Map::Weighted(..) = self {
                    Ok(self)
                } else {
                    self.listed(signal)
                }
            },
            Ok,
        )? {
            Map::Weighted(connectivity, weights) => Ok((connectivity, weights)),
            _ => Err("it has no synapses".into()),
        }
    }
}

/// The values each neuron of a map reaches.
pub(super) struct MapRows<'m> {
    map: &'m Map,
    signal: Shape,
    scattered: Vec<Vec<u32>>,
}

impl MapRows<'_> {
    /// Calls `f(value, weight)` for each value that `source` reaches.
    pub(super) fn of(&self, source: usize, mut f: impl FnMut(usize, f32)) {
        match self.map {
            Map::Placed(placement) => {
                let (c, y, x) = placement.source.coordinates(source);
                let value = self.signal.index(
                    c + placement.first_channel,
                    y + placement.top,
                    x + placement.left,
                );
                f(value, placement.factor[c]);
            }
            Map::Pooled {
                pooling,
                first_channel,
                factor,
            } => {
                pooling.for_each(source, &mut |pooled, share| {
                    let (c, y, x) = pooling.output.coordinates(pooled);
                    f(
                        self.signal.index(c + first_channel, y, x),
                        share * factor[c],
                    );
                });
            }
            Map::Scattered { factor, .. } => {
                for &value in &self.scattered[source] {
                    f(value as usize, factor[value as usize]);
                }
            }
            Map::Weighted(connectivity, weights) => {
                for_each_synapse(connectivity, weights, source, f);
            }
        }
    }
}

/// A map synapse by synapse: `fill(source, push)` calls `push(value, weight)`; weights of the same
/// pair add up.
pub(super) fn list(
    sources: usize,
    values: usize,
    fill: impl Fn(usize, &mut dyn FnMut(usize, f32)),
) -> Result<Map, String> {
    let mut starts = vec![0u64];
    let mut targets: Vec<u32> = Vec::new();
    let mut weights = Vec::new();
    let mut sums = vec![0.0f64; values];
    let mut marked = vec![false; values];
    let mut touched: Vec<u32> = Vec::new();
    for source in 0..sources {
        fill(source, &mut |value, weight| {
            if !marked[value] {
                marked[value] = true;
                touched.push(value as u32);
            }
            sums[value] += f64::from(weight);
        });
        touched.sort_unstable();
        for value in touched.drain(..) {
            let weight = sums[value as usize] as f32;
            sums[value as usize] = 0.0;
            marked[value as usize] = false;
            if weight != 0.0 {
                targets.push(value);
                weights.push(weight);
            }
        }
        if targets.len() > MAX_SYNAPSES {
            return Err(format!(
                "merged with the linear layers in front of it, it has more than {MAX_SYNAPSES} synapses; put a ReLU between them"
            ));
        }
        starts.push(targets.len() as u64);
    }
    // A matrix with few gaps is stored as one.
    if targets.len() as u64 * 2 > (sources * values) as u64 {
        let mut dense = vec![0.0; sources * values];
        for source in 0..sources {
            for i in starts[source] as usize..starts[source + 1] as usize {
                dense[source * values + targets[i] as usize] = weights[i];
            }
        }
        return Ok(dense_map(sources, values, dense));
    }
    let pattern = Pattern::Sparse {
        neurons: values,
        starts,
        targets: targets.into(),
    };
    Ok(Map::Weighted(Connectivity::new(pattern), weights))
}

/// A matrix `[source, value]`; zeros are no synapses.
pub(super) fn dense_map(sources: usize, targets: usize, weights: Vec<f32>) -> Map {
    let present = BitRows::nonzero(&weights, targets);
    let pattern = Pattern::Dense {
        sources,
        targets,
        present: (!present.is_full()).then_some(present),
    };
    Map::Weighted(Connectivity::new(pattern), weights)
}

/// A convolution with weights `[ky, kx, in, out of the group]`; zeros are no synapses.
pub(super) fn convolution_map(convolution: Convolution, weights: Vec<f32>) -> Map {
    let present = BitRows::nonzero(&weights, convolution.outputs_per_group());
    let pattern = Pattern::Convolution {
        convolution,
        present: (!present.is_full()).then_some(present),
    };
    Map::Weighted(Connectivity::new(pattern), weights)
}

/// A convolution whose outputs are channels `first..` of `channels`, without groups.
pub(super) fn widened(
    convolution: &Convolution,
    weights: &[f32],
    first: usize,
    channels: usize,
) -> (Convolution, Vec<f32>) {
    let width = convolution.outputs_per_group();
    let mut wide = vec![0.0; convolution.kernel_rows() * channels];
    for (row, weights) in weights.chunks_exact(width).enumerate() {
        let start = first
            + convolution
                .group_outputs(row % convolution.input.channels)
                .start;
        wide[row * channels + start..][..width].copy_from_slice(weights);
    }
    let output = Shape {
        channels,
        ..convolution.output
    };
    (
        Convolution {
            output,
            groups: 1,
            ..*convolution
        },
        wide,
    )
}

/// One synapse per neuron: a convolution with a window of one.
fn placement_synapses(placement: &MapPlacement, signal: Shape) -> Option<Map> {
    let source = placement.source;
    let axis = |before: usize, inner: usize, outer: usize| Axis {
        pad_before: before,
        pad_after: outer - inner - before,
        ..Axis::new(1, 1)
    };
    let own = Convolution {
        input: source,
        output: Shape {
            channels: source.channels,
            ..signal
        },
        window: Window {
            vertical: axis(placement.top, source.height, signal.height),
            horizontal: axis(placement.left, source.width, signal.width),
        },
        groups: source.channels,
    };
    if source.channels == signal.channels {
        return Some(convolution_map(own, placement.factor.clone()));
    }
    let (wide, weights) = widened(
        &own,
        &placement.factor,
        placement.first_channel,
        signal.channels,
    );
    Some(convolution_map(wide, weights))
}

/// Average pooling as a convolution of each channel, where all windows weigh the same.
fn pooling_synapses(pooling: &AveragePooling, factor: &[f32]) -> Option<Map> {
    let area = pooling.uniform_area()?;
    let taps = pooling.window.vertical.kernel * pooling.window.horizontal.kernel;
    let convolution = Convolution {
        input: pooling.input,
        output: pooling.output,
        window: pooling.window,
        groups: pooling.input.channels,
    };
    let weights = (0..taps)
        .flat_map(|_| factor.iter().map(|f| f / area))
        .collect();
    Some(convolution_map(convolution, weights))
}
