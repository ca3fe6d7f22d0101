//! `spikewatt counts template`: rates layer by layer, as a table that people and spreadsheets fill in.

use super::tables::{csv_of, emit};
use super::{Common, Format};
use crate::counts::EventCounts;
use crate::experiment::{Counted, estimated_topology};
use crate::formats::{self, FileKind};
use crate::manifest::result_file;
use crate::network::{Node, Role, Topology};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct CountsArgs {
    #[command(subcommand)]
    verb: CountsVerb,
}

#[derive(Debug, Subcommand)]
enum CountsVerb {
    /// A row for each layer: name, role, neurons, synapses and an empty rate; of a result, its rates.
    ///
    ///   spikewatt counts template networks/digits_mlp.onnx > rates.csv
    #[command(verbatim_doc_comment)]
    Template {
        /// Trained model (.onnx), spiking network, description of shapes, counts.h5 or result folder.
        source: PathBuf,
    },
}

#[derive(Serialize)]
struct RateRow {
    layer: String,
    role: Role,
    neurons: u64,
    synapses_in: u64,
    /// Spikes per neuron and timestep.
    rate: Option<f64>,
}

pub(super) fn execute(args: &CountsArgs, common: &Common) -> anyhow::Result<()> {
    let CountsVerb::Template { source } = &args.verb;
    let saved = result_file(source, "counts.h5");
    let counted = saved.is_file() && formats::kind_of(&saved)? == FileKind::SavedCounts;
    let rows = match counted {
        true => rows(&Counted::load(&saved)?.counts),
        false => empty_rows(&estimated_topology(source)?),
    };
    let csv = Common {
        // A table to fill in is CSV unless another format is asked for.
        format: match common.format {
            Format::Text => Format::Csv,
            format => format,
        },
        ..common.clone()
    };
    emit(&csv, &rows, || bail!("a table"), || csv_of(&rows))
}

fn row(topology: &Topology, index: usize, node: &Node, rate: Option<f64>) -> RateRow {
    RateRow {
        layer: node.name.clone(),
        role: node.role,
        neurons: node.shape.neurons() as u64,
        synapses_in: topology.synapses_into(index),
        rate: rate.filter(|_| node.role != Role::Readout),
    }
}

fn empty_rows(topology: &Topology) -> Vec<RateRow> {
    let nodes = topology.populations.iter().enumerate();
    nodes
        .map(|(index, node)| row(topology, index, node, None))
        .collect()
}

fn rows(counts: &EventCounts) -> Vec<RateRow> {
    let topology = &counts.topology;
    let nodes = topology.populations.iter().enumerate();
    // What is multiplied does not spike.
    let spikes = |index: usize, node: &Node| {
        node.role != Role::Input || counts.per_inference(index).spikes > 0.0
    };
    nodes
        .map(|(index, node)| {
            let rate = spikes(index, node).then(|| counts.rate(index));
            row(topology, index, node, rate)
        })
        .collect()
}

/// Reads the columns `layer` and `rate`; rows without a rate are left out.
pub(super) fn read(file: &Path) -> anyhow::Result<BTreeMap<String, f64>> {
    let shown = file.display();
    let text = crate::files::read(file).with_context(|| format!("{shown}: cannot be read"))?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_slice());
    let head = reader
        .headers()
        .with_context(|| format!("{shown}: no CSV table"))?
        .clone();
    let column = |name: &str| {
        let found = head.iter().position(|have| have.eq_ignore_ascii_case(name));
        found.with_context(|| {
            format!(
                "{shown}: no column \"{name}\"; `spikewatt counts template MODEL` writes the table"
            )
        })
    };
    let (layer, rate) = (column("layer")?, column("rate")?);
    let mut rates = BTreeMap::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.with_context(|| format!("{shown}: row {}", line + 1))?;
        let (layer, rate) = (&record[layer], &record[rate]);
        if rate.is_empty() {
            continue;
        }
        let value: f64 = rate.parse().with_context(|| {
            format!("{shown}: {layer}: \"{rate}\" is no rate; give 0 to 1 spikes per neuron and timestep")
        })?;
        if rates.insert(layer.to_owned(), value).is_some() {
            bail!("{shown}: two rows for {layer}; keep one");
        }
    }
    Ok(rates)
}
