//! Quantities of the command line: a number with its unit, or a bare number in SI units.

/// A share: a fraction, or per cent.
pub(super) fn share(text: &str) -> Result<f64, String> {
    of_units(text, &[("", 1.0), ("%", 0.01)], "0.938 or 93.8%").and_then(|share| {
        match (0.0..=1.0).contains(&share) {
            true => Ok(share),
            false => Err("a share lies between 0 and 1, or 0% and 100%".to_owned()),
        }
    })
}

/// A number of one of some units, each with the factor that leads to the first.
fn of_units(text: &str, units: &[(&str, f64)], example: &str) -> Result<f64, String> {
    let text = text.trim();
    let wrong = || format!("\"{text}\" is not understood; write it like {example}");
    let bare = text.parse::<f64>().ok().map(|value| value * units[0].1);
    let with_unit = || {
        // The longest unit that fits: "ms" before "s".
        let mut fitting = units.iter().filter(|(unit, _)| text.ends_with(unit));
        let first = fitting.next()?;
        let longest = fitting.fold(first, |best, one| {
            if one.0.len() > best.0.len() {
                one
            } else {
                best
            }
        });
        let (unit, factor) = longest;
        let number = text.strip_suffix(unit)?.trim_end().parse::<f64>().ok()?;
        Some(number * factor)
    };
    let value = bare.or_else(with_unit).ok_or_else(wrong)?;
    match value.is_finite() && value >= 0.0 {
        true => Ok(value),
        false => Err(wrong()),
    }
}

fn positive(value: f64, example: &str) -> Result<f64, String> {
    match value > 0.0 {
        true => Ok(value),
        false => Err(format!("it must be above 0, such as {example}")),
    }
}

const TIMES: [(&str, f64); 7] = [
    ("s", 1.0),
    ("ms", 1e-3),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ns", 1e-9),
    ("min", 60.0),
    ("h", 3600.0),
];

/// A time, 0 or more [s].
pub(super) fn non_negative_time(text: &str) -> Result<f64, String> {
    of_units(text, &TIMES, "10ms")
}

/// A time above 0 [s].
pub(super) fn time(text: &str) -> Result<f64, String> {
    positive(non_negative_time(text)?, "10ms")
}

/// A rate above 0 [1/s].
pub(super) fn rate(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 6] = [
        ("/s", 1.0),
        ("Hz", 1.0),
        ("kHz", 1e3),
        ("/min", 1.0 / 60.0),
        ("/h", 1.0 / 3600.0),
        ("/d", 1.0 / 86_400.0),
    ];
    positive(of_units(text, &UNITS, "2/s")?, "2/s")
}

/// A power above 0 [W].
pub(super) fn power(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 5] = [
        ("W", 1.0),
        ("mW", 1e-3),
        ("uW", 1e-6),
        ("µW", 1e-6),
        ("kW", 1e3),
    ];
    positive(of_units(text, &UNITS, "50mW")?, "50mW")
}

/// A share, 0 to 1: a fraction, or percentage points.
pub(super) fn tolerance(text: &str) -> Result<f64, String> {
    let value = of_units(text, &[("", 1.0), ("pp", 0.01), ("%", 0.01)], "0.01 or 1pp")?;
    match value <= 1.0 {
        true => Ok(value),
        false => Err("a tolerance is at most 1 (100 percentage points); write 1pp for one".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Result<f64, String>, expected: f64) {
        let found = found.expect("a quantity");
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn worked_quantities() {
        near(time("10ms"), 0.01);
        near(time("0.5"), 0.5);
        near(time("3 us"), 3e-6);
        near(time("2min"), 120.0);
        near(rate("2/s"), 2.0);
        near(rate("30/min"), 0.5);
        near(rate("10"), 10.0);
        near(power("50mW"), 0.05);
        near(tolerance("1pp"), 0.01);
        near(tolerance("0.02"), 0.02);
        assert_eq!(non_negative_time("0"), Ok(0.0));
    }

    #[test]
    fn mistakes_are_told_with_an_example() {
        for wrong in ["", "ms", "-1", "nan", "inf", "1 day", "0"] {
            let error = time(wrong).expect_err(wrong);
            assert!(error.contains("10ms"), "{error}");
        }
        assert!(tolerance("2").is_err() && rate("0/s").is_err() && power("5J").is_err());
    }
}
