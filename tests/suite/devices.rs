//! Cost laws worked by hand on a hundred neurons, and what device files may say.

use spikewatt::counts::{DenseCounts, DenseLayer, EventCounts};
use spikewatt::energy::{
    Basis, Catalogue, Confidence, DeviceClass, Hardware, HostExchange, NumberFormat, PriceOptions,
    Work, price,
};
use spikewatt::network::{
    Axis, Connectivity, Convolution, Edge, Node, Pattern, Role, Shape, Topology, Window,
};
use spikewatt::result::{Part, TargetReport, Workload};

fn catalogue() -> Catalogue {
    Catalogue::shipped().expect("the shipped files are right")
}

fn device(name: &str) -> Hardware {
    catalogue().get(name).expect("a shipped device").clone()
}

fn assert_close(have: f64, expected: f64) {
    assert!(
        (have - expected).abs() <= 1e-12 * expected.abs(),
        "{have} is not {expected}"
    );
}

fn node(name: &str, shape: Shape) -> Node {
    Node {
        name: name.into(),
        shape,
        role: Role::Spiking,
    }
}

fn dense(sources: usize, targets: usize) -> Connectivity {
    Connectivity::new(Pattern::Dense {
        sources,
        targets,
        present: None,
    })
}

/// 100 neurons in two populations that project to each other; each fires once in ten timesteps
/// through 50 synapses: 1000 neuron-timesteps, 100 spikes, 5000 synaptic operations.
fn hundred() -> EventCounts {
    let edge = |source, target| Edge {
        source,
        target,
        connectivity: dense(50, 50),
        delay: 0,
    };
    let topology = Topology {
        populations: vec![node("a", Shape::vector(50)), node("b", Shape::vector(50))],
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

/// A convolutional and a fully connected layer: 700 and 300 MACs.
fn original() -> DenseCounts {
    let layer = |macs, parameters, inputs, outputs| DenseLayer {
        name: "layer".into(),
        macs,
        parameters,
        inputs,
        outputs,
    };
    DenseCounts {
        layers: vec![layer(700, 50, 10, 20), layer(300, 320, 15, 20)],
        pruned_macs: None,
        ..DenseCounts::default()
    }
}

fn priced(hardware: &Hardware, counts: &EventCounts) -> Vec<TargetReport> {
    let dense = original();
    let work = Work::new(counts, &dense);
    // The chip alone; what its host adds is worked in the tests of hosts.
    let options = PriceOptions::default()
        .with_host(HostExchange::Streamed)
        .with_large_batch(64);
    price(hardware, &work, &options)
}

fn first(name: &str) -> TargetReport {
    priced(&device(name), &hundred()).remove(0)
}

fn total(report: &TargetReport) -> f64 {
    report.energy_j.expect("a known total").nominal
}

#[test]
fn worked_per_event() {
    let report = first("spinnaker1-sharp2012");
    assert_close(
        report.dynamic_j.expect("known"),
        (5000.0 * 43.0 + 1000.0 * 100.0) * 1e-9,
    );
    // Neither idle power nor the neurons of a chip are published with it.
    assert_eq!((report.static_j, report.energy_j), (None, None));
    assert_eq!(
        report.unpriced,
        ["capacity.neurons_per_chip", "power.chip_static"]
    );
    let report = first("spinnaker1");
    assert_close(
        report.dynamic_j.expect("known"),
        (5000.0 * 43.0 + 1000.0 * 100.0) * 1e-9,
    );
}

#[test]
fn worked_asynchronous() {
    let report = first("speck");
    // Ten timesteps of a millisecond at rest.
    assert_close(report.dynamic_j.expect("known"), 5000.0 * 16e-12);
    assert_close(report.static_j.expect("known"), 10e-3 * 0.42e-3);
    assert_close(report.latency_s.expect("known"), 10e-3);
}

#[test]
fn worked_all_in() {
    let report = first("odin");
    let energy = report.energy_j.expect("known");
    assert_close(energy.nominal, 5000.0 * 12.7e-12);
    assert_close(energy.high, 5000.0 * 54e-12);
    assert_eq!((report.static_j, report.latency_s), (None, None));
}

#[test]
fn worked_all_in_energy_returns_at_its_operating_point() {
    // 1048576 neurons at 20 Hz with 128 active synapses each, for one second: 72 mW were measured.
    const NEURONS: usize = 1 << 20;
    let topology = Topology {
        populations: vec![node("all", Shape::vector(NEURONS))],
        edges: vec![Edge {
            source: 0,
            target: 0,
            connectivity: dense(NEURONS, NEURONS),
            delay: 0,
        }],
    };
    let mut counts = EventCounts::new(topology, 1000);
    counts.samples = 1;
    let events = NEURONS as u64 * 20 * 128;
    counts.projections[0]
        .synops_per_timestep
        .fill(events / 1000);
    let report = priced(&device("truenorth"), &counts).remove(0);
    assert_eq!((report.chips, report.latency_s), (1, Some(1.0)));
    let watts = total(&report);
    assert!((watts / 72e-3 - 1.0).abs() < 0.01, "{watts} W");
    let each = watts / events as f64;
    assert!((each / 26.8e-12 - 1.0).abs() < 0.01, "{each} J");
    // At a tenth of the rate, an event costs its slope and ten times the rest.
    counts.projections[0]
        .synops_per_timestep
        .fill(events / 10_000);
    let slower = total(&priced(&device("truenorth"), &counts)[0]) / (events / 10) as f64;
    assert!((slower / (2.5e-12 + 24.3e-11) - 1.0).abs() < 0.001);
}

#[test]
fn worked_constant_power() {
    let report = first("brainscales2");
    assert_close(total(&report), 0.2 * 10e-6);
    let report = first("xylo-audio2");
    assert_close(total(&report), 0.525e-3 * 10e-3);
    assert!(report.lines.iter().all(|line| line.part == Part::Static));
    // 512 neurons to a chip: 1024 of them hold two chips.
    let mut counts = hundred();
    counts.topology.populations[0].shape = Shape::vector(974);
    let report = priced(&device("brainscales2"), &counts).remove(0);
    assert_eq!(report.chips, 2);
    assert_close(total(&report), 2.0 * 0.2 * 10e-6);
}

#[test]
fn worked_dynap() {
    let report = first("dynapse1");
    // Each of 100 spikes goes to the one core of the other population.
    let expected = 100.0 * (260.0 + 507.0) + 100.0 * (78.0 + 2200.0) + 5000.0 * 26.0;
    assert_close(report.dynamic_j.expect("known"), expected * 1e-12);
    assert_eq!(report.unpriced, ["power.chip_static"]);
    assert_eq!((report.fits, report.cores), (true, Some(2)));
    assert!(report.lines.iter().all(|line| line.unverified));
    // 65 synapses to a neuron are more than its 64 words hold.
    let mut counts = hundred();
    counts.topology.edges[0].connectivity = dense(65, 50);
    let report = priced(&device("dynapse1"), &counts).remove(0);
    assert_eq!(report.exceeded, ["fan-in of a neuron: 65, allowed 64"]);
}

#[test]
fn worked_keras_spiking() {
    let report = first("kerasspiking-compat-loihi");
    assert_close(total(&report), (5000.0 * 27.1 + 1000.0 * 81.0) * 1e-12);
    let report = first("kerasspiking-compat-spinnaker2");
    assert_close(total(&report), (5000.0 * 450.0 + 1000.0 * 2190.0) * 1e-12);
    // Other devices run the original once: 1000 connections, 40 outputs.
    let report = first("kerasspiking-compat-cpu");
    assert_eq!(report.workload, Workload::Ann);
    assert_close(total(&report), 1040.0 * 8600e-12);
}

#[test]
fn worked_arithmetic_of_seven_nanometres() {
    let reports = priced(&device("arithmetic-7nm"), &hundred());
    assert_close(total(&reports[0]), 5000.0 * 0.38e-12);
    assert_close(total(&reports[1]), 1000.0 * 1.69e-12);
    // At 8 bits, sums of 32 bits on both sides.
    assert_close(total(&reports[2]), 5000.0 * 0.03e-12);
    assert_close(total(&reports[3]), 1000.0 * 0.10e-12);
    assert!(reports.iter().all(TargetReport::is_unverified));
}

#[test]
fn a_class_all_devices_and_names_are_selected_once_each() {
    let catalogue = catalogue();
    let names = |wanted: &[&str]| -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        let found = catalogue.select(&wanted).expect("known names");
        found
            .into_iter()
            .map(|device| device.name.clone())
            .collect()
    };
    let every: Vec<String> = catalogue.names().map(str::to_owned).collect();
    assert_eq!(names(&["all"]), every);
    assert_eq!(names(&["all", "loihi1"]), every);
    let edge = names(&["edge"]);
    assert!(
        edge.contains(&"jetson-orin-nano-8".to_owned()) && !edge.contains(&"loihi1".to_owned())
    );
    assert_eq!(names(&["loihi1", "edge", "loihi1"]).len(), edge.len() + 1);
    assert!(catalogue.select(&["al".to_owned()]).is_err());
}

/// An array of multipliers has a price for operations and no total.
#[test]
fn worked_array_of_multipliers() {
    let report = first("spinnaker2-mac");
    let macs: u64 = original().layers.iter().map(|layer| layer.macs).sum();
    let compute = report.scopes.compute.energy_j.expect("10 pJ a MAC");
    assert_close(compute.nominal, macs as f64 * 10e-12);
    assert_eq!(report.energy_j, None);
    for wider in [&report.scopes.memory_routing, &report.scopes.system] {
        assert_eq!(wider.energy_j, None);
        assert_eq!(wider.missing, ["energy of memory, control and idle power"]);
    }
}

#[test]
fn worked_lemaire_fully_connected() {
    let reports = priced(&device("lemaire-45nm"), &hundred());
    // Memories of 50 words hold 200 bytes, of 2500 weights 10 000 bytes; words are half of 64 bits.
    let small = 10.0 * 200.0 / 8192.0 / 2.0;
    let weights = (10.0 + 10.0 * (10_000.0 - 8192.0) / (32_768.0 - 8192.0)) / 2.0;
    // Each layer: 50 spikes in, 2500 synapses reached, 500 neuron-timesteps, 50 spikes out.
    let layer = 50.0 * small
        + 2500.0 * weights
        + 2.0 * (2500.0 + 500.0) * small
        + 50.0 * small
        + (2500.0 + 500.0 + 50.0) * 0.1;
    assert!((total(&reports[0]) / (2.0 * layer * 1e-12) - 1.0).abs() < 1e-12);

    // Convolution: each MAC reads an input and a weight; 20 biases, 20 outputs; addresses.
    let memory = |words: f64| 10.0 * words * 4.0 / 8192.0 / 2.0;
    let conv = 700.0 * memory(10.0) + 720.0 * memory(50.0) + 20.0 * memory(20.0);
    let conv = conv + 700.0 * 3.2 + 20.0 * 0.1 + 30.0 * 0.1;
    // Fully connected: each input is read once.
    let full = 15.0 * memory(15.0) + 300.0 * memory(320.0) + 20.0 * memory(20.0);
    let full = full + 300.0 * 3.2 + 20.0 * 0.1;
    assert!((total(&reports[1]) / ((conv + full) * 1e-12) - 1.0).abs() < 1e-12);
}

#[test]
fn worked_lemaire_convolution() {
    let (input, output) = (Shape::maps(2, 8, 8), Shape::maps(3, 3, 3));
    let axis = Axis::new(3, 2);
    let topology = Topology {
        populations: vec![
            Node {
                role: Role::Input,
                ..node("in", input)
            },
            node("conv", output),
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
    let mut counts = EventCounts::new(topology, 4);
    counts.samples = 1;
    counts.populations[0].spikes_per_timestep.fill(10);
    counts.populations[1].spikes_per_timestep.fill(2);
    let report = priced(&device("lemaire-45nm"), &counts).remove(0);
    let memory = |words: f64| 10.0 * words * 4.0 / 8192.0 / 2.0;
    let (spikes_in, spikes_out, updates) = (40.0, 8.0, 4.0 * 27.0);
    let touched = spikes_in * 3.0 * 9.0;
    let expected = spikes_in * memory(128.0)
        + touched * memory(54.0)
        + updates * memory(3.0)
        + 2.0 * (touched + updates) * memory(27.0)
        + spikes_out * memory(27.0)
        // ceil(3 / 2)² outputs of 3 channels.
        + (spikes_in * 4.0 * 3.0 + updates + spikes_out) * 0.1
        + 2.0 * spikes_in * 3.2
        + touched * 0.1;
    assert!((total(&report) / (expected * 1e-12) - 1.0).abs() < 1e-12);
}

#[test]
fn worked_lemaire_leak() {
    let mut counts = hundred();
    let total = |counts: &EventCounts| total(&priced(&device("lemaire-45nm"), counts)[0]);
    let before = total(&counts);
    // The first of two populations leaks: 50 neurons × 10 timesteps, a multiplication of 3.1 pJ each.
    counts.count_leaks([true, false]);
    assert!(((total(&counts) - before) / (500.0 * 3.1e-12) - 1.0).abs() < 1e-9);
    counts.count_leaks([true, true]);
    assert!(((total(&counts) - before) / (1000.0 * 3.1e-12) - 1.0).abs() < 1e-9);
    // Nothing else of the law changes: the potential is read and written either way.
    let report = priced(&device("lemaire-45nm"), &counts).remove(0);
    let leaks = report.lines.iter().find(|line| line.event.contains("leak"));
    assert_eq!(leaks.map(|line| line.count), Some(1000.0));
}

#[test]
fn worked_dampfhoffer() {
    let reports = priced(&device("dampfhoffer-45nm"), &hundred());
    assert!((total(&reports[0]) / (5000.0 * (3.0 * 1.25 + 0.03) * 1e-12) - 1.0).abs() < 1e-12);
    let ann = reports[1].energy_j.expect("known");
    assert!((ann.nominal / (1000.0 * (0.23 + 1.25) * 1e-12) - 1.0).abs() < 1e-12);
    assert!((ann.high / (1000.0 * (0.23 + 5.0) * 1e-12) - 1.0).abs() < 1e-12);
}

#[test]
fn worked_yan() {
    let reports = priced(&device("yan-45nm"), &hundred());
    // 24 bits moved for each event.
    assert!((total(&reports[0]) / (5000.0 * (24.0 * 0.15625 + 0.03) * 1e-12) - 1.0).abs() < 1e-12);
    // Ten timesteps: four bits.
    let ann = reports[1].energy_j.expect("known");
    let moved = 4.0 * 0.15625;
    assert!((ann.nominal / (1000.0 * (0.23 + moved + 1.25) * 1e-12) - 1.0).abs() < 1e-12);
    assert!((ann.low / (1000.0 * (0.23 + moved) * 1e-12) - 1.0).abs() < 1e-12);
}

#[test]
fn half_precision_halves_the_bytes_and_int8_devices_have_no_float_row() {
    let counts = hundred();
    let reports = priced(&device("jetson-tx2-maxn-fp16"), &counts);
    assert_eq!(reports[0].workload, Workload::Ann);
    assert!(reports[0].energy_j.is_some());
    // Its table states no peak of integers, so it has no row of them.
    assert!(reports.iter().all(|r| r.format == Some(NumberFormat::Fp16)));
    let reports = priced(&device("edge-tpu"), &counts);
    assert!(reports.iter().all(|r| r.workload == Workload::Qann));
    // However long the spiking network runs, the price of the original stays the same.
    let mut long = EventCounts::new(counts.topology.clone(), 300);
    long.samples = 1;
    for name in [
        "edge-tpu",
        "jetson-orin-nano-8",
        "cortex-m4-stm32l4r5",
        "arithmetic-45nm",
    ] {
        let conventional = |counts: &EventCounts| -> Vec<_> {
            let reports = priced(&device(name), counts).into_iter();
            let reports = reports.filter(|report| report.workload != Workload::Snn);
            reports
                .map(|report| (report.workload, report.energy_j))
                .collect()
        };
        let short = conventional(&counts);
        assert!(!short.is_empty() && short == conventional(&long), "{name}");
    }
}

#[test]
fn each_figure_states_source_and_basis() {
    for hardware in catalogue().devices() {
        for (key, figure) in hardware.figures.iter().chain(&hardware.info) {
            assert!(!figure.source.is_empty(), "{}: {key}", hardware.name);
        }
        let stated = hardware
            .figures
            .values()
            .any(|figure| figure.basis.is_some());
        assert!(stated || hardware.figures.is_empty(), "{}", hardware.name);
    }
    let loihi2 = device("loihi2");
    let figure = |key: &str| &loihi2.figures[key];
    let (synop, hop) = (figure("energy.synop"), figure("energy.hop_east_west"));
    assert_eq!(
        (synop.basis, synop.is_unverified()),
        (Some(Basis::SiliconFit), false)
    );
    assert_eq!(
        (hop.basis, hop.is_unverified()),
        (Some(Basis::Assumed), true)
    );
    // Derived from an assumption is assumed.
    let host = &device("darwin3").figures["energy.host_mac"];
    assert_eq!(
        (host.confidence, host.is_unverified()),
        (Confidence::Derived, true)
    );
    let tick = &device("truenorth").figures["latency.timestep"];
    assert_eq!(
        (tick.confidence, tick.is_unverified()),
        (Confidence::Verified, false)
    );
}

/// Spiking chips of which no source read so far states the bits of weights or what a spike carries.
const NO_FORMAT: [(&str, &str); 5] = [
    (
        "darwin3",
        "widths to choose from, none named in the abstract",
    ),
    ("dynapse1", "currents set its synapses: no stored numbers"),
    ("neuronflow", "a row of a survey"),
    ("spinnaker2", "programs choose the width of weights"),
    ("tianjic", "a row of a survey"),
];

/// Spiking chips of which no source read so far states how input reaches them.
const NO_HOST: [(&str, &str); 6] = [
    ("akida1000", "a card whose times are not published"),
    ("darwin3", "not in the abstract"),
    ("neuronflow", "a row of a survey"),
    ("seneca", "post-layout simulation of one core"),
    ("spinnaker2", "a prototype"),
    ("tianjic", "a row of a survey"),
];

#[test]
fn each_device_states_its_class_its_chip_and_its_formats() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/hardware");
    for hardware in catalogue().devices() {
        let name = hardware.name.as_str();
        assert!(hardware.class.is_some(), "{name} states no class");
        let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).expect("its file");
        assert!(text.contains("\nchip = \""), "{name} states no chip");
        let is_listed = |list: &[(&str, &str)]| list.iter().any(|(listed, _)| *listed == name);
        let is_neuromorphic = hardware.class == Some(DeviceClass::Neuromorphic);
        let is_other_tool = name.starts_with("kerasspiking-compat-");
        assert_eq!(
            hardware.formats.is_empty(),
            is_other_tool || is_listed(&NO_FORMAT),
            "{name}: numbers"
        );
        assert!(
            !is_neuromorphic
                || hardware.spike.is_some()
                || name == "seneca"
                || is_listed(&NO_FORMAT),
            "{name}: spike"
        );
        assert_eq!(
            is_neuromorphic && hardware.host.is_none(),
            is_listed(&NO_HOST),
            "{name}: host"
        );
    }
    let chip = |name: &str| device(name).chip;
    assert_eq!(chip("loihi1"), chip("loihi1-davies2018"));
    assert_ne!(chip("loihi1"), chip("loihi2"));
    // The embedded processors of Loihi 2 are inside its static power.
    assert!(!device("loihi2").figures.contains_key("power.host"));
}

#[test]
fn own_files_are_bounded() {
    let own = |figure: &str| {
        let text = format!(
            "inherits = \"loihi1\"\n[source]\nme = \"Me\"\n[capacity]\n{figure}, source = \"me\", confidence = \"verified\" }}\n"
        );
        catalogue()
            .add_text("own", &text)
            .map_err(|error| error.to_string())
    };
    assert_eq!(own("chips = { typ = 4, unit = \"chips\""), Ok(()));
    let error = own("mesh_width = { typ = 1e9, unit = \"tiles\"").expect_err("too many");
    assert!(
        error.contains("own: capacity.mesh_width") && error.contains("above"),
        "{error}"
    );
    let error = own("chips = { typ = 0, unit = \"chips\"").expect_err("none");
    assert!(error.contains("must be above 0"), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("huge.toml");
    std::fs::write(&path, "#".repeat(2 << 20)).expect("written");
    let error = catalogue()
        .add_file(&path)
        .expect_err("too long")
        .to_string();
    assert!(
        error.contains("huge.toml") && error.contains("longer than"),
        "{error}"
    );
}
