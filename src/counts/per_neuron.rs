//! One count for each neuron of a population, held as a rule where a rule says them all.

use std::ops::{Deref, DerefMut, Range};
use std::sync::OnceLock;

/// A number of events for each neuron of a population, channels last.
///
/// Where all neurons are counted alike, as in an estimate, no list is kept: fifteen million neurons
/// take a few bytes. As a slice it is a list like any other, made when it is first asked for; what
/// only needs sums asks [`sum_of`](Self::sum_of).
#[derive(Clone)]
pub struct PerNeuron(Held);

#[derive(Clone)]
enum Held {
    Each(Vec<u64>),
    /// The first `i` neurons have `⌊i · total / parts⌋` events together.
    Even {
        neurons: usize,
        total: u64,
        parts: u64,
        list: OnceLock<Vec<u64>>,
    },
}

impl PerNeuron {
    /// `each` events of each of so many neurons.
    #[must_use]
    pub fn alike(neurons: usize, each: u64) -> Self {
        Self::even(neurons, each, 1)
    }

    fn even(neurons: usize, total: u64, parts: u64) -> Self {
        PerNeuron(Held::Even {
            neurons,
            total,
            parts,
            list: OnceLock::new(),
        })
    }

    /// Number of neurons.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::Each(values) => values.len(),
            Held::Even { neurons, .. } => *neurons,
        }
    }

    /// Whether there are no neurons.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Events of all neurons together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum_of(0..self.len())
    }

    /// Events of some neighbours together.
    ///
    /// # Panics
    /// If there are no such neurons.
    #[must_use]
    pub fn sum_of(&self, neurons: Range<usize>) -> u64 {
        assert!(neurons.end <= self.len(), "neurons of the population");
        match &self.0 {
            Held::Each(values) => values[neurons].iter().sum(),
            Held::Even { total, parts, .. } => {
                first(neurons.end, *total, *parts) - first(neurons.start, *total, *parts)
            }
        }
    }

    /// The count of each neuron where all are known to have the same, without a look at them.
    #[must_use]
    pub fn common(&self) -> Option<u64> {
        match &self.0 {
            Held::Even {
                total, parts: 1, ..
            } => Some(*total),
            _ => None,
        }
    }

    /// Gives each neuron the same count.
    pub fn fill(&mut self, each: u64) {
        *self = Self::alike(self.len(), each);
    }

    /// Changes each count by a rule of its value alone.
    pub fn map(&mut self, rule: impl Fn(u64) -> u64) {
        match self.common() {
            Some(each) => self.fill(rule(each)),
            None => self.iter_mut().for_each(|value| *value = rule(*value)),
        }
    }

    /// The counts scaled by `part / whole`, so that their sum is scaled exactly.
    #[must_use]
    pub fn share(&self, part: u64, whole: u64) -> Self {
        let whole = whole.max(1);
        if let Some(total) = self.common().and_then(|each| each.checked_mul(part)) {
            return Self::even(self.len(), total, whole);
        }
        let (mut seen, mut given) = (0u128, 0u128);
        let share = |value: &u64| {
            seen += u128::from(*value);
            let due = seen * u128::from(part) / u128::from(whole);
            let share = due - given;
            given = due;
            share as u64
        };
        self.iter().map(share).collect()
    }
}

/// Events of the first neurons.
fn first(neurons: usize, total: u64, parts: u64) -> u64 {
    (neurons as u128 * u128::from(total) / u128::from(parts)) as u64
}

impl Deref for PerNeuron {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        match &self.0 {
            Held::Each(values) => values,
            Held::Even {
                neurons,
                total,
                parts,
                list,
            } => list.get_or_init(|| listed(*neurons, *total, *parts)),
        }
    }
}

impl DerefMut for PerNeuron {
    fn deref_mut(&mut self) -> &mut [u64] {
        if let Held::Even {
            neurons,
            total,
            parts,
            list,
        } = &mut self.0
        {
            let made = list.take();
            self.0 = Held::Each(made.unwrap_or_else(|| listed(*neurons, *total, *parts)));
        }
        match &mut self.0 {
            Held::Each(values) => values,
            Held::Even { .. } => &mut [],
        }
    }
}

fn listed(neurons: usize, total: u64, parts: u64) -> Vec<u64> {
    let value = |neuron| first(neuron + 1, total, parts) - first(neuron, total, parts);
    (0..neurons).map(value).collect()
}

impl From<Vec<u64>> for PerNeuron {
    fn from(values: Vec<u64>) -> Self {
        PerNeuron(Held::Each(values))
    }
}

impl FromIterator<u64> for PerNeuron {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        Vec::from_iter(values).into()
    }
}

impl<'a> IntoIterator for &'a PerNeuron {
    type Item = &'a u64;
    type IntoIter = std::slice::Iter<'a, u64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Default for PerNeuron {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl PartialEq for PerNeuron {
    fn eq(&self, other: &Self) -> bool {
        match (self.common(), other.common()) {
            (Some(one), Some(two)) => self.len() == other.len() && (one == two || self.is_empty()),
            _ => self[..] == other[..],
        }
    }
}

impl Eq for PerNeuron {}

impl<T: AsRef<[u64]>> PartialEq<T> for PerNeuron {
    fn eq(&self, other: &T) -> bool {
        self[..] == *other.as_ref()
    }
}

impl std::fmt::Debug for PerNeuron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.common() {
            Some(each) => write!(f, "[{each}; {}]", self.len()),
            None => self[..].fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn worked_shares_keep_their_sum() {
        let share =
            |values: &[u64], part, whole| PerNeuron::from(values.to_vec()).share(part, whole);
        assert_eq!(share(&[3, 1, 4, 2], 5, 10), [1, 1, 2, 1]);
        assert_eq!(share(&[3, 1, 4, 2], 10, 10), [3, 1, 4, 2]);
        assert_eq!(share(&[0, 0], 0, 0), [0, 0]);
        // 3 · 7 events, two thirds of which are 14: 4, 5, 5.
        let shared = PerNeuron::alike(3, 7).share(14, 21);
        assert_eq!(shared, [4, 5, 5]);
        assert_eq!(
            (shared.sum(), shared.sum_of(1..3), shared.common()),
            (14, 10, None)
        );
    }

    proptest! {
        #[test]
        fn property_a_rule_is_as_good_as_a_list(
            neurons in 0usize..40, each in 0u64..99, part in 0u64..50, cut in 0usize..40,
        ) {
            let (rule, list) = (PerNeuron::alike(neurons, each), PerNeuron::from(vec![each; neurons]));
            prop_assert_eq!(&rule, &list);
            let (mut rule, mut list) = (rule.share(part, 50), list.share(part, 50));
            let cut = cut.min(neurons);
            prop_assert_eq!(rule.sum_of(cut..neurons), list.sum_of(cut..neurons));
            prop_assert_eq!(&rule, &list);
            rule.map(|value| 3 * value);
            list.map(|value| 3 * value);
            prop_assert_eq!(rule, list);
        }
    }
}
