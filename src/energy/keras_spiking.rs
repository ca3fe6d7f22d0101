//! The estimator that ships with keras-spiking, for comparison with results that used it.

use super::mesh::Events;
use super::realtime::{macs, synops};
use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Kind, Law};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};

/// ```text
/// spiking device:  E = SynOps · synop + neurons · T · neuron
/// other devices:   E = connections · synop + outputs · neuron       once per inference
/// ```
///
/// An input of real values counts as one synaptic operation per connection and timestep. No static
/// power, no routing.
///
/// Source: nengo/keras-spiking, keras_spiking/model_energy.py, commit b28875a, 2023.
pub(super) static LAW: Law = Law {
    name: "keras-spiking",
    about: "synaptic operation and neuron update alone, as keras-spiking charges them",
    groups: &[&["energy.synop", "energy.neuron"]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    let mut receipt = Receipt::new(job);
    let (workload, synops, updates) = match job.hardware.kind {
        Kind::Neuromorphic => (
            Workload::Snn,
            synops(job) + macs(job),
            Events::of(job.work.counts).updates,
        ),
        _ => {
            let dense = job.work.dense;
            if dense.layers.is_empty() {
                receipt.lack(NO_DENSE);
                receipt.lose(Part::Dynamic, Bill::EVENT);
            }
            let outputs: u64 = dense.layers.iter().map(|layer| layer.outputs).sum();
            (Workload::Ann, dense.macs() as f64, outputs as f64)
        }
    };
    receipt.charge(Bill::EVENT, "synaptic operation", synops, "energy.synop");
    receipt.charge(Bill::EVENT, "neuron update", updates, "energy.neuron");
    vec![receipt.finish(workload, Scope::MemoryRouting, None)]
}
