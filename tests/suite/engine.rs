//! The event-driven engine against hand-worked examples and a clock-driven oracle.

use proptest::prelude::*;
use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulation, Simulator, SpikeTrain};
use spikewatt::network::{
    Axis, BitRows, Connectivity, Convolution, Delays, Network, Pattern, Pooling, Population,
    Projection, Shape, Weights, Window,
};
use spikewatt::neuron::{IntegrateFire, MaxPool, MaxPoolRule, Neuron, Reset, ThresholdTest};
use std::ops::ControlFlow;

fn population(name: &str, shape: Shape, neuron: Neuron, bias: Vec<f32>) -> Population {
    Population {
        name: name.to_owned(),
        shape,
        neuron,
        bias,
        poisson: None,
    }
}

fn integrate_fire(neurons: usize, threshold: f32) -> Neuron {
    Neuron::IntegrateFire(IntegrateFire {
        threshold: vec![threshold; neurons],
        initial: 0.0,
        reset: Reset::Subtract,
        test: ThresholdTest::AtLeast,
        signed: false,
    })
}

fn square(kernel: usize, stride: usize, pad: usize) -> Window {
    let axis = Axis {
        pad_before: pad,
        pad_after: pad,
        ..Axis::new(kernel, stride)
    };
    Window {
        vertical: axis,
        horizontal: axis,
    }
}

/// Input → one projection → silent neurons, driven by the given spikes in one timestep.
fn deliver(connectivity: Connectivity, weights: Vec<f32>, shapes: [Shape; 2]) -> Simulation {
    let network = Network {
        name: "one projection".to_owned(),
        populations: vec![
            population("input", shapes[0], Neuron::Input, vec![]),
            population(
                "target",
                shapes[1],
                integrate_fire(shapes[1].neurons(), f32::MAX),
                vec![],
            ),
        ],
        projections: vec![Projection {
            source: 0,
            target: 1,
            connectivity,
            weights: weights.into(),
            delay: Delays::NONE,
        }],
    };
    // Sample s lets input neuron s spike; the last sample lets all of them spike.
    let inputs = shapes[0].neurons();
    let drive = move |sample: usize| {
        let mut train = SpikeTrain::new();
        for neuron in 0..inputs {
            if sample == neuron || sample == inputs {
                train.push(neuron as u32);
            }
        }
        train.end_timestep();
        Ok(Drive::Spikes(train))
    };
    Simulator::new(&network, 1)
        .unwrap()
        .run(inputs + 1, &drive, &|_| ControlFlow::Continue(()))
        .unwrap()
}

fn convolution(input: Shape, channels: usize, window: Window) -> Convolution {
    let (height, width) = window.outputs(input).unwrap();
    Convolution {
        input,
        output: Shape::maps(channels, height, width),
        window,
        groups: 1,
    }
}

fn convolved(convolution: Convolution) -> (Connectivity, Vec<f32>) {
    let pattern = Pattern::Convolution {
        convolution,
        present: None,
    };
    let weights = convolution.kernel_rows() * convolution.outputs_per_group();
    (Connectivity::new(pattern), vec![1.0; weights])
}

/// 5×5 input, 3×3 kernel, stride 2, padding 1, one output channel: 3×3 outputs.
///
/// Output `o` reads inputs `2o − 1, 2o, 2o + 1` of each axis:
///
/// ```text
/// output 0 reads (−1) 0 1      output 1 reads 1 2 3      output 2 reads 3 4 (5)
/// ```
///
/// so along one axis input 0 is read by 1 output, 1 by 2, 2 by 1, 3 by 2, 4 by 1, and a spike at
/// `(y, x)` reaches `r(y) · r(x)` targets with r = 1 2 1 2 1:
///
/// ```text
/// 1 2 1 2 1
/// 2 4 2 4 2
/// 1 2 1 2 1        sum = (1+2+1+2+1)² = 49
/// 2 4 2 4 2
/// 1 2 1 2 1
/// ```
///
/// The short form k²·C/s² = 9/4 would say 2.25 everywhere, 56.25 in all.
#[test]
fn worked_synops_of_a_strided_padded_convolution() {
    let input = Shape::maps(1, 5, 5);
    let convolution = convolution(input, 1, square(3, 2, 1));
    assert_eq!(convolution.output, Shape::maps(1, 3, 3));
    let (connectivity, weights) = convolved(convolution);
    let reach = [1, 2, 1, 2, 1];
    for y in 0..5 {
        for x in 0..5 {
            let fan_out = connectivity.fan_outs()[input.index(0, y, x)];
            assert_eq!(fan_out, reach[y] * reach[x], "input ({y}, {x})");
        }
    }
    // 25 samples with one spike each, and one with all: 49 + 49 synaptic operations.
    let counts = deliver(connectivity, weights, [input, convolution.output]).counts;
    assert_eq!(counts.projections[0].synops_per_timestep, [98]);
    assert_eq!(counts.populations[0].spikes_per_timestep, [50]);
    // Each output is touched once by each input it reads (4 at the corners, 6 at the edges, 9 in
    // the middle: 49) and once in the sample with all spikes.
    assert_eq!(counts.populations[1].touched, [5, 7, 5, 7, 10, 7, 5, 7, 5]);
    assert_eq!(counts.populations[1].touched_per_timestep, [49 + 9]);
}

#[test]
fn a_weight_of_zero_is_no_synapse() {
    let (sources, targets) = (Shape::vector(2), Shape::vector(3));
    let weights = vec![0.5, 0.0, 1.0, 0.0, 0.0, 2.0];
    let connectivity = Connectivity::new(Pattern::Dense {
        sources: 2,
        targets: 3,
        present: Some(BitRows::nonzero(&weights, 3)),
    });
    let counts = deliver(connectivity, weights, [sources, targets]).counts;
    // One spike each (2 + 1 synapses), then both together.
    assert_eq!(counts.projections[0].synops_per_timestep, [6]);
    assert_eq!(counts.populations[1].touched, [2, 0, 3]);
}

proptest! {
    /// If every input spikes once, synaptic operations are the MACs of the layer without padding
    /// taps, counted here tap by tap.
    #[test]
    fn closed_form_all_ones_equals_macs(
        channels in 1usize..4, size in 2usize..8, out_per_group in 1usize..4,
        kernel in 1usize..4, stride in 1usize..4, pad in 0usize..3, dilation in 1usize..3,
        grouped in any::<bool>(),
    ) {
        let input = Shape::maps(channels, size, size + 1);
        let mut window = square(kernel, stride, pad);
        window.vertical.dilation = dilation;
        let groups = if grouped { channels } else { 1 };
        let Some((height, width)) = window.outputs(input) else { return Ok(()) };
        let convolution = Convolution {
            input, window, groups,
            output: Shape::maps(out_per_group * groups, height, width),
        };
        let mut macs = 0u64;
        for oy in 0..height { for ox in 0..width { for ky in 0..kernel { for kx in 0..kernel {
            let y = oy * stride + ky * dilation;
            let x = ox * stride + kx;
            if (pad..pad + size).contains(&y) && (pad..pad + size + 1).contains(&x) {
                macs += (channels * out_per_group) as u64;
            }
        }}}}
        prop_assert_eq!(convolution.macs(), macs);
        let (connectivity, weights) = convolved(convolution);
        prop_assert_eq!(connectivity.synapses(), macs);
        let fan_in: u64 = connectivity.fan_ins().iter().map(|&f| u64::from(f)).sum();
        prop_assert_eq!(fan_in, macs);
        let counts = deliver(connectivity, weights, [input, convolution.output]).counts;
        // Once spike by spike, once all together.
        prop_assert_eq!(counts.projections[0].synops_per_timestep[0], 2 * macs);
    }
}

/// The obvious simulator: every neuron in every timestep, every weight of an explicit matrix.
struct Oracle<'n> {
    network: &'n Network,
    /// Per projection, `[source][target]`: weight, or `None` where there is no synapse.
    matrices: Vec<Vec<Vec<Option<f32>>>>,
}

impl<'n> Oracle<'n> {
    fn new(network: &'n Network) -> Self {
        let matrices = network
            .projections
            .iter()
            .map(|p| match &p.weights {
                Weights::Each(weights) => matrix(&p.connectivity, weights),
                _ => panic!("the oracle wants every weight"),
            })
            .collect();
        Oracle { network, matrices }
    }

    /// What neurons of each population emit in each timestep, and final potentials of the last one.
    fn run(&self, drive: &Drive, timesteps: usize) -> (Vec<Vec<Vec<i8>>>, Vec<f32>) {
        let populations = &self.network.populations;
        let mut potentials: Vec<Vec<f32>> = populations
            .iter()
            .map(|p| match &p.neuron {
                Neuron::IntegrateFire(m) => m.threshold.iter().map(|t| m.initial * t).collect(),
                _ => vec![0.0; p.shape.neurons()],
            })
            .collect();
        let mut seen: Vec<Vec<i32>> = populations
            .iter()
            .map(|p| vec![0; p.shape.neurons()])
            .collect();
        let mut raster = vec![Vec::new(); populations.len()];
        for t in 0..timesteps {
            for (index, population) in populations.iter().enumerate() {
                let neurons = population.shape.neurons();
                let mut spikes = vec![0i8; neurons];
                match &population.neuron {
                    Neuron::Input => {
                        if let Drive::Spikes(train) = drive {
                            train
                                .at(t)
                                .neurons
                                .iter()
                                .for_each(|&s| spikes[s as usize] = 1);
                        }
                    }
                    Neuron::MaxPool(pool) => {
                        let (p, projection) = self.incoming(index).next().unwrap();
                        let arriving: &Vec<i8> = &raster[projection.source][t];
                        let before = seen[projection.source].clone();
                        let now: Vec<i32> = before
                            .iter()
                            .zip(arriving)
                            .map(|(b, a)| b + i32::from(*a))
                            .collect();
                        for (target, spike) in spikes.iter_mut().enumerate() {
                            let window: Vec<usize> = (0..now.len())
                                .filter(|&s| self.matrices[p][s][target].is_some())
                                .collect();
                            let max_before = window.iter().map(|&s| before[s]).max().unwrap_or(0);
                            let max_now = window.iter().map(|&s| now[s]).max().unwrap_or(0);
                            *spike = match pool.rule {
                                MaxPoolRule::CumulativeMax => (max_now - max_before) as i8,
                                MaxPoolRule::Gate => window
                                    .iter()
                                    .find(|&&s| now[s] > 0 && now[s] == max_now)
                                    .map_or(0, |&s| arriving[s]),
                            };
                        }
                        seen[projection.source] = now;
                    }
                    neuron => {
                        // Sums in the engine's order: bias, constant current, then spikes by
                        // projection and source.
                        let mut input = population.bias.clone();
                        input.resize(neurons, 0.0);
                        for constant in [true, false] {
                            for (p, projection) in self.incoming(index) {
                                for source in 0..self.matrices[p].len() {
                                    let value = match drive {
                                        Drive::Constant(values) if projection.source == 0 => {
                                            if constant {
                                                values[source]
                                            } else {
                                                0.0
                                            }
                                        }
                                        _ if constant => 0.0,
                                        _ => f32::from(raster[projection.source][t][source]),
                                    };
                                    if value != 0.0 {
                                        for (sum, weight) in
                                            input.iter_mut().zip(&self.matrices[p][source])
                                        {
                                            if let Some(weight) = weight {
                                                *sum += value * weight;
                                            }
                                        }
                                    }
                                }
                            }
                        }
                        for (i, v) in potentials[index].iter_mut().enumerate() {
                            *v += input[i];
                            let Neuron::IntegrateFire(m) = neuron else {
                                continue;
                            };
                            let past = raster[index].iter();
                            let emitted: i32 = past.map(|step: &Vec<i8>| i32::from(step[i])).sum();
                            if *v >= m.threshold[i] {
                                spikes[i] = 1;
                                *v = if m.reset == Reset::Subtract {
                                    *v - m.threshold[i]
                                } else {
                                    0.0
                                };
                            } else if m.signed && *v < 0.0 && emitted > 0 {
                                spikes[i] = -1;
                                *v += m.threshold[i];
                            }
                        }
                    }
                }
                raster[index].push(spikes);
            }
        }
        (raster, potentials.pop().unwrap())
    }

    fn incoming(&self, index: usize) -> impl Iterator<Item = (usize, &Projection)> {
        self.network
            .projections
            .iter()
            .enumerate()
            .filter(move |(_, p)| p.target == index)
    }
}

fn matrix(connectivity: &Connectivity, weights: &[f32]) -> Vec<Vec<Option<f32>>> {
    let pooled_sources = match &connectivity.pooling {
        Some(pooling) => (0..pooling.input.neurons())
            .map(|s| pooling.pooled(s))
            .collect(),
        None => (0..connectivity.sources()).map(Some).collect::<Vec<_>>(),
    };
    pooled_sources
        .into_iter()
        .map(|source| {
            let mut row = vec![None; connectivity.targets()];
            let Some(source) = source else { return row };
            match &connectivity.pattern {
                Pattern::Dense { targets, .. } => {
                    for (t, w) in weights[source * targets..(source + 1) * targets]
                        .iter()
                        .enumerate()
                    {
                        row[t] = (*w != 0.0).then_some(*w);
                    }
                }
                Pattern::Convolution { convolution, .. } => {
                    let (c, y, x) = convolution.input.coordinates(source);
                    let (v, h) = (convolution.window.vertical, convolution.window.horizontal);
                    for oy in 0..convolution.output.height {
                        for ox in 0..convolution.output.width {
                            for ky in 0..v.kernel {
                                for kx in 0..h.kernel {
                                    if oy * v.stride + ky * v.dilation == y + v.pad_before
                                        && ox * h.stride + kx * h.dilation == x + h.pad_before
                                    {
                                        for (i, o) in convolution.group_outputs(c).enumerate() {
                                            let w = weights[convolution.kernel_row(ky, kx, c)
                                                * convolution.outputs_per_group()
                                                + i];
                                            row[convolution.output.index(o, oy, ox)] =
                                                (w != 0.0).then_some(w);
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                Pattern::Sparse {
                    starts, targets, ..
                } => {
                    for i in starts[source] as usize..starts[source + 1] as usize {
                        row[targets[i] as usize] = Some(weights[i]);
                    }
                }
            }
            row
        })
        .collect()
}

/// Small multiples of 1/8: sums are exact in any order and cancel exactly now and then.
fn dyadic() -> impl Strategy<Value = f32> {
    (-4i8..=4).prop_map(|n| f32::from(n) / 8.0)
}

/// conv → max pool → dense behind average pooling, with a second projection past the pooling.
fn random_network() -> impl Strategy<Value = Network> {
    let input = Shape::maps(2, 4, 4);
    let hidden = Shape::maps(3, 4, 4);
    let pooled = Shape::maps(3, 2, 2);
    (
        proptest::collection::vec(dyadic(), 9 * 2 * 3),
        proptest::collection::vec(dyadic(), 3 * 5),
        proptest::collection::vec(dyadic(), hidden.neurons() * 5),
        proptest::collection::vec(dyadic(), hidden.neurons()),
        proptest::collection::vec(dyadic(), 5),
        proptest::collection::vec(dyadic(), 5 * 2),
        any::<(bool, bool, bool, bool)>(),
    )
        .prop_map(
            move |(w1, w2, w3, b1, b2, w4, (gate, biased, subtract, signed))| {
                let bias = |values: Vec<f32>| {
                    if biased {
                        values
                    } else {
                        vec![0.0; values.len()]
                    }
                };
                let fire = |neurons: usize, initial| {
                    Neuron::IntegrateFire(IntegrateFire {
                        threshold: vec![0.5; neurons],
                        initial,
                        test: ThresholdTest::AtLeast,
                        reset: if subtract {
                            Reset::Subtract
                        } else {
                            Reset::ToValue
                        },
                        signed: signed && subtract,
                    })
                };
                let present = |values: &[f32], columns| {
                    let rows = BitRows::nonzero(values, columns);
                    (!rows.is_full()).then_some(rows)
                };
                let rule = if gate {
                    MaxPoolRule::Gate
                } else {
                    MaxPoolRule::CumulativeMax
                };
                let pool = Convolution {
                    input: hidden,
                    output: pooled,
                    window: square(2, 2, 0),
                    groups: 3,
                };
                let conv = Convolution {
                    input,
                    output: hidden,
                    window: square(3, 1, 1),
                    groups: 1,
                };
                Network {
                    name: "random".to_owned(),
                    populations: vec![
                        population("input", input, Neuron::Input, vec![]),
                        population("conv", hidden, fire(hidden.neurons(), 0.5), bias(b1)),
                        population("pool", pooled, Neuron::MaxPool(MaxPool { rule }), vec![]),
                        population("fc", Shape::vector(5), fire(5, 0.0), bias(b2)),
                        population(
                            "out",
                            Shape::vector(2),
                            Neuron::Integrator,
                            bias(vec![0.125, -0.25]),
                        ),
                    ],
                    projections: vec![
                        Projection {
                            source: 0,
                            target: 1,
                            connectivity: Connectivity::new(Pattern::Convolution {
                                convolution: conv,
                                present: present(&w1, 3),
                            }),
                            weights: w1.into(),
                            delay: Delays::NONE,
                        },
                        Projection {
                            source: 1,
                            target: 2,
                            connectivity: Connectivity::new(Pattern::Convolution {
                                convolution: pool,
                                present: None,
                            }),
                            weights: vec![1.0; 12].into(),
                            delay: Delays::NONE,
                        },
                        Projection {
                            source: 2,
                            target: 3,
                            connectivity: Connectivity {
                                pooling: Some(Pooling {
                                    input: pooled,
                                    output: Shape::vector(3),
                                    window: square(2, 2, 0),
                                }),
                                pattern: Pattern::Dense {
                                    sources: 3,
                                    targets: 5,
                                    present: present(&w2, 5),
                                },
                            },
                            weights: w2.into(),
                            delay: Delays::NONE,
                        },
                        Projection {
                            source: 1,
                            target: 3,
                            connectivity: Connectivity::new(Pattern::Dense {
                                sources: hidden.neurons(),
                                targets: 5,
                                present: present(&w3, 5),
                            }),
                            weights: w3.into(),
                            delay: Delays::NONE,
                        },
                        Projection {
                            source: 3,
                            target: 4,
                            connectivity: Connectivity::new(Pattern::Dense {
                                sources: 5,
                                targets: 2,
                                present: present(&w4, 2),
                            }),
                            weights: w4.into(),
                            delay: Delays::NONE,
                        },
                    ],
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn event_driven_equals_clock_driven(
        network in random_network(),
        pixels in proptest::collection::vec(dyadic(), 32),
        constant in any::<bool>(),
    ) {
        let timesteps = 7;
        let drive = if constant {
            Drive::Constant(pixels)
        } else {
            let mut train = SpikeTrain::new();
            for t in 0..timesteps {
                for (i, p) in pixels.iter().enumerate() {
                    if (i * 7 + t * 3) % 8 < (p.abs() * 8.0) as usize { train.push(i as u32); }
                }
                train.end_timestep();
            }
            Drive::Spikes(train)
        };
        let (raster, output) = Oracle::new(&network).run(&drive, timesteps);
        let simulation = Simulator::new(&network, timesteps as u32).unwrap()
            .run(1, &|_| Ok(drive.clone()), &|_| ControlFlow::Continue(())).unwrap();
        prop_assert_eq!(&simulation.outcomes[0].output, &output);
        for (index, raster) in raster.iter().enumerate() {
            let counts = &simulation.counts.populations[index];
            let neurons = network.populations[index].shape.neurons();
            for n in 0..neurons {
                let spikes = raster.iter().filter(|step| step[n] != 0).count() as u64;
                prop_assert_eq!(counts.spikes[n], spikes, "population {} neuron {}", index, n);
            }
            for (t, step) in raster.iter().enumerate() {
                let spikes = step.iter().filter(|s| **s != 0).count() as u64;
                prop_assert_eq!(counts.spikes_per_timestep[t], spikes);
                let negative = step.iter().filter(|s| **s < 0).count() as u64;
                prop_assert_eq!(counts.negative_spikes_per_timestep[t], negative);
            }
        }
    }
}

/// A neuron that ends above its threshold fires on without input, and a bias fires a silent one.
#[test]
fn worked_neurons_that_fire_without_input() {
    let network = Network {
        name: "lonely".to_owned(),
        populations: vec![
            population("input", Shape::vector(1), Neuron::Input, vec![]),
            population("burst", Shape::vector(1), integrate_fire(1, 1.0), vec![]),
            population(
                "biased",
                Shape::vector(1),
                integrate_fire(1, 1.0),
                vec![0.5],
            ),
        ],
        projections: vec![Projection {
            source: 0,
            target: 1,
            connectivity: Connectivity::new(Pattern::Dense {
                sources: 1,
                targets: 1,
                present: None,
            }),
            weights: vec![2.5].into(),
            delay: Delays::NONE,
        }],
    };
    let mut train = SpikeTrain::new();
    train.push(0);
    (0..4).for_each(|_| train.end_timestep());
    let counts = Simulator::new(&network, 4)
        .unwrap()
        .run(1, &|_| Ok(Drive::Spikes(train.clone())), &|_| {
            ControlFlow::Continue(())
        })
        .unwrap()
        .counts;
    // 2.5 at once: v = 2.5 → fires to 1.5 → fires to 0.5 → rests.
    assert_eq!(counts.populations[1].spikes_per_timestep, [1, 1, 0, 0]);
    assert_eq!(counts.populations[1].touched_per_timestep, [1, 0, 0, 0]);
    // Nonzero before: at t = 1 (1.5), t = 2 (0.5), t = 3 (0.5); touched at t = 0.
    assert_eq!(counts.populations[1].active_per_timestep, [1, 1, 1, 1]);
    // 0.5 per timestep reaches 1 in every second one.
    assert_eq!(counts.populations[2].spikes_per_timestep, [0, 1, 0, 1]);
    assert_eq!(counts.populations[2].touched_per_timestep, [1; 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    /// 8-bit weights give what the same weights in f32 give. Weights are multiples of 1/8 up to
    /// 127/8 with 127/8 among them, so their 8-bit form is exact, and so are all sums.
    #[test]
    fn int8_weights_equal_f32_weights(
        numbers in proptest::collection::vec(-127i16..=127, 9 * 2 * 70),
        dense in proptest::collection::vec(-3i16..=3, 70 * 16 * 5),
        pixels in proptest::collection::vec(any::<bool>(), 2 * 16 * 6),
        biased in any::<bool>(),
    ) {
        let (input, maps) = (Shape::maps(2, 4, 4), Shape::maps(70, 4, 4));
        let exact = |numbers: Vec<i16>| -> Vec<f32> {
            let mut weights: Vec<f32> = numbers.iter().map(|&n| f32::from(n) / 8.0).collect();
            weights[0] = 127.0 / 8.0;
            weights
        };
        let conv = Convolution { input, output: maps, window: square(3, 1, 1), groups: 1 };
        let projection = |source, target, pattern: Pattern, weights: Vec<f32>, columns| {
            let rows = BitRows::nonzero(&weights, columns);
            let present = (!rows.is_full()).then_some(rows);
            let pattern = match pattern {
                Pattern::Dense { sources, targets, .. } => Pattern::Dense { sources, targets, present },
                Pattern::Convolution { convolution, .. } => Pattern::Convolution { convolution, present },
                sparse => sparse,
            };
            Projection::new(source, target, Connectivity::new(pattern), weights)
        };
        let mut populations = vec![
            Population::new("input", input, Neuron::Input),
            Population::new("conv", maps, integrate_fire(maps.neurons(), 20.0)),
            Population::new("out", Shape::vector(5), Neuron::Integrator),
        ];
        if biased {
            populations[1].bias = vec![0.125; maps.neurons()];
        }
        let float = Network {
            name: "float".to_owned(),
            populations,
            projections: vec![
                projection(0, 1, Pattern::Convolution { convolution: conv, present: None }, exact(numbers), 70),
                projection(1, 2, Pattern::Dense { sources: maps.neurons(), targets: 5, present: None }, exact(dense), 5),
            ],
        };
        let int8 = Network {
            projections: float.projections.iter().map(Projection::to_int8).collect(),
            ..float.clone()
        };
        let mut train = SpikeTrain::new();
        for step in pixels.chunks(32) {
            for (neuron, _) in step.iter().enumerate().filter(|(_, on)| **on) {
                train.push(neuron as u32);
            }
            train.end_timestep();
        }
        let run = |network: &Network| {
            Simulator::new(network, 6)
                .unwrap()
                .run(1, &|_| Ok(Drive::Spikes(train.clone())), &|_| ControlFlow::Continue(()))
                .unwrap()
        };
        let (float, int8) = (run(&float), run(&int8));
        prop_assert_eq!(float.counts, int8.counts);
        prop_assert_eq!(float.outcomes, int8.outcomes);
    }
}

/// 300 inputs, two hidden layers and two outputs that spike or do not: weights for which samples are
/// taken together.
fn wide(outputs_spike: bool) -> Network {
    let widths = [300usize, 310, 64, 2];
    let weight = |i: usize| ((i * 7919 % 17) as f32 - 8.0) / 64.0;
    let mut network = Network {
        name: "wide".to_owned(),
        populations: vec![population(
            "input",
            Shape::vector(widths[0]),
            Neuron::Input,
            vec![],
        )],
        projections: Vec::new(),
    };
    for (layer, pair) in widths.windows(2).enumerate() {
        let [sources, targets] = [pair[0], pair[1]];
        let neuron = match layer == 2 && !outputs_spike {
            true => Neuron::Integrator,
            false => integrate_fire(targets, 0.75),
        };
        let bias = (0..targets).map(|n| weight(n * 5 + layer)).collect();
        let shape = Shape::vector(targets);
        let name = format!("layer {layer}");
        network
            .populations
            .push(population(&name, shape, neuron, bias));
        let pattern = Pattern::Dense {
            sources,
            targets,
            present: None,
        };
        let weights: Vec<f32> = (0..sources * targets)
            .map(|i| weight(i + layer) + 1.0 / 128.0)
            .collect();
        network.projections.push(Projection::new(
            layer,
            layer + 1,
            Connectivity::new(pattern),
            weights,
        ));
    }
    network
}

/// Samples that share a pass over the weights do what each does alone, whatever drives them and
/// however many threads there are.
#[test]
fn oracle_samples_taken_together_equal_samples_alone() {
    const SAMPLES: usize = 23;
    for (outputs_spike, timesteps) in [(false, 5u32), (true, 9), (false, 60)] {
        let network = wide(outputs_spike);
        let drive = |sample: usize| {
            let at = |i: usize, t: usize| (i * 31 + t * 17 + sample * 13) % 11 < 3;
            // Some of each kind, so that neighbours differ, too.
            if sample % 9 < 5 {
                let values = (0..300).map(|i| f32::from(u8::from(at(i, 0))) / 4.0);
                return Ok(Drive::Constant(values.collect()));
            }
            let mut train = SpikeTrain::new();
            // Shorter, as long, and longer than the run.
            for t in 0..timesteps as usize + sample % 3 - 1 {
                (0..300)
                    .filter(|&i| at(i, t))
                    .for_each(|i| train.push(i as u32));
                train.end_timestep();
            }
            Ok(Drive::Spikes(train))
        };
        let simulator = Simulator::new(&network, timesteps).unwrap();
        let go_on = |_| ControlFlow::Continue(());
        let alone: Vec<Simulation> = (0..SAMPLES)
            .map(|sample| simulator.run(1, &|_| drive(sample), &go_on).unwrap())
            .collect();
        for threads in [1, 2, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let together = pool
                .build()
                .unwrap()
                .install(|| simulator.run(SAMPLES, &drive, &go_on).unwrap());
            for (sample, (a, b)) in alone.iter().zip(&together.outcomes).enumerate() {
                assert_eq!(&a.outcomes[0], b, "sample {sample}, {threads} threads");
            }
            for (index, counts) in together.counts.populations.iter().enumerate() {
                let sum = |f: fn(&spikewatt::counts::PopulationCounts) -> &[u64]| -> Vec<u64> {
                    let mut sum = vec![0; f(counts).len()];
                    for one in &alone {
                        let values = f(&one.counts.populations[index]);
                        sum.iter_mut().zip(values).for_each(|(s, v)| *s += v);
                    }
                    sum
                };
                assert_eq!(counts.spikes, sum(|c| &c.spikes));
                assert_eq!(counts.touched, sum(|c| &c.touched));
                assert_eq!(counts.spikes_per_timestep, sum(|c| &c.spikes_per_timestep));
                assert_eq!(
                    counts.touched_per_timestep,
                    sum(|c| &c.touched_per_timestep)
                );
                assert_eq!(counts.active_per_timestep, sum(|c| &c.active_per_timestep));
            }
            for (index, counts) in together.counts.projections.iter().enumerate() {
                let alone = alone.iter().map(|one| &one.counts.projections[index]);
                let macs: u64 = alone.clone().map(|c| c.macs_once).sum();
                assert_eq!(counts.macs_once, macs);
                let synops = alone.flat_map(|c| &c.synops_per_timestep).sum::<u64>();
                assert_eq!(counts.synops_per_timestep.iter().sum::<u64>(), synops);
            }
            assert!(
                together.counts.populations[3].spikes.iter().sum::<u64>() > 0 || !outputs_spike
            );
        }
    }
}

/// The first sample that fails is the one that is named, also among samples taken together.
#[test]
fn the_lowest_sample_that_fails_is_reported() {
    let network = wide(false);
    let simulator = Simulator::new(&network, 4).unwrap();
    let drive = |sample: usize| {
        let neurons = if sample == 5 || sample == 6 { 7 } else { 300 };
        Ok(Drive::Constant(vec![0.5; neurons]))
    };
    let error = simulator
        .run(40, &drive, &|_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(error.to_string().contains("sample 5"), "{error}");
}
