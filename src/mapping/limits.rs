//! Which limits a placement exceeds.

use super::Capacity;
use super::fan_out::FanOut;
use super::memory::Memory;
use super::seats::Seats;
use crate::network::Topology;

/// What one core is asked to hold.
#[derive(Clone, Copy, Default)]
struct Load {
    neurons: u64,
    memory_bits: u64,
    fan_in_axons: u64,
    fan_out_axons: u64,
}

/// Names the limits that a placement exceeds, each with its worst core.
pub(super) fn exceeded(topology: &Topology, capacity: &Capacity, seats: &Seats) -> Vec<String> {
    let loads = loads(topology, capacity, seats);
    let name = |core: usize| {
        seats
            .slices()
            .iter()
            .find(|slice| slice.core == core)
            .map_or("", |slice| &topology.populations[slice.population].name)
    };
    type Use = fn(&Load) -> u64;
    let limits: [(&str, u64, Use); 4] = [
        ("neurons per core", capacity.neurons_per_core, |l| l.neurons),
        (
            "synaptic memory per core [bit]",
            capacity.synaptic_memory_bits,
            |l| l.memory_bits,
        ),
        (
            "fan-in axons per core",
            capacity.fan_in_axons_per_core,
            |l| l.fan_in_axons,
        ),
        (
            "fan-out axons per core",
            capacity.fan_out_axons_per_core,
            |l| l.fan_out_axons,
        ),
    ];
    let mut exceeded = Vec::new();
    for (limit, allowed, have) in limits {
        let over = loads.iter().filter(|load| have(load) > allowed).count();
        let worst = (0..loads.len())
            .rev()
            .max_by_key(|&core| have(&loads[core]));
        if let (true, Some(core)) = (over > 0, worst) {
            exceeded.push(format!(
                "{limit}: {} on core {core} ({}), allowed {allowed} (cores over it: {over})",
                have(&loads[core]),
                name(core),
            ));
        }
    }
    exceeded.extend(delay(topology, capacity));
    let chips = seats
        .used()
        .core_bound
        .div_ceil(capacity.mesh.cores_per_chip());
    if chips as u64 > capacity.chips {
        exceeded.push(format!(
            "cores: {} on {chips} chips, allowed {} on {}",
            seats.used().cores,
            (capacity.mesh.cores_per_chip() as u64).saturating_mul(capacity.chips),
            capacity.chips,
        ));
    }
    exceeded
}

/// What each core is asked to hold.
fn loads(topology: &Topology, capacity: &Capacity, seats: &Seats) -> Vec<Load> {
    let mut loads = vec![Load::default(); seats.used().core_bound];
    let memories: Vec<Memory> = (0..topology.populations.len())
        .map(|population| Memory::of(topology, capacity, population))
        .collect();
    for slice in seats.slices() {
        let load = &mut loads[slice.core];
        load.neurons += slice.neurons.len() as u64;
        load.memory_bits += memories[slice.population].bits(slice.neurons.clone());
    }
    let mut fan_out = FanOut::new(topology, seats);
    for population in 0..topology.populations.len() {
        for bundle in fan_out.bundles(population) {
            let axons = bundle.len() as u64;
            let cores = fan_out.cores(population, bundle.start);
            for &core in cores {
                loads[core].fan_in_axons += axons;
            }
            for (home, neurons) in seats.homes(population, bundle) {
                let axons = (neurons.len() * cores.len()) as u64;
                loads[seats.slices()[home].core].fan_out_axons += axons;
            }
        }
    }
    loads
}

/// The longest delay, if cores do not keep spikes for so long.
fn delay(topology: &Topology, capacity: &Capacity) -> Option<String> {
    let longest = topology.edges.iter().max_by_key(|edge| edge.delay);
    let edge = longest.filter(|edge| edge.delay > 0)?;
    let name = |population: usize| &topology.populations[population].name;
    let (delay, from, to) = (edge.delay, name(edge.source), name(edge.target));
    match capacity.max_delay {
        Some(most) if delay <= most => None,
        Some(most) => Some(format!(
            "delay [timesteps]: {delay} from {from} to {to}, allowed {most}"
        )),
        None => Some(format!(
            "delay [timesteps]: {delay} from {from} to {to}; the table lacks capacity.max_delay"
        )),
    }
}
