//! Tables for spreadsheets and data frames. Units stand in the column names; an unknown figure is
//! an empty cell.

use super::escape::cell;
use super::{ExportError, Exporter};
use crate::result::{Line, PopulationReport, Report, TargetReport};
use serde::Serialize;

/// Writes `populations.csv`: a row per population.
pub struct PopulationsCsv;

/// Writes `targets.csv`: a row per target.
pub struct TargetsCsv;

/// Writes `breakdown.csv`: a row per line of each target's receipt.
pub struct BreakdownCsv;

/// Name of a column and its cell in the row of a `B` that belongs to an `A`.
pub(super) type CsvColumn<A, B> = (&'static str, fn(&A, &B) -> String);

static POPULATIONS: [CsvColumn<Report, PopulationReport>; 12] = [
    ("population", |_, p| cell(&p.name)),
    ("shape", |_, p| shape(&p.shape)),
    ("neurons", |_, p| p.neurons.to_string()),
    ("synapses", |_, p| p.synapses.to_string()),
    ("rate_spikes_per_neuron_timestep", |_, p| float(p.rate)),
    ("spikes_per_inference", |_, p| float(p.spikes_per_inference)),
    ("synops_per_inference", |_, p| float(p.synops_per_inference)),
    ("macs_per_inference", |_, p| float(p.macs_per_inference)),
    ("macs_once_per_inference", |_, p| {
        float(p.macs_once_per_inference)
    }),
    ("neuron_updates_per_inference", |_, p| {
        float(p.neuron_updates_per_inference)
    }),
    ("touched_updates_per_inference", |_, p| {
        float(p.touched_updates_per_inference)
    }),
    ("negative_spikes_per_inference", |_, p| {
        float(p.negative_spikes_per_inference)
    }),
];

static TARGETS: [CsvColumn<Report, TargetReport>; 46] = [
    ("target", |_, t| cell(&t.name)),
    ("title", |_, t| cell(&t.title)),
    ("kind", |_, t| cell(&t.kind)),
    ("workload", |_, t| word(&t.workload)),
    ("widest_scope", |_, t| word(&t.scope)),
    ("evidence", |_, t| word(&t.evidence)),
    ("fits", |_, t| t.fits.to_string()),
    ("exceeded", |_, t| cell(&t.exceeded.join("; "))),
    ("chips", |_, t| t.chips.to_string()),
    ("cores", |_, t| {
        t.cores.map_or_else(String::new, |c| c.to_string())
    }),
    ("batch", |_, t| t.batch.to_string()),
    ("accuracy_fraction", |r, t| {
        maybe(r.accuracy_at(t).map(|share| share.value))
    }),
    ("energy_low_j", |_, t| maybe(t.energy_j.map(|e| e.low))),
    ("energy_nominal_j", |_, t| {
        maybe(t.energy_j.map(|e| e.nominal))
    }),
    ("energy_high_j", |_, t| maybe(t.energy_j.map(|e| e.high))),
    ("compute_low_j", |_, t| {
        maybe(t.scopes.compute.energy_j.map(|e| e.low))
    }),
    ("compute_nominal_j", |_, t| {
        maybe(t.scopes.compute.energy_j.map(|e| e.nominal))
    }),
    ("compute_high_j", |_, t| {
        maybe(t.scopes.compute.energy_j.map(|e| e.high))
    }),
    ("compute_missing", |_, t| {
        cell(&t.scopes.compute.missing.join("; "))
    }),
    ("memory_routing_low_j", |_, t| {
        maybe(t.scopes.memory_routing.energy_j.map(|e| e.low))
    }),
    ("memory_routing_nominal_j", |_, t| {
        maybe(t.scopes.memory_routing.energy_j.map(|e| e.nominal))
    }),
    ("memory_routing_high_j", |_, t| {
        maybe(t.scopes.memory_routing.energy_j.map(|e| e.high))
    }),
    ("memory_routing_missing", |_, t| {
        cell(&t.scopes.memory_routing.missing.join("; "))
    }),
    ("system_low_j", |_, t| {
        maybe(t.scopes.system.energy_j.map(|e| e.low))
    }),
    ("system_nominal_j", |_, t| {
        maybe(t.scopes.system.energy_j.map(|e| e.nominal))
    }),
    ("system_high_j", |_, t| {
        maybe(t.scopes.system.energy_j.map(|e| e.high))
    }),
    ("system_missing", |_, t| {
        cell(&t.scopes.system.missing.join("; "))
    }),
    ("dynamic_j", |_, t| maybe(t.dynamic_j)),
    ("static_j", |_, t| maybe(t.static_j)),
    ("latency_s", |_, t| maybe(t.latency_s)),
    ("throughput_per_s", |_, t| maybe(t.throughput_per_s)),
    ("edp_js", |_, t| maybe(t.edp_js)),
    ("carbon_low_g", |_, t| maybe(t.carbon_g.map(|c| c.low))),
    ("carbon_nominal_g", |_, t| {
        maybe(t.carbon_g.map(|c| c.nominal))
    }),
    ("carbon_high_g", |_, t| maybe(t.carbon_g.map(|c| c.high))),
    ("unverified", |_, t| t.is_unverified().to_string()),
    ("unpriced", |_, t| cell(&t.unpriced.join("; "))),
    ("class", |_, t| {
        t.class.map_or_else(String::new, |class| word(&class))
    }),
    ("chip", |_, t| cell(&t.chip)),
    ("table_basis", |_, t| {
        t.basis.map_or_else(String::new, |basis| word(&basis))
    }),
    ("format", |_, t| {
        t.format
            .map_or_else(String::new, |format| format.to_string())
    }),
    ("condition", |_, t| {
        t.condition.map_or_else(String::new, |found| word(&found))
    }),
    ("feasible", |_, t| word(&t.feasible)),
    ("infeasible_because", |_, t| cell(&t.why)),
    ("accuracy_low_fraction", |r, t| {
        maybe(r.accuracy_at(t).map(|share| share.low))
    }),
    ("accuracy_high_fraction", |r, t| {
        maybe(r.accuracy_at(t).map(|share| share.high))
    }),
];

static BREAKDOWN: [CsvColumn<TargetReport, Line>; 18] = [
    ("target", |t, _| cell(&t.name)),
    ("workload", |t, _| word(&t.workload)),
    ("scope", |_, l| word(&l.bill.scope)),
    ("undivided", |_, l| l.bill.undivided.to_string()),
    ("event", |_, l| cell(&l.event)),
    ("part", |_, l| word(&l.part)),
    ("count", |_, l| float(l.count)),
    ("unit", |_, l| {
        l.measure.map_or_else(String::new, |m| word(&m.unit()))
    }),
    ("energy_each_j", |_, l| {
        maybe((!l.is_time()).then_some(l.joules_each))
    }),
    ("power_w", |_, l| {
        maybe(l.is_time().then_some(l.joules_each))
    }),
    ("energy_low_j", |_, l| float(l.joules_range.low)),
    ("energy_nominal_j", |_, l| float(l.joules)),
    ("energy_high_j", |_, l| float(l.joules_range.high)),
    ("unverified", |_, l| l.unverified.to_string()),
    ("source", |_, l| cell(&l.source)),
    ("measure", |_, l| {
        l.measure.map_or_else(String::new, |m| word(&m))
    }),
    ("format", |t, _| {
        t.format
            .map_or_else(String::new, |format| format.to_string())
    }),
    ("batch", |t, _| t.batch.to_string()),
];

impl Exporter for PopulationsCsv {
    fn file_name(&self) -> &'static str {
        "populations.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows = report.populations.iter().map(|p| (report, p));
        table(self.file_name(), &POPULATIONS, rows)
    }
}

impl Exporter for TargetsCsv {
    fn file_name(&self) -> &'static str {
        "targets.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let rows = report.targets.iter().map(|t| (report, t));
        table(self.file_name(), &TARGETS, rows)
    }
}

impl Exporter for BreakdownCsv {
    fn file_name(&self) -> &'static str {
        "breakdown.csv"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let targets = report.targets.iter();
        let rows = targets.flat_map(|t| t.lines.iter().map(move |line| (t, line)));
        table(self.file_name(), &BREAKDOWN, rows)
    }
}

/// The bytes of a table; `file` names it in errors.
pub(super) fn table<'a, A: 'a, B: 'a>(
    file: &str,
    columns: &[CsvColumn<A, B>],
    rows: impl Iterator<Item = (&'a A, &'a B)>,
) -> Result<Vec<u8>, ExportError> {
    let failed = |error: csv::Error| ExportError::io(file)(error.into());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(columns.iter().map(|(name, _)| name))
        .map_err(failed)?;
    for (a, b) in rows {
        let cells = columns.iter().map(|(_, value)| value(a, b));
        writer.write_record(cells).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|error| ExportError::io(file)(error.into_error()))
}

/// The shortest digits that read back to the same number.
pub(super) fn float(value: f64) -> String {
    format!("{value:?}")
}

pub(super) fn maybe(value: Option<f64>) -> String {
    value.map_or_else(String::new, float)
}

/// The name that a value without fields has in `summary.json`.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn shape(lengths: &[usize]) -> String {
    let lengths: Vec<_> = lengths.iter().map(usize::to_string).collect();
    lengths.join("x")
}
