//! NeuroBench's metrics, as the framework defines them.

use super::EventCounts;
use crate::network::{BitRows, Connectivity, Network, Pattern, Role, Weights};
use crate::neuron::Neuron;
use serde::{Deserialize, Serialize};

/// Complexity metrics of NeuroBench, per inference where they count operations.
///
/// Source: J. Yik et al., The neurobench framework for benchmarking neuromorphic computing
/// algorithms and systems, Nat. Commun. 16:1545, 2025; definitions read in NeuroBench/neurobench,
/// commit e521c28.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NeuroBench {
    /// Memory of weights, biases and thresholds as they are stored [bytes]; zeros count. A
    /// framework's own registered state comes on top.
    pub footprint_bytes: u64,
    /// Zero weights / weights of all connection layers, biases left out; four decimals.
    pub connection_sparsity: f64,
    /// 1 − nonzero / all outputs of spiking populations, over timesteps and samples; the input is
    /// none of them.
    pub activation_sparsity: f64,
    /// Synaptic operations.
    pub synaptic_operations: SynapticOperations,
    /// Neurons in the first timestep, and later neuron-timesteps whose potential changes. Input that
    /// leaves the potential as it was to the last bit (it cancels, or its spike is reset to the
    /// value before) counts as a change here.
    pub membrane_updates: f64,
}

/// Synaptic operations per inference, evaluated anew in each timestep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SynapticOperations {
    /// Nonzero input times nonzero weight, in layers and timesteps with any input other than
    /// −1, 0 and 1.
    pub effective_macs: f64,
    /// The same where all inputs are −1, 0 or 1.
    pub effective_acs: f64,
    /// As if no input and no weight were zero; padding never counts.
    pub dense: f64,
}

impl NeuroBench {
    /// The metrics of a network that was counted.
    ///
    /// # Panics
    /// If the counts are of another network.
    #[must_use]
    pub fn new(network: &Network, counts: &EventCounts) -> Self {
        assert_eq!(network.populations.len(), counts.populations.len());
        NeuroBench {
            footprint_bytes: footprint_bytes(network),
            connection_sparsity: connection_sparsity(network),
            activation_sparsity: activation_sparsity(counts),
            synaptic_operations: synaptic_operations(counts),
            membrane_updates: membrane_updates(network, counts),
        }
    }
}

fn footprint_bytes(network: &Network) -> u64 {
    let weights = network.projections.iter().map(|projection| {
        let stored = projection.connectivity.stored_weights();
        match &projection.weights {
            Weights::Each(_) => 4 * stored,
            Weights::Uniform(_) => 4,
            Weights::Int8 { .. } => stored + 4,
        }
    });
    let neurons = network.populations.iter().map(|population| {
        let parameters = match &population.neuron {
            Neuron::IntegrateFire(model) if is_shared(&model.threshold) => 1,
            Neuron::IntegrateFire(model) => model.threshold.len(),
            Neuron::Model(model) => model.parameters_for().unwrap_or(1),
            Neuron::Input | Neuron::MaxPool(_) | Neuron::Integrator => 0,
        };
        4 * (population.bias.len() + parameters) as u64
    });
    weights.chain(neurons).sum()
}

/// Whether one number stands for all neurons.
fn is_shared(values: &[f32]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

fn connection_sparsity(network: &Network) -> f64 {
    let (mut zeros, mut weights) = (0u64, 0u64);
    for projection in &network.projections {
        let (there, all) = weights_of(&projection.connectivity);
        zeros += all - there;
        weights += all;
    }
    (zeros as f64 / weights.max(1) as f64 * 1e4).round() / 1e4
}

/// Nonzero weights and all weights, shared ones once; absent synapses of a list are zeros of the
/// matrix that a framework would keep.
fn weights_of(connectivity: &Connectivity) -> (u64, u64) {
    let ones = |rows: &BitRows| (0..rows.rows()).map(|row| rows.count(row)).sum();
    match &connectivity.pattern {
        Pattern::Dense { present, .. } | Pattern::Convolution { present, .. } => {
            let all = connectivity.stored_weights();
            (present.as_ref().map_or(all, ones), all)
        }
        Pattern::Sparse {
            neurons,
            starts,
            targets,
        } => {
            let all = starts.len().saturating_sub(1) as u64 * *neurons as u64;
            ((targets.len() as u64).min(all), all)
        }
    }
}

fn activation_sparsity(counts: &EventCounts) -> f64 {
    let (mut spikes, mut outputs) = (0.0, 0.0);
    for (index, node) in counts.topology.populations.iter().enumerate() {
        if node.role == Role::Spiking {
            let figures = counts.per_inference(index);
            spikes += figures.spikes;
            outputs += figures.neuron_updates;
        }
    }
    if outputs == 0.0 {
        0.0
    } else {
        1.0 - spikes / outputs
    }
}

fn synaptic_operations(counts: &EventCounts) -> SynapticOperations {
    let samples = counts.samples.max(1) as f64;
    let (mut macs, mut acs, mut dense) = (0u64, 0u64, 0.0);
    for (edge, counted) in counts.topology.edges.iter().zip(&counts.projections) {
        let steps = counted.synops_per_timestep.iter();
        for (synops, step_macs) in steps.zip(&counted.macs_per_timestep) {
            // One real-valued input makes multiplications of the whole layer.
            if *step_macs > 0 {
                macs += step_macs + synops;
            } else {
                acs += synops;
            }
        }
        dense += full_synapses(&edge.connectivity) as f64 * f64::from(counts.timesteps);
    }
    SynapticOperations {
        effective_macs: macs as f64 / samples,
        effective_acs: acs as f64 / samples,
        dense,
    }
}

/// Synapses if no weight were zero; what lies behind a merged pooling is counted once per pooled
/// input.
fn full_synapses(connectivity: &Connectivity) -> u64 {
    match &connectivity.pattern {
        Pattern::Dense {
            sources, targets, ..
        } => *sources as u64 * *targets as u64,
        Pattern::Convolution { convolution, .. } => convolution.macs(),
        Pattern::Sparse {
            neurons, starts, ..
        } => starts.len().saturating_sub(1) as u64 * *neurons as u64,
    }
}

fn membrane_updates(network: &Network, counts: &EventCounts) -> f64 {
    let samples = counts.samples.max(1) as f64;
    let mut updates = 0.0;
    for (population, counted) in network.populations.iter().zip(&counts.populations) {
        let changes = match &population.neuron {
            // Without a leak only input changes the potential.
            Neuron::IntegrateFire(_) => &counted.touched_per_timestep,
            Neuron::Model(model) if model.spikes() => &counted.active_per_timestep,
            _ => continue,
        };
        let later: u64 = changes.iter().skip(1).sum();
        updates += population.shape.neurons() as f64 + later as f64 / samples;
    }
    updates
}
