//! Who takes part in a comparison.

use super::{Boundary, Condition, Evaluation, Report, Share, TargetReport, Terms, Workload};
use crate::units::Range;

/// How a network does beside the fp32 original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// Within the tolerance.
    Within {
        /// Accuracy, or agreement without labels.
        share: Share,
        /// Difference to the original.
        difference: Share,
        /// Whether a difference beyond the tolerance is not excluded by its interval.
        not_excluded: bool,
    },
    /// Below it.
    Below {
        /// Accuracy, or agreement without labels.
        share: Share,
        /// Difference to the original.
        difference: Share,
    },
    /// Not evaluated at this format, or nothing to compare with.
    NotEvaluated,
}

impl Standing {
    /// Judges an evaluation.
    #[must_use]
    pub fn of(evaluation: Option<&Evaluation>, tolerance: f64) -> Standing {
        let found = evaluation.and_then(|found| Some((found.share()?, found.difference()?)));
        let Some((share, difference)) = found else {
            return Standing::NotEvaluated;
        };
        // Counts of samples are whole: a tolerance that is met exactly is met.
        if difference.value < -tolerance - 1e-12 {
            return Standing::Below { share, difference };
        }
        Standing::Within {
            share,
            difference,
            not_excluded: difference.low < -tolerance,
        }
    }
}

/// A network at a number format on a table or device, under a condition, within a boundary.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// What it costs, and on what.
    pub target: &'a TargetReport,
    /// What its figure includes.
    pub boundary: Boundary,
    /// One inference at a time or many together.
    pub condition: Condition,
    /// Time from one inference to the next that idle power is paid for [s]; `None`: back to back.
    pub period_s: Option<f64>,
    /// How its network answers.
    pub standing: Standing,
    /// What holds for the report that it is from.
    pub terms: Terms,
}

impl<'a> Contender<'a> {
    /// A target of a report.
    #[must_use]
    pub fn new(
        report: &Report,
        target: &'a TargetReport,
        boundary: Boundary,
        condition: Condition,
    ) -> Self {
        let terms = report.terms.unwrap_or_default();
        let evaluation = report.evaluation_of(target);
        Contender {
            target,
            boundary,
            condition,
            period_s: report.usage.period_s,
            standing: Standing::of(evaluation, terms.accuracy_tolerance),
            terms,
        }
    }

    /// Energy per inference within the boundary [J]; `None` if it is not known.
    #[must_use]
    pub fn energy_j(&self) -> Option<Range> {
        self.target.scopes.get(self.boundary.scope()).known()
    }

    /// Whether it executes the spiking network.
    #[must_use]
    pub fn is_spiking(&self) -> bool {
        self.target.workload == Workload::Snn
    }

    /// Network, format and target: `SNN 8-bit on loihi1`.
    #[must_use]
    pub fn name(&self) -> String {
        let batch = match self.target.batch {
            1 => String::new(),
            batch => format!(", batch {batch}"),
        };
        let network = self.target.network_label();
        format!("{network} on {}{batch}", self.target.name)
    }
}
