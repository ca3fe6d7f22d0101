//! What the laws of chips that run in real time share: how many chips, for how long, and the host.

use super::Job;
use super::charge::{Machine, receipt};
use super::law::{CostTerm, LawTable};
use super::receipt::{Receipt, Running};
use crate::network::Role;
use crate::result::{Bill, Measure, TargetReport};

/// The figures that say how many chips are held for how long.
pub(super) const OCCUPANCY: [&str; 2] = ["latency.timestep", "capacity.neurons_per_chip"];

/// The multiply-accumulates that a chip without multipliers leaves to its host. They are work of the
/// network, so they count in the same scope as those of a baseline's first layer.
pub(super) const HOST: CostTerm = CostTerm {
    note: Some(
        "the chip cannot multiply: the host computes the current of the input, priced by an \
         assumption; sending it to the chip is not priced",
    ),
    ..CostTerm::new(
        Bill::EVENT,
        Measure::MacsOnce,
        "energy.host_mac",
        "MAC of a constant input, off chip",
    )
};

/// Chips that hold the network and the time of its timesteps; `None` if either is not known.
fn occupancy<'a>(job: &Job<'a>, receipt: &mut Receipt<'a>) -> Option<Running<'a>> {
    let [timestep, neurons] = receipt.figures(OCCUPANCY)?;
    let placed = job.work.counts.topology.populations.iter();
    let placed: usize = placed
        .filter(|node| node.role != Role::Input)
        .map(|node| node.shape.neurons())
        .sum();
    Some(Running {
        seconds: timestep.value * f64::from(job.work.counts.timesteps),
        // A whole number above 0: checked when the file was read.
        chips: (placed as u64)
            .div_ceil(neurons.value.nominal as u64)
            .max(1),
        figures: vec![timestep],
    })
}

/// The spiking network on chips whose timestep takes a set time, if the law charges for time.
pub(super) fn price<'a>(job: &Job<'a>) -> Vec<TargetReport> {
    let tables = job.hardware.law.tables.iter();
    tables.map(|table| price_table(job, table)).collect()
}

fn price_table<'a>(job: &Job<'a>, table: &LawTable) -> TargetReport {
    let mut held = None;
    let mut running = |receipt: &mut Receipt<'a>| {
        held = occupancy(job, receipt);
        held.clone()
    };
    let machine = Machine {
        mapped: None,
        running: Some(&mut running),
    };
    let mut receipt = receipt(job, table, machine);
    receipt.notes.push(
        "neurons are counted against the chip, synapses and axons are not; input populations are \
         driven by the host; learning is not charged"
            .into(),
    );
    if held.is_some() {
        receipt.notes.push(
            "runs in real time: a timestep takes as long as the table states, whatever is computed"
                .into(),
        );
    }
    let latency_s = held.as_ref().map(|held| held.seconds.nominal);
    TargetReport {
        chips: held.map_or(1, |held| held.chips),
        ..receipt.finish(table.workload, table.widest, latency_s)
    }
}
