//! Exact quantiles of streams too long to keep.

/// The `percentile`-th percentile of `total` values that arrive in any order and any parts.
///
/// Only the values that can still matter are kept, so a high percentile of many values needs
/// little memory, and the result is exact and independent of the order.
#[derive(Debug, Clone)]
pub(super) struct Quantile {
    /// Rank from above of the lower of the two neighbours, counted from 1.
    keep: usize,
    /// Weight of the upper neighbour.
    fraction: f64,
    largest: Vec<f32>,
    /// Values at or below this cannot matter any more.
    floor: f32,
}

impl Quantile {
    /// `percentile` in 0..=100, linear between neighbours, as NumPy's default.
    pub(super) fn new(percentile: f64, total: usize) -> Self {
        let position = (total.max(1) - 1) as f64 * percentile / 100.0;
        let lower = position.floor();
        Quantile {
            keep: total.max(1) - lower as usize,
            fraction: position - lower,
            largest: Vec::new(),
            floor: f32::NEG_INFINITY,
        }
    }

    pub(super) fn add(&mut self, values: impl IntoIterator<Item = f32>) {
        for value in values {
            if value > self.floor {
                self.largest.push(value);
                if self.largest.len() >= 2 * self.keep {
                    self.prune();
                }
            }
        }
    }

    fn prune(&mut self) {
        let last = self.keep - 1;
        let (_, kth, _) = self
            .largest
            .select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        self.floor = *kth;
        self.largest.truncate(self.keep);
    }

    /// The percentile and the largest value; `None` before any value has come.
    pub(super) fn finish(mut self) -> Option<(f32, f32)> {
        self.largest.sort_unstable_by(|a, b| b.total_cmp(a));
        let max = *self.largest.first()?;
        // Equal values at the floor may have been left out; they are the floor.
        let at = |rank: usize| f64::from(self.largest.get(rank).copied().unwrap_or(self.floor));
        let lower = at(self.keep - 1);
        let upper = if self.keep >= 2 {
            at(self.keep - 2)
        } else {
            lower
        };
        Some(((lower + self.fraction * (upper - lower)) as f32, max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn closed_form_agrees_with_sorting(
            values in proptest::collection::vec(0u8..20, 1..200), percentile in 0.0f64..100.0,
        ) {
            let mut quantile = Quantile::new(percentile, values.len());
            quantile.add(values.iter().map(|&v| f32::from(v)));
            let (found, max) = quantile.finish().unwrap();
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let position = (sorted.len() - 1) as f64 * percentile / 100.0;
            let low = f64::from(sorted[position.floor() as usize]);
            let high = f64::from(sorted[position.ceil() as usize]);
            let expected = low + position.fract() * (high - low);
            prop_assert!((f64::from(found) - expected).abs() < 1e-5);
            prop_assert_eq!(max, f32::from(*sorted.last().unwrap()));
        }
    }
}
