//! The estimator that ships with keras-spiking, for comparison with results that used it.

use super::Job;
use super::charge::{Machine, by_events, receipt};
use super::hardware::DeviceKind;
use super::law::{CostTerm, Law, LawTable};
use crate::result::{Bill, Measure, Scope, TargetReport, Workload};

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
    formats: &[],
    tables: &[SPIKING, CONVENTIONAL],
    figures: &[],
    price,
    divide: by_events,
};

const SPIKING: LawTable = LawTable {
    workload: Workload::Snn,
    format: None,
    widest: Scope::MemoryRouting,
    terms: &[
        CostTerm::new(
            Bill::EVENT,
            Measure::SynapseEvents,
            "energy.synop",
            "synaptic operation",
        ),
        CostTerm::new(
            Bill::EVENT,
            Measure::NeuronUpdates,
            "energy.neuron",
            "neuron update",
        ),
    ],
    notes: &[],
};

const CONVENTIONAL: LawTable = LawTable {
    workload: Workload::Ann,
    format: None,
    widest: Scope::MemoryRouting,
    terms: &[
        CostTerm::new(
            Bill::EVENT,
            Measure::DenseMacs,
            "energy.synop",
            "synaptic operation",
        ),
        CostTerm::new(
            Bill::EVENT,
            Measure::LayerOutputs,
            "energy.neuron",
            "neuron update",
        ),
    ],
    notes: &[],
};

fn price(job: &Job) -> Vec<TargetReport> {
    let table = match job.hardware.kind {
        DeviceKind::Neuromorphic => &SPIKING,
        _ => &CONVENTIONAL,
    };
    let receipt = receipt(job, table, Machine::default());
    vec![receipt.finish(table.workload, table.widest, None)]
}
