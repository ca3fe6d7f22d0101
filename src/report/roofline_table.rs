//! `roofline.tex`: the roofline as a table of a paper, its sources in the caption.

use super::escape::latex;
use super::latex::{TexTable, table_file};
use super::mark::{LATEX_MEANING, latex_star};
use crate::result::{Report, Roof};
use std::collections::BTreeSet;

/// Writes a complete `table` environment for booktabs and siunitx: a row per conventional target,
/// network and batch.
pub struct RooflineTable;

table_file!(RooflineTable, "roofline.tex", table);

fn table(report: &Report) -> String {
    TexTable {
        label: "roofline",
        caption: caption(report),
        columns: "llrrrrrl",
        head: &[
            "& & & Mop per & op per & \\multicolumn{2}{c}{Gop per second} & Roof",
            "Target & Network & Batch & inference & byte & roof & reached & of",
        ],
        rows: report.profile.roofs.iter().map(row),
    }
    .text()
}

fn caption(report: &Report) -> String {
    let mut text = format!(
        "Roofline of {} on conventional devices, modelled: the roof is the peak rate and the \
         bandwidth, each times the share of it that networks reach, at nominal figures; what is \
         reached counts kernel launches and the host. A multiply-accumulate is two operations.",
        latex(report.model_name()),
    );
    let roofs = &report.profile.roofs;
    if roofs.iter().any(|roof| roof.unverified) {
        text += LATEX_MEANING;
    }
    let sources = roofs.iter().flat_map(|roof| &roof.sources);
    let sources: BTreeSet<&str> = sources.map(String::as_str).collect();
    if !sources.is_empty() {
        let sources: Vec<String> = sources.into_iter().map(latex).collect();
        text += &format!(" Sources: {}.", sources.join("; "));
    }
    text
}

fn row(roof: &Roof) -> String {
    let rate = |rate: f64| figures(rate / 1e9);
    let mark = latex_star(roof.unverified);
    format!(
        "{}{mark} & {} & \\num{{{}}} & {} & {} & {} & {} & {}",
        latex(&roof.target),
        roof.workload.label(),
        roof.batch,
        figures(roof.operations / 1e6),
        figures(roof.intensity()),
        rate(roof.attainable_ops_per_s(roof.intensity())),
        rate(roof.achieved_ops_per_s()),
        roof.limit().label(),
    )
}

/// Three significant digits.
fn figures(value: f64) -> String {
    let digits = match value {
        0.0 => 0,
        _ => (2 - value.abs().log10().floor() as i32).clamp(0, 12),
    };
    format!("\\num{{{value:.*}}}", digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_three_significant_digits() {
        let found = [0.0, 0.004_321, 4.321, 43.21, 4321.0].map(figures);
        let expected = ["0", "0.00432", "4.32", "43.2", "4321"];
        assert_eq!(found, expected.map(|digits| format!("\\num{{{digits}}}")));
    }
}
