//! A cost law as data: terms that one loop evaluates.

use super::Job;
use crate::counts::NumberFormat;
use crate::result::{Bill, Line, Measure, Scope, TargetReport, Workload};
use crate::units::Range;
use std::collections::BTreeSet;

/// A way to turn counts into joules.
#[derive(Debug)]
pub struct Law {
    /// Name, as the key `law` of a device file gives it.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Number formats that a table of this law prices unless it says otherwise.
    pub(super) formats: &'static [NumberFormat],
    /// What it charges, a table for each network that it prices.
    pub(super) tables: &'static [LawTable],
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
pub(super) struct LawTable {
    /// Which network.
    pub workload: Workload,
    /// The number format that the terms price; `None`: that of the device.
    pub format: Option<NumberFormat>,
    /// The widest scope that the terms cover.
    pub widest: Scope,
    /// `E = Σ what · figure`.
    pub terms: &'static [CostTerm],
    /// What a reader should know.
    pub notes: &'static [&'static str],
}

/// So many of `what`, each at the price of `figure`.
#[derive(Debug, Clone, Copy)]
pub(super) struct CostTerm {
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
    Derived {
        /// The figures of the cost table.
        figures: &'static [&'static str],
        /// The price from their values, in their order.
        of: fn(&[Range]) -> Range,
    },
}

impl CostTerm {
    /// A term of one figure.
    pub const fn new(bill: Bill, what: Measure, figure: &'static str, label: &'static str) -> Self {
        CostTerm {
            bill,
            what,
            price: Price::Figure(figure),
            label,
            width: None,
            note: None,
        }
    }

    /// A term whose price several figures give.
    pub const fn derived(
        bill: Bill,
        what: Measure,
        figures: &'static [&'static str],
        of: fn(&[Range]) -> Range,
        label: &'static str,
    ) -> Self {
        CostTerm {
            bill,
            what,
            price: Price::Derived { figures, of },
            label,
            width: None,
            note: None,
        }
    }

    /// The figure that prices it; `None` where several do.
    pub fn figure(&self) -> Option<&'static str> {
        match self.price {
            Price::Figure(figure) => Some(figure),
            Price::Derived { .. } => None,
        }
    }

    /// Every figure that it reads.
    fn figures(&self) -> impl Iterator<Item = &'static str> + use<> {
        let (one, several) = match self.price {
            Price::Figure(figure) => (Some(figure), &[][..]),
            Price::Derived { figures, .. } => (None, figures),
        };
        one.into_iter()
            .chain(self.width)
            .chain(several.iter().copied())
    }

    /// The same with a count of bits: as many of each event as a figure says.
    pub const fn of_width(self, width: &'static str) -> Self {
        CostTerm {
            width: Some(width),
            ..self
        }
    }
}

impl Law {
    /// The figures it reads, each once, `section.key`; `section.*` stands for any key. A device file
    /// may contain no others.
    pub fn figures(&self) -> impl Iterator<Item = &'static str> + use<> {
        let terms = self.tables.iter().flat_map(|table| table.terms);
        let priced = terms.flat_map(CostTerm::figures);
        let stated = self.figures.iter().copied().flatten().copied();
        let mut seen = BTreeSet::new();
        stated.chain(priced).filter(move |key| seen.insert(*key))
    }

    /// Whether it is this law, whatever its name.
    pub(super) fn is(&self, other: &Law) -> bool {
        std::ptr::eq(self, other)
    }

    /// Whether it charges for something.
    pub(super) fn charges(&self, what: Measure) -> bool {
        let mut terms = self.tables.iter().flat_map(|table| table.terms);
        terms.any(|term| term.what == what)
    }
}

#[cfg(test)]
mod tests {
    use crate::energy::LAWS;
    use std::collections::BTreeSet;

    #[test]
    fn property_a_law_names_each_figure_once() {
        for law in LAWS {
            let figures: Vec<&str> = law.figures().collect();
            let different: BTreeSet<&&str> = figures.iter().collect();
            assert_eq!(figures.len(), different.len(), "{}: {figures:?}", law.name);
            assert!(!figures.is_empty(), "{}", law.name);
        }
    }
}
