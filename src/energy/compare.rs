//! The same counts through every cost table, and what makes the tables disagree.

use super::{Hardware, PriceOptions, Work, price};
use crate::result::{Feasible, NumberFormat, Scope, TargetReport, Workload};
use crate::units::Range;
use serde::Serialize;

/// What one table says about the counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableRow {
    /// Name of the table.
    pub table: String,
    /// Its cost law.
    pub law: String,
    /// Which network it prices.
    pub workload: Workload,
    /// Its number format; `None` if the table does not say.
    pub format: Option<NumberFormat>,
    /// Inferences that run together.
    pub batch: u64,
    /// Energy per inference in each scope [J]; `None` if the table does not say.
    pub compute_j: Option<Range>,
    /// With memory and routing [J].
    pub memory_routing_j: Option<Range>,
    /// With idle power, encoding, host and I/O [J].
    pub system_j: Option<Range>,
    /// The line that costs most.
    pub largest: Option<Largest>,
    /// Whether a cost was never checked against its source, or is assumed.
    pub unverified: bool,
    /// Whether the device can do what is asked.
    pub feasible: Feasible,
    /// What is in the way, or what is not known.
    pub why: String,
    /// Figures that are needed but not known.
    pub unknown: Vec<String>,
}

/// The line of a receipt that costs most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Largest {
    /// What is counted.
    pub event: String,
    /// Events per inference, or seconds.
    pub count: f64,
    /// Energy of one event [J], or power [W].
    pub joules_each: f64,
    /// Share of the energy of all lines, 0 to 1.
    pub share: f64,
}

/// How far tables disagree on one network in one scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Which network.
    pub workload: Workload,
    /// What is included.
    pub scope: Scope,
    /// Tables that give a figure.
    pub tables: usize,
    /// The table that gives the least.
    pub least: String,
    /// Its energy [J].
    pub least_j: f64,
    /// The table that gives the most.
    pub most: String,
    /// Its energy [J].
    pub most_j: f64,
    /// The constant or the choice of model behind it.
    pub reason: String,
}

/// Counts priced through many tables.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableComparison {
    /// A row per table, workload and batch.
    pub rows: Vec<TableRow>,
    /// Per workload and scope.
    pub spreads: Vec<Spread>,
}

/// Prices the same work through each table.
#[must_use]
pub fn compare(tables: &[&Hardware], work: &Work, options: &PriceOptions) -> TableComparison {
    let mut rows = Vec::new();
    for table in tables {
        for report in price(table, work, options) {
            rows.push(row(table, &report));
        }
    }
    let groups = Workload::ALL
        .into_iter()
        .flat_map(|workload| Scope::ALL.map(|scope| (workload, scope)));
    let spreads = groups
        .filter_map(|(workload, scope)| spread(&rows, workload, scope))
        .collect();
    TableComparison { rows, spreads }
}

impl TableRow {
    /// Energy per inference in a scope [J].
    #[must_use]
    pub fn energy_j(&self, scope: Scope) -> Option<Range> {
        match scope {
            Scope::Compute => self.compute_j,
            Scope::MemoryRouting => self.memory_routing_j,
            Scope::System => self.system_j,
        }
    }

    /// Table, and batch where several run together.
    #[must_use]
    pub fn label(&self) -> String {
        match self.batch {
            1 => self.table.clone(),
            batch => format!("{} (batch {batch})", self.table),
        }
    }
}

fn row(table: &Hardware, report: &TargetReport) -> TableRow {
    let all: f64 = report.lines.iter().map(|line| line.joules).sum();
    let largest = report
        .lines
        .iter()
        .max_by(|a, b| a.joules.total_cmp(&b.joules));
    let known = |scope| report.scopes.get(scope).known();
    TableRow {
        table: table.name.clone(),
        law: table.law.name.into(),
        workload: report.workload,
        format: report.format,
        batch: report.batch,
        compute_j: known(Scope::Compute),
        memory_routing_j: known(Scope::MemoryRouting),
        system_j: known(Scope::System),
        largest: largest.filter(|_| all > 0.0).map(|line| Largest {
            event: line.event.clone(),
            count: line.count,
            joules_each: line.joules_each,
            share: line.joules / all,
        }),
        unverified: report.is_unverified(),
        feasible: report.feasible,
        why: report.why.clone(),
        unknown: report.unpriced.clone(),
    }
}

fn spread(rows: &[TableRow], workload: Workload, scope: Scope) -> Option<Spread> {
    let of = |row: &TableRow| row.energy_j(scope).map(|energy| energy.nominal);
    let mut found: Vec<(f64, &TableRow)> = rows
        .iter()
        .filter(|row| row.workload == workload)
        .filter_map(|row| Some((of(row)?, row)))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (&(least_j, least), &(most_j, most)) = (found.first()?, found.last()?);
    (found.len() > 1).then(|| Spread {
        workload,
        scope,
        tables: found.len(),
        least: least.label(),
        least_j,
        most: most.label(),
        most_j,
        reason: reason(least, most),
    })
}

/// Names the line that makes the most expensive table expensive, and what the cheapest pays most
/// for.
fn reason(least: &TableRow, most: &TableRow) -> String {
    let described = |row: &TableRow| match &row.largest {
        Some(line) => format!(
            "{} ({}) pays {:.0} % for \"{}\", {:.3e} at {:.3e} J",
            row.label(),
            row.law,
            100.0 * line.share,
            line.event,
            line.count,
            line.joules_each
        ),
        None => format!("{} ({}) pays for nothing", row.label(), row.law),
    };
    let model = if least.law == most.law {
        "one law, other constants"
    } else {
        "other laws"
    };
    format!("{model}: {}; {}", described(most), described(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &str, law: &str, joules: f64) -> TableRow {
        TableRow {
            table: table.into(),
            law: law.into(),
            workload: Workload::Snn,
            format: None,
            batch: 1,
            compute_j: None,
            memory_routing_j: Some(Range::exact(joules)),
            system_j: None,
            largest: Some(Largest {
                event: format!("event of {table}"),
                count: 10.0,
                joules_each: joules / 10.0,
                share: 1.0,
            }),
            unverified: false,
            feasible: Feasible::Yes,
            why: String::new(),
            unknown: Vec::new(),
        }
    }

    #[test]
    fn worked_spread_names_both_ends() {
        let rows = [row("a", "x", 2.0), row("b", "y", 8.0), row("c", "x", 4.0)];
        let found = spread(&rows, Workload::Snn, Scope::MemoryRouting).expect("three tables");
        assert_eq!((found.least.as_str(), found.most.as_str()), ("a", "b"));
        assert_eq!((found.tables, found.least_j, found.most_j), (3, 2.0, 8.0));
        assert!(found.reason.contains("event of a") && found.reason.contains("event of b"));
        assert!(found.reason.starts_with("other laws"));
        // Figures of another scope or workload do not mix in.
        assert_eq!(spread(&rows, Workload::Snn, Scope::System), None);
        assert_eq!(spread(&rows, Workload::Ann, Scope::MemoryRouting), None);
    }
}
