//! Mixed-signal chips that route each spike to cores and broadcast it there.

use super::mesh::{Events, charge_host};
use super::realtime::synops;
use super::receipt::Receipt;
use super::{Hardware, Job, Law};
use crate::network::{Role, Topology};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};
use std::collections::BTreeSet;

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
    groups: &[&[
        "capacity.neurons_per_core",
        "capacity.cores_per_chip",
        "capacity.fan_in",
        "energy.spike",
        "energy.encode",
        "energy.route",
        "energy.broadcast",
        "energy.pulse",
        "energy.host_mac",
        "power.chip_static",
        "latency.timestep",
    ]],
    price,
};

/// Where the neurons sit.
struct Cores {
    /// Cores in use.
    cores: u64,
    chips: u64,
    /// Spikes times cores they are delivered to, per inference.
    deliveries: f64,
    exceeded: Vec<String>,
}

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    let events = Events::of(job.work.counts);
    let cores = cores(job, &mut receipt);
    receipt.charge(Bill::EVENT, "spike", events.spikes, "energy.spike");
    let routing = Bill::MEMORY_ROUTING;
    receipt.charge(
        routing,
        "encoding of a spike",
        events.spikes,
        "energy.encode",
    );
    match &cores {
        Some(cores) => {
            let count = cores.deliveries;
            receipt.charge(routing, "routing to a core", count, "energy.route");
            receipt.charge(routing, "broadcast in a core", count, "energy.broadcast");
        }
        None => receipt.lose(Part::Dynamic, routing),
    }
    let pulse = "pulse of a synapse";
    receipt.charge(Bill::EVENT, pulse, synops(job), "energy.pulse");
    charge_host(events.macs_once, &mut receipt);
    let power = receipt.figures(["power.chip_static", "latency.timestep"]);
    let timesteps = f64::from(job.work.counts.timesteps);
    match (&cores, power) {
        (Some(cores), Some([power, timestep])) => {
            let watts = power.value * cores.chips as f64;
            let time = timestep.value * timesteps;
            receipt.line(
                Part::Static,
                Bill::SYSTEM,
                "static power of the chips [s]",
                (time.nominal, watts.nominal),
                watts.zip(time, |watts, seconds| watts * seconds),
                &[power, timestep],
            );
        }
        _ => receipt.lose(Part::Static, Bill::SYSTEM),
    }
    let timestep = job.hardware.figures.get("latency.timestep");
    let latency_s = timestep.map(|figure| figure.value.nominal * timesteps);
    let unknown = Cores {
        cores: 0,
        chips: 1,
        deliveries: 0.0,
        exceeded: vec!["not known: the table lacks a capacity".into()],
    };
    let known = cores.is_some();
    let cores = cores.unwrap_or(unknown);
    vec![TargetReport {
        fits: cores.exceeded.is_empty(),
        chips: cores.chips,
        cores: known.then_some(cores.cores),
        exceeded: cores.exceeded,
        ..receipt.finish(Workload::Snn, Scope::System, latency_s)
    }]
}

fn cores(job: &Job, receipt: &mut Receipt) -> Option<Cores> {
    let [per_core, per_chip, fan_in] = receipt.figures([
        "capacity.neurons_per_core",
        "capacity.cores_per_chip",
        "capacity.fan_in",
    ])?;
    // Whole numbers above 0: checked when the file was read.
    let [per_core, per_chip, allowed] =
        [per_core, per_chip, fan_in].map(|figure| figure.value.nominal as u64);
    let topology = &job.work.counts.topology;
    let of = |index: usize| (topology.populations[index].shape.neurons() as u64).div_ceil(per_core);
    let placed = (0..topology.populations.len())
        .filter(|&index| topology.populations[index].role != Role::Input);
    let cores: u64 = placed.map(of).sum();
    let deliveries = reached(topology, per_core)
        .into_iter()
        .enumerate()
        .map(|(source, cores)| job.work.counts.per_inference(source).spikes * cores as f64)
        .sum();
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
        deliveries,
        exceeded,
    })
}

/// Cores that a spike of each population is delivered to, of `per_core` neurons each.
fn reached(topology: &Topology, per_core: u64) -> Vec<u64> {
    let joined: BTreeSet<(usize, usize)> = topology
        .edges
        .iter()
        .map(|edge| (edge.source, edge.target))
        .collect();
    let mut reached = vec![0; topology.populations.len()];
    for (source, target) in joined {
        let neurons = topology.populations[target].shape.neurons() as u64;
        reached[source] += neurons.div_ceil(per_core);
    }
    reached
}

/// Cores that a spike of each population is delivered to; `None` for a device that does not
/// broadcast spikes in its cores, or whose cores are of unknown size.
#[must_use]
pub fn broadcasts(hardware: &Hardware, topology: &Topology) -> Option<Vec<u64>> {
    let per_core = hardware.figures.get("capacity.neurons_per_core");
    let per_core = per_core.filter(|_| hardware.law.name == LAW.name)?;
    // A whole number above 0: checked when the file was read.
    Some(reached(topology, per_core.value.nominal as u64))
}
