//! Which neurons and timesteps someone points at.

use std::ops::Range;

/// Rows as disjoint ascending ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows(Vec<Range<u32>>);

impl Rows {
    /// Joins ranges in any order, overlapping or not.
    #[must_use]
    pub fn new(mut ranges: Vec<Range<u32>>) -> Self {
        ranges.retain(|range| range.start < range.end);
        ranges.sort_unstable_by_key(|range| range.start);
        let mut joined: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        Rows(joined)
    }

    /// A single range.
    #[must_use]
    pub fn from_range(range: Range<u32>) -> Self {
        Rows::new(Vec::from([range]))
    }

    /// The ranges.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.0
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `row` is among them.
    #[must_use]
    pub fn contains(&self, row: u32) -> bool {
        let next = self.0.partition_point(|range| range.end <= row);
        self.0.get(next).is_some_and(|range| range.start <= row)
    }

    /// Rows that are here and in `range`.
    #[must_use]
    pub fn within(&self, range: &Range<u32>) -> Rows {
        let cut = |own: &Range<u32>| own.start.max(range.start)..own.end.min(range.end);
        Rows::new(self.0.iter().map(cut).collect())
    }
}

/// Rows in some timesteps. What happens to a neuron in a timestep, and all that follows from a spike
/// it emits there (packets, synaptic operations), belongs to that neuron and timestep, so disjoint
/// selections add up to the whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// The rows.
    pub rows: Rows,
    /// The timesteps.
    pub timesteps: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_and_found() {
        let rows = Rows::new(vec![8..9, 2..4, 3..6, 5..5, 6..7]);
        assert_eq!(rows.ranges(), [2..7, 8..9]);
        assert_eq!(rows.len(), 6);
        let inside: Vec<u32> = (0..10).filter(|&row| rows.contains(row)).collect();
        assert_eq!(inside, [2, 3, 4, 5, 6, 8]);
        assert_eq!(rows.within(&(4..9)).ranges(), [4..7, 8..9]);
    }
}
