//! A recording of a simulation.

use crate::cli::tables::{emit, no_table};
use crate::cli::{Common, harmless};
use crate::experiment::Experiment;
use crate::explore::open_recording;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

#[derive(Serialize)]
struct Inspection {
    recording: String,
    /// The network that made it, if it says so.
    network: Option<String>,
    /// What drove that.
    data: Option<String>,
    /// The conventions by which it ran, where they were stated.
    preset: Option<String>,
    timesteps: u32,
    /// Of its first sample.
    populations: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    neurons: u64,
    spikes: u64,
    /// Spikes per neuron and timestep.
    rate: f64,
}

/// Prints what a recording holds and what it was made from.
pub(super) fn execute(path: &Path, common: &Common) -> anyhow::Result<()> {
    let record = open_recording(path, 0)?;
    let timesteps = record.counts.timesteps;
    let populations = record.counts.topology.populations.iter();
    let rows = populations.zip(&record.counts.populations);
    let rows = rows.map(|(node, counts)| {
        let (neurons, spikes) = (node.shape.neurons() as u64, counts.spikes.sum());
        let chances = neurons as f64 * f64::from(timesteps);
        Row {
            name: node.name.clone(),
            neurons,
            spikes,
            rate: spikes as f64 / chances.max(1.0),
        }
    });
    let made = match Experiment::load(path, &[]) {
        Ok(Experiment::Spiking(made)) => Some(made),
        // A recording of before it said what it was made from.
        _ => None,
    };
    let data = made.as_ref().and_then(|made| made.data.as_ref());
    let found = Inspection {
        recording: path.display().to_string(),
        network: made.as_ref().map(|made| made.model.display().to_string()),
        data: data.map(|data| data.path.display().to_string()),
        preset: made.as_ref().and_then(|made| made.network.preset.clone()),
        timesteps,
        populations: rows.collect(),
    };
    emit(common, &found, || Ok(harmless(&text(&found)?)), no_table)
}

fn text(found: &Inspection) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{}: a recording of {} timesteps",
        found.recording, found.timesteps
    )?;
    let preset = found.preset.as_ref();
    let preset = preset.map_or_else(String::new, |preset| format!(", preset {preset}"));
    match (&found.network, &found.data) {
        (Some(network), Some(data)) => writeln!(out, "made from {network} on {data}{preset}")?,
        (Some(network), None) => writeln!(out, "made from {network}{preset}")?,
        _ => writeln!(out, "it does not say which network made it")?,
    }
    writeln!(
        out,
        "\n{:<34} {:>12} {:>12} {:>10}",
        "population, first sample", "neurons", "spikes", "rate"
    )?;
    for row in &found.populations {
        writeln!(
            out,
            "{:<34} {:>12} {:>12} {:>9.3} %",
            row.name,
            row.neurons,
            row.spikes,
            100.0 * row.rate
        )?;
    }
    Ok(out)
}
