//! What the laws of chips that run in real time share: how many chips, for how long.

use super::Job;
use super::hardware::Figure;
use super::mesh::Events;
use super::receipt::Receipt;
use crate::network::Role;
use crate::result::{Bill, Part, Scope, TargetReport, Workload};
use crate::units::Range;

/// The figures that say so.
pub(super) const OCCUPANCY: [&str; 2] = ["latency.timestep", "capacity.neurons_per_chip"];

/// Chips that are held and the time of one inference.
#[derive(Clone, Copy)]
pub(super) struct Occupancy<'a> {
    chips: u64,
    time_s: Range,
    figure: &'a Figure,
}

/// Synaptic operations per inference, of all kinds.
pub(super) fn synops(job: &Job) -> f64 {
    let counts = job.work.counts;
    let indices = 0..counts.topology.populations.len();
    indices.map(|i| counts.per_inference(i).synops).sum()
}

/// Multiply-accumulates of the spiking network per inference, evaluated in each timestep.
pub(super) fn macs(job: &Job) -> f64 {
    let counts = job.work.counts;
    let indices = 0..counts.topology.populations.len();
    indices.map(|i| counts.per_inference(i).macs).sum()
}

/// Chips that hold the network and the time of its timesteps; `None` if either is not known.
pub(super) fn occupancy<'a>(job: &Job<'a>, receipt: &mut Receipt<'a>) -> Option<Occupancy<'a>> {
    let [timestep, neurons] = receipt.figures(OCCUPANCY)?;
    let placed = job.work.counts.topology.populations.iter();
    let placed: usize = placed
        .filter(|node| node.role != Role::Input)
        .map(|node| node.shape.neurons())
        .sum();
    Some(Occupancy {
        // A whole number above 0: checked when the file was read.
        chips: (placed as u64)
            .div_ceil(neurons.value.nominal as u64)
            .max(1),
        time_s: timestep.value * f64::from(job.work.counts.timesteps),
        figure: timestep,
    })
}

/// Charges `power` [W] of each chip for the time of an inference, or marks it unknown.
pub(super) fn charge_power(
    receipt: &mut Receipt,
    bill: Bill,
    event: &str,
    power: Option<(Range, &[&Figure])>,
    occupancy: Option<Occupancy>,
) {
    let (Some((watts, figures)), Some(held)) = (power, occupancy) else {
        receipt.lose(Part::Static, bill);
        return;
    };
    let watts = watts * held.chips as f64;
    let event = match held.chips {
        1 => format!("{event} [s]"),
        chips => format!("{event} of {chips} chips [s]"),
    };
    let used: Vec<&Figure> = figures.iter().copied().chain([held.figure]).collect();
    receipt.line(
        Part::Static,
        bill,
        &event,
        (held.time_s.nominal, watts.nominal),
        watts.zip(held.time_s, |watts, seconds| watts * seconds),
        &used,
    );
}

/// Charges one figure of power [W] for the time of an inference.
pub(super) fn charge_power_of(
    receipt: &mut Receipt,
    bill: Bill,
    event: &str,
    key: &str,
    occupancy: Option<Occupancy>,
) {
    let figure = receipt.figure(key);
    let used: Vec<&Figure> = figure.into_iter().collect();
    let power = figure.map(|figure| (figure.value, used.as_slice()));
    charge_power(receipt, bill, event, power, occupancy);
}

/// Charges the host for a constant input and closes the receipt of a spiking network.
pub(super) fn finish(
    job: &Job,
    mut receipt: Receipt,
    occupancy: Option<Occupancy>,
) -> TargetReport {
    super::mesh::charge_host(Events::of(job.work.counts).macs_once, &mut receipt);
    receipt.notes.push(
        "neurons are counted against the chip, synapses and axons are not; input populations are \
         driven by the host; learning is not charged"
            .into(),
    );
    if occupancy.is_some() {
        receipt.notes.push(
            "runs in real time: a timestep takes as long as the table states, whatever is computed"
                .into(),
        );
    }
    TargetReport {
        chips: occupancy.map_or(1, |held| held.chips),
        ..receipt.finish(
            Workload::Snn,
            Scope::System,
            occupancy.map(|held| held.time_s.nominal),
        )
    }
}
