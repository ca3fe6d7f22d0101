//! What a simulation needs at least, before anything is allocated for it.

use crate::memory::{self, MemoryError};
use crate::network::Network;

/// Bytes of a neuron in the workspace of a thread: touched timesteps, potential.
const NEURON_BYTES: usize = 4 + 4;

/// And of each sample in work: constant input.
const CONSTANT_BYTES: usize = 4;

/// Bytes of a neuron in a tally: its spikes and touched updates.
const TALLY_BYTES: usize = 8 + 8;

/// Bytes of a timestep of a population or a projection: its tally.
const TIMESTEP_BYTES: usize = 8;

/// Bytes of a timestep of a sample: the prediction.
const PREDICTION_BYTES: usize = 4;

/// Refuses a simulation that cannot fit the memory limit if so many `segments` of it are tallied
/// apart and each thread has so many samples, `laps`, in work. Spikes are not counted: nobody knows
/// them before.
pub(super) fn check(
    network: &Network,
    timesteps: u32,
    samples: usize,
    segments: usize,
    laps: usize,
) -> Result<(), MemoryError> {
    let timesteps = timesteps as usize;
    let threads = rayon::current_num_threads().min(samples.max(1)) as u64;
    let neurons: usize = network.populations.iter().map(|p| p.shape.neurons()).sum();
    let tallied = network.populations.len() + network.projections.len();
    let tally = memory::bytes_of(neurons, TALLY_BYTES)
        .saturating_add(memory::bytes_of(timesteps, TIMESTEP_BYTES).saturating_mul(tallied as u64));
    let per_thread = memory::bytes_of(neurons, NEURON_BYTES + laps * CONSTANT_BYTES)
        .saturating_add(tally.saturating_mul(segments as u64));
    let outputs = network.populations.last().map_or(0, |p| p.shape.neurons());
    let per_sample = memory::bytes_of(timesteps, PREDICTION_BYTES)
        .saturating_add(memory::bytes_of(outputs, size_of::<f32>()))
        .saturating_mul(segments as u64);
    let needed = per_thread
        .saturating_mul(threads)
        .saturating_add(per_sample.saturating_mul(samples as u64));
    memory::check(
        format_args!(
            "the simulation (neurons {neurons}, timesteps {timesteps}, samples {samples})"
        ),
        needed,
        "give fewer timesteps, samples or threads",
    )
}
