//! What the conversion doctor found, as text and tables.

use super::ExportError;
use super::escape::cell;
use super::mark::{MEANING, star};
use crate::experiment::{Diagnosis, TargetEnergy};
use crate::units::si;

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The findings for people.
#[must_use]
pub fn doctor_text(diagnosis: &Diagnosis) -> String {
    let mut lines = vec![format!(
        "{}, converted for T = {} timesteps, on {} samples of {}",
        diagnosis.model, diagnosis.timesteps, diagnosis.samples, diagnosis.data
    )];
    if let Some(ann) = diagnosis.ann_accuracy {
        lines.push(format!("accuracy of the original: {}", percent(ann)));
    }
    lines.extend(diagnosis.max_pool.iter().map(|(rule, error)| {
        format!(
            "max pooling by {rule}: output error {} on the calibration data",
            percent(*error)
        )
    }));
    lines.extend(populations(diagnosis));
    lines.extend(curve(diagnosis));
    lines.push(early_exit(diagnosis));
    lines.push(diagnosis.finding.clone());
    lines.extend(recommendation(diagnosis));
    let priced = diagnosis.curve.iter().flat_map(|point| &point.energy);
    if priced
        .chain(&diagnosis.early_exit.energy)
        .any(|e| e.unverified)
    {
        lines.push(MEANING.to_owned());
    }
    lines.join("\n") + "\n"
}

fn populations(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!(
        "\n{:24} {:>8} {:>9} {:>7} {:>10}   rate: median, 90 %, 99 %, max",
        "population", "error", "residual", "dead", "saturated"
    )];
    lines.extend(diagnosis.populations.iter().map(|p| {
        let [median, ninety, most, max] = p.rate_quantiles;
        format!(
            "{:24} {:>8} {:>9} {:>7} {:>10}   {median:.3} {ninety:.3} {most:.3} {max:.3}",
            p.population,
            percent(p.relative_error),
            percent(p.residual_error),
            format!("{:.1} %", 100.0 * p.dead),
            percent(p.saturated),
        )
    }));
    lines
}

/// At powers of two, at the last timestep and at the recommended one.
fn curve(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!(
        "\n{:>5} {:>9} {:>10} {:>10}  energy",
        "T", "accuracy", "agreement", "spikes"
    )];
    let special = [diagnosis.timesteps, diagnosis.recommendation.timesteps];
    let shown = |t: u32| t.is_power_of_two() || special.contains(&t);
    let points = diagnosis.curve.iter();
    lines.extend(points.filter(|point| shown(point.timesteps)).map(|point| {
        format!(
            "{:>5} {:>9} {:>10} {:>10.0}  {}",
            point.timesteps,
            point.accuracy.map_or("–".to_owned(), percent),
            percent(point.agreement),
            point.spikes_per_inference,
            energies(&point.energy)
        )
    }));
    lines
}

fn early_exit(diagnosis: &Diagnosis) -> String {
    let exit = &diagnosis.early_exit;
    match exit.margin {
        Some(margin) => format!(
            "\nearly exit at an output margin of {margin:.1}: {:.2} timesteps on average, accuracy {}, {}",
            exit.mean_timesteps,
            exit.accuracy.map_or("–".to_owned(), percent),
            energies(&exit.energy)
        ),
        None => "\nearly exit: no lead is safe on the calibration data".to_owned(),
    }
}

fn recommendation(diagnosis: &Diagnosis) -> Vec<String> {
    let recommendation = &diagnosis.recommendation;
    let judged = match recommendation.held_out {
        0 => "validated on the samples that converted it, for want of more".to_owned(),
        n => format!("validated on {n} held-out calibration samples"),
    };
    let mut lines = vec![format!(
        "\ntried at T = {}, {judged}:",
        recommendation.timesteps
    )];
    lines.extend(recommendation.tried.iter().map(|tried| {
        format!(
            "  {:16} {:16} {:12} {:6} agreement {:>8}  output error {}",
            tried.normalization,
            tried.max_pool.unwrap_or("–"),
            tried.readout,
            if tried.signed_spikes { "signed" } else { "" },
            percent(tried.agreement),
            tried.output_error.map_or("–".to_owned(), percent),
        )
    }));
    lines.push(format!("recommended: {}", recommendation.flags));
    if recommendation.tried[recommendation.chosen].signed_spikes {
        lines.push(
            "  --signed-spikes is for chips whose spikes carry a sign; leave it out for others"
                .to_owned(),
        );
    }
    lines
}

fn energies(energies: &[TargetEnergy]) -> String {
    let shown = energies.iter().map(|e| {
        let energy = e.energy_j.map_or("unknown".to_owned(), |j| si(j, "J"));
        format!("{} {energy}{}", e.target, star(e.unverified))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The populations, a row each.
///
/// # Errors
/// If the table cannot be written.
pub fn doctor_csv(diagnosis: &Diagnosis) -> Result<Vec<u8>, ExportError> {
    let mut rows = vec![
        [
            "population",
            "relative_error",
            "residual_error",
            "dead_share",
            "saturated_share",
            "rate_median_per_timestep",
            "rate_p90_per_timestep",
            "rate_p99_per_timestep",
            "rate_max_per_timestep",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for p in &diagnosis.populations {
        let mut row = vec![cell(&p.population)];
        row.extend(
            [p.relative_error, p.residual_error, p.dead, p.saturated].map(|v| v.to_string()),
        );
        row.extend(p.rate_quantiles.map(|v| v.to_string()));
        rows.push(row);
    }
    table("doctor.csv", rows)
}

/// The curve, a row for each timestep.
///
/// # Errors
/// If the table cannot be written.
pub fn curve_csv(diagnosis: &Diagnosis) -> Result<Vec<u8>, ExportError> {
    let mut header: Vec<String> = ["timesteps", "accuracy", "agreement", "spikes_per_inference"]
        .map(str::to_owned)
        .to_vec();
    let targets: Vec<&str> = diagnosis
        .curve
        .last()
        .map(|point| point.energy.iter().map(|e| e.target.as_str()).collect())
        .unwrap_or_default();
    header.extend(targets.iter().map(|target| format!("{target}_energy_j")));
    header.extend(targets.iter().map(|target| format!("{target}_unverified")));
    let mut rows = vec![header];
    for point in &diagnosis.curve {
        let mut row = vec![
            point.timesteps.to_string(),
            point.accuracy.map(|a| a.to_string()).unwrap_or_default(),
            point.agreement.to_string(),
            point.spikes_per_inference.to_string(),
        ];
        row.extend((0..targets.len()).map(|i| {
            let energy = point.energy.get(i).and_then(|e| e.energy_j);
            energy.map(|j| j.to_string()).unwrap_or_default()
        }));
        row.extend((0..targets.len()).map(|i| {
            let unverified = point.energy.get(i).map(|e| e.unverified);
            unverified.map(|u| u.to_string()).unwrap_or_default()
        }));
        rows.push(row);
    }
    table("curve.csv", rows)
}

fn table(file: &'static str, rows: Vec<Vec<String>>) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row)
            .map_err(|error| ExportError::io(file)(error.into()))?;
    }
    writer
        .into_inner()
        .map_err(|error| ExportError::io(file)(error.into_error()))
}
