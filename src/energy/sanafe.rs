//! Loihi as SANA-FE prices it.

use super::mesh::{
    Bounds, CAPACITY, Events, SHARED, charge_host, charge_traffic, finish, map, pace, synops,
};
use super::receipt::Receipt;
use super::{Job, Law};
use crate::mapping::{StageTimes, SynapseTime};
use crate::network::SynapseKind;
use crate::result::{Bill, TargetReport};

/// ```text
/// E = neurons · T · access + active · update + spikes · spike + packets · packet
///     + Σ_kind SynOps · synop_kind + hops_x · hop_east_west + hops_y · hop_north_south
///     + chip_static · latency
/// ```
///
/// Each placed neuron pays the access in each timestep. Neurons whose potential was nonzero, that
/// received input or have a bias also pay the update; a packet is one spike to one core.
///
/// Source: Boyle et al., SANA-FE, IEEE TCAD 2025; charging rule read in SLAM-Lab/SANA-FE,
/// commit 8951ab07.
pub(super) static LAW: Law = Law {
    name: "sana-fe",
    about: "neuron access, update, spike, packet, hop and synaptic operation, plus static power",
    groups: &[
        &CAPACITY,
        &SHARED,
        &[
            "energy.neuron_access",
            "energy.neuron_update",
            "energy.spike",
            "energy.packet",
            "energy.synop_dense",
            "energy.synop_sparse",
            "energy.synop_conv",
            "latency.neuron_access",
            "latency.neuron_update",
            "latency.spike",
            "latency.packet_out",
            "latency.packet_in",
            "latency.synop_dense",
            "latency.synop_sparse",
            "latency.synop_conv",
        ],
    ],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let counts = job.work.counts;
    let events = Events::of(counts);
    let mut receipt = Receipt::new(job);
    let mapped = map(job, &mut receipt);
    receipt.charge(
        Bill::EVENT,
        "neuron access",
        events.updates,
        "energy.neuron_access",
    );
    receipt.charge(
        Bill::EVENT,
        "neuron update",
        events.active,
        "energy.neuron_update",
    );
    receipt.charge(Bill::EVENT, "spike", events.spikes, "energy.spike");
    let packet = ("packet", "energy.packet");
    charge_traffic(counts, mapped.as_deref(), &mut receipt, packet);
    for (kind, key) in [
        (SynapseKind::Dense, "energy.synop_dense"),
        (SynapseKind::Sparse, "energy.synop_sparse"),
        (SynapseKind::Conv, "energy.synop_conv"),
    ] {
        let event = format!("synaptic operation, {}", kind.name());
        receipt.charge(Bill::EVENT, &event, synops(counts, kind), key);
    }
    charge_host(events.macs_once, &mut receipt);
    let times = times(&mut receipt);
    let pace = pace(job, mapped.as_deref(), &mut receipt, times);
    vec![finish(counts, mapped.as_deref(), receipt, pace)]
}

fn times(receipt: &mut Receipt) -> Option<Bounds> {
    let [access, update, spike, out, into, dense, sparse, conv] = receipt.figures([
        "latency.neuron_access",
        "latency.neuron_update",
        "latency.spike",
        "latency.packet_out",
        "latency.packet_in",
        "latency.synop_dense",
        "latency.synop_sparse",
        "latency.synop_conv",
    ])?;
    Some(Bounds::new(|at| StageTimes {
        neuron_s: at(access),
        active_s: at(update),
        spike_s: at(spike),
        packet_out_s: at(out),
        packet_in_s: at(into),
        synop_s: SynapseTime {
            dense_s: at(dense),
            sparse_s: at(sparse),
            conv_s: at(conv),
        },
        ..StageTimes::default()
    }))
}
