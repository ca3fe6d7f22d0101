//! Moving cores, and what a network that does not fit is told.

use proptest::prelude::*;
use spikewatt::counts::{DenseCounts, EventCounts};
use spikewatt::energy::{
    self, Catalogue, Hardware, PlacementRule, PriceOptions, Work, price_placed,
};
use spikewatt::mapping::{
    Capacity, LinkCosts, Mesh, Placement, Slice, Traffic, optimise, place, traffic,
};
use spikewatt::network::{
    Axis, Connectivity, Convolution, Edge, Node, Pattern, Role, Shape, Topology, Window,
};
use spikewatt::result::Line;
use spikewatt::units::Range;

fn capacity(neurons_per_core: u64, chips: u64) -> Capacity {
    Capacity {
        neurons_per_core,
        synaptic_memory_bits: 1 << 40,
        weight_bits: 8,
        shared_kernels: false,
        fan_in_axons_per_core: 1 << 40,
        fan_out_axons_per_core: 1 << 40,
        max_delay: None,
        mesh: Mesh {
            cores_per_tile: 2,
            width: 4,
            height: 3,
        },
        chips,
    }
}

fn node(name: String, shape: Shape, role: Role) -> Node {
    Node { name, shape, role }
}

/// Populations of 8 neurons, joined as told, each neuron with so many spikes.
fn counts(populations: usize, edges: &[(usize, usize)], spikes: &[u64]) -> EventCounts {
    let topology = Topology {
        populations: (0..populations)
            .map(|index| node(format!("p{index}"), Shape::vector(8), Role::Spiking))
            .collect(),
        edges: edges
            .iter()
            .map(|&(source, target)| Edge {
                source,
                target,
                connectivity: Connectivity::new(Pattern::Dense {
                    sources: 8,
                    targets: 8,
                    present: None,
                }),
                delay: 0,
            })
            .collect(),
    };
    let mut counts = EventCounts::new(topology, 1);
    counts.samples = 1;
    for (population, &spikes) in counts.populations.iter_mut().zip(spikes) {
        population.spikes.fill(spikes);
    }
    counts
}

#[test]
fn a_ring_of_tiles_is_bent_into_a_ring() {
    // Twelve populations on six tiles, each talking to the next but one: in network order the last
    // tiles are far from the first.
    let edges: Vec<(usize, usize)> = (0..12).map(|p| (p, (p + 2) % 12)).collect();
    let counts = counts(12, &edges, &[5; 12]);
    let capacity = capacity(8, 1);
    let greedy = place(&counts.topology, &capacity);
    let optimised = optimise(&counts, &greedy, &capacity, LinkCosts::ALIKE, 1);
    let hops = |placement| {
        let traffic = traffic(&counts, placement);
        traffic.hops_x + traffic.hops_y
    };
    // 480 packets. On a ring of 2 × 3 tiles each crosses one link, or none within its tile.
    assert!(hops(&optimised) <= 480, "{}", hops(&optimised));
    assert!(hops(&greedy) > hops(&optimised));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn property_an_optimised_placement_is_never_worse_and_loses_nothing(
        edges in prop::collection::vec((0usize..9, 0usize..9), 1..20),
        spikes in prop::collection::vec(0u64..50, 9),
        per_core in 2u64..9,
        chip_link in prop::sample::select(vec![0.0, 1.0, 20.0]),
        seed in any::<u64>(),
    ) {
        let counts = counts(9, &edges, &spikes);
        let capacity = capacity(per_core, 2);
        let costs = LinkCosts { x: 3.0, y: 4.2, chip: chip_link };
        let greedy = place(&counts.topology, &capacity);
        let optimised = optimise(&counts, &greedy, &capacity, costs, seed);
        let (before, after) = (traffic(&counts, &greedy), traffic(&counts, &optimised));
        prop_assert_eq!(before.packets, after.packets);
        let cost = |t: &Traffic| {
            t.hops_x as f64 * costs.x + t.hops_y as f64 * costs.y + t.borders as f64 * costs.chip
        };
        prop_assert!(cost(&after) <= cost(&before));
        prop_assert_eq!(greedy.cores(), optimised.cores());
        prop_assert!(optimised.tiles() <= greedy.tiles());
        prop_assert!(optimised.chips() <= greedy.chips());
        prop_assert_eq!(greedy.exceeded(), optimised.exceeded());
        let again = optimise(&counts, &greedy, &capacity, costs, seed);
        prop_assert_eq!(again, optimised);
    }
}

/// A device with neurocores of so many neurons, its mesh small enough that networks of this file
/// take several chips.
fn small_chip(name: &str, neurons_per_core: u64) -> Hardware {
    let catalogue = Catalogue::shipped().expect("shipped");
    let mut chip = catalogue.get(name).expect("shipped").clone();
    for (key, value) in [
        ("capacity.neurons_per_core", neurons_per_core as f64),
        ("capacity.cores_per_tile", 1.0),
        ("capacity.mesh_width", 2.0),
        ("capacity.mesh_height", 3.0),
    ] {
        chip.figures.get_mut(key).expect("known").value = Range::exact(value);
    }
    chip
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn property_an_optimised_placement_never_has_a_higher_price_of_routing(
        edges in prop::collection::vec((0usize..9, 0usize..9), 1..20),
        spikes in prop::collection::vec(0u64..50, 9),
        per_core in 2u64..9,
        seed in any::<u64>(),
    ) {
        let counts = counts(9, &edges, &spikes);
        let none = DenseCounts::default();
        let work = Work::new(&counts, &none);
        for name in ["loihi1", "loihi1-davies2018"] {
            let chip = small_chip(name, per_core);
            let routing = |placement| {
                let options = PriceOptions { placement, ..PriceOptions::default() };
                let report = energy::price(&chip, &work, &options).remove(0);
                prop_assert!(report.chips > 1, "several chips");
                let key = |line: &&Line| {
                    let figure = line.figure.as_deref().unwrap_or_default();
                    figure.starts_with("energy.hop") || figure == "energy.chip_link"
                };
                Ok(report.lines.iter().filter(key).map(|line| line.joules).sum::<f64>())
            };
            let greedy = routing(PlacementRule::Greedy)?;
            let annealed = routing(PlacementRule::Annealing { seed })?;
            prop_assert!(annealed <= greedy * (1.0 + 1e-12), "{name}: {annealed} J, {greedy} J");
        }
    }
}

#[test]
fn worked_a_dear_link_between_chips_is_avoided() {
    // Four cores in a row of two chips. a and d talk much, b and c little: c may stay away.
    let edges = [(0, 3), (1, 2)];
    let counts = counts(4, &edges, &[9, 5, 0, 0]);
    let mut capacity = capacity(8, 2);
    capacity.mesh = Mesh {
        cores_per_tile: 1,
        width: 2,
        height: 1,
    };
    let greedy = place(&counts.topology, &capacity);
    let before = traffic(&counts, &greedy);
    assert_eq!((before.hops_x, before.borders), (2 * 72, 72 + 40));
    let costs = LinkCosts {
        x: 1.0,
        y: 1.0,
        chip: 100.0,
    };
    let after = traffic(&counts, &optimise(&counts, &greedy, &capacity, costs, 3));
    assert_eq!((after.hops_x, after.borders), (72 + 40, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn property_the_place_of_a_core_on_its_tile_changes_nothing(
        edges in prop::collection::vec((0usize..9, 0usize..9), 1..20),
        spikes in prop::collection::vec(0u64..50, 9),
        per_core in 2u64..9,
        orders in prop::collection::vec(Just([0usize, 1, 2, 3]).prop_shuffle(), 32),
    ) {
        let counts = counts(9, &edges, &spikes);
        let mut chip = Catalogue::shipped().expect("shipped").get("loihi1").expect("shipped").clone();
        let neurons = chip.figures.get_mut("capacity.neurons_per_core").expect("known");
        neurons.value = Range::exact(per_core as f64);
        let greedy = energy::placement(&chip, &counts.topology).expect("known room");
        let slices = greedy.slices().iter().map(|slice| Slice {
            core: slice.core / 4 * 4 + orders[slice.core / 4][slice.core % 4],
            ..slice.clone()
        });
        // Limits do not depend on the order either, so room for anything will do.
        let capacity = Capacity { mesh: greedy.mesh(), ..capacity(per_core, 1) };
        let shuffled = Placement::new(&counts.topology, &capacity, slices.collect())
            .expect("each neuron once");
        let dense = DenseCounts::default();
        let work = Work::new(&counts, &dense);
        let options = PriceOptions::default();
        let before = price_placed(&chip, &work, &options, &greedy);
        let after = price_placed(&chip, &work, &options, &shuffled);
        prop_assert!(before[0].energy_j.is_some() && before[0].cores > Some(8));
        prop_assert_eq!(before, after);
    }
}

#[test]
fn a_network_that_does_not_fit_is_told_how_many_chips_it_takes() {
    let counts = counts(9, &[(0, 1)], &[1; 9]);
    // 72 neurons on 24 cores a chip, one neuron each.
    let placement = place(&counts.topology, &capacity(1, 2));
    assert_eq!(
        placement.exceeded(),
        ["cores: 72 on 3 chips, allowed 48 on 2"]
    );
    assert!(place(&counts.topology, &capacity(1, 3)).fits());
}

#[test]
fn worked_memory_of_shared_kernels() {
    // 4 maps of 6×6 from 2 of 8×8 by 3×3: 2·9 weights a map, 72 of 8 bits in all. Without sharing
    // each neuron stores its 18.
    let axis = Axis::new(3, 1);
    let (input, output) = (Shape::maps(2, 8, 8), Shape::maps(4, 6, 6));
    let topology = Topology {
        populations: vec![
            node("in".into(), input, Role::Input),
            node("maps".into(), output, Role::Spiking),
        ],
        edges: vec![Edge {
            source: 0,
            target: 1,
            connectivity: Connectivity::new(Pattern::Convolution {
                convolution: Convolution {
                    input,
                    output,
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
    let cores = |shared_kernels, synaptic_memory_bits| {
        let capacity = Capacity {
            shared_kernels,
            synaptic_memory_bits,
            ..capacity(1000, 100)
        };
        let placement = place(&topology, &capacity);
        (placement.cores(), placement.fits())
    };
    assert_eq!(cores(true, 72 * 8), (1, true));
    assert_eq!(cores(false, 72 * 8), (36, true));
    assert_eq!(cores(false, 144 * 18 * 8), (1, true));
    // A core with room for three maps holds three neurons: the fourth is of the fourth map.
    assert_eq!(cores(true, 71 * 8), (48, true));
    // A single map does not fit.
    let (_, fits) = cores(true, 17 * 8);
    assert!(!fits);
}
