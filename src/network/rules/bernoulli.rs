//! Each pair with the same probability, independently.

use super::rows::{CompressedRows, accumulate, per_synapse, zeroed};
use super::stream::unit;
use super::{Ends, RuleError, Streams};
use rayon::prelude::*;

/// Draws each pair with `probability`.
///
/// The streams are read twice, first to count, then to fill lists of just the right size.
pub(super) fn draw(
    probability: f64,
    ends: &Ends,
    streams: &Streams,
) -> Result<CompressedRows, RuleError> {
    if !(0.0..=1.0).contains(&probability) {
        return Err(RuleError::Probability(probability));
    }
    let row = |source: usize| successes(probability, ends, source, streams);
    let mut starts = zeroed::<u64>(ends.sources as usize + 1)?;
    starts[1..]
        .par_iter_mut()
        .enumerate()
        .for_each(|(source, count)| *count = row(source).count() as u64);
    accumulate(&mut starts);
    let targets = per_synapse(&starts, |source, targets: &mut [u32]| {
        for (slot, target) in targets.iter_mut().zip(row(source)) {
            *slot = target;
        }
    })?;
    Ok(CompressedRows { starts, targets })
}

/// Targets of one source, ascending: the gaps between successes of a Bernoulli process are
/// geometric, so the failures need no draw.
///
/// Source: L. Devroye, Non-uniform random variate generation, Springer 1986, chapter X.2.
fn successes(
    probability: f64,
    ends: &Ends,
    source: usize,
    streams: &Streams,
) -> impl Iterator<Item = u32> {
    let excludes_itself = ends.excludes_autapses();
    let candidates = ends.targets - u32::from(excludes_itself && ends.targets > 0);
    let candidates = if probability > 0.0 { candidates } else { 0 };
    let log_failure = (-probability).ln_1p();
    let mut rng = streams.of(source);
    let mut next = 0u64;
    std::iter::from_fn(move || {
        // Towards zero, and the largest integer where the gap exceeds it.
        let gap = (unit(&mut rng).ln() / log_failure) as u64;
        let candidate = next.saturating_add(gap);
        if candidate >= u64::from(candidates) {
            return None;
        }
        next = candidate + 1;
        let target = candidate as u32;
        Some(target + u32::from(excludes_itself && candidate >= source as u64))
    })
}
