//! Random feed-forward networks that spike at a given rate.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spikewatt::encoding::{Drive, Encoding};
use spikewatt::engine::{Simulation, Simulator};
use spikewatt::network::{
    Axis, Connectivity, Convolution, Network, Pattern, Pooling, Population, Projection, Shape,
    Window,
};
use spikewatt::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use std::ops::ControlFlow;

/// Random spikes into `network`, one drive a sample.
pub fn drives(network: &Network, timesteps: u32, samples: usize, rate: f32) -> Vec<Drive> {
    let inputs = network.populations[0].shape.neurons();
    (0..samples)
        .map(|i| {
            Encoding::Bernoulli
                .encode(vec![rate; inputs], timesteps, 7, i)
                .expect("probabilities")
        })
        .collect()
}

fn simulate(network: &Network, timesteps: u32, rate: f32) -> Simulation {
    let drives = drives(network, timesteps, 1, rate);
    Simulator::new(network, timesteps)
        .expect("network")
        .run(
            1,
            &|i| Ok(drives[i].clone()),
            &|_| ControlFlow::Continue(()),
        )
        .expect("simulation")
}

/// Sets thresholds, layer by layer, so that each population spikes at about `rate`, as does
/// the input.
pub fn set_rates(network: &mut Network, timesteps: u32, rate: f64) {
    set_rates_by(network, timesteps, rate, &|population, threshold| {
        if let Neuron::IntegrateFire(model) = &mut population.neuron {
            model.threshold.fill(threshold);
        }
    });
}

/// The same for any neurons, which `set` makes fire less the larger its number is.
pub fn set_rates_by(
    network: &mut Network,
    timesteps: u32,
    rate: f64,
    set: &dyn Fn(&mut Population, f32),
) {
    for index in 1..network.populations.len() {
        let (mut low, mut high) = (0.0f32, 1000.0f32);
        for _ in 0..14 {
            let threshold = (low + high) / 2.0;
            set(&mut network.populations[index], threshold);
            let part = Network {
                name: network.name.clone(),
                populations: network.populations[..=index].to_vec(),
                projections: network
                    .projections
                    .iter()
                    .filter(|p| p.target <= index)
                    .cloned()
                    .collect(),
            };
            if simulate(&part, timesteps, rate as f32).counts.rate(index) > rate {
                low = threshold;
            } else {
                high = threshold;
            }
        }
    }
}

/// A network that grows layer by layer.
pub struct Builder {
    /// So far.
    pub network: Network,
    rng: ChaCha8Rng,
}

impl Builder {
    /// Input neurons alone.
    pub fn new(name: &str, input: Shape) -> Self {
        Builder {
            network: Network {
                name: name.to_owned(),
                populations: vec![Population::new("input", input, Neuron::Input)],
                projections: Vec::new(),
            },
            rng: ChaCha8Rng::seed_from_u64(1),
        }
    }

    fn weights(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let uniform = self.rng.next_u32() as f32 / u32::MAX as f32 - 0.49;
                if uniform == 0.0 { 0.1 } else { uniform }
            })
            .collect()
    }

    fn add(mut self, shape: Shape, connectivity: Connectivity) -> Self {
        let neurons = shape.neurons();
        let neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![1.0; neurons],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: false,
        });
        let weights = self.weights(connectivity.stored_weights() as usize);
        let target = self.network.populations.len();
        let mut population = Population::new(target.to_string(), shape, neuron);
        // Biases, as converted networks have them: every neuron is touched in every timestep.
        population.bias = vec![0.001; neurons];
        self.network.populations.push(population);
        self.network
            .projections
            .push(Projection::new(target - 1, target, connectivity, weights));
        self
    }

    /// A dense layer.
    pub fn dense(self, targets: usize) -> Self {
        let sources = self.last().neurons();
        self.add(
            Shape::vector(targets),
            Connectivity::new(Pattern::Dense {
                sources,
                targets,
                present: None,
            }),
        )
    }

    /// A dense layer behind 2×2 average pooling.
    pub fn pooled_dense(self, targets: usize) -> Self {
        let (pooling, sources) = (self.pooling(), self.last().neurons() / 4);
        self.add(
            Shape::vector(targets),
            Connectivity {
                pooling: Some(pooling),
                pattern: Pattern::Dense {
                    sources,
                    targets,
                    present: None,
                },
            },
        )
    }

    /// A 3×3 convolution.
    pub fn conv(self, channels: usize, stride: usize) -> Self {
        let input = self.last();
        self.convolution(None, input, channels, stride)
    }

    /// A convolution behind 2×2 average pooling.
    pub fn pooled_conv(self, channels: usize) -> Self {
        let pooling = self.pooling();
        self.convolution(Some(pooling), pooling.output, channels, 1)
    }

    fn convolution(
        self,
        pooling: Option<Pooling>,
        input: Shape,
        channels: usize,
        stride: usize,
    ) -> Self {
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, stride)
        };
        let window = Window {
            vertical: axis,
            horizontal: axis,
        };
        let (height, width) = window.outputs(input).expect("fits");
        let output = Shape::maps(channels, height, width);
        let convolution = Convolution {
            input,
            output,
            window,
            groups: 1,
        };
        self.add(
            output,
            Connectivity {
                pooling,
                pattern: Pattern::Convolution {
                    convolution,
                    present: None,
                },
            },
        )
    }

    fn pooling(&self) -> Pooling {
        let input = self.last();
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

    fn last(&self) -> Shape {
        self.network.populations[self.network.populations.len() - 1].shape
    }
}
