//! Numbers of events of a Poisson process in one timestep, many at a time.

use super::group::UNTOUCHED;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Largest mean for which a table is used as it is; larger ones are drawn in several parts.
const LARGEST_MEAN: f64 = 64.0;

/// Top bits of a draw that the guide knows.
const GUIDE_BITS: u32 = 12;

/// Draws from a Poisson distribution by inversion of its cumulative distribution, tabulated to
/// 32 bits: a probability below 2⁻³² is rounded away.
#[derive(Debug, Clone)]
pub(super) struct Poisson {
    /// `cumulative[k]` is `P(events <= k) · 2³²`, the last one the largest number there is.
    cumulative: Vec<u32>,
    /// For each value of the top bits, the smallest count that a draw with them can give: fine
    /// enough that hardly any draw needs a second look.
    guide: Vec<u8>,
    /// Draws that are added up.
    parts: u32,
}

impl Poisson {
    pub(super) fn new(mean: f64) -> Self {
        let parts = (mean / LARGEST_MEAN).ceil().max(1.0);
        let mean = mean / parts;
        let mut cumulative = Vec::new();
        let mut probability = (-mean).exp();
        let mut sum = probability;
        for k in 1..=u8::MAX {
            let scaled = sum * 4_294_967_296.0;
            if scaled >= f64::from(u32::MAX) {
                break;
            }
            cumulative.push(scaled as u32);
            probability *= mean / f64::from(k);
            sum += probability;
        }
        cumulative.push(u32::MAX);
        let guide = (0..1u32 << GUIDE_BITS)
            .map(|top| {
                let smallest = top << (32 - GUIDE_BITS);
                cumulative.partition_point(|&c| c < smallest) as u8
            })
            .collect();
        Poisson {
            cumulative,
            guide,
            parts: parts as u32,
        }
    }

    /// Adds `weight` times a draw of its own to each input; an input without an event stays as it
    /// is, untouched if it was.
    pub(super) fn add(&self, weight: f32, rng: &mut SmallRng, inputs: &mut [f32]) {
        // A count of zero adds what changes nothing; that takes no branch.
        let mut addends = [UNTOUCHED; 256];
        for (events, addend) in addends.iter_mut().enumerate().skip(1) {
            *addend = events as f32 * weight;
        }
        for _ in 0..self.parts {
            for pair in inputs.chunks_mut(2) {
                let draws = rng.next_u64();
                for (input, draw) in pair.iter_mut().zip([draws as u32, (draws >> 32) as u32]) {
                    *input += addends[usize::from(self.invert(draw))];
                }
            }
        }
    }

    #[inline]
    fn invert(&self, draw: u32) -> u8 {
        let mut k = usize::from(self.guide[(draw >> (32 - GUIDE_BITS)) as usize]);
        while self.cumulative[k] < draw {
            k += 1;
        }
        k as u8
    }
}

/// Neurons that share a generator: a fixed number, so that it does not matter how neurons are
/// spread over threads.
pub(super) const SHARD: usize = 1024;

/// The generator of one shard of a population in one sample.
pub(super) fn generator(seed: u64, sample: usize, population: usize, shard: usize) -> SmallRng {
    let mut root = ChaCha8Rng::seed_from_u64(seed);
    root.set_stream(sample as u64);
    // Beyond what the encoder draws in any sample.
    let place = ((population as u128) << 24) + shard as u128;
    root.set_word_pos((1u128 << 60) + 64 * place);
    let mut key = [0; 32];
    root.fill_bytes(&mut key);
    SmallRng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form_moments_and_small_probabilities() {
        for mean in [0.001, 0.5, 2.0, 30.0, 200.0] {
            let poisson = Poisson::new(mean);
            let mut rng = generator(1, 2, 3, 4);
            let draws = 200_000;
            let mut counts = vec![UNTOUCHED; draws];
            poisson.add(1.0, &mut rng, &mut counts);
            let n = draws as f64;
            let average = counts.iter().map(|&c| f64::from(c)).sum::<f64>() / n;
            let variance = counts
                .iter()
                .map(|&c| (f64::from(c) - average).powi(2))
                .sum::<f64>()
                / n;
            // Five standard errors of mean and variance.
            assert!((average - mean).abs() < 5.0 * (mean / n).sqrt(), "{mean}");
            let spread = ((mean + 2.0 * mean * mean) / n).sqrt();
            assert!((variance - mean).abs() < 5.0 * spread, "{mean}");
            let zeros = counts.iter().filter(|&&c| c == 0.0).count() as f64 / n;
            let expected = (-mean).exp();
            assert!((zeros - expected).abs() < 5.0 * (expected / n).sqrt() + 1e-9);
        }
    }

    #[test]
    fn samples_populations_and_shards_have_generators_of_their_own() {
        let first = |sample, population, shard| generator(7, sample, population, shard).next_u64();
        assert_eq!(first(0, 0, 0), first(0, 0, 0));
        assert_ne!(first(0, 0, 0), first(0, 0, 1));
        assert_ne!(first(0, 0, 0), first(0, 1, 0));
        assert_ne!(first(0, 0, 0), first(1, 0, 0));
    }
}
