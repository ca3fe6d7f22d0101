//! Random numbers that do not depend on the order in which they are drawn.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// A family of independent streams, one per neuron: whichever thread draws them, and in whatever
/// order, neuron `i` sees the same numbers.
///
/// The key of the generator is a hash of the seed and of what the numbers are for; the neuron is
/// the stream number. Source of the generator: D. J. Bernstein, ChaCha, a variant of Salsa20, 2008.
#[derive(Debug, Clone)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// Streams for one purpose, named by `labels`: different labels, other numbers.
    #[must_use]
    pub fn new(seed: u64, labels: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        for label in labels {
            hash.update((label.len() as u64).to_le_bytes());
            hash.update(label.as_bytes());
        }
        Streams {
            key: hash.finalize().into(),
        }
    }

    /// The stream of one neuron, from its beginning.
    #[must_use]
    pub fn of(&self, neuron: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.key);
        rng.set_stream(neuron as u64);
        rng
    }
}

/// A number in `0..n`, each with the same probability; 0 if `n` is 0.
///
/// Source: D. Lemire, Fast random integer generation in an interval, ACM Trans. Model. Comput.
/// Simul. 29:3, 2019, algorithm 5.
pub(super) fn below(n: u32, rng: &mut impl Rng) -> u32 {
    let mut product = u64::from(rng.next_u32()) * u64::from(n);
    if (product as u32) < n {
        let rejected = n.wrapping_neg() % n;
        while (product as u32) < rejected {
            product = u64::from(rng.next_u32()) * u64::from(n);
        }
    }
    (product >> 32) as u32
}

/// A number in (0, 1], so that its logarithm is finite.
pub(super) fn unit(rng: &mut impl Rng) -> f64 {
    ((rng.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_label_and_neuron_and_nothing_else() {
        let draw = |seed, labels: &[&str], neuron| Streams::new(seed, labels).of(neuron).next_u64();
        let first = draw(1, &["a", "bc"], 5);
        assert_eq!(first, draw(1, &["a", "bc"], 5));
        assert_ne!(first, draw(2, &["a", "bc"], 5));
        assert_ne!(first, draw(1, &["ab", "c"], 5));
        assert_ne!(first, draw(1, &["a", "bc"], 6));
    }

    #[test]
    fn closed_form_bounded_numbers_are_uniform() {
        // 3 · 2^30 leaves a quarter of all products to reject: without the rejection, multiples of
        // three would be twice as likely as other numbers.
        let n = 3u32 << 30;
        let mut rng = Streams::new(3, &[]).of(0);
        let draws = 120_000;
        let mut thirds = [0f64; 3];
        let mut odd = 0f64;
        for _ in 0..draws {
            let value = below(n, &mut rng);
            assert!(value < n);
            thirds[(value >> 30) as usize] += 1.0;
            odd += f64::from(value % 3 == 2);
        }
        let (mean, sigma) = (40_000.0, (120_000.0f64 * (1.0 / 3.0) * (2.0 / 3.0)).sqrt());
        for count in thirds.into_iter().chain([odd]) {
            assert!((count - mean).abs() < 5.0 * sigma, "{count}");
        }
        assert_eq!(below(1, &mut rng), 0);
    }

    #[test]
    fn unit_numbers_have_a_finite_logarithm() {
        let mut rng = Streams::new(4, &[]).of(0);
        let values: Vec<f64> = (0..100_000).map(|_| unit(&mut rng)).collect();
        assert!(values.iter().all(|&u| u > 0.0 && u <= 1.0));
        let mean = values.iter().sum::<f64>() / 1e5;
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0f64 / 1e5).sqrt());
    }
}
