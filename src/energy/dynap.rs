//! Mixed-signal chips that route each spike to cores and broadcast it there.

use super::Job;
use super::charge::{Machine, by_events, charge};
use super::law::{CostTerm, Law, LawTable};
use super::realtime::HOST;
use super::receipt::{Receipt, Running};
use crate::network::Role;
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

/// ```text
/// E = spikes · (spike + encode) + deliveries · (route + broadcast) + SynOps · pulse
///     + chips · chip_static · T · timestep
/// ```
///
/// A delivery is one spike to one core. Each population has cores of its own, so a spike reaches
/// `ceil(neurons / neurons_per_core)` cores of each population it projects to.
///
/// Source: Moradi et al., A scalable multicore architecture with heterogeneous memory structures
/// (DYNAPs), IEEE TBioCAS 12(1), 2018.
pub(super) static LAW: Law = Law {
    name: "dynap",
    about: "spike, encoding, routing, broadcast and pulse, plus static power in real time",
    formats: &[],
    tables: &[LawTable {
        workload: Workload::Snn,
        format: None,
        widest: Scope::System,
        terms: &[
            CostTerm::new(Bill::EVENT, Measure::Spikes, "energy.spike", "spike"),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::Encodings,
                "energy.encode",
                "encoding of a spike",
            ),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::Deliveries,
                "energy.route",
                "routing to a core",
            ),
            CostTerm::new(
                Bill::MEMORY_ROUTING,
                Measure::Broadcasts,
                "energy.broadcast",
                "broadcast in a core",
            ),
            CostTerm::new(
                Bill::EVENT,
                Measure::Synops,
                "energy.pulse",
                "pulse of a synapse",
            ),
            HOST,
            CostTerm::new(
                Bill::SYSTEM,
                Measure::SecondsRunning,
                "power.chip_static",
                "static power",
            ),
        ],
        notes: &[],
    }],
    figures: &[&CAPACITY, &["latency.timestep"]],
    price,
    divide: by_events,
};

/// The room on the chip.
const CAPACITY: [&str; 3] = [
    "capacity.neurons_per_core",
    "capacity.cores_per_chip",
    "capacity.fan_in",
];

/// Where the neurons sit.
struct Cores {
    /// Cores in use.
    cores: u64,
    chips: u64,
    exceeded: Vec<String>,
}

fn price<'a>(job: &Job<'a>) -> Vec<TargetReport> {
    let tables = job.hardware.law.tables.iter();
    tables.map(|table| price_table(job, table)).collect()
}

fn price_table<'a>(job: &Job<'a>, table: &LawTable) -> TargetReport {
    let mut receipt = Receipt::new(job);
    let cores = cores(job, &mut receipt);
    let timesteps = f64::from(job.work.counts.timesteps);
    let mut running = |receipt: &mut Receipt<'a>| {
        let timestep = receipt.figure("latency.timestep")?;
        cores.as_ref().map(|cores| Running {
            seconds: timestep.value * timesteps,
            chips: cores.chips,
            figures: vec![timestep],
        })
    };
    let mut machine = Machine {
        mapped: None,
        running: Some(&mut running),
    };
    charge(job, &mut receipt, table, &mut machine);
    let timestep = job.hardware.figures.get("latency.timestep");
    let latency_s = timestep.map(|figure| figure.value.nominal * timesteps);
    let unknown = Cores {
        cores: 0,
        chips: 1,
        exceeded: vec!["not known: the table lacks a capacity".into()],
    };
    let known = cores.is_some();
    let cores = cores.unwrap_or(unknown);
    TargetReport {
        fits: cores.exceeded.is_empty(),
        chips: cores.chips,
        cores: known.then_some(cores.cores),
        exceeded: cores.exceeded,
        ..receipt.finish(table.workload, table.widest, latency_s)
    }
}

fn cores(job: &Job, receipt: &mut Receipt) -> Option<Cores> {
    let [per_core, per_chip, fan_in] = receipt.figures(CAPACITY)?;
    // Whole numbers above 0: checked when the file was read.
    let [per_core, per_chip, allowed] =
        [per_core, per_chip, fan_in].map(|figure| figure.value.nominal as u64);
    let topology = &job.work.counts.topology;
    let of = |index: usize| (topology.populations[index].shape.neurons() as u64).div_ceil(per_core);
    let placed = (0..topology.populations.len())
        .filter(|&index| topology.populations[index].role != Role::Input);
    let cores: u64 = placed.map(of).sum();
    let mut exceeded = Vec::new();
    let widest = topology
        .edges
        .iter()
        .flat_map(|edge| edge.connectivity.fan_ins())
        .max();
    if let Some(widest) = widest.filter(|&widest| u64::from(widest) > allowed) {
        exceeded.push(format!("fan-in of a neuron: {widest}, allowed {allowed}"));
    }
    Some(Cores {
        cores,
        chips: cores.div_ceil(per_chip).max(1),
        exceeded,
    })
}
