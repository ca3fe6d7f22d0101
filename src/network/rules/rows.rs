//! Compressed rows: made from draws per target, and filled row by row in parallel.

use super::RuleError;
use crate::network::Pattern;
use rayon::prelude::*;
use std::sync::Arc;

/// Synapses by source: source `i` reaches `targets[starts[i]..starts[i + 1]]`, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressedRows {
    /// One more entry than sources.
    pub starts: Vec<u64>,
    /// Target of each synapse.
    pub targets: Vec<u32>,
}

impl CompressedRows {
    /// The rows as a pattern onto `neurons` postsynaptic neurons.
    #[must_use]
    pub fn into_pattern(self, neurons: usize) -> Pattern {
        Pattern::Sparse {
            neurons,
            starts: self.starts,
            targets: Arc::new(self.targets),
        }
    }

    /// Rows from lists of sources, `fan_in` of them for each target: a counting sort, which visits
    /// targets in order and so leaves them ascending within each source.
    pub(super) fn transpose(
        drawn: &[u32],
        fan_in: usize,
        sources: usize,
    ) -> Result<Self, RuleError> {
        let mut starts = zeroed::<u64>(sources + 1)?;
        for &source in drawn {
            starts[source as usize + 1] += 1;
        }
        accumulate(&mut starts);
        let mut next = starts.clone();
        let mut targets = zeroed(drawn.len())?;
        for (target, sources) in drawn.chunks_exact(fan_in.max(1)).enumerate() {
            for &source in sources {
                let at = &mut next[source as usize];
                targets[*at as usize] = target as u32;
                *at += 1;
            }
        }
        Ok(CompressedRows { starts, targets })
    }
}

/// Turns counts behind a leading zero into starts.
pub(super) fn accumulate(counts: &mut [u64]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}

/// `n` zeros, or an error where the memory does not suffice.
pub(super) fn zeroed<T: Default + Clone>(n: usize) -> Result<Vec<T>, RuleError> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(n)
        .map_err(|_| RuleError::Memory { entries: n as u64 })?;
    values.resize(n, T::default());
    Ok(values)
}

/// One value per synapse, each row filled by `fill(row, values)` in parallel.
///
/// # Errors
/// If the memory does not suffice.
pub fn per_synapse<T: Default + Clone + Send>(
    starts: &[u64],
    fill: impl Fn(usize, &mut [T]) + Sync,
) -> Result<Vec<T>, RuleError> {
    /// Rows that one task fills.
    const BLOCK: usize = 64;
    let total = starts.last().copied().unwrap_or(0);
    let mut values = zeroed::<T>(usize::try_from(total).unwrap_or(usize::MAX))?;
    let length = |row: usize| (starts[row + 1] - starts[row]) as usize;
    let rows = starts.len().saturating_sub(1);
    let mut blocks = Vec::with_capacity(rows.div_ceil(BLOCK));
    let mut rest = values.as_mut_slice();
    for first in (0..rows).step_by(BLOCK) {
        let block = first..(first + BLOCK).min(rows);
        let (own, others) = rest.split_at_mut((starts[block.end] - starts[first]) as usize);
        blocks.push((block, own));
        rest = others;
    }
    blocks.into_par_iter().for_each(|(block, mut own)| {
        for row in block {
            let (values, others) = own.split_at_mut(length(row));
            fill(row, values);
            own = others;
        }
    });
    Ok(values)
}
