//! Max pooling as a population of its own.

use super::NetworkBuilder;
use super::signal::{PendingPool, Signal, Term};
use crate::conversion::compose::{AveragePooling, Map, MapPlacement, Operator, chain};
use crate::network::{Axis, Connectivity, Convolution, Pattern, Shape, Window};
use crate::neuron::{MaxPool, Neuron};

const NOT_SPIKES: &str = "max pooling is converted only where it reads spikes: behind a ReLU, not behind the input, average pooling or a sum without ReLU; use average pooling there or reorder the layers";

/// A window that slides over maps.
#[derive(Clone, Copy)]
struct Slide {
    window: Window,
    input: Shape,
    output: Shape,
}

impl NetworkBuilder<'_> {
    /// Max pooling of spikes, or of what the next rectifier will make spikes.
    pub(super) fn max_pool(
        &mut self,
        name: &str,
        window: Window,
        output: Shape,
        mut input: Signal,
    ) -> Result<Signal, String> {
        input.settle()?;
        if input.pools.is_empty() && self.is_poolable(&input) {
            return self.pool_spikes(name, window, output, input);
        }
        let of_input_alone = input
            .terms
            .iter()
            .all(|t| t.signed && !matches!(t.map, Map::Weighted(..)));
        if of_input_alone {
            return Err(NOT_SPIKES.into());
        }
        input.pools.push(PendingPool {
            name: name.to_owned(),
            window,
            output,
        });
        Ok(input)
    }

    /// Whether spiking populations stand side by side in it and nothing but a constant per channel
    /// is added: the largest of shifted values is the shifted largest.
    fn is_poolable(&self, signal: &Signal) -> bool {
        let channels = signal.shape.channels;
        let constant = signal
            .bias
            .chunks_exact(channels)
            .all(|at| at == &signal.bias[..channels]);
        let alike = |term: &Term| match &term.map {
            Map::Placed(_) => true,
            Map::Scattered { from, factor, .. } => {
                channel_factors(from, factor, channels).is_some()
            }
            _ => false,
        };
        constant && signal.stands_apart() && signal.terms.iter().all(alike)
    }

    fn pool_spikes(
        &mut self,
        name: &str,
        window: Window,
        output: Shape,
        input: Signal,
    ) -> Result<Signal, String> {
        let mut terms = Vec::with_capacity(input.terms.len());
        for term in input.terms {
            let source = term.population;
            let slide = Slide {
                window,
                input: input.shape,
                output,
            };
            terms.push(match term.map {
                Map::Placed(placement) => self.pool_placed(name, slide, source, placement),
                Map::Scattered {
                    sources,
                    from,
                    factor,
                } => self.pool_scattered(name, slide, source, (sources, &from, &factor))?,
                _ => return Err(NOT_SPIKES.into()),
            });
        }
        let bias = match input.bias.get(..input.shape.channels) {
            Some(bias) => bias
                .iter()
                .copied()
                .cycle()
                .take(output.neurons())
                .collect(),
            None => Vec::new(),
        };
        Ok(Signal {
            name: input.name,
            shape: output,
            terms,
            bias,
            view: None,
            pools: Vec::new(),
        })
    }

    /// Pools maps that lie somewhere among zeros.
    fn pool_placed(
        &mut self,
        name: &str,
        slide: Slide,
        source: usize,
        placement: MapPlacement,
    ) -> Term {
        let maps = placement.source;
        // Zeros around rectified values never win: they are padding.
        let axis = |axis: Axis, before: usize, inner: usize, outer: usize| Axis {
            pad_before: axis.pad_before + before,
            pad_after: axis.pad_after + outer - inner - before,
            ..axis
        };
        let Slide { window, input, .. } = slide;
        let shape = Shape {
            channels: maps.channels,
            ..slide.output
        };
        let convolution = Convolution {
            input: maps,
            output: shape,
            window: Window {
                vertical: axis(window.vertical, placement.top, maps.height, input.height),
                horizontal: axis(window.horizontal, placement.left, maps.width, input.width),
            },
            groups: maps.channels,
        };
        let neuron = Neuron::MaxPool(MaxPool { rule: self.rule });
        let population = self.population(name, shape, neuron, Vec::new());
        let pattern = Pattern::Convolution {
            convolution,
            present: None,
        };
        self.connect_uniform(source, population, Connectivity::new(pattern));
        Term {
            population,
            signed: false,
            map: Map::Placed(MapPlacement {
                first_channel: placement.first_channel,
                ..MapPlacement::whole(shape, placement.factor)
            }),
        }
    }

    /// Pools values that come from anywhere: how many sources there are, the source of each value
    /// and its factor.
    fn pool_scattered(
        &mut self,
        name: &str,
        slide: Slide,
        source: usize,
        (sources, from, factor): (usize, &[u32], &[f32]),
    ) -> Result<Term, String> {
        let factor = channel_factors(from, factor, slide.input.channels).ok_or(NOT_SPIKES)?;
        let pooling = AveragePooling {
            input: slide.input,
            output: slide.output,
            window: slide.window,
            count_padding: true,
        };
        let connectivity = windows_of(sources, from, &pooling)?;
        let neuron = Neuron::MaxPool(MaxPool { rule: self.rule });
        let population = self.population(name, slide.output, neuron, Vec::new());
        self.connect_uniform(source, population, connectivity);
        Ok(Term {
            population,
            signed: false,
            map: Map::Placed(MapPlacement::whole(slide.output, factor)),
        })
    }

    /// The max poolings that waited for the rectifier that is there now.
    pub(super) fn pool_pending(
        &mut self,
        pools: Vec<PendingPool>,
        mut signal: Signal,
    ) -> Result<Signal, String> {
        for pool in pools {
            self.notes.push(format!(
                "max pooling \"{}\" moved behind its ReLU, which gives the same result",
                pool.name
            ));
            signal = self.max_pool(&pool.name, pool.window, pool.output, signal)?;
        }
        Ok(signal)
    }
}

/// The factor of each channel, if all its values have the same; 0 for channels without values.
fn channel_factors(from: &[u32], factor: &[f32], channels: usize) -> Option<Vec<f32>> {
    let mut of_channel: Vec<Option<f32>> = vec![None; channels];
    for (value, (&neuron, &factor)) in from.iter().zip(factor).enumerate() {
        if neuron != u32::MAX && *of_channel[value % channels].get_or_insert(factor) != factor {
            return None;
        }
    }
    Some(of_channel.into_iter().map(|f| f.unwrap_or(0.0)).collect())
}

/// The windows that each neuron is in, where it stands for the values that name it.
fn windows_of(
    sources: usize,
    from: &[u32],
    windows: &AveragePooling,
) -> Result<Connectivity, String> {
    let ones = vec![1.0; from.len()];
    let scattered = Map::Scattered {
        sources,
        from: from.to_vec(),
        factor: ones,
    };
    let operator = Operator::Average(*windows);
    let (connectivity, _) =
        chain(&scattered, windows.input, &operator)?.projection(windows.output)?;
    Ok(connectivity)
}
