//! Loihi as its designers published it.

use super::mesh::{
    Bounds, CAPACITY, Events, SHARED, charge_host, charge_traffic, finish, map, pace, synops,
};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::mapping::{StageTimes, SynapseTime};
use crate::network::SynapseKind;
use crate::result::{Bill, TargetReport};

/// ```text
/// E = active · neuron_active + inactive · neuron_inactive + SynOps · synop
///     + packets · spike_within_tile + hops_x · hop_east_west + hops_y · hop_north_south
///     + chip_static · latency
/// ```
///
/// Active are the neuron-timesteps with a nonzero potential, any input or bias; the rest is
/// inactive. Each packet passes one router, then hops.
///
/// Source: Davies et al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE
/// Micro 38(1), 2018, Table 2.
pub(super) static LAW: Law = Law {
    name: "davies",
    about: "active and inactive neuron, synaptic operation, packet and hop, plus static power",
    groups: &[
        &CAPACITY,
        &SHARED,
        &[
            "energy.synop",
            "energy.neuron_active",
            "energy.neuron_inactive",
            "energy.spike_within_tile",
            "latency.synop",
            "latency.neuron_active",
            "latency.neuron_inactive",
            "latency.spike_within_tile",
        ],
    ],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let counts = job.work.counts;
    let events = Events::of(counts);
    let mut receipt = Receipt::new(job);
    let mapped = map(job, &mut receipt);
    let inactive = events.updates - events.active;
    receipt.charge(
        Bill::EVENT,
        "active neuron",
        events.active,
        "energy.neuron_active",
    );
    receipt.charge(
        Bill::EVENT,
        "inactive neuron",
        inactive,
        "energy.neuron_inactive",
    );
    let packet = ("packet within a tile", "energy.spike_within_tile");
    charge_traffic(counts, mapped.as_deref(), &mut receipt, packet);
    let synops: f64 = SynapseKind::ALL
        .into_iter()
        .map(|kind| synops(counts, kind))
        .sum();
    receipt.charge(Bill::EVENT, "synaptic operation", synops, "energy.synop");
    charge_host(events.macs_once, &mut receipt);
    let times = times(&mut receipt);
    let pace = pace(job, mapped.as_deref(), &mut receipt, times);
    vec![finish(counts, mapped.as_deref(), receipt, pace)]
}

fn times(receipt: &mut Receipt) -> Option<Bounds> {
    let [synop, active, inactive, router] = receipt.figures([
        "latency.synop",
        "latency.neuron_active",
        "latency.neuron_inactive",
        "latency.spike_within_tile",
    ])?;
    Some(Bounds::new(|at| StageTimes {
        neuron_s: at(inactive),
        active_s: at(active) - at(inactive),
        packet_out_s: at(router),
        synop_s: SynapseTime {
            dense_s: at(synop),
            sparse_s: at(synop),
            conv_s: at(synop),
        },
        ..StageTimes::default()
    }))
}
