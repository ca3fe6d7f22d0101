//! Prices worked by hand, and what must hold for each device of the catalogue.

use spikewatt::counts::{DenseCounts, DenseLayer, EventCounts};
use spikewatt::energy::{
    COMMON, Catalogue, DeviceKind, Hardware, HardwareError, HostExchange, LargeBatch, NumberFormat,
    PriceOptions, WORLD_GRID_G_PER_KWH, Work, price, price_placed,
};
use spikewatt::mapping::{Capacity, Mesh, Placement, Slice, place, traffic};
use spikewatt::network::{
    Axis, BitRows, Connectivity, Convolution, Edge, Node, Pattern, Role, Shape, Topology, Window,
};
use spikewatt::result::{Feasible, FirstLayer, Part, Scope, TargetReport, Workload};
use spikewatt::units::Range;

fn catalogue() -> Catalogue {
    Catalogue::shipped().expect("the shipped files are right")
}

fn device(name: &str) -> Hardware {
    catalogue().get(name).expect("a shipped device").clone()
}

fn node(name: &str, shape: Shape, role: Role) -> Node {
    Node {
        name: name.into(),
        shape,
        role,
    }
}

fn dense(sources: usize, targets: usize) -> Connectivity {
    Connectivity::new(Pattern::Dense {
        sources,
        targets,
        present: None,
    })
}

fn layer(macs: u64, parameters: u64, inputs: u64, outputs: u64) -> DenseLayer {
    DenseLayer {
        name: "layer".into(),
        macs,
        parameters,
        inputs,
        outputs,
    }
}

/// A constant image into a convolution, then a chain of twenty-one small populations, joined
/// densely and sparsely in turn: long enough to cross tiles in both directions of the mesh.
struct Example {
    counts: EventCounts,
    dense: DenseCounts,
}

impl Example {
    const TIMESTEPS: u32 = 4;

    fn silent() -> Self {
        let image = Shape::maps(1, 4, 4);
        let maps = Shape::maps(2, 4, 4);
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, 1)
        };
        let convolution = |input, output| {
            Connectivity::new(Pattern::Convolution {
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
            })
        };
        let mut populations = vec![
            node("image", image, Role::Input),
            node("conv1", maps, Role::Spiking),
            node("conv2", maps, Role::Spiking),
        ];
        let mut patterns = vec![convolution(image, maps), convolution(maps, maps)];
        let diagonal: Vec<f32> = (0..100).map(|i| f32::from(u8::from(i % 3 == 0))).collect();
        patterns.push(dense(32, 10));
        for index in 0..20 {
            populations.push(node(&format!("p{index}"), Shape::vector(10), Role::Spiking));
            patterns.push(if index % 2 == 0 {
                Connectivity::new(Pattern::Dense {
                    sources: 10,
                    targets: 10,
                    present: Some(BitRows::nonzero(&diagonal, 10)),
                })
            } else {
                dense(10, 10)
            });
        }
        populations.push(node("out", Shape::vector(10), Role::Readout));
        let edges = patterns
            .into_iter()
            .enumerate()
            .map(|(source, connectivity)| Edge {
                source,
                target: source + 1,
                connectivity,
                delay: 0,
            })
            .collect();
        let mut counts = EventCounts::new(Topology { populations, edges }, Self::TIMESTEPS);
        counts.samples = 2;
        Example {
            counts,
            dense: DenseCounts {
                layers: vec![layer(50_000, 2_000, 16, 32), layer(3_000, 3_000, 32, 10)],
                pruned_macs: None,
                ..DenseCounts::default()
            },
        }
    }

    /// Each neuron on the chip fires `spikes` times in total, all in the first timestep.
    fn firing(spikes: u64) -> Self {
        let mut example = Self::silent();
        let counts = &mut example.counts;
        let last = counts.populations.len() - 1;
        for population in &mut counts.populations[1..last] {
            population.spikes.fill(spikes);
            let all = population.spikes.len() as u64 * spikes;
            population.spikes_per_timestep[0] = all;
            population.touched.fill(spikes);
            population.touched_per_timestep[0] = all;
            population.active_per_timestep[0] = all;
        }
        let edges = counts.topology.edges.iter().zip(&mut counts.projections);
        for (edge, projection) in edges.skip(1) {
            projection.synops_per_timestep[0] = spikes * edge.connectivity.synapses();
        }
        let macs = counts.topology.edges[0].connectivity.synapses() * counts.samples;
        counts.projections[0].macs_per_timestep.fill(macs);
        counts.projections[0].macs_once = macs;
        example
    }

    fn work(&self) -> Work<'_> {
        Work::new(&self.counts, &self.dense)
    }

    /// On the chip alone; what its host adds is worked in the tests of hosts.
    fn price(&self, hardware: &Hardware) -> Vec<TargetReport> {
        price(hardware, &self.work(), &chip_alone())
    }
}

fn chip_alone() -> PriceOptions {
    PriceOptions::default()
        .with_host(HostExchange::Streamed)
        .with_large_batch(64)
}

fn nominal(report: &TargetReport) -> f64 {
    report.energy_j.expect("a known total").nominal
}

fn assert_close(have: f64, expected: f64) {
    assert!(
        (have - expected).abs() <= 1e-12 * expected.abs(),
        "{have} is not {expected}"
    );
}

/// 100 neurons, each firing once in 10 timesteps through 50 dense synapses: two populations of 50
/// that project to each other.
fn worked_counts() -> EventCounts {
    let edge = |source, target| Edge {
        source,
        target,
        connectivity: dense(50, 50),
        delay: 0,
    };
    let topology = Topology {
        populations: vec![
            node("a", Shape::vector(50), Role::Spiking),
            node("b", Shape::vector(50), Role::Spiking),
        ],
        edges: vec![edge(0, 1), edge(1, 0)],
    };
    let mut counts = EventCounts::new(topology, 10);
    counts.samples = 1;
    for population in &mut counts.populations {
        population.spikes.fill(1);
        population.touched.fill(10);
        population.spikes_per_timestep.fill(5);
        population.touched_per_timestep.fill(50);
        population.active_per_timestep.fill(50);
    }
    for projection in &mut counts.projections {
        projection.synops_per_timestep.fill(250);
    }
    counts
}

#[test]
fn worked_core_of_a_hundred_neurons_costs_268330_pj() {
    let counts = worked_counts();
    let capacity = Capacity {
        neurons_per_core: 1024,
        synaptic_memory_bits: 1 << 20,
        weight_bits: 8,
        shared_kernels: false,
        fan_in_axons_per_core: 4096,
        fan_out_axons_per_core: 4096,
        max_delay: None,
        mesh: Mesh {
            cores_per_tile: 4,
            width: 8,
            height: 4,
        },
        chips: 1,
    };
    let slice = |population| Slice {
        population,
        neurons: 0..50,
        core: 0,
    };
    let placement = Placement::new(&counts.topology, &capacity, vec![slice(0), slice(1)])
        .expect("covers each neuron");
    let none = DenseCounts::default();
    let work = Work::new(&counts, &none);
    let reports = price_placed(&device("loihi1"), &work, &chip_alone(), &placement);
    let report = &reports[0];
    let dynamic: Vec<(&str, f64)> = report
        .lines
        .iter()
        .filter(|line| line.part == Part::Dynamic)
        .map(|line| (line.event.as_str(), line.count))
        .collect();
    assert_eq!(
        dynamic,
        [
            ("neuron access", 1000.0),
            ("neuron update", 1000.0),
            ("spike", 100.0),
            ("packet", 100.0),
            ("synaptic operation, dense", 5000.0),
        ]
    );
    assert_close(report.dynamic_j.expect("known"), 268_330e-12);
    // Generating 100·6 + 100·3.7 + 10·30 + 10·5.1 = 1321 ns, processing 10·16 + 500·3.8 = 2060 ns,
    // so ten timesteps of 2060 + 600 ns; 96 mW for that time.
    assert_close(report.latency_s.expect("known"), 26.6e-6);
    assert_close(report.static_j.expect("known"), 26.6e-6 * 96e-3);
    let energy = report.energy_j.expect("known");
    assert_close(energy.nominal, 268_330e-12 + 26.6e-6 * 96e-3);
    // Low: 29.4 mW. High: update 27.6 pJ, 104.4 mW, processing 10·20 + 500·4.0 = 2200 ns.
    assert_close(energy.low, 268_330e-12 + 26.6e-6 * 29.4e-3);
    assert_close(energy.high, 274_330e-12 + 28.0e-6 * 104.4e-3);
    assert_close(
        report.edp_js.expect("known"),
        energy.nominal * report.latency_s.expect("known"),
    );
    assert_close(
        report.carbon_g.expect("known").high,
        energy.high / 3.6e6 * WORLD_GRID_G_PER_KWH,
    );
    assert_eq!(
        (report.cores, report.chips, report.fits),
        (Some(1), 1, true)
    );
}

#[test]
fn worked_published_table_prices_active_and_inactive_neurons() {
    let mut counts = worked_counts();
    counts.populations[0].active_per_timestep.fill(20);
    let none = DenseCounts::default();
    let work = Work::new(&counts, &none);
    let hardware = device("loihi1-davies2018");
    let report = &price(&hardware, &work, &PriceOptions::default())[0];
    // 700 active, 300 inactive neuron-timesteps, 100 packets between cores of one tile.
    let expected = 700.0 * 81.0 + 300.0 * 52.0 + 100.0 * 1.7 + 5000.0 * 23.6;
    assert_close(report.dynamic_j.expect("known"), expected * 1e-12);
    assert_eq!(report.cores, Some(2));
}

#[test]
fn each_total_is_the_sum_of_its_lines_bit_by_bit() {
    let example = Example::firing(3);
    for hardware in catalogue().devices() {
        for report in example.price(hardware) {
            let Some(energy) = report.energy_j else {
                continue;
            };
            let sum = |f: fn(&spikewatt::result::Line) -> f64| {
                report.lines.iter().fold(0.0, |sum, line| sum + f(line))
            };
            assert_eq!(energy.nominal, sum(|l| l.joules), "{}", report.name);
            assert_eq!(energy.low, sum(|l| l.joules_range.low));
            assert_eq!(energy.high, sum(|l| l.joules_range.high));
            assert!(energy.low <= energy.nominal && energy.nominal <= energy.high);
            assert!(energy.nominal > 0.0);
            for line in &report.lines {
                assert_eq!(line.joules, line.count * line.joules_each);
                assert!(!line.source.is_empty());
            }
            let parts = report.dynamic_j.unwrap_or(0.0) + report.static_j.unwrap_or(0.0);
            assert_close(parts, energy.nominal);
        }
    }
}

#[test]
fn property_doubled_unit_energies_double_the_total() {
    let example = Example::firing(2);
    let mut totals = 0;
    for hardware in catalogue().devices() {
        let mut doubled = hardware.clone();
        let costs = |key: &str| key.starts_with("energy.") || key.starts_with("power.");
        for (_, figure) in doubled.figures.iter_mut().filter(|(k, _)| costs(k)) {
            figure.value = figure.value * 2.0;
        }
        for (one, two) in example.price(hardware).iter().zip(example.price(&doubled)) {
            let twice = |energy: Option<f64>| energy.map(|energy| 2.0 * energy);
            assert_eq!(two.dynamic_j, twice(one.dynamic_j), "{}", hardware.name);
            assert_eq!(two.static_j, twice(one.static_j), "{}", hardware.name);
            assert_eq!(two.energy_j, one.energy_j.map(|energy| energy * 2.0));
            totals += usize::from(one.energy_j.is_some_and(|energy| energy.nominal > 0.0));
        }
    }
    assert!(totals > 40);
}

#[test]
fn property_silence_leaves_static_and_access_lines() {
    let example = Example::silent();
    let clocked = ["neuron access", "inactive neuron", "neuron update"];
    let memory = ["weight read", "potential read and write", "addition"];
    for hardware in catalogue().devices() {
        for report in example.price(hardware) {
            if report.workload != Workload::Snn {
                continue;
            }
            for line in report.lines.iter().filter(|l| l.part == Part::Dynamic) {
                let event = line.event.as_str();
                // The memory-aware law of Lemaire reads every potential and bias in each timestep.
                let allowed = clocked.contains(&event)
                    || (hardware.law.name == "lemaire" && memory.contains(&event));
                assert!(allowed, "{}: {event}", hardware.name);
            }
        }
    }
}

#[test]
fn silent_networks_pay_for_time_and_access_only() {
    let example = Example::silent();
    for (name, expected) in [
        ("loihi1", vec!["neuron access", "static power of the chip"]),
        (
            "loihi1-davies2018",
            vec!["inactive neuron", "static power of the chip"],
        ),
    ] {
        let report = &example.price(&device(name))[0];
        let events: Vec<&str> = report.lines.iter().map(|l| l.event.as_str()).collect();
        assert_eq!(events, expected);
    }
    let spiking = &example.price(&device("arithmetic-45nm"))[0];
    assert_eq!((spiking.workload, nominal(spiking)), (Workload::Snn, 0.0));
    assert!(spiking.lines.is_empty());
}

#[test]
fn more_spikes_never_cost_less() {
    for hardware in catalogue().devices() {
        let mut before = None;
        for spikes in 0..6 {
            let energies: Vec<Option<f64>> = Example::firing(spikes)
                .price(hardware)
                .iter()
                .map(|report| report.energy_j.map(|energy| energy.nominal))
                .collect();
            if let Some(before) = before.replace(energies.clone()) {
                let grown = before.iter().zip(&energies).all(|(a, b)| a <= b);
                assert!(grown, "{}: {before:?} to {energies:?}", hardware.name);
            }
            assert!(!energies.is_empty());
        }
    }
}

#[test]
fn a_missing_figure_makes_the_total_unknown_and_is_named() {
    let example = Example::firing(1);
    let mut delayed = Example::firing(1);
    delayed.counts.topology.edges[0].delay = 2;
    for hardware in catalogue().devices() {
        // Figures that any device may state limit it, and are missed as a doubt whether it can.
        let priced = hardware.figures.keys().filter(|key| {
            !COMMON.contains(&key.as_str()) || hardware.law.figures().any(|known| known == *key)
        });
        for key in priced {
            let mut lacking = hardware.clone();
            let named = match key.split_once('.') {
                // Any entry of the table for fewer tiles would do; all have to go.
                Some((section @ "barrier_sync", _)) => {
                    lacking.figures.retain(|key, _| !key.starts_with(section));
                    section
                }
                _ => {
                    lacking.figures.remove(key);
                    key
                }
            };
            // Links between chips only have a price where a network needs several chips.
            let spread = example.price(&single_cores(&lacking));
            // Formats that few networks have are priced where this one was counted at them.
            let narrow = [
                NumberFormat::Fp16,
                NumberFormat::Int(32),
                NumberFormat::Int(4),
            ];
            let narrow = narrow.map(|format| {
                let work = Work {
                    format,
                    ..example.work()
                };
                price(&lacking, &work, &chip_alone())
            });
            let reports = [vec![example.price(&lacking), spread], narrow.to_vec()].concat();
            let reports = reports.concat();
            if key == "capacity.max_delay" {
                let exceeded = delayed.price(&lacking).remove(0).exceeded;
                assert!(exceeded[0].contains(key), "{}: {exceeded:?}", hardware.name);
                assert!(delayed.price(hardware)[0].fits);
                continue;
            }
            let mut lacks = reports
                .iter()
                .filter(|report| report.unpriced.iter().any(|name| name == named))
                .peekable();
            assert!(lacks.peek().is_some(), "{}: {key}", hardware.name);
            for report in lacks {
                if key == "power.active" {
                    assert!(report.latency_s.is_none() && report.edp_js.is_none());
                } else {
                    assert_eq!(report.energy_j, None, "{}: {key}", hardware.name);
                    assert!(report.carbon_g.is_none() && report.edp_js.is_none());
                }
            }
            assert!(
                lacking
                    .missing()
                    .iter()
                    .any(|missing| missing.starts_with(named))
            );
        }
    }
}

/// The device with a single core on each chip.
fn single_cores(hardware: &Hardware) -> Hardware {
    let mut hardware = hardware.clone();
    for (key, value) in [
        ("capacity.cores_per_tile", 1.0),
        ("capacity.mesh_width", 1.0),
        ("capacity.mesh_height", 1.0),
        ("capacity.chips", 1000.0),
    ] {
        if let Some(figure) = hardware.figures.get_mut(key) {
            figure.value = Range::exact(value);
        }
    }
    hardware
}

#[test]
fn worked_links_between_chips_replace_hops() {
    let example = Example::firing(1);
    let loihi = device("loihi1");
    let (one, many) = (
        example.price(&loihi).remove(0),
        example.price(&single_cores(&loihi)).remove(0),
    );
    let line = |report: &TargetReport, event: &str| {
        let found = report.lines.iter().find(|line| line.event == event);
        found.map(|line| (line.count, line.joules_each))
    };
    assert_eq!(line(&one, "link from chip to chip"), None);
    assert!(line(&one, "hop, east-west").is_some());
    assert_eq!((one.chips, many.fits), (1, true));
    assert_eq!(line(&many, "hop, east-west"), None);
    // A chain of cores, one to a chip: each packet crosses one link.
    let (packets, _) = line(&many, "packet").expect("packets");
    let link = line(&many, "link from chip to chip").expect("links");
    assert_eq!(link, (packets, 62e-12));
    assert_eq!(many.chips, many.cores.expect("cores"));
    // The price is an assumption, and said to be one, like that of the host's arithmetic.
    let assumed = |report: &TargetReport| -> Vec<String> {
        let lines = report.lines.iter().filter(|line| line.unverified);
        lines.filter_map(|line| line.figure.clone()).collect()
    };
    assert!(assumed(&one).iter().all(|key| key == "energy.host_mac"));
    assert!(assumed(&many).contains(&"energy.chip_link".to_owned()));
    assert!(many.latency_s >= one.latency_s);
}

#[test]
fn only_the_part_that_lacks_a_figure_is_unknown() {
    let example = Example::firing(1);
    let without = |key: &str| {
        let mut hardware = device("loihi1");
        hardware.figures.remove(key);
        example.price(&hardware).remove(0)
    };
    let report = without("power.chip_static");
    assert!(report.dynamic_j.is_some() && report.latency_s.is_some());
    assert_eq!((report.static_j, report.energy_j), (None, None));
    let report = without("energy.spike");
    assert!(report.static_j.is_some() && report.latency_s.is_some());
    assert_eq!((report.dynamic_j, report.energy_j), (None, None));
    let report = without("latency.spike");
    assert!(report.dynamic_j.is_some());
    assert_eq!((report.static_j, report.latency_s), (None, None));
}

#[test]
fn an_unpublished_idle_power_leaves_a_legal_device_without_total() {
    let reports = Example::firing(1).price(&device("i9-13900k"));
    // Floats alone: the vendor states no peak of integers.
    assert_eq!(reports.len(), 2);
    for report in reports {
        assert_eq!(report.workload, Workload::Ann);
        assert_eq!(report.unpriced, ["power.idle"]);
        assert_eq!((report.energy_j, report.static_j), (None, None));
        assert!(report.latency_s.is_some());
    }
}

#[test]
fn figures_nobody_checked_are_flagged() {
    let example = Example::firing(1);
    let mut unverified = 0;
    for hardware in catalogue().devices() {
        // Links between chips are used where there are several.
        let reports = [
            example.price(hardware),
            example.price(&single_cores(hardware)),
        ]
        .concat();
        let flagged = reports
            .iter()
            .any(|report| report.lines.iter().any(|line| line.unverified));
        // What waiting and the host cost is no line of this work.
        let read = |key: &str| hardware.law.figures().any(|known| known == key);
        let figures = hardware.figures.iter();
        let doubted = figures.filter(|(key, figure)| {
            figure.is_unverified() && (read(key) || key.starts_with("barrier_sync"))
        });
        if doubted.count() == 0 {
            assert!(!flagged, "{}", hardware.name);
        } else if hardware.missing().is_empty() {
            // Without a total there may be no line to flag.
            assert!(flagged, "{}", hardware.name);
            unverified += 1;
        }
    }
    assert!(unverified > 10);
}

#[test]
fn worked_host_current_is_multiplied_once() {
    let example = Example::firing(1);
    let report = &example.price(&device("loihi1"))[0];
    let line = report
        .lines
        .iter()
        .find(|line| line.event.contains("off chip"))
        .expect("a line for the host");
    // 3×3 taps over 4×4 pixels without the padding: 10 × 10 pairs, twice for two channels.
    assert_eq!(line.count, 200.0);
    assert_close(line.joules_range.low, 200.0 * 0.3e-12);
    assert_close(line.joules, 200.0 * 4.6e-12);
    assert_close(line.joules_range.high, 200.0 * 1066e-12);
}

#[test]
fn packets_and_hops_of_the_report_are_those_of_the_traffic() {
    let example = Example::firing(4);
    let capacity = Capacity {
        neurons_per_core: 1024,
        synaptic_memory_bits: 1 << 20,
        weight_bits: 8,
        shared_kernels: false,
        fan_in_axons_per_core: 4096,
        fan_out_axons_per_core: 4096,
        max_delay: None,
        mesh: Mesh {
            cores_per_tile: 4,
            width: 8,
            height: 4,
        },
        chips: 1,
    };
    let counts = &example.counts;
    let traffic = traffic(counts, &place(&counts.topology, &capacity));
    // Each of 23 populations has a core; a packet crosses a link wherever a tile ends: after cores
    // 3, 7, 11 and 19 upwards in y, after core 15 by three rows down and one column on.
    assert_eq!(traffic.packets, 4 * (32 + 32 + 200));
    assert_eq!(traffic.hops_x, 4 * 10);
    assert_eq!(traffic.hops_y, 4 * (4 * 10 + 3 * 10));
    let report = &example.price(&device("loihi1"))[0];
    let count = |event: &str| {
        let line = report.lines.iter().find(|line| line.event == event);
        line.map(|line| line.count)
    };
    assert_eq!(count("packet"), Some(traffic.packets as f64 / 2.0));
    assert_eq!(count("hop, east-west"), Some(traffic.hops_x as f64 / 2.0));
    assert_eq!(count("hop, north-south"), Some(traffic.hops_y as f64 / 2.0));
    assert_eq!((report.cores, report.fits), (Some(23), true));
}

#[test]
fn worked_arithmetic() {
    let mut counts = worked_counts();
    counts.projections[0].macs_per_timestep.fill(30);
    counts.projections[0].macs_once = 30;
    let dense = DenseCounts {
        layers: vec![layer(700, 50, 10, 20), layer(300, 50, 20, 10)],
        pruned_macs: None,
        ..DenseCounts::default()
    };
    let work = Work::new(&counts, &dense);
    let hardware = device("arithmetic-45nm");
    let reports = price(&hardware, &work, &PriceOptions::default());
    let found: Vec<(Workload, Scope)> = reports.iter().map(|r| (r.workload, r.scope)).collect();
    assert_eq!(
        found,
        [Workload::Snn, Workload::Ann, Workload::Snn, Workload::Qann].map(|w| (w, Scope::Compute))
    );
    // 5000 additions, and 30 multiplications of the constant input once, or in each of ten timesteps.
    assert_close(nominal(&reports[0]), (5000.0 * 0.9 + 30.0 * 4.6) * 1e-12);
    let each = PriceOptions::default().with_first_layer(FirstLayer::EachStep);
    let again = price(&hardware, &work, &each);
    assert_close(nominal(&again[0]), (5000.0 * 0.9 + 300.0 * 4.6) * 1e-12);
    assert_close(nominal(&reports[1]), 1000.0 * 4.6e-12);
    // The same network with 8-bit operations: sums of 32 bits.
    let eight = reports[2].energy_j.expect("known");
    assert_close(eight.nominal, (5000.0 * 0.1 + 30.0 * 0.3) * 1e-12);
    assert_close(eight.low, (5000.0 * 0.03 + 30.0 * 0.23) * 1e-12);
    let quantised = reports[3].energy_j.expect("known");
    assert_close(quantised.nominal, 1000.0 * 0.3e-12);
    assert_close(quantised.low, 1000.0 * 0.23e-12);
    assert!(
        reports
            .iter()
            .all(|r| r.latency_s.is_none() && r.edp_js.is_none())
    );
}

#[test]
fn worked_microcontroller() {
    let report = &Example::silent().price(&device("cortex-m4-stm32l4r5"))[0];
    assert_eq!(
        (report.workload, report.kind.as_str()),
        (Workload::Qann, "edge")
    );
    assert_close(nominal(report), 53_000.0 * 0.908e-9);
    assert_close(
        report.latency_s.expect("known"),
        53_000.0 * 0.908e-9 / 45e-3,
    );
}

#[test]
fn worked_roofline_at_batch_one() {
    let dense = DenseCounts {
        // Bound by compute, by memory, by its launch.
        layers: vec![
            layer(1_000_000_000, 1_000, 1_000, 1_000),
            layer(1_000_000, 100_000_000, 1_000, 1_000),
            layer(10, 10, 10, 10),
        ],
        pruned_macs: None,
        ..DenseCounts::default()
    };
    let counts = worked_counts();
    let work = Work::new(&counts, &dense);
    let reports = price(&device("a100-sxm-80"), &work, &chip_alone());
    let found: Vec<_> = reports.iter().map(|r| (r.workload, r.batch)).collect();
    let [ann, qann] = [Workload::Ann, Workload::Qann];
    assert_eq!(found, [(ann, 1), (ann, 64), (qann, 1), (qann, 64)]);
    let compute = 2e9 / (19.5e12 * 0.03);
    let memory = 4.0 * 100_002_000.0 / (2039e9 * 0.75);
    let time = compute + memory + 6e-6 + 0.1e-3;
    assert_close(reports[0].latency_s.expect("known"), time);
    assert_close(reports[0].static_j.expect("known"), 62.0 * time);
    assert_close(
        reports[0].dynamic_j.expect("known"),
        0.35 * (400.0 - 62.0) * time,
    );
    // All favourable figures: 2e9 operations at 45.5 % of peak, memory at 94 %, 1 µs, 20 µs.
    let fastest = 2e9 / (19.5e12 * 0.455) + 4.0 * 100_002_000.0 / (2039e9 * 0.94) + 1e-6 + 0.02e-3;
    let low = (54.0 + 0.05 * (400.0 - 54.0)) * fastest;
    assert_close(reports[0].energy_j.expect("known").low, low);
    // A batch reads its weights once.
    let compute = 64.0 * 2e9 / (19.5e12 * 0.45);
    let memory = 4.0 * (100e6 + 64.0 * 2_000.0) / (2039e9 * 0.75);
    let time = compute + memory + 6e-6 + 0.1e-3;
    assert_close(reports[1].latency_s.expect("known"), time);
    assert_close(reports[1].static_j.expect("known"), 62.0 * time / 64.0);
    // Four times fewer bytes and a higher peak with int8.
    let compute = 2e9 / (624e12 * 0.03);
    let memory = 100_002_000.0 / (2039e9 * 0.75);
    let time = compute + memory + 6e-6 + 0.1e-3;
    assert_close(reports[2].latency_s.expect("known"), time);
}

#[test]
fn roofline_energy_falls_with_the_batch_and_covers_idle_power() {
    let example = Example::silent();
    for name in [
        "a100-sxm-80",
        "rtx-4090",
        "rtx-3090",
        "xeon-8480",
        "jetson-orin-nano-8",
    ] {
        let hardware = device(name);
        let idle = hardware.figures["power.idle"].value;
        let mut before = f64::INFINITY;
        for batch in [1, 2, 8, 64, 1024, 1 << 20] {
            let options = PriceOptions {
                large_batch: LargeBatch::Of(batch),
                ..PriceOptions::default()
            };
            let reports = price(&hardware, &example.work(), &options);
            let report = reports
                .iter()
                .find(|r| r.batch == batch && r.workload == Workload::Ann)
                .expect("a report of this batch");
            let energy = nominal(report);
            assert!(energy < before, "{name}: batch {batch}");
            before = energy;
            let time = report.latency_s.expect("known");
            assert!(energy >= idle.nominal * time / batch as f64);
        }
    }
}

#[test]
fn launches_bound_small_layers() {
    let time = |layers: usize| {
        let counts = worked_counts();
        let dense = DenseCounts {
            layers: vec![layer(10, 10, 10, 10); layers],
            pruned_macs: None,
            ..DenseCounts::default()
        };
        let work = Work::new(&counts, &dense);
        let reports = price(&device("rtx-3090"), &work, &PriceOptions::default());
        reports[0].latency_s.expect("known") - 0.1e-3
    };
    assert!((time(10) / time(1) - 10.0).abs() < 1e-9);
}

#[test]
fn a_network_without_an_original_has_no_dense_price() {
    let counts = worked_counts();
    let none = DenseCounts::default();
    let work = Work::new(&counts, &none);
    for name in ["a100-sxm-80", "cortex-m4-stm32l4r5"] {
        for report in price(&device(name), &work, &PriceOptions::default()) {
            assert_eq!((report.energy_j, report.latency_s), (None, None), "{name}");
            assert!(report.unpriced[0].contains("conventional network"));
        }
    }
}

#[test]
fn too_many_cores_are_reported_with_the_chips_they_need() {
    let topology = Topology {
        populations: vec![
            node("in", Shape::vector(1), Role::Input),
            node("wide", Shape::vector(200 * 1024), Role::Spiking),
        ],
        edges: vec![Edge {
            source: 0,
            target: 1,
            connectivity: dense(1, 200 * 1024),
            delay: 0,
        }],
    };
    let mut counts = EventCounts::new(topology, 2);
    counts.samples = 1;
    let none = DenseCounts::default();
    let work = Work::new(&counts, &none);
    let report = &price(&device("loihi1"), &work, &chip_alone())[0];
    assert_eq!(
        (report.fits, report.chips, report.cores),
        (true, 2, Some(200))
    );
    let power = report.lines.last().expect("a static line");
    assert_close(power.joules_each, 2.0 * 96e-3);
    // More than the largest system built: 768 chips of Pohoiki Springs.
    let mut largest = device("loihi1");
    if let Some(built) = largest.figures.get_mut("capacity.chips_built") {
        built.value = Range::exact(1.0);
    }
    let report = &price(&largest, &work, &chip_alone())[0];
    assert!(!report.fits, "{:?}", report.exceeded);
    assert_eq!(report.feasible, Feasible::No);
}

#[test]
fn own_devices_are_read_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("my-chip.toml");
    let text = "inherits = \"loihi1\"\nname = \"Mine\"\n[source]\nme = \"Measured\"\n\
                [energy]\nspike = { typ = 1, unit = \"nJ\", source = \"me\", confidence = \"verified\" }\n";
    std::fs::write(&path, text).expect("written");
    let mut catalogue = catalogue();
    let mine = catalogue.add_file(&path).expect("a device").clone();
    assert_eq!(
        (mine.title.as_str(), mine.kind),
        ("Mine", DeviceKind::Neuromorphic)
    );
    let example = Example::firing(1);
    let theirs = &example.price(&device("loihi1"))[0];
    let spikes = (32.0 + 32.0 + 200.0) / 2.0;
    let difference = nominal(&example.price(&mine)[0]) - nominal(theirs);
    assert!((difference / (spikes * (1e-9 - 69.3e-12)) - 1.0).abs() < 1e-6);
    let absent = catalogue.add_file(&folder.path().join("none.toml"));
    assert!(matches!(absent, Err(HardwareError::Read { path, .. }) if path.contains("none.toml")));
}

#[test]
fn each_device_file_is_shipped() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/hardware");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder of devices")
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_table = path.extension()? == "toml";
            is_table.then(|| path.file_stem()?.to_str().map(str::to_owned))?
        })
        .collect();
    files.sort();
    let catalogue = catalogue();
    let mut names: Vec<&str> = catalogue.names().collect();
    names.sort_unstable();
    assert_eq!(files, names);
}

#[test]
fn worked_pruned_network_pays_for_the_weights_it_keeps() {
    let mut example = Example::firing(1);
    example.dense.pruned_macs = Some(1000);
    for hardware in catalogue().devices() {
        let reports = example.price(hardware);
        let pruned = reports.iter().find(|r| r.workload == Workload::Pann);
        // Only operation counting knows what a skipped weight saves.
        assert_eq!(pruned.is_some(), hardware.law.name == "mac-ac");
        if let Some(pruned) = pruned.filter(|_| hardware.name == "arithmetic-45nm") {
            assert_close(nominal(pruned), 1000.0 * 4.6e-12);
        }
    }
}
