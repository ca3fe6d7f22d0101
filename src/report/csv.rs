//! Tables for spreadsheets and data frames. Units stand in the column names; an unknown figure is
//! an empty cell.

use super::escape::cell;
use super::{Evidence, ExportError, Exporter, Part, Report, Scope, Workload};
use serde::Serialize;
use std::io::Write;

/// Writes `populations.csv`: a row per population.
pub struct PopulationsCsv;

/// Writes `targets.csv`: a row per target.
pub struct TargetsCsv;

/// Writes `breakdown.csv`: a row per line of each target's receipt.
pub struct BreakdownCsv;

/// Column names are the names of these fields.
#[derive(Serialize)]
struct PopulationRow {
    population: String,
    shape: String,
    neurons: u64,
    synapses: u64,
    rate_spikes_per_neuron_timestep: f64,
    spikes_per_inference: f64,
    synops_per_inference: f64,
    macs_per_inference: f64,
    macs_once_per_inference: f64,
    neuron_updates_per_inference: f64,
    touched_updates_per_inference: f64,
}

#[derive(Serialize)]
struct TargetRow {
    target: String,
    title: String,
    kind: String,
    workload: Workload,
    scope: Scope,
    evidence: Evidence,
    fits: bool,
    exceeded: String,
    chips: u64,
    cores: Option<u64>,
    batch: u64,
    accuracy_fraction: Option<f64>,
    energy_low_j: Option<f64>,
    energy_nominal_j: Option<f64>,
    energy_high_j: Option<f64>,
    dynamic_j: Option<f64>,
    static_j: Option<f64>,
    latency_s: Option<f64>,
    edp_js: Option<f64>,
    carbon_low_g: Option<f64>,
    carbon_nominal_g: Option<f64>,
    carbon_high_g: Option<f64>,
    unverified: bool,
    unpriced: String,
}

#[derive(Serialize)]
struct BreakdownRow {
    target: String,
    workload: Workload,
    scope: Scope,
    event: String,
    part: Part,
    count_events_or_s: f64,
    cost_each_j_or_w: f64,
    energy_low_j: f64,
    energy_nominal_j: f64,
    energy_high_j: f64,
    unverified: bool,
    source: String,
}

impl Exporter for PopulationsCsv {
    fn file_name(&self) -> &'static str {
        "populations.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let rows = report.populations.iter().map(|p| PopulationRow {
            population: cell(&p.name),
            shape: p
                .shape
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join("x"),
            neurons: p.neurons,
            synapses: p.synapses,
            rate_spikes_per_neuron_timestep: p.rate,
            spikes_per_inference: p.spikes_per_inference,
            synops_per_inference: p.synops_per_inference,
            macs_per_inference: p.macs_per_inference,
            macs_once_per_inference: p.macs_once_per_inference,
            neuron_updates_per_inference: p.neuron_updates_per_inference,
            touched_updates_per_inference: p.touched_updates_per_inference,
        });
        write_rows(rows, out, self.file_name())
    }
}

impl Exporter for TargetsCsv {
    fn file_name(&self) -> &'static str {
        "targets.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let rows = report.targets.iter().map(|t| TargetRow {
            target: cell(&t.name),
            title: cell(&t.title),
            kind: cell(&t.kind),
            workload: t.workload,
            scope: t.scope,
            evidence: t.evidence,
            fits: t.fits,
            exceeded: cell(&t.exceeded.join("; ")),
            chips: t.chips,
            cores: t.cores,
            batch: t.batch,
            accuracy_fraction: report.accuracy_of(t.workload),
            energy_low_j: t.energy_j.map(|e| e.low),
            energy_nominal_j: t.energy_j.map(|e| e.nominal),
            energy_high_j: t.energy_j.map(|e| e.high),
            dynamic_j: t.dynamic_j,
            static_j: t.static_j,
            latency_s: t.latency_s,
            edp_js: t.edp_js,
            carbon_low_g: t.carbon_g.map(|c| c.low),
            carbon_nominal_g: t.carbon_g.map(|c| c.nominal),
            carbon_high_g: t.carbon_g.map(|c| c.high),
            unverified: t.is_unverified(),
            unpriced: cell(&t.unpriced.join("; ")),
        });
        write_rows(rows, out, self.file_name())
    }
}

impl Exporter for BreakdownCsv {
    fn file_name(&self) -> &'static str {
        "breakdown.csv"
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        let rows = report.targets.iter().flat_map(|target| {
            target.lines.iter().map(|line| BreakdownRow {
                target: cell(&target.name),
                workload: target.workload,
                scope: target.scope,
                event: cell(&line.event),
                part: line.part,
                count_events_or_s: line.count,
                cost_each_j_or_w: line.joules_each,
                energy_low_j: line.joules_range.low,
                energy_nominal_j: line.joules,
                energy_high_j: line.joules_range.high,
                unverified: line.unverified,
                source: cell(&line.source),
            })
        });
        write_rows(rows, out, self.file_name())
    }
}

fn write_rows<R: Serialize>(
    rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
    file: &'static str,
) -> Result<(), ExportError> {
    let io = ExportError::io(file);
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(row).map_err(|e| io(e.into()))?;
    }
    writer.flush().map_err(io)
}
