//! Tests of [`super::place`] and its parts.

use super::reach::next_target;
use super::{Capacity, MappingError, Mesh, Placement, Slice, place};
use crate::network::{Axis, Convolution, Edge, Node, Pooling, Shape, Window};
use crate::network::{BitRows, Connectivity, Pattern, Role, Topology};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn node(name: &str, shape: Shape, role: Role) -> Node {
    Node {
        name: name.into(),
        shape,
        role,
    }
}

pub(super) fn dense(source: usize, target: usize, sources: usize, targets: usize) -> Edge {
    Edge {
        source,
        target,
        connectivity: Connectivity::new(Pattern::Dense {
            sources,
            targets,
            present: None,
        }),
        delay: 0,
    }
}

pub(super) fn roomy() -> Capacity {
    Capacity {
        neurons_per_core: 1000,
        synaptic_memory_bits: 1 << 30,
        weight_bits: 8,
        shared_kernels: false,
        fan_in_axons_per_core: 1 << 20,
        fan_out_axons_per_core: 1 << 20,
        max_delay: None,
        mesh: Mesh {
            cores_per_tile: 2,
            width: 2,
            height: 2,
        },
        chips: 1,
    }
}

fn ranges(placement: &Placement, population: usize) -> Vec<Range<usize>> {
    let slices = placement.slices().iter();
    slices
        .filter(|slice| slice.population == population)
        .map(|slice| slice.neurons.clone())
        .collect()
}

/// 10 inputs, 4 hidden neurons, 6 outputs, all connected.
fn layers() -> Topology {
    Topology {
        populations: vec![
            node("in", Shape::vector(10), Role::Input),
            node("hidden", Shape::vector(4), Role::Spiking),
            node("out", Shape::vector(6), Role::Readout),
        ],
        edges: vec![dense(0, 1, 10, 4), dense(1, 2, 4, 6)],
    }
}

#[test]
fn worked_convolution_split_by_fan_in_axons() {
    // 4×4 pixels, 3×3 kernel, padding 1. A full output row reads two or three input rows, 8 or
    // 12 pixels; with 9 axons, inner rows split in halves that read 3×3 pixels each.
    let axis = Axis {
        pad_before: 1,
        pad_after: 1,
        ..Axis::new(3, 1)
    };
    let shape = Shape::maps(1, 4, 4);
    let topology = Topology {
        populations: vec![
            node("in", shape, Role::Input),
            node("conv", shape, Role::Spiking),
        ],
        edges: vec![Edge {
            source: 0,
            target: 1,
            connectivity: Connectivity::new(Pattern::Convolution {
                convolution: Convolution {
                    input: shape,
                    output: shape,
                    window: Window {
                        vertical: axis,
                        horizontal: axis,
                    },
                    groups: 1,
                },
                present: None,
            }),
            delay: 0,
        }],
    };
    let capacity = Capacity {
        fan_in_axons_per_core: 9,
        ..roomy()
    };
    let placement = place(&topology, &capacity);
    assert_eq!(
        ranges(&placement, 1),
        [0..4, 4..6, 6..8, 8..10, 10..12, 12..16]
    );
    assert!(placement.fits());
    let cramped = Capacity {
        fan_in_axons_per_core: 8,
        ..capacity
    };
    let placement = place(&topology, &cramped);
    assert_eq!(
        placement.exceeded(),
        ["fan-in axons per core: 16 on core 2 (conv), allowed 8 (cores over it: 1)"]
    );
    assert_eq!(ranges(&placement, 1), [0..4, 4..5, 5..16]);
}

#[test]
fn worked_limits_of_dense_layers() {
    let topology = layers();
    // An output stores 4 synapses of 8 bits, a hidden neuron 10.
    let capacity = Capacity {
        synaptic_memory_bits: 100,
        ..roomy()
    };
    let placement = place(&topology, &capacity);
    assert_eq!(ranges(&placement, 2), [0..3, 3..6]);
    assert_eq!(ranges(&placement, 1), [0..1, 1..2, 2..3, 3..4]);
    assert_eq!((placement.cores(), placement.tiles()), (6, 3));
    // With the outputs on two cores, each hidden neuron has two fan-out axons.
    let capacity = Capacity {
        neurons_per_core: 3,
        fan_out_axons_per_core: 5,
        max_delay: None,
        ..roomy()
    };
    let placement = place(&topology, &capacity);
    assert_eq!(ranges(&placement, 1), [0..2, 2..4]);
    assert!(placement.fits());
    // A neuron too large for any core stands alone and is named.
    let capacity = Capacity {
        synaptic_memory_bits: 79,
        ..roomy()
    };
    let placement = place(&topology, &capacity);
    assert_eq!(
        placement.exceeded(),
        ["synaptic memory per core [bit]: 80 on core 0 (hidden), allowed 79 (cores over it: 4)"]
    );
}

#[test]
fn more_cores_than_a_chip_has_need_more_chips() {
    let capacity = Capacity {
        neurons_per_core: 1,
        ..roomy()
    };
    let placement = place(&layers(), &capacity);
    assert_eq!((placement.cores(), placement.chips()), (10, 2));
    assert_eq!(
        placement.exceeded(),
        ["cores: 10 on 2 chips, allowed 8 on 1"]
    );
    assert!(
        place(
            &layers(),
            &Capacity {
                chips: 2,
                ..capacity
            }
        )
        .fits()
    );
}

#[test]
fn a_delay_beyond_the_limit_of_the_chip_is_named() {
    let mut topology = layers();
    topology.edges[1].delay = 62;
    let exceeded = |max_delay| {
        let capacity = Capacity {
            max_delay,
            ..roomy()
        };
        place(&topology, &capacity).exceeded().to_vec()
    };
    assert!(exceeded(Some(62)).is_empty());
    let found = exceeded(Some(61));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("62 from hidden"), "{found:?}");
    assert!(found[0].ends_with("allowed 61"), "{found:?}");
    assert!(exceeded(None)[0].contains("capacity.max_delay"));
}

#[test]
fn a_placement_by_hand_must_cover_each_neuron_once() {
    let slice = |population, neurons| Slice {
        population,
        neurons,
        core: 0,
    };
    let place = |slices| Placement::new(&layers(), &roomy(), slices);
    assert!(place(vec![slice(2, 0..6), slice(1, 0..4)]).is_ok());
    for (slices, at) in [
        (vec![slice(1, 0..4), slice(2, 0..5)], 5),
        (vec![slice(1, 0..4), slice(2, 0..4), slice(2, 3..6)], 3),
        (vec![slice(1, 0..4), slice(2, 1..6)], 0),
    ] {
        assert!(matches!(
            place(slices),
            Err(MappingError::Coverage { at: found, .. }) if found == at
        ));
    }
    // An input may sit on the chip, wholly.
    let all = [slice(1, 0..4), slice(2, 0..6)];
    let with = |input| place([&all[..], &[slice(0, input)]].concat());
    assert!(with(0..10).is_ok());
    assert!(matches!(
        with(0..9),
        Err(MappingError::Coverage { at: 9, .. })
    ));
    assert_eq!(
        place(vec![slice(3, 0..1)]),
        Err(MappingError::NoSuchPopulation { population: 3 })
    );
}

/// Random synapses between an input, two hidden populations and an output, one edge a skip.
fn sparse_topology() -> impl Strategy<Value = Topology> {
    let sizes = [7usize, 9, 8, 5];
    let edges = [(0usize, 1usize), (1, 2), (0, 2), (2, 3), (1, 3)];
    let patterns: Vec<_> = edges
        .iter()
        .map(|&(source, target)| {
            prop::collection::vec(any::<bool>(), sizes[source] * sizes[target])
        })
        .collect();
    patterns.prop_map(move |patterns| Topology {
        populations: sizes
            .iter()
            .enumerate()
            .map(|(index, &n)| {
                let role = if index == 0 {
                    Role::Input
                } else {
                    Role::Spiking
                };
                node(&format!("p{index}"), Shape::vector(n), role)
            })
            .collect(),
        edges: edges
            .iter()
            .zip(patterns)
            .map(|(&(source, target), present)| {
                let (mut starts, mut targets) = (vec![0], Vec::new());
                for row in present.chunks(sizes[target]) {
                    let there = (0..sizes[target]).filter(|&t| row[t]);
                    targets.extend(there.map(|t| t as u32));
                    starts.push(targets.len() as u64);
                }
                Edge {
                    source,
                    target,
                    connectivity: Connectivity::new(Pattern::Sparse {
                        neurons: sizes[target],
                        starts,
                        targets: targets.into(),
                    }),
                    delay: 0,
                }
            })
            .collect(),
    })
}

/// Neurons, memory, fan-in axons, fan-out axons of a range, from sets of synapses.
fn load_of(
    topology: &Topology,
    placement: &Placement,
    population: usize,
    range: &Range<usize>,
) -> [u64; 4] {
    let (mut synapses, mut axons, mut out) = (0, BTreeSet::new(), BTreeSet::new());
    for edge in &topology.edges {
        for source in 0..edge.connectivity.sources() {
            edge.connectivity.for_each_run(source, |first, length| {
                for target in first..first + length {
                    if edge.target == population && range.contains(&target) {
                        synapses += 1;
                        axons.insert((edge.source, source));
                    }
                    if edge.source == population && range.contains(&source) {
                        out.insert((source, placement.slice(edge.target, target)));
                    }
                }
            });
        }
    }
    [
        range.len() as u64,
        synapses * 8,
        axons.len() as u64,
        out.len() as u64,
    ]
}

/// Pruned patterns of each kind, one behind a pooling, with more than 64 targets in a row.
fn pruned(bits: &[bool]) -> Vec<Connectivity> {
    let values: Vec<f32> = bits.iter().map(|&bit| f32::from(u8::from(bit))).collect();
    let axis = Axis {
        pad_before: 1,
        pad_after: 1,
        ..Axis::new(3, 1)
    };
    let window = Window {
        vertical: axis,
        horizontal: axis,
    };
    let halves = Window {
        vertical: Axis::new(2, 2),
        horizontal: Axis::new(2, 2),
    };
    let input = Shape::maps(2, 2, 2);
    let convolution = |present| Pattern::Convolution {
        convolution: Convolution {
            input,
            output: Shape::maps(140, 2, 2),
            window,
            groups: 2,
        },
        present,
    };
    vec![
        Connectivity::new(Pattern::Dense {
            sources: 9,
            targets: 140,
            present: Some(BitRows::nonzero(&values[..9 * 140], 140)),
        }),
        Connectivity::new(convolution(None)),
        Connectivity {
            pooling: Some(Pooling {
                input: Shape::maps(2, 5, 5),
                output: input,
                window: halves,
            }),
            pattern: convolution(Some(BitRows::nonzero(&values, 70))),
        },
    ]
}

proptest! {
    #[test]
    fn the_next_target_is_the_first_of_the_runs(
        bits in prop::collection::vec(prop::bool::weighted(0.02), 18 * 70),
    ) {
        for connectivity in pruned(&bits) {
            for source in 0..connectivity.sources() {
                let mut all = BTreeSet::new();
                connectivity.for_each_run(source, |first, length| {
                    all.extend(first..first + length);
                });
                for start in (0..connectivity.targets()).step_by(7) {
                    let expected = all.range(start..).next().copied();
                    prop_assert_eq!(next_target(&connectivity, source, start), expected);
                }
            }
        }
    }

    #[test]
    fn greedy_cores_are_within_all_limits_and_full(
        topology in sparse_topology(),
        limits in (1u64..6, 100u64..400, 9u64..20, 5u64..12),
    ) {
        let capacity = Capacity {
            neurons_per_core: limits.0,
            synaptic_memory_bits: limits.1.max(17 * 8),
            fan_in_axons_per_core: limits.2.max(17),
            fan_out_axons_per_core: limits.3.max(13),
            max_delay: None,
            chips: 100,
            ..roomy()
        };
        let allowed = [
            capacity.neurons_per_core,
            capacity.synaptic_memory_bits,
            capacity.fan_in_axons_per_core,
            capacity.fan_out_axons_per_core,
        ];
        let placement = place(&topology, &capacity);
        prop_assert!(placement.fits(), "{:?}", placement.exceeded());
        for slice in placement.slices() {
            let load = |range| load_of(&topology, &placement, slice.population, &range);
            let Range { start, end } = slice.neurons;
            prop_assert!(load(start..end).iter().zip(allowed).all(|(have, most)| *have <= most));
            if end < topology.populations[slice.population].shape.neurons() {
                let more = load(start..end + 1);
                prop_assert!(more.iter().zip(allowed).any(|(have, most)| *have > most));
            }
        }
    }
}

#[test]
fn closed_form_cores_of_whole_convolutions_are_those_of_listed_synapses() {
    // The same synapses, once as a convolution and once as a list, beside one another in a residual
    // block: the stretches of the first are worked out from its windows.
    let axis = |kernel, stride, pad| Axis {
        pad_before: pad,
        pad_after: pad,
        ..Axis::new(kernel, stride)
    };
    let shape = Shape::maps(4, 7, 6);
    for (groups, kernel, stride) in [(1, 3, 1), (2, 3, 2), (4, 2, 1), (1, 1, 2)] {
        let window = Window {
            vertical: axis(kernel, stride, kernel / 2),
            horizontal: axis(kernel, stride, kernel / 2),
        };
        let (whole, output) = Pattern::convolution(shape, 8, window, groups).expect("fits");
        let whole = Connectivity::new(whole);
        let (mut starts, mut targets) = (vec![0], Vec::new());
        for source in 0..whole.sources() {
            whole.for_each_run(source, |first, length| {
                targets.extend((first..first + length).map(|target| target as u32));
            });
            starts.push(targets.len() as u64);
        }
        let listed = Connectivity::new(Pattern::Sparse {
            neurons: output.neurons(),
            starts,
            targets: targets.into(),
        });
        let placed = |connectivity: &Connectivity| {
            let edge = |source, target| Edge {
                source,
                target,
                connectivity: connectivity.clone(),
                delay: 0,
            };
            let topology = Topology {
                populations: vec![
                    node("a", shape, Role::Input),
                    node("b", shape, Role::Spiking),
                    node("c", output, Role::Spiking),
                ],
                edges: vec![edge(0, 2), edge(1, 2)],
            };
            [(40, 30), (1000, 55), (9, 1000)].map(|(axons, fan_out)| {
                let capacity = Capacity {
                    fan_in_axons_per_core: axons,
                    fan_out_axons_per_core: fan_out,
                    ..roomy()
                };
                place(&topology, &capacity)
            })
        };
        let (ours, theirs) = (placed(&whole), placed(&listed));
        assert_eq!(
            ours, theirs,
            "{groups} groups, kernel {kernel}, stride {stride}"
        );
        assert!(ours[0].cores() > 4);
    }
}
