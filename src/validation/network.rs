//! From shapes and an assumed rate to the counts that are priced.

use super::case::{CaseLayer, CaseNetwork};
use crate::counts::{DenseCounts, DenseLayer, EventCounts};
use crate::network::{Axis, Pattern, Role, Shape, Topology, Window};

/// Samples that counts are kept for, so that fractions of a spike survive rounding.
const SAMPLES: u64 = 1000;

/// Populations and projections while they are listed.
struct Builder {
    topology: Topology,
}

impl Builder {
    fn new(input: Shape) -> Self {
        let mut topology = Topology::default();
        topology.add("input".into(), input, Role::Input);
        Builder { topology }
    }

    /// A population of `neurons` that all of `sources` project to densely.
    fn dense(&mut self, sources: &[usize], neurons: usize) -> usize {
        let name = format!("layer {}", self.topology.populations.len());
        let target = self
            .topology
            .add(name, Shape::vector(neurons), Role::Spiking);
        for &source in sources {
            let sources = self.topology.populations[source].shape.neurons();
            let pattern = Pattern::Dense {
                sources,
                targets: neurons,
                present: None,
            };
            self.topology.connect(source, target, pattern);
        }
        target
    }

    /// A convolution of the last population; `None` if the window does not fit.
    fn convolution(&mut self, channels: usize, axes: [Axis; 2], groups: usize) -> Option<()> {
        let source = self.topology.populations.len() - 1;
        let input = self.topology.populations[source].shape;
        let [vertical, horizontal] = axes;
        let window = Window {
            vertical,
            horizontal,
        };
        let (pattern, output) = Pattern::convolution(input, channels, window, groups)?;
        let role = if groups > 1 {
            Role::Pooling
        } else {
            Role::Spiking
        };
        let name = format!("layer {}", source + 1);
        let target = self.topology.add(name, output, role);
        self.topology.connect(source, target, pattern);
        Some(())
    }
}

impl CaseNetwork {
    /// The structure, where it is known layer by layer.
    #[must_use]
    pub fn topology(&self) -> Option<Topology> {
        match self {
            CaseNetwork::Mlp { layers, chains } => mlp(layers, *chains),
            CaseNetwork::Layers { input, layers } => {
                let [channels, height, width] = *input;
                let mut builder = Builder::new(Shape::maps(channels, height, width));
                for layer in layers {
                    add_layer(&mut builder, layer)?;
                }
                Some(builder.topology)
            }
            CaseNetwork::Events { neurons, .. } => {
                let mut builder = Builder::new(Shape::vector(1));
                builder.dense(&[0], *neurons);
                Some(builder.topology)
            }
            CaseNetwork::Aggregate { .. } => None,
        }
    }

    /// Counts with `rate` spikes per neuron and timestep in every population, input included, and
    /// every neuron active in each timestep.
    #[must_use]
    pub fn spiking(&self, timesteps: u32, rate: f64) -> Option<EventCounts> {
        let mut counts = EventCounts::new(self.topology()?, timesteps);
        counts.samples = SAMPLES;
        let samples = SAMPLES as f64;
        let each = (rate * samples * f64::from(timesteps)).round() as u64;
        for (node, counted) in counts
            .topology
            .populations
            .iter()
            .zip(&mut counts.populations)
        {
            let neurons = node.shape.neurons() as u64;
            let spikes = (rate * samples * neurons as f64).round() as u64;
            counted.spikes.fill(each);
            counted.touched.fill(SAMPLES * u64::from(timesteps));
            counted.spikes_per_timestep.fill(spikes);
            counted.touched_per_timestep.fill(neurons * SAMPLES);
            counted.active_per_timestep.fill(neurons * SAMPLES);
        }
        for (edge, counted) in counts.topology.edges.iter().zip(&mut counts.projections) {
            let synops = match self {
                CaseNetwork::Events { synops, .. } => *synops as f64 / f64::from(timesteps),
                _ => rate * edge.connectivity.synapses() as f64,
            };
            counted
                .synops_per_timestep
                .fill((synops * samples).round() as u64);
        }
        Some(counts)
    }

    /// Work of one inference of the network with real values.
    #[must_use]
    pub fn dense(&self) -> DenseCounts {
        if let CaseNetwork::Aggregate {
            macs,
            parameters,
            activations,
            kernels,
        } = *self
        {
            let kernels = kernels.max(1);
            let layer = |index: u64| DenseLayer {
                name: format!("layer {index}"),
                macs: macs / kernels,
                parameters: parameters / kernels,
                inputs: activations / kernels,
                outputs: activations / kernels,
            };
            return DenseCounts {
                layers: (0..kernels).map(layer).collect(),
                ..DenseCounts::default()
            };
        }
        let topology = self.topology();
        topology
            .as_ref()
            .map(DenseCounts::of_structure)
            .unwrap_or_default()
    }
}

fn mlp(layers: &[usize], chains: usize) -> Option<Topology> {
    let (&input, rest) = layers.split_first()?;
    let (&hidden, rest) = rest.split_first()?;
    let mut builder = Builder::new(Shape::vector(input));
    let first = builder.dense(&[0], hidden);
    let mut ends = Vec::new();
    for _ in 0..chains {
        let mut end = first;
        for _ in 0..10 {
            end = builder.dense(&[end], hidden);
        }
        ends.push(end);
    }
    if ends.is_empty() {
        ends.push(first);
    }
    for &neurons in rest {
        ends = vec![builder.dense(&ends, neurons)];
    }
    Some(builder.topology)
}

fn add_layer(builder: &mut Builder, layer: &CaseLayer) -> Option<()> {
    match layer {
        CaseLayer::Conv {
            channels,
            kernel,
            stride,
            pad,
        } => {
            let axes = [0, 1].map(|i| Axis {
                pad_before: pad[i],
                pad_after: pad[i],
                ..Axis::new(kernel[i], stride[i])
            });
            builder.convolution(*channels, axes, 1)
        }
        CaseLayer::Pool(size) => {
            let channels = builder.topology.populations.last()?.shape.channels;
            builder.convolution(channels, [Axis::new(*size, *size); 2], channels)
        }
        CaseLayer::Dense(neurons) => {
            let source = builder.topology.populations.len() - 1;
            builder.dense(&[source], *neurons);
            Some(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_scaled_keyword_network() {
        // Published: 99840 + 655360 N + 65536 max(N, 1) + 7424 synapses, 512 + 2560 N hidden neurons.
        for chains in [0usize, 2, 6, 10] {
            let network = CaseNetwork::Mlp {
                layers: vec![390, 256, 256, 29],
                chains,
            };
            let n = chains as u64;
            let expected = 99_840 + 655_360 * n + 65_536 * n.max(1) + 7_424;
            assert_eq!(network.dense().macs(), expected);
            let topology = network.topology().expect("a structure");
            let hidden: usize = topology.populations[1..]
                .iter()
                .map(|node| node.shape.neurons())
                .sum();
            assert_eq!(hidden - 29, 512 + 2560 * chains);
        }
    }

    #[test]
    fn worked_rates_become_counts() {
        let network = CaseNetwork::Mlp {
            layers: vec![10, 20, 5],
            chains: 0,
        };
        let counts = network.spiking(4, 0.25).expect("a structure");
        let figures = counts.per_inference(1);
        assert_eq!((figures.spikes, figures.synops), (20.0, 200.0));
        assert_eq!(figures.active_updates, 80.0);
    }
}
