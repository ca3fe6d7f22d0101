//! The same networks, placements and spikes as SANA-FE: the same energy and time.
//!
//! `reference/sanafe/networks.json` is what SANA-FE 2.2.9 says, written by `make.py` beside it.

use serde::Deserialize;
use spikewatt::counts::{DenseCounts, EventCounts};
use spikewatt::encoding::{Drive, EncodingError};
use spikewatt::energy::{Catalogue, Hardware, PriceOptions, Work, price_placed};
use spikewatt::engine::{Probe, Recording, Simulator, SpikeTrain};
use spikewatt::mapping::{
    Capacity, Links, Mesh, Placement, Replay, Slice, StageTimes, SynapseTime, replay, traffic,
};
use spikewatt::network::{
    Axis, Connectivity, Convolution, Delays, Network, Pattern, Population, Projection, Shape,
    Window,
};
use spikewatt::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

#[derive(Deserialize)]
struct File {
    networks: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    populations: Vec<Neurons>,
    edges: Vec<Synapses>,
    inputs: usize,
    timesteps: u32,
    spikes: BTreeMap<String, Vec<Vec<u32>>>,
    sanafe: Said,
}

#[derive(Deserialize)]
struct Neurons {
    name: String,
    neurons: usize,
    threshold: f32,
    bias: f32,
    slices: Vec<[usize; 3]>,
}

#[derive(Deserialize)]
struct Synapses {
    source: usize,
    target: usize,
    kind: String,
    weights: Vec<f32>,
    targets: Option<Vec<Vec<u32>>>,
    input: Option<[usize; 3]>,
    kernel: Option<usize>,
    maps: Option<usize>,
}

#[derive(Deserialize)]
struct Said {
    energy_j: Energy,
    counts: Counts,
    simple_s: f64,
    detailed_s: f64,
    simple_per_timestep_s: Vec<f64>,
}

#[derive(Deserialize)]
struct Energy {
    total: f64,
    synapse: f64,
    network: f64,
}

#[derive(Deserialize)]
struct Counts {
    packets_sent: u64,
    spikes: u64,
}

fn cases() -> Vec<Case> {
    let text = include_str!("../reference/sanafe/networks.json");
    let file: File = serde_json::from_str(text).unwrap();
    assert!(file.networks.len() >= 3);
    file.networks
}

impl Case {
    fn pattern(&self, edge: &Synapses) -> Pattern {
        let (sources, targets) = (
            self.populations[edge.source].neurons,
            self.populations[edge.target].neurons,
        );
        match edge.kind.as_str() {
            "dense" => Pattern::Dense {
                sources,
                targets,
                present: None,
            },
            "sparse" => {
                let rows = edge.targets.as_ref().unwrap();
                let mut starts = vec![0];
                for row in rows {
                    starts.push(starts.last().unwrap() + row.len() as u64);
                }
                Pattern::Sparse {
                    neurons: targets,
                    starts,
                    targets: rows.concat().into(),
                }
            }
            _ => {
                let axis = Axis::new(edge.kernel.unwrap(), 1);
                let [channels, height, width] = edge.input.unwrap();
                let input = Shape::maps(channels, height, width);
                let window = Window {
                    vertical: axis,
                    horizontal: axis,
                };
                let (rows, columns) = window.outputs(input).unwrap();
                Pattern::Convolution {
                    convolution: Convolution {
                        input,
                        output: Shape::maps(edge.maps.unwrap(), rows, columns),
                        window,
                        groups: 1,
                    },
                    present: None,
                }
            }
        }
    }

    fn network(&self) -> Network {
        let populations = self.populations.iter().enumerate().map(|(index, p)| {
            let neuron = if index == 0 && self.inputs > 0 {
                Neuron::Input
            } else {
                Neuron::IntegrateFire(IntegrateFire {
                    threshold: vec![p.threshold; p.neurons],
                    initial: 0.0,
                    reset: Reset::Subtract,
                    test: ThresholdTest::Above,
                    signed: false,
                })
            };
            // Maps have the shape that the convolution between them gives.
            let maps = self.edges.iter().find_map(|edge| match self.pattern(edge) {
                Pattern::Convolution { convolution, .. } if edge.source == index => {
                    Some(convolution.input)
                }
                Pattern::Convolution { convolution, .. } if edge.target == index => {
                    Some(convolution.output)
                }
                _ => None,
            });
            let shape = maps.unwrap_or(Shape::vector(p.neurons));
            let mut population = Population::new(p.name.clone(), shape, neuron);
            if p.bias != 0.0 {
                population.bias = vec![p.bias; p.neurons];
            }
            population
        });
        let projections = self.edges.iter().map(|edge| {
            let connectivity = Connectivity::new(self.pattern(edge));
            let mut projection =
                Projection::new(edge.source, edge.target, connectivity, edge.weights.clone());
            projection.delay = Delays::Uniform(1);
            projection
        });
        Network {
            name: self.name.clone(),
            populations: populations.collect(),
            projections: projections.collect(),
        }
    }

    fn trains(&self) -> Vec<SpikeTrain> {
        let train = |p: &Neurons| {
            let mut train = SpikeTrain::new();
            for step in &self.spikes[&p.name] {
                step.iter().for_each(|&neuron| train.push(neuron));
                train.end_timestep();
            }
            train
        };
        self.populations.iter().map(train).collect()
    }

    /// The engine's counts, with the spikes of each population.
    fn simulate(&self, network: &Network) -> (EventCounts, Vec<Vec<Vec<u32>>>) {
        let raster = Raster(Mutex::new(vec![Vec::new(); self.populations.len()]));
        let mut input = SpikeTrain::new();
        if self.inputs > 0 {
            input = self.trains().remove(0);
        } else {
            (0..self.timesteps).for_each(|_| input.end_timestep());
        }
        let drive = |_| -> Result<Drive, EncodingError> { Ok(Drive::Spikes(input.clone())) };
        let simulation = Simulator::new(network, self.timesteps)
            .unwrap()
            .run_recorded(1, &drive, &raster, &|_| ControlFlow::Continue(()))
            .unwrap();
        (simulation.counts, raster.0.into_inner().unwrap())
    }

    fn placement(&self, counts: &EventCounts) -> Placement {
        let slices = self.populations.iter().enumerate().flat_map(|(index, p)| {
            p.slices.iter().map(move |&[start, end, core]| Slice {
                population: index,
                neurons: start..end,
                core,
            })
        });
        Placement::new(&counts.topology, &loihi(), slices.collect()).unwrap()
    }

    fn replay(&self, counts: &EventCounts, barrier_s: f64) -> Replay {
        let placement = self.placement(counts);
        let times = StageTimes { barrier_s, ..TIMES };
        let traffic = traffic(counts, &placement);
        replay(counts, &placement, &traffic, &self.trains(), &times, &LINKS)
    }
}

struct Raster(Mutex<Vec<Vec<Vec<u32>>>>);

impl Probe for Raster {
    fn wants(&self, _: usize) -> bool {
        true
    }
    fn record(&self, recording: Recording) {
        let mut rasters = self.0.lock().unwrap();
        for t in recording.timesteps.clone() {
            rasters[recording.population].push(recording.train.at(t).neurons.to_vec());
        }
    }
}

fn loihi() -> Capacity {
    Capacity {
        neurons_per_core: 1024,
        synaptic_memory_bits: 1 << 40,
        weight_bits: 8,
        shared_kernels: false,
        fan_in_axons_per_core: 1 << 40,
        fan_out_axons_per_core: 1 << 40,
        max_delay: None,
        mesh: Mesh {
            cores_per_tile: 4,
            width: 8,
            height: 4,
        },
        chips: 1,
    }
}

/// The figures of SANA-FE's loihi.yaml, which are those of data/hardware/loihi1.toml.
const TIMES: StageTimes = StageTimes {
    neuron_s: 6.0e-9,
    active_s: 3.7e-9,
    spike_s: 30.0e-9,
    packet_out_s: 5.1e-9,
    packet_in_s: 16.0e-9,
    synop_s: SynapseTime {
        dense_s: 3.8e-9,
        sparse_s: 4.7e-9,
        conv_s: 3.1e-9,
    },
    chip_link_s: 0.0,
    barrier_s: 0.0,
    host_s: 0.0,
};

const LINKS: Links = Links {
    hop_x_s: 4.1e-9,
    hop_y_s: 6.5e-9,
    buffer: 16,
};

/// Source: SANA-FE's loihi.yaml.
fn barrier_s(tiles: usize) -> f64 {
    match tiles {
        0..2 => 0.6e-6,
        2..4 => 1.0e-6,
        4..29 => 1.4e-6,
        _ => 1.8e-6,
    }
}

fn within(name: &str, have: f64, said: f64, tolerance: f64) {
    let error = have / said - 1.0;
    assert!(
        error.abs() <= tolerance,
        "{name}: {have:e} against {said:e}, {error:+.4}"
    );
}

fn device(name: &str) -> Hardware {
    Catalogue::shipped().unwrap().get(name).unwrap().clone()
}

#[test]
fn reference_spikes_and_energy_are_those_of_sanafe() {
    let loihi = device("loihi1");
    for case in cases() {
        let network = case.network();
        let (counts, raster) = case.simulate(&network);
        for (index, p) in case.populations.iter().enumerate() {
            assert_eq!(
                raster[index], case.spikes[&p.name],
                "{}: {}",
                case.name, p.name
            );
        }
        let placement = case.placement(&counts);
        let traffic = traffic(&counts, &placement);
        assert_eq!(
            traffic.packets, case.sanafe.counts.packets_sent,
            "{}",
            case.name
        );
        let synops: u64 = traffic.slices.iter().map(|s| s.synops_received()).sum();
        assert_eq!(synops, case.sanafe.counts.spikes, "{}: SynOps", case.name);

        let dense = DenseCounts::default();
        let work = Work::new(&counts, &dense);
        let report = &price_placed(&loihi, &work, &PriceOptions::default(), &placement)[0];
        let sum = |part: fn(&str) -> bool| -> f64 {
            let lines = report.lines.iter().filter(|line| part(&line.event));
            lines.map(|line| line.joules).sum()
        };
        let said = &case.sanafe.energy_j;
        within(&case.name, report.dynamic_j.unwrap(), said.total, 1e-3);
        within(
            &case.name,
            sum(|e| e.starts_with("synaptic")),
            said.synapse,
            1e-9,
        );
        let network_j = sum(|e| e.starts_with("packet") || e.starts_with("hop"));
        within(&case.name, network_j, said.network, 1e-9);
    }
}

#[test]
fn reference_times_are_those_of_sanafe() {
    for case in cases() {
        let network = case.network();
        let (counts, _) = case.simulate(&network);
        let placement = case.placement(&counts);
        let replay = case.replay(&counts, barrier_s(placement.tiles()));
        let steps = replay
            .barrier_s
            .iter()
            .zip(&case.sanafe.simple_per_timestep_s);
        for (t, (have, said)) in steps.enumerate() {
            within(&format!("{}, timestep {t}", case.name), *have, *said, 1e-2);
        }
        let simple: f64 = replay.barrier_s.iter().sum();
        within(&case.name, simple, case.sanafe.simple_s, 1e-2);
        let detailed: f64 = replay.event_driven_s.iter().sum();
        within(&case.name, detailed, case.sanafe.detailed_s, 1e-2);
        println!(
            "{}: simple {:+.2e}, event-driven {:+.2e}",
            case.name,
            simple / case.sanafe.simple_s - 1.0,
            detailed / case.sanafe.detailed_s - 1.0
        );
    }
}

#[test]
fn property_messages_never_end_before_the_busiest_core() {
    for case in cases() {
        let (counts, _) = case.simulate(&case.network());
        let replay = case.replay(&counts, 1e-6);
        for (simple, event) in replay.barrier_s.iter().zip(&replay.event_driven_s) {
            assert!(*event >= simple * (1.0 - 1e-12), "{}", case.name);
        }
    }
}

/// An architecture in SANA-FE's format, with the figures of Loihi unless changed.
fn yaml() -> String {
    include_str!("../reference/sanafe/chip.yaml").to_owned()
}

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("chip.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn an_architecture_of_sanafe_is_a_device_with_its_energies() {
    let temp = tempfile::TempDir::new().unwrap();
    let mut catalogue = Catalogue::shipped().unwrap();
    let path = write(temp.path(), &yaml());
    let chip = catalogue.add_file(&path).unwrap().clone();
    let loihi = catalogue.get("loihi1").unwrap();
    for (key, figure) in &chip.figures {
        if key.starts_with("energy.") || key.starts_with("latency.") || key.starts_with("barrier") {
            let shipped = loihi.figures[key].value.nominal;
            let read = figure.value.nominal;
            assert!((read - shipped).abs() <= 1e-12 * shipped, "{key}: {read:e}");
        }
    }
    let missing = [
        "capacity.max_delay",
        "latency.chip_link",
        "energy.chip_link",
        "energy.host_mac",
        "power.chip_static",
    ];
    assert_eq!(chip.missing(), missing);
    let case = &cases()[0];
    let (counts, _) = case.simulate(&case.network());
    let dense = DenseCounts::default();
    let work = Work::new(&counts, &dense);
    let placement = case.placement(&counts);
    let report = &price_placed(&chip, &work, &PriceOptions::default(), &placement)[0];
    within(
        &case.name,
        report.dynamic_j.unwrap(),
        case.sanafe.energy_j.total,
        1e-3,
    );
    // SANA-FE knows no static power: the total is unknown, not dynamic only.
    assert_eq!(report.energy_j, None);
    assert!(report.unpriced.iter().any(|key| key == "power.chip_static"));
}

#[test]
fn an_architecture_that_a_table_cannot_hold_is_refused() {
    let temp = tempfile::TempDir::new().unwrap();
    let bomb: String = (0..40).fold("a0: &a0 [x]\n".to_owned(), |text, i| {
        let reference = format!("*a{i}, ").repeat(9);
        text + &format!("a{}: &a{} [{reference}*a{i}]\n", i + 1, i + 1)
    });
    for (text, told) in [
        (
            yaml().replace("energy_spike_out: 69.3e-12", ""),
            "energy_spike_out is missing",
        ),
        (
            yaml().replace("[0..31]", "[0..32]"),
            "33 tiles do not fit a mesh of 8 × 4",
        ),
        (
            yaml().replace("[0..31]", "[0..99999999999]"),
            "the range is not",
        ),
        (
            yaml().replace("energy_update: 0.0", "energy_update: 1.0e-12"),
            "dendrite",
        ),
        (
            yaml().replace("energy_east_hop: 3.0e-12", "energy_east_hop: -1"),
            "must rise from 0",
        ),
        (
            yaml().replace("sync_model: table", "sync_model: guess"),
            "\"guess\"",
        ),
        ("architecture: 3".to_owned(), "chip.yaml"),
        (yaml() + &bomb, "chip.yaml"),
        ("x".repeat(2 << 20), "bytes"),
    ] {
        let path = write(temp.path(), &text);
        let error = Catalogue::new().add_file(&path).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}
