//! `spikewatt hardware validate`.

use crate::units::{Range, si};
use crate::validation::{ErrorOf, Row, Validation};
use std::fmt::Write as _;

/// The error of each device as text.
pub(super) fn render(found: &[Validation]) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    for device in found {
        writeln!(out, "{}", device.device)?;
        for figure in &device.fitted {
            let points = figure.points.join(", ");
            match figure.fitted {
                Some(Range { low, nominal, high }) => writeln!(
                    out,
                    "  fitted: {} = {:.4e} on {points}; fit repeated {nominal:.4e}, leaving one point out [{low:.4e} – {high:.4e}]",
                    figure.figure, figure.shipped
                )?,
                None => writeln!(out, "  fitted: {} on {points}", figure.figure)?,
            }
        }
        if device.fitted.is_empty() {
            writeln!(out, "  no figure fitted on these points")?;
        }
        writeln!(
            out,
            "  {:<34} {:<14} {:>9} {:>31} {:>6} {:>8} {:>9}",
            "point",
            "quantity",
            "measured",
            "predicted [low – high]",
            "ratio",
            "left out",
            "interval"
        )?;
        for row in &device.rows {
            write_row(&mut out, row)?;
        }
        for error in &device.errors {
            write_error(&mut out, error)?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "ratio: nominal prediction over measured value; left out: the same with the fitted figures \
         fitted without the point; interval: whether it contains the measured value"
    )?;
    Ok(out)
}

fn write_row(out: &mut String, row: &Row) -> std::fmt::Result {
    let name = format!("{} {}", row.case, row.point);
    let unit = row.quantity.unit();
    let measured = match row.measured.is_finite() {
        true => si(row.measured, unit),
        false => "-".into(),
    };
    let quantity = row.quantity.to_string();
    let Some(Range { low, nominal, high }) = row.predicted else {
        let reason = row.refused.as_deref().unwrap_or_default();
        return writeln!(
            out,
            "  {name:<34} {quantity:<14} {measured:>9} not replayed: {reason}"
        );
    };
    let predicted = format!(
        "{} [{} – {}]",
        si(nominal, unit),
        si(low, unit),
        si(high, unit)
    );
    let number = |ratio: Option<f64>| ratio.map_or("-".into(), |ratio| format!("{ratio:.2}"));
    let inside = match row.inside {
        Some(true) => "contains",
        _ => "MISSES",
    };
    let counted = if row.counted {
        ""
    } else {
        " (bounds only, not counted)"
    };
    writeln!(
        out,
        "  {name:<34} {quantity:<14} {measured:>9} {predicted:>31} {:>6} {:>8} {inside:>9}{counted}",
        number(row.ratio),
        number(row.left_out_ratio)
    )
}

fn write_error(out: &mut String, error: &ErrorOf) -> std::fmt::Result {
    let unseen = error.left_out_factor.map_or(String::new(), |factor| {
        format!(", leave-one-out median factor {factor:.2}")
    });
    writeln!(
        out,
        "  {}: median ratio {:.2}, mean error {:.0} %, median factor {:.2}, worst factor {:.2}, \
         {} of {} intervals contain the measured value{unseen}",
        error.quantity,
        error.median_ratio,
        error.mean_percent,
        error.median_factor,
        error.worst_factor,
        error.inside,
        error.points
    )
}
