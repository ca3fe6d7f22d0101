//! Numbers of events of a Poisson process in one timestep, many at a time.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Largest mean for which a table is used as it is; larger ones are drawn in several parts.
const LARGEST_MEAN: f64 = 64.0;

/// Draws from a Poisson distribution by inversion of its cumulative distribution, tabulated to
/// 32 bits: a probability below 2⁻³² is rounded away.
#[derive(Debug, Clone)]
pub(super) struct Poisson {
    /// `cumulative[k]` is `P(events <= k) · 2³²`, the last one the largest number there is.
    cumulative: Vec<u32>,
    /// For each top byte, the smallest count that a draw with it can give.
    guide: [u8; 256],
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
        let mut guide = [0u8; 256];
        for (top, guess) in guide.iter_mut().enumerate() {
            let smallest = (top as u32) << 24;
            *guess = cumulative.partition_point(|&c| c < smallest) as u8;
        }
        Poisson {
            cumulative,
            guide,
            parts: parts as u32,
        }
    }

    /// Calls `add(i, events)` for each of `count` draws that is not zero.
    pub(super) fn draw(&self, count: usize, rng: &mut SmallRng, mut add: impl FnMut(usize, u32)) {
        for _ in 0..self.parts {
            let mut pair = 0u64;
            for i in 0..count {
                if i % 2 == 0 {
                    pair = rng.next_u64();
                } else {
                    pair >>= 32;
                }
                let events = self.invert(pair as u32);
                if events != 0 {
                    add(i, events);
                }
            }
        }
    }

    #[inline]
    fn invert(&self, draw: u32) -> u32 {
        let mut k = usize::from(self.guide[(draw >> 24) as usize]);
        while self.cumulative[k] < draw {
            k += 1;
        }
        k as u32
    }
}

/// The generator of one population in one sample.
pub(super) fn generator(seed: u64, sample: usize, population: usize) -> SmallRng {
    let mut root = ChaCha8Rng::seed_from_u64(seed);
    root.set_stream(sample as u64);
    // Beyond what the encoder draws in any sample.
    root.set_word_pos((1u128 << 60) + 64 * population as u128);
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
            let mut rng = generator(1, 2, 3);
            let draws = 200_000;
            let mut counts = vec![0u32; draws];
            poisson.draw(draws, &mut rng, |i, events| counts[i] += events);
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
            let zeros = counts.iter().filter(|&&c| c == 0).count() as f64 / n;
            let expected = (-mean).exp();
            assert!((zeros - expected).abs() < 5.0 * (expected / n).sqrt() + 1e-9);
        }
    }

    #[test]
    fn populations_and_samples_have_generators_of_their_own() {
        let first = |sample, population| generator(7, sample, population).next_u64();
        assert_eq!(first(0, 0), first(0, 0));
        assert_ne!(first(0, 0), first(0, 1));
        assert_ne!(first(0, 0), first(1, 0));
    }
}
