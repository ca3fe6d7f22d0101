//! The one loop that evaluates the terms of a law.

use super::law::{CostTerm, LawTable};
use super::mapped::Mapped;
use super::receipt::{NO_DENSE, Receipt, Running};
use super::{Job, host};
use crate::result::{FirstLayer, Line, Measure, Part, TargetReport, Workload};

/// Works out how long the device runs; what it lacks is named on the receipt.
pub(super) type AskRunning<'m, 'a> = dyn FnMut(&mut Receipt<'a>) -> Option<Running<'a>> + 'm;

/// What is known of the device while a table is evaluated.
#[derive(Default)]
pub(super) struct Machine<'m, 'a> {
    /// Where the neurons sit; `None` if that is not known or means nothing.
    pub mapped: Option<&'m Mapped>,
    /// How long it works; asked for once, by the term that charges for time.
    pub running: Option<&'m mut AskRunning<'m, 'a>>,
}

/// A receipt of a table: each term is a line.
pub(super) fn receipt<'a>(
    job: &Job<'a>,
    table: &LawTable,
    mut machine: Machine<'_, 'a>,
) -> Receipt<'a> {
    let mut receipt = Receipt::new(job);
    charge(job, &mut receipt, table, &mut machine);
    receipt
}

/// Adds a line for each term of a table.
pub(super) fn charge<'a>(
    job: &Job<'a>,
    receipt: &mut Receipt<'a>,
    table: &LawTable,
    machine: &mut Machine<'_, 'a>,
) {
    let notes = table.notes.iter().map(|&note| note.to_owned());
    receipt.notes.extend(notes);
    for term in table.terms {
        if term.what.is_time() {
            let running = machine
                .running
                .as_mut()
                .and_then(|running| running(receipt));
            receipt.charge_time(term, running.as_ref());
        } else {
            charge_events(job, receipt, term, machine.mapped);
        }
    }
}

fn charge_events(job: &Job, receipt: &mut Receipt, term: &CostTerm, mapped: Option<&Mapped>) {
    let term = &multiplied_as_told(job, term);
    if host::pays(job, term) {
        return;
    }
    let width = match term.width {
        None => Some(1.0),
        Some(key) => receipt.figure(key).map(|figure| figure.value.nominal),
    };
    if job.quantities.lacks_dense(term.what) {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, term.bill);
    }
    let count = job.quantities.total(term.what, job.hardware, mapped);
    let Some((count, width)) = count.zip(width) else {
        receipt.lose(Part::Dynamic, term.bill);
        return;
    };
    receipt.charge(term, count * width);
    if let Some(note) = term.note.filter(|_| count > 0.0) {
        receipt.notes.push(note.to_owned());
    }
}

/// The term with a constant input multiplied as often as the options say.
fn multiplied_as_told(job: &Job, term: &CostTerm) -> CostTerm {
    match (term.what, job.options.first_layer) {
        (Measure::MacsOnce, FirstLayer::EachStep) => CostTerm {
            what: Measure::MacsEachStep,
            ..*term
        },
        _ => *term,
    }
}

/// The energy of a line by the events of each population \[J\].
pub(super) fn by_events(job: &Job, line: &Line) -> Option<Vec<f64>> {
    let parts = job
        .quantities
        .parts(line.measure?, job.hardware, job.mapped)?;
    let whole = job
        .quantities
        .total(line.measure?, job.hardware, job.mapped)?;
    let share = |part: &f64| line.joules * (part / whole);
    Some(parts.iter().map(share).collect())
}

/// A device of operations alone: a report for each table, without a time.
pub(super) fn operations(job: &Job) -> Vec<TargetReport> {
    let tables = job.hardware.law.tables.iter();
    let tables = tables.filter(|table| table.format.is_none() || table.format == job.format);
    // Zeros count only where they were counted.
    let zeros = job
        .quantities
        .total(Measure::EffectiveMacs, job.hardware, None);
    let tables = tables.filter(|table| table.workload != Workload::ZeroSkipping || zeros.is_some());
    let report = |table: &LawTable| {
        let receipt = receipt(job, table, Machine::default());
        receipt.finish(table.workload, table.widest, None)
    };
    tables.map(report).collect()
}
