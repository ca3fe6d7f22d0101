//! Recurrent networks with delays: the event-driven engine against the obvious simulator, which
//! visits every neuron and every synapse in every timestep.

use proptest::prelude::*;
use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulation, Simulator, SpikeTrain};
use spikewatt::network::{
    Connectivity, Delays, Network, Pattern, Population, Projection, Shape, Weights,
};
use spikewatt::neuron::{
    Advance, IntegrateFire, Neuron, Options, Parameter, Preset, Reset, ThresholdTest, build,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

const SIZES: [usize; 4] = [5, 6, 70, 4];
const TIMESTEPS: usize = 12;

/// Small multiples of 1/8, zero among them: sums are exact in any order, and partial sums cancel
/// exactly now and then.
fn dyadic() -> impl Strategy<Value = f32> {
    (-4i8..=4).prop_map(|n| f32::from(n) / 8.0)
}

fn lif(options: &Options) -> Neuron {
    let parameters: BTreeMap<String, Parameter> = [
        ("tau", 4.0 * options.dt_s),
        ("r", 1.0),
        ("v_leak", 0.25),
        ("v_threshold", 0.125),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Parameter::uniform(value)))
    .collect();
    Neuron::Model(build("lif", &parameters, options).unwrap())
}

fn integrate_fire(neurons: usize, subtract: bool) -> Neuron {
    Neuron::IntegrateFire(IntegrateFire {
        threshold: vec![0.5; neurons],
        initial: 0.0,
        reset: if subtract {
            Reset::Subtract
        } else {
            Reset::ToValue
        },
        test: if subtract {
            ThresholdTest::AtLeast
        } else {
            ThresholdTest::Above
        },
        signed: false,
    })
}

/// One synapse: source, target, weight, delay.
type Synapse = (u32, u32, f32, u16);

/// A projection of listed synapses; source and target may be any populations but the input cannot
/// be a target.
fn projection() -> impl Strategy<Value = Projection> {
    (
        (0usize..4, 1usize..4),
        proptest::collection::vec((0u32..1000, 0u32..1000, dyadic(), 0u16..4), 1..40),
        any::<bool>(),
    )
        .prop_map(|((source, target), synapses, each)| {
            let mut synapses: Vec<Synapse> = synapses
                .into_iter()
                .filter(|(.., weight, _)| *weight != 0.0)
                .map(|(from, to, weight, delay)| {
                    let delay = delay.max(u16::from(source >= target));
                    (
                        from % SIZES[source] as u32,
                        to % SIZES[target] as u32,
                        weight,
                        delay,
                    )
                })
                .collect();
            synapses.sort_by_key(|(from, to, ..)| (*from, *to));
            let starts = (0..=SIZES[source] as u32)
                .map(|s| synapses.partition_point(|(from, ..)| *from < s) as u64)
                .collect();
            let pattern = Pattern::Sparse {
                neurons: SIZES[target],
                starts,
                targets: Arc::new(synapses.iter().map(|s| s.1).collect()),
            };
            let weights: Vec<f32> = synapses.iter().map(|s| s.2).collect();
            let delay = if each {
                Delays::Each(synapses.iter().map(|s| s.3).collect())
            } else {
                Delays::Uniform(synapses.first().map_or(0, |s| u32::from(s.3)))
            };
            Projection {
                delay,
                ..Projection::new(source, target, Connectivity::new(pattern), weights)
            }
        })
}

fn network() -> impl Strategy<Value = Network> {
    (
        proptest::collection::vec(projection(), 1..8),
        proptest::collection::vec(dyadic(), SIZES[2]),
        any::<bool>(),
    )
        .prop_map(|(projections, bias, subtract)| {
            let options = Preset::get("nir").unwrap().options;
            let population = |name: &str, size: usize, neuron| {
                Population::new(name, Shape::vector(size), neuron)
            };
            let mut populations = vec![
                population("input", SIZES[0], Neuron::Input),
                population("silent", SIZES[1], integrate_fire(SIZES[1], subtract)),
                population("biased", SIZES[2], integrate_fire(SIZES[2], !subtract)),
                population("leaky", SIZES[3], lif(&options)),
            ];
            populations[2].bias = bias;
            Network {
                name: "random".to_owned(),
                populations,
                projections,
            }
        })
}

/// What the obvious simulator finds.
struct Expected {
    /// `[population][timestep][neuron]`.
    spikes: Vec<Vec<Vec<bool>>>,
    touched: Vec<Vec<Vec<bool>>>,
    /// `[projection][timestep]`, by the timestep of the spike.
    synops: Vec<Vec<u64>>,
}

enum Cell {
    None,
    IntegrateFire(IntegrateFire, Vec<f32>),
    Model(Box<dyn Advance>),
}

fn clock_driven(network: &Network, input: &[Vec<bool>]) -> Expected {
    let mut cells: Vec<Cell> = network
        .populations
        .iter()
        .map(|p| match &p.neuron {
            Neuron::IntegrateFire(model) => {
                Cell::IntegrateFire(model.clone(), vec![0.0; p.shape.neurons()])
            }
            Neuron::Model(model) => Cell::Model(model.group(p.shape.neurons())),
            _ => Cell::None,
        })
        .collect();
    let mut found = Expected {
        spikes: vec![Vec::new(); network.populations.len()],
        touched: vec![Vec::new(); network.populations.len()],
        synops: vec![vec![0; TIMESTEPS]; network.projections.len()],
    };
    for t in 0..TIMESTEPS {
        for (index, population) in network.populations.iter().enumerate() {
            let neurons = population.shape.neurons();
            let mut sums = population.bias.clone();
            sums.resize(neurons, 0.0);
            let mut touched: Vec<bool> = sums.iter().map(|bias| *bias != 0.0).collect();
            for projection in network.projections.iter().filter(|p| p.target == index) {
                for (from, to, weight, delay) in synapses(projection) {
                    let arrives = t
                        .checked_sub(delay)
                        .is_some_and(|emitted| found.spikes[projection.source][emitted][from]);
                    if arrives {
                        sums[to] += weight;
                        touched[to] = true;
                    }
                }
            }
            let spikes = match &mut cells[index] {
                Cell::None => input[t].clone(),
                Cell::IntegrateFire(model, potential) => (0..neurons)
                    .map(|i| {
                        potential[i] += sums[i];
                        let fires = match model.test {
                            ThresholdTest::AtLeast => potential[i] >= model.threshold[i],
                            ThresholdTest::Above => potential[i] > model.threshold[i],
                        };
                        if fires {
                            potential[i] = match model.reset {
                                Reset::Subtract => potential[i] - model.threshold[i],
                                Reset::ToValue => 0.0,
                            };
                        }
                        fires
                    })
                    .collect(),
                Cell::Model(group) => {
                    let mut spikes = vec![false; neurons];
                    group.advance(&sums, &mut |neuron, _| spikes[neuron as usize] = true);
                    spikes
                }
            };
            for (projection, synops) in network.projections.iter().zip(&mut found.synops) {
                if projection.source == index {
                    let sent = synapses(projection).filter(|(from, ..)| spikes[*from]);
                    synops[t] += sent.count() as u64;
                }
            }
            found.spikes[index].push(spikes);
            found.touched[index].push(touched);
        }
    }
    found
}

/// Source, target, weight and time on the way of each synapse.
fn synapses(projection: &Projection) -> impl Iterator<Item = (usize, usize, f32, usize)> + '_ {
    let Pattern::Sparse {
        starts, targets, ..
    } = &projection.connectivity.pattern
    else {
        panic!("only listed synapses here");
    };
    let Weights::Each(weights) = &projection.weights else {
        panic!("only listed weights here");
    };
    (0..targets.len()).map(move |synapse| {
        let from = starts.partition_point(|start| *start <= synapse as u64) - 1;
        let delay = match &projection.delay {
            Delays::Uniform(0) if projection.source >= projection.target => 1,
            Delays::Uniform(delay) => *delay as usize,
            Delays::Each(delays) => delays[synapse].into(),
        };
        (from, targets[synapse] as usize, weights[synapse], delay)
    })
}

fn event_driven(network: &Network, input: &[Vec<bool>]) -> Simulation {
    let mut train = SpikeTrain::new();
    for spikes in input {
        for (neuron, _) in spikes.iter().enumerate().filter(|(_, spikes)| **spikes) {
            train.push(neuron as u32);
        }
        train.end_timestep();
    }
    Simulator::new(network, TIMESTEPS as u32)
        .unwrap()
        .run(1, &|_| Ok(Drive::Spikes(train.clone())), &|_| {
            ControlFlow::Continue(())
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn event_driven_equals_clock_driven(
        network in network(),
        input in proptest::collection::vec(
            proptest::collection::vec(any::<bool>(), SIZES[0]), TIMESTEPS,
        ),
    ) {
        let expected = clock_driven(&network, &input);
        let counts = event_driven(&network, &input).counts;
        for (index, population) in counts.populations.iter().enumerate() {
            for (t, spikes) in expected.spikes[index].iter().enumerate() {
                let spikes = spikes.iter().filter(|s| **s).count() as u64;
                prop_assert_eq!(population.spikes_per_timestep[t], spikes, "population {} at {}", index, t);
            }
            for neuron in 0..SIZES[index] {
                let count = |raster: &[Vec<bool>]| raster.iter().filter(|s| s[neuron]).count() as u64;
                prop_assert_eq!(population.spikes[neuron], count(&expected.spikes[index]));
                if index > 0 {
                    prop_assert_eq!(population.touched[neuron], count(&expected.touched[index]), "touched {} {}", index, neuron);
                }
            }
        }
        for (projection, synops) in counts.projections.iter().zip(&expected.synops) {
            prop_assert_eq!(&projection.synops_per_timestep, synops);
        }
    }
}

/// A ring of one neuron that keeps itself firing: an edge that closes a cycle carries the previous
/// timestep, and a delay of d takes d.
#[test]
fn worked_self_excitation() {
    for (delay, expected) in [
        (0, [1, 1, 1, 1, 1, 1]),
        (1, [1, 1, 1, 1, 1, 1]),
        (2, [1, 0, 1, 0, 1, 0]),
        (4, [1, 0, 0, 0, 1, 0]),
    ] {
        let dense = || {
            Connectivity::new(Pattern::Dense {
                sources: 1,
                targets: 1,
                present: None,
            })
        };
        let network = Network {
            name: "ring".to_owned(),
            populations: vec![
                Population::new("input", Shape::vector(1), Neuron::Input),
                Population::new("ring", Shape::vector(1), integrate_fire(1, true)),
            ],
            projections: vec![
                Projection::new(0, 1, dense(), vec![0.5]),
                Projection {
                    delay: Delays::Uniform(delay),
                    ..Projection::new(1, 1, dense(), vec![0.5])
                },
            ],
        };
        let mut train = SpikeTrain::new();
        train.push(0);
        (0..6).for_each(|_| train.end_timestep());
        let counts = Simulator::new(&network, 6)
            .unwrap()
            .run(1, &|_| Ok(Drive::Spikes(train.clone())), &|_| {
                ControlFlow::Continue(())
            })
            .unwrap()
            .counts;
        assert_eq!(
            counts.populations[1].spikes_per_timestep, expected,
            "delay {delay}"
        );
    }
}

/// A single network spread over threads gives the same spikes at any number of them.
#[test]
fn thread_counts_do_not_show_in_a_single_network() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/brunel10000.toml");
    let network = spikewatt::formats::native::read(path.as_ref())
        .unwrap()
        .network;
    let counts = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| {
                Simulator::new(&network, 400)
                    .unwrap()
                    .with_seed(3)
                    .run(1, &|_| Ok(Drive::Spikes(SpikeTrain::new())), &|_| {
                        ControlFlow::Continue(())
                    })
                    .unwrap()
                    .counts
            })
    };
    let one = counts(1);
    assert!(one.populations[0].spikes_per_timestep.iter().sum::<u64>() > 1000);
    assert_eq!(one, counts(2));
    assert_eq!(one, counts(4));
}
