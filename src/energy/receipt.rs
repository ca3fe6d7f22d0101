//! How lines become a total.

use super::Job;
use super::hardware::{Figure, Hardware};
use super::law::{CostTerm, Price};
use crate::counts::NumberFormat;
use crate::result::{
    Bill, Condition, Evidence, Feasible, Footprints, Line, Measure, Part, Scope, Scopes,
    TargetReport, Workload,
};
use crate::units::Range;

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

/// A line before it is written.
pub(super) struct LineDraft<'e> {
    pub part: Part,
    pub bill: Bill,
    /// Name to print.
    pub event: String,
    pub measure: Measure,
    /// How many, and the nominal energy of one \[J\] (of a second: the power \[W\]).
    pub amount: (f64, f64),
    /// Energy with each cost at its bounds \[J\]; the nominal one is that of the amount.
    pub bounds: Range,
    /// The figure that prices it; `None` where several do.
    pub figure: Option<&'static str>,
    /// Every figure that the energy rests on.
    pub used: &'e [&'e Figure],
}

/// The lines of one target while they are written.
pub(super) struct Receipt<'a> {
    hardware: &'a Hardware,
    format: Option<NumberFormat>,
    counted_at_format: bool,
    lines: Vec<Line>,
    unpriced: Vec<String>,
    /// What is not known, with the narrowest scope that needs it.
    missing: Vec<(Scope, String)>,
    dynamic_known: bool,
    static_known: bool,
    /// Assumptions a reader should know.
    pub notes: Vec<String>,
}

impl<'a> Receipt<'a> {
    pub fn new(job: &Job<'a>) -> Self {
        Receipt {
            hardware: job.hardware,
            format: job.format,
            counted_at_format: job.format == Some(job.work.format),
            lines: Vec::new(),
            unpriced: Vec::new(),
            missing: Vec::new(),
            dynamic_known: true,
            static_known: true,
            notes: vec![format!("basis: {}", job.hardware.basis)],
        }
    }

    /// A figure that is needed; a missing one is named.
    pub fn figure(&mut self, key: &str) -> Option<&'a Figure> {
        let figure = self.hardware.figures.get(key);
        if figure.is_none() {
            self.lack(key);
        }
        figure
    }

    /// The device.
    pub fn hardware(&self) -> &'a Hardware {
        self.hardware
    }

    /// Figures that are needed together; all missing ones are named.
    pub fn figures<const N: usize>(&mut self, keys: [&str; N]) -> Option<[&'a Figure; N]> {
        let found = keys.map(|key| self.figure(key));
        let mut all = [found[0]?; N];
        for (slot, figure) in all.iter_mut().zip(found) {
            *slot = figure?;
        }
        Some(all)
    }

    /// Names something that is needed and not known.
    pub fn lack(&mut self, name: &str) {
        if !self.unpriced.iter().any(|have| have == name) {
            self.unpriced.push(name.into());
        }
    }

    /// Marks the dynamic or static part as unknown for want of what was named so far, and with it
    /// the scopes that `bill` belongs to.
    pub fn lose(&mut self, part: Part, bill: Bill) {
        match part {
            Part::Dynamic => self.dynamic_known = false,
            Part::Static => self.static_known = false,
        }
        let from = if bill.undivided {
            Scope::Compute
        } else {
            bill.scope
        };
        let names = self.unpriced.iter().cloned();
        self.missing.extend(names.map(|name| (from, name)));
    }

    /// What one event (one second) of a term costs, and the figures it comes from.
    fn price(&mut self, term: &CostTerm) -> Option<(Range, Vec<&'a Figure>)> {
        match term.price {
            Price::Figure(key) => self.figure(key).map(|figure| (figure.value, vec![figure])),
            Price::Derived { figures, of } => {
                let found: Vec<Option<&Figure>> =
                    figures.iter().map(|key| self.figure(key)).collect();
                let found: Vec<&Figure> = found.into_iter().collect::<Option<_>>()?;
                let values: Vec<Range> = found.iter().map(|figure| figure.value).collect();
                Some((of(&values), found))
            }
        }
    }

    /// `count` events at the price of a term. Events that do not happen need no price.
    pub fn charge(&mut self, term: &CostTerm, count: f64) {
        if count == 0.0 {
            return;
        }
        match self.price(term) {
            Some((each, used)) => self.line(LineDraft {
                part: Part::Dynamic,
                bill: term.bill,
                event: match term.what {
                    Measure::MacsOnce => format!("{}, once per inference", term.label),
                    Measure::MacsEachStep => format!("{}, in each timestep", term.label),
                    _ => term.label.to_owned(),
                },
                measure: term.what,
                amount: (count, each.nominal),
                bounds: each * count,
                figure: term.figure(),
                used: &used,
            }),
            None => self.lose(Part::Dynamic, term.bill),
        }
    }

    /// The power of each chip for the time that the device runs, or marks it unknown.
    pub fn charge_time(&mut self, term: &CostTerm, running: Option<&Running<'a>>) {
        let price = self.price(term);
        let (Some((watts, mut used)), Some(running)) = (price, running) else {
            self.lose(Part::Static, term.bill);
            return;
        };
        let watts = watts * running.chips as f64;
        used.extend_from_slice(&running.figures);
        self.line(LineDraft {
            part: Part::Static,
            bill: term.bill,
            event: match running.chips {
                1 => format!("{} of the chip", term.label),
                chips => format!("{} of {chips} chips", term.label),
            },
            measure: term.what,
            amount: (running.seconds.nominal, watts.nominal),
            bounds: watts.zip(running.seconds, |watts, seconds| watts * seconds),
            figure: term.figure(),
            used: &used,
        });
    }

    /// Adds a line.
    pub fn line(&mut self, entry: LineDraft) {
        let (count, joules_each) = entry.amount;
        let joules = count * joules_each;
        self.lines.push(Line {
            event: entry.event,
            measure: Some(entry.measure),
            count,
            joules_each,
            joules,
            joules_range: Range {
                nominal: joules,
                ..entry.bounds
            },
            part: entry.part,
            bill: entry.bill,
            figure: entry.figure.map(str::to_owned),
            source: sources_of(entry.used).join("; "),
            unverified: entry.used.iter().any(|figure| figure.is_unverified()),
        });
    }

    /// Sums the lines. The report is that of a single inference on one unlimited device; a law
    /// changes what differs.
    pub fn finish(self, workload: Workload, scope: Scope, latency_s: Option<f64>) -> TargetReport {
        let part = |part: Part, known: bool| {
            let mut joules = self.lines.iter().filter(|l| l.part == part).peekable();
            let exists = part == Part::Dynamic || joules.peek().is_some();
            (known && exists).then(|| joules.fold(0.0, |sum, line| sum + line.joules))
        };
        let (dynamic_j, static_j) = (
            part(Part::Dynamic, self.dynamic_known),
            part(Part::Static, self.static_known),
        );
        let energy_j: Option<Range> = (self.dynamic_known && self.static_known)
            .then(|| self.lines.iter().map(|l| l.joules_range).sum());
        TargetReport {
            name: self.hardware.name.clone(),
            title: self.hardware.title.clone(),
            kind: self.hardware.kind.to_string(),
            class: self.hardware.class,
            chip: self.hardware.chip.clone(),
            basis: self.hardware.stated,
            format: self.format,
            counted_at_format: self.counted_at_format || workload != Workload::Snn,
            condition: Some(Condition::Streaming),
            feasible: Feasible::default(),
            why: String::new(),
            workload,
            evidence: Evidence::Modelled,
            scope,
            fits: true,
            exceeded: Vec::new(),
            chips: 1,
            cores: None,
            batch: 1,
            latency_s,
            throughput_per_s: latency_s.filter(|s| *s > 0.0).map(f64::recip),
            energy_j,
            scopes: Scopes::of(&self.lines, scope, &self.missing),
            dynamic_j,
            static_j,
            edp_js: energy_j
                .zip(latency_s)
                .map(|(energy, latency)| energy.nominal * latency),
            carbon_g: None,
            duty_cycle: None,
            footprint: Footprints::default(),
            lines: self.lines,
            unpriced: self.unpriced,
            notes: self.notes,
            model_error: None,
        }
    }
}

/// The sources of some figures, each one once.
pub(super) fn sources_of<'a>(used: &[&'a Figure]) -> Vec<&'a str> {
    let mut sources: Vec<&str> = Vec::new();
    for figure in used {
        if !sources.contains(&figure.source.as_str()) {
            sources.push(&figure.source);
        }
    }
    sources
}

/// What the counts of a network without an original are called in `unpriced`.
pub(super) const NO_DENSE: &str = "counts of a conventional network (--baseline MODEL.onnx)";

/// Adds a line to the whole device of a finished report.
pub(super) fn add_static(report: &mut TargetReport, line: Line) {
    report.static_j = Some(report.static_j.unwrap_or(0.0) + line.joules);
    report.energy_j = report.energy_j.map(|energy| energy + line.joules_range);
    report.scopes.add(Scope::System, line.joules_range);
    report.lines.push(line);
}

/// Marks the whole device of a finished report as unknown for want of a figure.
pub(super) fn lose_whole(report: &mut TargetReport, name: &str) {
    report.energy_j = None;
    report.static_j = None;
    report.edp_js = None;
    report.scopes.system.energy_j = None;
    report.scopes.system.missing.push(name.into());
    if !report.unpriced.iter().any(|have| have == name) {
        report.unpriced.push(name.into());
    }
}

/// Events that all cost nothing state no energy.
pub(super) fn refuse_zeros(report: &mut TargetReport) {
    const ALL_ZERO: &str = "energies of events (the table has zeros alone)";
    let mut events = report
        .lines
        .iter()
        .filter(|line| line.part == Part::Dynamic);
    let happens = events.clone().any(|line| line.count > 0.0);
    if !happens || events.any(|line| line.joules_range.high > 0.0) {
        return;
    }
    let mut scopes = Scopes::default();
    for column in [
        &mut scopes.compute,
        &mut scopes.memory_routing,
        &mut scopes.system,
    ] {
        column.missing.push(ALL_ZERO.into());
    }
    report.scopes = scopes;
    report.energy_j = None;
    report.dynamic_j = None;
    report.edp_js = None;
    report.unpriced.push(ALL_ZERO.into());
}
