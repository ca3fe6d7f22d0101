//! Numbers of events of a Poisson process in one timestep, many at a time.

use super::group::UNTOUCHED;
use crate::simd::{Loops, widest};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Largest mean for which a table is used as it is; larger ones are drawn in several parts.
const LARGEST_MEAN: f64 = 64.0;

/// Top bits of a draw that the guide knows.
const GUIDE_BITS: u32 = 12;

/// Longest table that is counted through: means up to about 7.
const LONGEST_COUNTED: usize = 32;

/// Draws from a Poisson distribution by inversion of its cumulative distribution, tabulated to
/// 32 bits: a probability below 2⁻³² is rounded away.
#[derive(Debug, Clone)]
pub(super) struct Poisson {
    /// `cumulative[k]` is `P(events <= k) · 2³²`, the last one the largest number there is.
    cumulative: Vec<u32>,
    /// For each value of the top bits, the smallest count that a draw with them can give: fine
    /// enough that hardly any draw needs a second look.
    guide: Vec<u8>,
    /// The same without the last, which no draw exceeds, as [`signed`] numbers.
    limits: Vec<i32>,
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
            limits: cumulative[..cumulative.len() - 1]
                .iter()
                .map(|&limit| signed(limit))
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
        let (mut one, mut other) = ([0; SHARD / 2], [0; SHARD / 2]);
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
                            *draw = first.next_u64();
                            *other = second.next_u64();
                        }
                        alone.iter_mut().for_each(|draw| *draw = first.next_u64());
                    }
                    [first] => draws.iter_mut().for_each(|draw| *draw = first.next_u64()),
                    _ => {}
                }
                for (draws, inputs) in [(&one, ones), (&other, others)] {
                    widest(Inversion {
                        poisson: self,
                        weight,
                        draws,
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

/// Turns draws into counts, two from each, the lower half first.
struct Inversion<'a> {
    poisson: &'a Poisson,
    weight: f32,
    draws: &'a [u64],
    inputs: &'a mut [f32],
}

/// Draws that are inverted together.
const LANES: usize = 16;

impl Loops for Inversion<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
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
        let half = |draw: u64, second: bool| (draw >> (32 * u32::from(second))) as u32;
        if poisson.cumulative.len() > LONGEST_COUNTED {
            for (pair, &draw) in inputs.chunks_mut(2).zip(draws) {
                for (second, input) in pair.iter_mut().enumerate() {
                    *input += addend(poisson.invert(half(draw, second == 1)).into());
                }
            }
            return;
        }
        // A short table is counted through, for many draws at once: no branch depends on a draw.
        let (blocks, rest) = inputs.as_chunks_mut::<LANES>();
        let (draws, last) = draws.split_at((blocks.len() * LANES / 2).min(draws.len()));
        for (block, draws) in blocks.iter_mut().zip(draws.as_chunks().0) {
            count_through(&poisson.limits, draws, addend, block);
        }
        // The last, incomplete block.
        let mut padded = ([0; LANES / 2], [UNTOUCHED; LANES]);
        let last = &last[..rest.len().div_ceil(2)];
        padded.0[..last.len()].copy_from_slice(last);
        padded.1[..rest.len()].copy_from_slice(rest);
        count_through(&poisson.limits, &padded.0, addend, &mut padded.1);
        rest.copy_from_slice(&padded.1[..rest.len()]);
    }
}

#[inline(always)]
fn count_through(
    limits: &[i32],
    draws: &[u64; LANES / 2],
    addend: impl Fn(u32) -> f32,
    inputs: &mut [f32; LANES],
) {
    let mut ordered = [0i32; LANES];
    for i in 0..LANES {
        ordered[i] = signed((draws[i / 2] >> (32 * (i % 2))) as u32);
    }
    let mut events = [0u32; LANES];
    for &limit in limits {
        for i in 0..LANES {
            events[i] += u32::from(limit < ordered[i]);
        }
    }
    for i in 0..LANES {
        inputs[i] += addend(events[i]);
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
                    let draws: Vec<u64> = (0..plain.len().div_ceil(2))
                        .map(|_| rng.next_u64())
                        .collect();
                    Inversion {
                        poisson: &poisson,
                        weight: -0.3,
                        draws: &draws,
                        inputs: &mut plain,
                    }
                    .run();
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
