//! Numbers of events of a Poisson process in one timestep, many at a time.

use super::touched::UNTOUCHED;
use crate::simd::{Loops, SimdWidth, widest};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Largest mean for which a table is used as it is; larger ones are drawn in several parts.
const LARGEST_MEAN: f64 = 64.0;

/// Top bits of a draw that the guide knows.
const GUIDE_BITS: u32 = 12;

/// Longest table that is counted through: means up to about 7.
const LONGEST_COUNTED: usize = 32;

/// Numbers that are compared with a draw at a time: as many as stay in registers.
const LIMITS: usize = 8;

/// Draws from a Poisson distribution by inversion of its cumulative distribution, tabulated to
/// 32 bits: a probability below 2⁻³² is rounded away.
#[derive(Debug, Clone)]
pub(super) struct Poisson {
    /// `cumulative[k]` is `P(events <= k) · 2³²`, the last one the largest number there is.
    cumulative: Vec<u32>,
    /// For each value of the top bits, the smallest count that a draw with them can give: fine
    /// enough that hardly any draw needs a second look.
    guide: Vec<u8>,
    /// The same without the last, which no draw exceeds, as [`signed`] numbers, in rows that are
    /// filled up with what no draw exceeds either; none if the table is too long to be counted
    /// through.
    limits: Vec<[i32; LIMITS]>,
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
        let limits = if cumulative.len() > LONGEST_COUNTED {
            &[]
        } else {
            &cumulative[..cumulative.len() - 1]
        };
        Poisson {
            limits: limits
                .chunks(LIMITS)
                .map(|limits| {
                    std::array::from_fn(|i| limits.get(i).map_or(i32::MAX, |&l| signed(l)))
                })
                .collect(),
            cumulative,
            guide,
            parts: parts as u32,
        }
    }

    /// Adds `weight` times a draw of its own to each input; an input without an event stays as it
    /// is, untouched if it was. `generators` has one for each [`SHARD`] inputs.
    pub(super) fn add(&self, weight: f32, generators: &mut [SmallRng], inputs: &mut [f32]) {
        // A generator waits for itself at every draw, so two take turns.
        let (mut one, mut other) = ([[0; 2]; SHARD / 2], [[0; 2]; SHARD / 2]);
        for _ in 0..self.parts {
            let pairs = inputs.chunks_mut(2 * SHARD);
            for (inputs, generators) in pairs.zip(generators.chunks_mut(2)) {
                let (ones, others) = inputs.split_at_mut(inputs.len().min(SHARD));
                let draws = &mut one[..ones.len().div_ceil(2)];
                match generators {
                    [first, second] => {
                        let other = &mut other[..others.len().div_ceil(2)];
                        let (both, alone) = draws.split_at_mut(other.len());
                        for (draw, other) in both.iter_mut().zip(other) {
                            *draw = halves(first.next_u64());
                            *other = halves(second.next_u64());
                        }
                        alone
                            .iter_mut()
                            .for_each(|draw| *draw = halves(first.next_u64()));
                    }
                    [first] => draws
                        .iter_mut()
                        .for_each(|draw| *draw = halves(first.next_u64())),
                    _ => {}
                }
                for (draws, inputs) in [(&one, ones), (&other, others)] {
                    widest(Inversion {
                        poisson: self,
                        weight,
                        draws: draws.as_flattened(),
                        inputs,
                    });
                }
            }
        }
    }

    /// The count that a draw stands for.
    #[inline]
    fn invert(&self, draw: u32) -> u8 {
        let mut k = usize::from(self.guide[(draw >> (32 - GUIDE_BITS)) as usize]);
        while self.cumulative[k] < draw {
            k += 1;
        }
        k as u8
    }
}

/// Two draws, the lower half first.
fn halves(draw: u64) -> [u32; 2] {
    [draw as u32, (draw >> 32) as u32]
}

/// Turns draws into counts.
struct Inversion<'a> {
    poisson: &'a Poisson,
    weight: f32,
    draws: &'a [u32],
    inputs: &'a mut [f32],
}

impl Loops for Inversion<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl SimdWidth) {
        let Inversion {
            poisson,
            weight,
            draws,
            inputs,
        } = self;
        let addend = |events: u32| {
            if events == 0 {
                UNTOUCHED
            } else {
                events as f32 * weight
            }
        };
        if poisson.cumulative.len() > LONGEST_COUNTED {
            for (input, &draw) in inputs.iter_mut().zip(draws) {
                *input += addend(poisson.invert(draw).into());
            }
            return;
        }
        // A short table is counted through, for many draws at once: no branch depends on a draw.
        let mut events = [0u32; SHARD];
        for limits in &poisson.limits {
            for (events, &draw) in events.iter_mut().zip(draws) {
                for &limit in limits {
                    *events += u32::from(limit < signed(draw));
                }
            }
        }
        for (input, events) in inputs.iter_mut().zip(events) {
            *input += addend(events);
        }
    }
}

/// Maps unsigned numbers to signed ones in the same order: those are what vectors compare.
#[inline(always)]
fn signed(number: u32) -> i32 {
    (number ^ (1 << 31)).cast_signed()
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
            let draws = 200_000usize;
            let shards = 0..draws.div_ceil(SHARD);
            let mut generators: Vec<_> = shards.map(|s| generator(1, 2, 3, s)).collect();
            let mut counts = vec![UNTOUCHED; draws];
            poisson.add(1.0, &mut generators, &mut counts);
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
    fn closed_form_many_draws_equal_single_ones() {
        // Whole and broken shards, odd and even ones, tables of both kinds and draws in parts.
        for neurons in [
            1,
            2,
            1000,
            SHARD,
            SHARD + 1,
            2 * SHARD + 17,
            3 * SHARD,
            5000,
        ] {
            for mean in [0.1, 2.0, 20.0, 100.0] {
                let poisson = Poisson::new(mean);
                let generators = || -> Vec<SmallRng> {
                    let shards = 0..neurons.div_ceil(SHARD);
                    shards.map(|shard| generator(3, 0, 1, shard)).collect()
                };
                let mut expected = vec![UNTOUCHED; neurons];
                for (inputs, rng) in expected.chunks_mut(SHARD).zip(&mut generators()) {
                    for _ in 0..poisson.parts {
                        for pair in inputs.chunks_mut(2) {
                            let draw = rng.next_u64();
                            for (input, draw) in
                                pair.iter_mut().zip([draw as u32, (draw >> 32) as u32])
                            {
                                let events = poisson.cumulative.partition_point(|&c| c < draw);
                                if events > 0 {
                                    *input += events as f32 * -0.3;
                                }
                            }
                        }
                    }
                }
                let mut inputs = vec![UNTOUCHED; neurons];
                poisson.add(-0.3, &mut generators(), &mut inputs);
                let bits = |inputs: &[f32]| inputs.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&inputs), bits(&expected), "{neurons} × {mean}");
                let mut plain = vec![UNTOUCHED; neurons.min(SHARD)];
                let mut rng = generator(3, 0, 1, 0);
                for _ in 0..poisson.parts {
                    let draws: Vec<u32> = (0..plain.len().div_ceil(2))
                        .flat_map(|_| halves(rng.next_u64()))
                        .collect();
                    Inversion {
                        poisson: &poisson,
                        weight: -0.3,
                        draws: &draws,
                        inputs: &mut plain,
                    }
                    .run(crate::simd::Plain);
                }
                assert_eq!(bits(&plain), bits(&expected[..plain.len()]), "portable");
            }
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
