//! Quantities as the rest of the crate handles them: plain SI `f64` whose names end in their unit,
//! [`Range`] for low/nominal/high, and SI prefixes at print time only.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Mul};

/// A value with the bounds its sources state: `low <= nominal <= high`.
///
/// Ranges combine low with low and high with high: errors of one cost table are correlated, so
/// they must not be shrunk as if independent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Range {
    /// Lower bound.
    pub low: f64,
    /// The value to quote.
    pub nominal: f64,
    /// Upper bound.
    pub high: f64,
}

impl Range {
    /// The range that contains nothing but zero: the neutral element of a sum.
    pub const ZERO: Range = Range::exact(0.0);

    /// A value without spread.
    #[must_use]
    pub const fn exact(value: f64) -> Self {
        Range {
            low: value,
            nominal: value,
            high: value,
        }
    }

    /// Low, nominal and high as given.
    #[must_use]
    pub const fn new(low: f64, nominal: f64, high: f64) -> Self {
        Range { low, nominal, high }
    }

    /// Applies `f` to each of the three values.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Range::new(f(self.low), f(self.nominal), f(self.high))
    }

    /// Combines two ranges low with low, nominal with nominal, high with high.
    #[must_use]
    pub fn zip(self, other: Range, f: impl Fn(f64, f64) -> f64) -> Self {
        Range::new(
            f(self.low, other.low),
            f(self.nominal, other.nominal),
            f(self.high, other.high),
        )
    }
}

impl Add for Range {
    type Output = Range;
    fn add(self, other: Range) -> Range {
        self.zip(other, |a, b| a + b)
    }
}

impl Mul<f64> for Range {
    type Output = Range;
    fn mul(self, factor: f64) -> Range {
        self.map(|value| value * factor)
    }
}

impl std::iter::Sum for Range {
    fn sum<I: Iterator<Item = Range>>(iter: I) -> Range {
        iter.fold(Range::ZERO, Add::add)
    }
}

/// A value with an SI prefix and three significant digits.
///
/// ```
/// assert_eq!(spikewatt::units::si(2.6833e-7, "J"), "268 nJ");
/// assert_eq!(spikewatt::units::si(0.0, "J"), "0 J");
/// assert_eq!(spikewatt::units::si(1.5e9, "SynOp/s"), "1.50 GSynOp/s");
/// ```
#[must_use]
pub fn si(value: f64, unit: &str) -> String {
    const PREFIXES: [&str; 13] = [
        "a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E",
    ];
    if value == 0.0 || !value.is_finite() {
        return format!("{value} {unit}");
    }
    // Rounding to three digits first keeps 999.96 from printing as "1000".
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    let thousands = (rounded.abs().log10() + 1e-12).div_euclid(3.0) as i64;
    let index = (thousands + 6).clamp(0, PREFIXES.len() as i64 - 1);
    let scaled = rounded / 10f64.powi(3 * (index as i32 - 6));
    let decimals = match scaled.abs() {
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        _ => 2,
    };
    format!("{scaled:.decimals$} {}{unit}", PREFIXES[index as usize])
}

/// A factor with the two digits that it is printed with.
#[must_use]
pub fn two_digits(factor: f64) -> f64 {
    format!("{factor:.1e}").parse().unwrap_or(factor)
}

/// A factor with two significant digits, thousands apart.
///
/// ```
/// use spikewatt::units::times;
/// assert_eq!([1.0, 7.56, 14.9].map(times), ["1.0×", "7.6×", "15×"]);
/// assert_eq!(times(153_139.0), "150,000×");
/// ```
#[must_use]
pub fn times(factor: f64) -> String {
    if factor.is_infinite() {
        return "∞×".to_owned();
    }
    if factor == 0.0 {
        return "0×".to_owned();
    }
    let rounded: f64 = format!("{factor:.1e}").parse().unwrap_or(factor);
    let digits = match rounded.abs() {
        r if r >= 1e9 || (r > 0.0 && r < 0.01) => format!("{rounded:.1e}"),
        r if r >= 9.95 => grouped(&format!("{rounded:.0}")),
        r if r < 0.1 => format!("{rounded:.3}"),
        r if r < 1.0 => format!("{rounded:.2}"),
        _ => format!("{rounded:.1}"),
    };
    format!("{digits}×")
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Quantile function of the triangular distribution from `low` to `high` with its mode at
/// `nominal`, at `u` from 0 to 1.
///
/// ```text
/// c = (m − a) / (b − a);   x = a + √(u (b − a)(m − a))        if u < c
///                          x = b − √((1 − u)(b − a)(b − m))   otherwise
/// ```
#[must_use]
pub fn triangular(range: Range, u: f64) -> f64 {
    let Range { low, nominal, high } = range;
    if high <= low {
        return nominal;
    }
    let width = high - low;
    if u < (nominal - low) / width {
        low + (u * width * (nominal - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - nominal)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_change_at_the_thousands() {
        for (value, expected) in [
            (999.4, "999 J"),
            (999.96, "1.00 kJ"),
            (1e-3, "1.00 mJ"),
            (9.996e-4, "1.00 mJ"),
            (12.34e-6, "12.3 µJ"),
            (-5e-12, "-5.00 pJ"),
        ] {
            assert_eq!(si(value, "J"), expected);
        }
    }

    #[test]
    fn worked_factors_have_two_digits() {
        for (factor, expected) in [
            (0.0, "0×"),
            (0.004_21, "4.2e-3×"),
            (0.0421, "0.042×"),
            (0.996, "1.0×"),
            (0.654, "0.65×"),
            (1.049, "1.0×"),
            (9.96, "10×"),
            (99.6, "100×"),
            (240.4, "240×"),
            (999.9, "1,000×"),
            (1_234_567.0, "1,200,000×"),
            (2.34e12, "2.3e12×"),
            (f64::INFINITY, "∞×"),
        ] {
            assert_eq!(times(factor), expected);
        }
    }

    #[test]
    fn ranges_add_bound_by_bound() {
        let sum: Range = [Range::new(1.0, 2.0, 4.0), Range::exact(1.0)]
            .into_iter()
            .sum();
        assert_eq!(sum, Range::new(2.0, 3.0, 5.0));
    }

    #[test]
    fn closed_form_triangular_quantiles() {
        let range = Range::new(1.0, 2.0, 5.0);
        for (u, expected) in [(0.0, 1.0), (0.25, 2.0), (1.0, 5.0)] {
            assert!((triangular(range, u) - expected).abs() < 1e-12, "{u}");
        }
        // The mean of a triangular distribution is that of its three corners.
        let steps = 100_000;
        let sum: f64 = (0..steps)
            .map(|i| triangular(range, (f64::from(i) + 0.5) / f64::from(steps)))
            .sum();
        assert!((sum / f64::from(steps) - 8.0 / 3.0).abs() < 1e-4);
        assert_eq!(triangular(Range::exact(3.0), 0.7), 3.0);
        assert_eq!(triangular(Range::new(0.0, 0.0, 4.0), 0.75), 2.0);
    }
}
