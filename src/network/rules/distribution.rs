//! Distributions of weights, delays and parameters.

use super::stream::unit;
use rand::Rng;
use std::f64::consts::TAU;

/// A distribution of real numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Gaussian.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, ≥ 0.
        std: f64,
    },
    /// All numbers of an interval alike.
    Uniform {
        /// Lower end, included.
        low: f64,
        /// Upper end, excluded but for rounding; ≥ `low`.
        high: f64,
    },
    /// The exponential of a Gaussian.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, ≥ 0.
        sigma: f64,
    },
}

impl Distribution {
    /// Checks the parameters.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), &'static str> {
        let (a, b) = match *self {
            Distribution::Normal { mean, std } => (mean, std),
            Distribution::Uniform { low, high } => (low, high),
            Distribution::Lognormal { mu, sigma } => (mu, sigma),
        };
        if !(a.is_finite() && b.is_finite()) {
            return Err("parameters of a distribution must be finite");
        }
        match *self {
            Distribution::Normal { .. } if b < 0.0 => Err("std must not be negative"),
            Distribution::Lognormal { .. } if b < 0.0 => Err("sigma must not be negative"),
            Distribution::Uniform { low, high } if high < low => Err("high must not be below low"),
            Distribution::Uniform { low, high } if !(high - low).is_finite() => {
                Err("the interval is too wide")
            }
            _ => Ok(()),
        }
    }

    /// A sampler without memory of earlier draws.
    #[must_use]
    pub fn sampler(self) -> Sampler {
        Sampler {
            distribution: self,
            spare: None,
        }
    }
}

/// Draws from a distribution; Gaussians come in pairs, of which it keeps the second.
#[derive(Debug, Clone)]
pub struct Sampler {
    distribution: Distribution,
    spare: Option<f64>,
}

impl Sampler {
    /// The next number.
    pub fn draw(&mut self, rng: &mut impl Rng) -> f64 {
        match self.distribution {
            Distribution::Normal { mean, std } => mean + std * self.gaussian(rng),
            Distribution::Uniform { low, high } => high + (low - high) * unit(rng),
            Distribution::Lognormal { mu, sigma } => (mu + sigma * self.gaussian(rng)).exp(),
        }
    }

    /// Source: G. E. P. Box, M. E. Muller, A note on the generation of random normal deviates,
    /// Ann. Math. Stat. 29:610, 1958.
    fn gaussian(&mut self, rng: &mut impl Rng) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * unit(rng).ln()).sqrt();
        let (sin, cos) = (TAU * unit(rng)).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::rules::Streams;

    fn draws(distribution: Distribution, n: usize) -> Vec<f64> {
        let mut rng = Streams::new(11, &["test"]).of(0);
        let mut sampler = distribution.sampler();
        (0..n).map(|_| sampler.draw(&mut rng)).collect()
    }

    /// Mean and variance within five standard errors, given the central fourth moment.
    fn assert_moments(values: &[f64], mean: f64, variance: f64, fourth: f64) {
        let n = values.len() as f64;
        let m = values.iter().sum::<f64>() / n;
        let v = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert!((m - mean).abs() < 5.0 * (variance / n).sqrt(), "mean {m}");
        let error = ((fourth - variance * variance) / n).sqrt();
        assert!((v - variance).abs() < 5.0 * error, "variance {v}");
    }

    #[test]
    fn closed_form_moments() {
        let n = 200_000;
        let (mean, std) = (-3.0, 0.5);
        let values = draws(Distribution::Normal { mean, std }, n);
        assert_moments(&values, mean, 0.25, 3.0 * 0.0625);
        // Both halves of each pair, and not only their sum of squares: the third moment is zero
        // and 68.27 % lie within one standard deviation.
        let inside = values.iter().filter(|v| (*v - mean).abs() < std).count() as f64;
        let expected: f64 = 0.682_689_5;
        let error = (expected * (1.0 - expected) * n as f64).sqrt();
        assert!((inside - expected * n as f64).abs() < 5.0 * error);
        let (even, odd): (Vec<_>, Vec<_>) = values.chunks(2).map(|p| (p[0], p[1])).unzip();
        let covariance = even.iter().zip(&odd).map(|(a, b)| (a - mean) * (b - mean));
        let covariance = covariance.sum::<f64>() / (n / 2) as f64;
        assert!(covariance.abs() < 5.0 * 0.25 / ((n / 2) as f64).sqrt());

        let values = draws(
            Distribution::Uniform {
                low: -1.0,
                high: 5.0,
            },
            n,
        );
        assert!(values.iter().all(|v| (-1.0..5.0).contains(v)));
        assert_moments(&values, 2.0, 3.0, 6f64.powi(4) / 80.0);

        // The logarithm of a log-normal is normal.
        let values = draws(
            Distribution::Lognormal {
                mu: 1.0,
                sigma: 0.3,
            },
            n,
        );
        let logarithms: Vec<f64> = values.iter().map(|v| v.ln()).collect();
        assert_moments(&logarithms, 1.0, 0.09, 3.0 * 0.0081);
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let nan = f64::NAN;
        for (distribution, word) in [
            (
                Distribution::Normal {
                    mean: nan,
                    std: 1.0,
                },
                "finite",
            ),
            (
                Distribution::Normal {
                    mean: 0.0,
                    std: -1.0,
                },
                "std",
            ),
            (
                Distribution::Lognormal {
                    mu: 0.0,
                    sigma: -1.0,
                },
                "sigma",
            ),
            (
                Distribution::Uniform {
                    low: 1.0,
                    high: 0.0,
                },
                "below",
            ),
            (
                Distribution::Uniform {
                    low: -1e308,
                    high: 1e308,
                },
                "wide",
            ),
        ] {
            assert!(distribution.check().unwrap_err().contains(word));
        }
        assert!(
            Distribution::Uniform {
                low: 1.0,
                high: 1.0
            }
            .check()
            .is_ok()
        );
    }
}
