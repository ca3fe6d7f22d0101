//! Bernoulli spike trains: the discrete-time form of Poisson rate coding.

use super::EncodingError;
use super::unit::checked;
use crate::spike_train::SpikeTrain;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// In each timestep, input `i` spikes with probability `values[i]`, independently.
///
/// The mean over T timesteps is the value, its variance `p (1 − p) / T`.
/// Source: Rueckauer et al. 2017, section 2.2.4 (Poisson input), discretised.
pub(super) fn encode(
    values: &[f32],
    timesteps: u32,
    seed: u64,
    sample: usize,
) -> Result<SpikeTrain, EncodingError> {
    checked("bernoulli", values, sample)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(sample as u64);
    let mut train = SpikeTrain::new();
    for _ in 0..timesteps {
        for (input, &value) in values.iter().enumerate() {
            // Silent inputs draw nothing: most pixels of an image are black.
            if value > 0.0 && rng.random::<f32>() < value {
                train.push(input as u32);
            }
        }
        train.end_timestep();
    }
    Ok(train)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form_mean_rate_and_certainties() {
        let timesteps = 20_000;
        let train = encode(&[0.0, 0.25, 1.0], timesteps, 7, 3).unwrap();
        let count = |n| train.neurons().iter().filter(|&&s| s == n).count() as f64;
        assert_eq!(count(0), 0.0);
        assert_eq!(count(2), f64::from(timesteps));
        // Five standard deviations of a binomial.
        let sigma = (0.25 * 0.75 * f64::from(timesteps)).sqrt();
        assert!((count(1) - 0.25 * f64::from(timesteps)).abs() < 5.0 * sigma);
    }

    #[test]
    fn each_sample_has_a_stream_of_its_own() {
        let draw = |seed, sample| encode(&[0.5; 64], 4, seed, sample).unwrap();
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn a_value_that_is_no_probability_is_named() {
        for value in [-0.1, 1.5, f32::NAN] {
            let error = encode(&[0.0, value], 1, 0, 9).unwrap_err();
            assert!(error.to_string().contains("sample 9"), "{error}");
            assert!(error.to_string().contains("input 1"), "{error}");
        }
    }
}
