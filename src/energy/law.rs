//! A cost law as data: terms that one loop evaluates.

use super::Job;
use super::hardware::Figure;
use super::mesh::Mapped;
use super::receipt::{NO_DENSE, Receipt};
use crate::result::{Bill, Line, Measure, Part, Scope, TargetReport, Workload};
use crate::units::Range;

/// A way to turn counts into joules.
#[derive(Debug)]
pub struct Law {
    /// Name, as the key `law` of a device file gives it.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// What it charges, a table for each network that it prices.
    pub(super) tables: &'static [Table],
    /// Figures that it reads beside those of its terms: capacities, times and what only a part of a
    /// term depends on.
    pub(super) figures: &'static [&'static [&'static str]],
    /// Evaluates the tables, and adds what more there is.
    pub(super) price: fn(&Job) -> Vec<TargetReport>,
    /// Energy of a line by population \[J\], in the order of the network; `None` where no population
    /// has a part to itself.
    pub(super) divide: fn(&Job, &Line) -> Option<Vec<f64>>,
}

/// What a law charges for one network.
#[derive(Debug)]
pub(super) struct Table {
    /// Which network.
    pub workload: Workload,
    /// The widest scope that the terms cover.
    pub widest: Scope,
    /// `E = Σ what · figure`.
    pub terms: &'static [Term],
    /// What a reader should know.
    pub notes: &'static [&'static str],
}

/// So many of `what`, each at the price of `figure`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// What the figure pays for.
    pub bill: Bill,
    /// What is counted.
    pub what: Measure,
    /// What one costs \[J\]; a second: the power \[W\].
    pub price: Price,
    /// Name of the line.
    pub label: &'static str,
    /// Figure that the count is multiplied with, such as the bits of a word.
    pub width: Option<&'static str>,
    /// What a reader should know if there is anything to charge.
    pub note: Option<&'static str>,
}

/// The price of a term.
#[derive(Debug, Clone, Copy)]
pub(super) enum Price {
    /// A figure of the cost table, `section.key`.
    Figure(&'static str),
    /// Worked out from several.
    Derived(Derive),
}

/// A price and the figures that it comes from; `None` if one is missing, which is named.
pub(super) type Derive = for<'a> fn(&mut Receipt<'a>) -> Option<(Range, Vec<&'a Figure>)>;

impl Term {
    /// A term of one figure.
    pub const fn new(bill: Bill, what: Measure, figure: &'static str, label: &'static str) -> Self {
        Term {
            bill,
            what,
            price: Price::Figure(figure),
            label,
            width: None,
            note: None,
        }
    }

    /// A term whose price several figures give, which the law names among its figures.
    pub const fn derived(bill: Bill, what: Measure, price: Derive, label: &'static str) -> Self {
        Term {
            bill,
            what,
            price: Price::Derived(price),
            label,
            width: None,
            note: None,
        }
    }

    /// The figure that prices it; `None` where several do.
    pub fn figure(&self) -> Option<&'static str> {
        match self.price {
            Price::Figure(figure) => Some(figure),
            Price::Derived(_) => None,
        }
    }

    /// The same with a count of bits: as many of each event as a figure says.
    pub const fn of_width(self, width: &'static str) -> Self {
        Term {
            width: Some(width),
            ..self
        }
    }
}

impl Law {
    /// The figures it reads, `section.key`; `section.*` stands for any key. A device file may
    /// contain no others.
    pub fn figures(&self) -> impl Iterator<Item = &'static str> + use<> {
        let terms = self.tables.iter().flat_map(|table| table.terms);
        let priced = terms.flat_map(|term| [term.figure(), term.width].into_iter().flatten());
        self.figures
            .iter()
            .copied()
            .flatten()
            .copied()
            .chain(priced)
    }

    /// Whether it is this law, whatever its name.
    pub(super) fn is(&self, other: &Law) -> bool {
        std::ptr::eq(self, other)
    }
}

/// How long a device works on one inference, and how many chips of it.
#[derive(Debug, Clone)]
pub(super) struct Running<'a> {
    /// Time \[s\].
    pub seconds: Range,
    /// Chips in use.
    pub chips: u64,
    /// Figures that the time comes from.
    pub figures: Vec<&'a Figure>,
}

/// What is known of the device while a table is evaluated.
#[derive(Default)]
pub(super) struct Machine<'m, 'a> {
    /// Where the neurons sit; `None` if that is not known or means nothing.
    pub mapped: Option<&'m Mapped>,
    /// How long it works; asked for once, by the term that charges for time.
    pub running: Option<&'m mut dyn FnMut(&mut Receipt<'a>) -> Option<Running<'a>>>,
}

/// A receipt of a table: each term is a line.
pub(super) fn receipt<'a>(
    job: &Job<'a>,
    table: &Table,
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
    table: &Table,
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

fn charge_events(job: &Job, receipt: &mut Receipt, term: &Term, mapped: Option<&Mapped>) {
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
    let report = |table| {
        let receipt = receipt(job, table, Machine::default());
        receipt.finish(table.workload, table.widest, None)
    };
    tables.map(report).collect()
}
