//! Values as axes and sentences say them.

use spikewatt::units::{Range, si};

/// A count as an axis says it.
#[must_use]
pub fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value.abs() >= 10_000.0 {
        return si(value, "").trim_end().to_owned();
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A timestep as an axis says it; nothing between two timesteps.
#[must_use]
pub fn timestep(t: f64) -> String {
    if t.fract() == 0.0 {
        format!("{t:.0}")
    } else {
        String::new()
    }
}

/// Joules as an axis says them.
#[must_use]
pub fn joules(value: f64) -> String {
    si(value, "J")
}

/// A star on what includes cost figures that nobody has checked, or nothing.
#[must_use]
pub fn star(unverified: bool) -> &'static str {
    if unverified { "*" } else { "" }
}

/// What the star means.
pub const STAR: &str = "* includes unverified cost figures";

/// Joules with their bounds, where they have any.
#[must_use]
pub fn bounded(energy: Range) -> String {
    let nominal = si(energy.nominal, "J");
    if energy.low == energy.high {
        return nominal;
    }
    format!(
        "{nominal}  ({} to {})",
        si(energy.low, "J"),
        si(energy.high, "J")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_counts() {
        let found = [0.0, 0.25, 12_000.0].map(plain);
        assert_eq!(found, ["0", "0.25", "12.0 k"]);
    }
}
