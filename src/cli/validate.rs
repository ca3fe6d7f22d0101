//! `spikewatt hardware validate` and `hardware fit`.

use crate::units::{Range, si};
use crate::validation::{ErrorOf, MeasuredQuantity, Row, Validation};
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
        for (figure, case) in &device.taken {
            writeln!(out, "  taken from {case}: {figure}")?;
        }
        if device.fitted.is_empty() && device.taken.is_empty() {
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
        for error in device.experiments.iter().chain(&device.errors) {
            write_error(&mut out, error)?;
        }
        writeln!(out)?;
    }
    for quantity in quantities(found) {
        writeln!(out, "all devices, {}", totals(found, quantity))?;
    }
    writeln!(
        out,
        "\nratio: nominal prediction over measured value; left out: the same with the experiment left \
         out of every fit (figures fitted on it alone, or taken from it, are those of the table that \
         the device inherits from; where there is none, the point alone is left out); interval: \
         whether it contains the measured value; coverage: the share of points whose interval \
         contains it with the experiment left out"
    )?;
    Ok(out)
}

/// Every quantity that was replayed, once.
fn quantities(found: &[Validation]) -> Vec<MeasuredQuantity> {
    let mut quantities: Vec<MeasuredQuantity> = Vec::new();
    for error in found.iter().flat_map(|device| &device.errors) {
        if !quantities.contains(&error.quantity) {
            quantities.push(error.quantity);
        }
    }
    quantities
}

/// Coverage, factor and width of one quantity over all devices.
fn totals(found: &[Validation], quantity: MeasuredQuantity) -> String {
    let rows = found.iter().flat_map(|device| &device.rows);
    let rows: Vec<&Row> = rows
        .filter(|row| row.quantity == quantity && row.counted && row.left_out_ratio.is_some())
        .collect();
    let inside = rows.iter().filter(|row| row.left_out_inside == Some(true));
    let mut factors: Vec<f64> = rows
        .iter()
        .filter_map(|row| row.left_out_ratio)
        .map(|ratio| ratio.max(ratio.recip()))
        .collect();
    factors.sort_by(f64::total_cmp);
    let widths = rows.iter().filter_map(|row| row.left_out);
    let widths = widths.map(|range| (range.high / range.low).ln());
    let (count, width) = widths.fold((0, 0.0), |(n, sum), width| (n + 1, sum + width));
    match factors.get(factors.len() / 2) {
        None => format!("{quantity}: no point can be predicted with its experiment left out"),
        Some(median) => format!(
            "{quantity}: coverage {} of {} ({:.0} %) with the experiment left out, median factor \
             {median:.2}, mean log width {:.2}",
            inside.clone().count(),
            rows.len(),
            100.0 * inside.count() as f64 / rows.len() as f64,
            width / f64::from(count.max(1))
        ),
    }
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
    let unseen = match error.left_out_factor {
        Some(factor) => format!(
            "; left out: median factor {factor:.2}, coverage {} of {}",
            error.left_out_inside, error.left_out_points
        ),
        None => String::new(),
    };
    let name = error.case.as_deref().unwrap_or("all experiments");
    writeln!(
        out,
        "  {name}, {}: median ratio {:.2}, mean error {:.0} %, median factor {:.2}, worst factor \
         {:.2}, {} of {} intervals contain the measured value, mean log width {:.2}{unseen}",
        error.quantity,
        error.median_ratio,
        error.mean_percent,
        error.median_factor,
        error.worst_factor,
        error.inside,
        error.points,
        error.mean_log_width
    )
}

/// The fitted figures of a device as lines of a device table.
pub(super) fn render_fit(found: &Validation, units: &[(String, String)]) -> String {
    let mut out = format!(
        "\nA device file with these figures:\n\ninherits = \"{}\"\n\n[source]\nown = \"Fitted to own \
         measurements\"\n",
        found.device
    );
    for figure in &found.fitted {
        let Some((section, key)) = figure.figure.split_once('.') else {
            continue;
        };
        let unit = units.iter().find(|(name, _)| *name == figure.figure);
        let (Some(Range { low, nominal, high }), Some((_, unit))) = (figure.fitted, unit) else {
            continue;
        };
        out += &format!(
            "\n[{section}]\n{key} = {{ low = {low:.4e}, typ = {nominal:.4e}, high = {high:.4e}, unit = \"{unit}\", \
             source = \"own\", confidence = \"derived\", basis = \"silicon-fit\" }}\n"
        );
    }
    out
}
