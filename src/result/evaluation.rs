//! How well each network answers, with intervals.

use super::{NumberFormat, Workload};
use serde::{Deserialize, Serialize};

/// Two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// One network at one number format on the samples of a run, beside the original at fp32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Evaluation {
    /// Which network.
    pub workload: Workload,
    /// The format it was evaluated at.
    pub format: NumberFormat,
    /// Samples.
    pub samples: u64,
    /// Samples with the right class; `None` without labels.
    pub correct: Option<u64>,
    /// Against the fp32 original on the same samples; `None` if there is none.
    pub paired: Option<Paired>,
}

/// A network against the fp32 original, sample by sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Paired {
    /// Samples on which both give the same class.
    pub agreeing: u64,
    /// Samples that this network has right and the original wrong; 0 without labels.
    pub gained: u64,
    /// Samples that the original has right and this network wrong; 0 without labels.
    pub lost: u64,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Share {
    /// Lower end, 0 to 1.
    pub low: f64,
    /// As observed, 0 to 1.
    pub value: f64,
    /// Upper end, 0 to 1.
    pub high: f64,
}

impl Share {
    /// Wilson's score interval of `hits` out of `of`; `None` of nothing.
    ///
    /// Source: Wilson, J. Am. Stat. Assoc. 22 (1927), 209.
    #[must_use]
    pub fn wilson(hits: u64, of: u64) -> Option<Share> {
        if of == 0 || hits > of {
            return None;
        }
        let (n, p) = (of as f64, hits as f64 / of as f64);
        let middle = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Some(Share {
            low: ((middle - half) / scale).clamp(0.0, p),
            value: p,
            high: ((middle + half) / scale).clamp(p, 1.0),
        })
    }
}

impl Evaluation {
    /// An evaluation of answers; `labels` and the answers of the fp32 original as far as there are any.
    #[must_use]
    pub fn of(
        workload: Workload,
        format: NumberFormat,
        answers: &[u32],
        labels: Option<&[u32]>,
        original: Option<&[u32]>,
    ) -> Self {
        let count =
            |right: &dyn Fn(usize) -> bool| (0..answers.len()).filter(|&i| right(i)).count() as u64;
        let right = |labels: &[u32], answers: &[u32], i: usize| labels.get(i) == answers.get(i);
        Evaluation {
            workload,
            format,
            samples: answers.len() as u64,
            correct: labels.map(|labels| count(&|i| right(labels, answers, i))),
            paired: original.map(|original| Paired {
                agreeing: count(&|i| right(original, answers, i)),
                gained: labels.map_or(0, |labels| {
                    count(&|i| right(labels, answers, i) && !right(labels, original, i))
                }),
                lost: labels.map_or(0, |labels| {
                    count(&|i| !right(labels, answers, i) && right(labels, original, i))
                }),
            }),
        }
    }

    /// Accuracy; without labels, agreement with the fp32 original.
    #[must_use]
    pub fn share(&self) -> Option<Share> {
        let hits = self.correct.or(self.paired.map(|paired| paired.agreeing))?;
        Share::wilson(hits, self.samples)
    }

    /// Accuracy minus that of the fp32 original, with a 95 % interval for paired samples; without
    /// labels, agreement minus 1. `None` without an original.
    ///
    /// Source: Agresti and Min, Stat. Med. 24 (2005), 729: Wald's interval with half a sample added
    /// to each cell.
    #[must_use]
    pub fn difference(&self) -> Option<Share> {
        let paired = self.paired.filter(|_| self.samples > 0)?;
        if self.correct.is_none() {
            let agreement = Share::wilson(paired.agreeing, self.samples)?;
            return Some(Share {
                low: agreement.low - 1.0,
                value: agreement.value - 1.0,
                high: agreement.high - 1.0,
            });
        }
        let (gained, lost) = (paired.gained as f64, paired.lost as f64);
        let value = (gained - lost) / self.samples as f64;
        let n = self.samples as f64 + 2.0;
        let (gained, lost) = (gained + 0.5, lost + 0.5);
        let middle = (gained - lost) / n;
        let half = Z * (gained + lost - (gained - lost).powi(2) / n).sqrt() / n;
        Some(Share {
            low: (middle - half).clamp(-1.0, value),
            value,
            high: (middle + half).clamp(value, 1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 5e-5, "{a} {b}");
    }

    /// By hand: p = 0.938, n = 1000, z² = 3.8415: middle 0.939921, half z·√(5.8156e-5 + 9.604e-7)
    /// = 0.015069, scale 1.0038415.
    #[test]
    fn worked_wilson_interval() {
        let share = Share::wilson(938, 1000).expect("samples");
        near(share.low, 0.921_31);
        near(share.value, 0.938);
        near(share.high, 0.951_33);
        assert_eq!(Share::wilson(0, 0), None);
        assert_eq!(Share::wilson(5, 5).map(|share| share.high), Some(1.0));
    }

    /// By hand: 5 gained, 4 lost of 1000: cells 5.5 and 4.5, n = 1002: middle 0.000998, half
    /// 1.96·√(10 − 1/1002)/1002 = 0.006185.
    #[test]
    fn worked_paired_difference() {
        let labels = vec![0; 1000];
        let mut original = vec![0; 1000];
        let mut answers = vec![0; 1000];
        original[..5].fill(1);
        answers[5..9].fill(2);
        let evaluation = Evaluation::of(
            Workload::Snn,
            NumberFormat::Fp32,
            &answers,
            Some(&labels),
            Some(&original),
        );
        assert_eq!(evaluation.correct, Some(996));
        let paired = Paired {
            agreeing: 991,
            gained: 5,
            lost: 4,
        };
        assert_eq!(evaluation.paired, Some(paired));
        let difference = evaluation.difference().expect("an original");
        near(difference.value, 0.001);
        near(difference.low, -0.005_187);
        near(difference.high, 0.007_183);
    }

    #[test]
    fn without_labels_agreement_counts() {
        let evaluation = Evaluation::of(
            Workload::Snn,
            NumberFormat::INT8,
            &[1, 2, 3, 4],
            None,
            Some(&[1, 2, 3, 5]),
        );
        assert_eq!(evaluation.share().map(|share| share.value), Some(0.75));
        assert_eq!(
            evaluation.difference().map(|share| share.value),
            Some(-0.25)
        );
        let alone = Evaluation::of(Workload::Snn, NumberFormat::Fp32, &[1], None, None);
        assert_eq!((alone.share(), alone.difference()), (None, None));
    }
}
