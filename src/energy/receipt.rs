//! How lines become a total.

use super::Job;
use super::hardware::{Figure, Hardware};
use crate::result::{
    Bill, Evidence, Footprints, Line, Part, Scope, Scopes, TargetReport, Workload,
};
use crate::units::Range;

/// The lines of one target while they are written.
pub(super) struct Receipt<'a> {
    hardware: &'a Hardware,
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

    /// `count` events at the price of one figure. Events that do not happen need no price.
    pub fn charge(&mut self, bill: Bill, event: &str, count: f64, key: &str) {
        if count == 0.0 {
            return;
        }
        match self.figure(key) {
            Some(figure) => {
                let counted = (count, figure.value.nominal);
                let bounds = figure.value * count;
                self.line(Part::Dynamic, bill, event, counted, bounds, &[figure]);
                if let Some(line) = self.lines.last_mut() {
                    line.figure = Some(key.into());
                }
            }
            None => self.lose(Part::Dynamic, bill),
        }
    }

    /// A line whose bounds are worked out elsewhere; its nominal joules are
    /// `count · joules_each`.
    pub fn line(
        &mut self,
        part: Part,
        bill: Bill,
        event: &str,
        (count, joules_each): (f64, f64),
        bounds: Range,
        used: &[&Figure],
    ) {
        let joules = count * joules_each;
        self.lines.push(Line {
            event: event.into(),
            count,
            joules_each,
            joules,
            joules_range: Range {
                nominal: joules,
                ..bounds
            },
            part,
            bill,
            figure: None,
            source: sources_of(used).join("; "),
            unverified: used.iter().any(|figure| figure.is_unverified()),
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
pub(super) const NO_DENSE: &str = "dense counts (the network has no original ANN)";
