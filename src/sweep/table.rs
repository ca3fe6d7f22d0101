//! The front of a sweep as tables: `front.csv` for scripts and plots, `front.tex` for a paper.

use super::columns::finished;
use super::merge::number;
use super::metric::METRICS;
use super::pareto::Front;
use crate::report::escape::{cell, latex};
use crate::report::mark::{LATEX_MEANING, latex_star};
use crate::result::network_label;

/// One row per candidate of the front, cheapest first: settings, network, device, every metric in
/// the scope of the front, and what one more percentage point of accuracy costs. pgfplots reads it
/// with `table [x=energy_j, y=accuracy, col sep=comma] {front.csv}`.
///
/// # Errors
/// If a row cannot be written, which memory never refuses.
pub fn front_csv(front: &Front) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let settings = front.best.first().map_or(&[][..], |e| &e.point.settings);
    let mut header = vec!["position".to_owned(), "id".to_owned()];
    header.extend(settings.iter().map(|(key, _)| cell(key)));
    header.extend(["target", "workload", "batch", "scope", "knee"].map(str::to_owned));
    header.extend(METRICS.iter().map(|entry| entry.name.to_owned()));
    header.push(format!("{}_per_extra_point", front.cost().name()));
    header.push("unverified".to_owned());
    header.extend(["energy_low_j", "format", "counted_at_format", "feasible"].map(str::to_owned));
    out.write_record(&header)?;
    for (index, entry) in front.best.iter().enumerate() {
        let candidate = entry.candidate;
        let mut row = vec![entry.point.position.to_string(), entry.point.id.clone()];
        row.extend(entry.point.values());
        row.extend([
            cell(&candidate.target),
            candidate.workload.label().to_owned(),
            candidate.batch.to_string(),
            front.goals.scope.key().to_owned(),
            (front.knee == Some(index)).to_string(),
        ]);
        row.extend(METRICS.map(|known| number(front.value(known.metric, entry))));
        row.push(number(front.cost_per_point(index)));
        row.push(candidate.unverified.to_string());
        let energy = candidate.energy_j.get(front.goals.scope);
        row.push(number(energy.map(|energy| energy.low)));
        row.push(
            candidate
                .format
                .map_or_else(String::new, |format| format.to_string()),
        );
        row.push(candidate.counted_at_format.to_string());
        row.push(candidate.feasible.key().to_owned());
        out.write_record(&row)?;
    }
    finished(out)
}

/// The front as a complete `table` environment for booktabs and siunitx (version 2 or 3).
#[must_use]
pub fn front_tex(front: &Front, name: &str) -> String {
    let settings = front.best.first().map_or(&[][..], |e| &e.point.settings);
    let short = |key: &str| latex(key.rsplit('.').next().unwrap_or(key));
    let varying = front
        .varying
        .iter()
        .filter_map(|index| settings.get(*index));
    let mut columns: Vec<String> = varying.map(|(key, _)| short(key)).collect();
    columns.extend(["Network".to_owned(), "Device".to_owned()]);
    columns.extend(front.goals.metrics.iter().map(|metric| heading(*metric)));
    let mut text = format!(
        "% Needs \\usepackage{{booktabs}} and \\usepackage{{siunitx}}.\n\
         \\begin{{table}}\n  \\centering\n  \\caption{{Candidates of {} that no other one beats; \
         energies: {}.{}}}\n  \\label{{tab:spikewatt-front}}\n  \\begin{{tabular}}{{{}}}\n    \
         \\toprule\n    {} \\\\\n    \\midrule\n",
        latex(name),
        latex(front.goals.scope.meaning()),
        if is_starred(front) { LATEX_MEANING } else { "" },
        "l".repeat(front.varying.len() + 2) + &"r".repeat(front.goals.metrics.len()),
        columns.join(" & "),
    );
    for entry in &front.best {
        let candidate = entry.candidate;
        let batch = match candidate.batch {
            1 => String::new(),
            batch => format!(", batch {batch}"),
        };
        let values = entry.point.values().enumerate();
        let mut row: Vec<String> = values
            .filter(|(index, _)| front.varying.contains(index))
            .map(|(_, value)| latex(&value))
            .collect();
        row.push(network_label(candidate.workload, candidate.format));
        row.push(latex(&candidate.target) + latex_star(candidate.unverified) + &latex(&batch));
        row.extend(front.goals.metrics.iter().map(|metric| {
            let value = metric.latex_of(candidate, front.goals.scope);
            value.unwrap_or_else(|| "---".to_owned())
        }));
        text += &format!("    {} \\\\\n", row.join(" & "));
    }
    text + "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n"
}

/// Whether any candidate of the front includes unverified cost figures.
pub(super) fn is_starred(front: &Front) -> bool {
    front.best.iter().any(|entry| entry.candidate.unverified)
}

/// The heading of an axis without its unit, which stands in each cell.
fn heading(metric: super::Metric) -> String {
    let heading = metric.heading();
    latex(heading.split(" (").next().unwrap_or(heading))
}
