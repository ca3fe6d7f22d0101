//! A fixed number of synapses per neuron.

use super::rows::{CompressedRows, zeroed};
use super::stream::below;
use super::{Ends, RuleError, Streams};
use rand::Rng;
use rayon::prelude::*;

/// `degree` sources for each target.
pub(super) fn draw_sources(
    degree: u32,
    ends: &Ends,
    streams: &Streams,
) -> Result<CompressedRows, RuleError> {
    let drawn = draw(degree, ends.targets, ends.sources, ends, streams)?;
    CompressedRows::transpose(&drawn, degree as usize, ends.sources as usize)
}

/// `degree` targets for each source.
pub(super) fn draw_targets(
    degree: u32,
    ends: &Ends,
    streams: &Streams,
) -> Result<CompressedRows, RuleError> {
    let mut targets = draw(degree, ends.sources, ends.targets, ends, streams)?;
    targets
        .par_chunks_mut(degree.max(1) as usize)
        .for_each(<[u32]>::sort_unstable);
    let mut starts = zeroed::<u64>(ends.sources as usize + 1)?;
    for (start, source) in starts.iter_mut().zip(0u64..) {
        *start = source * u64::from(degree);
    }
    Ok(CompressedRows { starts, targets })
}

/// `degree` partners out of `candidates` for each of `neurons` neurons, each from its own stream.
fn draw(
    degree: u32,
    neurons: u32,
    candidates: u32,
    ends: &Ends,
    streams: &Streams,
) -> Result<Vec<u32>, RuleError> {
    let excludes_itself = ends.excludes_autapses();
    let available = candidates - u32::from(excludes_itself && candidates > 0);
    if degree > 0 && (available == 0 || !ends.multapses && degree > available) {
        return Err(RuleError::Degree {
            degree,
            candidates: available,
        });
    }
    let entries = u64::from(neurons) * u64::from(degree);
    let mut drawn =
        zeroed::<u32>(usize::try_from(entries).map_err(|_| RuleError::Memory { entries })?)?;
    drawn
        .par_chunks_mut(degree.max(1) as usize)
        .enumerate()
        .for_each_init(
            || Chosen::new(if ends.multapses { 0 } else { available }),
            |chosen, (neuron, partners)| {
                let mut rng = streams.of(neuron);
                if ends.multapses {
                    partners.fill_with(|| below(available, &mut rng));
                } else {
                    chosen.draw(available, partners, &mut rng);
                }
                if excludes_itself {
                    // The candidates are all but the neuron itself: those behind it move up.
                    let itself = neuron as u32;
                    partners
                        .iter_mut()
                        .for_each(|partner| *partner += u32::from(*partner >= itself));
                }
            },
        );
    Ok(drawn)
}

/// Which candidates are chosen already; scratch memory of one thread.
struct Chosen {
    bits: Vec<u64>,
}

impl Chosen {
    fn new(candidates: u32) -> Self {
        Chosen {
            bits: vec![0; (candidates as usize).div_ceil(64)],
        }
    }

    /// Marks a candidate; whether it was free.
    fn take(&mut self, candidate: u32) -> bool {
        let (word, bit) = (candidate as usize / 64, 1 << (candidate % 64));
        let free = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        free
    }

    /// A set of `partners.len()` out of `candidates`, each set with the same probability.
    ///
    /// Source: R. W. Floyd, in J. Bentley, Programming pearls: a sample of brilliance, Commun. ACM
    /// 30:754, 1987.
    fn draw(&mut self, candidates: u32, partners: &mut [u32], rng: &mut impl Rng) {
        let first = candidates - partners.len() as u32;
        for (last, partner) in (first..candidates).zip(partners.iter_mut()) {
            let candidate = below(last + 1, rng);
            *partner = if self.take(candidate) {
                candidate
            } else {
                self.take(last);
                last
            };
        }
        for partner in partners {
            self.bits[*partner as usize / 64] = 0;
        }
    }
}
