//! A trained model.

use super::{InspectArgs, dims, operators};
use crate::ann::Operation;
use crate::cli::tables::{emit, no_table};
use crate::cli::{Common, harmless};
use crate::conversion::{self, Calibration, ConversionOptions};
use crate::formats::onnx::{self, OnnxError};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Inspection {
    model: String,
    input_shape: Vec<usize>,
    parameters: u64,
    macs: u64,
    layers: Vec<LayerRow>,
    spiking: Spiking,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct LayerRow {
    name: String,
    operation: &'static str,
    shape: Vec<usize>,
    parameters: u64,
    macs: u64,
}

#[derive(Serialize)]
struct Spiking {
    neurons: u64,
    synapses: u64,
    populations: Vec<PopulationRow>,
}

#[derive(Serialize)]
struct PopulationRow {
    name: String,
    shape: Vec<usize>,
    neurons: u64,
    synapses: u64,
}

/// Prints what a model has, and what it would have as a spiking network.
pub(super) fn execute(args: &InspectArgs, common: &Common) -> anyhow::Result<()> {
    let ann = match onnx::load(&args.model) {
        Err(OnnxError::Unsupported { .. } | OnnxError::Form { .. }) => {
            return operators::execute(args, common);
        }
        loaded => loaded?.ann,
    };
    let dense = ann.dense_counts();
    let layers: Vec<LayerRow> = ann
        .layers
        .iter()
        .map(|layer| {
            let work = dense.layers.iter().find(|work| work.name == layer.name);
            LayerRow {
                name: layer.name.clone(),
                operation: operation_name(&layer.operation),
                shape: layer.shape.dims(),
                parameters: work.map_or(0, |work| work.parameters),
                macs: work.map_or(0, |work| work.macs),
            }
        })
        .collect();
    let options = ConversionOptions {
        timesteps: 1,
        use_max: false,
        initial_potential: 0.5,
        max_pool: None,
        signed_spikes: false,
    };
    // The structure does not depend on the thresholds.
    let conversion = conversion::convert(&ann, &Calibration::unit(&ann), &options)?;
    let topology = conversion.network.topology();
    let populations: Vec<PopulationRow> = topology
        .populations
        .iter()
        .enumerate()
        .map(|(index, node)| PopulationRow {
            name: node.name.clone(),
            shape: node.shape.dims(),
            neurons: node.shape.neurons() as u64,
            synapses: topology.synapses_into(index),
        })
        .collect();
    let inspection = Inspection {
        model: args.model.display().to_string(),
        input_shape: ann.sample_dims.clone(),
        parameters: dense.parameters(),
        macs: dense.macs(),
        layers,
        spiking: Spiking {
            neurons: topology.neurons(),
            synapses: populations.iter().map(|p| p.synapses).sum(),
            populations,
        },
        notes: conversion.notes,
    };
    emit(
        common,
        &inspection,
        || Ok(harmless(&text(&inspection)?)),
        no_table,
    )
}

fn operation_name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Input => "input",
        Operation::Dense { .. } => "dense",
        Operation::Convolution { .. } => "convolution",
        Operation::Affine { .. } => "scale and shift",
        Operation::Relu => "ReLU",
        Operation::ClippedRelu { .. } => "clipped ReLU",
        Operation::Staircase { .. } => "quantised ReLU",
        Operation::MaxPool { .. } => "max pooling",
        Operation::AveragePool { .. } => "average pooling",
        Operation::Pad { .. } => "padding",
        Operation::Arrange { .. } => "shape or order",
        Operation::Add => "sum of branches",
        Operation::Concat => "joined branches",
    }
}

fn text(inspection: &Inspection) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{}: {} parameters, {} MACs per inference\n",
        inspection.model, inspection.parameters, inspection.macs
    )?;
    writeln!(
        out,
        "{:<34} {:<20} {:>12} {:>12} {:>14}",
        "layer", "operation", "shape", "parameters", "MACs"
    )?;
    for row in &inspection.layers {
        writeln!(
            out,
            "{:<34} {:<20} {:>12} {:>12} {:>14}",
            row.name,
            row.operation,
            dims(&row.shape),
            row.parameters,
            row.macs
        )?;
    }
    let spiking = &inspection.spiking;
    writeln!(
        out,
        "\nAs a spiking network: {} neurons, {} synapses\n",
        spiking.neurons, spiking.synapses
    )?;
    writeln!(
        out,
        "{:<34} {:>12} {:>12} {:>14}",
        "population", "shape", "neurons", "synapses in"
    )?;
    for row in &spiking.populations {
        writeln!(
            out,
            "{:<34} {:>12} {:>12} {:>14}",
            row.name,
            dims(&row.shape),
            row.neurons,
            row.synapses
        )?;
    }
    for note in &inspection.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(out)
}
