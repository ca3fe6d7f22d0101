//! A spiking network.

use super::dims;
use crate::cli::tables::{emit, no_table};
use crate::cli::{Common, harmless, tell_warnings};
use crate::experiment::{NetworkStructure, SimulateConfig, network_structure};
use std::fmt::Write as _;
use std::path::Path;

/// Prints what a spiking network consists of, and what is suspicious about it.
pub(super) fn execute(path: &Path, common: &Common) -> anyhow::Result<()> {
    let found = network_structure(&SimulateConfig {
        network: path.to_owned(),
        ..SimulateConfig::default()
    })?;
    tell_warnings(&found.warnings);
    emit(common, &found, || Ok(harmless(&text(&found)?)), no_table)
}

fn text(found: &NetworkStructure) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let feedback = if found.recurrent {
        ", with feedback"
    } else {
        ""
    };
    writeln!(
        out,
        "{}: a spiking network of {} neurons, {} synapses, {} weights{feedback}",
        found.network, found.neurons, found.synapses, found.weights
    )?;
    match &found.input {
        Some(input) => writeln!(out, "input \"{input}\": {}", dims(&found.input_shape))?,
        None => writeln!(out, "no input: the network drives itself")?,
    }
    writeln!(out, "output: {}", found.outputs.join(", "))?;
    if let Some(timesteps) = found.timesteps {
        writeln!(out, "timesteps: {timesteps}")?;
    }
    writeln!(out, "preset {}: {}\n", found.preset, found.options)?;
    writeln!(
        out,
        "{:<34} {:<20} {:>12} {:>12} {:>14}",
        "population", "model", "shape", "neurons", "synapses in"
    )?;
    for row in &found.populations {
        writeln!(
            out,
            "{:<34} {:<20} {:>12} {:>12} {:>14}",
            row.name,
            row.model,
            dims(&row.shape),
            row.neurons,
            row.synapses
        )?;
    }
    for note in &found.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(out)
}
